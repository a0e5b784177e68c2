// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// streakOf is a streak of the only check of the named object that began so long
// before the world.
func streakOf(name string, before time.Duration, count int) Pending {
	return Pending{Subscriber: keyOf(name), Check: "web", FirstFailure: dayZero.Add(-before), Count: count}
}

// seededUp is a check of a target that was up when the process before ended.
func seededUp(target string, behave behaviour) Check {
	c := in(probe(target, behave), 10*second)
	c.Seed = &Observation{State: StateUp, Since: dayZero.Add(-time.Hour)}
	return c
}

func TestResumedStreakGoesOn(t *testing.T) {
	for name, known := range map[string]bool{"ensured before": true, "ensured later": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			ensure := func() { w.ensure("payroll", seededUp(address(1), refusing)) }
			if known {
				ensure()
			}
			w.engine.Resume([]Pending{streakOf("nobody", minute, 2), streakOf("payroll", 30*second, 1), streakOf("payroll", minute, 2)})
			if !known {
				w.run(4 * minute)
				ensure()
			}
			m := w.engine.Watermark()
			if diff := cmp.Diff([]Pending{streakOf("payroll", minute, 2)}, m.Pending); diff != "" {
				t.Error(diff)
			}
			w.expectState("payroll", StateUp)
			w.run(second)
			w.expect("payroll", StateDown, -minute, "ConnectionRefused")
			if diff := cmp.Diff([]told{{-minute, StateDown, "ConnectionRefused"}}, w.changes("payroll")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestResumedStreakEndsWithASuccess(t *testing.T) {
	w := newWorld(t, Options{})
	w.engine.Resume([]Pending{streakOf("payroll", minute, 2)})
	w.ensure("payroll", seededUp(address(1), script(refusing, phase{second, well})))
	w.run(minute)
	w.expect("payroll", StateDown, w.askedAfter(address(1), second), "ConnectionRefused")
}

func TestResumedStreakThatSufficesIsAnOutageAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		state State
		since time.Duration
	}{
		"up":                  {StateUp, -time.Hour},
		"unknown":             {StateUnknown, -time.Hour},
		"pending":             {StatePending, 0},
		"unknown since later": {StateUnknown, -30 * second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			c := in(probe(address(1), refusing), 10*second)
			if test.state != StatePending {
				c.Seed = &Observation{State: test.state, Since: w.wall(test.since)}
			}
			w.ensure("payroll", c)
			w.engine.Resume([]Pending{streakOf("payroll", minute, 3)})
			w.expect("payroll", StateDown, -minute, ReasonFailedEarlier)
			if o := w.see("payroll"); o.Message != "The check failed 3 times in a row before the operator was restarted." {
				t.Errorf("message %q", o.Message)
			}
			at := -minute
			if test.state == StateUnknown {
				at = max(at, test.since)
			}
			if diff := cmp.Diff([]told{{at, StateDown, ReasonFailedEarlier}}, w.changes("payroll")); diff != "" {
				t.Error(diff)
			}
			w.run(second)
			w.expect("payroll", StateDown, -minute, "ConnectionRefused")
			if n := len(w.changes("payroll")); n != 1 {
				t.Errorf("%d changes", n)
			}
		})
	}
}

func TestNothingIsResumedThatIsKnownBetter(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("up", in(probe(address(1), well), 10*second))
	c := in(probe(address(2), refusing), 10*second)
	c.Seed = &Observation{State: StateDown, Since: dayZero.Add(-time.Hour), Reason: "ConnectionRefused"}
	w.ensure("down", c)
	w.ensure("other", in(probe(address(3), starving), 10*second))
	w.run(second)
	w.engine.Resume([]Pending{
		streakOf("up", minute, 3),
		streakOf("down", minute, 3),
		streakOf("other", minute, 0),
		{Subscriber: keyOf("other"), Check: "web", Count: 3},
	})
	w.expectState("up", StateUp)
	w.expect("down", StateDown, -time.Hour, "ConnectionRefused")
	w.expectState("other", StatePending)
	if m := w.engine.Watermark(); len(m.Pending) > 0 {
		t.Errorf("pending %v", m.Pending)
	}
	// An answer that decided nothing is no result: the streak may go on.
	w.engine.Resume([]Pending{streakOf("other", -time.Hour, 3)})
	w.expect("other", StateDown, w.now(), ReasonFailedEarlier)
}

func TestResumedOutageSpeaksUntilItIsAskedAnew(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", seededUp(address(1), starving))
	w.run(minute)
	w.expectState("payroll", StateUnknown)
	w.engine.Resume([]Pending{streakOf("payroll", minute, 3)})
	w.run(20 * second)
	w.expect("payroll", StateDown, -minute, ReasonFailedEarlier)
	w.run(20 * second)
	w.expectState("payroll", StateUnknown)
}

func TestResumedFailuresCountForFlapping(t *testing.T) {
	s := streak{up: true}
	s.resume(50, 4)
	for _, r := range readings("SF") {
		s.feed(r, limits{failures: 10, successes: 1})
	}
	if s.verdict() != verdictFlapping {
		t.Errorf("verdict %d after five failures of six", s.verdict())
	}
}

func TestResumeHoldsForFiveMinutes(t *testing.T) {
	w := newWorld(t, Options{})
	w.engine.Resume([]Pending{streakOf("payroll", minute, 3), streakOf("late", minute, 3)})
	w.run(resumeFor)
	w.ensure("payroll", seededUp(address(1), refusing))
	w.expectState("payroll", StateDown)
	w.run(second)
	w.ensure("late", seededUp(address(2), refusing))
	w.expectState("late", StateUp)
	w.engine.Resume([]Pending{streakOf("later still", minute, 3)})
	w.ensure("later still", seededUp(address(3), refusing))
	w.expectState("later still", StateUp)
}

func TestSweepEndsWhenAllWereAnswered(t *testing.T) {
	w := newWorld(t, withWitness())
	w.check = true
	slowly := func(_, timeout time.Duration) (Result, time.Duration) {
		return Result{Outcome: OutcomeSuccess}, timeout
	}
	without := in(nil, 10*second)
	without.Probe = nil
	locked := in(probe(address(4), rejecting), 10*second)
	locked.Seed = &Observation{State: StateUnknown, Reason: ReasonCredentialsRejected, CheckedAt: dayZero}
	w.ensure("up", in(probe(address(1), well), 10*second))
	w.ensure("slow", in(probe(address(2), slowly), 10*second))
	w.ensure("own", in(probe(address(3), starving), 10*second))
	w.ensure("locked", locked)
	w.ensure("without", without)
	w.ensure("black hole", in(probe(address(5), hanging), 20*second))
	w.ensure("gone", in(probe(address(6), hanging), time.Hour))
	w.ensure("unasked", in(probe(address(8), hanging), time.Hour))
	w.run(second)
	if _, swept := w.engine.Swept(); swept {
		t.Error("swept before it was sealed")
	}
	w.engine.Seal()
	w.ensure("later", in(probe(address(7), hanging), time.Hour))
	w.engine.Forget(keyOf("gone"))
	w.ensure("unasked", without)
	w.until(9 * second)
	if _, swept := w.engine.Swept(); swept {
		t.Error("swept though one still runs")
	}
	ended := w.firstAsk(address(5)) + 10*second
	w.until(ended + second)
	w.engine.Seal()
	at, swept := w.engine.Swept()
	if late := at.Sub(w.wall(ended)); !swept || late < 0 || late > 100*time.Millisecond {
		t.Errorf("swept: %t, at %s, want %s", swept, at.Sub(dayZero), ended)
	}
	w.run(10 * minute)
	if again, _ := w.engine.Swept(); !again.Equal(at) {
		t.Errorf("swept at %s, then at %s", at, again)
	}
}

func TestSweepDoesNotEndWhileNothingIsSeen(t *testing.T) {
	w := newWorld(t, withWitness())
	w.witness = false
	w.ensure("payroll", in(probe(address(1), cut(0, 5*minute)), 10*second))
	w.engine.Seal()
	w.until(5 * minute)
	if _, swept := w.engine.Swept(); swept || !w.engine.Health().Blind.Active {
		t.Error("swept while blind")
	}
	w.witness = true
	w.run(minute)
	if at, swept := w.engine.Swept(); !swept || at.Before(w.wall(5*minute)) {
		t.Errorf("swept: %t at %s", swept, at)
	}
}

func TestSweepOfNothingEndsAtOnce(t *testing.T) {
	w := newWorld(t, Options{})
	w.run(minute)
	w.engine.Seal()
	if at, swept := w.engine.Swept(); !swept || !at.Equal(w.wall(minute)) {
		t.Errorf("swept: %t at %s", swept, at)
	}
}
