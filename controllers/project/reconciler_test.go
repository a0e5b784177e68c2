// SPDX-License-Identifier: Apache-2.0

package project

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// TestExample: the example of a standard project reads as its comment says.
func TestExample(t *testing.T) {
	w := newWorld(t)
	undecided := w.example("undecided")
	undecided.Spec.Decisions, undecided.Spec.Commission, undecided.Spec.Milestones = nil, nil, nil
	w.Create(w.application("termine"), w.example("example"), undecided)
	o := w.start()
	p := w.await("example", is(v1alpha1.StageInImplementation), ready,
		says(v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue, "pilot", "2026-10-31"),
		says(v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved),
		says(v1alpha1.ConditionWithinBudget, metav1.ConditionUnknown, v1alpha1.ReasonSpendingUnknown),
		says(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonNoHandover, "termine"),
		says(v1alpha1.ConditionLedByMainOffice, metav1.ConditionTrue, v1alpha1.ReasonLedByMainOffice, "amt-10"))
	want := v1alpha1.ProjectStatus{
		ObservedGeneration: 1, Stage: v1alpha1.StageInImplementation, StageSince: p.Status.StageSince, Rank: new(int32(3)),
		Milestones:   &v1alpha1.MilestoneSummary{Total: 3, Completed: 1, Overdue: 1, Next: "pilot", NextDueOn: "2026-10-31"},
		Deliverables: &v1alpha1.DeliverableSummary{Total: 1},
		Missing:      p.Status.Missing, Conditions: p.Status.Conditions,
	}
	if diff := cmp.Diff(want, p.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if since := p.Status.StageSince; since == nil || since.Sub(friday).Abs() > time.Hour {
		t.Errorf("it is in its stage since %v", since)
	}
	for _, reason := range []string{v1alpha1.MissingMilestone, v1alpha1.MissingTest, v1alpha1.MissingTraining, v1alpha1.MissingAcceptance, v1alpha1.MissingOperationRelease} {
		if !slices.ContainsFunc(p.Status.Missing, func(m v1alpha1.MissingItem) bool { return m.Reason == reason && m.Field != "" && m.Message != "" }) {
			t.Errorf("%s is not said to be missing: %+v", reason, p.Status.Missing)
		}
	}
	w.await("undecided", is(v1alpha1.StageAwaitingDecision))
	noEvent(t, o) // both are seen for the first time
	for stage, want := range map[v1alpha1.ProjectStage]float64{v1alpha1.StageInImplementation: 1, v1alpha1.StageAwaitingDecision: 1} {
		if n, _ := o.Metric("kdz_projects", "programme", "OZG", "stage", string(stage)); n != want {
			t.Errorf("the metric counts %v projects that are %s", n, stage)
		}
	}
	if n, _ := o.Metric("kdz_project_milestones_overdue", "programme", "OZG"); n != 1 {
		t.Errorf("the metric counts %v milestones that are overdue", n)
	}

	// The round decides, and the project goes on; and one that goes leaves the
	// metrics.
	w.Must(w.Client.Delete(t.Context(), w.project("example")))
	controllertest.Alter(w.World, undecided, func(p *v1alpha1.Project) { p.Spec.Decisions = w.example("").Spec.Decisions })
	w.await("undecided", is(v1alpha1.StageApproved))
	if e := <-o.Events; e != "Normal Approved the project is Approved, after AwaitingDecision" {
		t.Errorf("Event %q", e)
	}
	controllertest.AwaitThat(t, "the metrics follow", func() bool {
		_, left := o.Metric("kdz_projects", "stage", string(v1alpha1.StageInImplementation))
		n, _ := o.Metric("kdz_projects", "stage", string(v1alpha1.StageApproved))
		return !left && n == 1
	})
}

// TestCycle: projects that wait for themselves are told so, with the way round,
// and it is over when one of them is changed.
func TestCycle(t *testing.T) {
	w := newWorld(t)
	w.Create(
		w.project("a", partOf("b")), w.project("b", partOf("c")), w.project("c", partOf("a")), w.project("beside", partOf("a")),
		w.project("part", partOf("whole"), after("whole")), w.project("whole"),
		w.project("chain-1"), w.project("chain-2", after("chain-1")), w.project("chain-3", after("chain-2")),
	)
	w.start()
	stalled := func(way string) func(*v1alpha1.Project) string {
		return says(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonProjectCycle, ": "+way+" (")
	}
	w.await("a", stalled("a → c → b → a"))
	w.await("b", stalled("b → a → c → b"))
	w.await("c", stalled("c → b → a → c"))
	w.await("part", stalled("part → whole → part"))
	w.await("whole", stalled("whole → part → whole"))
	for _, name := range []string{"beside", "chain-1", "chain-2", "chain-3"} {
		w.await(name, ready)
	}
	controllertest.Alter(w.World, w.project("chain-1"), after("chain-3"))
	w.await("chain-2", stalled("chain-2 → chain-1 → chain-3 → chain-2"))

	// One change is enough for all of them.
	controllertest.Alter(w.World, w.project("chain-3"), func(p *v1alpha1.Project) { p.Spec.DependsOn = nil })
	controllertest.Alter(w.World, w.project("c"), func(p *v1alpha1.Project) { p.Spec.ParentRef = nil })
	w.Must(w.Client.Delete(t.Context(), w.project("part")))
	for _, name := range []string{"a", "b", "c", "whole", "chain-1", "chain-2", "chain-3"} {
		w.await(name, ready)
	}
}

// TestReferencesHeal: what is not there is named by its field, and nothing is
// left of that once it appears.
func TestReferencesHeal(t *testing.T) {
	w := newWorld(t)
	w.Create(w.project("new", partOf("programme"), after("earlier"), func(p *v1alpha1.Project) {
		p.Spec.OfficeRef.Name = "amt-61"
		p.Spec.Lead = &v1alpha1.ProjectLead{Name: "Lead", UnitRef: &v1alpha1.UnitReference{Name: "amt-10-1"}}
		p.Spec.Deliverables = []v1alpha1.ApplicationReference{{Name: "termine"}, {Namespace: "elsewhere", Name: "geo"}}
	}))
	w.start()
	words := []string{ // in the order in which it is to appear
		"OrganisationalUnit amt-61, named by spec.officeRef, does not exist",
		"Project programme, named by spec.parentRef",
		"OrganisationalUnit amt-10-1, named by spec.lead.unitRef",
		"Project earlier, named by spec.dependsOn[0]",
		"Application termine, named by spec.deliverables[0]",
		"Application elsewhere/geo, named by spec.deliverables[1]",
	}
	misses := func(from int) func(*v1alpha1.Project) string {
		return func(p *v1alpha1.Project) string {
			for _, word := range words[:from] {
				if says(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound, word)(p) == "" {
					return "it still says: " + word
				}
			}
			return says(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound, words[from:]...)(p)
		}
	}
	w.await("new", is(v1alpha1.StageRegistered), misses(0))
	w.Create(w.unit("amt-61", ""), w.project("programme"), w.unit("amt-10-1", "amt-10"))
	w.await("new", is(v1alpha1.StageRegistered), misses(3))
	w.Create(w.project("earlier"), w.application("termine"))
	w.await("new", is(v1alpha1.StageRegistered), misses(5))
	controllertest.Alter(w.World, w.project("new"), func(p *v1alpha1.Project) { p.Spec.Deliverables = p.Spec.Deliverables[:1] })
	w.await("new", ready, says(v1alpha1.ConditionLedByMainOffice, metav1.ConditionTrue, v1alpha1.ReasonLedByMainOffice))

	// What goes again is missed again.
	w.Must(w.Client.Delete(t.Context(), w.application("termine")))
	w.Must(w.Client.Delete(t.Context(), w.project("earlier")))
	w.await("new", says(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound, words[3], words[4]))
}

// TestProgramme: sub-projects are rolled up to their programme, and it is
// complete when they are.
func TestProgramme(t *testing.T) {
	w := newWorld(t)
	w.Create(
		w.project("programme", accepted()),
		w.project("first", partOf("programme"), recorded(v1alpha1.StageCompleted)),
		w.project("late", partOf("programme"), recorded(v1alpha1.StageInImplementation), due("roll-out", "2026-11-01")),
		w.project("last", partOf("programme"), accepted("termine")), w.application("termine"),
	)
	h := w.handover("last", "last", "termine")
	w.Create(h)
	o := w.start()
	counts := func(completed, overdue int32) func(*v1alpha1.Project) string {
		return func(p *v1alpha1.Project) string {
			want := &v1alpha1.SubprojectSummary{Total: 3, Completed: completed, Overdue: overdue}
			return cmp.Diff(want, p.Status.Subprojects)
		}
	}
	w.await("programme", is(v1alpha1.StageInHandover), counts(1, 1))
	w.await("last", is(v1alpha1.StageInHandover), says(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete))
	w.judged(h, v1alpha1.HandoverCompleted)
	w.await("last", is(v1alpha1.StageCompleted), says(v1alpha1.ConditionHandedOver, metav1.ConditionTrue, v1alpha1.ReasonHandedOver))
	w.await("programme", is(v1alpha1.StageInHandover), counts(2, 1))
	controllertest.Alter(w.World, w.project("late"), func(p *v1alpha1.Project) {
		p.Spec.Recorded.Stage = v1alpha1.StageCompleted
	})
	p := w.await("programme", is(v1alpha1.StageCompleted), counts(3, 0))
	if p.Status.StageSince == nil || p.Status.StageSince.Time.Before(friday) {
		t.Errorf("it is complete since %v", p.Status.StageSince)
	}
	controllertest.Await(t, func() string { // it is told after the status
		if n, _ := o.Metric("kdz_projects", "stage", string(v1alpha1.StageCompleted)); n != 4 {
			return fmt.Sprintf("the metric counts %v projects that are complete", n)
		}
		return ""
	})
}

// TestFurthestHandover: of several handovers that name an Application that of
// this project which has come furthest counts.
func TestFurthestHandover(t *testing.T) {
	w := newWorld(t)
	w.Create(w.application("termine"), w.application("geo"), w.project("p", accepted("termine", "geo")), w.project("other"))
	rejected, both := w.handover("a-rejected", "p", "termine", "geo"), w.handover("both", "p", "termine", "geo")
	foreign := w.handover("foreign", "other", "geo")
	w.Create(rejected, both, foreign)
	w.judged(rejected, v1alpha1.HandoverRejected)
	w.judged(foreign, v1alpha1.HandoverCompleted)
	w.start()
	counts := func(handedOver int32) func(*v1alpha1.Project) string {
		return func(p *v1alpha1.Project) string {
			return cmp.Diff(&v1alpha1.DeliverableSummary{Total: 2, HandedOver: handedOver}, p.Status.Deliverables)
		}
	}
	w.await("p", counts(0), says(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonHandoverRejected, "a-rejected"))
	w.judged(both, v1alpha1.HandoverEarlyLifeSupport)
	w.await("p", counts(0), says(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport, "both"))
	w.judged(both, v1alpha1.HandoverCompleted)
	w.await("p", is(v1alpha1.StageCompleted), counts(2))
	w.Must(w.Client.Delete(t.Context(), both))
	w.await("p", is(v1alpha1.StageInHandover), counts(0))
}

// TestOnlineServices: a programme is told which of its services Applications in
// operation offer at their target maturity.
func TestOnlineServices(t *testing.T) {
	w := newWorld(t)
	offer := func(name string, maturity int32) v1alpha1.OnlineService {
		return v1alpha1.OnlineService{OZGService: "Ausweis", Name: name, Maturity: &maturity}
	}
	planned := w.application("planned", offer("renew", 4))
	planned.Spec.Lifecycle = v1alpha1.LifecyclePlanned
	w.Create(planned, w.application("web", offer("apply", 1), offer("lose", 0)), w.project("programme", func(p *v1alpha1.Project) {
		for _, name := range []string{"apply", "renew"} {
			p.Spec.OnlineServices = append(p.Spec.OnlineServices, v1alpha1.TargetOnlineService{OZGService: "Ausweis", Name: name, TargetMaturity: new(int32(2))})
		}
		p.Spec.OnlineServices = append(p.Spec.OnlineServices, v1alpha1.TargetOnlineService{OZGService: "Ausweis", Name: "lose", TargetMaturity: new(int32(0))})
	}))
	w.start()
	counts := func(atTarget int32, missing ...string) func(*v1alpha1.Project) string {
		return func(p *v1alpha1.Project) string {
			return cmp.Diff(&v1alpha1.OnlineServiceSummary{Total: 3, AtTarget: atTarget, Missing: missing}, p.Status.OnlineServices)
		}
	}
	w.await("programme", counts(1, "apply (Ausweis)", "renew (Ausweis)"))
	controllertest.Alter(w.World, planned, func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleOperating })
	w.await("programme", counts(2, "apply (Ausweis)"))
	w.Create(w.application("better", offer("apply", 3)))
	w.await("programme", counts(3))
	w.Must(w.Client.Delete(t.Context(), w.application("better")))
	w.await("programme", counts(2, "apply (Ausweis)"))
}

// TestOverdueAtItsMoment: a milestone whose day ends is told then, although
// nothing happens, and nobody asks before.
func TestOverdueAtItsMoment(t *testing.T) {
	w := newWorld(t)
	midnight := time.Date(2026, 11, 19, 23, 0, 0, 0, time.UTC) // in Mainz
	w.Create(w.project("other"), w.application("termine"))
	o := w.start()
	w.await("other", ready)
	controllertest.AwaitThat(t, "nobody is looked at any more", w.still())
	// What happens before midnight is that one object is created, and told once.
	w.clock.Set(midnight.Add(-8 * time.Second))
	before, written := w.reconciled(), o.Written()
	late := w.example("p")
	late.Spec.Milestones[1].DueOn = "2026-11-19"
	w.Create(late)
	w.await("p", is(v1alpha1.StageInImplementation), says(v1alpha1.ConditionOnSchedule, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule))
	p := w.await("p", says(v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue, "pilot"))
	if now := w.clock.Now(); now.Before(midnight) {
		t.Errorf("it is told %s before it is so", midnight.Sub(now))
	}
	if p.Status.Milestones.Overdue != 1 || p.Status.StageSince.Time.After(midnight) {
		t.Errorf("status %+v", p.Status)
	}
	if n := o.Written() - written; n != 2 {
		t.Errorf("%d writes, want one before and one after midnight", n)
	}
	// Each write is followed by a look at what was written.
	if n := w.reconciled() - before; n > 4 {
		t.Errorf("it was looked at %v times, want at most 4", n)
	}
	if e := <-o.Events; !strings.HasPrefix(e, "Warning MilestoneOverdue ") {
		t.Errorf("Event %q", e)
	}
	noEvent(t, o)
}

// TestAtRestNothingIsWritten: neither by the operator that wrote what there is,
// nor by the next one; and what another hand wrote is put right.
func TestAtRestNothingIsWritten(t *testing.T) {
	w := newWorld(t)
	w.Create(w.example("p"), w.application("termine"), w.project("part", partOf("p")))
	first := w.start()
	w.await("part", ready)
	p := w.await("p", ready, func(p *v1alpha1.Project) string {
		return cmp.Diff(&v1alpha1.SubprojectSummary{Total: 1}, p.Status.Subprojects)
	})
	first.Stop()
	p = controllertest.Get(w.World, p)
	if n := first.Written(); n > 3 {
		t.Errorf("%d writes of two projects, want at most 3", n)
	}

	w.clock.Set(friday.Add(48 * time.Hour))
	second := w.start()
	controllertest.AwaitThat(t, "both were looked at", func() bool {
		n, _ := second.Metric("kdz_projects")
		return n == 2
	})
	forged := p.DeepCopy()
	forged.Status.Stage, forged.Status.Rank = v1alpha1.StageCompleted, new(int32(1))
	w.Must(w.Client.Status().Patch(t.Context(), forged, client.MergeFrom(p)))
	p = w.await("p", is(v1alpha1.StageInImplementation))
	if *p.Status.Rank != 3 {
		t.Errorf("the forged rank stands: %+v", p.Status)
	}
	if n := second.Written(); n != 1 {
		t.Errorf("%d writes, want the one that put it right", n)
	}
}

// TestTwoHundredMilestones: as many as a project may have are counted.
func TestTwoHundredMilestones(t *testing.T) {
	w := newWorld(t)
	w.Create(w.example("p"), w.application("termine"))
	controllertest.Alter(w.World, w.project("p"), func(p *v1alpha1.Project) {
		p.Spec.Milestones = nil
		for i := range 200 {
			due(fmt.Sprintf("%s %03d", strings.Repeat("ä", 120), i), v1alpha1.Date(fmt.Sprintf("2026-%02d-15", 12-i/20)))(p)
		}
	})
	w.start()
	p := w.await("p", ready, says(v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue))
	if m := p.Status.Milestones; m.Total != 200 || m.Overdue != 180 || m.NextDueOn != "2026-03-15" || !strings.HasSuffix(m.Next, " 180") {
		t.Errorf("milestones %+v", m)
	}
	if n := len(p.Status.Missing); n == 0 || n > 32 {
		t.Errorf("%d things are missing", n)
	}
}

// TestUnitsAndPolicy: who leads projects follows from the policy and the tree of
// units, whenever these change.
func TestUnitsAndPolicy(t *testing.T) {
	w := newWorld(t)
	w.Create(w.unit("amt-10-1", "amt-33"), w.project("p", func(p *v1alpha1.Project) {
		p.Spec.Lead = &v1alpha1.ProjectLead{Name: "Lead", UnitRef: &v1alpha1.UnitReference{Name: "amt-10-1"}}
	}))
	w.start()
	led := func(value metav1.ConditionStatus, reason string) func(*v1alpha1.Project) string {
		return says(v1alpha1.ConditionLedByMainOffice, value, reason)
	}
	w.await("p", led(metav1.ConditionFalse, v1alpha1.ReasonLedElsewhere))
	controllertest.Alter(w.World, w.unit("amt-10-1", ""), func(u *v1alpha1.OrganisationalUnit) { u.Spec.ParentRef.Name = "amt-10" })
	w.await("p", led(metav1.ConditionTrue, v1alpha1.ReasonLedByMainOffice))
	policy := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	controllertest.Alter(w.World, policy, func(p *v1alpha1.GovernancePolicy) { p.Spec.Projects.LeadUnitRef.Name = "amt-33" })
	w.await("p", led(metav1.ConditionFalse, v1alpha1.ReasonLedElsewhere))
	w.Must(w.Client.Delete(t.Context(), policy))
	w.await("p", led(metav1.ConditionUnknown, v1alpha1.ReasonNoLeadUnit))
	w.Create(load[v1alpha1.GovernancePolicy](w, "00-policy.yaml")) // for whoever comes next
}

// TestBudget: the condition is there while there is a budget, and an Event tells
// when it is exceeded.
func TestBudget(t *testing.T) {
	w := newWorld(t)
	w.Create(w.project("p", recorded(v1alpha1.StageInImplementation)))
	o := w.start()
	without := func(p *v1alpha1.Project) string {
		if c := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionWithinBudget); c != nil {
			return "there is no budget, and a condition says that it is " + c.Reason
		}
		return ""
	}
	p := w.await("p", without)
	controllertest.Alter(w.World, p, func(p *v1alpha1.Project) {
		p.Spec.Commission = &v1alpha1.Commission{CommissionedOn: "2026-02-02", BudgetEUR: new(int64(100))}
		p.Spec.SpentEUR = new(int64(101))
	})
	w.await("p", says(v1alpha1.ConditionWithinBudget, metav1.ConditionFalse, v1alpha1.ReasonOverBudget, "101"))
	controllertest.Alter(w.World, p, func(p *v1alpha1.Project) { p.Spec.Commission.BudgetEUR = new(int64(101)) })
	w.await("p", says(v1alpha1.ConditionWithinBudget, metav1.ConditionTrue, v1alpha1.ReasonWithinBudget))
	for _, want := range []string{"Warning OverBudget ", "Normal WithinBudget "} {
		if e := <-o.Events; !strings.HasPrefix(e, want) {
			t.Errorf("Event %q, want %q", e, want)
		}
	}
	controllertest.Alter(w.World, p, func(p *v1alpha1.Project) { p.Spec.Commission = nil })
	w.await("p", without)
}

// TestContradiction: evidence that cannot be right is for a person to mend.
func TestContradiction(t *testing.T) {
	w := newWorld(t)
	p := w.example("p")
	p.Spec.Commission.CommissionedOn, p.Spec.Commission.StartOn = "2026-03-01", "2026-04-15" // before the decision
	w.Create(p, w.application("termine"))
	w.start()
	w.await("p", is(v1alpha1.StageApproved),
		says(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonContradiction, "spec.commission.commissionedOn", "spec.decisions"))
	controllertest.Alter(w.World, p, func(p *v1alpha1.Project) { p.Spec.Commission.CommissionedOn = "2026-04-01" })
	w.await("p", is(v1alpha1.StageInImplementation), ready)
}
