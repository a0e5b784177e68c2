// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"kdz.mainz.de/operator/api/v1alpha1"
)

// order of the stages that follow each other; 0 is none. Deferred, Paused and
// Rejected stand beside them.
type order int

const (
	noStage order = iota
	registered
	assessed
	awaitingDecision
	approved
	commissioned
	inProcurement
	inTrial
	inImplementation
	inAcceptance
	inHandover
	completed
)

// stages by their order.
var stages = [...]v1alpha1.ProjectStage{
	registered:       v1alpha1.StageRegistered,
	assessed:         v1alpha1.StageAssessed,
	awaitingDecision: v1alpha1.StageAwaitingDecision,
	approved:         v1alpha1.StageApproved,
	commissioned:     v1alpha1.StageCommissioned,
	inProcurement:    v1alpha1.StageInProcurement,
	inTrial:          v1alpha1.StageInTrial,
	inImplementation: v1alpha1.StageInImplementation,
	inAcceptance:     v1alpha1.StageInAcceptance,
	inHandover:       v1alpha1.StageInHandover,
	completed:        v1alpha1.StageCompleted,
}

// orderOf returns where a stage stands; 0 for those that stand beside.
func orderOf(stage v1alpha1.ProjectStage) order {
	for o := registered; o <= completed; o++ {
		if stages[o] == stage {
			return o
		}
	}
	return noStage
}

// beside reports whether a stage stands beside those that follow each other.
func beside(stage v1alpha1.ProjectStage) bool {
	return stage == v1alpha1.StageDeferred || stage == v1alpha1.StagePaused || stage == v1alpha1.StageRejected
}

func noSuchStage(stage v1alpha1.ProjectStage) bool {
	return orderOf(stage) == noStage && !beside(stage)
}

// gate that was passed, and the day of the evidence; that is not known where
// only a paper says it.
type gate struct {
	stage order
	on    day
}

// walk passes the gates, one after the other, as far as the evidence goes. All
// up to the stage from count as passed. Gates in doubt are not passed, nor those
// that need them.
func (j *judge) walk(from order) []gate {
	w := &walker{judge: j, from: from, doubtful: j.doubtful()}
	w.pass(registered, true, day{})
	if !w.pass(assessed, j.need.reached && j.submitted.reached, later(j.need, j.submitted)) || !w.decided() ||
		!w.pass(commissioned, j.commissioned.reached, j.commissioned) {
		return w.gates
	}
	w.work()
	complete := j.tested.reached && j.trained.reached && j.accepted.reached && j.operational.reached
	acceptance := first(j.tested, j.accepted, j.operational)
	if w.pass(inAcceptance, acceptance.reached, acceptance) && w.pass(inHandover, complete, later(later(j.tested, j.trained), later(j.accepted, j.operational))) {
		w.pass(completed, j.allHandedOver() && j.allPartsEnded(), day{})
	}
	return w.gates
}

// walker is a walk under way.
type walker struct {
	*judge
	from, doubtful order
	gates          []gate
}

// pass passes a gate if its evidence is there and free of doubt, or a paper says
// so, and reports whether it did.
func (w *walker) pass(stage order, evident bool, on day) bool {
	evident = evident && (w.doubtful == noStage || stage < w.doubtful)
	if !evident && stage > w.from {
		return false
	}
	if !evident {
		on = day{}
	}
	w.gates = append(w.gates, gate{stage, on})
	return true
}

// decided passes the gates from the release to the approval: of the bodies or,
// within the limits of the fast lane, of nobody.
func (w *walker) decided() bool {
	j := w.judge
	if j.fastLane && j.counts == nil {
		return w.pass(approved, true, later(j.need, j.submitted))
	}
	released := w.pass(awaitingDecision, j.released.reached, j.released)
	if !released && j.Project.Spec.Track != v1alpha1.TrackFastLane {
		return false
	}
	if j.counts == nil {
		return w.pass(approved, false, day{})
	}
	return w.pass(approved, j.counts.Outcome == v1alpha1.OutcomeApproved, j.counts.on)
}

// work passes the gates between the commission and the acceptance, of which each
// may be left out.
func (w *walker) work() {
	j := w.judge
	w.pass(inProcurement, j.procured.reached || j.awarded.reached, first(j.procured, j.awarded))
	w.pass(inTrial, j.tried.reached || j.trialEnded.reached, first(j.tried, j.trialEnded))
	began := j.began()
	w.pass(inImplementation, began.reached, began)
}

// began returns the first day that shows that the work began: its own, the end
// of the trial, the award if no trial is planned, or that of a milestone.
func (j *judge) began() day {
	began := first(j.start, j.trialEnded)
	if j.Project.Spec.Trial == nil {
		began = first(began, j.awarded)
	}
	for i := range j.milestones {
		began = first(began, j.milestones[i].completed)
	}
	return began
}

// first returns the first of the days that have begun.
func first(days ...day) day {
	var found day
	for _, d := range days {
		if d.reached && (!found.reached || d.at.Before(found.at)) {
			found = d
		}
	}
	return found
}

// later returns the later of two days.
func later(a, b day) day {
	if b.at.After(a.at) {
		return b
	}
	return a
}

// allHandedOver reports whether the handovers of all deliverables are complete. A
// project that delivers only through its parts has none of its own.
func (j *judge) allHandedOver() bool {
	for i := range j.Deliverables {
		if j.Deliverables[i].Stage != v1alpha1.HandoverCompleted {
			return false
		}
	}
	return len(j.Deliverables) > 0 || len(j.Parts) > 0
}

func (j *judge) allPartsEnded() bool {
	for i := range j.Parts {
		if !ended(j.Parts[i].Stage) {
			return false
		}
	}
	return true
}

// ended reports whether nothing follows a stage.
func ended(stage v1alpha1.ProjectStage) bool {
	return stage == v1alpha1.StageCompleted || stage == v1alpha1.StageRejected
}
