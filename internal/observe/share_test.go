// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestSharedQuestionIsAskedOnce(t *testing.T) {
	w := newWorld(t, Options{})
	p := probe(address(1), script(refusing, phase{5 * minute, well}))
	for n := range 500 {
		w.ensure(fmt.Sprint(n), in(p, 30*second))
	}
	w.run(10 * minute)
	if n := len(w.asked[address(1)]); n < 20 || n > 22 {
		t.Errorf("asked %d times in 10 minutes, want 20 and the first", n)
	}
	down := w.askedAfter(address(1), 5*minute)
	for n := range 500 {
		w.expect(fmt.Sprint(n), StateDown, down, "ConnectionRefused")
	}
	h := w.engine.Health()
	if h.Questions != 1 || h.Checks != 500 || h.Shared != 499 {
		t.Errorf("%d questions, %d checks, %d shared", h.Questions, h.Checks, h.Shared)
	}
	// The one whose place was taken leaves; the others go on without it.
	for n := range 499 {
		w.engine.Forget(keyOf(fmt.Sprint(n)))
	}
	w.run(5 * minute)
	w.expect("499", StateDown, down, "ConnectionRefused")
	if n := len(w.asked[address(1)]); n < 29 || n > 33 {
		t.Errorf("asked %d times in 15 minutes", n)
	}
}

func TestWhoJoinsWhileItRunsTakesTheResult(t *testing.T) {
	w := newWorld(t, Options{})
	p := probe(address(1), func(_, _ time.Duration) (Result, time.Duration) { return Result{Outcome: OutcomeSuccess}, 3 * second })
	w.ensure("first", in(p, time.Hour))
	w.run(second)
	w.ensure("second", in(p, time.Hour))
	w.run(2 * second)
	w.expect("first", StateUp, 0, "")
	w.expect("second", StateUp, 0, "")
	if n := len(w.asked[address(1)]); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestSubscribersConsumeAtTheirOwnDueTimes(t *testing.T) {
	w := newWorld(t, Options{})
	p := probe(address(1), script(refusing, phase{10 * minute, well}))
	w.ensure("quick", in(p, 10*second))
	w.ensure("slow", in(p, minute))
	w.until(10 * minute)
	w.expectState("quick", StateUp)
	w.expectState("slow", StateUp)
	w.until(10*minute + 3*10*second)
	w.expect("quick", StateDown, w.askedAfter(address(1), 10*minute), "ConnectionRefused")
	w.expectState("slow", StateUp)
	w.until(10*minute + 2*minute)
	w.expectState("slow", StateUp)
	w.until(10*minute + 3*minute + 10*second)
	o := w.see("slow")
	if at := o.Since.Sub(dayZero); o.State != StateDown || at < 10*minute || at > 11*minute+10*second {
		t.Errorf("%s since %s", o.State, at)
	}
	if n := len(w.asked[address(1)]); n < 78 || n > 81 {
		t.Errorf("asked %d times in 13 minutes at 10 s", n)
	}
}

func TestSubscribersWithAnyIntervalsAreServed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, Options{})
		p := probe(address(1), well)
		intervals := rapid.SliceOfN(rapid.Int64Range(5, 300), 1, 5).Draw(rt, "intervals")
		for n, interval := range intervals {
			w.run(time.Duration(rapid.Int64Range(0, 20).Draw(rt, "pause")) * second)
			w.ensure(fmt.Sprint(n), in(p, time.Duration(interval)*second))
		}
		w.run(20 * minute)
		for n := range intervals {
			if o := w.see(fmt.Sprint(n)); o.State != StateUp {
				rt.Errorf("%d is %s (%s)", n, o.State, o.Reason)
			}
		}
		if len(w.wakes) != len(intervals) {
			rt.Errorf("woken %d times, want once each of %d: %v", len(w.wakes), len(intervals), w.wakes)
		}
	})
}

func TestRejectedCredentialsAreNotTriedAgainSoon(t *testing.T) {
	w := newWorld(t, Options{})
	p := probe(address(1), script(rejecting, phase{minute, well}))
	for n := range 3 {
		w.ensure(fmt.Sprint(n), in(p, 30*second))
	}
	w.until(40 * time.Hour)
	asked := w.asked[address(1)]
	i := 0
	for asked[i] < minute {
		i++
	}
	for n := range 3 {
		w.expect(fmt.Sprint(n), StateUnknown, asked[i], ReasonCredentialsRejected)
	}
	var pauses []time.Duration
	for i++; i < len(asked); i++ {
		pauses = append(pauses, (asked[i] - asked[i-1]).Round(second))
	}
	want := []time.Duration{15 * minute, 30 * minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 6 * time.Hour, 6 * time.Hour}
	for i, pause := range want {
		if pauses[i] != pause {
			t.Errorf("pause %d is %s, want %s", i, pauses[i], pause)
		}
	}
}

func TestRejectedCredentialsAndHowTheyEnd(t *testing.T) {
	start := func(t *testing.T) (*world, Check) {
		w := newWorld(t, Options{})
		c := in(probe(address(1), script(rejecting, phase{20 * minute, rejecting})), 30*second)
		w.ensure("payroll", c)
		w.run(minute)
		w.expect("payroll", StateUnknown, 0, ReasonCredentialsRejected)
		return w, c
	}
	count := func(w *world) int { return len(w.asked[address(1)]) }

	t.Run("another Secret is tried at once", func(t *testing.T) {
		w, c := start(t)
		c.Probe = &simulated{key: "version 2", target: address(1), behave: well}
		w.ensure("payroll", c)
		w.run(second)
		w.expectState("payroll", StateUp)
	})
	t.Run("one more subscriber does not try again", func(t *testing.T) {
		w, c := start(t)
		w.ensure("other", c)
		w.expect("other", StateUnknown, minute, ReasonCredentialsRejected)
		w.run(10 * minute)
		if n := count(w); n != 1 {
			t.Errorf("tried %d times", n)
		}
	})
	t.Run("nor does deleting and creating", func(t *testing.T) {
		w, c := start(t)
		for range 5 {
			w.engine.Forget(keyOf("payroll"))
			w.run(second)
			w.ensure("payroll", c)
			w.run(minute)
		}
		w.expectState("payroll", StateUnknown)
		if n := count(w); n != 1 {
			t.Errorf("tried %d times", n)
		}
		w.until(16 * minute)
		if n := count(w); n != 2 {
			t.Errorf("tried %d times, want again after 15 minutes", n)
		}
	})
	t.Run("nor does a restart", func(t *testing.T) {
		before, c := start(t)
		seed := before.see("payroll")
		w := newWorld(t, Options{})
		c.Seed = &seed
		w.run(5 * minute)
		w.ensure("payroll", c)
		w.until(14 * minute)
		if n := count(w); n != 0 {
			t.Errorf("tried %d times", n)
		}
		w.until(16 * minute)
		if n := count(w); n != 1 {
			t.Errorf("tried %d times, want once", n)
		}
	})
	t.Run("another interval does not try again", func(t *testing.T) {
		w, c := start(t)
		c.Interval = 5 * second
		w.ensure("payroll", c)
		w.run(10 * minute)
		if n := count(w); n != 1 {
			t.Errorf("tried %d times", n)
		}
	})
}

func TestRefusalsAreForgotten(t *testing.T) {
	var r refusals
	for n := range 10 * refusalsKept {
		r.add(fmt.Sprint(n), refusal{until: int64(n + 10)}, int64(n))
	}
	if len(r.byKey) > refusalsKept {
		t.Errorf("%d are kept", len(r.byKey))
	}
	if _, found := r.byKey[fmt.Sprint(10*refusalsKept-1)]; !found {
		t.Error("the last one is not")
	}
}

// TestEngineKeepsItsBooks does anything in any order and verifies the books
// after each event.
func TestEngineKeepsItsBooks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t, Options{Workers: 4, PerTarget: 2, Witness: withWitness().Witness})
		overrunning := func(_, timeout time.Duration) (Result, time.Duration) { return Result{}, 3 * timeout }
		behaviours := []behaviour{well, well, slow, refusing, hanging, rejecting, starving, overrunning}
		names := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		drawCheck := func(t *rapid.T, name string) Check {
			c := in(nil, time.Duration(rapid.IntRange(5, 60).Draw(t, "interval"))*second)
			c.Name, c.Probe = name, nil
			if n := rapid.IntRange(-1, 9).Draw(t, "target"); n >= 0 {
				b := rapid.IntRange(0, len(behaviours)-1).Draw(t, "behaviour")
				c.Probe = &simulated{key: fmt.Sprint(n, b), target: address(n / 3), behave: behaviours[b]}
			}
			c.FailureThreshold = rapid.IntRange(1, 4).Draw(t, "failureThreshold")
			return c
		}
		rt.Repeat(map[string]func(*rapid.T){
			"ensure": func(t *rapid.T) {
				var checks []Check
				for _, name := range rapid.SliceOfN(names, 0, 4).Draw(t, "checks") {
					checks = append(checks, drawCheck(t, name))
				}
				w.ensure(names.Draw(t, "subscriber"), checks...)
			},
			"forget":  func(t *rapid.T) { w.engine.Forget(keyOf(names.Draw(t, "subscriber"))) },
			"witness": func(*rapid.T) { w.witness = !w.witness },
			"step":    func(t *rapid.T) { w.at.wall += rapid.Int64Range(-1e11, 1e11).Draw(t, "by") },
			"run":     func(t *rapid.T) { w.run(time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ms")) * time.Millisecond) },
			"": func(t *rapid.T) {
				for _, name := range []string{"a", "b", "c", "d"} {
					for _, o := range w.engine.Observations(keyOf(name)) {
						if o.State == StateUp && o.Reason != "" || o.State != StateUp && o.Reason == "" || o.Since.IsZero() {
							t.Fatalf("at %s: %+v", w.now(), o)
						}
					}
				}
			},
		})
		for _, name := range []string{"a", "b", "c", "d"} {
			w.engine.Forget(keyOf(name))
		}
		w.run(10 * minute)
		h := w.engine.Health()
		if h.InFlight+h.Queued+h.Targets+h.Questions+h.Checks != 0 || w.engine.sight.count != 0 {
			rt.Fatalf("something is left: %+v, %d suspicions", h, w.engine.sight.count)
		}
	})
}
