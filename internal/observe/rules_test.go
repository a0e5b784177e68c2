// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"testing"
	"time"
)

const (
	second = time.Second
	minute = time.Minute
)

// firstAsk returns when the target was asked first.
func (w *world) firstAsk(target string) time.Duration {
	w.t.Helper()
	if len(w.asked[target]) == 0 {
		w.t.Fatalf("%s was never asked", target)
	}
	return w.asked[target][0]
}

// askedAfter returns when the target was asked first at or after the time.
func (w *world) askedAfter(target string, after time.Duration) time.Duration {
	w.t.Helper()
	for _, at := range w.asked[target] {
		if at >= after {
			return at
		}
	}
	w.t.Fatalf("%s was not asked after %s", target, after)
	return 0
}

func TestOutageAndRecoveryDateFromTheFirstCheckOfTheirStreak(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	c := in(probe(target, script(well, phase{5 * minute, well}, phase{10 * minute, refusing})), 30*second)
	c.SuccessThreshold = 2
	w.ensure("payroll", c)
	w.expect("payroll", StatePending, 0, ReasonNotYetJudged)
	w.run(5 * minute)
	w.expect("payroll", StateUp, w.firstAsk(target), "")

	w.run(5 * minute)
	down := w.askedAfter(target, 5*minute)
	w.expect("payroll", StateDown, down, "ConnectionRefused")
	if o := w.see("payroll"); o.Step != StepConnect || o.Message != "The connection was refused." {
		t.Errorf("step %q, message %q", o.Step, o.Message)
	}
	w.run(5 * minute)
	up := w.askedAfter(target, 10*minute)
	w.expect("payroll", StateUp, up, "")

	// Each transition was told once, at the end of the check that confirmed it.
	want := []time.Duration{
		w.askedAfter(target, w.firstAsk(target)+1) + 5*time.Millisecond,
		down + 2*30*second + time.Millisecond,
		up + 30*second + 5*time.Millisecond,
	}
	if len(w.wakes) != len(want) {
		t.Fatalf("woken %d times, want %d: %v", len(w.wakes), len(want), w.wakes)
	}
	for i, at := range want {
		if w.wakes[i].at != at {
			t.Errorf("wake %d at %s, want %s", i, w.wakes[i].at, at)
		}
	}
}

func TestOutageIsToldInTime(t *testing.T) {
	// Whenever it begins, within failureThreshold × interval + 2 s.
	for offset := time.Duration(0); offset < 5*second; offset += 250 * time.Millisecond {
		w := newWorld(t, Options{})
		begins := minute + offset
		w.ensure("payroll", in(probe(address(1), script(refusing, phase{begins, well})), 5*second))
		w.until(begins + 3*5*second + 2*second)
		w.expectState("payroll", StateDown)
	}
}

func TestResultCoversTwoIntervals(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	last := 3 * minute
	// From then on a run lasts for ever, and ignores its timeout.
	stuck := func(_, _ time.Duration) (Result, time.Duration) { return Result{Outcome: OutcomeSuccess}, time.Hour }
	w.ensure("payroll", in(probe(target, script(stuck, phase{last, well})), 20*second))
	w.until(last)
	w.expectState("payroll", StateUp)
	lastStart := w.asked[target][len(w.asked[target])-1]
	covered := lastStart + 2*20*second
	w.until(covered - 1)
	w.expectState("payroll", StateUp)
	w.until(covered)
	w.expect("payroll", StateUnknown, covered, ReasonProbeOverran)

	// The late result is not believed, and the question is asked again then.
	stuckSince := w.askedAfter(target, last)
	w.until(stuckSince + time.Hour + minute)
	w.expectState("payroll", StateUnknown)
	if again := w.askedAfter(target, stuckSince+1); again < stuckSince+time.Hour {
		t.Errorf("asked at %s, though it was still running since %s", again, stuckSince)
	}
}

func TestSilenceIsUnknownWhenThePoolStarves(t *testing.T) {
	w := newWorld(t, Options{Workers: 2})
	w.ensure("payroll", in(probe(address(1), well), 20*second))
	w.run(minute)
	w.expectState("payroll", StateUp)
	stuck := func(_, _ time.Duration) (Result, time.Duration) { return Result{}, 10 * minute }
	w.engine.pool.size = 1 // the other worker hangs in something
	w.engine.options.PerTarget = 1
	w.engine.pool.running++
	w.check = false
	w.ensure("other", in(probe(address(2), stuck), 20*second))
	w.run(minute)
	o := w.see("payroll")
	if o.State != StateUnknown || o.Reason != ReasonNoRecentResult {
		t.Errorf("state %s (%s), want Unknown (NoRecentResult)", o.State, o.Reason)
	}
	if h := w.engine.Health(); !h.OverCapacity.Active || h.Missed == 0 {
		t.Errorf("over capacity %v, missed %d", h.OverCapacity, h.Missed)
	}
}

func TestUnknownEndsWithEvidence(t *testing.T) {
	const interval = 10 * second
	for name, test := range map[string]struct {
		before, after behaviour
		state         State
		sinceBefore   bool // since is that of before
	}{
		"up again is a new beginning":      {well, well, StateUp, false},
		"an open outage is the same one":   {refusing, refusing, StateDown, true},
		"an outage ends with a success":    {refusing, well, StateUp, false},
		"one failure does not make it Up":  {well, script(starving, phase{minute*3 + interval, refusing}), StateUnknown, false},
		"a streak of failures is decisive": {well, refusing, StateDown, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			target := address(1)
			w.ensure("payroll", in(probe(target, script(test.after, phase{minute, test.before}, phase{3 * minute, starving})), interval))
			w.until(minute)
			before := w.see("payroll")
			w.until(3 * minute)
			w.expectState("payroll", StateUnknown)
			if o := w.see("payroll"); o.Reason != "TooManyOpenFiles" {
				t.Errorf("reason %s", o.Reason)
			}
			w.until(4 * minute)
			o := w.see("payroll")
			if o.State != test.state {
				t.Fatalf("state %s, want %s", o.State, test.state)
			}
			if same := o.Since.Equal(before.Since); same != test.sinceBefore {
				t.Errorf("since %s, before it was %s", o.Since, before.Since)
			}
			if test.state != StateUnknown && !test.sinceBefore {
				if want := w.wall(w.askedAfter(target, 3*minute)); !o.Since.Equal(want) {
					t.Errorf("since %s, want %s", o.Since, want)
				}
			}
		})
	}
}

func TestLocalFailuresLeaveTheStreakAlone(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	// Two failures, our own trouble once, one failure: a streak of three.
	w.ensure("payroll", in(probe(target, script(refusing,
		phase{minute, well}, phase{minute + 20*second, refusing}, phase{minute + 30*second, starving})), 10*second))
	w.until(minute + 30*second)
	w.expectState("payroll", StateUp)
	w.until(minute + 41*second)
	w.expect("payroll", StateDown, w.askedAfter(target, minute), "ConnectionRefused")
}

func TestFailuresDuringLagDoNotCount(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	late := func(at, timeout time.Duration) (Result, time.Duration) {
		w.engine.lag.stalls.Add(1)
		result, _ := refusing(at, timeout)
		return result, 300 * time.Millisecond
	}
	w.ensure("payroll", in(probe(target, script(refusing, phase{minute, well}, phase{5 * minute, late})), 10*second))
	w.until(minute + 5*second)
	w.until(5 * minute)
	o := w.see("payroll")
	if o.State != StateUnknown || o.Reason != ReasonSchedulingLag {
		t.Errorf("state %s (%s), want Unknown (SchedulingLag)", o.State, o.Reason)
	}
	w.until(6 * minute)
	w.expect("payroll", StateDown, w.askedAfter(target, 5*minute), "ConnectionRefused")
}

func TestLagMakesNothingSlow(t *testing.T) {
	w := newWorld(t, Options{})
	late := func(at, timeout time.Duration) (Result, time.Duration) {
		w.engine.lag.stalls.Add(1)
		return slow(at, timeout)
	}
	w.ensure("payroll", in(probe(address(1), late), 10*second))
	w.until(5 * minute)
	w.expectState("payroll", StateUp)
}

func TestSlownessAndFlappingAreShownAsDegraded(t *testing.T) {
	w := newWorld(t, Options{})
	target := address(1)
	every := 10 * second
	now, n := time.Duration(0), 0
	flaky := func(at, timeout time.Duration) (Result, time.Duration) {
		if at != now {
			now, n = at, n+1
		}
		if n%2 == 0 {
			return refusing(at, timeout)
		}
		return well(at, timeout)
	}
	w.ensure("payroll", in(probe(target, script(well, phase{2 * minute, well}, phase{4 * minute, slow}, phase{6 * minute, well}, phase{9 * minute, flaky})), every))
	w.until(4 * minute)
	w.expect("payroll", StateDegraded, w.askedAfter(target, 2*minute), ReasonSlow)
	w.until(6 * minute)
	w.expect("payroll", StateUp, w.askedAfter(target, 4*minute), "")
	w.until(9 * minute)
	o := w.see("payroll")
	if o.State != StateDegraded || o.Reason != ReasonFlapping {
		t.Errorf("state %s (%s), want Degraded (Flapping)", o.State, o.Reason)
	}
	w.until(13 * minute)
	w.expectState("payroll", StateUp)
	if len(w.wakes) != 5 {
		t.Errorf("woken %d times, want 5 (up, slow, up, flapping, up)", len(w.wakes))
	}
}

func TestWhatVariesWakesNobody(t *testing.T) {
	w := newWorld(t, Options{})
	expires := dayZero.Add(720 * time.Hour)
	n := 0
	chatty := func(result Result) behaviour {
		return func(_, _ time.Duration) (Result, time.Duration) {
			n++
			result := result
			result.Message = time.Duration(n).String()
			if n%2 == 0 && result.Outcome == OutcomeFailure {
				result.Reason = "Other"
			}
			// Behind one address are two servers with different certificates.
			result.CertificateNotAfter = expires.Add(time.Duration(n%2) * time.Hour)
			return result, time.Duration(n) * time.Millisecond
		}
	}
	failing := Result{Outcome: OutcomeFailure, Class: ClassTarget, Step: StepExpectation, Reason: "One"}
	w.ensure("up", in(probe(address(1), chatty(Result{Outcome: OutcomeSuccess})), 10*second))
	w.ensure("down", in(probe(address(2), chatty(failing)), 10*second))
	w.run(minute)
	w.expectState("up", StateUp)
	w.expectState("down", StateDown)
	woken, before := len(w.wakes), w.see("down")
	w.run(time.Hour)
	if len(w.wakes) != woken {
		t.Errorf("woken %d times though nothing changed", len(w.wakes)-woken)
	}
	after := w.see("down")
	if after.Message != before.Message || after.Reason != before.Reason {
		t.Errorf("%s %q became %s %q", before.Reason, before.Message, after.Reason, after.Message)
	}
	if !w.see("up").CertificateNotAfter.Equal(expires) {
		t.Errorf("certificate until %s, want the earlier one %s", w.see("up").CertificateNotAfter, expires)
	}
}

func TestCertificateIsReadAfresh(t *testing.T) {
	w := newWorld(t, Options{})
	until := func(at time.Time) behaviour {
		return func(_, _ time.Duration) (Result, time.Duration) {
			return Result{Outcome: OutcomeSuccess, CertificateNotAfter: at}, time.Millisecond
		}
	}
	early, late := dayZero.Add(24*time.Hour), dayZero.Add(48*time.Hour)
	w.ensure("payroll", in(probe(address(1), script(until(early), phase{minute, until(early)}, phase{2 * minute, until(late)})), 10*second))
	w.until(minute)
	if got := w.see("payroll").CertificateNotAfter; !got.Equal(early) {
		t.Errorf("certificate until %s, want %s", got, early)
	}
	w.until(minute + 25*second)
	if got := w.see("payroll").CertificateNotAfter; !got.Equal(early) {
		t.Error("a later certificate is believed before three checks saw it")
	}
	w.until(minute + 35*second)
	if got := w.see("payroll").CertificateNotAfter; !got.Equal(late) {
		t.Errorf("certificate until %s, want %s", got, late)
	}
	woken := len(w.wakes)
	w.until(2*minute + 10*second)
	if got := w.see("payroll").CertificateNotAfter; !got.Equal(early) || len(w.wakes) != woken+1 {
		t.Errorf("certificate until %s, want %s at once; woken %d times", got, early, len(w.wakes)-woken)
	}
}

func TestAnotherReasonOfAnOutageIsShownWhenItStays(t *testing.T) {
	w := newWorld(t, withWitness())
	w.ensure("payroll", in(probe(address(1), script(hanging, phase{minute, refusing})), 10*second))
	w.until(minute)
	since := w.see("payroll").Since
	w.until(minute + 25*second)
	if o := w.see("payroll"); o.Reason != "ConnectionRefused" {
		t.Errorf("reason %s after two others", o.Reason)
	}
	w.until(2 * minute)
	if o := w.see("payroll"); o.Reason != "ConnectTimeout" || !o.Since.Equal(since) || len(w.wakes) != 2 {
		t.Errorf("reason %s since %s, woken %d times; want ConnectTimeout since %s, 2", o.Reason, o.Since, len(w.wakes), since)
	}
}
