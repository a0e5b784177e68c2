// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// filled is what a host of these tests tells: how full it is, in per cent.
type filled int

// tells answers at once that the host is as full as level says.
func tells(level *int) behaviour {
	return func(time.Duration, time.Duration) (Result, time.Duration) {
		return Result{Outcome: OutcomeSuccess, Facts: filled(*level)}, time.Millisecond
	}
}

// below reads an answer: Degraded from the limit on, a failure at 100, and no
// answer at all above that.
func below(limit int) func(Result) Result {
	return func(r Result) Result {
		level := int(r.Facts.(filled))
		switch {
		case level > 1000:
			panic("no host is that full")
		case level > 100:
			r.Outcome, r.Reason, r.Message = OutcomeInconclusive, "NoFacts", "The host tells nonsense."
		case level == 100:
			r.Outcome, r.Class, r.Step = OutcomeFailure, ClassTarget, StepExpectation
			r.Reason, r.Message = "Full", "The host is full."
		case level >= limit:
			r.Degraded, r.Reason, r.Message = true, "AlmostFull", fmt.Sprintf("The host is %d %% full.", level)
		}
		return r
	}
}

// seenState is what a test looks at of an observation.
type seenState struct {
	State           State
	Reason, Message string
	Facts           any
}

func (w *world) seeState(subscriber string) seenState {
	o := w.see(subscriber)
	return seenState{o.State, o.Reason, o.Message, o.Facts}
}

func readingCheck(p Probe, limit int) Check {
	c := in(p, 30*second)
	c.FailureThreshold, c.Read = 2, below(limit)
	return c
}

func TestEachReadsTheAnswerForItself(t *testing.T) {
	w := newWorld(t, Options{})
	level := 50
	p := probe(address(1), tells(&level))
	w.ensure("strict", readingCheck(p, 60))
	w.ensure("lax", readingCheck(p, 90))
	w.run(3 * minute)
	asked := len(w.asked[p.Target()])

	steps := []struct {
		level       int
		strict, lax seenState
	}{
		{50, seenState{StateUp, "", "", filled(50)}, seenState{StateUp, "", "", filled(50)}},
		{70, seenState{StateDegraded, "AlmostFull", "The host is 70 % full.", filled(70)}, seenState{StateUp, "", "", filled(70)}},
		{80, seenState{StateDegraded, "AlmostFull", "The host is 80 % full.", filled(80)}, seenState{StateUp, "", "", filled(80)}},
		{95, seenState{StateDegraded, "AlmostFull", "The host is 95 % full.", filled(95)}, seenState{StateDegraded, "AlmostFull", "The host is 95 % full.", filled(95)}},
		{100, seenState{StateDown, "Full", "The host is full.", filled(100)}, seenState{StateDown, "Full", "The host is full.", filled(100)}},
		{200, seenState{StateUnknown, "NoFacts", "The host tells nonsense.", filled(200)}, seenState{StateUnknown, "NoFacts", "The host tells nonsense.", filled(200)}},
		{2000, seenState{StateUnknown, ReasonProbePanicked, "The answer could not be read, by a fault of the operator.", nil}, seenState{StateUnknown, ReasonProbePanicked, "The answer could not be read, by a fault of the operator.", nil}},
		{50, seenState{StateUp, "", "", filled(50)}, seenState{StateUp, "", "", filled(50)}},
	}
	for _, step := range steps {
		level = step.level
		w.run(4 * minute)
		if diff := cmp.Diff(step.strict, w.seeState("strict")); diff != "" {
			t.Errorf("at %d %% the strict one sees (-want +got):\n%s", step.level, diff)
		}
		if diff := cmp.Diff(step.lax, w.seeState("lax")); diff != "" {
			t.Errorf("at %d %% the lax one sees (-want +got):\n%s", step.level, diff)
		}
	}
	// Two ask at phases of their own, so that at worst each is asked for.
	if per := float64(len(w.asked[p.Target()])-asked) / float64(len(steps)*8); per > 2.1 {
		t.Errorf("the host was asked %.1f times an interval", per)
	}
}

// TestALevelThatSwaysWakesNobody: only what comes up again and again is shown.
func TestALevelThatSwaysWakesNobody(t *testing.T) {
	w := newWorld(t, Options{})
	level := 95
	w.ensure("payroll", readingCheck(probe(address(1), tells(&level)), 90))
	w.run(5 * minute)
	told := w.seeState("payroll")
	w.wakes = nil
	for i := range 40 {
		level = 95 + i%2
		w.run(30 * time.Second)
	}
	if len(w.wakes) != 0 || w.seeState("payroll").Message != told.Message {
		t.Errorf("woken %d times; shown is %q instead of %q", len(w.wakes), w.seeState("payroll").Message, told.Message)
	}
	level = 97
	w.run(5 * minute)
	if got := w.seeState("payroll").Message; len(w.wakes) != 1 || got != "The host is 97 % full." {
		t.Errorf("woken %d times; shown is %q", len(w.wakes), got)
	}
}

// TestFactsAlone: others are shown, and tell the subscriber, if they keep coming
// up.
func TestFactsAlone(t *testing.T) {
	w := newWorld(t, Options{})
	level := 10
	w.ensure("payroll", readingCheck(probe(address(1), tells(&level)), 90))
	w.run(5 * minute)
	w.wakes = nil
	for i := range 10 {
		level = 10 + i%2
		w.run(30 * time.Second)
	}
	if got := w.seeState("payroll").Facts; len(w.wakes) != 0 || got != filled(10) {
		t.Errorf("facts that sway woke %d times; shown are %v", len(w.wakes), got)
	}
	level = 20
	w.run(5 * minute)
	if got := w.seeState("payroll").Facts; len(w.wakes) != 1 || got != filled(20) {
		t.Errorf("other facts woke %d times; shown are %v", len(w.wakes), got)
	}
}

// TestAnotherReadIsNoOtherQuestion: it holds from the next answer on, and what
// was confirmed stays until then.
func TestAnotherReadIsNoOtherQuestion(t *testing.T) {
	w := newWorld(t, Options{})
	level := 95
	p := probe(address(1), tells(&level))
	w.ensure("payroll", readingCheck(p, 90))
	w.run(5 * minute)
	began := w.see("payroll").Since
	w.ensure("payroll", readingCheck(p, 94))
	if o := w.see("payroll"); o.State != StateDegraded || !o.Since.Equal(began) {
		t.Errorf("after another Read it is %s since %s", o.State, o.Since)
	}
	c := readingCheck(p, 99)
	c.FailureThreshold = 5
	w.ensure("payroll", c)
	if o := w.see("payroll"); o.State != StateDegraded || o.Message != "The host is 95 % full." {
		t.Errorf("before the next answer it is %s: %s", o.State, o.Message)
	}
	w.run(time.Minute)
	if o := w.see("payroll"); o.State != StateUp || o.Reason != "" {
		t.Errorf("after the next answer it is %s: %s", o.State, o.Message)
	}
}

func TestSeedOfWhatWasRead(t *testing.T) {
	w := newWorld(t, Options{})
	level := 95
	c := readingCheck(probe(address(1), tells(&level)), 90)
	c.Seed = &Observation{State: StateDegraded, Reason: "AlmostFull", Message: "The host is 95 % full.", Since: dayZero.Add(-time.Hour), Facts: filled(95)}
	w.ensure("payroll", c)
	w.run(10 * minute)
	o := w.see("payroll")
	if len(w.wakes) != 0 || o.Message != c.Seed.Message || !o.Since.Equal(c.Seed.Since) {
		t.Errorf("woken %d times; %s since %s: %s", len(w.wakes), o.State, o.Since, o.Message)
	}
}

// TestAMomentIsShown: who reads every answer as Degraded sees the first at once,
// and is woken when another has come up again and again.
func TestAMomentIsShown(t *testing.T) {
	w := newWorld(t, Options{})
	level, silent := 40, false
	answer := tells(&level)
	c := in(probe(address(1), func(at, timeout time.Duration) (Result, time.Duration) {
		if silent {
			return Result{Reason: "NoFacts", Message: "The host tells nothing."}, time.Millisecond
		}
		return answer(at, timeout)
	}), 30*second)
	c.FailureThreshold, c.Read = 1, below(0)
	w.ensure("payroll", c)
	w.run(minute)
	want := seenState{StateDegraded, "AlmostFull", "The host is 40 % full.", filled(40)}
	if got := w.seeState("payroll"); len(w.wakes) != 1 || got != want {
		t.Errorf("woken %d times; %+v", len(w.wakes), got)
	}
	level = 41
	w.run(2 * minute)
	want = seenState{StateDegraded, "AlmostFull", "The host is 41 % full.", filled(41)}
	if got := w.seeState("payroll"); len(w.wakes) != 2 || got != want {
		t.Errorf("woken %d times; %+v", len(w.wakes), got)
	}
	silent = true
	w.run(3 * minute)
	if got := w.seeState("payroll"); len(w.wakes) != 3 || got.State != StateUnknown || got.Reason != "NoFacts" {
		t.Errorf("woken %d times; %+v", len(w.wakes), got)
	}
	silent = false
	w.run(minute)
	if got := w.seeState("payroll"); len(w.wakes) != 4 || got != want {
		t.Errorf("woken %d times; %+v", len(w.wakes), got)
	}
}
