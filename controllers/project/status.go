// SPDX-License-Identifier: Apache-2.0

package project

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// maxRefusal bounds in bytes what is told of what the API server says to a
// status that it refuses.
const maxRefusal = 512

// tell writes into the status how far the Project has come. Nothing moves that
// did not change, now least of all. Where nobody knows what the spec says, all
// but the readiness goes on as it was.
func (s *scope) tell(p *v1alpha1.Project) {
	p.Status.ObservedGeneration = p.Generation
	status.SetReadiness(p, s.readiness(p), s.now)
	v := s.verdict
	if v == nil {
		return
	}
	s.setStage(p)
	p.Status.Rank = v.Rank
	p.Status.Missing = v.Missing
	p.Status.Milestones = v.Milestones
	p.Status.Subprojects = v.Subprojects
	p.Status.Deliverables = v.Deliverables
	p.Status.OnlineServices = v.OnlineServices
	set(p, v1alpha1.ConditionApproved, &v.Approved, s.now)
	set(p, v1alpha1.ConditionOnSchedule, &v.OnSchedule, s.now)
	set(p, v1alpha1.ConditionWithinBudget, v.WithinBudget, s.now)
	set(p, v1alpha1.ConditionHandedOver, &v.HandedOver, s.now)
	set(p, v1alpha1.ConditionLedByMainOffice, &v.LedByMainOffice, s.now)
}

// setStage sets the stage; since moves only with it.
func (s *scope) setStage(p *v1alpha1.Project) {
	if p.Status.Stage == s.verdict.Stage && p.Status.StageSince != nil {
		return
	}
	p.Status.Stage = s.verdict.Stage
	p.Status.StageSince = &metav1.Time{Time: s.now.Truncate(time.Second)}
}

// set sets a condition to what was found, or removes it where nothing was.
func set(p *v1alpha1.Project, conditionType string, f *stagegate.Finding, now time.Time) {
	if f == nil {
		status.Remove(p, conditionType)
		return
	}
	status.Set(p, conditionType, f.Status, f.Reason, f.Message, now)
}

// readiness says whether the spec can be judged as it is, and whether what it
// names is there. What a person must mend comes before what may still come.
func (s *scope) readiness(p *v1alpha1.Project) status.Readiness {
	stalled := func(reason, message string) status.Readiness {
		return status.Readiness{Stalled: true, Reason: reason, Message: message}
	}
	switch {
	case s.verdict == nil:
		return stalled(v1alpha1.ReasonUndecodable,
			"what is stored does not fit the types of its kind: "+p.DecodingError+"; until that is mended the status stays as it was")
	case len(s.unusable) > 0:
		return stalled(v1alpha1.ReasonInvalidSpec, strings.Join(s.unusable, "; "))
	case len(s.cycle) > 0:
		return stalled(v1alpha1.ReasonProjectCycle,
			"the project would be complete only after itself: "+strings.Join(s.cycle, " → ")+
				" (each waits for the next one, which is a part of it or must come first); change spec.parentRef or spec.dependsOn of one of them")
	case len(s.verdict.Contradictions) > 0:
		return stalled(v1alpha1.ReasonContradiction, strings.Join(s.verdict.Contradictions, "; "))
	case len(s.absent) > 0:
		return status.Readiness{
			Reconciling: true, Reason: v1alpha1.ReasonReferenceNotFound,
			Message: strings.Join(s.absent, "; "),
		}
	}
	return status.Readiness{Reason: v1alpha1.ReasonSucceeded, Message: "the project is judged by its evidence, and what it names is there"}
}

// unwritable goes back to the status as it was, where the API server refused the
// one that was to be: something of a spec that is older than a rule does not fit
// into it.
func (s *scope) unwritable(p, before *v1alpha1.Project, refused error) {
	before.Status.DeepCopyInto(&p.Status)
	p.Status.ObservedGeneration = p.Generation
	status.SetReadiness(p, status.Readiness{
		Stalled: true, Reason: v1alpha1.ReasonInvalidSpec,
		Message: "the spec is older than a rule that it breaks, and until that is mended the status stays as it was: " +
			status.Shorten(refused.Error(), maxRefusal),
	}, s.now)
}

// standing is what the metrics tell of a Project.
func (s *scope) standing(p *v1alpha1.Project) metrics.ProjectStanding {
	told := metrics.ProjectStanding{Programme: p.Spec.Programme, Stage: p.Status.Stage}
	if m := p.Status.Milestones; m != nil {
		told.OverdueMilestones = m.Overdue
	}
	if s.verdict != nil {
		told.DecisionDays = s.verdict.DecisionLeadTime
		told.Behind = s.verdict.OnSchedule.Status == metav1.ConditionFalse
	}
	return told
}
