// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
)

// A replica whose renewals hang writes nothing from the moment on in which
// another may lead, though nobody tells it so; when they go on it follows.
func TestOneThatStallsWritesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := &memoryLease{}
		a := newReplica(t, lease, "a", 0)
		pass(t, time.Second, a.Leads, a)
		b := newReplica(t, lease, "b", 0)
		pass(t, time.Minute, nil, a, b)

		stalled := make(chan struct{})
		a.lock.stall(stalled)
		took := pass(t, 30*time.Second, b.Leads, a, b)
		// To see the last renewal, and then the end of the lease, each takes up to
		// 2.2 periods.
		if took > DefaultLeaseDuration+5*DefaultRetryPeriod {
			t.Errorf("the other leads after %s", took)
		}
		writes := 0
		c := a.Client(counting(&writes))
		if err := c.Update(t.Context(), nil); !errors.Is(err, ErrNotLeading) || writes != 0 {
			t.Errorf("a write of the one that stalls: %v, %d were sent", err, writes)
		}
		a.lock.stall(nil)
		close(stalled)
		pass(t, time.Minute, nil, a, b)
		if a.Leads() || !b.Leads() {
			t.Errorf("a leads: %t, b leads: %t", a.Leads(), b.Leads())
		}
		// It goes on to compete.
		b.stop()
		took = pass(t, 10*time.Second, a.Leads, a, b)
		if took > 2*DefaultRetryPeriod {
			t.Errorf("the lease was given back, and taken after %s", took)
		}
		if got := a.calls(); !slices.Equal(got, []bool{false, false}) {
			t.Errorf("Lead of a was called with %v", got)
		}
	})
}

// counting returns a client that counts writes and sends none.
func counting(writes *int) client.Client {
	return interceptor.NewClient(nil, interceptor.Funcs{
		Update: func(context.Context, client.WithWatch, client.Object, ...client.UpdateOption) error {
			*writes++
			return nil
		},
	})
}

// An API server that is away for 90 s costs the lease, but if nobody else took
// it, nothing that was known.
func TestLeadsAgainUnchanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := &memoryLease{}
		a := newReplica(t, lease, "a", 0)
		pass(t, time.Second, a.Leads, a)
		lease.set(true)
		pass(t, 90*time.Second, nil, a)
		if a.Leads() {
			t.Error("it leads though nobody can be reached")
		}
		lease.set(false)
		pass(t, 5*time.Second, a.Leads, a)
		if got := a.calls(); !slices.Equal(got, []bool{false, true}) {
			t.Errorf("Lead was called with unchanged %v", got)
		}
	})
}

// A short stall stops writing for its time, and nothing has to be read anew.
func TestLateRenewalBringsBackWhatWasRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := &memoryLease{}
		a := newReplica(t, lease, "a", 0)
		pass(t, time.Second, a.Leads, a)
		w := newWorkload(a.Leadership, false)
		defer w.queue.ShutDown()
		stalled := make(chan struct{})
		a.lock.stall(stalled)
		pass(t, 11500*time.Millisecond, nil, a)
		w.request(t, 1)
		if a.Leads() || w.written[1] != 0 {
			t.Fatal("it writes without a lease")
		}
		a.lock.stall(nil)
		close(stalled)
		pass(t, time.Second, a.Leads, a)
		w.drain(t)
		if w.written[1] != w.asked[1] {
			t.Error("what was refused is lost")
		}
		if got := a.calls(); !slices.Equal(got, []bool{false}) {
			t.Errorf("Lead was called with unchanged %v", got)
		}
	})
}

// Nothing is written before Lead succeeded.
func TestLeadIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, &memoryLease{}, "a", 3)
		took := pass(t, time.Minute, a.Leads, a)
		if took < 3*DefaultRetryPeriod || took > 4*DefaultRetryPeriod {
			t.Errorf("it leads after %s", took)
		}
		if got := a.calls(); !slices.Equal(got, []bool{false, false, false, false}) {
			t.Errorf("Lead was called with unchanged %v", got)
		}
	})
}

// Who was held up for long may get the lease back from another without having
// seen it go: that is a new term all the same.
func TestAnotherTermIsBegunAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := &memoryLease{}
		a := newReplica(t, lease, "a", 0)
		told := 0
		a.OnTakeover(func() { told++ })
		pass(t, time.Second, a.Leads, a)
		for _, change := range []func(){
			func() { lease.record.LeaderTransitions++ }, // another had it, and gave it back
			func() { lease.record = nil },               // it was deleted
		} {
			before := len(a.calls())
			lease.mu.Lock()
			change()
			if lease.record != nil {
				lease.record.HolderIdentity = ""
			}
			lease.version++
			lease.mu.Unlock()
			pass(t, 10*time.Second, func() bool { return len(a.calls()) > before }, a)
			pass(t, time.Second, a.Leads, a)
		}
		if got := a.calls(); !slices.Equal(got, []bool{false, false, false}) {
			t.Errorf("Lead was called with unchanged %v", got)
		}
		if told != 3 {
			t.Errorf("takeovers were told %d times", told)
		}
	})
}

// A write that hangs is given up before the lease can be another's, and the
// lease is not given back before it has ended.
func TestWritesEndBeforeTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := &memoryLease{}
		a := newReplica(t, lease, "a", 0)
		pass(t, time.Second, a.Leads, a)
		// lastHolder is who held the lease when the last write had not ended yet.
		var lastHolder string
		c := a.Client(interceptor.NewClient(nil, interceptor.Funcs{
			Update: func(ctx context.Context, _ client.WithWatch, _ client.Object, _ ...client.UpdateOption) error {
				<-ctx.Done()
				lastHolder = lease.holder()
				return ctx.Err()
			},
		}))
		stalled := make(chan struct{})
		a.lock.stall(stalled)
		began := time.Now()
		err := c.Update(t.Context(), nil)
		if took := time.Since(began); !errors.Is(err, ErrNotLeading) || took >= DefaultLeaseDuration || took < DefaultRenewDeadline {
			t.Errorf("after %s: %v", took, err)
		}
		a.lock.stall(nil)
		close(stalled)
		pass(t, 20*time.Second, a.Leads, a)

		// Its own context still ends it first.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Update(ctx, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrNotLeading) {
			t.Errorf("a write whose own time ended: %v", err)
		}

		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = c.Update(t.Context(), nil)
		}()
		synctest.Wait()
		go a.stop()
		<-done
		if lastHolder != "a" {
			t.Errorf("the lease was given back during a write; its holder is %q", lastHolder)
		}
		pass(t, time.Second, func() bool { return lease.holder() == "" })
	})
}

// Without a lease there is one replica, which leads until it ends.
func TestAloneItLeads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var led []bool
		l, err := New(Options{Lead: func(_ context.Context, unchanged bool) error {
			led = append(led, unchanged)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		if l.Leads() {
			t.Error("it leads before it was started")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Start(ctx) }()
		synctest.Wait()
		<-time.After(time.Hour)
		if !l.Leads() || !slices.Equal(led, []bool{false}) {
			t.Errorf("leads: %t, Lead was called with %v", l.Leads(), led)
		}
		cancel()
		if err := <-ended; err != nil || l.Leads() {
			t.Errorf("in the end: leads: %t, %v", l.Leads(), err)
		}
	})
}

func TestDurationsMustFit(t *testing.T) {
	_, err := New(Options{Lock: newLock(&memoryLease{}, "a"), LeaseDuration: time.Second})
	if err == nil {
		t.Error("a lease that ends before its renewal is accepted")
	}
}
