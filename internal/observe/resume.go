// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// resumeFor is how long after its start the engine waits for checks that go on
// with a streak of another process.
const resumeFor = 5 * time.Minute

// checkID names a check of a subscriber.
type checkID struct {
	subscriber types.NamespacedName
	name       string
}

// Resume continues streaks that another process began: a check of that name
// that has had no definite result in this process begins with that streak, and
// is Down at once if it suffices. It holds for checks that are ensured later as
// well, until the engine has run for five minutes. Another call replaces what
// is left of the one before.
func (e *Engine) Resume(streaks []Pending) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	e.resumed = make(map[checkID]Pending, len(streaks))
	for _, p := range streaks {
		id := checkID{p.Subscriber, p.Check}
		if known, found := e.resumed[id]; p.Count <= 0 || p.FirstFailure.IsZero() || found && known.FirstFailure.Before(p.FirstFailure) {
			continue
		}
		e.resumed[id] = p
	}
	for id := range e.resumed {
		if s := e.subscribers[id.subscriber]; s != nil {
			if c := s.check(id.name); c != nil {
				e.resume(c, now)
			}
		}
	}
	if e.begun != never && now.mono-e.begun > int64(resumeFor) {
		e.resumed = nil
	}
}

// resume lets the check go on with the streak that another process began.
func (e *Engine) resume(c *check, now instant) {
	if len(e.resumed) == 0 {
		return
	}
	if e.begun != never && now.mono-e.begun > int64(resumeFor) {
		e.resumed = nil
		return
	}
	id := checkID{c.subscriber.key, c.name}
	p, found := e.resumed[id]
	if !found {
		return
	}
	delete(e.resumed, id)
	if c.decided || c.streak.down {
		return
	}
	if c.resume(p, now) {
		e.changed(c.subscriber)
		e.lapses.move(c.place, c.cover)
	}
	e.follow(c)
}

// resume continues a streak, and reports whether something shown changed.
func (c *check) resume(p Pending, now instant) bool {
	before := c.shown
	count := int32(min(p.Count, streakLimit))
	c.streak.resume(min(wallNanos(p.FirstFailure), now.wall), count)
	if count < c.limits.failures {
		return false
	}
	c.last = &note{
		reason:  ReasonFailedEarlier,
		message: fmt.Sprintf("The check failed %d times in a row before the operator was restarted.", count),
	}
	c.streak.settle(c.limits, now.wall)
	c.show(c.streak.since)
	c.drift = patience - 1 // the next failure says why
	c.cover = max(c.cover, c.credit(now))
	c.record(&before, now.wall)
	return c.shown != before
}
