// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// handoversOf finds for each Application of the namespace the handover that has
// come furthest.
func handoversOf(s *Scope) map[v1alpha1.ObjectName]*v1alpha1.Handover {
	found := make(map[v1alpha1.ObjectName]*v1alpha1.Handover, len(s.Handovers))
	for _, h := range s.Handovers {
		for i := range h.Spec.ApplicationRefs {
			ref := &h.Spec.ApplicationRefs[i]
			if namespace := string(ref.Namespace); namespace != s.Namespace && (namespace != "" || h.Namespace != s.Namespace) {
				continue
			}
			best := found[ref.Name]
			if best == nil || acceptance.Further(h, best) {
				found[ref.Name] = h
			}
		}
	}
	return found
}

// handover tells of an Application that a project delivered and nobody took
// over. In early life support everybody has signed and the project only helps,
// so that nothing is owed any more.
func (a *auditor) handover(app *v1alpha1.Application) {
	if app.Spec.Origin != v1alpha1.OriginProject {
		return
	}
	h := a.handovers[v1alpha1.ObjectName(app.Name)]
	if h == nil {
		f := of(app, PolicyHandover, RuleHandoverMissing, Fail)
		f.Message = "a project delivered the Application and it operates, but no Handover names it"
		f.Remedy = "have the project lead create a Handover that names it"
		a.add(f)
		return
	}
	if takenOver(h) {
		return
	}
	stage := stageOf(h)
	f := of(app, PolicyHandover, RuleHandoverIncomplete, Fail)
	if stage == v1alpha1.HandoverRejected {
		f.Severity = High
	}
	f.Message = fmt.Sprintf("a project delivered the Application and it operates, but its Handover %s/%s is %s", h.Namespace, h.Name, stage)
	f.Remedy = "do what status.missing of the Handover says"
	f.Properties = map[string]string{PropertyHandover: h.Namespace + "/" + h.Name, PropertyStage: string(stage)}
	if h.Spec.DueOn != "" {
		f.Properties[PropertyEndsOn] = string(h.Spec.DueOn)
	}
	a.add(f)
}

// takenOver says whether everybody has signed.
func takenOver(h *v1alpha1.Handover) bool {
	return h.Status.Stage == v1alpha1.HandoverCompleted || h.Status.Stage == v1alpha1.HandoverEarlyLifeSupport
}

// stageOf is how far a handover has come; one that was not judged yet has only
// begun.
func stageOf(h *v1alpha1.Handover) v1alpha1.HandoverStage {
	if h.Status.Stage == "" {
		return v1alpha1.HandoverPreparing
	}
	return h.Status.Stage
}

// handoverDue tells of a handover of this namespace whose day is over and that
// not everybody has signed.
func (a *auditor) handoverDue(h *v1alpha1.Handover) {
	if h.Namespace != a.Namespace || takenOver(h) || !a.over(h.Spec.DueOn) {
		return
	}
	stage := stageOf(h)
	a.add(Finding{
		Policy: PolicyHandover, Rule: RuleHandoverOverdue, Result: Fail, Severity: Medium,
		Subject: subjectOf("Handover", h.Namespace, h.Name, h.UID),
		Message: fmt.Sprintf("the handover was to be complete on %s, and is %s", h.Spec.DueOn, stage),
		Remedy:  "do what status.missing of the Handover says, or agree on another day and set spec.dueOn",
		Properties: map[string]string{
			PropertyHandover: h.Namespace + "/" + h.Name, PropertyStage: string(stage),
			PropertyEndsOn: string(h.Spec.DueOn), PropertyProject: projectName(&h.Spec.ProjectRef),
		},
	})
}
