// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// missing tells what people must do next, the most pressing first: what is
// wrong, what is late, what the next stage needs, and what comes beside that.
func (j *judge) missing() []v1alpha1.MissingItem {
	if ended(j.verdict.Stage) {
		return nil
	}
	l := &list{judge: j}
	l.wrong()
	if j.verdict.Stage == v1alpha1.StagePaused {
		l.resumption()
		return l.items
	}
	l.overdue()
	l.gate()
	l.predecessors()
	l.leader()
	return fold(l.items, maxMissing)
}

// list of what is missing, as it grows.
type list struct {
	*judge
	items []v1alpha1.MissingItem
}

func (l *list) add(items ...v1alpha1.MissingItem) {
	l.items = append(l.items, items...)
}

// item says that something is missing.
func item(reason, field, format string, args ...any) v1alpha1.MissingItem {
	return v1alpha1.MissingItem{Reason: reason, Field: shorten(field, maxField), Message: shorten(fmt.Sprintf(format, args...), maxMessage)}
}

// unless asks for a day that has not begun, and says so of one that is yet to
// come.
func (l *list) unless(d *day, reason, field, format string, args ...any) {
	if d.reached {
		return
	}
	text := fmt.Sprintf(format, args...)
	if d.yetToCome() {
		text += fmt.Sprintf("; %s is yet to come and counts from then on", d)
	}
	l.add(item(reason, field, "%s", text))
}

// wrong tells what has to be corrected.
func (l *list) wrong() {
	if len(l.Cycle) > 0 {
		l.add(item(v1alpha1.ReasonProjectCycle, "", "the project is a part of itself or must come before itself (%s): take one of them out of spec.parentRef or spec.dependsOn",
			shorten(strings.Join(l.Cycle, " → "), maxMessage/2)))
	}
	var items []v1alpha1.MissingItem
	for i := range l.doubts {
		items = append(items, v1alpha1.MissingItem{Reason: v1alpha1.ReasonContradiction, Field: l.doubts[i].field, Message: l.doubts[i].message})
	}
	l.add(fold(items, maxOfAKind)...)
}

func (l *list) resumption() {
	if p := l.Project.Spec.Paused; p != nil && l.paused.reached {
		l.add(item(v1alpha1.MissingResumption, "spec.paused", "the project rests since %s (%s): to resume it, %s removes spec.paused",
			l.paused.text, shorten(p.Reason, maxMessage/2), l.lead()))
		return
	}
	l.add(item(v1alpha1.MissingResumption, "spec.recorded", "%s says that the project rests: to resume it, requirements management has the request released and decided anew, or the inventory corrects spec.recorded", l.paperName()))
}

// overdueMilestones returns those that are overdue, the first due first.
func (j *judge) overdueMilestones() []*milestone {
	var late []*milestone
	for i := range j.milestones {
		if j.milestones[i].overdue {
			late = append(late, &j.milestones[i])
		}
	}
	slices.SortFunc(late, byDueDay)
	return late
}

func (l *list) overdue() {
	var items []v1alpha1.MissingItem
	for _, m := range l.overdueMilestones() {
		items = append(items, item(v1alpha1.MissingMilestone, m.completed.field, "the milestone %q was due on %s: %s enters in completedOn when it was reached, or agrees on another day in dueOn",
			m.shownName(), m.due.text, l.lead()))
	}
	l.add(fold(items, maxOfAKind)...)
}

// gate tells what the next stage needs.
func (l *list) gate() {
	switch l.verdict.Stage {
	case v1alpha1.StageRegistered, v1alpha1.StageAssessed, v1alpha1.StageAwaitingDecision:
		l.approval()
	case v1alpha1.StageDeferred:
		l.add(item(v1alpha1.MissingNewDecision, "spec.decisions", "the project was put off%s: the DigIT steering round or the DigIT conference decides anew and records it in spec.decisions", l.deferredBy()))
	case v1alpha1.StageApproved:
		l.unless(&l.commissioned, v1alpha1.MissingCommission, "spec.commission.commissionedOn",
			"the project is approved: the main office commissions it and enters the day in spec.commission.commissionedOn")
	case v1alpha1.StageCommissioned, v1alpha1.StageInProcurement, v1alpha1.StageInTrial, v1alpha1.StageInImplementation:
		l.work()
	case v1alpha1.StageInAcceptance:
		l.acceptance()
	case v1alpha1.StageInHandover:
		l.handover()
	case v1alpha1.StagePaused, v1alpha1.StageRejected, v1alpha1.StageCompleted:
	}
}

// deferredBy tells who says that the project was put off.
func (j *judge) deferredBy() string {
	if j.verdict.Asserted {
		return ", as " + j.paperName() + " says"
	}
	return " by " + j.counts.String()
}

// approval tells what is missing until a project is approved.
func (l *list) approval() {
	fast := l.Project.Spec.Track == v1alpha1.TrackFastLane
	if !l.has(assessed) {
		l.unless(&l.need, v1alpha1.MissingNeed, "spec.need.recordedOn", "the DigIT dialogue records the need with %s and enters the day in spec.need.recordedOn", l.office())
		if fast {
			l.unless(&l.submitted, v1alpha1.MissingRequest, "spec.request.submittedOn", "the DigIT dialogue hands the need to the KDZ: it enters the day in spec.request.submittedOn, with costEUR and effortPersonDays")
		} else {
			l.unless(&l.submitted, v1alpha1.MissingRequest, "spec.request.submittedOn", "requirements management bundles the need into a request and enters the day in spec.request.submittedOn")
		}
	}
	if fast && !l.fastLane && l.need.reached {
		why, enter := l.beyondFastLane()
		l.add(item(v1alpha1.ReasonBeyondFastLane, "spec.track", "%s: %sset spec.track to Standard, or have the DigIT steering round or the DigIT conference decide and record it in spec.decisions", why, enter))
	}
	switch {
	case l.has(awaitingDecision) && !l.decisionInDoubt():
		l.add(item(v1alpha1.MissingDecision, "spec.decisions", "the DigIT steering round or the DigIT conference decides on the request and records it in spec.decisions%s", l.futureDecision()))
	case l.has(assessed) && !l.has(awaitingDecision) && !fast:
		l.unless(&l.released, v1alpha1.MissingRelease, "spec.request.releasedOn", "requirements management examines the request and releases it: its head enters the day and the own user name in spec.request.releasedOn and releasedByUser")
	}
}

// futureDecision tells of the first decision of a day that is yet to come.
func (j *judge) futureDecision() string {
	var earliest v1alpha1.Date
	for i := range j.Project.Spec.Decisions {
		if d := &j.Project.Spec.Decisions[i]; j.isFuture(d.DecidedOn) && (earliest == "" || d.DecidedOn < earliest) {
			earliest = d.DecidedOn
		}
	}
	if earliest == "" {
		return ""
	}
	return fmt.Sprintf("; the one of %s is yet to come and counts from then on", earliest)
}

// beyondFastLane tells why the fast lane may not be taken, and what could be
// entered so that it may.
func (j *judge) beyondFastLane() (why, enter string) {
	if j.Policy == nil || j.Policy.FastLane == nil || j.Policy.FastLane.MaxCostEUR == nil || j.Policy.FastLane.MaxEffortPersonDays == nil {
		return "the GovernancePolicy sets no limits of the fast lane, so nothing may take it", ""
	}
	limits, request := j.Policy.FastLane, j.Project.Spec.Request
	why = fmt.Sprintf("the fast lane is for at most %d EUR and %d person days, and spec.request ", *limits.MaxCostEUR, *limits.MaxEffortPersonDays)
	if request == nil || request.CostEUR == nil || request.EffortPersonDays == nil {
		return why + "does not say both", "enter costEUR and effortPersonDays there, "
	}
	return why + fmt.Sprintf("expects %d EUR and %d person days", *request.CostEUR, *request.EffortPersonDays), ""
}

// predecessors tells of the projects that must come first.
func (l *list) predecessors() {
	var items []v1alpha1.MissingItem
	for i := range l.Predecessors {
		p := &l.Predecessors[i]
		switch {
		case !p.Exists:
			items = append(items, item(v1alpha1.MissingPredecessor, "spec.dependsOn", "the project %s, which must come first, does not exist: register it, or correct spec.dependsOn", l.nameOf(p.Key)))
		case p.Stage == v1alpha1.StageRejected:
			items = append(items, item(v1alpha1.MissingPredecessor, "spec.dependsOn", "the project %s, which must come first, was rejected: %s takes it out of spec.dependsOn, or has it replaced", l.nameOf(p.Key), l.lead()))
		case p.Stage != v1alpha1.StageCompleted:
			items = append(items, item(v1alpha1.MissingPredecessor, "spec.dependsOn", "the project %s must come first and is not complete%s: its lead completes it", l.nameOf(p.Key), stageText(p.Stage)))
		}
	}
	l.add(fold(items, maxOfAKind)...)
}

// stageText tells the stage of another object, if it is known.
func stageText[S ~string](stage S) string {
	if stage == "" {
		return ""
	}
	return " (" + string(stage) + ")"
}

func (l *list) leader() {
	lead := l.Project.Spec.Lead
	switch {
	case lead == nil || lead.Name == "":
		l.add(item(v1alpha1.MissingLead, "spec.lead", "nobody is named who leads the project: the main office names a lead in spec.lead, with the unit in unitRef"))
	case lead.UnitRef == nil || lead.UnitRef.Name == "":
		l.add(item(v1alpha1.MissingLead, "spec.lead.unitRef", "it is not said of which unit %s is: the main office enters it in spec.lead.unitRef", l.lead()))
	}
}
