// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// conclude says what is missing and sets the conditions.
func (j *judge) conclude() {
	v := &j.verdict
	v.Missing = j.missing()
	v.Contradictions = j.contradictions()
	v.Approved = j.approvedFinding()
	v.OnSchedule = j.onSchedule()
	v.WithinBudget = j.withinBudget()
	v.HandedOver = j.handedOver()
	v.LedByMainOffice = j.ledByMainOffice()
}

func yes(reason, format string, args ...any) Finding {
	return Finding{metav1.ConditionTrue, reason, shorten(fmt.Sprintf(format, args...), maxMessage)}
}

func no(reason, format string, args ...any) Finding {
	return Finding{metav1.ConditionFalse, reason, shorten(fmt.Sprintf(format, args...), maxMessage)}
}

func unknown(reason, format string, args ...any) Finding {
	return Finding{metav1.ConditionUnknown, reason, shorten(fmt.Sprintf(format, args...), maxMessage)}
}

// contradictions tells them one by one, as many as a status may show.
func (j *judge) contradictions() []string {
	var texts []string
	for i := range j.doubts {
		if len(j.doubts) > maxMissing && i == maxMissing-1 {
			return append(texts, fmt.Sprintf("and %d more", len(j.doubts)-i))
		}
		texts = append(texts, j.doubts[i].message)
	}
	return texts
}

// outcomeVerb tells what a decision did.
func outcomeVerb(o v1alpha1.DecisionOutcome) string {
	switch o {
	case v1alpha1.OutcomeApproved:
		return "approved the project"
	case v1alpha1.OutcomeDeferred:
		return "put the project off"
	default:
		return "rejected the project"
	}
}

// approvedFinding says whether a body, or the fast lane, or a paper approves.
func (j *judge) approvedFinding() Finding {
	d, p := j.counts, j.paper
	switch {
	case j.decisionInDoubt():
		return unknown(v1alpha1.ReasonContradiction, "%s %s before the request was released on %s: have the body record a further decision in spec.decisions", d, outcomeVerb(d.Outcome), j.released.text)
	case j.against():
		return no(string(d.Outcome), "%s %s", d, outcomeVerb(d.Outcome))
	case p != nil && j.gates == nil && p.stage != v1alpha1.StagePaused:
		return no(string(p.stage), "%s says that the project is %s; no newer evidence says otherwise", j.paperName(), p.stage)
	case d != nil && d.Outcome == v1alpha1.OutcomeApproved:
		return yes(v1alpha1.ReasonApproved, "%s %s", d, outcomeVerb(d.Outcome))
	case p != nil && orderOf(p.stage) >= approved:
		return yes(v1alpha1.ReasonAsserted, "%s says that the project is %s; no newer decision says otherwise", j.paperName(), p.stage)
	case j.fastLane && j.has(approved):
		return yes(v1alpha1.ReasonFastLane, "the project takes the fast lane within the limits of the GovernancePolicy, so no body needs to decide")
	case j.Project.Spec.Track == v1alpha1.TrackFastLane && !j.fastLane && j.need.reached:
		why, _ := j.beyondFastLane()
		return no(v1alpha1.ReasonBeyondFastLane, "%s", why)
	case p != nil:
		return unknown(v1alpha1.ReasonNotDecidedYet, "no body's decision counts; %s says that the project is %s", j.paperName(), p.stage)
	default:
		return unknown(v1alpha1.ReasonNotDecidedYet, "no decision of the DigIT steering round or the DigIT conference counts yet")
	}
}

// onSchedule says whether something is late; the first reason decides, and all
// are told.
func (j *judge) onSchedule() Finding {
	switch stage := j.verdict.Stage; {
	case ended(stage) && j.verdict.Asserted:
		return yes(v1alpha1.ReasonEnded, "the project is %s, as %s says, so nothing is due any more", stage, j.paperName())
	case ended(stage):
		return yes(v1alpha1.ReasonEnded, "the project is %s, so nothing is due any more", stage)
	case stage == v1alpha1.StagePaused:
		return unknown(v1alpha1.ReasonPaused, "the project rests")
	}
	var reason string
	var texts []string
	late := func(why, format string, args ...any) {
		if reason == "" {
			reason = why
		}
		texts = append(texts, fmt.Sprintf(format, args...))
	}
	if overdue := j.overdueMilestones(); len(overdue) > 0 {
		late(v1alpha1.ReasonMilestoneOverdue, "overdue milestones: %s", names(overdue, func(m *milestone) string {
			return fmt.Sprintf("%s (%s)", shorten(m.Name, maxName), m.due.text)
		}))
	}
	if j.over(&j.dueOn) {
		late(v1alpha1.ReasonOverdue, "the project was to be complete on %s (spec.commission.dueOn)", j.dueOn.text)
	}
	if open := j.openPredecessors(); len(open) > 0 {
		late(v1alpha1.ReasonPredecessorOpen, "the work is to have begun, and projects that must come first are not complete: %s", names(open, func(p *Predecessor) string { return j.nameOf(p.Key) }))
	}
	if parts := j.lateParts(); len(parts) > 0 {
		late(v1alpha1.ReasonOverdue, "sub-projects are not on schedule: %s", names(parts, func(p *Part) string { return j.nameOf(p.Key) }))
	}
	if reason != "" {
		return no(reason, "%s", strings.Join(texts, "; "))
	}
	return j.inTime()
}

// inTime says what is due next, if anything ever is.
func (j *judge) inTime() Finding {
	m := j.verdict.Milestones
	switch {
	case m != nil && m.Next != "":
		return yes(v1alpha1.ReasonOnSchedule, "the next milestone is %q, due on %s", m.Next, m.NextDueOn)
	case j.dueOn.known():
		return yes(v1alpha1.ReasonOnSchedule, "the project is to be complete on %s", j.dueOn.text)
	case m != nil && m.Completed == m.Total:
		return yes(v1alpha1.ReasonOnSchedule, "all milestones are reached")
	default:
		return unknown(v1alpha1.ReasonNoSchedule, "there is no day on which anything is due: enter spec.milestones or spec.commission.dueOn")
	}
}

// names tells the first few of a list, and how many more there are.
func names[T any](all []T, name func(T) string) string {
	const few = 5
	var texts []string
	for _, one := range all[:min(len(all), few)] {
		texts = append(texts, name(one))
	}
	text := strings.Join(texts, ", ")
	if len(all) > few {
		text += fmt.Sprintf(" and %d more", len(all)-few)
	}
	return text
}

// openPredecessors returns the projects that must come first and are not
// complete, once the work is to have begun.
func (j *judge) openPredecessors() []*Predecessor {
	if !j.start.reached && !j.has(inImplementation) {
		return nil
	}
	var open []*Predecessor
	for i := range j.Predecessors {
		if p := &j.Predecessors[i]; p.Stage != v1alpha1.StageCompleted {
			open = append(open, p)
		}
	}
	return open
}

func (j *judge) lateParts() []*Part {
	var late []*Part
	for i := range j.Parts {
		if p := &j.Parts[i]; p.late() {
			late = append(late, p)
		}
	}
	return late
}

// withinBudget compares what was spent with the budget; nil without one.
func (j *judge) withinBudget() *Finding {
	c, spent := j.Project.Spec.Commission, j.Project.Spec.SpentEUR
	if c == nil || c.BudgetEUR == nil {
		return nil
	}
	switch budget := *c.BudgetEUR; {
	case spent == nil:
		return new(unknown(v1alpha1.ReasonSpendingUnknown, "the budget is %d EUR, and nobody said what was spent: %s enters it in spec.spentEUR", budget, j.lead()))
	case *spent > budget:
		return new(no(v1alpha1.ReasonOverBudget, "%d EUR of a budget of %d EUR were spent, %d EUR too much", *spent, budget, *spent-budget))
	default:
		return new(yes(v1alpha1.ReasonWithinBudget, "%d EUR of a budget of %d EUR were spent", *spent, budget))
	}
}

// ledByMainOffice says whether the lead is of the unit that the policy names, or
// of one below it.
func (j *judge) ledByMainOffice() Finding {
	if j.Policy == nil || j.Policy.LeadUnitRef == nil || j.Policy.LeadUnitRef.Name == "" {
		return unknown(v1alpha1.ReasonNoLeadUnit, "the GovernancePolicy names no unit that leads projects (spec.projects.leadUnitRef)")
	}
	unit, l := j.Policy.LeadUnitRef.Name, j.Project.Spec.Lead
	switch {
	case l == nil || l.Name == "":
		return no(v1alpha1.ReasonNoLead, "nobody is named who leads the project: enter spec.lead")
	case l.UnitRef == nil || l.UnitRef.Name == "":
		return no(v1alpha1.ReasonNoLead, "it is not said of which unit %s is: enter spec.lead.unitRef", j.lead())
	case l.UnitRef.Name == unit || j.LeadUnits[l.UnitRef.Name]:
		return yes(v1alpha1.ReasonLedByMainOffice, "%s is of %s, which leads projects", j.lead(), l.UnitRef.Name)
	default:
		return no(v1alpha1.ReasonLedElsewhere, "%s is of %s, and projects are led by %s and its units", j.lead(), l.UnitRef.Name, unit)
	}
}
