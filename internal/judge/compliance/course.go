// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// quietDays is how many days a project may pass in which nothing changes.
const quietDays = 90

// Complaint is a condition that is not as it should be; empty if it is.
type Complaint struct{ Reason, Message string }

// Course is what the status of a project tells an auditor of how it goes. It is
// comparable, and changes only when a finding may.
type Course struct {
	Stage v1alpha1.ProjectStage
	// Since is when it entered its stage, in seconds of Unix time; 0 if nobody
	// knows.
	Since int64
	// Schedule is why it is not on schedule.
	Schedule Complaint
	// Stalled is why it cannot be judged as it is.
	Stalled Complaint
	// DueOn is the day of the milestone that is next.
	DueOn v1alpha1.Date
	// OpenParts: it has sub-projects that are not complete.
	OpenParts bool
}

// CourseOf returns what is asked of the status of a project.
func CourseOf(p *v1alpha1.Project) Course {
	s := &p.Status
	c := Course{
		Stage:    s.Stage,
		Schedule: complaint(s.Conditions, v1alpha1.ConditionOnSchedule, metav1.ConditionFalse),
		Stalled:  complaint(s.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue),
	}
	if s.StageSince != nil {
		c.Since = s.StageSince.Unix()
	}
	if s.Milestones != nil {
		c.DueOn = s.Milestones.NextDueOn
	}
	c.OpenParts = s.Subprojects != nil && s.Subprojects.Completed < s.Subprojects.Total
	return c
}

// complaint is what a condition says if it has the status that is bad.
func complaint(conditions []metav1.Condition, kind string, bad metav1.ConditionStatus) Complaint {
	c := meta.FindStatusCondition(conditions, kind)
	if c == nil || c.Status != bad {
		return Complaint{}
	}
	return Complaint{c.Reason, c.Message}
}

// scheduleRemedies are what to do about the reasons of condition OnSchedule.
var scheduleRemedies = map[string]string{
	v1alpha1.ReasonMilestoneOverdue: "have the project lead reach the milestone and record its completedOn, or plan it anew by its dueOn",
	v1alpha1.ReasonOverdue:          "have the project lead finish what is late, or have another day agreed for it",
	v1alpha1.ReasonPredecessorOpen:  "have the project in spec.dependsOn finished first, or take it out if the work does not need it",
}

// schedule tells of a project that is not on schedule, as its own status says.
func (a *auditor) schedule(p *v1alpha1.Project, c *Course) {
	if c.Schedule.Reason == "" {
		return
	}
	f := ofProject(p, c.Schedule.Reason, Fail, Medium)
	f.Message, f.Remedy = c.Schedule.Message, scheduleRemedies[c.Schedule.Reason]
	day := c.DueOn
	switch c.Schedule.Reason {
	case v1alpha1.ReasonOverdue:
		day = ""
		if p.Spec.Commission != nil {
			day = p.Spec.Commission.DueOn
		}
	case v1alpha1.ReasonPredecessorOpen:
		day, f.Result = "", Warn
	}
	if a.over(day) {
		f.Properties[PropertyEndsOn] = string(day)
	}
	a.add(f)
}

// over says whether a day is over; what is no day never is.
func (a *auditor) over(day v1alpha1.Date) bool {
	end, err := calendar.EndOfDay(string(day))
	if err != nil {
		return false
	}
	a.until(end)
	return !end.After(a.Now)
}

// stalledRemedies are what to do about the reasons of condition Stalled.
var stalledRemedies = map[string]string{
	v1alpha1.ReasonContradiction: "find out which of the two fields is right, and have the other one mended",
	v1alpha1.ReasonProjectCycle:  "take one of the projects out of spec.parentRef or spec.dependsOn",
}

// stalled tells of a project that a person must mend before it can be judged,
// such as one with evidence that contradicts itself.
func (a *auditor) stalled(p *v1alpha1.Project, c *Course) {
	if c.Stalled.Reason == "" {
		return
	}
	f := ofProject(p, c.Stalled.Reason, Fail, Medium)
	f.Message, f.Remedy = c.Stalled.Message, stalledRemedies[c.Stalled.Reason]
	if f.Remedy == "" {
		f.Remedy = "do what condition Stalled of the Project says"
	}
	a.add(f)
}

// atRest says whether nothing need change in a project. One with sub-projects
// goes on in them, and each of them is asked itself.
func (c *Course) atRest() bool {
	switch c.Stage {
	case "", v1alpha1.StageCompleted, v1alpha1.StageRejected, v1alpha1.StagePaused, v1alpha1.StageDeferred:
		return true
	}
	return c.OpenParts
}

// stale tells of a project in which nothing has changed for long.
func (a *auditor) stale(p *v1alpha1.Project, c *Course) {
	if c.atRest() {
		return
	}
	changed, coming := a.lastChange(p, c)
	if changed.IsZero() {
		return
	}
	end := changed.AddDate(0, 0, 1+quietDays)
	if end.After(a.Now) {
		a.until(end)
		return
	}
	a.until(coming)
	day := changed.Format(time.DateOnly)
	f := ofProject(p, RuleProjectStale, Warn, Low)
	f.Message = fmt.Sprintf("nothing has changed in the project since %s, for more than %d days", day, quietDays)
	if r := p.Spec.Recorded; r != nil && day == string(r.AsOfOn) {
		f.Message = fmt.Sprintf("the last that is known of the project is of %s, more than %d days ago: %s", day, quietDays, r.Source)
	}
	f.Remedy = "have the project lead record what has happened since (status.missing says what is next), set spec.paused, or have the body reject the project"
	f.Properties[PropertyLastChangeOn] = day
	a.add(f)
}

// lastChange is the start of the last day on which something changed in a
// project, and the first moment to come at which another day counts. A day on
// which evidence is to be is none before it has come.
//
// It counts what evidence says happened on a day, that the project entered its
// stage, and that it was created. Of a stage that only a paper asserts, it is the
// day of the paper that counts: that somebody wrote it down here is no news of
// the project.
func (a *auditor) lastChange(p *v1alpha1.Project, c *Course) (last, coming time.Time) {
	note := func(begin time.Time) {
		switch {
		case begin.After(a.Now):
			coming = calendar.Earliest(coming, begin)
		case begin.After(last):
			last = begin
		}
	}
	for _, day := range evidence(&p.Spec) {
		if begin, err := calendar.StartOfDay(string(day)); err == nil {
			note(begin)
		}
	}
	asserted := p.Spec.Recorded != nil && p.Spec.Recorded.Stage == c.Stage
	if asserted && !last.IsZero() {
		return last, coming
	}
	if c.Since != 0 && !asserted {
		note(dayOf(time.Unix(c.Since, 0)))
	}
	if !p.CreationTimestamp.IsZero() {
		note(dayOf(p.CreationTimestamp.Time))
	}
	return last, coming
}

// dayOf is the start of the day in which a moment lies.
func dayOf(at time.Time) time.Time {
	y, m, d := at.In(calendar.Location()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, calendar.Location())
}

// evidence are the days on which something happened, as the spec says; days that
// are only planned are none of them, and some may be empty.
func evidence(s *v1alpha1.ProjectSpec) []v1alpha1.Date {
	var days []v1alpha1.Date
	if s.Recorded != nil {
		days = append(days, s.Recorded.AsOfOn)
	}
	if s.Need != nil {
		days = append(days, s.Need.RecordedOn)
	}
	if s.Request != nil {
		days = append(days, s.Request.SubmittedOn, s.Request.ReleasedOn)
	}
	for i := range s.Decisions {
		days = append(days, s.Decisions[i].DecidedOn)
	}
	if s.Commission != nil {
		days = append(days, s.Commission.CommissionedOn)
	}
	if s.Procurement != nil {
		days = append(days, s.Procurement.StartedOn, s.Procurement.AwardedOn)
	}
	if s.Trial != nil {
		days = append(days, s.Trial.StartedOn, s.Trial.CompletedOn)
	}
	for i := range s.Milestones {
		days = append(days, s.Milestones[i].CompletedOn)
	}
	if t := s.Acceptance; t != nil {
		days = append(days, t.TestedOn, t.TrainedOn, t.AcceptedOn, t.ReleasedOn)
	}
	return days
}
