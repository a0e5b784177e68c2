// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// seen says what keeps an agreement from having been seen as it is.
func seen(l *v1alpha1.ServiceLevel) string {
	if l.Status.ObservedGeneration != l.Generation {
		return fmt.Sprintf("generation %d is not seen yet", l.Generation)
	}
	return ""
}

// TestRevisions: what accounting needs is recorded when it is first seen, and
// nothing else makes a revision.
func TestRevisions(t *testing.T) {
	w := newWorld(t)
	w.Create(agreement("gold"))
	o := w.start()
	began := time.Now().Add(-time.Second)
	l := w.await("gold", seen)
	if r := l.Status.Revisions; len(r) != 1 || r[0].Generation != 1 || r[0].Spec.Availability.Objective != "99.5" || r[0].From.Time.Before(began.Truncate(time.Second)) {
		t.Fatalf("revisions after the first look: %+v", r)
	}
	if n := o.Written(); n != 1 {
		t.Errorf("%d writes for one agreement, want 1", n)
	}

	changes := map[string]func(*v1alpha1.ServiceLevel){
		"displayName": func(l *v1alpha1.ServiceLevel) { l.Spec.DisplayName.DE = "Gold" },
		"alerting":    func(l *v1alpha1.ServiceLevel) { l.Spec.Alerting = &v1alpha1.Alerting{BurnRate: "Disabled"} },
		"escalation": func(l *v1alpha1.ServiceLevel) {
			l.Spec.Escalation = []v1alpha1.EscalationStep{{After: "1h", Contact: v1alpha1.Person{Name: "on call"}}}
		},
		"support": func(l *v1alpha1.ServiceLevel) {
			l.Spec.Support = []v1alpha1.SupportObjective{{Priority: "P1", Response: "1h"}}
		},
		"decision": func(l *v1alpha1.ServiceLevel) { l.Spec.Decision.Reference = "SR-2026-04" },
		"requires": func(l *v1alpha1.ServiceLevel) { l.Spec.Requires = &v1alpha1.Requirements{Sovereignty: new(int32(1))} },
	}
	for name, change := range changes {
		controllertest.Alter(w.World, l, change)
		if l = w.await("gold", seen); len(l.Status.Revisions) != 1 {
			t.Errorf("a change of %s made a revision: %+v", name, l.Status.Revisions)
		}
	}

	controllertest.Alter(w.World, l, func(l *v1alpha1.ServiceLevel) { l.Spec.Availability.Objective = "99.0" })
	// A spec that is new waits for nothing, though the agreement was written a
	// moment ago.
	began = time.Now()
	l = w.await("gold", seen)
	if waited := time.Since(began); waited >= limits.Spacing {
		t.Errorf("it took %s until a new objective was seen", waited)
	}
	if r := l.Status.Revisions; len(r) != 2 || r[1].Generation != l.Generation || r[1].Spec.Availability.Objective != "99.0" || r[0].Spec.Availability.Objective != "99.5" {
		t.Errorf("revisions after another objective: %+v", r)
	}
}

// TestCounts: what Applications and their accounts say is told of the agreement
// that they are under, and follows when that changes.
func TestCounts(t *testing.T) {
	w := newWorld(t)
	w.Create(agreement("gold"), agreement("silver"))
	broken := w.record("broken", "gold", v1alpha1.ResultBreached, -58, "98.97012")
	broken.Periods = []v1alpha1.AccountPeriod{
		{Period: "2026-10", ServiceLevel: "gold", Result: v1alpha1.ResultMet}, {Period: "2026-09", ServiceLevel: "silver", Result: v1alpha1.ResultMet},
	}
	gone := w.record("gone", "gold", v1alpha1.ResultMet, 1, "1")
	gone.Periods = []v1alpha1.AccountPeriod{{Period: "2026-10", ServiceLevel: "gold", Result: v1alpha1.ResultBreached}}
	w.Create(
		w.application("well", "gold"), w.record("well", "gold", v1alpha1.ResultMet, 3942, "100"),
		w.application("broken", "gold"), broken,
		w.application("unseen", "gold"), w.record("unseen", "gold", v1alpha1.ResultInsufficientData, 3000, "99.9"),
		w.application("new", "gold"),
		w.application("planned", "gold", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePlanned }),
		w.application("moved", "gold"), w.record("moved", "silver", v1alpha1.ResultMet, 10, "99"),
		gone, // of which the Application was deleted
	)
	o := w.start()
	l := w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		return controllertest.Condition(l, v1alpha1.ConditionServiceLevelMet, metav1.ConditionFalse, v1alpha1.ReasonBreached)
	})
	want := v1alpha1.ServiceLevelStatus{
		ObservedGeneration: 1, Revisions: l.Status.Revisions, Conditions: l.Status.Conditions,
		Applications: 5, Met: 1, Breached: 1, InsufficientData: 1,
		Availability: "98.97012", BudgetLeftSeconds: new(int64(-58)), Worst: w.Namespace + "/broken",
		Periods: []v1alpha1.ServiceLevelPeriod{{Period: "2026-10", Met: 1, Breached: 1}},
	}
	if diff := cmp.Diff(want, l.Status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if n := o.Written(); n != 2 {
		t.Errorf("%d writes for two agreements, want 2", n)
	}
	message := meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionServiceLevelMet).Message
	if !strings.Contains(message, "1 of 5 Applications") || !strings.Contains(message, w.Namespace+"/broken") {
		t.Errorf("message %q", message)
	}
	for _, words := range []string{"Ready=True", "Decided=True", "ServiceLevelMet=False"} {
		if !strings.Contains(short(l), words) {
			t.Errorf("conditions %s lack %s", short(l), words)
		}
	}
	if v, _ := o.Metric("kdz_servicelevel_applications", "servicelevel", "gold", "result", "None"); v != 2 {
		t.Errorf("the metric counts %v Applications without a result, want 2", v)
	}
	if v, _ := o.Metric("kdz_servicelevel_lowest_budget_left_ratio", "servicelevel", "gold"); v != -58.0/3942 {
		t.Errorf("the metric says that %v of the budget is left", v)
	}

	// The account of the one that moved follows; that of the broken one heals.
	controllertest.Alter(w.World, w.record("moved", "", "", 0, ""), func(r *v1alpha1.AvailabilityRecord) { r.Current.Segments[0].ServiceLevel = "gold" })
	controllertest.Alter(w.World, broken, func(r *v1alpha1.AvailabilityRecord) {
		r.Current.Result, r.Current.BudgetLeft, r.Current.Availability = v1alpha1.ResultMet, 2000, "99.7"
	})
	w.Must(w.Client.Delete(t.Context(), w.application("unseen", "gold")))
	l = w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		return controllertest.Condition(l, v1alpha1.ConditionServiceLevelMet, metav1.ConditionTrue, v1alpha1.ReasonMet)
	})
	if l.Status.Worst != w.Namespace+"/moved" || l.Status.Met != 3 || l.Status.Applications != 4 || l.Status.Availability != "99" {
		t.Errorf("status after it healed: %+v", l.Status)
	}
	for _, want := range []string{"Warning Breached 1 of 5 Applications", "Normal Met no Application breaks the agreement any more"} {
		if got := <-o.Events; !strings.HasPrefix(got, want) {
			t.Errorf("Event %q, want %q", got, want)
		}
	}

	// An agreement that goes takes its series with it.
	w.Must(w.Client.Delete(t.Context(), agreement("gold")))
	controllertest.AwaitThat(w, "the series of gold are gone", func() bool {
		_, told := o.Metric("kdz_servicelevel_objective_ratio", "servicelevel", "gold")
		return !told
	})
}

// short writes the conditions of an agreement.
func short(l *v1alpha1.ServiceLevel) string {
	var all []string
	for _, c := range l.Status.Conditions {
		all = append(all, c.Type+"="+string(c.Status))
	}
	return strings.Join(all, " ")
}

// TestWhatIsRequired: Applications that declare less are named, until they do.
func TestWhatIsRequired(t *testing.T) {
	w := newWorld(t)
	w.Create(agreement("gold", func(l *v1alpha1.ServiceLevel) {
		l.Spec.Requires = &v1alpha1.Requirements{Protection: &v1alpha1.RequiredProtection{Availability: v1alpha1.ProtectionHigh}}
	}))
	for i := range 7 {
		w.Create(w.application(fmt.Sprint("app-", i), "gold", func(a *v1alpha1.Application) {
			if i == 0 {
				a.Spec.Protection = &v1alpha1.Protection{Availability: v1alpha1.ProtectionVeryHigh}
			}
		}))
	}
	w.start()
	l := w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		return controllertest.Condition(l, v1alpha1.ConditionRequirementsMet, metav1.ConditionFalse, v1alpha1.ReasonRequirementUnmet)
	})
	message := meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionRequirementsMet).Message
	for _, words := range []string{"6 of 7 Applications", "/app-1 (protection.availability is Normal, required is High)", "/app-5 (", "and 1 more"} {
		if !strings.Contains(message, words) {
			t.Errorf("message %q lacks %q", message, words)
		}
	}
	if strings.Contains(message, "app-6") || strings.Contains(message, "app-0") {
		t.Errorf("message %q names one too many", message)
	}

	// What is required may become less, or nothing.
	controllertest.Alter(w.World, l, func(l *v1alpha1.ServiceLevel) { l.Spec.Requires.Protection.Availability = v1alpha1.ProtectionNormal })
	w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		return controllertest.Condition(l, v1alpha1.ConditionRequirementsMet, metav1.ConditionTrue, v1alpha1.ReasonRequirementsMet)
	})
	controllertest.Alter(w.World, l, func(l *v1alpha1.ServiceLevel) { l.Spec.Requires = nil })
	w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		if meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionRequirementsMet) != nil {
			return "it requires nothing, and says that this is met"
		}
		return ""
	})
}

// TestStalledHeals: what cannot be used is named by its field, and once it is
// mended nothing is left of that.
func TestStalledHeals(t *testing.T) {
	w := newWorld(t)
	w.Create(agreement("gold", func(l *v1alpha1.ServiceLevel) {
		l.Spec.Decision = nil
		l.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "never", Schedule: "0 0 30 2 *", Duration: "2h", TimeZone: "Europe/Berlin"}}
	}))
	w.start()
	l := w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		return controllertest.Condition(l, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)
	})
	if c := meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionFalse || !strings.Contains(c.Message, "spec.maintenance[0].schedule") {
		t.Errorf("Ready: %+v", c)
	}
	if problem := controllertest.Condition(l, v1alpha1.ConditionDecided, metav1.ConditionFalse, v1alpha1.ReasonNotDecided); problem != "" {
		t.Error(problem)
	}
	if problem := controllertest.Condition(l, v1alpha1.ConditionServiceLevelMet, metav1.ConditionUnknown, v1alpha1.ReasonNoApplications); problem != "" {
		t.Error(problem)
	}
	controllertest.Alter(w.World, l, func(l *v1alpha1.ServiceLevel) { l.Spec.Maintenance[0].Schedule = "0 18 * * 2" })
	l = w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		return controllertest.Condition(l, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	})
	if c := meta.FindStatusCondition(l.Status.Conditions, v1alpha1.ConditionStalled); c != nil {
		t.Errorf("Stalled: %+v", c)
	}
}

// TestAtRestNothingIsWritten: neither by the operator that wrote what there is,
// nor by the next one; and what another hand wrote is put right.
func TestAtRestNothingIsWritten(t *testing.T) {
	w := newWorld(t)
	w.Create(agreement("gold"), w.application("a", "gold"), w.record("a", "gold", v1alpha1.ResultMet, 3942, "100"))
	first := w.start()
	l := w.await("gold", seen)
	first.Stop()
	if n := first.Written(); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}

	second := w.start()
	w.looked(second, "gold")
	forged := l.DeepCopy()
	forged.Status.Breached = 7
	w.Must(w.Client.Status().Patch(t.Context(), forged, client.MergeFrom(l)))
	w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		if l.Status.Breached != 0 {
			return "the forged count stands"
		}
		return ""
	})
	if n := second.Written(); n != 1 {
		t.Errorf("%d writes, want the one that put it right", n)
	}
}

// TestManyRecordsCostFewWrites: a month that ends for 500 Applications is told
// at the agreement's pace.
func TestManyRecordsCostFewWrites(t *testing.T) {
	const many = 500
	w := newWorld(t)
	w.Create(agreement("gold"))
	each := func(do func(name string) error) {
		t.Helper()
		group, _ := errgroup.WithContext(t.Context())
		group.SetLimit(16)
		for i := range many {
			group.Go(func() error { return do(fmt.Sprintf("app-%03d", i)) })
		}
		w.Must(group.Wait())
	}
	each(func(name string) error {
		if err := w.Client.Create(t.Context(), w.application(name, "gold")); err != nil {
			return err
		}
		return w.Client.Create(t.Context(), w.record(name, "gold", v1alpha1.ResultMet, 3000, "99.6"))
	})
	o := w.start()
	w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		if l.Status.Met != many {
			return "not all are counted"
		}
		return ""
	})
	if n := o.Written(); n != 1 {
		t.Errorf("%d writes at the start, want 1", n)
	}
	began := time.Now()
	each(func(name string) error {
		r := w.record(name, "gold", v1alpha1.ResultMet, 3942, "100")
		before := r.DeepCopy()
		r.Current.Period = "2026-12"
		r.Periods = []v1alpha1.AccountPeriod{{Period: "2026-11", ServiceLevel: "gold", Result: v1alpha1.ResultMet}}
		return w.Client.Patch(t.Context(), r, client.MergeFrom(before))
	})
	w.await("gold", func(l *v1alpha1.ServiceLevel) string {
		if len(l.Status.Periods) != 1 || l.Status.Periods[0].Met != many {
			return "not all are booked"
		}
		return ""
	})
	allowed := 2 + int(time.Since(began)/limits.Spacing)
	if n := o.Written() - 1; n < 1 || n > allowed {
		t.Errorf("%d writes for %d records in %s, want at most %d", n, many, time.Since(began), allowed)
	}
	t.Logf("%d writes for %d records", o.Written()-1, many)
}
