// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// now is a Sunday in winter; days end at 23:00 in UTC.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// endOf is the first moment after a day in Mainz.
func endOf(t *testing.T, day string) time.Time {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	start, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		t.Fatal(err)
	}
	return start.AddDate(0, 0, 1)
}

func unitRef(name string) v1alpha1.UnitReference {
	return v1alpha1.UnitReference{Name: v1alpha1.ObjectName(name)}
}

// wellKept is an Application with which everything is as it should be.
func wellKept() *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "civento", UID: types.UID("civento")},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "Civento"},
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecycleOperating,
			Responsible: v1alpha1.Responsible{UnitRef: unitRef("amt-33")},
			Operation: v1alpha1.Operation{
				Provider: v1alpha1.ProviderKDZ, UnitRef: new(unitRef("kdz-16")),
			},
			ServiceLevelRef: &v1alpha1.ServiceLevelReference{Name: "gold"},
		},
	}
}

func approved() *v1alpha1.Decision {
	return &v1alpha1.Decision{
		Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved,
		DecidedOn: "2026-01-15", Reference: "SR-2026-01", DecidedBy: "round@example.org",
	}
}

func level(name string, d *v1alpha1.Decision) *v1alpha1.ServiceLevel {
	return &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ServiceLevelSpec{Decision: d}}
}

func exemption(name, application string, from, to v1alpha1.Date) *v1alpha1.Exemption {
	return &v1alpha1.Exemption{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: name},
		Spec: v1alpha1.ExemptionSpec{
			ApplicationRef: v1alpha1.LocalApplicationReference{Name: v1alpha1.ObjectName(application)},
			Reason:         "the state wants it", Decision: *approved(), ValidFromOn: from, ExpiresOn: to,
		},
	}
}

func handover(namespace, name string, stage v1alpha1.HandoverStage, refs ...v1alpha1.ApplicationReference) *v1alpha1.Handover {
	return &v1alpha1.Handover{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       v1alpha1.HandoverSpec{ApplicationRefs: refs},
		Status:     v1alpha1.HandoverStatus{Stage: stage},
	}
}

// newScope is a namespace that holds Applications and is otherwise in order.
func newScope(apps ...*v1alpha1.Application) *compliance.Scope {
	return &compliance.Scope{
		Namespace: "amt-33", NamespaceUID: "ns", Unit: "amt-33",
		Policy: &v1alpha1.GovernancePolicy{Spec: v1alpha1.GovernancePolicySpec{
			Centralisation: v1alpha1.CentralisationPolicy{ExpiryNotice: "1440h"},
			Projects:       &v1alpha1.ProjectPolicy{LeadUnitRef: new(unitRef("amt-10"))},
		}},
		Rules: &centralisation.Rules{
			Treatments: map[string]v1alpha1.Treatment{
				"schulen": v1alpha1.TreatmentExempt, "ebs": v1alpha1.TreatmentUnderReview, "mainzplus": v1alpha1.TreatmentOutOfScope,
			},
			ProviderUnits: map[string]bool{"kdz-16": true},
			LegalBases:    map[string]bool{"EGovGRP § 25 Abs. 4": true},
		},
		Applications:  apps,
		ServiceLevels: map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel{"gold": level("gold", approved()), "lead": level("lead", nil)},
		LeadUnits:     map[v1alpha1.ObjectName]bool{"amt-10": true, "amt-10-1": true},
		Now:           now,
	}
}

// told is a finding in short: "rule result severity".
func told(f *compliance.Finding) string {
	return f.Rule + " " + string(f.Result) + " " + string(f.Severity)
}

func allTold(j compliance.Judgement) []string {
	short := make([]string, len(j.Findings))
	for i := range j.Findings {
		short[i] = told(&j.Findings[i])
	}
	return short
}

// one returns the only finding of a rule.
func one(t *testing.T, j compliance.Judgement, rule string) compliance.Finding {
	t.Helper()
	var found []compliance.Finding
	for _, f := range j.Findings {
		if f.Rule == rule {
			found = append(found, f)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d findings %s among %q, want one", len(found), rule, allTold(j))
	}
	return found[0]
}
