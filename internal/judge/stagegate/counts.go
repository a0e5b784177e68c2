// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// defaultMaturity of an online service that names none.
const defaultMaturity = 2

// count counts what the project consists of.
func (j *judge) count() {
	j.countMilestones()
	j.countParts()
	j.countDeliverables()
	j.countServices()
	if d := j.counts; d != nil && d.Rank != nil {
		j.verdict.Rank = new(*d.Rank)
	}
	j.verdict.DecisionLeadTime = j.leadTime()
}

// runs reports whether days are due: the project has not ended and does not
// rest.
func (j *judge) runs() bool {
	return !ended(j.verdict.Stage) && j.verdict.Stage != v1alpha1.StagePaused
}

// over reports whether a day that something is due on is over.
func (j *judge) over(due *day) bool {
	if !due.known() {
		return false
	}
	end := endOf(due)
	j.until(end)
	return !end.After(j.Now)
}

func endOf(d *day) time.Time { return d.at.AddDate(0, 0, 1) }

func (j *judge) countMilestones() {
	if len(j.milestones) == 0 {
		return
	}
	summary := &v1alpha1.MilestoneSummary{Total: int32(len(j.milestones))}
	var next *milestone
	for i := range j.milestones {
		m := &j.milestones[i]
		if m.completed.reached {
			summary.Completed++
			continue
		}
		if j.runs() && j.over(&m.due) {
			m.overdue = true
			summary.Overdue++
		}
		if m.due.known() && (next == nil || byDueDay(m, next) < 0) {
			next = m
		}
	}
	if next != nil && !ended(j.verdict.Stage) {
		summary.Next, summary.NextDueOn = next.shownName(), next.due.text
	}
	j.verdict.Milestones = summary
}

// shownName is the name as the status shows it, which the schema bounds in
// characters.
func (m *milestone) shownName() string {
	if utf8.RuneCountInString(m.Name) <= maxMilestone {
		return m.Name
	}
	return shorten(m.Name, maxMilestone)
}

// byDueDay orders milestones by the day on which they are due.
func byDueDay(a, b *milestone) int {
	return cmp.Or(a.due.at.Compare(b.due.at), cmp.Compare(a.Name, b.Name))
}

func (j *judge) countParts() {
	if len(j.Parts) == 0 {
		return
	}
	summary := &v1alpha1.SubprojectSummary{Total: int32(len(j.Parts))}
	for i := range j.Parts {
		p := &j.Parts[i]
		if p.Stage == v1alpha1.StageCompleted {
			summary.Completed++
		}
		if p.late() {
			summary.Overdue++
		}
	}
	j.verdict.Subprojects = summary
}

// late reports whether a part is overdue and has not ended.
func (p *Part) late() bool { return p.Overdue && !ended(p.Stage) }

func (j *judge) countDeliverables() {
	if len(j.Deliverables) == 0 {
		return
	}
	summary := &v1alpha1.DeliverableSummary{Total: int32(len(j.Deliverables))}
	for i := range j.Deliverables {
		if j.Deliverables[i].Stage == v1alpha1.HandoverCompleted {
			summary.HandedOver++
		}
	}
	j.verdict.Deliverables = summary
}

// countServices compares what the programme must deliver with what Applications
// offer.
func (j *judge) countServices() {
	targets := j.Project.Spec.OnlineServices
	if len(targets) == 0 {
		return
	}
	summary := &v1alpha1.OnlineServiceSummary{Total: int32(len(targets))}
	var missing []Service
	for i := range targets {
		key, target := Service{targets[i].OZGService, targets[i].Name}, int32(defaultMaturity)
		if targets[i].TargetMaturity != nil {
			target = *targets[i].TargetMaturity
		}
		if maturity, offered := j.Offered[key]; offered && maturity >= target {
			summary.AtTarget++
			continue
		}
		missing = append(missing, key)
	}
	slices.SortFunc(missing, func(a, b Service) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.OZGService, b.OZGService))
	})
	for _, s := range missing[:min(len(missing), maxServices)] {
		summary.Missing = append(summary.Missing, serviceName(s))
	}
	j.verdict.OnlineServices = summary
}

// serviceName tells an online service by its name, and by that in the OZG
// catalogue where it is another one.
func serviceName(s Service) string {
	if s.Name == s.OZGService {
		return shorten(s.Name, maxService)
	}
	return shorten(s.Name+" ("+s.OZGService+")", maxService)
}
