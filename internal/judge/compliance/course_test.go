// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// lively is a project that the main office leads, that was created today, and
// with which everything is as it should be.
func lively() *v1alpha1.Project {
	return &v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine", UID: "termine", CreationTimestamp: metav1.Time{Time: now}},
		Spec: v1alpha1.ProjectSpec{
			Lead: &v1alpha1.ProjectLead{Name: "Lead", UnitRef: new(unitRef("amt-10"))},
		},
		Status: v1alpha1.ProjectStatus{
			Stage: v1alpha1.StageInImplementation, StageSince: new(metav1.Time{Time: now}),
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionOnSchedule, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonOnSchedule}},
		},
	}
}

// old makes a project one of which nothing is known since a day in spring.
func old(p *v1alpha1.Project) {
	then := time.Date(2026, 4, 1, 9, 0, 0, 0, time.UTC)
	p.CreationTimestamp = metav1.Time{Time: then}
	p.Status.StageSince = new(metav1.Time{Time: then})
}

// says gives a project a condition.
func says(p *v1alpha1.Project, kind string, status metav1.ConditionStatus, reason, message string) {
	p.Status.Conditions = append(p.Status.Conditions[1:], metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message})
}

func judgeProject(change func(*v1alpha1.Project)) compliance.Judgement {
	p := lively()
	change(p)
	s := newScope()
	s.Projects = []*v1alpha1.Project{p}
	return compliance.Judge(s)
}

func TestWhetherAProjectGoesOn(t *testing.T) {
	stale := []string{"ProjectStale warn low"}
	long, recent := v1alpha1.Date("2026-05-05"), v1alpha1.Date("2026-11-01")
	tests := map[string]struct {
		change func(*v1alpha1.Project)
		want   []string
		next   time.Time
	}{
		"created today":          {func(*v1alpha1.Project) {}, nil, endOf(t, "2026-11-22").AddDate(0, 0, 90)},
		"nothing since spring":   {old, stale, time.Time{}},
		"entered its stage late": {func(p *v1alpha1.Project) { old(p); p.Status.StageSince.Time = now.AddDate(0, 0, -10) }, nil, endOf(t, "2026-11-12").AddDate(0, 0, 90)},
		"not judged yet":         {func(p *v1alpha1.Project) { old(p); p.Status.Stage = "" }, nil, time.Time{}},
		"is over":                {func(p *v1alpha1.Project) { old(p); p.Status.Stage = v1alpha1.StageCompleted }, nil, time.Time{}},
		"was rejected":           {func(p *v1alpha1.Project) { old(p); p.Status.Stage = v1alpha1.StageRejected }, nil, time.Time{}},
		"rests":                  {func(p *v1alpha1.Project) { old(p); p.Status.Stage = v1alpha1.StagePaused }, nil, time.Time{}},
		"was put off":            {func(p *v1alpha1.Project) { old(p); p.Status.Stage = v1alpha1.StageDeferred }, nil, time.Time{}},
		"goes on in its parts": {func(p *v1alpha1.Project) {
			old(p)
			p.Status.Subprojects = &v1alpha1.SubprojectSummary{Total: 2, Completed: 1}
		}, nil, time.Time{}},
		"only its parts are over": {func(p *v1alpha1.Project) {
			old(p)
			p.Status.Subprojects = &v1alpha1.SubprojectSummary{Total: 2, Completed: 2}
		}, stale, time.Time{}},
		"is known of a paper": {func(p *v1alpha1.Project) {
			p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: v1alpha1.StageInImplementation, AsOfOn: "2025-04-30", Source: "Status report"}
		}, stale, time.Time{}},
		"is known of a paper of this autumn": {func(p *v1alpha1.Project) {
			old(p)
			p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: v1alpha1.StageInImplementation, AsOfOn: "2026-09-30", Source: "Status report"}
		}, nil, endOf(t, "2026-09-30").AddDate(0, 0, 90)},
		"is known of a paper of no day": {func(p *v1alpha1.Project) {
			p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: v1alpha1.StageInImplementation, AsOfOn: "2025-02-30", Source: "Status report"}
		}, nil, endOf(t, "2026-11-22").AddDate(0, 0, 90)},
		"has gone further than the paper": {func(p *v1alpha1.Project) {
			p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: v1alpha1.StageCommissioned, AsOfOn: "2025-04-30", Source: "Status report"}
		}, nil, endOf(t, "2026-11-22").AddDate(0, 0, 90)},
		"planned days do not count": {func(p *v1alpha1.Project) {
			old(p)
			p.Spec.Commission = &v1alpha1.Commission{CommissionedOn: long, StartOn: recent, DueOn: "2027-03-31"}
			p.Spec.Milestones = []v1alpha1.Milestone{{Name: "a", DueOn: "2026-11-20"}}
		}, stale, time.Time{}},
		"evidence that is to come counts when it has come": {func(p *v1alpha1.Project) {
			old(p)
			p.Spec.Milestones = []v1alpha1.Milestone{{Name: "a", DueOn: long, CompletedOn: "2026-12-24"}, {Name: "b", DueOn: long, CompletedOn: "9999-12-31"}}
		}, stale, endOf(t, "2026-12-23")},
		"days that are none": {func(p *v1alpha1.Project) {
			old(p)
			p.Spec.Need, p.Spec.Trial = &v1alpha1.Need{RecordedOn: "2026-11-31"}, &v1alpha1.Trial{StartedOn: "soon", CompletedOn: "0000-00-00"}
		}, stale, time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := judgeProject(test.change)
			if diff := cmp.Diff(test.want, allTold(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if !got.Next.Equal(test.next) {
				t.Errorf("next is %s, want %s", got.Next, test.next)
			}
		})
	}
}

// Each piece of evidence shows that the project goes on.
func TestEvidenceShowsThatAProjectGoesOn(t *testing.T) {
	const recent v1alpha1.Date = "2026-11-01"
	for name, change := range map[string]func(*v1alpha1.ProjectSpec){
		"need":        func(s *v1alpha1.ProjectSpec) { s.Need = &v1alpha1.Need{RecordedOn: recent} },
		"request":     func(s *v1alpha1.ProjectSpec) { s.Request = &v1alpha1.ProjectRequest{SubmittedOn: recent} },
		"release":     func(s *v1alpha1.ProjectSpec) { s.Request = &v1alpha1.ProjectRequest{ReleasedOn: recent} },
		"decision":    func(s *v1alpha1.ProjectSpec) { s.Decisions = []v1alpha1.Decision{{}, {DecidedOn: recent}} },
		"commission":  func(s *v1alpha1.ProjectSpec) { s.Commission = &v1alpha1.Commission{CommissionedOn: recent} },
		"procurement": func(s *v1alpha1.ProjectSpec) { s.Procurement = &v1alpha1.Procurement{StartedOn: recent} },
		"award":       func(s *v1alpha1.ProjectSpec) { s.Procurement = &v1alpha1.Procurement{AwardedOn: recent} },
		"trial":       func(s *v1alpha1.ProjectSpec) { s.Trial = &v1alpha1.Trial{StartedOn: recent} },
		"trial over":  func(s *v1alpha1.ProjectSpec) { s.Trial = &v1alpha1.Trial{CompletedOn: recent} },
		"milestone":   func(s *v1alpha1.ProjectSpec) { s.Milestones = []v1alpha1.Milestone{{CompletedOn: recent}, {}} },
		"tested":      func(s *v1alpha1.ProjectSpec) { s.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: recent} },
		"trained":     func(s *v1alpha1.ProjectSpec) { s.Acceptance = &v1alpha1.ProjectAcceptance{TrainedOn: recent} },
		"accepted":    func(s *v1alpha1.ProjectSpec) { s.Acceptance = &v1alpha1.ProjectAcceptance{AcceptedOn: recent} },
		"released":    func(s *v1alpha1.ProjectSpec) { s.Acceptance = &v1alpha1.ProjectAcceptance{ReleasedOn: recent} },
	} {
		t.Run(name, func(t *testing.T) {
			got := judgeProject(func(p *v1alpha1.Project) { old(p); change(&p.Spec) })
			if want := endOf(t, string(recent)).AddDate(0, 0, 90); len(got.Findings) != 0 || !got.Next.Equal(want) {
				t.Errorf("findings %q, next %s, want none until %s", allTold(got), got.Next, want)
			}
		})
	}
}

func TestWhatIsToldOfAStaleProject(t *testing.T) {
	f := one(t, judgeProject(old), compliance.RuleProjectStale)
	if f.Subject.Kind != "Project" || f.Subject.Name != "termine" || f.Category != "Steering" || f.Remedy == "" ||
		f.Properties[compliance.PropertyLastChangeOn] != "2026-04-01" || !strings.Contains(f.Message, "2026-04-01") {
		t.Errorf("finding %+v", f)
	}
	f = one(t, judgeProject(func(p *v1alpha1.Project) {
		p.Spec.Recorded = &v1alpha1.RecordedStage{Stage: v1alpha1.StageInImplementation, AsOfOn: "2025-04-30", Source: "Status report of April 2025"}
	}), compliance.RuleProjectStale)
	if !strings.Contains(f.Message, "Status report of April 2025") || f.Properties[compliance.PropertyStage] != "InImplementation" {
		t.Errorf("finding %+v", f)
	}
}

// The last moment of the ninetieth day is in time, the next one is not.
func TestTheDayOnWhichAProjectGetsStale(t *testing.T) {
	s := newScope()
	p := lively()
	old(p)
	s.Projects = []*v1alpha1.Project{p}
	s.Now = endOf(t, "2026-04-01").AddDate(0, 0, 90).Add(-time.Second)
	if got := compliance.Judge(s); len(got.Findings) != 0 || !got.Next.Equal(s.Now.Add(time.Second)) {
		t.Errorf("within the day: %q, next %s", allTold(got), got.Next)
	}
	s.Now = s.Now.Add(time.Second)
	if got := compliance.Judge(s); len(got.Findings) != 1 || !got.Next.IsZero() {
		t.Errorf("after it: %q, next %s", allTold(got), got.Next)
	}
}

func TestWhatTheStatusOfAProjectComplainsOf(t *testing.T) {
	tests := map[string]struct {
		change func(*v1alpha1.Project)
		want   string
		endsOn string
		next   time.Time
	}{
		"milestone overdue": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue, "pilot was due on 2026-10-31")
			p.Status.Milestones = &v1alpha1.MilestoneSummary{Total: 2, Overdue: 1, Next: "pilot", NextDueOn: "2026-10-31"}
		}, "MilestoneOverdue fail medium", "2026-10-31", time.Time{}},
		"milestone overdue, and another is next": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue, "pilot is overdue")
			p.Status.Milestones = &v1alpha1.MilestoneSummary{Total: 2, Overdue: 1, Next: "roll-out", NextDueOn: "2026-12-31"}
		}, "MilestoneOverdue fail medium", "", endOf(t, "2026-12-31")},
		"overdue": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonOverdue, "it was due on 2026-11-21")
			p.Spec.Commission = &v1alpha1.Commission{CommissionedOn: "2026-01-01", DueOn: "2026-11-21"}
			p.Status.Milestones = &v1alpha1.MilestoneSummary{Total: 1, NextDueOn: "2026-11-20"}
		}, "Overdue fail medium", "2026-11-21", time.Time{}},
		"overdue without a commission": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonOverdue, "it is overdue")
		}, "Overdue fail medium", "", time.Time{}},
		"another must come first": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonPredecessorOpen, "amt-10/identity is not complete")
			p.Status.Milestones = &v1alpha1.MilestoneSummary{Total: 1, NextDueOn: "2026-11-20"}
		}, "PredecessorOpen warn medium", "", time.Time{}},
		"contradiction": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonContradiction, "commissioned before it was approved")
		}, "Contradiction fail medium", "", time.Time{}},
		"cycle": {func(p *v1alpha1.Project) {
			says(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProjectCycle, "a, b, a")
		}, "ProjectCycle fail medium", "", time.Time{}},
		"cannot be read": {func(p *v1alpha1.Project) {
			p.DecodingError, p.Spec = "spec.milestones: no list", v1alpha1.ProjectSpec{}
			says(p, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUndecodable, "spec.milestones: no list")
			old(p)
		}, "Undecodable fail medium", "", time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := judgeProject(func(p *v1alpha1.Project) {
				p.Spec.Need = &v1alpha1.Need{RecordedOn: "2026-11-22"}
				test.change(p)
				p.Status.Subprojects = &v1alpha1.SubprojectSummary{Total: 1} // so that no day of its own counts
			})
			if diff := cmp.Diff([]string{test.want}, allTold(got)); diff != "" {
				t.Fatalf("findings (-want +got):\n%s", diff)
			}
			f := got.Findings[0]
			if f.Policy != compliance.PolicyProjects || f.Message == "" || f.Remedy == "" || f.Properties[compliance.PropertyEndsOn] != test.endsOn {
				t.Errorf("finding %+v", f)
			}
			if !got.Next.Equal(test.next) {
				t.Errorf("next is %s, want %s", got.Next, test.next)
			}
		})
	}
}

// A policy that names nobody who leads projects says nothing of how they go.
func TestProjectsAreJudgedWhoeverLeads(t *testing.T) {
	p := lively()
	old(p)
	s := newScope()
	s.Policy, s.Projects = nil, []*v1alpha1.Project{p}
	if diff := cmp.Diff([]string{"ProjectStale warn low"}, allTold(compliance.Judge(s))); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestWhetherAHandoverIsInTime(t *testing.T) {
	const late = "HandoverOverdue fail medium"
	tests := map[string]struct {
		namespace string
		due       v1alpha1.Date
		stage     v1alpha1.HandoverStage
		want      []string
		next      time.Time
	}{
		"no day":                     {"amt-33", "", v1alpha1.HandoverPreparing, nil, time.Time{}},
		"its day is today":           {"amt-33", "2026-11-22", v1alpha1.HandoverVerifying, nil, endOf(t, "2026-11-22")},
		"its day is over":            {"amt-33", "2026-11-21", v1alpha1.HandoverVerifying, []string{late}, time.Time{}},
		"not judged yet":             {"amt-33", "2026-11-21", "", []string{late}, time.Time{}},
		"rejected":                   {"amt-33", "2026-11-21", v1alpha1.HandoverRejected, []string{late}, time.Time{}},
		"all have signed":            {"amt-33", "2026-11-21", v1alpha1.HandoverEarlyLifeSupport, nil, time.Time{}},
		"complete":                   {"amt-33", "2026-11-21", v1alpha1.HandoverCompleted, nil, time.Time{}},
		"of another namespace":       {"amt-10", "2026-11-21", v1alpha1.HandoverVerifying, nil, time.Time{}},
		"no day of the calendar":     {"amt-33", "2026-02-30", v1alpha1.HandoverVerifying, nil, time.Time{}},
		"nothing that looks like it": {"amt-33", "soon", v1alpha1.HandoverVerifying, nil, time.Time{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h := handover(test.namespace, "termine", test.stage, v1alpha1.ApplicationReference{Name: "termine", Namespace: "amt-33"})
			h.Spec.DueOn, h.Spec.ProjectRef = test.due, v1alpha1.ProjectReference{Name: "termine", Namespace: "amt-10"}
			s := newScope()
			s.Handovers = []*v1alpha1.Handover{h}
			got := compliance.Judge(s)
			if diff := cmp.Diff(test.want, allTold(got), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if !got.Next.Equal(test.next) {
				t.Errorf("next is %s, want %s", got.Next, test.next)
			}
			for _, f := range got.Findings {
				p := f.Properties
				if f.Subject.Kind != "Handover" || f.Subject.Namespace != "amt-33" || f.Subject.Name != "termine" || f.Remedy == "" || f.Category != "Operation" ||
					p[compliance.PropertyEndsOn] != string(test.due) || p[compliance.PropertyStage] == "" || p[compliance.PropertyProject] != "amt-10/termine" {
					t.Errorf("finding %+v", f)
				}
			}
		})
	}
}
