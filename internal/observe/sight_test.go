// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// cut hangs while the line is cut.
func cut(from, to time.Duration) behaviour {
	return func(at, timeout time.Duration) (Result, time.Duration) {
		_, took := well(at, timeout)
		if at+took > from && at < to {
			return hanging(at, timeout)
		}
		return well(at, timeout)
	}
}

func TestNetworkOf(t *testing.T) {
	same := [][2]string{
		{"127.0.0.1:80", "127.0.0.255:443"},
		{"127.0.0.1:80", "[::ffff:127.0.0.9]:80"},
		{"127.0.0.1:80", "127.0.0.9"},
		{"[fd00:0:0:1::1]:80", "[fd00:0:0:1:ffff::2]:443"},
	}
	for _, pair := range same {
		if networkOf(pair[0]) != networkOf(pair[1]) || !networkOf(pair[0]).known() {
			t.Errorf("%s and %s are not in one network", pair[0], pair[1])
		}
	}
	for _, other := range []string{"127.0.1.1:80", "[fd00:0:0:2::1]:80", "[::]:80", "0.0.0.0:80"} {
		if networkOf(other) == networkOf("127.0.0.1:80") || networkOf(other) == networkOf("[fd00:0:0:1::1]:80") {
			t.Errorf("%s is in a network in which it is not", other)
		}
	}
	for _, unknown := range []string{"", "payroll.example:443", "payroll.example", "127.0.0.1:http"} {
		if networkOf(unknown).known() {
			t.Errorf("the network of %q is known", unknown)
		}
	}
}

func TestWitnessProvesThatTheTargetHangs(t *testing.T) {
	w := newWorld(t, withWitness())
	target := address(1)
	w.ensure("payroll", in(probe(target, script(hanging, phase{minute, well})), 10*second))
	begins := minute
	w.until(begins + 3*10*second + 5*second + 2*second) // its timeout is 5 s
	w.expect("payroll", StateDown, w.askedAfter(target, begins), "ConnectTimeout")
	if w.probed != 3 {
		t.Errorf("the witness was asked %d times, want 3", w.probed)
	}
}

func TestWitnessIsAskedOnceASecond(t *testing.T) {
	options := withWitness()
	options.Workers = 1024
	w := newWorld(t, options)
	w.check = false
	for n := range 500 {
		w.ensure(fmt.Sprint(n), in(probe(address(n), hanging), 30*second))
	}
	w.run(5 * minute)
	if w.probed > 301 {
		t.Errorf("the witness was asked %d times in 300 s", w.probed)
	}
	for n := range 500 {
		w.expectState(fmt.Sprint(n), StateDown)
	}
}

func TestAnotherNetworkProves(t *testing.T) {
	for name, test := range map[string]struct {
		target, other string
		state         State
	}{
		"another network":                {"127.0.0.1:80", "127.0.1.1:80", StateDown},
		"the same network":               {"127.0.0.1:80", "127.0.0.2:80", StateUnknown},
		"another of IPv6":                {"[fd00:0:0:1::1]:80", "[fd00:0:0:2::1]:80", StateDown},
		"the same of IPv6":               {"[fd00:0:0:1::1]:80", "[fd00:0:0:1::2]:80", StateUnknown},
		"a network that nobody knows":    {"127.0.0.1:80", "intranet.example:80", StateUnknown},
		"a target with unknown network":  {"payroll.example:80", "127.0.1.1:80", StateUnknown},
		"IPv4 beside IPv6 is another":    {"[fd00:0:0:1::1]:80", "127.0.0.1:80", StateDown},
		"an address in another notation": {"127.0.0.1:80", "[::ffff:127.0.0.2]:80", StateUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.ensure("payroll", in(probe(test.target, hanging), 10*second))
			w.ensure("other", in(probe(test.other, well), 5*second))
			w.run(5 * minute)
			w.expectState("payroll", test.state)
			w.expectState("other", StateUp)
			if len(w.gaps) != 0 {
				t.Errorf("a gap though something answered: %v", w.gaps)
			}
			if test.state == StateUnknown && w.see("payroll").Reason != ReasonPathUnconfirmed {
				t.Errorf("reason %s", w.see("payroll").Reason)
			}
		})
	}
}

// TestWhatWasNotAskedProvesNothing: what is kept in memory answers though the
// line is cut.
func TestWhatWasNotAskedProvesNothing(t *testing.T) {
	kept := func(at, timeout time.Duration) (Result, time.Duration) {
		r, took := well(at, timeout)
		r.Unasked, r.Address = true, ""
		return r, took
	}
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe("127.0.0.1:80", hanging), 10*second))
	w.ensure("workload", in(probe("127.0.1.1:80", kept), 5*second))
	w.run(5 * minute)
	if len(w.gaps) != 1 || !w.engine.Health().Blind.Active {
		t.Errorf("gaps %v, blind %t", w.gaps, w.engine.Health().Blind.Active)
	}
}

func TestNewerAnswerOvertakesADoubtfulFailure(t *testing.T) {
	w := newWorld(t, withWitness())
	w.witness = false
	c := in(probe("127.0.0.1:80", script(well, phase{4 * second, hanging})), 5*second)
	c.Timeout, c.FailureThreshold = second, 1
	w.ensure("payroll", c)
	w.run(9500 * time.Millisecond)
	w.expectState("payroll", StateUp)
	if w.engine.sight.count == 0 {
		t.Fatal("the failure is decided already")
	}
	w.ensure("other", in(probe("127.0.1.1:80", well), 5*second))
	w.run(second)
	if w.engine.sight.count != 0 {
		t.Error("the failure is not decided yet")
	}
	w.expectState("payroll", StateUp)
}

func TestFailureThatWaitsForProofIsNoSilence(t *testing.T) {
	// The witness is gone, and the only other network answers every 8 s. Between
	// two answers the target's last result would cease to cover it.
	w := newWorld(t, withWitness())
	w.ensure("payroll", in(probe("127.0.0.1:80", script(hanging, phase{minute, well})), 5*second))
	w.ensure("neighbour", in(probe("127.0.0.2:80", well), second))
	w.ensure("other", in(probe("127.0.1.1:80", well), 8*second))
	w.run(minute)
	w.witness = false
	woken := len(w.wakes)
	w.run(minute)
	w.expect("payroll", StateDown, w.askedAfter("127.0.0.1:80", minute), "ConnectTimeout")
	if len(w.wakes) != woken+1 {
		t.Errorf("woken %d times, want once: %v", len(w.wakes)-woken, w.wakes[woken:])
	}
}

func TestTwoNetworksProveForAnUnknownOne(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe("payroll.example:443", hanging), 10*second))
	w.ensure("one", in(probe(address(1), well), 5*second))
	w.ensure("two", in(probe(address(2), well), 5*second))
	w.run(minute)
	w.expectState("payroll", StateDown)
}

func TestRefusalIsAnAnswer(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(1), hanging), 10*second))
	w.ensure("other", in(probe(address(2), refusing), 5*second))
	w.run(minute)
	w.expectState("payroll", StateDown)
	w.expectState("other", StateDown)
}

// 10,000 up, our own line cut for 180 s, to the witness too: no change of any
// check, so no write, and one gap. The pool is small enough to be swamped by what
// hangs meanwhile.
func TestS1CutLineIsOneGap(t *testing.T) {
	const fleet = 10_000
	options := withWitness()
	w := newWorld(t, options)
	w.check = false
	from, to := 5*minute, 8*minute
	for n := range fleet {
		c := in(probe(address(n), cut(from, to)), []time.Duration{5 * second, 30 * second, 60 * second, 600 * second}[n%4])
		c.Timeout = min(c.Interval/2, 10*second)
		c.FailureThreshold = n%3 + 1
		w.ensure(fmt.Sprint(n), c)
	}
	w.until(from)
	if len(w.wakes) != fleet {
		t.Fatalf("woken %d times at the start, want %d", len(w.wakes), fleet)
	}
	w.engine.SettleBefore(w.wall(from))
	w.witness = false
	w.until(to)
	if at, blind := w.engine.Watermark().At, w.engine.Health().Blind.Since; at.After(blind) || at.Before(w.wall(from-10*second)) {
		t.Errorf("all is settled until %s, blind since %s", at.Sub(dayZero), blind.Sub(dayZero))
	}
	if !w.engine.Health().Blind.Active {
		t.Error("not blind though the line is cut")
	}
	w.witness = true
	w.until(20 * minute)
	for n := range fleet {
		if o := w.see(fmt.Sprint(n)); o.State != StateUp || len(o.Changes) > 0 {
			t.Fatalf("%d is %s (%s) after %v", n, o.State, o.Reason, o.Changes)
		}
	}
	if len(w.wakes) != fleet {
		t.Errorf("woken %d times since", len(w.wakes)-fleet)
	}
	if at := w.engine.Watermark().At; at.Before(w.wall(20*minute - 10*second)) {
		t.Errorf("all is settled until %s only", at.Sub(dayZero))
	}
	if len(w.gaps) != 2 || !w.gaps[0].To.IsZero() || !w.gaps[0].From.Equal(w.gaps[1].From) || w.gaps[0].Reason != GapBlind {
		t.Fatalf("gaps %v, want one with its end", w.gaps)
	}
	began, ended := w.gaps[1].From.Sub(dayZero), w.gaps[1].To.Sub(dayZero)
	if began < from-10*second || began > from+2*second || ended < to || ended > to+3*second {
		t.Errorf("the gap is from %s to %s, want %s to %s", began, ended, from, to)
	}
	if w.engine.Health().Blind.Active {
		t.Error("still blind")
	}
}

func TestBlindnessFreezesStreaks(t *testing.T) {
	w := newWorld(t, withWitness())
	target := address(1)
	// Two failures before the cut and one after it: an outage, from the first.
	w.ensure("payroll", in(probe(target, script(hanging, phase{minute, well})), 10*second))
	w.until(minute + 26*second)
	w.expectState("payroll", StateUp)
	w.witness = false
	w.until(4 * minute)
	w.expectState("payroll", StateUp)
	w.witness = true
	w.until(4*minute + 18*second)
	w.expect("payroll", StateDown, w.askedAfter(target, minute), "ConnectTimeout")
}

func TestLongBlindnessBecomesUnknownSlowly(t *testing.T) {
	const fleet = 600
	w := newWorld(t, withWitness())
	w.check = false
	from, to := 2*minute, 10*minute
	for n := range fleet {
		w.ensure(fmt.Sprint(n), in(probe(address(n), cut(from, to)), 30*second))
	}
	w.until(from)
	w.witness = false
	start := len(w.wakes)
	w.until(to)
	since := w.engine.Health().Blind.Since.Sub(dayZero)
	perSecond := map[int]int{}
	for _, wake := range w.wakes[start:] {
		if wake.at < since+5*minute {
			t.Fatalf("woken at %s, blind since %s", wake.at, since)
		}
		perSecond[int(wake.at/second)]++
	}
	for at, n := range perSecond {
		if n > 50 {
			t.Errorf("%d woken in second %d", n, at)
		}
	}
	for n := range fleet {
		o := w.see(fmt.Sprint(n))
		if o.State != StateUnknown || o.Reason != ReasonBlind {
			t.Fatalf("%d is %s (%s)", n, o.State, o.Reason)
		}
		if at := o.Since.Sub(dayZero); at < since || at > since+minute {
			t.Fatalf("%d is unknown since %s, blind since %s", n, at, since)
		}
	}
	w.witness = true
	w.until(to + minute)
	for n := range fleet {
		w.expectState(fmt.Sprint(n), StateUp)
	}
}

func TestClockStepsAreGaps(t *testing.T) {
	for name, step := range map[string]time.Duration{"forward": time.Hour, "backward": -time.Hour} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.ensure("payroll", in(probe(address(1), script(refusing, phase{10*minute + 30*second, well})), 30*second))
			w.until(10 * minute)
			before := w.see("payroll")
			w.at.wall += int64(step)
			w.run(2 * minute)
			o := w.see("payroll")
			if want := w.wall(w.askedAfter(address(1), 10*minute+30*second)).Add(step); o.State != StateDown || !o.Since.Equal(want) && step > 0 {
				t.Errorf("%s since %s, want Down since %s", o.State, o.Since, want)
			}
			if before.State != StateUp || len(w.wakes) != 2 {
				t.Errorf("woken %d times, want 2", len(w.wakes))
			}
			if len(w.gaps) != 1 {
				t.Fatalf("gaps %v, want one", w.gaps)
			}
			gap := w.gaps[0]
			if d := gap.To.Sub(gap.From); gap.Reason != GapClockStepped || d != time.Hour {
				t.Errorf("the gap is %s of %s", d, gap.Reason)
			}
			last := w.asked[address(1)]
			for i := 1; i < len(last); i++ {
				if pause := last[i] - last[i-1]; pause > 33*second {
					t.Errorf("a pause of %s from %s", pause, last[i-1])
				}
			}
		})
	}
}

func TestSlowDriftIsNoGap(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(1), well), 10*second))
	for range 3600 {
		w.run(second)
		w.at.wall += int64(10 * time.Millisecond)
	}
	if diff := cmp.Diff([]Gap(nil), w.gaps); diff != "" {
		t.Error(diff)
	}
	if late := w.late[address(1)]; len(late) < 360 || len(late) > 363 {
		t.Errorf("asked %d times in an hour", len(late))
	}
}
