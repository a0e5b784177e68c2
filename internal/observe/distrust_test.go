// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDistrustFreezesStreaks(t *testing.T) {
	w := newWorld(t, withWitness())
	target := address(1)
	// Two failures before and one after it: an outage, from the first.
	w.ensure("payroll", in(probe(target, script(refusing, phase{minute, well})), 10*second))
	w.ensure("up", in(probe(address(2), well), 10*second))
	w.until(minute + 25*second)
	w.settleAll()
	w.engine.Distrust("The clock is wrong.")
	from := w.now()
	w.until(4 * minute)
	w.expectState("payroll", StateUp)
	w.expectState("up", StateUp)
	if m := w.engine.Watermark(); !m.At.Equal(w.wall(from)) || len(m.Pending) != 1 || m.Pending[0].Count != 3-1 {
		t.Errorf("watermark %v", m)
	}
	if h := w.engine.Health(); h.Distrusted != (Condition{Active: true, Since: w.wall(from), Message: "The clock is wrong."}) || h.Blind.Active {
		t.Errorf("health %+v", h)
	}
	w.engine.Trust()
	w.engine.Trust()
	w.until(4*minute + 12*second)
	w.expect("payroll", StateDown, w.askedAfter(target, minute), "ConnectionRefused")
	want := []Gap{
		{From: w.wall(from), Reason: GapDistrusted},
		{From: w.wall(from), To: w.wall(4 * minute), Reason: GapDistrusted},
	}
	if diff := cmp.Diff(want, w.gaps); diff != "" {
		t.Error(diff)
	}
	w.settleAll()
	if at := w.settled(); at != w.now() {
		t.Errorf("watermark %s at %s", at, w.now())
	}
}

func TestResultOfACheckThatBeganInDistrustDoesNotCount(t *testing.T) {
	w := newWorld(t, Options{})
	slowly := func(_, _ time.Duration) (Result, time.Duration) {
		result, _ := refusing(0, 0)
		return result, 4 * second
	}
	c := in(probe(address(1), script(slowly, phase{minute, well})), 10*second)
	c.FailureThreshold = 1
	w.ensure("payroll", c)
	w.until(minute)
	w.engine.Distrust("The clock is wrong.")
	began := w.askedAfter(address(1), minute-10*second) + 10*second
	w.until(began + 2*second)
	w.engine.Trust()
	w.until(began + 9*second)
	w.expectState("payroll", StateUp)
	w.until(began + 15*second)
	w.expect("payroll", StateDown, began+10*second, "ConnectionRefused")
}

func TestLongDistrustBecomesUnknownSlowly(t *testing.T) {
	const fleet = 200
	w := newWorld(t, withWitness())
	w.check = false
	for n := range fleet {
		w.ensure(fmt.Sprint(n), in(probe(address(n), well), 30*second))
	}
	w.until(2 * minute)
	start := len(w.wakes)
	w.engine.Distrust(strings.Repeat("ö", MaxMessageLength))
	w.until(8 * minute)
	perSecond := map[int]int{}
	for _, wake := range w.wakes[start:] {
		if wake.at < 7*minute {
			t.Fatalf("woken at %s", wake.at)
		}
		perSecond[int(wake.at/second)]++
	}
	for at, n := range perSecond {
		if n > unknownRate {
			t.Errorf("%d woken in second %d", n, at)
		}
	}
	for n := range fleet {
		o := w.see(fmt.Sprint(n))
		if o.State != StateUnknown || o.Reason != ReasonDistrusted || o.Message != strings.Repeat("ö", MaxMessageLength/2) {
			t.Fatalf("%d is %s (%s): %s", n, o.State, o.Reason, o.Message)
		}
		if at := o.Since.Sub(dayZero); at < 2*minute || at > 3*minute {
			t.Fatalf("%d is unknown since %s", n, at)
		}
	}
	w.engine.Trust()
	w.run(minute)
	for n := range fleet {
		w.expectState(fmt.Sprint(n), StateUp)
	}
}

// Blindness and distrust overlap in all ways: each is told as it is, nothing
// changes meanwhile, and what was covered is covered on after the last of them.
func TestDistrustAndBlindnessOverlap(t *testing.T) {
	for name, test := range map[string]struct{ from, to time.Duration }{
		"distrust within blindness": {4 * minute, 5 * minute},
		"blindness within distrust": {2 * minute, 7 * minute},
		"distrust first":            {2 * minute, 5 * minute},
		"blindness first":           {4 * minute, 7 * minute},
		"one after the other":       {2 * minute, 3*minute + second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withWitness())
			w.ensure("payroll", in(probe(address(1), cut(3*minute, 6*minute)), 10*second))
			w.until(minute)
			w.settleAll()
			w.after(test.from-minute, func() { w.engine.Distrust("The clock is wrong.") })
			w.after(test.to-minute, func() { w.engine.Trust() })
			w.after(2*minute, func() { w.witness = false })
			w.after(5*minute, func() { w.witness = true })
			first, last := min(test.from, 3*minute), max(test.to, 6*minute)
			for w.now() < last-5*second {
				w.run(5 * second)
				if at := w.settled(); w.now() > 4*minute && at > first+10*second && test.to > 4*minute {
					t.Fatalf("at %s the watermark is %s", w.now(), at)
				}
			}
			w.until(10 * minute)
			w.expectState("payroll", StateUp)
			if got := w.changes("payroll"); got != nil {
				t.Errorf("changes %v", got)
			}
			told := map[string]int{}
			for _, gap := range w.gaps {
				if !gap.To.IsZero() {
					told[gap.Reason]++
				}
			}
			if diff := cmp.Diff(map[string]int{GapBlind: 1, GapDistrusted: 1}, told); diff != "" || len(w.gaps) != 4 {
				t.Errorf("gaps %v", w.gaps)
			}
			if at := w.settled(); at != w.now() {
				t.Errorf("watermark %s at %s", at, w.now())
			}
		})
	}
}

func TestDarknessThatTouchesAnotherIsOne(t *testing.T) {
	w := newWorld(t, Options{})
	at := func(d time.Duration) instant { return instant{mono: int64(d), wall: w.at.wall + int64(d)} }
	w.until(100 * second)
	w.engine.Distrust("The clock is wrong.")
	w.until(200 * second)
	w.engine.Trust()
	w.engine.darken(at(150*second), at(210*second))
	if since := time.Duration(w.engine.sight.darkSince.mono); since != 100*second {
		t.Errorf("dark since %s", since)
	}
	w.engine.darken(at(300*second), at(310*second))
	if since := time.Duration(w.engine.sight.darkSince.mono); since != 300*second {
		t.Errorf("dark since %s", since)
	}
}

func TestCredentialsRejectedInDistrustAreToldAfterIt(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(1), script(rejecting, phase{minute, well})), 10*second))
	w.ensure("other", in(probe(address(2), script(rejecting, phase{minute, well})), 10*second))
	w.until(minute)
	w.engine.Distrust("The clock is wrong.")
	w.until(2 * minute)
	w.expectState("payroll", StateUp)
	asked := len(w.asked[address(1)])
	w.engine.Forget(keyOf("other"))
	w.engine.Trust()
	w.expect("payroll", StateUnknown, 2*minute, ReasonCredentialsRejected)
	if diff := cmp.Diff(told{2 * minute, StateUnknown, ReasonCredentialsRejected}, w.changes("payroll")[1]); diff != "" {
		t.Error(diff)
	}
	w.run(10 * minute)
	if len(w.asked[address(1)]) != asked {
		t.Error("the question was put again, which may lock the account")
	}
}
