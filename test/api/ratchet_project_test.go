// SPDX-License-Identifier: Apache-2.0

package api

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// oldProject is a Project that was stored before there were rules.
func oldProject(name string, change func(*v1alpha1.ProjectSpec)) *v1alpha1.Project {
	p := &v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: rulesNamespace},
		Spec:       v1alpha1.ProjectSpec{DisplayName: v1alpha1.LocalisedText{DE: "a"}, OfficeRef: v1alpha1.UnitReference{Name: "amt-33"}},
	}
	change(&p.Spec)
	return p
}

// TestProjectsStoredBeforeTheRules: evidence in the wrong order, and a project
// that waits for itself, stay as they are. Their status can be written and all
// else be changed; who touches what breaks a rule must mend it. Only a day that
// is none keeps its Project from every write, as long as a rule reads it.
func TestProjectsStoredBeforeTheRules(t *testing.T) {
	itself := []v1alpha1.ProjectReference{{Name: "waiting"}}
	c := oldServer(t, "projects.kdz.mainz.de",
		oldProject("disordered", func(s *v1alpha1.ProjectSpec) {
			s.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: "2026-03-01", AcceptedOn: "2026-02-01", ReleasedOn: "2026-01-01"}
			s.Commission = &v1alpha1.Commission{CommissionedOn: "2026-02-01", DueOn: "2026-01-01"}
		}),
		oldProject("waiting", func(s *v1alpha1.ProjectSpec) { s.DependsOn = itself }),
		oldProject("locked", func(s *v1alpha1.ProjectSpec) {
			s.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: "soon", AcceptedOn: "2026-02-01"}
		}),
		oldProject("unread", func(s *v1alpha1.ProjectSpec) {
			s.Milestones = []v1alpha1.Milestone{{Name: "a", DueOn: "soon", CompletedOn: "2026-02-30"}}
			s.Acceptance = &v1alpha1.ProjectAcceptance{TrainedOn: "soon", AcceptedOn: "2026-02-01"}
		}),
	)
	for _, step := range []struct {
		name, project string
		do            func(*v1alpha1.ProjectSpec)
		refused       string
	}{
		{"change another field", "disordered", func(s *v1alpha1.ProjectSpec) { s.Description = "b" }, ""},
		{"add what belongs to it", "disordered", func(s *v1alpha1.ProjectSpec) { s.Acceptance.TrainedOn = "2026-01-01" }, "acceptedOn must not be before testedOn"},
		{"mend one of two", "disordered", func(s *v1alpha1.ProjectSpec) { s.Acceptance.TestedOn = "2026-01-31" }, "releasedOn of an acceptance must not be before acceptedOn"},
		{"mend the acceptance", "disordered", func(s *v1alpha1.ProjectSpec) {
			s.Acceptance.TestedOn, s.Acceptance.ReleasedOn = "2026-02-01", "2026-02-01"
		}, ""},
		{"another day that is too early", "disordered", func(s *v1alpha1.ProjectSpec) { s.Commission.DueOn = "2026-01-31" }, "must not be before commissionedOn"},
		{"mend the commission", "disordered", func(s *v1alpha1.ProjectSpec) { s.Commission.DueOn = "2026-12-31" }, ""},
		{"break it again", "disordered", func(s *v1alpha1.ProjectSpec) { s.Acceptance.ReleasedOn = "2026-01-31" }, "must not be before acceptedOn"},
		{"change another field", "waiting", func(s *v1alpha1.ProjectSpec) { s.Description = "b" }, ""},
		{"wait for another one too", "waiting", func(s *v1alpha1.ProjectSpec) {
			s.DependsOn = append(s.DependsOn, v1alpha1.ProjectReference{Name: "other"})
		}, "spec.dependsOn must not name the project itself"},
		{"wait for another one", "waiting", func(s *v1alpha1.ProjectSpec) { s.DependsOn[0].Name = "other" }, ""},
		{"wait for itself again", "waiting", func(s *v1alpha1.ProjectSpec) { s.DependsOn = itself }, "spec.dependsOn must not name the project itself"},
		{"change another field", "locked", func(s *v1alpha1.ProjectSpec) { s.Description = "b" }, "spec.acceptance"},
		{"mend the day", "locked", func(s *v1alpha1.ProjectSpec) { s.Acceptance.TestedOn = "2026-01-01" }, ""},
		{"change another field then", "locked", func(s *v1alpha1.ProjectSpec) { s.Description = "b" }, ""},
		{"change another field", "unread", func(s *v1alpha1.ProjectSpec) { s.Description = "b" }, ""},
	} {
		t.Run(step.project+" "+step.name, func(t *testing.T) {
			p := &v1alpha1.Project{}
			if err := c.Get(t.Context(), client.ObjectKey{Namespace: rulesNamespace, Name: step.project}, p); err != nil {
				t.Fatal(err)
			}
			locked := p.Spec.Acceptance != nil && p.Spec.Acceptance.TestedOn == "soon"
			if err := tellProject(t, c, p.DeepCopy()); apierrors.IsInvalid(err) != locked || err != nil && !locked {
				t.Errorf("locked is %t, and writing its status: %v", locked, err)
			}
			before := p.DeepCopy()
			step.do(&p.Spec)
			switch err := c.Patch(t.Context(), p, client.MergeFrom(before)); {
			case step.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case step.refused != "" && (!apierrors.IsInvalid(err) || !strings.Contains(err.Error(), step.refused)):
				t.Errorf("want a refusal with %q, got %v", step.refused, err)
			}
		})
	}
}

// tellProject writes into a status what a controller would say: another thing
// each time.
func tellProject(t *testing.T, c client.Client, p *v1alpha1.Project) error {
	t.Helper()
	before := p.DeepCopy()
	p.Status.ObservedGeneration++
	p.Status.Stage = v1alpha1.StageRegistered
	return c.Status().Patch(t.Context(), p, client.MergeFrom(before))
}
