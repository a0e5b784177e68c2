// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// settled returns the watermark by the time since the world began.
func (w *world) settled() time.Duration { return w.engine.Watermark().At.Sub(dayZero) }

// settleAll drops all changes.
func (w *world) settleAll() { w.engine.SettleBefore(w.wall(w.now() + 1)) }

// The API server, which is the witness, is gone for 90 s, so that nobody settles
// anything, and 200 of 400 targets die meanwhile: 200 changes, each with its
// exact time, and nothing is passed over that is neither settled nor pending.
func TestS3TargetsDieWhileNobodySettles(t *testing.T) {
	for _, threshold := range []int{1, 3} {
		t.Run(fmt.Sprint(threshold), func(t *testing.T) {
			w := newWorld(t, withWitness())
			w.check = false
			const fleet, dead = 400, 200
			dies := func(n int) time.Duration { return 5*minute + time.Duration(n)*400*time.Millisecond }
			for n := range fleet {
				behave := behaviour(well)
				if n < dead {
					behave = script([]behaviour{hanging, refusing}[n%2], phase{dies(n), well})
				}
				c := in(probe(address(n), behave), 30*second)
				c.FailureThreshold = threshold
				w.ensure(fmt.Sprint(n), c)
			}
			w.until(5 * minute)
			w.settleAll()
			w.witness = false
			var before, m Watermark
			for w.now() < 6*minute+30*second {
				w.run(5 * second)
				m = w.engine.Watermark()
				if m.At.Before(before.At) {
					t.Errorf("the watermark went back from %s to %s", before.At, m.At)
				}
				before = m
			}
			w.witness = true
			w.until(10 * minute)
			m = w.engine.Watermark()
			pending := map[string]Pending{}
			for _, p := range m.Pending {
				pending[p.Subscriber.Name] = p
			}
			for n := range fleet {
				name := fmt.Sprint(n)
				if n >= dead {
					w.expectState(name, StateUp)
					continue
				}
				at := w.askedAfter(address(n), dies(n))
				reason := []string{"ConnectTimeout", "ConnectionRefused"}[n%2]
				w.expect(name, StateDown, at, reason)
				if diff := cmp.Diff([]told{{at, StateDown, reason}}, w.changes(name)); diff != "" {
					t.Error(diff)
				}
				if p, found := pending[name]; w.wall(at).Before(m.At) && (!found || !p.FirstFailure.Equal(w.wall(at)) || p.Count != threshold) {
					t.Errorf("%s is down since %s, which was passed over at %s: %+v", name, at, m.At.Sub(dayZero), p)
				}
			}
			if threshold == 1 && len(m.Pending) > 0 {
				t.Errorf("pending %v", m.Pending)
			}
			if len(w.gaps) != 0 {
				t.Errorf("gaps %v", w.gaps)
			}
			w.settleAll()
			if m := w.engine.Watermark(); m.At.Before(w.wall(10*minute-15*second)) || len(m.Pending) > 0 {
				t.Errorf("after all is settled the watermark is %v", m)
			}
		})
	}
}

func TestWatermarkIsNow(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(1), well), 10*second))
	w.until(minute)
	if at := w.settled(); at != 0 {
		t.Errorf("watermark %s though nothing is settled", at)
	}
	w.settleAll()
	if m := w.engine.Watermark(); !m.At.Equal(w.wall(minute)) || m.Pending != nil {
		t.Errorf("watermark %v", m)
	}
}

func TestWatermarkWaitsForWhatRuns(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	slowly := func(_, _ time.Duration) (Result, time.Duration) { return Result{Outcome: OutcomeSuccess}, 4 * second }
	c := in(probe(target, slowly), 10*second)
	c.Timeout = 5 * second
	w.ensure("payroll", c)
	w.until(minute)
	w.settleAll()
	began := w.askedAfter(target, minute-10*second) + 10*second
	w.until(began + 3*second)
	if at := w.settled(); at != began {
		t.Errorf("watermark %s, a check runs that was due at %s", at, began)
	}
	w.until(began + 5*second)
	if at := w.settled(); at != began+5*second {
		t.Errorf("watermark %s at %s", at, w.now())
	}
	// What should have been asked meanwhile is not passed over when the process
	// was stopped.
	next := began + 10*second
	w.move(int64(next + minute))
	if at := w.settled(); at != next {
		t.Errorf("watermark %s, a check is due since %s", at, next)
	}
}

func TestWatermarkDoesNotWaitForAProbeThatIgnoresItsTimeout(t *testing.T) {
	w := newWorld(t, Options{})
	stuck := func(_, _ time.Duration) (Result, time.Duration) { return Result{}, time.Hour }
	w.ensure("payroll", in(probe(address(1), stuck), 10*second))
	w.until(10 * minute)
	w.settleAll()
	if at := w.settled(); at != 10*minute {
		t.Errorf("watermark %s", at)
	}
}

func TestWatermarkWaitsForProof(t *testing.T) {
	for _, interval := range []time.Duration{2 * second, 10 * second} {
		once := minute + interval
		for name, after := range map[string]behaviour{
			"each time": hanging,
			"once":      script(starving, phase{once, hanging}),
		} {
			t.Run(fmt.Sprint(interval, " ", name), func(t *testing.T) {
				w := newWorld(t, Options{})
				target := "127.0.0.1:80"
				w.ensure("payroll", in(probe(target, script(after, phase{minute, well})), interval))
				w.ensure("neighbour", in(probe("127.0.0.2:80", well), second)) // no other network
				w.until(minute)
				w.settleAll()
				began := w.askedAfter(target, minute-interval) + interval
				w.until(began + interval/2 + 9*second)
				if at := w.settled(); at != began {
					t.Errorf("watermark %s, a failure of %s waits for proof", at, began)
				}
				for range 600 { // it becomes Unknown, which is not passed over either
					w.run(100 * time.Millisecond)
					at := w.settled()
					if all := w.changes("payroll"); len(all) > 0 && at > all[0].At {
						t.Fatalf("watermark %s is after %v", at, all[0])
					}
				}
				w.expectState("payroll", StateUnknown)
			})
		}
	}
}

// A failure that waits for proof began after its check was covered no more,
// because it had to wait for a place.
func TestWatermarkWaitsForSilenceThatIsHeldOff(t *testing.T) {
	w := newWorld(t, Options{Workers: 2})
	names := []string{"one", "two", "three"}
	for n, name := range names {
		p := probe(fmt.Sprintf("127.0.0.%d:80", n+2), script(hanging, phase{minute, well}))
		w.ensure(name, in(p, 2*second))
	}
	w.ensure("neighbour", in(probe("127.0.0.1:80", well), second)) // no other network
	w.until(minute)
	w.settleAll()
	for range 600 {
		w.run(100 * time.Millisecond)
		at := w.settled()
		for _, name := range names {
			if all := w.changes(name); len(all) > 0 && at > all[0].At {
				t.Fatalf("watermark %s is after %v", at, all[0])
			}
		}
	}
	for _, name := range names {
		w.expectState(name, StateUnknown)
	}
}

func TestWatermarkStandsStillWhileBlind(t *testing.T) {
	w := newWorld(t, withWitness())
	from, to := 5*minute, 20*minute
	w.ensure("payroll", in(probe(address(1), cut(from, to)), 10*second))
	w.until(from)
	w.settleAll()
	w.witness = false
	w.until(to)
	w.settleAll()
	if at, since := w.settled(), w.engine.Health().Blind.Since.Sub(dayZero); at > since || at < from-10*second {
		t.Errorf("watermark %s, blind since %s", at, since)
	}
	w.witness = true
	w.until(to + 30*second)
	w.settleAll()
	if at := w.settled(); at != w.now() {
		t.Errorf("watermark %s at %s", at, w.now())
	}
}

func TestWatermarkWaitsUntilAGapIsTold(t *testing.T) {
	w := newWorld(t, Options{})
	w.until(minute)
	w.at.wall += int64(time.Hour) // the machine slept
	if at := w.settled(); at != minute {
		t.Errorf("watermark %s though nobody was told of the gap from %s on", at, minute)
	}
	w.run(second)
	if at := w.settled(); len(w.gaps) != 1 || at != minute+time.Hour+second {
		t.Errorf("watermark %s, gaps %v", at, w.gaps)
	}
}

func TestWatermarkNeverGoesBackWithTheClock(t *testing.T) {
	w := newWorld(t, Options{})
	w.until(minute)
	before := w.settled()
	w.at.wall -= int64(time.Hour)
	w.run(minute)
	if at := w.settled(); at != before {
		t.Errorf("watermark %s, before it was %s", at, before)
	}
}

func TestPendingIsBoundedAndSorted(t *testing.T) {
	const fleet = 300
	w := newWorld(t, Options{})
	w.check = false
	for n := range fleet {
		c := in(probe(address(n), script(refusing, phase{minute, well})), 10*second)
		c.FailureThreshold = 1000
		w.ensure(fmt.Sprintf("%03d", n), c)
	}
	w.until(minute)
	w.settleAll()
	w.until(minute + 30*second)
	m := w.engine.Watermark()
	if len(m.Pending) != MaxPending {
		t.Fatalf("%d are pending", len(m.Pending))
	}
	listed := map[string]bool{}
	for i, p := range m.Pending {
		listed[p.Subscriber.Name] = true
		if i > 0 && p.FirstFailure.Before(m.Pending[i-1].FirstFailure) {
			t.Errorf("%v comes after %v", p, m.Pending[i-1])
		}
	}
	var oldest time.Duration
	for n := range fleet {
		first := w.askedAfter(address(n), minute)
		if !listed[fmt.Sprintf("%03d", n)] && (oldest == 0 || first < oldest) {
			oldest = first
		}
	}
	if at := m.At.Sub(dayZero); at != oldest {
		t.Errorf("watermark %s, the oldest that is left out failed first at %s", at, oldest)
	}
	if diff := cmp.Diff(m, w.engine.Watermark()); diff != "" {
		t.Error(diff)
	}
}

// A streak that was pending stays so when it suffices, until that is recorded:
// the watermark has passed its beginning.
func TestPendingStreakStaysUntilItsOutageIsSettled(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	w.ensure("payroll", in(probe(target, script(refusing, phase{minute, well}, phase{2 * minute, refusing}, phase{3 * minute, well})), 10*second))
	w.until(minute)
	w.settleAll()
	first := w.askedAfter(target, minute-time.Millisecond-10*second) + 10*second
	w.until(first + 15*second)
	want := Pending{Subscriber: keyOf("payroll"), Check: "web", FirstFailure: w.wall(first), Count: 2}
	passed := w.engine.Watermark()
	if diff := cmp.Diff(Watermark{At: w.wall(w.now()), Pending: []Pending{want}}, passed); diff != "" {
		t.Error(diff)
	}
	want.Count = 3
	w.until(3*minute + 15*second) // down, up again, and failing
	if n, failing := len(w.changes("payroll")), len(w.engine.failing.entries); n != 2 || failing != 1 {
		t.Fatalf("%d changes, %d failing", n, failing)
	}
	if diff := cmp.Diff(Watermark{At: passed.At, Pending: []Pending{want}}, w.engine.Watermark()); diff != "" {
		t.Error(diff)
	}
	w.settleAll()
	if m := w.engine.Watermark(); len(m.Pending) != 1 || m.Pending[0].Count > 2 || !m.At.Equal(w.wall(w.now())) {
		t.Errorf("watermark %v", m)
	}
}

func TestOutstandingDueTimesAreBounded(t *testing.T) {
	w := newWorld(t, Options{PerTarget: 1})
	w.check = false
	stuck := func(_, timeout time.Duration) (Result, time.Duration) {
		return Result{Outcome: OutcomeSuccess}, timeout
	}
	c := in(probe(address(0), stuck), time.Hour)
	c.Timeout = 30 * minute
	w.ensure("stuck", c)
	for n := range 100 {
		w.ensure(fmt.Sprint(n), in(probe(address(n+1), well), second))
	}
	w.until(10 * minute)
	if n := w.engine.outstanding.dues.len(); n > 2000 {
		t.Errorf("%d due times are kept", n)
	}
	w.verifyAccounts()
}
