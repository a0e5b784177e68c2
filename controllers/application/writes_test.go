// SPDX-License-Identifier: Apache-2.0

package application

import (
	"container/heap"
	"math/rand/v2"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// turn is when an Application is looked at.
type turn struct {
	at    time.Duration
	scope *scope
}

// turns is a heap of them.
type turns []turn

func (t turns) Len() int           { return len(t) }
func (t turns) Less(i, j int) bool { return t[i].at < t[j].at }
func (t turns) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }
func (t *turns) Push(x any)        { *t = append(*t, x.(turn)) }
func (t *turns) Pop() any {
	last := (*t)[len(*t)-1]
	*t = (*t)[:len(*t)-1]
	return last
}

// TestS12MonthEndIsSpread: at the end of a month 100,000 accounts are booked
// within six hours, and never more than ten in a second.
func TestS12MonthEndIsSpread(t *testing.T) {
	const fleet = 100_000
	end := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	w := newWrites(pace.WriteLimits{})
	queue := make(turns, fleet)
	for i := range queue {
		s := booking(uuid.NewUUID())
		// As the reconciler does, a phase in the second.
		queue[i] = turn{s.account.scope.Spread + time.Duration(rand.IntN(1000))*time.Millisecond, s}
	}
	heap.Init(&queue)
	written := map[int64]int{}
	total, last := 0, time.Duration(0)
	for queue.Len() > 0 {
		next := heap.Pop(&queue).(turn)
		next.scope.now = end.Add(next.at)
		if until := w.hold(next.scope); !until.IsZero() {
			heap.Push(&queue, turn{until.Sub(end), next.scope})
			continue
		}
		written[int64(next.at/time.Second)]++
		total, last = total+1, max(last, next.at)
	}
	for second, n := range written {
		if n > bookingsPerSecond {
			t.Errorf("in second %d %d accounts were booked", second, n)
		}
	}
	if total != fleet || last > bookingSpread+time.Minute {
		t.Errorf("%d were booked, the last after %s", total, last)
	}
}

// booking is an Application of which nothing happened but that a period ended.
func booking(uid types.UID) *scope {
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: string(uid), UID: uid}}
	s := newScope(app, time.Time{})
	s.account.scope.Spread = spread(uid)
	s.account.judged = &availability.Judgement{Write: true, Booking: true}
	return s
}

// TestStatusOfANewPeriodWaits: what the status says of a period that has just
// begun follows hours after its booking, unless something else is to be told.
func TestStatusOfANewPeriodWaits(t *testing.T) {
	begin := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "b", UID: "c"}}
	app.Status.ServiceLevel = &v1alpha1.ServiceLevelSummary{Period: "2026-11"}
	app.Status.OperationalState = v1alpha1.StateOperational
	w := newWrites(pace.WriteLimits{})
	for _, test := range []struct {
		name  string
		after time.Duration
		state v1alpha1.OperationalState
		held  bool
	}{
		{"just begun", time.Hour, v1alpha1.StateOperational, true},
		{"another state", time.Hour, v1alpha1.StateOutage, false},
		{"long ago", 2 * bookingSpread, v1alpha1.StateOperational, false},
	} {
		s := newScope(app.DeepCopy(), begin.Add(test.after))
		s.account.scope.Spread = spread(app.UID)
		s.account.judged = &availability.Judgement{Record: &v1alpha1.AvailabilityRecord{
			Current: &v1alpha1.CurrentAccount{Period: "2026-12", StartAt: metav1.NewTime(begin)},
		}}
		s.app.Status.ServiceLevel = &v1alpha1.ServiceLevelSummary{Period: "2026-12"}
		s.app.Status.OperationalState = test.state
		until := w.hold(s)
		if until.IsZero() == test.held {
			t.Errorf("%s: held until %s", test.name, until)
		}
		if want := begin.Add(bookingSpread + spread(app.UID)); test.held && !until.Equal(want) {
			t.Errorf("%s: held until %s, want %s", test.name, until, want)
		}
	}
}

// Only what nobody acts on is minor: the words, wherever they stand.
func TestOnlyWords(t *testing.T) {
	stored := func() *v1alpha1.Application {
		return &v1alpha1.Application{Status: v1alpha1.ApplicationStatus{
			Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Message: "a"}},
			Endpoints:  []v1alpha1.EndpointStatus{{Name: "web", State: v1alpha1.ComponentUp, Message: "a"}},
			Cause:      &v1alpha1.Cause{Kind: v1alpha1.CauseHosting, Message: "a"},
			Hosting: &v1alpha1.HostingStatus{Systems: []v1alpha1.SystemStatus{{
				Name: "web01", State: v1alpha1.ComponentDegraded, Message: "/var is 96 % full",
				Components: []v1alpha1.ComponentStatus{{Name: "/var", State: v1alpha1.ComponentDegraded, Message: "96 % full"}},
			}}},
		}}
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.ApplicationStatus)
		minor  bool
	}{
		"condition's message": {func(s *v1alpha1.ApplicationStatus) { s.Conditions[0].Message = "b" }, true},
		"condition":           {func(s *v1alpha1.ApplicationStatus) { s.Conditions[0].Status = metav1.ConditionFalse }, false},
		"endpoint's message":  {func(s *v1alpha1.ApplicationStatus) { s.Endpoints[0].Message = "b" }, true},
		"endpoint":            {func(s *v1alpha1.ApplicationStatus) { s.Endpoints[0].State = v1alpha1.ComponentDown }, false},
		"cause's message":     {func(s *v1alpha1.ApplicationStatus) { s.Cause.Message = "b" }, true},
		"cause":               {func(s *v1alpha1.ApplicationStatus) { s.Cause.Kind = v1alpha1.CauseEndpoint }, false},
		"system's message":    {func(s *v1alpha1.ApplicationStatus) { s.Hosting.Systems[0].Message = "/var is 97 % full" }, true},
		"component's message": {func(s *v1alpha1.ApplicationStatus) { s.Hosting.Systems[0].Components[0].Message = "97 % full" }, true},
		"component":           {func(s *v1alpha1.ApplicationStatus) { s.Hosting.Systems[0].Components[0].State = v1alpha1.ComponentDown }, false},
		"generation":          {func(s *v1alpha1.ApplicationStatus) { s.ObservedGeneration++ }, false},
	} {
		after := stored()
		c.change(&after.Status)
		if got := onlyWords(stored(), after); got != c.minor {
			t.Errorf("%s: minor is %t, want %t", name, got, c.minor)
		}
	}
}
