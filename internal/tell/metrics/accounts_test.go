// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// epoch is when the accounts of these tests begin.
var epoch = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// aroundTheClock is what availability.Totals is for an agreement of all hours:
// the time since what is stored is in the state that is stored.
func aroundTheClock(r *v1alpha1.AvailabilityRecord, at time.Time) v1alpha1.AccountTotals {
	totals := r.Totals
	since := int64(at.Sub(r.Current.Accumulators.AsOf.Time) / time.Second)
	totals.Agreed += since
	switch r.Current.State {
	case v1alpha1.IndicatorDown:
		totals.Charged += since
	case v1alpha1.IndicatorUnobserved:
		totals.Unobserved += since
	case v1alpha1.IndicatorUp, v1alpha1.IndicatorSlow, v1alpha1.IndicatorNotInService:
	}
	return totals
}

// recordOf returns an account that stands at a moment.
func recordOf(asOf time.Time, state v1alpha1.IndicatorState, totals v1alpha1.AccountTotals) *v1alpha1.AvailabilityRecord {
	return &v1alpha1.AvailabilityRecord{
		Totals: totals,
		Current: &v1alpha1.CurrentAccount{
			State: state, Objective: "99.9", Budget: 2592,
			Accumulators: v1alpha1.Accumulators{AsOf: metav1.Time{Time: asOf}, Charged: totals.Charged},
		},
	}
}

// leader is a replica that tells of accounts.
type leader struct {
	*Accounts
	registry *prometheus.Registry
	at       time.Time
	leads    bool
}

func newLeader(tb testing.TB) *leader {
	tb.Helper()
	l := &leader{registry: prometheus.NewRegistry(), at: epoch, leads: true}
	var err error
	l.Accounts, err = NewAccounts(l.registry, AccountsOptions{
		Recorded: func() time.Time { return l.at }, Leads: func() bool { return l.leads },
	})
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

func levelOf(name string, alerting *v1alpha1.Alerting) *v1alpha1.ServiceLevel {
	return &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.ServiceLevelSpec{Alerting: alerting}}
}

func keyOf(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "amt-33", Name: name}
}

func TestAccounts(t *testing.T) {
	l := newLeader(t)
	l.at = epoch.Add(time.Minute)
	labelled := &v1alpha1.Alerting{Labels: map[string]v1alpha1.AlertLabelValue{
		"team": "portal", "service": "civento", "application": "other", "severity": "none", "__name__": "evil", "__x": "y", "pod": "p",
	}}
	l.Set(keyOf("down"), Account{
		Stored: recordOf(epoch, v1alpha1.IndicatorDown, v1alpha1.AccountTotals{Agreed: 1000, Charged: 10, Unobserved: 1}),
		Totals: aroundTheClock, Level: levelOf("around-the-clock", labelled),
	})
	l.Set(keyOf("quiet"), Account{
		Stored: recordOf(epoch, v1alpha1.IndicatorUp, v1alpha1.AccountTotals{Agreed: 1000}),
		Totals: aroundTheClock, Level: levelOf("office-hours", &v1alpha1.Alerting{BurnRate: "Disabled", Labels: labelled.Labels}),
	})
	l.Set(keyOf("free"), Account{Stored: recordOf(epoch, v1alpha1.IndicatorUnobserved, v1alpha1.AccountTotals{}), Totals: aroundTheClock})
	l.Set(keyOf("new"), Account{
		Stored: &v1alpha1.AvailabilityRecord{Totals: v1alpha1.AccountTotals{Agreed: 5}}, Totals: aroundTheClock, Level: levelOf("office-hours", nil),
	})
	l.Set(keyOf("gone"), Account{Stored: recordOf(epoch, v1alpha1.IndicatorUp, v1alpha1.AccountTotals{}), Totals: aroundTheClock})
	l.Set(keyOf("gone"), Account{})
	want := map[string]float64{
		"kdz_application_alerting_info application=down namespace=amt-33 service=civento service_level=around-the-clock team=portal": 1,
		"kdz_application_alerting_info application=new namespace=amt-33 service_level=office-hours":                                  1,
	}
	add := func(name, level string, values map[string]float64) {
		for metric, value := range values {
			want["kdz_application_"+metric+" application="+name+" namespace=amt-33 service_level="+level] = value
		}
	}
	add("down", "around-the-clock", map[string]float64{
		"bad_seconds_total": 70, "agreed_seconds_total": 1060, "unobserved_seconds_total": 1,
		"budget_seconds": 2592, "budget_left_seconds": 2522, "objective_ratio": 0.9990000000000001,
	})
	add("quiet", "office-hours", map[string]float64{
		"bad_seconds_total": 0, "agreed_seconds_total": 1060, "unobserved_seconds_total": 0,
		"budget_seconds": 2592, "budget_left_seconds": 2592, "objective_ratio": 0.9990000000000001,
	})
	add("free", "", map[string]float64{"bad_seconds_total": 0, "agreed_seconds_total": 60, "unobserved_seconds_total": 60})
	add("new", "office-hours", map[string]float64{"bad_seconds_total": 0, "agreed_seconds_total": 5, "unobserved_seconds_total": 0})
	if diff := cmp.Diff(want, series(t, l.registry)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	l.Forget(keyOf("down"))
	l.Forget(keyOf("quiet"))
	l.Forget(keyOf("free"))
	l.Forget(keyOf("new"))
	if got := series(t, l.registry); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

// TestOnlyTheLeaderTells: of two replicas one tells, and none before it knows
// what is recorded.
func TestOnlyTheLeaderTells(t *testing.T) {
	l := newLeader(t)
	l.Set(keyOf("a"), Account{Stored: recordOf(epoch, v1alpha1.IndicatorUp, v1alpha1.AccountTotals{}), Totals: aroundTheClock, Level: levelOf("l", nil)})
	l.leads = false
	if got := series(t, l.registry); len(got) != 0 {
		t.Errorf("a replica that does not lead tells %v", got)
	}
	l.leads, l.at = true, time.Time{}
	if got := series(t, l.registry); len(got) != 0 {
		t.Errorf("a leader that knows of no heartbeat tells %v", got)
	}
}

// TestNotBeforeTheRecord: a record may have been written after the last
// heartbeat. What it says is recorded all the same.
func TestNotBeforeTheRecord(t *testing.T) {
	l := newLeader(t)
	l.Set(keyOf("a"), Account{
		Stored: recordOf(epoch.Add(time.Second), v1alpha1.IndicatorDown, v1alpha1.AccountTotals{Charged: 7}), Totals: aroundTheClock, Level: levelOf("l", nil),
	})
	if got := series(t, l.registry)["kdz_application_bad_seconds_total application=a namespace=amt-33 service_level=l"]; got != 7 {
		t.Errorf("%v bad seconds, want 7", got)
	}
}

// TestAnotherPeriod: the end of a period may be written hours later. What is
// left is that of the new one from the first moment on, and the counters go on
// from what is stored.
func TestAnotherPeriod(t *testing.T) {
	l := newLeader(t)
	l.at = epoch.Add(time.Minute)
	judged := recordOf(epoch.Add(30*time.Second), v1alpha1.IndicatorDown, v1alpha1.AccountTotals{Charged: 3030})
	judged.Current.Accumulators.Charged, judged.Current.Budget, judged.Current.Objective = 20, 2678, "99"
	l.Set(keyOf("a"), Account{
		Stored: recordOf(epoch, v1alpha1.IndicatorDown, v1alpha1.AccountTotals{Charged: 3000}), Judged: judged, Totals: aroundTheClock, Level: levelOf("l", nil),
	})
	got := series(t, l.registry)
	for name, want := range map[string]float64{
		"bad_seconds_total": 3060, "budget_seconds": 2678, "budget_left_seconds": 2678 - 50, "objective_ratio": 0.99,
	} {
		if value := got["kdz_application_"+name+" application=a namespace=amt-33 service_level=l"]; value != want {
			t.Errorf("%s is %v, want %v", name, value, want)
		}
	}
}

// TestCountersNeverDecrease: within one replica no counter decreases, whatever
// records it is told of.
func TestCountersNeverDecrease(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		l := newLeader(t)
		states := []v1alpha1.IndicatorState{v1alpha1.IndicatorUp, v1alpha1.IndicatorDown, v1alpha1.IndicatorUnobserved}
		seconds := rapid.Int64Range(0, 100)
		before := map[string]float64{}
		for range 10 {
			l.at = epoch.Add(time.Duration(seconds.Draw(r, "at")) * time.Second)
			asOf := epoch.Add(time.Duration(seconds.Draw(r, "asOf")) * time.Second)
			l.Set(keyOf("a"), Account{Stored: recordOf(asOf, rapid.SampledFrom(states).Draw(r, "state"), v1alpha1.AccountTotals{
				Agreed: seconds.Draw(r, "agreed"), Charged: seconds.Draw(r, "charged"), Unobserved: seconds.Draw(r, "unobserved"),
			}), Totals: aroundTheClock})
			now := series(t, l.registry)
			for name, value := range before {
				if now[name] < value {
					r.Fatalf("%s went from %v to %v", name, value, now[name])
				}
			}
			before = now
		}
	})
}

// TestS9LeaderKilled: 500 Applications under one agreement, one of them dead.
// The leader is killed; its successor reads what is stored, and goes on from the
// heartbeat that is recorded. No counter decreases, and none jumps.
func TestS9LeaderKilled(t *testing.T) {
	level := levelOf("around-the-clock", nil)
	// What is stored in the cluster.
	records := map[types.NamespacedName]*v1alpha1.AvailabilityRecord{}
	for i := range 500 {
		records[keyOf(fmt.Sprintf("a-%03d", i))] = recordOf(epoch, v1alpha1.IndicatorUp, v1alpha1.AccountTotals{Agreed: 1000, Charged: 3})
	}
	records[keyOf("a-007")] = recordOf(epoch.Add(20*time.Second), v1alpha1.IndicatorDown, v1alpha1.AccountTotals{Agreed: 1020, Charged: 3})
	read := func() *leader {
		l := newLeader(t)
		for key, record := range records {
			l.Set(key, Account{Stored: record.DeepCopy(), Totals: aroundTheClock, Level: level})
		}
		return l
	}
	first := read()
	first.at = epoch.Add(2 * time.Minute)
	told := series(t, first.registry)

	second := read()
	for _, later := range []time.Duration{2 * time.Minute, 125 * time.Second} {
		second.at = epoch.Add(later)
		now := series(t, second.registry)
		if len(now) != len(told) {
			t.Errorf("%d series, before %d", len(now), len(told))
		}
		for name, value := range told {
			if diff := now[name] - value; diff < 0 && !strings.HasPrefix(name, "kdz_application_budget_left") || diff > 5 {
				t.Errorf("%s went from %v to %v", name, value, now[name])
			}
		}
		told = now
	}
	if got := told["kdz_application_bad_seconds_total application=a-007 namespace=amt-33 service_level=around-the-clock"]; got != 108 {
		t.Errorf("the dead one has %v bad seconds, want 108", got)
	}
}

func TestAccountsTwice(t *testing.T) {
	l := newLeader(t)
	if _, err := NewAccounts(l.registry, l.options); err == nil {
		t.Error("the same metrics were registered twice")
	}
	var none *Accounts
	none.Set(keyOf("none"), Account{})
	none.Forget(keyOf("none"))
}

// TestManyAccounts: 10,000 Applications are told of in well under a second, and
// what is told can be scraped.
func TestManyAccounts(t *testing.T) {
	l := newLeader(t)
	fill(l, 10_000)
	got := series(t, l.registry)
	if want := 10_000 * 7; len(got) != want {
		t.Errorf("%d series, want %d", len(got), want)
	}
}

func fill(l *leader, n int) {
	level := levelOf("around-the-clock", &v1alpha1.Alerting{Labels: map[string]v1alpha1.AlertLabelValue{"team": "portal"}})
	for i := range n {
		l.Set(keyOf(fmt.Sprintf("a-%05d", i)), Account{Stored: recordOf(epoch, v1alpha1.IndicatorDown, v1alpha1.AccountTotals{}), Totals: aroundTheClock, Level: level})
	}
}

// BenchmarkAccounts tells of 10,000 Applications.
func BenchmarkAccounts(b *testing.B) {
	l := newLeader(b)
	fill(l, 10_000)
	for b.Loop() {
		if _, err := l.registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
