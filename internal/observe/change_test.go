// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSeedKeepsStateAndSince(t *testing.T) {
	since := dayZero.Add(-3 * time.Hour).UTC()
	expires := dayZero.Add(720 * time.Hour).UTC()
	for name, test := range map[string]struct {
		seed   Observation
		behave behaviour
	}{
		"up":       {Observation{State: StateUp}, well},
		"down":     {Observation{State: StateDown, Reason: "ConnectionRefused", Message: "The connection was refused.", Step: StepConnect}, refusing},
		"degraded": {Observation{State: StateDegraded, Reason: ReasonSlow, Message: "Slow."}, slow},
		"flapping": {Observation{State: StateDegraded, Reason: ReasonFlapping, Message: "On and off."}, well},
		"unknown":  {Observation{State: StateUnknown, Reason: "TooManyOpenFiles", Message: "No more files."}, starving},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			seed := test.seed
			seed.Name, seed.Since, seed.CertificateNotAfter = "web", since, expires
			behave := func(at, timeout time.Duration) (Result, time.Duration) {
				result, took := test.behave(at, timeout)
				result.CertificateNotAfter = expires
				return result, took
			}
			c := in(probe(address(1), behave), 30*second)
			c.Seed = &seed
			w.ensure("payroll", c)
			if diff := cmp.Diff(seed, w.see("payroll")); diff != "" {
				t.Errorf("before the first check (-want +got):\n%s", diff)
			}
			w.run(5 * minute)
			o := w.see("payroll")
			o.Latency, o.CheckedAt = 0, time.Time{}
			if diff := cmp.Diff(seed, o); diff != "" {
				t.Errorf("after five minutes (-want +got):\n%s", diff)
			}
			if len(w.wakes) != 0 {
				t.Errorf("a restart woke somebody %d times", len(w.wakes))
			}
		})
	}
}

func TestSeedCoversTheStartOnly(t *testing.T) {
	w := newWorld(t, Options{})
	c := in(nil, 30*second)
	c.Probe = nil
	c.Seed = &Observation{State: StateUp, Since: dayZero.Add(-time.Hour)}
	w.ensure("payroll", c)
	covered := 30*second + 2*30*second
	w.until(covered - 1)
	w.expectState("payroll", StateUp)
	w.until(covered)
	w.expect("payroll", StateUnknown, covered, ReasonNoRecentResult)
}

func TestUnfinishedStreakSeedsNothing(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	c := in(probe(target, refusing), 30*second)
	c.Seed = &Observation{State: StateUp, Since: dayZero.Add(-time.Hour)}
	w.ensure("payroll", c)
	w.run(2 * minute)
	w.expect("payroll", StateDown, w.firstAsk(target), "ConnectionRefused")
}

func TestChangedIntervalAndThresholdKeepTheStreak(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	p := probe(target, script(refusing, phase{2 * minute, well}))
	c := in(p, 30*second)
	c.FailureThreshold = 5
	w.ensure("payroll", c)
	first := 2 * minute
	w.until(first + 70*second) // two or three failures
	w.expectState("payroll", StateUp)
	first = w.askedAfter(target, first)

	c.Interval, c.Timeout = 10*second, 5*second
	w.ensure("payroll", c)
	asked := len(w.asked[target])
	w.run(40 * second)
	w.expect("payroll", StateDown, first, "ConnectionRefused")
	if n := len(w.asked[target]) - asked; n != 4 {
		t.Errorf("asked %d times in 40 s, want 4", n)
	}
}

func TestLowerThresholdConfirmsAtOnce(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	c := in(probe(target, script(refusing, phase{2 * minute, well})), 30*second)
	c.FailureThreshold = 10
	w.ensure("payroll", c)
	w.until(4 * minute)
	w.expectState("payroll", StateUp)
	c.FailureThreshold = 2
	w.ensure("payroll", c)
	w.expect("payroll", StateDown, w.askedAfter(target, 2*minute), "ConnectionRefused")
	if woken := len(w.wakes); woken != 1 {
		t.Fatalf("woken %d times before", woken)
	}
	w.run(time.Millisecond)
	if woken := len(w.wakes); woken != 2 {
		t.Errorf("woken %d times, want 2", woken)
	}
}

func TestLowerThresholdInventsNoReason(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	c := in(probe(target, script(refusing, phase{2 * minute, well}, phase{3 * minute, refusing}, phase{3*minute + 30*second, starving})), 30*second)
	c.FailureThreshold = 10
	w.ensure("payroll", c)
	w.until(3*minute + 20*second) // two failures, and one that we are to blame for
	c.FailureThreshold = 2
	w.ensure("payroll", c)
	w.expectState("payroll", StateUp)
	w.until(4 * minute)
	w.expect("payroll", StateDown, w.askedAfter(target, 2*minute), "ConnectionRefused")
}

func TestIntervalChangesDoNotMakeSilence(t *testing.T) {
	for _, change := range []struct{ from, to time.Duration }{
		{30 * second, time.Hour}, {time.Hour, 5 * second}, {5 * second, 6 * second}, {time.Hour, 24 * time.Hour},
	} {
		w := newWorld(t, Options{})
		p := probe(address(1), well)
		w.ensure("payroll", in(p, change.from))
		w.until(100 * minute)
		w.ensure("payroll", in(p, change.to))
		w.until(100*minute + 3*change.to)
		w.expect("payroll", StateUp, w.firstAsk(address(1)), "")
		if len(w.wakes) != 1 {
			t.Errorf("from %s to %s: woken %d times, want 1", change.from, change.to, len(w.wakes))
		}
	}
}

func TestChangedQuestionKeepsAnOpenOutage(t *testing.T) {
	for name, test := range map[string]struct {
		before, after behaviour
		state         State
		same          bool // since is that of before
	}{
		"outage goes on":             {refusing, refusing, StateDown, true},
		"outage ends":                {refusing, well, StateUp, false},
		"outage without evidence":    {refusing, starving, StateUnknown, false},
		"up stays up":                {well, well, StateUp, true},
		"up is not believed forever": {well, starving, StateUnknown, false},
		"up becomes an outage":       {well, refusing, StateDown, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.ensure("payroll", in(probe(address(1), test.before), 10*second))
			w.until(minute)
			before := w.see("payroll")
			w.ensure("payroll", in(probe(address(2), test.after), 10*second))
			if o := w.see("payroll"); o.State != before.State || !o.Since.Equal(before.Since) {
				t.Errorf("the change alone made %s since %s of %s since %s", o.State, o.Since, before.State, before.Since)
			}
			w.run(minute)
			o := w.see("payroll")
			if o.State != test.state || o.Since.Equal(before.Since) != test.same {
				t.Errorf("%s since %s, before %s since %s", o.State, o.Since, before.State, before.Since)
			}
			if first := w.firstAsk(address(2)); first > minute+second {
				t.Errorf("the new question was first put at %s", first)
			}
			if last := w.asked[address(1)]; last[len(last)-1] > minute {
				t.Error("the old question is still put")
			}
		})
	}
}

func TestChangedQuestionsDoNotCoverForEver(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(0), well), 10*second))
	w.until(minute)
	for n := range 60 { // a Secret that somebody rewrites each second
		w.ensure("payroll", in(probe(address(n+1), starving), 10*second))
		w.run(second)
	}
	w.expectState("payroll", StateUnknown)
}

func TestQuestionThatCannotBePutKeepsTheOutage(t *testing.T) {
	w := newWorld(t, Options{})
	p := probe(address(1), refusing)
	w.ensure("payroll", in(p, 10*second))
	w.until(minute)
	down := w.see("payroll")
	without := in(nil, 10*second)
	without.Probe = nil // its Secret is gone
	w.ensure("payroll", without)
	w.run(minute)
	w.expectState("payroll", StateUnknown)
	w.ensure("payroll", in(p, 10*second))
	w.run(15 * second)
	if o := w.see("payroll"); o.State != StateDown || !o.Since.Equal(down.Since) {
		t.Errorf("%s since %s, want Down since %s", o.State, o.Since, down.Since)
	}
}

func TestEnsureAddsAndRemoves(t *testing.T) {
	w := newWorld(t, Options{})
	named := func(name string, n int) Check {
		c := in(probe(address(n), well), 10*second)
		c.Name = name
		return c
	}
	w.ensure("payroll", named("b", 1), named("a", 2), named("b", 3))
	w.run(minute)
	names := func() (all []string) {
		for _, o := range w.engine.Observations(keyOf("payroll")) {
			all = append(all, o.Name+" "+string(o.State))
		}
		return all
	}
	if diff := cmp.Diff([]string{"a Up", "b Up"}, names()); diff != "" {
		t.Error(diff)
	}
	if w.asked[address(3)] != nil {
		t.Error("the second of two checks of one name was asked")
	}
	w.ensure("payroll", named("b", 1), named("c", 3))
	if diff := cmp.Diff([]string{"b Up", "c Pending"}, names()); diff != "" {
		t.Error(diff)
	}
	w.run(minute)
	w.engine.Ensure(Subscriber{Key: keyOf("payroll"), UID: "another"}, []Check{named("b", 1)})
	if diff := cmp.Diff([]string{"b Pending"}, names()); diff != "" {
		t.Error(diff)
	}
	w.engine.Forget(keyOf("payroll"))
	if w.engine.Observations(keyOf("payroll")) != nil {
		t.Error("a forgotten subscriber still has observations")
	}
	h := w.engine.Health()
	if h.Subscribers != 0 || h.Checks != 0 || h.Questions != 0 || h.Targets != 0 || h.Shared != 0 {
		t.Errorf("something is left: %+v", h)
	}
	if len(w.engine.lapses.entries)+len(w.engine.dues.entries) != 0 || w.engine.longest.Load() != 0 {
		t.Error("timelines are not empty, or a timeout is left")
	}
	w.run(minute)
}

func TestForgettingWhileItRuns(t *testing.T) {
	w := newWorld(t, Options{})
	w.ensure("payroll", in(probe(address(1), hanging), 10*second))
	w.run(100 * time.Millisecond)
	r := w.engine.questions["tcp://"+address(1)].run
	w.engine.Forget(keyOf("payroll"))
	if r.context.Err() == nil {
		t.Error("the run was not broken off")
	}
	w.ensure("payroll", in(probe(address(1), well), 10*second))
	w.run(minute)
	w.expectState("payroll", StateUp)
	if n := len(w.wakes); n != 1 {
		t.Errorf("woken %d times, want 1", n)
	}
}
