// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"cmp"
	"fmt"
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// contradiction between two pieces of evidence, or of one with the calendar.
type contradiction struct {
	// from is the first stage in doubt; none if no evidence of a stage is.
	from order
	// field that is to be corrected.
	field, message string
}

// doubt notes a contradiction.
func (j *judge) doubt(from order, field, message string) {
	j.doubts = append(j.doubts, contradiction{from, shorten(field, maxField), shorten(message, maxMessage)})
}

// doubtful returns the first stage in doubt; none if no evidence is.
func (j *judge) doubtful() order {
	earliest := noStage
	for i := range j.doubts {
		if from := j.doubts[i].from; from != noStage && (earliest == noStage || from < earliest) {
			earliest = from
		}
	}
	return earliest
}

// follows demands that one day is not before another one. If it is, the stages
// from that of the later day on are in doubt.
func (j *judge) follows(earlier, later *day, from order, advice string) bool {
	if !later.before(earlier) {
		return true
	}
	j.doubt(from, later.field, fmt.Sprintf("%s is before %s: %s", later, earlier, advice))
	return false
}

// compare finds the contradictions between the days.
func (j *judge) compare() {
	j.follows(&j.need, &j.submitted, assessed,
		"a need is recorded before it is requested; the DigIT dialogue corrects spec.need.recordedOn, or requirements management spec.request.submittedOn")
	j.follows(&j.submitted, &j.released, awaitingDecision,
		"a request is submitted before it is released; requirements management corrects spec.request.submittedOn")
	if j.decisionInDoubt() {
		j.follows(&j.released, &j.counts.on, approved,
			"a body decides on a request that is released; have it record a further decision in spec.decisions, of that day or later")
	}
	j.compareCommission()
	j.compareWork()
	j.compareMilestones()
	j.compareAcceptance()
	j.comparePause()
	slices.SortFunc(j.doubts, byWeight)
}

// byWeight puts first what keeps the stage back furthest; the order in the spec
// says nothing.
func byWeight(a, b contradiction) int {
	last := func(from order) order {
		if from == noStage {
			return completed + 1
		}
		return from
	}
	return cmp.Or(cmp.Compare(last(a.from), last(b.from)), cmp.Compare(a.field, b.field), cmp.Compare(a.message, b.message))
}

// compareCommission demands that an approval was in force when the project was
// commissioned. That there was one, a paper can say as well.
func (j *judge) compareCommission() {
	const advice = "a project is commissioned once it is approved; the main office corrects spec.commission.commissionedOn"
	if j.paper != nil && orderOf(j.paper.stage) >= approved || !j.commissioned.known() {
		return
	}
	if j.fastLane {
		if j.follows(&j.need, &j.commissioned, commissioned, advice) {
			j.follows(&j.submitted, &j.commissioned, commissioned, advice)
		}
		return
	}
	if j.counts == nil || j.counts.Outcome != v1alpha1.OutcomeApproved {
		return
	}
	at := j.inForce(j.commissioned.at)
	switch {
	case at == nil:
		approval := slices.IndexFunc(j.decisions, func(d decision) bool { return d.Outcome == v1alpha1.OutcomeApproved })
		j.follows(&j.decisions[approval].on, &j.commissioned, commissioned, advice)
	case at.Outcome != v1alpha1.OutcomeApproved:
		j.doubt(commissioned, j.commissioned.field, fmt.Sprintf("%s is of a time when what counted was that %s %s: %s",
			&j.commissioned, at, outcomeVerb(at.Outcome), advice))
	}
}

// compareWork demands that the work follows the commission, and that what ends
// begins before.
func (j *judge) compareWork() {
	const corrects = "; the project lead or the main office corrects the one that is wrong"
	j.follows(&j.commissioned, &j.start, inImplementation, "work begins once it is commissioned"+corrects)
	j.follows(&j.commissioned, &j.awarded, inTrial, "a procurement is awarded once the project is commissioned"+corrects)
	j.follows(&j.commissioned, &j.trialEnded, inImplementation, "a trial ends after the project is commissioned"+corrects)
	j.follows(&j.procured, &j.awarded, inTrial, "a procurement begins before it is awarded"+corrects)
	j.follows(&j.tried, &j.trialEnded, inImplementation, "a trial begins before it is completed"+corrects)
	if j.follows(&j.start, &j.dueOn, inImplementation, "a project begins before it is due"+corrects) {
		j.follows(&j.commissioned, &j.dueOn, inImplementation, "a project is commissioned before it is due"+corrects)
	}
}

// workBase is the first day on which a result is possible: the first of the
// work, or that of the commission.
func (j *judge) workBase() *day {
	if j.start.known() {
		return &j.start
	}
	return &j.commissioned
}

func (j *judge) compareMilestones() {
	base := j.workBase()
	for i := range j.milestones {
		done := &j.milestones[i].completed
		if done.yetToCome() {
			j.doubt(noStage, done.field, fmt.Sprintf("%s is yet to come, so the milestone counts as open until then: the project lead enters the day on which it was reached, or leaves it out", done))
		}
		j.follows(base, done, inImplementation, "a milestone is reached once the work began; the project lead corrects the one that is wrong")
	}
}

// compareAcceptance demands that test, acceptance and release follow the begin of
// the work and each other. Training may come at any time before the release.
func (j *judge) compareAcceptance() {
	const advice = "the result is tested, then accepted, then released for operation, and people are trained before that; the project lead corrects the one that is wrong"
	base := j.workBase()
	for _, d := range []*day{&j.tested, &j.accepted, &j.operational} {
		if !j.follows(base, d, inAcceptance, "the work begins before its result is accepted; the project lead corrects the one that is wrong") {
			break
		}
	}
	j.follows(&j.tested, &j.accepted, inHandover, advice)
	if j.follows(&j.accepted, &j.operational, inHandover, advice) {
		j.follows(&j.tested, &j.operational, inHandover, advice)
	}
	j.follows(&j.trained, &j.operational, inHandover, advice)
}

func (j *judge) comparePause() {
	if j.paused.yetToCome() {
		j.doubt(noStage, j.paused.field, fmt.Sprintf("%s is yet to come, so the project does not rest until then: the project lead enters spec.paused when it begins to rest", &j.paused))
	}
	if j.pauseOutdated() {
		j.doubt(noStage, j.paused.field, fmt.Sprintf("%s is not after %s, of which the paper says %s: the project lead removes spec.paused, or enters a day after that of the paper",
			&j.paused, &j.paper.on, j.paper.stage))
	}
}
