// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

func TestWhoLeadsProjects(t *testing.T) {
	led := func(unit string) *v1alpha1.ProjectLead {
		lead := &v1alpha1.ProjectLead{Name: "Lead"}
		if unit != "" {
			lead.UnitRef = new(unitRef(unit))
		}
		return lead
	}
	tests := map[string]struct {
		lead   *v1alpha1.ProjectLead
		stage  v1alpha1.ProjectStage
		policy *v1alpha1.ProjectPolicy
		want   []string
	}{
		"by the main office":    {led("amt-10"), "", mainOffice(), nil},
		"by a unit below it":    {led("amt-10-1"), "", mainOffice(), nil},
		"by the KDZ":            {led("kdz-16"), v1alpha1.StageCommissioned, mainOffice(), []string{"NotLedByMainOffice fail medium"}},
		"by nobody":             {nil, v1alpha1.StageRegistered, mainOffice(), []string{"NoLead warn low"}},
		"by somebody somewhere": {led(""), "", mainOffice(), []string{"NoLead warn low"}},
		"is over":               {led("kdz-16"), v1alpha1.StageCompleted, mainOffice(), nil},
		"was rejected":          {nil, v1alpha1.StageRejected, mainOffice(), nil},
		"no unit leads":         {led("kdz-16"), "", &v1alpha1.ProjectPolicy{}, nil},
		"no policy on projects": {led("kdz-16"), "", nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newScope()
			s.Policy.Spec.Projects = test.policy
			s.Projects = []*v1alpha1.Project{{
				ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine"},
				Spec:       v1alpha1.ProjectSpec{Lead: test.lead}, Status: v1alpha1.ProjectStatus{Stage: test.stage},
			}}
			got := compliance.Judge(s)
			if diff := cmp.Diff(test.want, allTold(got), cmp.Transformer("nilIsEmpty", func(s []string) []string { return append([]string{}, s...) })); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func mainOffice() *v1alpha1.ProjectPolicy {
	return &v1alpha1.ProjectPolicy{LeadUnitRef: new(unitRef("amt-10"))}
}

func TestUnitsBelow(t *testing.T) {
	unit := func(name, parent string) *v1alpha1.OrganisationalUnit {
		u := &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if parent != "" {
			u.Spec.ParentRef = new(unitRef(parent))
		}
		return u
	}
	units := []*v1alpha1.OrganisationalUnit{
		unit("city", ""), unit("amt-10", "city"), unit("amt-10-1", "amt-10"), unit("amt-10-1-1", "amt-10-1"),
		unit("amt-33", "city"), unit("a", "b"), unit("b", "a"),
	}
	for top, want := range map[string][]string{
		"amt-10": {"amt-10", "amt-10-1", "amt-10-1-1"},
		"amt-33": {"amt-33"},
		"a":      {"a", "b"},
		"gone":   {"gone"},
	} {
		below := map[v1alpha1.ObjectName]bool{}
		for _, name := range want {
			below[v1alpha1.ObjectName(name)] = true
		}
		if diff := cmp.Diff(below, compliance.UnitsBelow(units, v1alpha1.ObjectName(top))); diff != "" {
			t.Errorf("below %s (-want +got):\n%s", top, diff)
		}
	}
}

func TestShadowIT(t *testing.T) {
	all := &v1alpha1.WorkloadPolicy{Resources: []v1alpha1.WorkloadResource{"deployments", "cronjobs"}}
	of := func(application string) compliance.Workload {
		return compliance.Workload{APIVersion: "apps/v1", Kind: "Deployment", Resource: "deployments", Name: "web", UID: "1", Application: application}
	}
	owned := of("")
	owned.Owned = true
	other := of("")
	other.Resource = "ingresses"
	tests := map[string]struct {
		policy   *v1alpha1.WorkloadPolicy
		workload compliance.Workload
		want     []string
	}{
		"claimed":                 {all, of("civento"), nil},
		"unclaimed":               {all, of(""), []string{"WorkloadUnclaimed fail medium"}},
		"of no Application here":  {all, of("elsewhere"), []string{"WorkloadUnknownApplication fail medium"}},
		"of a retired one":        {all, of("old"), []string{"WorkloadOfRetiredApplication fail medium"}},
		"made by another":         {all, owned, nil},
		"of a kind not looked at": {all, other, nil},
		"no policy on workloads":  {nil, of(""), nil},
		"namespace left out": {&v1alpha1.WorkloadPolicy{
			Resources: all.Resources, ExcludedNamespaces: []v1alpha1.NamespaceName{"amt-33"},
		}, of(""), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			old := wellKept()
			old.Name, old.Spec.Lifecycle = "old", v1alpha1.LifecycleRetired
			s := newScope(wellKept(), old)
			s.Policy.Spec.Centralisation.Workloads = test.policy
			s.Workloads = []compliance.Workload{test.workload}
			var got []string
			for _, f := range compliance.Judge(s).Findings {
				if f.Policy == compliance.PolicyWorkloads {
					got = append(got, told(&f))
					if f.Subject.Kind != "Deployment" || f.Subject.Namespace != "amt-33" || f.Remedy == "" {
						t.Errorf("finding %+v", f)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsToldOfTheCluster(t *testing.T) {
	rejected := approved()
	rejected.Outcome = v1alpha1.OutcomeRejected
	s := &compliance.ClusterScope{
		Policy: &v1alpha1.GovernancePolicy{}, Rules: &centralisation.Rules{},
		ServiceLevels: []*v1alpha1.ServiceLevel{level("gold", approved()), level("silver", nil), level("lead", rejected)},
		WithoutUnit:   []compliance.Holding{{Namespace: "kube-system"}, {Namespace: "lost", Applications: 2}},
	}
	short := func(s *compliance.ClusterScope) []string {
		var all []string
		for _, f := range compliance.JudgeCluster(s).Findings {
			all = append(all, fmt.Sprintf("%s/%s %s", f.Subject.Kind, f.Subject.Name, told(&f)))
		}
		return all
	}
	want := []string{
		"Namespace/lost NamespaceWithoutUnit fail medium",
		"ServiceLevel/lead ServiceLevelUndecided fail medium",
		"ServiceLevel/silver ServiceLevelUndecided fail medium",
	}
	if diff := cmp.Diff(want, short(s)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	s.ServiceLevels, s.WithoutUnit, s.Rules = nil, nil, nil
	if diff := cmp.Diff([]string{"GovernancePolicy/default PolicyNotCompiled fail high"}, short(s)); diff != "" {
		t.Errorf("not compiled (-want +got):\n%s", diff)
	}
	s.Policy = nil
	if diff := cmp.Diff([]string{"GovernancePolicy/default PolicyMissing fail critical"}, short(s)); diff != "" {
		t.Errorf("no policy (-want +got):\n%s", diff)
	}
}
