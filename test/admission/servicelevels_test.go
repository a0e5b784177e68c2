// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Rights on ServiceLevels.
const (
	rightDecide      right = "servicelevels/decide"
	rightNameInLevel right = "servicelevels/onbehalf"
)

// What the policy on ServiceLevels says.
const (
	notDeciding    = "you may not set, change or remove spec.decision: the DigIT steering round or the conference does (right servicelevels/decide)"
	notMyLevel     = "spec.decision.decidedBy must be your own user name steering-round@example.org: set it, or have the other person record the decision (right servicelevels/onbehalf lets a pipeline name others)"
	levelDecided   = "this level has been decided on: create another ServiceLevel, or have the DigIT steering round or the conference change what was agreed (right servicelevels/decide)"
	levelNotToGone = "this level has been decided on: have the DigIT steering round or the conference delete it (right servicelevels/decide)"
)

// level is a ServiceLevel.
func level(edits ...func(*v1alpha1.ServiceLevel)) *v1alpha1.ServiceLevel {
	return with(&v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: "level"},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName: v1alpha1.LocalisedText{EN: "Level"},
			Availability: v1alpha1.AvailabilityObjective{
				Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth},
			},
		},
	}, edits...)
}

// agreed adds the decision on a level.
func agreed(by string) func(*v1alpha1.ServiceLevel) {
	return func(l *v1alpha1.ServiceLevel) {
		d := decision(steering, approved, "SR-1", by)
		l.Spec.Decision = &d
	}
}

func TestServiceLevelDecisions(t *testing.T) {
	t.Parallel()
	round := person(t, inSteeringRound, rightDecide)
	flux := person(t, pipeline, rightDecide, rightNameInLevel)
	undecided, before := kept(t, level()), kept(t, level(agreed(inSteeringRound)))
	renamed := func(l *v1alpha1.ServiceLevel) { l.Spec.Decision.Reference = "SR-2" }
	removed := func(l *v1alpha1.ServiceLevel) { l.Spec.Decision = nil }
	runEvidence(t, "servicelevels", []evidenceCase{
		{"none", writer(t), create, level(), ""},
		{"by whom RBAC lets do everything", writer(t), create, level(agreed("writer@example.org")), notDeciding},
		{"by the body", round, create, level(agreed(inSteeringRound)), ""},
		{"by the body in a namespace, which a level is not in", person(t, inSteeringRound, rightDecide+"@amt-33"), create, level(agreed(inSteeringRound)), notDeciding},
		{"in another's name", round, create, level(agreed(inConference)), notMyLevel},
		{"in another's name by a pipeline", flux, create, level(agreed(inSteeringRound)), ""},
		{"later", round, update, with(undecided, agreed(inSteeringRound)), ""},
		{"later, by whom RBAC lets do everything", writer(t), update, with(undecided, agreed("writer@example.org")), notDeciding},
		{"changed", writer(t), update, with(before, renamed), notDeciding},
		{"changed by the body", round, update, with(before, renamed), ""},
		{"changed by the body in another's name", round, update, with(before, agreed(inConference)), notMyLevel},
		{"removed", writer(t), update, with(before, removed), notDeciding},
		{"removed by the body", round, update, with(before, removed), ""},
		{"deleted", writer(t), remove, before, levelNotToGone},
		{"deleted by the body", round, remove, before, ""},
		{"none to delete", writer(t), remove, undecided, ""},
	})
}

func TestWhatWasAgreedOfAServiceLevel(t *testing.T) {
	t.Parallel()
	round := person(t, inSteeringRound, rightDecide)
	undecided, before := kept(t, level()), kept(t, level(agreed(inSteeringRound)))
	changes := map[string]func(*v1alpha1.ServiceLevel){
		"availability":  func(l *v1alpha1.ServiceLevel) { l.Spec.Availability.Objective = "90" },
		"service hours": func(l *v1alpha1.ServiceLevel) { l.Spec.ServiceHours = officeHours() },
		"maintenance": func(l *v1alpha1.ServiceLevel) {
			l.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "all", StartAt: "2026-12-01T18:00:00+01:00", Duration: "160h", Reason: "Rest"}}
		},
		"latency": func(l *v1alpha1.ServiceLevel) {
			l.Spec.Latency = &v1alpha1.LatencyObjective{Threshold: "9s", Objective: "1"}
		},
		"backup":   func(l *v1alpha1.ServiceLevel) { l.Spec.Backup = &v1alpha1.BackupObjective{MaxAge: "9999h"} },
		"recovery": func(l *v1alpha1.ServiceLevel) { l.Spec.Recovery = &v1alpha1.RecoveryObjective{MaxOutage: "999h"} },
		"support": func(l *v1alpha1.ServiceLevel) {
			l.Spec.Support = []v1alpha1.SupportObjective{{Priority: "P1", Response: "9h"}}
		},
		"requirements": func(l *v1alpha1.ServiceLevel) { l.Spec.Requires = &v1alpha1.Requirements{Sovereignty: new(int32)} },
	}
	var cases []evidenceCase
	for name, change := range changes {
		cases = append(
			cases,
			evidenceCase{name, writer(t), update, with(before, change), levelDecided},
			evidenceCase{name + ", by the body", round, update, with(before, change), ""},
			evidenceCase{name + ", not decided on", writer(t), update, with(undecided, change), ""},
		)
	}
	for name, change := range map[string]func(*v1alpha1.ServiceLevel){
		"names":      func(l *v1alpha1.ServiceLevel) { l.Spec.DisplayName.EN = "Another name" },
		"alerting":   func(l *v1alpha1.ServiceLevel) { l.Spec.Alerting = &v1alpha1.Alerting{BurnRate: "Disabled"} },
		"escalation": func(l *v1alpha1.ServiceLevel) { l.Spec.Escalation = escalation() },
	} {
		cases = append(cases, evidenceCase{name, writer(t), update, with(before, change), ""})
	}
	runEvidence(t, "servicelevels", cases)
}

func officeHours() *v1alpha1.ServiceHours {
	return &v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{{Days: []v1alpha1.Weekday{"Monday"}, From: "09:00", To: "10:00"}}}
}

func escalation() []v1alpha1.EscalationStep {
	return []v1alpha1.EscalationStep{{After: "30m", Contact: v1alpha1.Person{Name: "On call"}}}
}
