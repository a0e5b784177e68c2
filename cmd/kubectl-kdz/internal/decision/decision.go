// SPDX-License-Identifier: Apache-2.0

package decision

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Bodies that decide on Projects.
func Bodies() []string {
	return []string{string(v1alpha1.BodySteeringRound), string(v1alpha1.BodyConference)}
}

// Outcomes of a decision.
func Outcomes() []string {
	return []string{string(v1alpha1.OutcomeApproved), string(v1alpha1.OutcomeRejected), string(v1alpha1.OutcomeDeferred)}
}

// Right is the right that recording a body's decision needs, a virtual
// subresource of projects.
func Right(body v1alpha1.DecisionBody) string { return strings.ToLower(string(body)) }

// What the server refuses, in its words (config/admission/projects.yaml).
const (
	// MessageFourEyes refuses who released the request.
	MessageFourEyes = "who released a request cannot decide on it (four eyes): have another member of the body record the decision in their own name"
	// MessageKept refuses a second decision in place of one.
	MessageKept = "a decision once recorded is never changed or removed: leave it in spec.decisions as it is, and have the body record a further one under a reference of its own"
)

// MessageNoRight refuses who may not record decisions of the body.
func MessageNoRight(body v1alpha1.DecisionBody) string {
	who := "steering round"
	if body == v1alpha1.BodyConference {
		who = "conference"
	}
	return fmt.Sprintf("you may not record a decision of the DigIT %s in spec.decisions: the %s does (right projects/%s)", who, who, Right(body))
}

// MessageOtherName refuses another name than the own.
func MessageOtherName(own v1alpha1.UserName) string {
	return fmt.Sprintf("spec.decisions[].decidedBy of a new decision must be your own user name %s: set it, or have the other person record the decision (right projects/onbehalf lets a pipeline name others)", own)
}

// Refused says why the server would refuse the decision, whoever has which
// right. The person who asks is empty if it is not known.
func Refused(p *v1alpha1.Project, d *v1alpha1.Decision, asks v1alpha1.UserName) []string {
	var why []string
	same := func(o v1alpha1.Decision) bool { return o.Body == d.Body && o.Reference == d.Reference }
	if i := slices.IndexFunc(p.Spec.Decisions, same); i >= 0 {
		o := &p.Spec.Decisions[i]
		why = append(why, fmt.Sprintf("%s has decided under %s already (%s on %s): %s", o.Body, o.Reference, o.Outcome, o.DecidedOn, MessageKept))
	}
	if r := p.Spec.Request; r != nil && r.ReleasedByUser != "" && (r.ReleasedByUser == asks || r.ReleasedByUser == d.DecidedBy) {
		why = append(why, fmt.Sprintf("%s released the request on %s: %s", r.ReleasedByUser, r.ReleasedOn, MessageFourEyes))
	}
	return why
}

// Patch is the JSON patch that adds the decision to the Project as it is, and
// nothing else. It fails if the Project has been written since.
func Patch(p *v1alpha1.Project, d *v1alpha1.Decision) ([]byte, error) {
	type step struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	steps := []step{
		{"test", "/metadata/uid", p.UID},
		{"test", "/metadata/resourceVersion", p.ResourceVersion},
		{"add", "/spec/decisions/-", d},
	}
	if p.Spec.Decisions == nil {
		steps[2] = step{"add", "/spec/decisions", []*v1alpha1.Decision{d}}
	}
	return json.Marshal(steps)
}

// Fragment is a Project with nothing but the decision, to be merged into the
// one in Git.
func Fragment(p *v1alpha1.Project, d *v1alpha1.Decision) *v1alpha1.Project {
	return &v1alpha1.Project{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Project"},
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name},
		Spec:       v1alpha1.ProjectSpec{Decisions: []v1alpha1.Decision{*d}},
	}
}
