// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// leadTime is what is told of the time that decisions took.
type leadTime struct {
	count     uint64
	sum       float64
	quantiles map[float64]float64
}

// leadTimeOf takes it out of what a registry tells, and returns the rest.
func leadTimeOf(t *testing.T, r *prometheus.Registry) (leadTime, map[string]float64) {
	t.Helper()
	const name = "kdz_project_decision_lead_time_days"
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	told := leadTime{quantiles: map[float64]float64{}}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		s := family.GetMetric()[0].GetSummary()
		told.count, told.sum = s.GetSampleCount(), s.GetSampleSum()
		for _, q := range s.GetQuantile() {
			told.quantiles[q.GetQuantile()] = q.GetValue()
		}
	}
	rest := series(t, r)
	delete(rest, name)
	return told, rest
}

func projectKey(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "amt-33", Name: name}
}

func TestProjects(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewProjects(r)
	if err != nil {
		t.Fatal(err)
	}
	told, rest := leadTimeOf(t, r)
	if told.count != 0 || !math.IsNaN(told.quantiles[0.5]) || len(rest) != 0 {
		t.Errorf("of no project is told %+v, %v", told, rest)
	}
	m.Set(projectKey("a"), ProjectStanding{Programme: "OZG", Stage: v1alpha1.StageRegistered})
	m.Set(projectKey("a"), ProjectStanding{Programme: "OZG", Stage: v1alpha1.StageInTrial, Behind: true, OverdueMilestones: 2, DecisionDays: new(int32(20))})
	m.Set(projectKey("b"), ProjectStanding{Programme: "OZG", Stage: v1alpha1.StageInTrial, OverdueMilestones: 1, DecisionDays: new(int32(0))})
	m.Set(projectKey("c"), ProjectStanding{Stage: v1alpha1.StageCompleted, DecisionDays: new(int32(100))})
	m.Set(projectKey("unread"), ProjectStanding{})
	m.Set(projectKey("gone"), ProjectStanding{Programme: "gone", Stage: v1alpha1.StageInTrial, Behind: true, DecisionDays: new(int32(7))})
	m.Forget(projectKey("gone"))
	want := map[string]float64{
		"kdz_projects programme=OZG stage=InTrial":     2,
		"kdz_projects programme= stage=Completed":      1,
		"kdz_projects programme= stage=None":           1,
		"kdz_projects_behind_schedule programme=OZG":   1,
		"kdz_projects_behind_schedule programme=":      0,
		"kdz_project_milestones_overdue programme=OZG": 3,
		"kdz_project_milestones_overdue programme=":    0,
	}
	told, rest = leadTimeOf(t, r)
	if diff := cmp.Diff(want, rest); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(leadTime{3, 120, map[float64]float64{0.5: 20, 0.9: 100, 1: 100}}, told, cmp.AllowUnexported(leadTime{})); diff != "" {
		t.Errorf("lead time (-want +got):\n%s", diff)
	}
	if _, err := NewProjects(r); err == nil {
		t.Error("the metrics were registered twice")
	}
	var none *Projects
	none.Set(projectKey("a"), ProjectStanding{})
	none.Forget(projectKey("a"))
}

// TestProgrammesAreBounded: whoever invents names of programmes makes no more
// series than there may be, and no project is left out.
func TestProgrammesAreBounded(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewProjects(r)
	if err != nil {
		t.Fatal(err)
	}
	const many = 3 * maxProgrammes
	for i := range many {
		m.Set(projectKey(fmt.Sprint("single-", i)), ProjectStanding{
			Programme: fmt.Sprintf("programme %03d", i), Stage: v1alpha1.StageRegistered, Behind: true, OverdueMilestones: 2,
		})
	}
	for i := range 2 {
		m.Set(projectKey(fmt.Sprint("large-", i)), ProjectStanding{Programme: "large", Stage: v1alpha1.StageInTrial})
		m.Set(projectKey(fmt.Sprint("others-", i)), ProjectStanding{Programme: otherProgrammes, Stage: v1alpha1.StageInTrial})
	}
	_, all := leadTimeOf(t, r)
	sums, count := map[string]float64{}, 0
	for _, family := range []string{"kdz_projects", "kdz_projects_behind_schedule", "kdz_project_milestones_overdue"} {
		for name, v := range all {
			if len(name) > len(family) && name[:len(family)+1] == family+" " {
				sums[family] += v
				count++
			}
		}
	}
	want := map[string]float64{"kdz_projects": many + 4, "kdz_projects_behind_schedule": many, "kdz_project_milestones_overdue": 2 * many}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("sums (-want +got):\n%s", diff)
	}
	if most := 3*(maxProgrammes+1) + 1; count > most {
		t.Errorf("%d series, want at most %d", count, most)
	}
	for name, want := range map[string]float64{
		"kdz_projects programme=large stage=InTrial":             2,
		"kdz_projects programme=programme 000 stage=Registered":  1,
		"kdz_projects programme=(others) stage=InTrial":          2,
		"kdz_projects_behind_schedule programme=programme 149":   0,
		"kdz_project_milestones_overdue programme=(others)":      2 * (many - maxProgrammes + 2),
		"kdz_projects programme=(others) stage=Registered":       many - maxProgrammes + 2,
		"kdz_projects_behind_schedule programme=(others)":        many - maxProgrammes + 2,
		"kdz_project_milestones_overdue programme=programme 047": 2,
		"kdz_project_milestones_overdue programme=programme 048": 0,
	} {
		if all[name] != want {
			t.Errorf("%s is %v, want %v", name, all[name], want)
		}
	}
}
