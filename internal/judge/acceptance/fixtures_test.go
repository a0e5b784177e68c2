// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// now is a Monday in winter; days begin at 23:00 in UTC.
var now = time.Date(2027, 3, 15, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func ago(d time.Duration) metav1.Time { return metav1.NewTime(now.Add(-d)) }

// handover is one of which everything is fulfilled that people fulfil.
func handover() *v1alpha1.Handover {
	return &v1alpha1.Handover{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine", Generation: 1},
		Spec: v1alpha1.HandoverSpec{
			ProjectRef:        v1alpha1.ProjectReference{Name: "online-terminvergabe"},
			ApplicationRefs:   []v1alpha1.ApplicationReference{{Name: "termine"}},
			OperationsUnitRef: v1alpha1.UnitReference{Name: "kdz-16-03-04"},
			DueOn:             "2027-03-31",
			StableFor:         "30s",
			Criteria: []v1alpha1.HandoverCriterion{
				{Name: "operations-manual", Description: "Operations manual handed over", FulfilledOn: "2027-03-01"},
				{Name: "training", Description: "Service desk and users trained", Required: new(true), FulfilledOn: "2027-03-15"},
			},
		},
	}
}

// condition of an Application that has held for an hour.
func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: 3, LastTransitionTime: ago(time.Hour),
	}
}

// application is one of which everything is as it should be.
func application() *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine", Generation: 3},
		Spec: v1alpha1.ApplicationSpec{
			Origin: v1alpha1.OriginProject, Lifecycle: v1alpha1.LifecycleOperating,
			Responsible: v1alpha1.Responsible{
				UnitRef: v1alpha1.UnitReference{Name: "amt-33"}, ApplicationManager: &v1alpha1.Person{Name: "Application management"},
			},
			Operation:       v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: "kdz-16-03-04"}},
			ServiceLevelRef: &v1alpha1.ServiceLevelReference{Name: "office-hours"},
			Endpoints:       []v1alpha1.Endpoint{{Name: "web"}},
			Backup:          &v1alpha1.Backup{MaxAge: "26h", Sources: []v1alpha1.BackupSource{{Name: "database"}}},
		},
		Status: v1alpha1.ApplicationStatus{
			ObservedGeneration: 3,
			Backup:             &v1alpha1.BackupStatus{State: v1alpha1.BackupCurrent, NewestRestoreTestAt: new(ago(30 * day))},
			Conditions: []metav1.Condition{
				condition("EndpointsAvailable", metav1.ConditionTrue, "AllAvailable", "every endpoint answers as expected"),
				condition("BackedUp", metav1.ConditionTrue, "Current", "the newest success began at night"),
				condition("ServiceLevelMet", metav1.ConditionUnknown, "InsufficientData", "too little was observed"),
				condition("Centralised", metav1.ConditionTrue, "ProvidedByKDZ", "a unit of the KDZ operates it"),
			},
		},
	}
}

// set changes a condition of an Application.
func set(app *v1alpha1.Application, kind string, change func(*metav1.Condition)) {
	for i := range app.Status.Conditions {
		if app.Status.Conditions[i].Type == kind {
			change(&app.Status.Conditions[i])
		}
	}
}

// drop removes a condition.
func drop(app *v1alpha1.Application, kind string) {
	var kept []metav1.Condition
	for _, c := range app.Status.Conditions {
		if c.Type != kind {
			kept = append(kept, c)
		}
	}
	app.Status.Conditions = kept
}

// scope of a handover whose checks have held for an hour.
func scope(changes ...func(*acceptance.Scope)) *acceptance.Scope {
	s := &acceptance.Scope{
		Handover: handover(), ProjectLead: "lead@example.org", Now: now,
		Applications: []acceptance.Application{{Name: "termine", Object: application()}},
	}
	s.Handover.Status = v1alpha1.HandoverStatus{Stage: v1alpha1.HandoverVerifying}
	for _, check := range acceptance.DefaultChecks() {
		s.Handover.Status.Results = append(s.Handover.Status.Results, v1alpha1.CheckResult{
			Application: "termine", Check: check, Passed: new(true), Since: new(ago(time.Hour)), Message: "as it was told",
		})
	}
	for _, change := range changes {
		change(s)
	}
	return s
}

// signers are who signs for which role.
var signers = map[v1alpha1.SignOffRole]v1alpha1.UserName{
	v1alpha1.RoleProjectLead: "lead@example.org", v1alpha1.RoleOperations: "operations@example.org",
	v1alpha1.RoleApplicationManagement: "manager@example.org", v1alpha1.RoleProviderManagement: "provider@example.org",
}

// sign adds a signature for the present content, given so long before now.
func sign(name string, role v1alpha1.SignOffRole, before time.Duration, changes ...func(*v1alpha1.SignOff)) func(*acceptance.Scope) {
	return func(s *acceptance.Scope) {
		g := &v1alpha1.SignOff{
			ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: name, CreationTimestamp: ago(before)},
			Spec: v1alpha1.SignOffSpec{
				HandoverRef: v1alpha1.LocalHandoverReference{Name: "termine"}, Role: role, Outcome: v1alpha1.SignOffAccepted,
				ContentHash: acceptance.Hash(&s.Handover.Spec), SignedBy: signers[role],
				SignedAt: v1alpha1.Moment(now.Add(-before).Format(time.RFC3339)),
			},
		}
		for _, change := range changes {
			change(g)
		}
		s.SignOffs = append(s.SignOffs, g)
	}
}

// signAll adds the signatures of all required roles.
func signAll(s *acceptance.Scope) {
	for i, role := range []v1alpha1.SignOffRole{v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement} {
		sign(strings.ToLower(string(role)), role, time.Duration(i+1)*time.Minute)(s)
	}
}

func rejects(comment string) func(*v1alpha1.SignOff) {
	return func(g *v1alpha1.SignOff) { g.Spec.Outcome, g.Spec.Comment = v1alpha1.SignOffRejected, comment }
}

func by(user v1alpha1.UserName) func(*v1alpha1.SignOff) {
	return func(g *v1alpha1.SignOff) { g.Spec.SignedBy = user }
}

func standingIn(g *v1alpha1.SignOff) { g.Spec.OnBehalfOfVacantRole = true }

// support lets the handover have early-life support that began so long ago.
func support(duration v1alpha1.Duration, minimum v1alpha1.Percentage, began time.Duration) func(*acceptance.Scope) {
	return func(s *acceptance.Scope) {
		s.Handover.Spec.EarlyLifeSupport = &v1alpha1.EarlyLifeSupport{Duration: duration, MinimumAvailability: minimum}
		s.Handover.Status.Stage = v1alpha1.HandoverEarlyLifeSupport
		s.Handover.Status.ContentHash = acceptance.Hash(&s.Handover.Spec)
		s.Handover.Status.EarlyLifeSupport = &v1alpha1.EarlyLifeSupportStatus{StartedAt: ago(began), EndsAt: ago(began)}
	}
}

// observed lets an Application have been observed, and out for some of it.
func observed(seconds, out int64) func(*acceptance.Scope) {
	return func(s *acceptance.Scope) {
		s.Applications[0].Availability = &acceptance.Availability{Observed: seconds, Out: out}
	}
}

// told is the scope after a verdict was written, as a cluster stores it.
func told(t interface {
	Helper()
	Fatal(args ...any)
}, s *acceptance.Scope, v *acceptance.Verdict,
) *acceptance.Scope {
	t.Helper()
	after := *s
	after.Handover = s.Handover.DeepCopy()
	st := &after.Handover.Status
	if st.Stage != v.Stage || st.StageSince == nil {
		st.StageSince = new(metav1.NewTime(s.Now.Truncate(time.Second)))
	}
	st.Stage, st.ContentHash, st.Results, st.SignOffs = v.Stage, v.ContentHash, v.Results, v.SignOffs
	st.EarlyLifeSupport, st.Missing = v.EarlyLifeSupport, v.Missing
	data, err := json.Marshal(st)
	if err != nil {
		t.Fatal(err)
	}
	*st = v1alpha1.HandoverStatus{}
	if err := json.Unmarshal(data, st); err != nil {
		t.Fatal(err)
	}
	return &after
}

// reasons of what is missing, in their order.
func reasons(v *acceptance.Verdict) string {
	var all []string
	for _, m := range v.Missing {
		all = append(all, m.Reason)
	}
	return strings.Join(all, " ")
}

// messages of what is missing.
func messages(v *acceptance.Verdict) string {
	var all []string
	for _, m := range v.Missing {
		all = append(all, fmt.Sprintf("%s[%s] %s", m.Reason, m.Field, m.Message))
	}
	return strings.Join(all, "\n")
}

// signOffs as "name: message", or "name" if it counts.
func signOffs(v *acceptance.Verdict) string {
	var all []string
	for _, g := range v.SignOffs {
		text := string(g.Name)
		if g.Void {
			text += ": " + g.Message
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// result of a check.
func result(t *testing.T, v *acceptance.Verdict, application string, check v1alpha1.HandoverCheck) v1alpha1.CheckResult {
	t.Helper()
	for _, r := range v.Results {
		if r.Application == application && r.Check == check {
			return r
		}
	}
	t.Fatalf("no result of %s of %s in %+v", check, application, v.Results)
	return v1alpha1.CheckResult{}
}
