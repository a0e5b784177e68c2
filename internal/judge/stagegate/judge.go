// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Judge judges how far a project has come.
func Judge(s *Scope) *Verdict {
	j := &judge{Scope: s}
	j.read()
	j.compare()
	j.resolve()
	j.count()
	j.conclude()
	return &j.verdict
}

// judge is a judgement under way.
type judge struct {
	*Scope

	// Days of the evidence.
	need, submitted, released              day
	commissioned, start, dueOn             day
	procured, awarded, tried, trialEnded   day
	tested, trained, accepted, operational day
	paused                                 day
	// decisions of days that have begun, the one that counts last; counts is
	// that one, or nil.
	decisions []decision
	counts    *decision
	// milestones in the order of the spec.
	milestones []milestone
	// paper that asserts a stage; nil if there is none that can be used.
	paper *paper
	// fastLane is whether the fast lane is taken and may be.
	fastLane bool

	// doubts are the contradictions, in the order in which they were found.
	doubts []contradiction
	// gates that were passed, in their order.
	gates   []gate
	verdict Verdict
}

// milestone of the project.
type milestone struct {
	*v1alpha1.Milestone
	due, completed day
	// overdue is whether its day is over and it was not completed.
	overdue bool
}

// paper is what a paper says of the project.
type paper struct {
	stage  v1alpha1.ProjectStage
	on     day
	source string
}

// until notes a moment at which the verdict can change.
func (j *judge) until(at time.Time) {
	if at.After(j.Now) {
		j.verdict.Next = calendar.Earliest(j.verdict.Next, at)
	}
}

// read reads the evidence of the spec.
func (j *judge) read() {
	spec := &j.Project.Spec
	if n := spec.Need; n != nil {
		j.need = j.required("spec.need.recordedOn", n.RecordedOn)
	}
	if r := spec.Request; r != nil {
		j.submitted = j.required("spec.request.submittedOn", r.SubmittedOn)
		j.released = j.optional("spec.request.releasedOn", r.ReleasedOn)
	}
	j.readDecisions()
	if c := spec.Commission; c != nil {
		j.commissioned = j.required("spec.commission.commissionedOn", c.CommissionedOn)
		j.start = j.optional("spec.commission.startOn", c.StartOn)
		j.dueOn = j.due("spec.commission.dueOn", c.DueOn)
	}
	if p := spec.Procurement; p != nil {
		j.procured = j.required("spec.procurement.startedOn", p.StartedOn)
		j.awarded = j.optional("spec.procurement.awardedOn", p.AwardedOn)
	}
	if t := spec.Trial; t != nil {
		j.tried = j.required("spec.trial.startedOn", t.StartedOn)
		j.trialEnded = j.optional("spec.trial.completedOn", t.CompletedOn)
	}
	if a := spec.Acceptance; a != nil {
		j.tested = j.optional("spec.acceptance.testedOn", a.TestedOn)
		j.trained = j.optional("spec.acceptance.trainedOn", a.TrainedOn)
		j.accepted = j.optional("spec.acceptance.acceptedOn", a.AcceptedOn)
		j.operational = j.optional("spec.acceptance.releasedOn", a.ReleasedOn)
	}
	if p := spec.Paused; p != nil {
		j.paused = j.required("spec.paused.sinceOn", p.SinceOn)
	}
	j.readMilestones()
	j.readPaper()
	j.fastLane = spec.Track == v1alpha1.TrackFastLane && j.withinFastLane()
}

func (j *judge) readMilestones() {
	given := j.Project.Spec.Milestones
	j.milestones = make([]milestone, len(given))
	for i := range given {
		entry := "spec.milestones[" + shorten(given[i].Name, maxMilestone) + "]"
		m := &j.milestones[i]
		m.Milestone = &given[i]
		m.due = j.due(entry+".dueOn", given[i].DueOn)
		m.completed = j.optional(entry+".completedOn", given[i].CompletedOn)
		if given[i].DueOn == "" {
			j.doubt(noStage, m.due.field, m.due.field+" is empty, so the milestone is never due: enter the last day on which it is in time, such as 2026-03-31")
		}
	}
}

// maxMilestone bounds the name of a milestone, in bytes, as the schema bounds it
// in characters.
const maxMilestone = 128

// readPaper reads what a paper asserts. A paper without a day, or with a stage
// that is none, says nothing.
func (j *judge) readPaper() {
	r := j.Project.Spec.Recorded
	if r == nil {
		return
	}
	on := j.required("spec.recorded.asOfOn", r.AsOfOn)
	if noSuchStage(r.Stage) {
		const field = "spec.recorded.stage"
		j.doubt(noStage, field, field+" "+shorten(string(r.Stage), maxName)+" is no stage, so the record counts as absent: have the inventory enter the stage that the paper asserts, such as InImplementation")
		return
	}
	if on.reached {
		j.paper = &paper{stage: r.Stage, on: on, source: r.Source}
	}
}

// withinFastLane reports whether the policy lets a project of this cost and this
// effort take the fast lane.
func (j *judge) withinFastLane() bool {
	if j.Policy == nil || j.Policy.FastLane == nil {
		return false
	}
	limits, request := j.Policy.FastLane, j.Project.Spec.Request
	return request != nil && limits.MaxCostEUR != nil && limits.MaxEffortPersonDays != nil &&
		request.CostEUR != nil && *request.CostEUR <= *limits.MaxCostEUR &&
		request.EffortPersonDays != nil && *request.EffortPersonDays <= *limits.MaxEffortPersonDays
}
