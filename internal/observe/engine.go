// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Engine asks the questions of its subscribers and keeps what became of them.
// All methods may be called at any time and from any goroutine.
//
// One mutex guards everything; it is held for microseconds and never while a
// Probe, the witness or a callback runs. Whatever decides is given the time and
// does not wait, so that it can be driven through hours of simulated time; what
// waits (loop, workers, witness, notifier) is a thin shell around it.
type Engine struct {
	options Options
	origin  time.Time
	clock   func() instant // of now
	lag     *lagMeter
	metrics *metrics

	mu          sync.Mutex
	subscribers map[types.NamespacedName]*subscriber
	questions   map[string]*question
	targets     map[string]*target
	timeouts    map[int64]int // how many questions have it
	checks      int           // of all subscribers
	attached    int           // of them, those that have a question
	queued      int           // questions that are due and wait
	dues        timeline[*question]
	lapses      timeline[*check]
	deadlines   timeline[*run]
	unsettled   timeline[*history] // by the wall time of their first changes
	failing     timeline[failure]  // by the wall time of their first failures
	outstanding outstanding
	untold      []int64 // when gaps began that are about to be told; wall
	told        int64   // the last watermark; wall
	sweep       sweep
	resumed     map[checkID]Pending // waits for its checks
	begun       int64               // when Start was called; never if it was not
	pool        pool
	sight       sight
	offset      int64 // wall minus monotonic, by which phases are placed
	lastOffset  int64 // the same, at the last look at the clocks
	sweepAt     int64 // when the next new check may be asked ahead of its time
	tickAt      int64 // when doubtful failures are looked at next
	unknownAt   int64 // when the next check may become Unknown while blind
	capacity    capacity
	refusals    refusals
	outbox      outbox
	starter     func()     // starts one more worker
	witness     func()     // starts asking the witness
	work        *sync.Cond // runs wait to be taken
	context     context.Context
	workers     sync.WaitGroup

	alarm   chan struct{} // the loop has to look again
	started atomic.Bool
	running atomic.Bool
	planned atomic.Int64 // when the loop should have looked again
	longest atomic.Int64 // the longest timeout of all questions
}

// New returns an Engine that does not ask anything before Start.
func New(options Options) *Engine {
	options.setDefaults()
	e := &Engine{
		options:     options,
		origin:      options.Clock.Now(),
		lag:         newLagMeter(options.LagClock),
		metrics:     newMetrics(),
		subscribers: map[types.NamespacedName]*subscriber{},
		questions:   map[string]*question{},
		targets:     map[string]*target{},
		timeouts:    map[int64]int{},
		pool:        pool{size: options.Workers},
		sight:       newSight(options.Witness != nil),
		begun:       never,
		alarm:       make(chan struct{}, 1),
		context:     context.Background(),
	}
	e.clock = e.readClock
	e.offset = e.clock().wall
	e.lastOffset = e.offset
	e.work = sync.NewCond(&e.mu)
	e.outbox.signal = make(chan struct{}, 1)
	e.starter = e.startWorker
	e.witness = e.startWitness
	return e
}

// readClock returns the current moment on both clocks.
func (e *Engine) readClock() instant {
	now := e.options.Clock.Now()
	return instant{mono: int64(now.Sub(e.origin)), wall: now.UnixNano()}
}

// errStarted is what Start returns the second time.
var errStarted = errors.New("observe: the engine was already started")

// Start asks until ctx is done, and returns when everything that it started
// has ended. It can be called once. It is a manager.Runnable.
func (e *Engine) Start(ctx context.Context) error {
	if !e.started.CompareAndSwap(false, true) {
		return errStarted
	}
	e.mu.Lock()
	e.context = ctx
	e.begun = e.clock().mono
	e.planned.Store(e.begun)
	e.mu.Unlock()
	e.running.Store(true)
	defer e.running.Store(false)

	var shell sync.WaitGroup
	shell.Go(func() { e.lag.beat(ctx) })
	shell.Go(func() { e.tell(ctx) })
	e.loop(ctx)
	e.mu.Lock()
	e.work.Broadcast()
	e.mu.Unlock()
	e.workers.Wait()
	shell.Wait()
	return nil
}

// NeedLeaderElection reports false: every replica observes, so that a new
// leader knows how things are. Only writing is the leader's.
func (e *Engine) NeedLeaderElection() bool { return false }

// Ensure makes the subscriber's checks those given: new ones begin, missing
// ones end, and those that only changed keep what is known. It is cheap when
// nothing changed, and starts no goroutine.
func (e *Engine) Ensure(s Subscriber, checks []Check) {
	wanted := prepare(checks)
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	known := e.subscribers[s.Key]
	if known != nil && known.uid != s.UID {
		e.drop(known, now)
		known = nil
	}
	if known == nil {
		known = &subscriber{key: s.Key, uid: s.UID}
		e.subscribers[s.Key] = known
	}
	e.update(known, wanted, now)
	e.rouseFor(now)
}

// Forget ends all checks of the subscriber. A check that is running is broken
// off, and its result is dropped.
func (e *Engine) Forget(key types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if known := e.subscribers[key]; known != nil {
		e.drop(known, e.now())
	}
}

// Observations returns what is known about the subscriber's checks, sorted by
// name; nil if the subscriber is unknown. The caller may keep and change it.
func (e *Engine) Observations(key types.NamespacedName) []Observation {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.subscribers[key]
	if known == nil {
		return nil
	}
	now := e.now()
	observations := make([]Observation, 0, len(known.checks))
	for _, c := range known.checks {
		// Should the loop be late, silence must not read as Up meanwhile.
		e.lapseIfSilent(c, now)
		observations = append(observations, c.observation())
	}
	return observations
}

// rouse makes the loop look again.
func (e *Engine) rouse() {
	select {
	case e.alarm <- struct{}{}:
	default:
	}
}
