// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"go.uber.org/goleak"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// live is a Probe that is really run.
type live struct {
	key, target string
	run         func(context.Context) Result
}

func (p *live) Key() string                    { return p.key }
func (p *live) Target() string                 { return p.target }
func (p *live) Run(ctx context.Context) Result { return p.run(ctx) }

func answering(key string, result Result) *live {
	return &live{key: key, target: key, run: func(context.Context) Result { return result }}
}

// start runs an engine until the test ends. Lag is not measured: a loaded
// machine must not decide about the outcome.
func start(t *testing.T, options Options) *Engine {
	t.Helper()
	if options.LagClock == nil {
		options.LagClock = clocktesting.NewFakeClock(dayZero)
	}
	e := New(options)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Start(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return e
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func stateOf(e *Engine, name string) State {
	for _, o := range e.Observations(keyOf(name)) {
		return o.State
	}
	return ""
}

func subscriberOf(name string) Subscriber {
	return Subscriber{Key: keyOf(name), UID: types.UID("uid-" + name)}
}

func TestEngineAsksOnItsClock(t *testing.T) {
	clock := clocktesting.NewFakeClock(dayZero)
	var asked atomic.Int32
	var down atomic.Bool
	woken := make(chan types.NamespacedName, 10)
	e := start(t, Options{Clock: clock, Wake: func(key types.NamespacedName) { woken <- key }})
	p := &live{key: "a", target: "a", run: func(context.Context) Result {
		asked.Add(1)
		if down.Load() {
			return Result{Outcome: OutcomeFailure, Class: ClassTarget, Step: StepRequest, Reason: "Closed"}
		}
		return Result{Outcome: OutcomeSuccess}
	}}
	e.Ensure(subscriberOf("payroll"), []Check{in(p, 10*second)})
	if key := <-woken; key != keyOf("payroll") || stateOf(e, "payroll") != StateUp {
		t.Fatalf("%s woken, state %s", key, stateOf(e, "payroll"))
	}
	down.Store(true)
	step := func() {
		before := asked.Load()
		clock.Step(10 * second)
		eventually(t, "asked once more", func() bool { return asked.Load() > before && e.Health().InFlight == 0 })
	}
	step()
	step()
	if state := stateOf(e, "payroll"); state != StateUp {
		t.Errorf("after two failures %s", state)
	}
	step()
	<-woken
	if state := stateOf(e, "payroll"); state != StateDown {
		t.Errorf("after three failures %s", state)
	}
	down.Store(false)
	step()
	<-woken
	if state := stateOf(e, "payroll"); state != StateUp {
		t.Errorf("after a success %s", state)
	}
}

func TestStartTwiceIsAnError(t *testing.T) {
	e := start(t, Options{})
	eventually(t, "started", e.running.Load)
	if err := e.Start(t.Context()); err == nil {
		t.Error("the second start returned no error")
	}
	if e.NeedLeaderElection() {
		t.Error("observing needs the lead")
	}
}

func TestHangingProbesEndWithTheEngine(t *testing.T) {
	var hanging atomic.Int32
	e := New(Options{Workers: 50})
	for n := range 200 {
		key := fmt.Sprint(n)
		c := in(&live{key: key, target: key, run: func(ctx context.Context) Result {
			hanging.Add(1)
			defer hanging.Add(-1)
			<-ctx.Done()
			return Result{Outcome: OutcomeFailure, Class: ClassTarget, Reason: "Closed"}
		}}, time.Hour)
		c.FailureThreshold = 1
		e.Ensure(subscriberOf(key), []Check{c})
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- e.Start(ctx) }()
	eventually(t, "half of the pool hangs", func() bool { return hanging.Load() == 25 })
	cancel()
	if err := <-ended; err != nil || hanging.Load() != 0 {
		t.Errorf("error %v, %d still hang", err, hanging.Load())
	}
	for n := range 200 {
		if state := stateOf(e, fmt.Sprint(n)); state != StatePending {
			t.Fatalf("%d is %s: the end of the engine was taken for its target's", n, state)
		}
	}
}

func TestForgetBreaksOffWhatRuns(t *testing.T) {
	e := start(t, Options{})
	began, ended := make(chan struct{}), make(chan struct{})
	e.Ensure(subscriberOf("payroll"), []Check{in(&live{key: "a", target: "a", run: func(ctx context.Context) Result {
		close(began)
		<-ctx.Done()
		close(ended)
		return Result{Outcome: OutcomeFailure, Class: ClassTarget}
	}}, time.Hour)})
	<-began
	e.Forget(keyOf("payroll"))
	<-ended
	eventually(t, "its target is forgotten too", func() bool { return e.Health().Targets == 0 })
}

func TestPanicIsInconclusive(t *testing.T) {
	var mu sync.Mutex
	var logged []string
	logger := funcr.New(func(_, args string) {
		mu.Lock()
		defer mu.Unlock()
		logged = append(logged, args)
	}, funcr.Options{})
	e := start(t, Options{Logger: logger})
	c := in(&live{key: "a", target: "a", run: func(context.Context) Result { panic("secret") }}, time.Second)
	c.FailureThreshold = 1
	e.Ensure(subscriberOf("payroll"), []Check{c})
	e.Ensure(subscriberOf("other"), []Check{in(answering("b", Result{Outcome: OutcomeSuccess}), time.Second)})
	eventually(t, "unknown after its cover", func() bool { return stateOf(e, "payroll") == StateUnknown })
	o := e.Observations(keyOf("payroll"))[0]
	if o.Reason != ReasonProbePanicked || o.Message != "The check itself failed, by a fault of the operator." {
		t.Errorf("reason %s, message %q", o.Reason, o.Message)
	}
	if state := stateOf(e, "other"); state != StateUp {
		t.Errorf("the other is %s", state)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(logged) == 0 {
		t.Error("the panic was not logged")
	}
}

func TestPanickingWitnessIsNoWitness(t *testing.T) {
	asked := make(chan struct{}, 100)
	e := start(t, Options{Witness: func(context.Context) error {
		asked <- struct{}{}
		panic("broken")
	}})
	e.Ensure(subscriberOf("payroll"), []Check{in(answering("127.0.0.1:1", Result{Outcome: OutcomeFailure, Class: ClassPath}), time.Hour)})
	<-asked
	<-asked
	if state := stateOf(e, "payroll"); state != StatePending {
		t.Errorf("state %s", state)
	}
}

func TestSlowListenerDelaysNobodyElse(t *testing.T) {
	release := make(chan struct{})
	var woken atomic.Int32
	e := start(t, Options{Wake: func(types.NamespacedName) {
		woken.Add(1)
		<-release
	}})
	const fleet = 100
	for n := range fleet {
		key := fmt.Sprint(n)
		e.Ensure(subscriberOf(key), []Check{in(answering(key, Result{Outcome: OutcomeSuccess}), time.Minute)})
	}
	eventually(t, "all are up", func() bool {
		for n := range fleet {
			if stateOf(e, fmt.Sprint(n)) != StateUp {
				return false
			}
		}
		return true
	})
	if n := woken.Load(); n > 1 {
		t.Errorf("%d calls of Wake at once", n)
	}
	close(release)
	eventually(t, "all are told", func() bool { return woken.Load() == fleet })
}

// The scheduler is frozen: Healthz fails within 120 s, so that liveness restarts
// the process, and not before.
func TestS6FrozenSchedulerFailsHealthz(t *testing.T) {
	clock := clocktesting.NewFakeClock(dayZero)
	e := start(t, Options{Clock: clock})
	c := in(answering("a", Result{Outcome: OutcomeSuccess}), 30*second)
	c.Timeout = 10 * second
	e.Ensure(subscriberOf("payroll"), []Check{c})
	eventually(t, "up", func() bool { return stateOf(e, "payroll") == StateUp })

	e.mu.Lock() // something holds it and never lets go
	sleeps := time.Duration(e.planned.Load() - e.now().mono)
	if sleeps > maxSleep {
		t.Errorf("the loop sleeps for %s, so that a freeze is noticed too late", sleeps)
	}
	if limit := sleeps + 10*second + minute; limit >= 120*second {
		t.Errorf("a freeze is noticed after %s", limit)
	}
	clock.Step(sleeps + 10*second + minute)
	if err := e.Healthz(nil); err != nil {
		t.Errorf("within the allowance: %v", err)
	}
	clock.Step(time.Millisecond)
	if err := e.Healthz(nil); err == nil {
		t.Error("frozen, and still called healthy")
	}
	e.mu.Unlock()
	eventually(t, "healthy again", func() bool { return e.Healthz(nil) == nil })
}

func TestHealthzOfAnIdleEngine(t *testing.T) {
	clock := clocktesting.NewFakeClock(dayZero)
	e := New(Options{Clock: clock, LagClock: clock})
	clock.Step(time.Hour)
	if err := e.Healthz(nil); err != nil {
		t.Errorf("not started: %v", err)
	}
}

// TestEverythingAtOnce is for the race detector.
func TestEverythingAtOnce(t *testing.T) {
	e := start(t, Options{
		Workers: 16, PerTarget: 2, Wake: func(types.NamespacedName) {}, OnGap: func(Gap) {},
		Witness: func(context.Context) error { return nil },
	})
	results := []Result{
		{Outcome: OutcomeSuccess, Address: "127.0.0.1:80"},
		{Outcome: OutcomeFailure, Class: ClassTarget, Step: StepConnect, Reason: "ConnectionRefused"},
		{Outcome: OutcomeFailure, Class: ClassPath, Step: StepConnect, Reason: "ConnectTimeout"},
		{Outcome: OutcomeInconclusive, Reason: ReasonCredentialsRejected},
	}
	var users sync.WaitGroup
	for user := range 4 {
		users.Go(func() {
			for round := range 300 {
				name := fmt.Sprint((user + round) % 6)
				p := answering(fmt.Sprint("k", round%9), results[round%len(results)])
				p.target = fmt.Sprintf("127.0.%d.1:80", round%4)
				e.Ensure(subscriberOf(name), []Check{in(p, 5*time.Millisecond)})
				e.Observations(keyOf(name))
				e.Health()
				_ = e.Healthz(nil)
				if round%7 == 0 {
					e.Forget(keyOf(name))
				}
			}
		})
	}
	users.Wait()
	for n := range 6 {
		e.Forget(keyOf(fmt.Sprint(n)))
	}
	eventually(t, "nothing is left", func() bool {
		h := e.Health()
		return h.InFlight+h.Queued+h.Targets+h.Questions == 0
	})
}
