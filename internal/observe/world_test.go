// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
)

// dayZero is when simulated time begins; not a multiple of any interval.
var dayZero = time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)

// world drives an Engine through simulated time, without goroutines: what
// happens depends on nothing but the test.
type world struct {
	t       testing.TB
	engine  *Engine
	at      instant
	ends    eventHeap
	asked   map[string][]time.Duration // when each target's questions began
	late    map[string][]time.Duration // and how late
	wakes   []wake
	gaps    []Gap
	probed  int  // how often the witness was asked
	witness bool // it answers
	check   bool // verify the engine's books after each event
}

type wake struct {
	at  time.Duration
	key types.NamespacedName
}

// event is something that ends at a time.
type event struct {
	at  int64
	seq int
	do  func()
}

type eventHeap struct {
	events []event
	seq    int
}

func (h *eventHeap) Len() int { return len(h.events) }
func (h *eventHeap) Less(i, j int) bool {
	a, b := h.events[i], h.events[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}
func (h *eventHeap) Swap(i, j int) { h.events[i], h.events[j] = h.events[j], h.events[i] }
func (h *eventHeap) Push(x any)    { h.events = append(h.events, x.(event)) }
func (h *eventHeap) Pop() any {
	last := h.events[len(h.events)-1]
	h.events = h.events[:len(h.events)-1]
	return last
}

// newWorld returns a world at its first moment. A witness, if the options have
// one, answers within 20 ms as long as w.witness is set, else not in its 5 s.
func newWorld(t testing.TB, options Options) *world {
	t.Helper()
	w := &world{
		t: t, witness: true, check: true,
		asked: map[string][]time.Duration{}, late: map[string][]time.Duration{},
	}
	options.Clock = clocktesting.NewFakeClock(dayZero)
	options.LagClock = clocktesting.NewFakeClock(dayZero)
	options.Wake = func(key types.NamespacedName) { w.wakes = append(w.wakes, wake{w.now(), key}) }
	options.OnGap = func(g Gap) { w.gaps = append(w.gaps, g) }
	w.engine = New(options)
	w.at = instant{wall: dayZero.UnixNano()}
	w.engine.clock = func() instant { return w.at }
	w.engine.begun = 0
	w.engine.starter = func() {}
	w.engine.witness = func() {
		w.probed++
		if w.witness {
			w.after(20*time.Millisecond, func() { w.engine.witnessed(nil, w.at) })
			return
		}
		w.after(witnessTimeout, func() { w.engine.witnessed(errors.New("no answer"), w.at) })
	}
	return w
}

// withWitness are options with a witness.
func withWitness() Options {
	return Options{Witness: func(context.Context) error { return nil }}
}

// now is the time since the world began.
func (w *world) now() time.Duration { return time.Duration(w.at.mono) }

// wall is the wall time at the given time since the world began, if nobody set
// the clock.
func (w *world) wall(at time.Duration) time.Time { return dayZero.Add(at) }

func (w *world) after(d time.Duration, do func()) {
	w.ends.seq++
	heap.Push(&w.ends, event{at: w.at.mono + int64(d), seq: w.ends.seq, do: do})
}

// run lets d pass.
func (w *world) run(d time.Duration) { w.until(w.now() + d) }

// until lets time pass until the given moment.
func (w *world) until(end time.Duration) {
	w.t.Helper()
	for {
		next := w.engine.next(w.at)
		if w.ends.Len() > 0 {
			next = min(next, w.ends.events[0].at)
		}
		if next > int64(end) {
			w.move(int64(end))
			w.engine.tellAll(context.Background())
			return
		}
		w.move(next)
		for w.ends.Len() > 0 && w.ends.events[0].at <= w.at.mono {
			heap.Pop(&w.ends).(event).do()
		}
		w.engine.advance(w.at)
		w.beginRuns()
		w.engine.tellAll(context.Background())
		if w.check {
			w.verify()
		}
	}
}

func (w *world) move(to int64) {
	w.at.wall += to - w.at.mono
	w.at.mono = to
}

// beginRuns does what workers do.
func (w *world) beginRuns() {
	for w.engine.pool.taken.len() > 0 {
		r := w.engine.pool.taken.pop()
		if !w.engine.begin(r, w.at) {
			w.engine.end(r, Result{}, w.at)
			continue
		}
		name := r.question.target.name
		w.asked[name] = append(w.asked[name], w.now())
		w.late[name] = append(w.late[name], time.Duration(w.at.mono-r.due))
		result, took := r.question.probe.(*simulated).behave(w.now(), time.Duration(r.question.timeout))
		result.Latency = took
		finish := func(result Result) {
			if r.question.run != r {
				return // it was broken off
			}
			w.engine.end(r, result, w.at)
			w.engine.dispatch()
			w.beginRuns()
		}
		w.after(took, func() { finish(result) })
		if timeout := time.Duration(r.question.timeout); took <= timeout { // else it ignores its context
			cancel := r.cancel
			r.cancel = func() {
				cancel()
				w.after(0, func() { finish(broken) })
			}
		}
	}
}

// verify compares the engine's counters with what they count.
func (w *world) verify() {
	w.t.Helper()
	e := w.engine
	running, ready, queued, waiting := 0, 0, 0, 0
	for _, t := range e.targets {
		if int(t.running+t.ready) > e.options.PerTarget {
			w.t.Fatalf("at %s: %s is asked by %d at once and %d are ready", w.now(), t.name, t.running, t.ready)
		}
		running += int(t.running)
		ready += int(t.ready)
		queued += len(t.queue)
		for _, q := range t.queue {
			if q.stage != stageWaiting && q.stage != stageReady {
				w.t.Fatalf("at %s: a question in the queue of %s is in stage %d", w.now(), t.name, q.stage)
			}
			if q.stage == stageWaiting {
				waiting++
			}
		}
	}
	if running != e.pool.running || running > e.pool.size || e.pool.unproven > e.pool.size/2 || queued != e.queued || queued != ready+waiting {
		w.t.Fatalf("at %s: %d run, pool says %d (%d unproven) of %d; %d queued, engine says %d; %d ready, %d waiting",
			w.now(), running, e.pool.running, e.pool.unproven, e.pool.size, queued, e.queued, ready, waiting)
	}
	open := 0
	for _, list := range e.sight.open {
		open += len(list)
	}
	if open != e.sight.count {
		w.t.Fatalf("at %s: %d suspicions, %d counted", w.now(), open, e.sight.count)
	}
	w.verifyAccounts()
	for _, s := range e.subscribers {
		for _, c := range s.checks {
			if c.question != nil && !slices.Contains(c.question.checks, c) {
				w.t.Fatalf("at %s: %s is not among the checks of its question", w.now(), c.name)
			}
		}
	}
}

// ensure subscribes an object of the given name with checks.
func (w *world) ensure(name string, checks ...Check) {
	w.engine.Ensure(Subscriber{Key: keyOf(name), UID: types.UID("uid-" + name)}, checks)
}

func keyOf(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: "kdz-16", Name: name}
}

// see returns the only observation of the named object.
func (w *world) see(name string) Observation {
	w.t.Helper()
	observations := w.engine.Observations(keyOf(name))
	if len(observations) != 1 {
		w.t.Fatalf("%s has %d observations, want 1", name, len(observations))
	}
	return observations[0]
}

// expect compares state, since (by the time since the world began) and reason.
func (w *world) expect(name string, state State, since time.Duration, reason string) {
	w.t.Helper()
	o := w.see(name)
	if o.State != state || !o.Since.Equal(w.wall(since)) || o.Reason != reason {
		w.t.Errorf("at %s: %s is %s (%s) since %s, want %s (%s) since %s",
			w.now(), name, o.State, o.Reason, o.Since.Sub(dayZero), state, reason, since)
	}
}

// expectState compares the state alone.
func (w *world) expectState(name string, state State) {
	w.t.Helper()
	if o := w.see(name); o.State != state {
		w.t.Errorf("at %s: %s is %s (%s) since %s, want %s", w.now(), name, o.State, o.Reason, o.Since.Sub(dayZero), state)
	}
}

// behaviour is what a target does when it is asked at a time: the result, and
// how long it takes.
type behaviour func(at, timeout time.Duration) (Result, time.Duration)

// simulated is a Probe of a target in a world.
type simulated struct {
	key, target string
	behave      behaviour
}

func (p *simulated) Key() string    { return p.key }
func (p *simulated) Target() string { return p.target }
func (p *simulated) Run(context.Context) Result {
	panic("a simulated probe is not run")
}

// probe returns a Probe of a target of its own.
func probe(target string, behave behaviour) *simulated {
	return &simulated{key: "tcp://" + target, target: target, behave: behave}
}

// address returns the n-th address, each in a network of its own for n < 65536.
func address(n int) string { return fmt.Sprintf("127.%d.%d.1:80", n>>8&0xff, n&0xff) }

// well answers within 5 ms.
func well(_, _ time.Duration) (Result, time.Duration) {
	return Result{Outcome: OutcomeSuccess}, 5 * time.Millisecond
}

// slow answers, but not as fast as agreed.
func slow(_, _ time.Duration) (Result, time.Duration) {
	return Result{Outcome: OutcomeSuccess, Slow: true}, 800 * time.Millisecond
}

// refusing is a target that refuses connections at once.
func refusing(_, _ time.Duration) (Result, time.Duration) {
	return Result{
		Outcome: OutcomeFailure, Class: ClassTarget, Step: StepConnect,
		Reason: "ConnectionRefused", Message: "The connection was refused.",
	}, time.Millisecond
}

// hanging is a black hole.
func hanging(_, timeout time.Duration) (Result, time.Duration) {
	return Result{
		Outcome: OutcomeFailure, Class: ClassPath, Step: StepConnect,
		Reason: "ConnectTimeout", Message: "No connection within the timeout.",
	}, timeout
}

// broken is what a Probe makes of a context that was cancelled.
var broken = Result{
	Outcome: OutcomeFailure, Class: ClassPath, Step: StepConnect,
	Reason: "ConnectTimeout", Message: "The check was broken off.",
}

// rejecting refuses our credentials.
func rejecting(_, _ time.Duration) (Result, time.Duration) {
	return Result{
		Outcome: OutcomeInconclusive, Class: ClassTarget, Step: StepExpectation,
		Reason: ReasonCredentialsRejected, Message: "Status 401.",
	}, 5 * time.Millisecond
}

// starving is what our own exhaustion looks like.
func starving(_, _ time.Duration) (Result, time.Duration) {
	return Result{
		Outcome: OutcomeInconclusive, Class: ClassLocal, Step: StepConnect,
		Reason: "TooManyOpenFiles", Message: "The operator is out of file descriptors.",
	}, time.Millisecond
}

// script behaves by the time: each phase lasts until its instant.
type phase struct {
	until  time.Duration
	behave behaviour
}

func script(last behaviour, phases ...phase) behaviour {
	return func(at, timeout time.Duration) (Result, time.Duration) {
		for _, p := range phases {
			if at < p.until {
				return p.behave(at, timeout)
			}
		}
		return last(at, timeout)
	}
}

// in returns a check with one probe and round figures.
func in(p Probe, interval time.Duration) Check {
	return Check{Name: "web", Probe: p, Interval: interval, Timeout: interval / 2, FailureThreshold: 3, SuccessThreshold: 1}
}
