// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

func due(on v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) { s.Project.Spec.Commission.DueOn = on }
}

func latePart(name string, stage v1alpha1.ProjectStage) evidence {
	return together(part(name, stage), func(s *stagegate.Scope) { s.Parts[len(s.Parts)-1].Overdue = true })
}

// TestOnSchedule: what is late; all is told, and the first reason decides.
func TestOnSchedule(t *testing.T) {
	tests := map[string]struct {
		evidence evidence
		want     stagegate.Finding
	}{
		"nothing due":        {untilBegun, finding("Unknown", "NoSchedule", "there is no day on which anything is due: enter spec.milestones or spec.commission.dueOn")},
		"a milestone to be":  {together(untilBegun, due("2027-03-31"), milestone("b", "2026-12-31", ""), milestone("a", "2026-12-31", "")), finding("True", "OnSchedule", `the next milestone is "a", due on 2026-12-31`)},
		"due today":          {together(untilBegun, due("2026-11-20")), finding("True", "OnSchedule", "the project is to be complete on 2026-11-20")},
		"all reached":        {together(untilBegun, milestone("a", "2026-06-30", "2026-07-15")), finding("True", "OnSchedule", "all milestones are reached")},
		"none has a due day": {together(untilBegun, milestone("a", "never", "")), finding("Unknown", "NoSchedule", "there is no day on which anything is due: enter spec.milestones or spec.commission.dueOn")},
		"due yesterday":      {together(untilBegun, due("2026-11-19")), finding("False", "Overdue", "the project was to be complete on 2026-11-19 (spec.commission.dueOn)")},
		"milestones overdue": {
			together(untilBegun, milestone("c", "2026-11-20", ""), milestone("b", "2026-11-19", ""), milestone("a", "2026-10-31", "")),
			finding("False", "MilestoneOverdue", "overdue milestones: a (2026-10-31), b (2026-11-19)"),
		},
		"not begun, and a predecessor open": {together(untilOrdered, due("2027-01-01"), precedes("webgis", "InTrial")), finding("True", "OnSchedule", "the project is to be complete on 2027-01-01")},
		"begun, and a predecessor open": {
			together(untilBegun, due("2027-01-01"), precedes("dms", "Completed"), precedes("webgis", "InTrial"), precedes("rpa", "")),
			finding("False", "PredecessorOpen", "the work is to have begun, and projects that must come first are not complete: amt-10/webgis, amt-10/rpa"),
		},
		"to have begun, and not approved": {
			together(untilReleased, commissioned("2026-04-01", "2026-04-15"), precedes("webgis", "InTrial")),
			finding("False", "PredecessorOpen", "the work is to have begun, and projects that must come first are not complete: amt-10/webgis"),
		},
		"parts late": {
			together(untilBegun, latePart("a", "InTrial"), latePart("b", "Completed"), part("c", "InTrial")),
			finding("False", "Overdue", "sub-projects are not on schedule: a"),
		},
		"all at once": {
			together(untilBegun, milestone("a", "2026-10-31", ""), due("2026-11-01"), precedes("webgis", "InTrial"), latePart("a", "InTrial")),
			finding("False", "MilestoneOverdue", "overdue milestones: a (2026-10-31); the project was to be complete on 2026-11-01 (spec.commission.dueOn); the work is to have begun, and projects that must come first are not complete: amt-10/webgis; sub-projects are not on schedule: a"),
		},
		"paused":   {together(untilBegun, milestone("a", "2026-10-31", ""), paused("2026-11-01")), finding("Unknown", "Paused", "the project rests")},
		"complete": {together(untilHandover, milestone("a", "2026-10-31", ""), delivers("a", "Completed")), finding("True", "Ended", "the project is Completed, so nothing is due any more")},
		"rejected": {together(untilReleased, milestone("a", "2026-10-31", ""), steering("Rejected", "2026-11-01")), finding("True", "Ended", "the project is Rejected, so nothing is due any more")},
		"complete by a paper": {
			together(recorded("Completed", "2025-04-30"), milestone("a", "2026-10-31", "")),
			finding("True", "Ended", "the project is Completed, as Status report (as of 2025-04-30) says, so nothing is due any more"),
		},
		"put off": {together(untilReleased, steering("Deferred", "2026-03-12"), milestone("a", "2026-10-31", "")), finding("False", "MilestoneOverdue", "overdue milestones: a (2026-10-31)")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if v := stagegate.Judge(with(test.evidence)); v.OnSchedule != test.want {
				t.Errorf("%+v, want %+v", v.OnSchedule, test.want)
			}
		})
	}
}

func TestManyOverdue(t *testing.T) {
	s := with(untilBegun)
	for i := range 7 {
		milestone(fmt.Sprint("m", i), "2026-10-31", "")(s)
	}
	want := "overdue milestones: m0 (2026-10-31), m1 (2026-10-31), m2 (2026-10-31), m3 (2026-10-31), m4 (2026-10-31) and 2 more"
	if v := stagegate.Judge(s); v.OnSchedule.Message != want {
		t.Errorf("%q", v.OnSchedule.Message)
	}
}

func TestWithinBudget(t *testing.T) {
	money := func(budget, spent *int64) evidence {
		return together(untilBegun, func(s *stagegate.Scope) {
			s.Project.Spec.Commission.BudgetEUR, s.Project.Spec.SpentEUR = budget, spent
		})
	}
	if v := stagegate.Judge(with(money(nil, new(int64(5))))); v.WithinBudget != nil {
		t.Errorf("without a budget: %+v", v.WithinBudget)
	}
	if v := stagegate.Judge(with()); v.WithinBudget != nil {
		t.Errorf("without a commission: %+v", v.WithinBudget)
	}
	tests := map[string]struct {
		budget int64
		spent  *int64
		want   stagegate.Finding
	}{
		"unknown":   {100, nil, finding("Unknown", "SpendingUnknown", "the budget is 100 EUR, and nobody said what was spent: the project lead (Kim) enters it in spec.spentEUR")},
		"all spent": {100, new(int64(100)), finding("True", "WithinBudget", "100 EUR of a budget of 100 EUR were spent")},
		"too much":  {100, new(int64(101)), finding("False", "OverBudget", "101 EUR of a budget of 100 EUR were spent, 1 EUR too much")},
		"nothing":   {0, new(int64(0)), finding("True", "WithinBudget", "0 EUR of a budget of 0 EUR were spent")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if v := stagegate.Judge(with(money(&test.budget, test.spent))); v.WithinBudget == nil || *v.WithinBudget != test.want {
				t.Errorf("%+v, want %+v", v.WithinBudget, test.want)
			}
		})
	}
}

func TestLedByMainOffice(t *testing.T) {
	of := func(unit string) evidence {
		return func(s *stagegate.Scope) {
			s.Project.Spec.Lead.UnitRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(unit)}
		}
	}
	tests := map[string]struct {
		evidence evidence
		want     stagegate.Finding
	}{
		"the office":     {of("amt-10"), finding("True", "LedByMainOffice", "the project lead (Kim) is of amt-10, which leads projects")},
		"below it":       {of("amt-10-1"), finding("True", "LedByMainOffice", "the project lead (Kim) is of amt-10-1, which leads projects")},
		"tree not known": {together(of("amt-10"), func(s *stagegate.Scope) { s.LeadUnits = nil }), finding("True", "LedByMainOffice", "the project lead (Kim) is of amt-10, which leads projects")},
		"elsewhere":      {of("kdz-16"), finding("False", "LedElsewhere", "the project lead (Kim) is of kdz-16, and projects are led by amt-10 and its units")},
		"of no unit":     {of(""), finding("False", "NoLead", "it is not said of which unit the project lead (Kim) is: enter spec.lead.unitRef")},
		"nobody":         {func(s *stagegate.Scope) { s.Project.Spec.Lead = nil }, finding("False", "NoLead", "nobody is named who leads the project: enter spec.lead")},
		"no policy":      {func(s *stagegate.Scope) { s.Policy = nil }, finding("Unknown", "NoLeadUnit", "the GovernancePolicy names no unit that leads projects (spec.projects.leadUnitRef)")},
		"policy of none": {func(s *stagegate.Scope) { s.Policy.LeadUnitRef = nil }, finding("Unknown", "NoLeadUnit", "the GovernancePolicy names no unit that leads projects (spec.projects.leadUnitRef)")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if v := stagegate.Judge(with(test.evidence)); v.LedByMainOffice != test.want {
				t.Errorf("%+v, want %+v", v.LedByMainOffice, test.want)
			}
		})
	}
}

func TestHandedOver(t *testing.T) {
	paper := recorded("Completed", "2025-04-30")
	const says = "Status report (as of 2025-04-30) says that the project is complete; no Handover says otherwise"
	tests := map[string]struct {
		evidence evidence
		want     stagegate.Finding
	}{
		"nothing":             {together(), finding("Unknown", "NoDeliverables", "the project names no Application that it delivers (spec.deliverables)")},
		"no handover":         {together(delivers("a", ""), delivers("b", "Completed")), finding("False", "NoHandover", "no Handover of this project names a")},
		"under way":           {together(delivers("a", "Verifying"), delivers("b", "EarlyLifeSupport")), finding("False", "HandoverIncomplete", "not complete: a-handover")},
		"helps":               {together(delivers("a", "Completed"), delivers("b", "EarlyLifeSupport")), finding("False", "EarlyLifeSupport", "in early-life support: b-handover")},
		"refused":             {together(delivers("a", ""), delivers("b", "Rejected")), finding("False", "HandoverRejected", "rejected: b-handover")},
		"all":                 {together(delivers("a", "Completed"), delivers("b", "Completed")), finding("True", "HandedOver", "all that the project delivers is handed over")},
		"a paper":             {paper, finding("True", "Asserted", says)},
		"a paper of some":     {together(paper, delivers("a", ""), delivers("b", "Completed")), finding("True", "Asserted", says)},
		"a handover, a paper": {together(paper, delivers("a", "Preparing")), finding("False", "HandoverIncomplete", "not complete: a-handover")},
		"a paper of all":      {together(paper, delivers("a", "Completed")), finding("True", "HandedOver", "all that the project delivers is handed over")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if v := stagegate.Judge(with(test.evidence)); v.HandedOver != test.want {
				t.Errorf("%+v, want %+v", v.HandedOver, test.want)
			}
		})
	}
}

// TestMilestones: the next is the first due that is not reached, and one is
// overdue when its day is over in Mainz.
func TestMilestones(t *testing.T) {
	s := with(untilBegun, milestone("b", "2026-11-20", ""), milestone("c", "2026-11-19", "2026-11-20"), milestone("d", "2026-12-31", "2026-11-21"))
	tests := []struct {
		at        time.Time
		completed int32
		overdue   int32
		next      string
	}{
		{now, 1, 0, "b"},
		{startOf(t, "2026-11-21").Add(-time.Nanosecond), 1, 0, "b"},
		{startOf(t, "2026-11-21"), 2, 1, "b"},
	}
	for _, test := range tests {
		s.Now = test.at
		want := v1alpha1.MilestoneSummary{Total: 3, Completed: test.completed, Overdue: test.overdue, Next: test.next, NextDueOn: "2026-11-20"}
		if v := stagegate.Judge(s); *v.Milestones != want {
			t.Errorf("at %v: %+v, want %+v", test.at, *v.Milestones, want)
		}
	}
	long := strings.Repeat("ü", 128)
	for name, want := range map[string]string{long: long, long + "ü": strings.Repeat("ü", 62) + "…"} {
		if v := stagegate.Judge(with(untilBegun, milestone(name, "2026-12-31", ""))); v.Milestones.Next != want {
			t.Errorf("next is %q, want %q", v.Milestones.Next, want)
		}
	}
	late := milestone("late", "2026-10-31", "")
	resting := v1alpha1.MilestoneSummary{Total: 1, Next: "late", NextDueOn: "2026-10-31"}
	if v := stagegate.Judge(with(untilBegun, late, paused("2026-11-01"))); *v.Milestones != resting {
		t.Errorf("at rest: %+v", *v.Milestones)
	}
	if v := stagegate.Judge(with(late, steering("Rejected", "2026-11-01"))); *v.Milestones != (v1alpha1.MilestoneSummary{Total: 1}) {
		t.Errorf("ended: %+v", *v.Milestones)
	}
	if v := stagegate.Judge(with()); v.Milestones != nil || v.Subprojects != nil || v.Deliverables != nil || v.OnlineServices != nil {
		t.Errorf("counts of nothing: %+v", v)
	}
}

func TestCounts(t *testing.T) {
	v := stagegate.Judge(with(latePart("a", "Completed"), latePart("b", "InTrial"), part("c", ""), delivers("a", "Completed"), delivers("b", "")))
	if want := (v1alpha1.SubprojectSummary{Total: 3, Completed: 1, Overdue: 1}); *v.Subprojects != want {
		t.Errorf("%+v, want %+v", *v.Subprojects, want)
	}
	if want := (v1alpha1.DeliverableSummary{Total: 2, HandedOver: 1}); *v.Deliverables != want {
		t.Errorf("%+v, want %+v", *v.Deliverables, want)
	}
}

// TestOnlineServices: joined by both names, against the target or 2.
func TestOnlineServices(t *testing.T) {
	s := with(func(s *stagegate.Scope) {
		s.Project.Spec.OnlineServices = []v1alpha1.TargetOnlineService{
			{OZGService: "Wohnsitz", Name: "Anmeldung"},
			{OZGService: "Wohnsitz", Name: "Abmeldung"},
			{OZGService: "Ehe", Name: "Ehe"},
			{OZGService: "Kfz", Name: "Abmeldung", TargetMaturity: new(int32(3))},
			{OZGService: "Kfz", Name: "Auskunft", TargetMaturity: new(int32(0))},
			{OZGService: "Kfz", Name: "Wunsch", TargetMaturity: new(int32(0))},
			{OZGService: strings.Repeat("ü", 256), Name: "Zoll"},
		}
		s.Offered = map[stagegate.Service]int32{
			{OZGService: "Wohnsitz", Name: "Anmeldung"}: 2, {OZGService: "Wohnsitz", Name: "Abmeldung"}: 1,
			{OZGService: "Kfz", Name: "Abmeldung"}: 2, {OZGService: "Kfz", Name: "Auskunft"}: 0,
		}
	})
	want := &v1alpha1.OnlineServiceSummary{Total: 7, AtTarget: 2, Missing: []string{
		"Abmeldung (Kfz)", "Abmeldung (Wohnsitz)", "Ehe", "Wunsch (Kfz)", "Zoll (" + strings.Repeat("ü", 123) + "…",
	}}
	if diff := cmp.Diff(want, stagegate.Judge(s).OnlineServices); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := range 40 {
		s.Project.Spec.OnlineServices = append(s.Project.Spec.OnlineServices, v1alpha1.TargetOnlineService{OZGService: "A", Name: fmt.Sprint("A", i)})
	}
	if v := stagegate.Judge(s); len(v.OnlineServices.Missing) != 32 || v.OnlineServices.AtTarget != 2 {
		t.Errorf("%d missing, %d at target", len(v.OnlineServices.Missing), v.OnlineServices.AtTarget)
	}
}

// TestNext: the first day or deadline that changes the verdict by itself.
func TestNext(t *testing.T) {
	tests := map[string]struct {
		evidence evidence
		next     string
	}{
		"nothing":          {untilBegun, ""},
		"a milestone":      {together(untilBegun, milestone("a", "2027-01-31", ""), milestone("b", "2026-12-31", "2026-11-01")), "2027-02-01"},
		"today's":          {together(untilBegun, milestone("a", "2026-11-20", "")), "2026-11-21"},
		"overdue":          {together(untilBegun, milestone("a", "2026-11-19", "")), ""},
		"the whole":        {together(untilBegun, due("2027-03-27")), "2027-03-28"},
		"a decision":       {together(untilReleased, steering("Approved", "2026-12-01")), "2026-12-01"},
		"the work":         {together(untilApproved, commissioned("2026-04-01", "2026-11-21")), "2026-11-21"},
		"a pause":          {together(untilBegun, milestone("a", "2026-12-31", ""), paused("2026-12-01")), "2026-12-01"},
		"during a pause":   {together(untilBegun, milestone("a", "2026-12-31", ""), paused("2026-11-01")), ""},
		"complete":         {together(untilHandover, delivers("a", "Completed"), milestone("a", "2026-12-31", ""), due("2026-12-31")), ""},
		"a paper to come":  {recorded("Completed", "2026-12-01"), "2026-12-01"},
		"over the clocks'": {together(untilBegun, milestone("a", "2027-03-28", "")), "2027-03-29"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := time.Time{}
			if test.next != "" {
				want = startOf(t, test.next)
			}
			if v := stagegate.Judge(with(test.evidence)); !v.Next.Equal(want) {
				t.Errorf("next %v, want %v", v.Next, want)
			}
		})
	}
}

// TestNames: what is of the same namespace goes by its name.
func TestNames(t *testing.T) {
	v := stagegate.Judge(with(func(s *stagegate.Scope) {
		for _, namespace := range []string{"amt-33", "amt-10"} {
			s.Deliverables = append(s.Deliverables, stagegate.Deliverable{Key: types.NamespacedName{Namespace: namespace, Name: "a"}, Exists: true})
		}
	}))
	if want := "no Handover of this project names a, amt-10/a"; v.HandedOver.Message != want {
		t.Errorf("%q, want %q", v.HandedOver.Message, want)
	}
}
