// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

// agree makes an agreement around the clock, recorded since the given moment.
func (w *world) agree(objective string, since time.Time) *v1alpha1.ServiceLevel {
	w.Helper()
	level := &v1alpha1.ServiceLevel{
		ObjectMeta: metav1.ObjectMeta{Name: w.Namespace},
		Spec: v1alpha1.ServiceLevelSpec{
			DisplayName: v1alpha1.LocalisedText{EN: "agreed"},
			Availability: v1alpha1.AvailabilityObjective{
				Objective: v1alpha1.Percentage(objective), Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth},
			},
			Recovery: &v1alpha1.RecoveryObjective{MaxOutage: "1h"},
		},
	}
	w.Create(level)
	w.Cleanup(func() { _ = w.Client.Delete(context.Background(), level) })
	w.revise(level, since)
	return level
}

// revise records the present terms of an agreement, as its controller does.
func (w *world) revise(level *v1alpha1.ServiceLevel, since time.Time) {
	w.Helper()
	level.Status.Revisions = append(level.Status.Revisions, v1alpha1.ServiceLevelRevision{
		From: metav1.NewTime(since), Generation: level.Generation,
		Spec: v1alpha1.ServiceLevelTerms{Availability: level.Spec.Availability, Recovery: level.Spec.Recovery},
	})
	if err := w.Client.Status().Update(w.Context(), level); err != nil {
		w.Fatal(err)
	}
}

// accounted is newWeb under an agreement, and up.
func (w *world) accounted(name string, level *v1alpha1.ServiceLevel) {
	w.Helper()
	app := w.newWeb(name)
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level.Name)}
	w.Create(app)
	w.observer.change(w.key(name), "web", observe.Change{At: w.clock.Now(), State: observe.StateUp})
	w.inState(name, v1alpha1.StateOperational)
}

// account awaits an account as the test wants it.
func (w *world) account(name string, want func(*v1alpha1.AvailabilityRecord) string) *v1alpha1.AvailabilityRecord {
	w.Helper()
	record := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
	return controllertest.AwaitObject(w.World, record, want)
}

// indicated wants an account whose indicator is in a state.
func indicated(state v1alpha1.IndicatorState) func(*v1alpha1.AvailabilityRecord) string {
	return func(r *v1alpha1.AvailabilityRecord) string {
		if r.Current == nil || r.Current.State != state {
			return fmt.Sprintf("the indicator is not %s", state)
		}
		return ""
	}
}

func (w *world) down(name string, at time.Time) {
	w.observer.change(w.key(name), "web", observe.Change{At: at, State: observe.StateDown, Reason: "ConnectionRefused", Message: "refused"})
}

func (w *world) up(name string, at time.Time) {
	w.observer.change(w.key(name), "web", observe.Change{At: at, State: observe.StateUp})
}

// TestOutageIsCharged follows an outage through account and status.
func TestOutageIsCharged(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.9", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))

	began := w.clock.Now().Add(time.Hour)
	w.clock.SetTime(began.Add(10 * time.Second))
	w.down("shop", began)
	open := w.account("shop", indicated(v1alpha1.IndicatorDown))
	if o := open.Current.OpenOutage; o == nil || !o.StartAt.Time.Equal(began) || o.Check != "web" || o.Cause == nil || o.Cause.Reason != "ConnectionRefused" {
		t.Fatalf("open outage: %+v", o)
	}
	w.inState("shop", v1alpha1.StateOutage)

	w.clock.SetTime(began.Add(31 * time.Minute))
	w.up("shop", began.Add(30*time.Minute))
	record := w.account("shop", indicated(v1alpha1.IndicatorUp))
	if len(record.Outages) != 1 || record.Outages[0].ChargedSeconds != 1800 || record.Current.Accumulators.Charged != 1800 {
		t.Fatalf("outages %+v, accumulators %+v", record.Outages, record.Current.Accumulators)
	}
	// 30 days of 86,400 s, of which a thousandth may be down.
	if record.Current.Budget != 2592 || record.Current.BudgetLeft != 792 {
		t.Errorf("budget %d, left %d", record.Current.Budget, record.Current.BudgetLeft)
	}
	w.await("shop", func(a *v1alpha1.Application) string {
		if s := a.Status.ServiceLevel; s == nil || s.ChargedSeconds != 1800 || s.BudgetLeftSeconds != 792 {
			return fmt.Sprintf("the summary is %+v", s)
		}
		return ""
	})
	w.await("shop", func(*v1alpha1.Application) string {
		if n := w.observer.unsettled(w.key("shop")); n > 0 {
			return fmt.Sprintf("%d changes are not settled", n)
		}
		return ""
	})
}

// TestDownAndUpAtOnceAreAccounted: a change that was over before anybody wrote
// it counts all the same.
func TestDownAndUpAtOnceAreAccounted(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.9", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))
	began := w.clock.Now().Add(time.Hour)
	w.clock.SetTime(began.Add(time.Minute))
	key := w.key("shop")
	w.observer.mu.Lock()
	o := w.observer.seen[key]["web"]
	o.Since = began.Add(40 * time.Second)
	o.Changes = []observe.Change{
		{At: began, State: observe.StateDown, Reason: "ConnectionRefused"},
		{At: o.Since, State: observe.StateUp},
	}
	w.observer.mu.Unlock()
	w.observer.see(key, o)
	w.account("shop", func(r *v1alpha1.AvailabilityRecord) string {
		if len(r.Outages) != 1 || r.Outages[0].ChargedSeconds != 40 {
			return fmt.Sprintf("outages: %+v", r.Outages)
		}
		return ""
	})
}

// TestS2GapWithinAnOutage: an outage from 12:00 to 12:10 of which nobody saw 65
// seconds is one outage, with 535 s charged.
func TestS2GapWithinAnOutage(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.9", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))
	noon := w.clock.Now().Truncate(24 * time.Hour).Add(12 * time.Hour)
	w.clock.SetTime(noon.Add(10 * time.Second))
	w.down("shop", noon)
	w.account("shop", indicated(v1alpha1.IndicatorDown))
	w.ledger.gap(noon.Add(5*time.Minute), noon.Add(6*time.Minute+5*time.Second))
	w.clock.SetTime(noon.Add(10*time.Minute + 3*time.Second))
	w.up("shop", noon.Add(10*time.Minute))
	record := w.account("shop", indicated(v1alpha1.IndicatorUp))
	if len(record.Outages) != 1 || record.Outages[0].ChargedSeconds != 535 || record.Outages[0].UnobservedSeconds != 65 {
		t.Errorf("outages: %+v", record.Outages)
	}
	if a := record.Current.Accumulators; a.Charged != 535 || a.Outages != 1 {
		t.Errorf("accumulators: %+v", a)
	}
}

// TestAccountSurvivesTheApplication: what is deleted and created anew goes on
// with its account, and what lay between nobody observed.
func TestAccountSurvivesTheApplication(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.9", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))
	before := w.get("shop")
	gone := w.clock.Now().Add(time.Hour)
	w.clock.SetTime(gone)
	if err := w.Client.Delete(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	w.account("shop", indicated(v1alpha1.IndicatorUnobserved))
	w.clock.SetTime(gone.Add(2 * time.Hour))
	w.accounted("shop", level)
	record := w.account("shop", indicated(v1alpha1.IndicatorUp))
	if got := record.Current.Accumulators.Unobserved; got < 7200 || record.ApplicationUID == string(before.UID) {
		t.Errorf("%d s are unobserved, of Application %s", got, record.ApplicationUID)
	}
}

// TestLostAccountIsTold: an account that was deleted is begun anew, and says so.
func TestLostAccountIsTold(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.9", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	record := w.account("shop", indicated(v1alpha1.IndicatorUp))
	if record.HistoryLostAt != nil {
		t.Fatal("nothing was lost yet")
	}
	w.await("shop", func(a *v1alpha1.Application) string {
		if a.Status.ServiceLevel == nil {
			return "no summary"
		}
		return ""
	})
	if err := w.Client.Delete(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	w.account("shop", func(r *v1alpha1.AvailabilityRecord) string {
		if r.UID == record.UID || r.HistoryLostAt == nil {
			return "the account is not begun anew"
		}
		return ""
	})
}

// TestAnotherReferenceClosesThePeriod, and the new one begins there.
func TestAnotherReferenceClosesThePeriod(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.9", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))
	w.clock.SetTime(w.clock.Now().Add(time.Hour))
	w.change("shop", func(a *v1alpha1.Application) { a.Spec.ServiceLevelRef = nil })
	w.account("shop", func(r *v1alpha1.AvailabilityRecord) string {
		if len(r.Periods) != 1 || r.Periods[0].ServiceLevel != v1alpha1.ObjectName(level.Name) {
			return fmt.Sprintf("periods: %+v", r.Periods)
		}
		return ""
	})
	w.lacksCondition("shop", v1alpha1.ConditionServiceLevelMet)
}

// TestPlannedHasNoAccount: what is not in operation is not accounted.
func TestPlannedHasNoAccount(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("shop")
	app.Spec.Lifecycle = v1alpha1.LifecyclePlanned
	w.Create(app)
	w.inState("shop", v1alpha1.StatePlanned)
	err := w.Client.Get(t.Context(), w.key("shop"), &v1alpha1.AvailabilityRecord{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("there is an account, or %v", err)
	}
}

// TestExamplesInsideAndOutsideServiceHours: of two outages under the example
// office-hours, one within the hours and one after them, both are there raw, and
// only the first is charged. The other names its reason.
func TestExamplesInsideAndOutsideServiceHours(t *testing.T) {
	w := newWorld(t)
	level := w.example("../../test/examples/02-service-levels.yaml", "office-hours")
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))
	day := w.clock.Now().Truncate(24 * time.Hour) // a Monday; Mainz is an hour ahead
	for _, after := range []time.Duration{10 * time.Hour, 19 * time.Hour} {
		began := day.Add(after)
		w.clock.SetTime(began.Add(time.Minute))
		w.down("shop", began)
		w.account("shop", indicated(v1alpha1.IndicatorDown))
		w.clock.SetTime(began.Add(10 * time.Minute))
		w.up("shop", began.Add(10*time.Minute))
		w.account("shop", indicated(v1alpha1.IndicatorUp))
	}
	record := w.account("shop", func(r *v1alpha1.AvailabilityRecord) string {
		if len(r.Outages) != 2 {
			return fmt.Sprintf("%d outages are listed", len(r.Outages))
		}
		return ""
	})
	after, within := record.Outages[0], record.Outages[1] // the newest first
	if within.RawSeconds != 600 || within.ChargedSeconds != 600 || len(within.Exclusions) > 0 {
		t.Errorf("within the hours: %+v", within)
	}
	if after.RawSeconds != 600 || after.ChargedSeconds != 0 || len(after.Exclusions) != 1 || after.Exclusions[0].Kind != "ServiceHours" || after.Exclusions[0].Seconds != 600 {
		t.Errorf("after the hours: %+v", after)
	}
	a := record.Current.Accumulators
	if a.Raw != 1200 || a.Charged != 600 || a.Excluded != 600 || record.Current.Budget != 3942 {
		t.Errorf("raw %d, charged %d, excluded %d, budget %d", a.Raw, a.Charged, a.Excluded, record.Current.Budget)
	}
}

// example makes the terms of an example's agreement those of a level of this
// test, recorded two months ago.
func (w *world) example(file, name string) *v1alpha1.ServiceLevel {
	w.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	for document := range strings.SplitSeq(string(content), "\n---\n") {
		level := &v1alpha1.ServiceLevel{}
		if err := yaml.Unmarshal([]byte(document), level); err != nil {
			w.Fatal(err)
		}
		if level.Name != name {
			continue
		}
		level.Name = w.Namespace
		w.Create(level)
		w.Cleanup(func() { _ = w.Client.Delete(context.Background(), level) })
		revisions, _ := availability.AddRevision(level, w.clock.Now().AddDate(0, -2, 0))
		level.Status.Revisions = revisions
		if err := w.Client.Status().Update(w.Context(), level); err != nil {
			w.Fatal(err)
		}
		return level
	}
	w.Fatalf("%s has no level %s", file, name)
	return nil
}

// TestS8WindowAddedLaterAndRevision: an outage from 10 to 11 is charged although
// a window for that time is added at 12; and where the objective is lowered on
// the 16th, the budgets of both halves add up.
func TestS8WindowAddedLaterAndRevision(t *testing.T) {
	w := newWorld(t)
	level := w.agree("99.5", w.clock.Now().AddDate(0, -2, 0))
	w.accounted("shop", level)
	w.account("shop", indicated(v1alpha1.IndicatorUp))
	began := w.clock.Now().Add(time.Hour)
	w.clock.SetTime(began.Add(time.Minute))
	w.down("shop", began)
	w.account("shop", indicated(v1alpha1.IndicatorDown))
	w.clock.SetTime(began.Add(time.Hour))
	w.up("shop", began.Add(time.Hour))
	w.account("shop", indicated(v1alpha1.IndicatorUp))

	w.clock.SetTime(began.Add(2 * time.Hour))
	w.change("shop", func(a *v1alpha1.Application) {
		a.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{
			Name: "late", StartAt: v1alpha1.Moment(began.Format(time.RFC3339)), Duration: "1h",
		}}
	})
	w.account("shop", func(r *v1alpha1.AvailabilityRecord) string {
		if len(r.Maintenance) != 1 {
			return "the window is not known"
		}
		return ""
	})

	middle := time.Date(2026, 11, 15, 23, 0, 0, 0, time.UTC) // the 16th in Mainz
	w.clock.SetTime(middle)
	level.Spec.Availability.Objective = "99.0"
	if err := w.Client.Update(t.Context(), level); err != nil {
		t.Fatal(err)
	}
	w.revise(level, middle)
	record := w.account("shop", func(r *v1alpha1.AvailabilityRecord) string {
		if len(r.Current.Segments) != 2 {
			return fmt.Sprintf("segments: %+v", r.Current.Segments)
		}
		return ""
	})
	if got := record.Current.Accumulators.Charged; got != 3600 {
		t.Errorf("%d s are charged, want 3600", got)
	}
	if first, second := record.Current.Segments[0].Budget, record.Current.Segments[1].Budget; first != 6480 || second != 12960 || record.Current.Budget != 19440 {
		t.Errorf("budgets %d and %d, together %d", first, second, record.Current.Budget)
	}
}
