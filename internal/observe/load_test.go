// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// percentile returns the p-th percentile of the durations.
func percentile(all []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[int(p/100*float64(len(sorted)-1))]
}

func TestPhaseIsKeptAcrossRestartsAndReplicas(t *testing.T) {
	const interval = 30 * second
	var places []time.Duration
	for _, wait := range []time.Duration{0, 7 * second, 3 * minute} {
		w := newWorld(t, Options{})
		w.run(wait) // the process started at another time
		w.ensure("payroll", in(probe(address(1), well), interval))
		w.run(10 * minute)
		asked := w.asked[address(1)]
		for i := 2; i < len(asked); i++ {
			if asked[i]-asked[i-1] != interval {
				t.Errorf("asked at %s and %s", asked[i-1], asked[i])
			}
		}
		place := time.Duration(w.wall(asked[2]).UnixNano()) % interval
		places = append(places, place)
	}
	if want := time.Duration(phaseOf("uid-payroll", "web") % uint64(interval)); places[0] != want || places[1] != want || places[2] != want {
		t.Errorf("places %v in the interval, want %s", places, want)
	}
}

func TestNewCheckIsAskedAtOnce(t *testing.T) {
	w := newWorld(t, Options{})
	w.check = false
	for n := range 1000 {
		w.ensure(fmt.Sprint(n), in(probe(address(n), well), minute))
	}
	w.until(10 * minute)
	w.ensure("payroll", in(probe("127.255.0.1:80", well), 24*time.Hour))
	w.run(second)
	w.expectState("payroll", StateUp)
}

func TestSweepIsBoundedAndComplete(t *testing.T) {
	for _, interval := range []time.Duration{30 * second, time.Hour} {
		const fleet = 12_000
		w := newWorld(t, Options{StartupRate: 100})
		w.check = false
		for n := range fleet {
			w.ensure(fmt.Sprint(n), in(probe(address(n), well), interval))
		}
		sweep := min(interval, minute)
		w.run(sweep)
		perSecond := map[time.Duration]int{}
		for n := range fleet {
			if w.asked[address(n)] == nil {
				t.Fatalf("%d was not asked within %s", n, sweep)
			}
			perSecond[w.asked[address(n)][0]/second]++
		}
		// The spread share, what is asked ahead, and six standard deviations.
		limit := fleet/int(sweep/second) + 100 + 200
		for at, n := range perSecond {
			if n > limit {
				t.Errorf("interval %s: %d new checks in second %d, want at most %d", interval, n, at, limit)
			}
		}
	}
}

func TestOneTargetIsNotAskedTooMuchAtOnce(t *testing.T) {
	w := newWorld(t, Options{PerTarget: 3})
	busy, most := 0, 0
	takes := func(_, _ time.Duration) (Result, time.Duration) {
		busy++
		most = max(most, busy)
		w.after(200*time.Millisecond, func() { busy-- })
		return Result{Outcome: OutcomeSuccess}, 200 * time.Millisecond
	}
	for n := range 40 {
		p := probe("127.0.0.1:80", takes)
		p.key = fmt.Sprint(n)
		w.ensure(fmt.Sprint(n), in(p, 10*second))
	}
	w.run(2 * minute)
	if most != 3 {
		t.Errorf("%d checks at once, want 3", most)
	}
	for n := range 40 {
		w.expectState(fmt.Sprint(n), StateUp)
	}
}

func TestFailureToConnectAnswersAllThatWait(t *testing.T) {
	for name, behave := range map[string]behaviour{"black hole": hanging, "refusal": func(at, timeout time.Duration) (Result, time.Duration) {
		result, _ := refusing(at, timeout)
		return result, 2 * second // a slow refusal, so that others wait
	}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, withWitness())
			asked := 0
			counted := func(at, timeout time.Duration) (Result, time.Duration) {
				asked++
				return behave(at, timeout)
			}
			const checks = 300
			for n := range checks {
				p := probe("127.0.0.1:80", counted)
				p.key = fmt.Sprint(n)
				c := in(p, 30*second)
				c.Timeout = 10 * second
				w.ensure(fmt.Sprint(n), c)
			}
			w.run(3*30*second + 12*second + 2*second)
			for n := range checks {
				w.expectState(fmt.Sprint(n), StateDown)
			}
			if asked > checks*3/4 {
				t.Errorf("asked %d times", asked)
			}
			if h := w.engine.Health(); h.Missed != 0 || h.OverCapacity.Active {
				t.Errorf("missed %d, over capacity %t", h.Missed, h.OverCapacity.Active)
			}
		})
	}
}

func TestSharedFailureIsDatedWhenTheCheckWasDue(t *testing.T) {
	w := newWorld(t, Options{PerTarget: 1})
	slowRefusal := func(at, timeout time.Duration) (Result, time.Duration) {
		result, _ := refusing(at, timeout)
		return result, 4 * second
	}
	for _, name := range []string{"one", "two"} {
		p := probe("127.0.0.1:80", slowRefusal)
		p.key = name
		c := in(p, 10*second)
		c.FailureThreshold = 1
		w.ensure(name, c)
	}
	w.run(5 * second)
	w.expect("one", StateDown, 0, "ConnectionRefused")
	// The second was due 5 ms after the first began, by the rate of the sweep.
	w.expect("two", StateDown, second/DefaultStartupRate, "ConnectionRefused")
	if n := len(w.asked["127.0.0.1:80"]); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestThousandHangingDoNotDelayOne(t *testing.T) {
	options := withWitness()
	options.Workers = 128
	w := newWorld(t, options)
	w.check = false
	w.ensure("healthy", in(probe("127.255.0.1:80", well), 10*second))
	for n := range 1000 {
		w.ensure(fmt.Sprint(n), in(probe(address(n), hanging), 10*second))
	}
	w.run(10 * minute)
	for i, late := range w.late["127.255.0.1:80"] {
		if late > 0 {
			t.Errorf("check %d was %s late", i, late)
		}
	}
	w.expect("healthy", StateUp, 0, "")
	if len(w.late["127.255.0.1:80"]) < 60 {
		t.Errorf("asked %d times", len(w.late["127.255.0.1:80"]))
	}
	if !w.engine.Health().OverCapacity.Active {
		t.Error("1,000 hanging checks in 64 places are not over capacity")
	}
}

// What has too little room may still be asked each time, only later and later
// within its interval, until each run outlasts it.
func TestRunsThatBeginTooLateAreOverCapacity(t *testing.T) {
	options := withWitness()
	options.Workers = 128
	w := newWorld(t, options)
	w.check = false
	// Each takes 4 s of 5 s, so 80 of them need all of the 64 places; 100 more.
	for n := range 100 {
		c := in(probe(address(n), hanging), 5*second)
		c.Timeout = 4 * second
		w.ensure(fmt.Sprint(n), c)
	}
	w.run(5 * minute)
	if h := w.engine.Health(); h.Missed == 0 || !h.OverCapacity.Active {
		t.Errorf("missed %d, over capacity %+v", h.Missed, h.OverCapacity)
	}
	for n := range 100 {
		w.engine.Forget(keyOf(fmt.Sprint(n)))
	}
	w.run(3 * minute)
	for n := range 60 { // there is room for these
		c := in(probe(address(n), hanging), 5*second)
		c.Timeout = 4 * second
		w.ensure(fmt.Sprint(n), c)
	}
	before := w.engine.Health().Missed
	w.run(5 * minute)
	if h := w.engine.Health(); h.OverCapacity.Active {
		t.Errorf("60 of 64 places needed: missed %d, over capacity %+v", h.Missed-before, h.OverCapacity)
	}
}

// 2,000 begin to hang beside 8,000 healthy, in a pool of 256, and 300 more on one
// address that became a black hole: of the healthy none is missed, 99 % begin
// within 600 ms, and what cannot be asked in time is over capacity. All 300 are
// Down.
func TestS6HangingBesideHealthy(t *testing.T) {
	options := withWitness()
	options.Workers = 256
	w := newWorld(t, options)
	w.check = false
	const fleet, dead, holed = 10_000, 2_000, 300
	for n := range fleet {
		c := in(probe(address(n), well), minute)
		if n < dead {
			c.Probe = probe(address(n), script(hanging, phase{5 * minute, well}))
		}
		c.Timeout = 10 * second
		w.ensure(fmt.Sprint(n), c)
	}
	for n := range holed {
		p := probe("127.255.0.1:80", script(hanging, phase{5 * minute, well}))
		p.key = fmt.Sprint(n)
		c := in(p, minute)
		c.Timeout = 10 * second
		w.ensure(fmt.Sprint("holed-", n), c)
	}
	w.run(15 * minute)
	var late []time.Duration
	for n := dead; n < fleet; n++ {
		late = append(late, w.late[address(n)]...)
		if asked := len(w.asked[address(n)]); asked < 15 {
			t.Errorf("%d was asked %d times in 15 minutes", n, asked)
		}
		w.expectState(fmt.Sprint(n), StateUp)
	}
	if p99 := percentile(late, 99); p99 > 600*time.Millisecond {
		t.Errorf("p99 of the healthy is %s late", p99)
	}
	for n := range holed {
		w.expectState(fmt.Sprint("holed-", n), StateDown)
	}
	for n := range dead {
		if state := w.see(fmt.Sprint(n)).State; state == StateUp || state == StatePending {
			t.Errorf("%d is %s", n, state)
		}
	}
	h := w.engine.Health()
	if !h.OverCapacity.Active || h.OverCapacity.Message == "" || h.Missed == 0 {
		t.Errorf("over capacity %+v, missed %d", h.OverCapacity, h.Missed)
	}
	if h.Blind.Active || len(w.gaps) != 0 {
		t.Errorf("blind: %v", w.gaps)
	}
}

func TestAddressThatManyWaitForIsNotForgotten(t *testing.T) {
	options := withWitness()
	options.Workers = 8
	w := newWorld(t, options)
	// What hangs keeps half of the pool busy many times over.
	for n := range 200 {
		w.ensure(fmt.Sprint(n), in(probe(address(n), hanging), minute))
	}
	busy, most := 0, 0
	counted := func(at, timeout time.Duration) (Result, time.Duration) {
		result, took := hanging(at, timeout)
		if busy++; at > 10*minute {
			most = max(most, busy)
		}
		w.after(took, func() { busy-- })
		return result, took
	}
	for n := range 30 {
		p := probe("127.255.0.1:80", counted)
		p.key = fmt.Sprint(n)
		c := in(p, minute)
		c.Timeout = 10 * second
		w.ensure(fmt.Sprint("holed-", n), c)
	}
	w.run(30 * minute)
	if most != 1 {
		t.Errorf("%d connections at once to an address that takes none", most)
	}
	for n := range 30 {
		name := fmt.Sprint("holed-", n)
		w.expectState(name, StateDown)
		woken := 0
		for _, wake := range w.wakes {
			if wake.key == keyOf(name) && wake.at > 10*minute {
				woken++
			}
		}
		if woken > 0 {
			t.Errorf("%s changed %d times though it is down all the time", name, woken)
		}
	}
}

func TestMissedChecksAreNeverDown(t *testing.T) {
	w := newWorld(t, Options{Workers: 4})
	w.check = false
	// Each answers well, but in half of the interval: far beyond capacity.
	takes := func(_, timeout time.Duration) (Result, time.Duration) {
		return Result{Outcome: OutcomeSuccess}, timeout - time.Millisecond
	}
	for n := range 200 {
		w.ensure(fmt.Sprint(n), in(probe(address(n), takes), 10*second))
	}
	for range 60 {
		w.run(10 * second)
		for n := range 200 {
			if o := w.see(fmt.Sprint(n)); o.State == StateDown || o.State == StateDegraded {
				t.Fatalf("at %s %d is %s (%s)", w.now(), n, o.State, o.Reason)
			}
		}
	}
	if !w.engine.Health().OverCapacity.Active {
		t.Error("not over capacity")
	}
	for n := range 200 {
		w.engine.Forget(keyOf(fmt.Sprint(n)))
	}
	w.run(3 * minute)
	if h := w.engine.Health(); h.OverCapacity.Active || h.Queued != 0 || h.InFlight != 0 {
		t.Errorf("without work: %+v", h)
	}
}

func TestUnchangingFleetWakesNobody(t *testing.T) {
	w := newWorld(t, withWitness())
	w.check = false
	const fleet = 600
	for n := range fleet {
		behave := []behaviour{well, well, well, refusing, hanging, slow}[n%6]
		c := in(probe(address(n), behave), 30*second)
		c.Timeout = 5 * second
		w.ensure(fmt.Sprint(n), c)
	}
	w.run(3 * minute)
	woken := len(w.wakes)
	w.run(10 * minute)
	if len(w.wakes) != woken {
		t.Errorf("woken %d times in ten minutes", len(w.wakes)-woken)
	}
}
