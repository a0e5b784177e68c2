// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// TestTallyIsWhatThereIs: whatever happened, the tally is what one would find,
// and it names the projects around which something changed.
func TestTallyIsWhatThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, c := New(), newCity()
		told, due := map[key]Snapshot{}, map[key]bool{}
		for range rapid.IntRange(0, 40).Draw(t, "events") {
			for _, k := range c.step(t, x) {
				due[k] = true
			}
			distances := c.distances()
			for k, p := range c.projects {
				if due[k] {
					due[k], told[k] = false, x.Snapshot(p)
				}
				if diff := cmp.Diff(c.leading(), x.Snapshot(p).LeadUnits); diff != "" {
					t.Fatalf("units that lead (-want +got):\n%s", diff)
				}
				// Of the units, only whether that of its lead is among them
				// concerns a project.
				got, want := told[k], c.recount(p)
				got.LeadUnits, want.LeadUnits = only(got.LeadUnits, p), only(want.LeadUnits, p)
				if !cmp.Equal(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(Snapshot{}, "Cycle")) {
					t.Fatalf("%s, as it was told (-want +got):\n%s", k, cmp.Diff(want, got, cmpopts.EquateEmpty()))
				}
				c.sameWay(t, k, got.Cycle, distances[[2]key{k, k}])
			}
		}
		c.takenBack(t, x)
	})
}

// TestNobodyElseIsWoken: what changes nothing that others read wakes nobody.
func TestNobodyElseIsWoken(t *testing.T) {
	x := New()
	project := func(name string, change ...func(*v1alpha1.Project)) Project {
		p := &v1alpha1.Project{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name}}
		for _, c := range change {
			c(p)
		}
		return ProjectOf(p)
	}
	partOf := func(name string) func(*v1alpha1.Project) {
		return func(p *v1alpha1.Project) {
			p.Spec.ParentRef = &v1alpha1.ProjectReference{Name: v1alpha1.ObjectName(name)}
		}
	}
	in := func(stage v1alpha1.ProjectStage) func(*v1alpha1.Project) {
		return func(p *v1alpha1.Project) { p.Status.Stage = stage }
	}
	after := func(name string) func(*v1alpha1.Project) {
		return func(p *v1alpha1.Project) {
			p.Spec.DependsOn = []v1alpha1.ProjectReference{{Name: v1alpha1.ObjectName(name)}}
		}
	}
	expect := func(what string, got []key, want ...string) {
		t.Helper()
		var named []string
		for _, k := range got {
			named = append(named, k.Name)
		}
		if !slices.Equal(named, want) {
			t.Errorf("%s wakes %v, want %v", what, named, want)
		}
	}
	expect("a project that nobody names", x.SetProject(project("programme")))
	expect("a part", x.SetProject(project("part", partOf("programme"))), "programme")
	expect("another part", x.SetProject(project("other", partOf("programme"), after("part"))), "programme")
	expect("the same part", x.SetProject(project("part", partOf("programme"))))
	expect("the stage of the part", x.SetProject(project("part", partOf("programme"), in(v1alpha1.StageApproved))), "other", "programme")
	expect("the stage of the other part", x.SetProject(project("other", partOf("programme"), after("part"), in(v1alpha1.StageApproved))), "programme")
	expect("the stage of the programme", x.SetProject(project("programme", in(v1alpha1.StageApproved))))
	expect("a programme that waits for nobody's part", x.SetProject(project("programme", in(v1alpha1.StageApproved), after("elsewhere"))))
	expect("a part that waits for its programme", x.SetProject(project("part", partOf("programme"), in(v1alpha1.StageApproved), after("programme"))), "other", "programme")
	expect("a unit that nobody names", x.SetUnit(Unit{Name: "amt-10"}))
	expect("a handover of nobody's", x.SetHandover(Handover{Key: key{Name: "h"}, Project: key{Namespace: "n", Name: "unknown"}}))
	expect("an Application that nobody delivers", x.SetApplication(Application{Key: key{Name: "a"}}))
	expect("a policy", x.SetPolicy(&v1alpha1.ProjectPolicy{}), "other", "part", "programme")
	expect("the same policy", x.SetPolicy(&v1alpha1.ProjectPolicy{}))
}

// TestMaturityBeyondTheModel: what an object says that is older than the rules
// counts as the nearest that there is.
func TestMaturityBeyondTheModel(t *testing.T) {
	a := &v1alpha1.Application{}
	a.Spec.Lifecycle = v1alpha1.LifecycleOperating
	a.Spec.OnlineServices = []v1alpha1.OnlineService{
		{OZGService: "OZG", Name: "high", Maturity: new(int32(99))}, {OZGService: "OZG", Name: "low", Maturity: new(int32(-1))}, {OZGService: "OZG", Name: "unsaid"},
	}
	var got []int8
	for _, o := range ApplicationOf(a).Offers {
		got = append(got, o.Maturity)
	}
	if want := []int8{4, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("maturities %v, want %v", got, want)
	}
}
