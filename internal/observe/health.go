// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"net/http"
	"time"
)

// Condition is something that is wrong with the engine, or was not.
type Condition struct {
	// Active: it is so now.
	Active bool
	// Since when, in wall time; zero unless Active.
	Since time.Time
	// Message for people; empty unless Active.
	Message string
}

// Health says how the engine is, as opposed to what it sees.
type Health struct {
	// Blind: nothing at all could be reached, so that the fault is likely the
	// operator's own.
	Blind Condition
	// Distrusted: Distrust was called, so that no result counts.
	Distrusted Condition
	// OverCapacity: checks were missed because there is more to ask than there
	// are places. It lasts until none was missed for a minute, or for two
	// intervals of the check that was.
	OverCapacity Condition
	// Lag is how late judging is: by how much the engine has overslept the
	// moment at which it should have looked again.
	Lag time.Duration
	// SchedulingLag is how late this process was scheduled at its last
	// heartbeat.
	SchedulingLag time.Duration
	// Subscribers, Checks, Questions and Targets are how many there are.
	Subscribers, Checks, Questions, Targets int
	// Shared is how many checks are answered by the question of another one.
	Shared int
	// InFlight is how many checks run now.
	InFlight int
	// Queued is how many are due and wait for their target or for the pool.
	Queued int
	// Missed is how many due times have passed unasked since the start.
	Missed uint64
}

// Health returns how the engine is now.
func (e *Engine) Health() Health {
	e.mu.Lock()
	defer e.mu.Unlock()
	h := Health{
		Lag:           e.judgingLag(),
		SchedulingLag: time.Duration(e.lag.worst.Load()),
		Subscribers:   len(e.subscribers),
		Checks:        e.checks,
		Questions:     len(e.questions),
		Targets:       len(e.targets),
		Shared:        e.attached - len(e.questions),
		InFlight:      e.pool.running,
		Queued:        e.queued,
		Missed:        e.capacity.missed,
	}
	if e.sight.blind {
		h.Blind = Condition{Active: true, Since: wallTime(e.sight.since.wall), Message: "Nothing at all can be reached."}
	}
	if e.sight.distrusted {
		h.Distrusted = Condition{Active: true, Since: wallTime(e.sight.distrustedSince.wall), Message: e.sight.distrust}
	}
	if e.capacity.over {
		h.OverCapacity = Condition{Active: true, Since: wallTime(e.capacity.since), Message: e.capacity.message()}
	}
	return h
}

// judgingLag returns how late judging is. It takes no lock: when it is needed
// most nobody would give it one.
func (e *Engine) judgingLag() time.Duration {
	if !e.running.Load() {
		return 0
	}
	return time.Duration(max(e.clock().mono-e.planned.Load(), 0))
}

// lagAllowance is by how much judging may lag beyond the longest timeout.
const lagAllowance = time.Minute

// Healthz is a liveness check (healthz.Checker): it returns an error when
// judging lags by more than the longest timeout and 60 s, so that only a new
// process can help. It never blocks. Neither an API server nor a target that is
// away makes it fail, nor does too much work, nor an engine not started.
func (e *Engine) Healthz(*http.Request) error {
	lag, allowed := e.judgingLag(), time.Duration(e.longest.Load())+lagAllowance
	if lag > allowed {
		return fmt.Errorf("observe: judging lags by %s, more than %s", lag.Round(time.Second), allowed)
	}
	return nil
}

// capacity says whether there is more work than capacity.
type capacity struct {
	over   bool
	since  int64 // wall
	until  int64 // monotonic
	missed uint64
	target string // whose check was missed last
	pooled bool   // for want of a place in the pool, rather than at the target
}

// overCapacityFor is how long OverCapacity lasts at least.
const overCapacityFor = time.Minute

// exceeded notes that the question's turn came again while it still waited, or
// still ran because it had waited so long.
func (c *capacity) exceeded(e *Engine, q *question, now instant) {
	c.until = max(c.until, now.mono+max(int64(overCapacityFor), coverIntervals*q.interval))
	c.target, c.pooled = q.target.name, q.stage != stageWaiting
	if c.over {
		return
	}
	c.over, c.since = true, now.wall
	message := c.message()
	e.outbox.push(func() { e.options.Logger.Info("Over capacity: checks are missed", "message", message) })
}

// settle ends the condition when its time has come.
func (c *capacity) settle(e *Engine, now instant) {
	if c.next() > now.mono {
		return
	}
	c.over = false
	e.outbox.push(func() { e.options.Logger.Info("No longer over capacity") })
}

// next returns when the condition may end.
func (c *capacity) next() int64 {
	if !c.over {
		return never
	}
	return c.until
}

func (c *capacity) message() string {
	if c.pooled {
		return "Checks are missed because all workers are busy, the latest of " + c.target + "."
	}
	return "Checks are missed because their target is asked too much at once, the latest of " + c.target + "."
}
