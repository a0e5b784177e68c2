// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// People who give evidence.
const (
	inSteeringRound = "steering-round@example.org"
	inConference    = "conference@example.org"
	requirements    = "requirements@example.org"
	pipeline        = "system:serviceaccount:flux:catalogue"
)

// evidenceCase is something that somebody asks for, and how it ends.
type evidenceCase struct {
	name string
	by   user
	verb verb
	what client.Object
	// message of the refusal; empty if it is accepted.
	message string
}

// runEvidence tries the cases against a policy.
func runEvidence(t *testing.T, policy string, cases []evidenceCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.by.try(tt.verb, tt.what)
			if tt.message == "" {
				mustAccept(t, err)
				return
			}
			mustRefuse(t, err, policy, tt.message)
		})
	}
}

// person is somebody whom RBAC lets do everything with every object, with a name
// and rights of their own.
func person(tb testing.TB, name string, rights ...right) user {
	tb.Helper()
	return as(tb, name, []string{roleWriter}, rights...)
}

// kept stores an object under a name of its own and leaves it there: nobody
// deletes evidence.
func kept[T client.Object](tb testing.TB, o T) T {
	tb.Helper()
	o.SetGenerateName(o.GetName() + "-")
	o.SetName("")
	if err := admin(tb).Create(tb.Context(), o); err != nil {
		tb.Fatal(err)
	}
	return o
}

// with is a copy of an object with edits.
func with[T client.Object](o T, edits ...func(T)) T {
	o = o.DeepCopyObject().(T)
	for _, edit := range edits {
		edit(o)
	}
	return o
}

// decision of a body, recorded by somebody.
func decision(body v1alpha1.DecisionBody, outcome v1alpha1.DecisionOutcome, reference, by string) v1alpha1.Decision {
	return v1alpha1.Decision{
		Body: body, Outcome: outcome, DecidedOn: "2026-03-12", Reference: reference, DecidedBy: v1alpha1.UserName(by),
	}
}

// project is a Project of an office with a request.
func project(edits ...func(*v1alpha1.Project)) *v1alpha1.Project {
	cost := int64(180000)
	return with(&v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Namespace: unitOffice, Name: "project"},
		Spec: v1alpha1.ProjectSpec{
			DisplayName: v1alpha1.LocalisedText{EN: "Project"},
			OfficeRef:   v1alpha1.UnitReference{Name: unitOffice},
			Request:     &v1alpha1.ProjectRequest{SubmittedOn: "2026-02-20", Justification: "Queues", CostEUR: &cost},
		},
	}, edits...)
}

// released has the request released by somebody.
func released(by string) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.Request.ReleasedOn = "2026-02-27"
		p.Spec.Request.ReleasedByUser = v1alpha1.UserName(by)
	}
}

// decided adds a decision.
func decided(body v1alpha1.DecisionBody, outcome v1alpha1.DecisionOutcome, reference, by string) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.Decisions = append(p.Spec.Decisions, decision(body, outcome, reference, by))
	}
}

// costs changes what the request asks for.
func costs(euros int64) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) { p.Spec.Request.CostEUR = &euros }
}

// retitled changes what nobody has rules for.
func retitled(p *v1alpha1.Project) { p.Spec.Description = "Another text" }

// asserted has a paper assert the stage.
func asserted(stage v1alpha1.ProjectStage) func(*v1alpha1.Project) {
	return func(p *v1alpha1.Project) {
		p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: stage, AsOfOn: "2025-04-30", Source: "Status report"}
	}
}
