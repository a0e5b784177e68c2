// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

const (
	// maxSleep is how long the loop sleeps at most.
	maxSleep = 15 * time.Second
	// minSleep is how long it sleeps at least, so that what is due within it is
	// done in one go.
	minSleep = time.Millisecond
	// parkedWorkers is how many idle workers are kept.
	parkedWorkers = 64
)

// now returns the present moment.
func (e *Engine) now() instant { return e.clock() }

// loop does what is due until ctx is done.
func (e *Engine) loop(ctx context.Context) {
	timer := e.options.Clock.NewTimer(maxSleep)
	defer timer.Stop()
	for {
		e.mu.Lock()
		now := e.now()
		e.advance(now)
		sleep := min(max(e.next(now)-now.mono, int64(minSleep)), int64(maxSleep))
		e.planned.Store(now.mono + sleep)
		timer.Reset(time.Duration(sleep))
		e.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		case <-e.alarm:
		}
	}
}

// rouseFor makes the loop look again if something is due before it would.
func (e *Engine) rouseFor(now instant) {
	if e.next(now) < e.planned.Load() {
		e.rouse()
	}
}

// startWorker sees to it that enough workers look for the runs that were
// dispatched.
func (e *Engine) startWorker() {
	if e.pool.taken.len() <= e.pool.looking {
		return
	}
	e.pool.looking++
	if e.pool.parked > 0 {
		e.pool.parked--
		e.work.Signal()
		return
	}
	e.workers.Go(e.runWorker)
}

// runWorker runs what was dispatched, and ends when too many have nothing to do.
func (e *Engine) runWorker() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for {
		for e.pool.taken.len() == 0 {
			e.pool.looking--
			if e.context.Err() != nil || e.pool.parked >= parkedWorkers {
				return
			}
			e.pool.parked++
			e.work.Wait()
			if e.context.Err() != nil {
				return
			}
		}
		e.pool.looking--
		r := e.pool.taken.pop()
		now := e.now()
		if e.begin(r, now) {
			e.rouseFor(now)
			e.mu.Unlock()
			result := e.callProbe(r)
			e.mu.Lock()
			now = e.now()
			e.end(r, result, now)
		} else {
			e.end(r, Result{}, now)
		}
		e.pool.looking++
		e.dispatch()
		e.rouseFor(now)
	}
}

// errPanic is logged when a Probe panics.
var errPanic = errors.New("a probe panicked")

// callProbe runs the Probe, and makes a Result of its panic.
func (e *Engine) callProbe(r *run) (result Result) {
	defer func() {
		if broken := recover(); broken != nil {
			e.options.Logger.Error(fmt.Errorf("%w: %v", errPanic, broken), "A check failed by a fault of the operator",
				"target", r.question.target.name, "stack", string(debug.Stack()))
			result = Result{
				Outcome: OutcomeInconclusive,
				Class:   ClassLocal,
				Reason:  ReasonProbePanicked,
				Message: "The check itself failed, by a fault of the operator.",
			}
		}
	}()
	return r.question.probe.Run(r.context)
}

// outbox holds what is to be told outside of the lock.
type outbox struct {
	subscribers []*subscriber
	news        []func()
	signal      chan struct{}
}

// push has f called outside of the lock, in order.
func (o *outbox) push(f func()) {
	o.news = append(o.news, f)
	o.ring()
}

func (o *outbox) ring() {
	select {
	case o.signal <- struct{}{}:
	default:
	}
}

// changed has the subscriber woken, once if it waits already.
func (e *Engine) changed(s *subscriber) {
	if s.dirty {
		return
	}
	s.dirty = true
	e.outbox.subscribers = append(e.outbox.subscribers, s)
	e.outbox.ring()
}

// tell tells what is in the outbox until ctx is done.
func (e *Engine) tell(ctx context.Context) {
	for {
		e.tellAll(ctx)
		select {
		case <-ctx.Done():
			return
		case <-e.outbox.signal:
		}
	}
}

// tellAll empties the outbox.
func (e *Engine) tellAll(ctx context.Context) {
	e.mu.Lock()
	news, subscribers := e.outbox.news, e.outbox.subscribers
	e.outbox.news, e.outbox.subscribers = nil, nil
	e.mu.Unlock()
	for _, f := range news {
		f()
	}
	for _, s := range subscribers {
		if ctx.Err() != nil {
			return
		}
		e.mu.Lock()
		s.dirty = false
		gone := s.gone
		e.mu.Unlock()
		if !gone {
			e.metrics.wakes.Inc()
			e.options.Wake(s.key)
		}
	}
}
