// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"os"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// now is a Friday in winter, at noon in Mainz.
var now = time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)

// startOf is the first moment of a day in Mainz.
func startOf(t testing.TB, day string) time.Time {
	t.Helper()
	at, err := calendar.StartOfDay(day)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// example is the project of the examples, as its users have it.
func example(t testing.TB) *v1alpha1.Project {
	t.Helper()
	text, err := os.ReadFile("../../../test/examples/07-project.yaml")
	if err != nil {
		t.Fatal(err)
	}
	p := &v1alpha1.Project{}
	if err := yaml.UnmarshalStrict(text, p); err != nil {
		t.Fatal(err)
	}
	return p
}

// scopeOf judges a project under the policy of the examples.
func scopeOf(p *v1alpha1.Project) *stagegate.Scope {
	return &stagegate.Scope{
		Project: p,
		Policy: &v1alpha1.ProjectPolicy{
			FastLane:    &v1alpha1.FastLanePolicy{MaxCostEUR: new(int64(10000)), MaxEffortPersonDays: new(int32(10))},
			LeadUnitRef: &v1alpha1.UnitReference{Name: "amt-10"},
		},
		LeadUnits: map[v1alpha1.ObjectName]bool{"amt-10": true, "amt-10-1": true},
		Now:       now,
	}
}

// handedOver is a deliverable whose handover has come to a stage.
func delivered(name string, stage v1alpha1.HandoverStage) stagegate.Deliverable {
	d := stagegate.Deliverable{Key: types.NamespacedName{Namespace: "amt-33", Name: name}, Exists: true, Stage: stage}
	if stage != "" {
		d.Handover = types.NamespacedName{Namespace: "amt-33", Name: name + "-handover"}
	}
	return d
}

// reasons of what is missing.
func reasons(v *stagegate.Verdict) string {
	var all []string
	for _, m := range v.Missing {
		all = append(all, m.Reason)
	}
	return strings.Join(all, " ")
}

// TestExample: the example is as its comment says.
func TestExample(t *testing.T) {
	s := scopeOf(example(t))
	s.Deliverables = []stagegate.Deliverable{delivered("termine", "")}
	v := stagegate.Judge(s)
	if v.Stage != v1alpha1.StageInImplementation || v.Asserted || len(v.Contradictions) > 0 {
		t.Errorf("stage %s, asserted %v, contradictions %q", v.Stage, v.Asserted, v.Contradictions)
	}
	if got, want := reasons(v), "MilestoneOverdue NotTested NotTrained NotAccepted NotReleased"; got != want {
		t.Errorf("missing %s, want %s", got, want)
	}
	if v.OnSchedule.Status != metav1.ConditionFalse || v.OnSchedule.Reason != v1alpha1.ReasonMilestoneOverdue || !strings.Contains(v.OnSchedule.Message, "pilot (2026-10-31)") {
		t.Errorf("on schedule: %+v", v.OnSchedule)
	}
	if want := (v1alpha1.MilestoneSummary{Total: 3, Completed: 1, Overdue: 1, Next: "pilot", NextDueOn: "2026-10-31"}); v.Milestones == nil || *v.Milestones != want {
		t.Errorf("milestones %+v, want %+v", v.Milestones, want)
	}
	if v.Rank == nil || *v.Rank != 3 || v.DecisionLeadTime == nil || *v.DecisionLeadTime != 20 {
		t.Errorf("rank %v, lead time %v", v.Rank, v.DecisionLeadTime)
	}
	if want := startOf(t, "2027-03-01"); !v.Next.Equal(want) {
		t.Errorf("next %v, want %v", v.Next, want)
	}

	s.Project.Spec.Decisions = nil
	v = stagegate.Judge(s)
	if v.Stage != v1alpha1.StageAwaitingDecision || !strings.Contains(reasons(v), v1alpha1.MissingDecision) {
		t.Errorf("without the decision: stage %s, missing %s", v.Stage, reasons(v))
	}
}
