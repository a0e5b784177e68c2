// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

var (
	dates     = rapid.SampledFrom([]v1alpha1.Date{"", "2027-03-01", "2027-03-14", "2027-03-15", "2027-03-16", "2027-02-30", "soon", "9999-12-31"})
	durations = rapid.SampledFrom([]v1alpha1.Duration{"", "0s", "30s", "1h", "72h", "500ms", "-1h", "soon", "999999h"})
	allRoles  = []v1alpha1.SignOffRole{"ProjectLead", "Operations", "ApplicationManagement", "ProviderManagement"}
	allChecks = []v1alpha1.HandoverCheck{
		"EndpointsAvailable", "HostingHealthy", "BackedUp", "RestoreTested", "ServiceLevelAssigned", "Centralised", "CertificatesValid", "ContactsNamed",
	}
	texts = rapid.SampledFrom([]string{"", "fine", "two\nlines", "\xff\xfe", "\x00", string(make([]byte, 3000))})
)

// some draws one value mostly, and sometimes another.
func some[T any](t *rapid.T, label string, mostly T, others *rapid.Generator[T]) T {
	if rapid.IntRange(0, 3).Draw(t, label+" as usual") > 0 {
		return mostly
	}
	return others.Draw(t, label)
}

func criteria(t *rapid.T) []v1alpha1.HandoverCriterion {
	var all []v1alpha1.HandoverCriterion
	for i := range rapid.IntRange(0, 3).Draw(t, "criteria") {
		c := v1alpha1.HandoverCriterion{Name: v1alpha1.ItemName(fmt.Sprintf("c%d", i)), Description: texts.Draw(t, "description")}
		c.FulfilledOn = some(t, "fulfilledOn", "2027-03-01", dates)
		if rapid.Bool().Draw(t, "says whether required") {
			c.Required = new(rapid.Bool().Draw(t, "required"))
		}
		all = append(all, c)
	}
	return all
}

// specs draws what a handover may say, whether the schema lets it pass or not.
func specs(t *rapid.T) *v1alpha1.HandoverSpec {
	spec := handover().Spec
	spec.Criteria = criteria(t)
	spec.DueOn = dates.Draw(t, "dueOn")
	spec.StableFor = some(t, "stableFor", "30s", durations)
	if rapid.Bool().Draw(t, "names checks") {
		spec.Checks = rapid.SliceOfN(rapid.SampledFrom(append([]v1alpha1.HandoverCheck{"Beautiful"}, allChecks...)), 0, 8).Draw(t, "checks")
	}
	spec.ApplicationRefs = nil
	for i := range rapid.IntRange(0, 2).Draw(t, "Applications") {
		spec.ApplicationRefs = append(spec.ApplicationRefs, v1alpha1.ApplicationReference{Name: v1alpha1.ObjectName(fmt.Sprintf("app-%d", i))})
	}
	if rapid.Bool().Draw(t, "early-life support") {
		spec.EarlyLifeSupport = &v1alpha1.EarlyLifeSupport{
			Duration:            some(t, "duration", "72h", durations),
			MinimumAvailability: rapid.SampledFrom([]v1alpha1.Percentage{"", "0", "99.0", "100", "high", "101"}).Draw(t, "minimum"),
		}
	}
	return &spec
}

func policies(t *rapid.T) *v1alpha1.HandoverPolicy {
	if rapid.Bool().Draw(t, "no policy") {
		return nil
	}
	roles := rapid.SliceOfN(rapid.SampledFrom(append([]v1alpha1.SignOffRole{"Mayor"}, allRoles...)), 0, 3)
	return &v1alpha1.HandoverPolicy{
		RequiredSignOffs: roles.Draw(t, "required roles"), VacantRoles: roles.Draw(t, "vacant roles"), DefaultCriteria: criteria(t),
	}
}

// moments draws one around now.
func moments(t *rapid.T, label string) time.Time {
	return now.Add(time.Duration(rapid.Int64Range(-200*3600, 3600).Draw(t, label)) * time.Second)
}

func applications(t *rapid.T, spec *v1alpha1.HandoverSpec) []acceptance.Application {
	var all []acceptance.Application
	for _, ref := range spec.ApplicationRefs {
		app := acceptance.Application{Name: string(ref.Name)}
		if rapid.Bool().Draw(t, "observed") {
			app.Availability = &acceptance.Availability{
				Observed: rapid.SampledFrom([]int64{-1, 0, 1, 100, 1 << 62}).Draw(t, "seen"), Out: rapid.SampledFrom([]int64{-1, 0, 1, 200, 1 << 62}).Draw(t, "out"),
			}
		}
		all = append(all, app)
		if rapid.IntRange(0, 9).Draw(t, "does not exist") == 0 {
			continue
		}
		o := application()
		all[len(all)-1].Object = o
		o.Spec.Lifecycle = some(t, "lifecycle", "Operating", rapid.SampledFrom([]v1alpha1.Lifecycle{"", "Planned", "Retired"}))
		o.Generation = some(t, "generation", 3, rapid.Just[int64](4))
		o.DecodingError = some(t, "decoding error", "", texts)
		o.Spec.Backup.RestoreTestMaxAge = durations.Draw(t, "restoreTestMaxAge")
		for i := range o.Status.Conditions {
			c := &o.Status.Conditions[i]
			c.Status = some(t, c.Type, metav1.ConditionTrue, rapid.SampledFrom([]metav1.ConditionStatus{"True", "False", "Unknown", ""}))
			c.ObservedGeneration = some(t, "observed", 3, rapid.Just[int64](4))
			c.LastTransitionTime = metav1.NewTime(moments(t, "transition"))
			c.Message = texts.Draw(t, "message")
		}
		if rapid.IntRange(0, 5).Draw(t, "drops") == 0 {
			drop(o, rapid.SampledFrom([]string{"BackedUp", "Centralised", "ServiceLevelMet", "EndpointsAvailable"}).Draw(t, "dropped"))
		}
	}
	return all
}

// signatures draws SignOffs, most of them for the content.
func signatures(t *rapid.T, spec *v1alpha1.HandoverSpec, label string, most int) []*v1alpha1.SignOff {
	var all []*v1alpha1.SignOff
	for i := range rapid.IntRange(0, most).Draw(t, "SignOffs") {
		role := rapid.SampledFrom(allRoles).Draw(t, "role")
		g := &v1alpha1.SignOff{ObjectMeta: metav1.ObjectMeta{
			Namespace: "amt-33", Name: fmt.Sprintf("%s-%d", label, i), CreationTimestamp: metav1.NewTime(moments(t, "created")),
		}}
		g.Spec = v1alpha1.SignOffSpec{
			Role: some(t, "role's text", role, rapid.Just[v1alpha1.SignOffRole]("Mayor")), Outcome: some(t, "outcome", "Accepted", rapid.SampledFrom([]v1alpha1.SignOffOutcome{"Rejected", "", "Perhaps"})),
			ContentHash:          some(t, "hash", acceptance.Hash(spec), rapid.SampledFrom([]v1alpha1.ContentHash{"", "v1:00"})),
			SignedBy:             some(t, "signer", signers[role], rapid.SampledFrom([]v1alpha1.UserName{"", "lead@example.org", "one"})),
			SignedAt:             some(t, "signedAt", v1alpha1.Moment(moments(t, "at").Format(time.RFC3339)), rapid.SampledFrom([]v1alpha1.Moment{"", "soon", "2027-03-15T12:00:00+01:00"})),
			OnBehalfOfVacantRole: some(t, "stands in", false, rapid.Just(true)), Comment: texts.Draw(t, "comment"),
		}
		g.DecodingError = some(t, "decoding error", "", texts)
		all = append(all, g)
	}
	return all
}

// scopes draws what may be judged, with what was told before.
func scopes(t *rapid.T) *acceptance.Scope {
	spec := specs(t)
	s := &acceptance.Scope{
		Handover: handover(), Policy: policies(t), Applications: applications(t, spec), Now: now,
		ProjectLead: rapid.SampledFrom([]v1alpha1.UserName{"", "lead@example.org"}).Draw(t, "lead"), SignOffs: signatures(t, spec, "s", 6),
	}
	s.Handover.Spec = *spec
	st := &s.Handover.Status
	st.Stage = some(t, "stage", "AwaitingSignOff", rapid.SampledFrom([]v1alpha1.HandoverStage{"", "Preparing", "Verifying", "Rejected", "EarlyLifeSupport", "Completed", "Done"}))
	for i := range s.Applications {
		for _, check := range allChecks {
			st.Results = append(st.Results, v1alpha1.CheckResult{
				Application: s.Applications[i].Name, Check: check, Passed: new(some(t, "passed", true, rapid.Just(false))),
				Since: new(metav1.NewTime(moments(t, "since"))), Message: "as it was told",
			})
		}
	}
	if rapid.Bool().Draw(t, "support told") {
		st.EarlyLifeSupport = &v1alpha1.EarlyLifeSupportStatus{StartedAt: metav1.NewTime(moments(t, "started")), EndsAt: metav1.NewTime(moments(t, "ends"))}
	}
	for _, g := range s.SignOffs {
		if rapid.IntRange(0, 2).Draw(t, "told") == 0 && g.Spec.SignedBy != "" {
			st.SignOffs = append(st.SignOffs, v1alpha1.SignOffSummary{
				Name: v1alpha1.ObjectName(g.Name), Role: g.Spec.Role, Outcome: g.Spec.Outcome, SignedBy: g.Spec.SignedBy, Void: true, Message: "Superseded: told",
			})
		}
	}
	return s
}
