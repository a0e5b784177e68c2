// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// verifyAccounts compares what the engine keeps for the account with what it is
// derived from.
func (w *world) verifyAccounts() {
	w.t.Helper()
	e := w.engine
	failing, unsettled, awaited := 0, 0, 0
	for _, s := range e.subscribers {
		for _, c := range s.checks {
			if c.awaited {
				awaited++
			}
			if c.failing() {
				failing++
			}
			if c.failing() != (c.failed != nowhere) || c.failed != nowhere && e.failing.at(c.failed) != c.streak.first {
				w.t.Fatalf("at %s: %s is failing: %t, at place %d", w.now(), s.key, c.failing(), c.failed)
			}
			if c.history != nil {
				unsettled++
				if len(c.history.changes) == 0 || e.unsettled.at(c.history.place) != c.history.changes[0].at {
					w.t.Fatalf("at %s: %s has %d changes at place %d", w.now(), s.key, len(c.history.changes), c.history.place)
				}
			}
		}
	}
	if failing != len(e.failing.entries) || unsettled != len(e.unsettled.entries) || awaited != e.sweep.awaited {
		w.t.Fatalf("at %s: %d of %d fail, %d of %d are unsettled, %d of %d are awaited", w.now(),
			failing, len(e.failing.entries), unsettled, len(e.unsettled.entries), awaited, e.sweep.awaited)
	}
	first := int64(never)
	for _, q := range e.questions {
		if q.stage == stageWaiting || q.stage == stageReady || q.stage == stageRunning && !q.run.judged {
			first = min(first, q.queued)
		}
	}
	if got := e.outstanding.first(); (got == never) != (first == never) || first != never && e.outstanding.dues.peek().mono != first {
		w.t.Fatalf("at %s: the first question that is open was due at %s", w.now(), time.Duration(first))
	}
}

// told is a Change without its message.
type told struct {
	At     time.Duration
	State  State
	Reason string
}

// changes returns what is unsettled of the named object's only check.
func (w *world) changes(name string) []told {
	w.t.Helper()
	var all []told
	for _, c := range w.see(name).Changes {
		all = append(all, told{c.At.Sub(dayZero), c.State, c.Reason})
	}
	return all
}

func TestChangesAreKeptUntilTheyAreSettled(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	w.ensure("payroll", in(probe(target, script(refusing, phase{2 * minute, well}, phase{4 * minute, refusing}, phase{6 * minute, well})), 10*second))
	up := told{w.now(), StateUp, ""}
	w.until(5 * minute)
	first := w.see("payroll")
	down := told{w.askedAfter(target, 2*minute), StateDown, "ConnectionRefused"}
	again := told{w.askedAfter(target, 4*minute), StateUp, ""}
	if diff := cmp.Diff([]told{up, down, again}, w.changes("payroll")); diff != "" {
		t.Error(diff)
	}
	if first.Changes[1].Message != "The connection was refused." {
		t.Errorf("message %q", first.Changes[1].Message)
	}
	w.until(7 * minute)
	w.engine.Settle(keyOf("payroll"), []Observation{first, {Name: "another", Changes: first.Changes}})
	newest := told{w.askedAfter(target, 6*minute), StateDown, "ConnectionRefused"}
	if diff := cmp.Diff([]told{newest}, w.changes("payroll")); diff != "" {
		t.Error(diff)
	}
	first.Changes[0].State = StateUnknown // it is the caller's
	w.engine.Settle(keyOf("payroll"), []Observation{first})
	w.engine.Settle(keyOf("nobody"), []Observation{first})
	w.engine.SettleBefore(w.wall(newest.At))
	if diff := cmp.Diff([]told{newest}, w.changes("payroll")); diff != "" {
		t.Error(diff)
	}
	w.engine.SettleBefore(w.wall(newest.At + 1))
	if got := w.see("payroll").Changes; got != nil {
		t.Errorf("after all is settled: %v", got)
	}
	w.verifyAccounts()
}

func TestSeededCheckHasNoChange(t *testing.T) {
	w := newWorld(t, Options{})
	for n, state := range []State{StateUp, StateDown} {
		c := in(probe(address(n), script(refusing, phase{minute, []behaviour{well, refusing}[n]})), 10*second)
		c.Seed = &Observation{State: state, Since: dayZero.Add(-time.Hour)}
		w.ensure(fmt.Sprint(n), c)
	}
	w.until(minute)
	for n := range 2 {
		if got := w.changes(fmt.Sprint(n)); got != nil {
			t.Errorf("%d changed: %v", n, got)
		}
	}
	w.until(2 * minute)
	want := []told{{w.askedAfter(address(0), minute), StateDown, "ConnectionRefused"}}
	if diff := cmp.Diff(want, w.changes("0")); diff != "" {
		t.Error(diff)
	}
}

func TestSlownessAndFlappingAreChanges(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	n := 0
	flaky := func(at, timeout time.Duration) (Result, time.Duration) {
		if n++; n%2 == 0 {
			return refusing(at, timeout)
		}
		return slow(at, timeout)
	}
	w.ensure("payroll", in(probe(target, script(well, phase{2 * minute, well}, phase{4 * minute, slow}, phase{6 * minute, flaky}, phase{12 * minute, slow})), 10*second))
	w.until(15 * minute)
	got := w.changes("payroll")
	var names []string
	for _, c := range got {
		names = append(names, string(c.State)+" "+c.Reason)
	}
	if diff := cmp.Diff([]string{"Up ", "Degraded Slow", "Degraded Flapping", "Degraded Slow", "Up "}, names); diff != "" {
		t.Fatal(diff)
	}
	if slow := w.askedAfter(target, 2*minute); got[1].At != slow {
		t.Errorf("slow since %s, want %s", got[1].At, slow)
	}
	if !slices.Contains(w.asked[target], got[2].At) || !slices.Contains(w.asked[target], got[3].At) {
		t.Errorf("flapping from %s to %s: no check began then", got[2].At, got[3].At)
	}
}

// Since may go back before a check was Unknown; a change does not, since nobody
// knows how it was meanwhile.
func TestChangeOutOfUnknownDatesFromItsEvidence(t *testing.T) {
	const interval = 10 * second
	back := 3 * minute
	for name, test := range map[string]struct {
		before, after behaviour
		successes     int
		state         State
		began         time.Duration // the first check at or after it
	}{
		"up again":               {well, well, 1, StateUp, back},
		"the outage goes on":     {refusing, refusing, 1, StateDown, back},
		"the outage ended":       {refusing, well, 1, StateUp, back},
		"the outage ended twice": {refusing, well, 2, StateUp, back},
		"a success too few": {
			refusing, script(refusing, phase{back + interval - time.Millisecond, well}), 2, StateDown, back + interval,
		},
		"an outage": {well, refusing, 1, StateDown, back},
		"a streak that began before": {
			script(refusing, phase{minute - interval - time.Millisecond, well}), refusing, 1, StateDown, back,
		},
		"a recovery that began before": {
			script(well, phase{minute - interval - time.Millisecond, refusing}), well, 5, StateUp, back,
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			target := address(1)
			c := in(probe(target, script(test.after, phase{minute, test.before}, phase{back, starving})), interval)
			c.SuccessThreshold = test.successes
			if test.successes > 1 {
				c.Seed = &Observation{State: StateDown, Since: dayZero.Add(-time.Hour)}
			}
			w.ensure("payroll", c)
			w.until(back)
			w.expectState("payroll", StateUnknown)
			w.until(5 * minute)
			got := w.changes("payroll")
			last := got[len(got)-1]
			if want := w.askedAfter(target, test.began); last.State != test.state || last.At != want {
				t.Errorf("%s since %s, want %s since %s", last.State, last.At, test.state, want)
			}
			w.expectState("payroll", test.state)
		})
	}
}

func TestTooManyChangesBecomeUnknown(t *testing.T) {
	h := &history{check: &check{subscriber: &subscriber{}}}
	for n := range maxChanges + 100 {
		c := change{at: int64(1000 + 10*n), state: []stateCode{codeUp, codeDown}[n%2]}
		if c.state == codeDown {
			c.first, c.count = c.at-1, 3
		}
		h.add(c)
	}
	if p, found := h.openStreak(2000); !found || wallNanos(p.FirstFailure) != 1009 || p.Count != 3 {
		t.Errorf("the first streak is %v", p)
	}
	if len(h.changes) != maxChanges {
		t.Fatalf("%d changes are kept", len(h.changes))
	}
	if first := h.changes[0]; first.state != codeUnknown || first.at != 1000 || first.reason != ReasonTooManyChanges {
		t.Errorf("the first is %+v", first)
	}
	if second := h.changes[1]; second.at != 1000+10*101 || second.state != codeDown {
		t.Errorf("the second is %+v", second)
	}
	// Somebody read them before the last few came together.
	h.settle(1501)
	if first := h.changes[0]; len(h.changes) != maxChanges || first.state != codeUnknown || first.at != 1501 {
		t.Errorf("the first of %d is %+v: what nobody recorded is lost", len(h.changes), first)
	}
	h.settle(1000 + 10*100 + 1)
	if first := h.changes[0]; len(h.changes) != maxChanges-1 || first.state != codeDown || h.merged != 0 {
		t.Errorf("the first of %d is %+v", len(h.changes), first)
	}
	h.settle(math.MaxInt64)
	if len(h.changes) != 0 {
		t.Errorf("%d are left", len(h.changes))
	}
}

func TestChangesOfWhatEndsAreDropped(t *testing.T) {
	w := newWorld(t, Options{})
	named := func(name string, n int) Check {
		c := in(probe(address(n), script(refusing, phase{minute, well})), 10*second)
		c.Name, c.FailureThreshold = name, 100
		return c
	}
	w.ensure("payroll", named("a", 1), named("b", 2))
	w.until(2 * minute)
	w.ensure("payroll", named("a", 1))
	w.verifyAccounts()
	if p := w.engine.Watermark().Pending; len(p) != 1 || p[0].Check != "a" {
		t.Errorf("pending %v", p)
	}
	w.engine.Forget(keyOf("payroll"))
	w.verifyAccounts()
	if m := w.engine.Watermark(); len(m.Pending) != 0 || !m.At.Equal(w.wall(2*minute)) {
		t.Errorf("watermark %v", m)
	}
}

// A clock that is set back makes no change earlier than the one before it.
func TestChangesKeepTheirOrderWhenTheClockIsSetBack(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(1), script(refusing, phase{10 * minute, well}, phase{15 * minute, refusing}, phase{20 * minute, well})), 10*second))
	w.until(12 * minute)
	before := w.engine.Watermark().At
	w.at.wall -= int64(time.Hour)
	w.until(25 * minute)
	all := w.see("payroll").Changes
	if len(all) != 4 {
		t.Fatalf("changes %v", all)
	}
	for i := 1; i < len(all); i++ {
		if !all[i].At.After(all[i-1].At) {
			t.Errorf("%s at %s comes after %s at %s", all[i].State, all[i].At, all[i-1].State, all[i-1].At)
		}
	}
	if after := w.engine.Watermark().At; after.Before(before) {
		t.Errorf("the watermark went back from %s to %s", before, after)
	}
}
