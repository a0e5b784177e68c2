// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// resolve finds the stage.
func (j *judge) resolve() {
	v, from := &j.verdict, noStage
	if j.paper != nil {
		from = orderOf(j.paper.stage)
	}
	switch {
	case j.against():
		v.Stage = v1alpha1.ProjectStage(j.counts.Outcome)
	case j.paper != nil && from == noStage:
		j.resolveBeside()
	default:
		j.gates = j.walk(from)
		v.Stage = stages[top(j.gates)]
		v.Asserted = j.paper != nil && v.Stage == j.paper.stage && top(j.walk(noStage)) < from
	}
	if j.rests() {
		v.Stage, v.Asserted = v1alpha1.StagePaused, false
	}
}

// resolveBeside finds the stage of a project that by a paper rests, was put off
// or was rejected. That ends with evidence that is newer than the paper, of a
// released request or more.
func (j *judge) resolveBeside() {
	from := noStage
	if j.paper.stage == v1alpha1.StageDeferred {
		from = awaitingDecision
	}
	gates := j.walk(from)
	var newest time.Time
	for _, g := range gates {
		if g.stage >= awaitingDecision && g.on.at.After(newest) {
			newest = g.on.at
		}
	}
	if top(gates) >= inImplementation {
		for i := range j.milestones {
			if c := &j.milestones[i].completed; c.reached && c.at.After(newest) {
				newest = c.at
			}
		}
	}
	if newest.After(j.paper.on.at) {
		j.gates, j.verdict.Stage = gates, stages[top(gates)]
		return
	}
	j.verdict.Stage, j.verdict.Asserted = j.paper.stage, true
}

// against reports whether the decision that counts ends the project or puts it
// off. A deferral from before the release does not: the request came anew. Nor
// does a decision from before a paper that has the project approved since.
func (j *judge) against() bool {
	d := j.counts
	switch {
	case d == nil || d.Outcome == v1alpha1.OutcomeApproved || j.decisionInDoubt():
		return false
	case d.Outcome == v1alpha1.OutcomeDeferred && j.released.reached && d.on.before(&j.released):
		return false
	case j.paper == nil || d.on.at.After(j.paper.on.at):
		return true
	default:
		o := orderOf(j.paper.stage)
		return o != noStage && o <= awaitingDecision
	}
}

// decisionInDoubt reports whether the decision that counts binds and is from
// before the release.
func (j *judge) decisionInDoubt() bool {
	return j.counts != nil && j.counts.Outcome != v1alpha1.OutcomeDeferred && j.counts.on.before(&j.released)
}

// rests reports whether the pause counts: not of a project that has ended by
// evidence, and not if a paper speaks of a later day.
func (j *judge) rests() bool {
	v := &j.verdict
	switch {
	case !j.paused.reached, v.Stage == v1alpha1.StageRejected && !v.Asserted, v.Stage == v1alpha1.StageCompleted && !v.Asserted:
		return false
	default:
		return !j.pauseOutdated()
	}
}

// pauseOutdated reports whether a paper speaks of the project after the pause
// began, and does not say that it rests.
func (j *judge) pauseOutdated() bool {
	return j.paper != nil && j.paper.stage != v1alpha1.StagePaused && j.paused.known() && !j.paused.at.After(j.paper.on.at)
}

// top returns the last gate that was passed.
func top(gates []gate) order {
	if len(gates) == 0 {
		return noStage
	}
	return gates[len(gates)-1].stage
}

// has reports whether the project has come as far as a stage.
func (j *judge) has(stage order) bool { return top(j.gates) >= stage }
