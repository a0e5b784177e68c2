// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/catalogue"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// shippedProjects reads the policy and the projects of the catalogue's files.
func shippedProjects(t *testing.T) (*v1alpha1.ProjectPolicy, map[string]*v1alpha1.Project) {
	t.Helper()
	files, err := catalogue.Load(samplesDir)
	if err != nil {
		t.Fatal(err)
	}
	projects, policy := map[string]*v1alpha1.Project{}, &v1alpha1.GovernancePolicy{}
	for _, o := range files.Objects() {
		var into any = policy
		switch o.GetKind() {
		case "Project":
			p := &v1alpha1.Project{}
			into, projects[o.GetNamespace()+"/"+o.GetName()] = p, p
		case "GovernancePolicy":
		default:
			continue
		}
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, into); err != nil {
			t.Fatalf("%s: %v", o, err)
		}
	}
	return policy.Spec.Projects, projects
}

// keyOf resolves a reference of a project to another one.
func keyOf(from *v1alpha1.Project, ref v1alpha1.ProjectReference) types.NamespacedName {
	return types.NamespacedName{Namespace: cmp.Or(string(ref.Namespace), from.Namespace), Name: string(ref.Name)}
}

// judgeProjects judges each project with its parts and predecessors, as far as
// these were judged before.
func judgeProjects(policy *v1alpha1.ProjectPolicy, projects map[string]*v1alpha1.Project, before map[string]*stagegate.Verdict, now time.Time) map[string]*stagegate.Verdict {
	stage := func(key string) v1alpha1.ProjectStage {
		if v := before[key]; v != nil {
			return v.Stage
		}
		return ""
	}
	verdicts := map[string]*stagegate.Verdict{}
	for key, p := range projects {
		s := &stagegate.Scope{Project: p, Policy: policy, Now: now}
		for other, part := range projects {
			if ref := part.Spec.ParentRef; ref != nil && keyOf(part, *ref).String() == key {
				s.Parts = append(s.Parts, stagegate.Part{Key: types.NamespacedName{Namespace: part.Namespace, Name: part.Name}, Stage: stage(other)})
			}
		}
		for _, ref := range p.Spec.DependsOn {
			first := keyOf(p, ref)
			s.Predecessors = append(s.Predecessors, stagegate.Predecessor{Key: first, Exists: projects[first.String()] != nil, Stage: stage(first.String())})
		}
		verdicts[key] = stagegate.Judge(s)
	}
	return verdicts
}

// tabledStages are the stages that projects.csv gives.
func tabledStages(t *testing.T) map[string]v1alpha1.ProjectStage {
	t.Helper()
	excluded := map[[2]string]bool{}
	for _, row := range rows(t, fileExclusions) {
		if row["table"] == fileProjects {
			excluded[[2]string{row["unit"], row["name"]}] = true
		}
	}
	names, stages := units(t), map[string]v1alpha1.ProjectStage{}
	for _, row := range rows(t, fileProjects) {
		if excluded[[2]string{row["office"], row["name_de"]}] {
			continue
		}
		key := names[cmp.Or(row["office"], numberMainOffice)] + "/" + cmp.Or(row["id"], Slug(row["name_de"]))
		stages[key] = v1alpha1.ProjectStage(row["state"])
	}
	return stages
}

// TestStages: every project of the catalogue shows the stage that its row gives,
// and says of which paper it is.
func TestStages(t *testing.T) {
	policy, projects := shippedProjects(t)
	want := tabledStages(t)
	if policy == nil || len(projects) == 0 {
		t.Fatal("the catalogue lacks the policy on projects, or the projects")
	}
	for _, now := range []time.Time{
		time.Date(2025, 10, 1, 9, 0, 0, 0, time.UTC), // after the last paper
		time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), // after most ends that they name
		time.Date(2029, 1, 1, 9, 0, 0, 0, time.UTC),  // after all
	} {
		verdicts := judgeProjects(policy, projects, nil, now)
		verdicts = judgeProjects(policy, projects, verdicts, now)
		got := map[string]v1alpha1.ProjectStage{}
		for key, v := range verdicts {
			got[key] = v.Stage
			if len(v.Contradictions) > 0 {
				t.Errorf("%s: %q", key, v.Contradictions)
			}
			if recorded := projects[key].Spec.Recorded; v.Approved.Reason == v1alpha1.ReasonAsserted && !strings.Contains(v.Approved.Message, recorded.Source+" (as of "+string(recorded.AsOfOn)+")") {
				t.Errorf("%s: the paper is not named: %s", key, v.Approved.Message)
			}
			missing := slices.ContainsFunc(v.Missing, func(m v1alpha1.MissingItem) bool { return m.Reason == v1alpha1.MissingMilestone })
			if overdue := v.Milestones != nil && v.Milestones.Overdue > 0; overdue != missing {
				t.Errorf("%s: overdue %v, and missing %+v", key, overdue, v.Missing)
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("at %v, stages (-projects.csv +judged):\n%s", now, diff)
		}
	}
}
