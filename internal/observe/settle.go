// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Settle drops the changes of a subscriber's checks that the given observations
// hold: they were recorded. What changed since stays.
func (e *Engine) Settle(key types.NamespacedName, recorded []Observation) {
	e.mu.Lock()
	defer e.mu.Unlock()
	known := e.subscribers[key]
	if known == nil {
		return
	}
	for i := range recorded {
		changes := recorded[i].Changes
		if len(changes) == 0 {
			continue
		}
		if c := known.check(recorded[i].Name); c != nil && c.history != nil {
			e.settle(c.history, wallNanos(changes[len(changes)-1].At)+1)
		}
	}
}

// SettleBefore drops all changes before the moment: somebody else recorded
// them.
func (e *Engine) SettleBefore(at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := wallNanos(at)
	for e.unsettled.next() < before {
		e.settle(e.unsettled.first(), before)
	}
}

// check returns the subscriber's check of that name; nil if there is none.
func (s *subscriber) check(name string) *check {
	at, found := slices.BinarySearchFunc(s.checks, name, func(c *check, name string) int {
		return strings.Compare(c.name, name)
	})
	if !found {
		return nil
	}
	return s.checks[at]
}

// settle drops the changes of a history that came about before the given wall
// time.
func (e *Engine) settle(h *history, before int64) {
	h.settle(before)
	if len(h.changes) == 0 {
		e.unsettled.remove(h.place)
		h.check.history = nil
		return
	}
	e.unsettled.move(h.place, h.changes[0].at)
}

// failing reports whether the check is in a streak of failures that does not
// suffice for an outage yet.
func (c *check) failing() bool { return c.streak.run < 0 && !c.streak.down }

// failure is a check in the engine's timeline of unfinished streaks.
type failure struct{ *check }

func (f failure) setPlace(place int32) { f.failed = place }

// follow brings what the engine keeps of the check up to date after something
// may have changed.
func (e *Engine) follow(c *check) {
	switch failing := c.failing(); {
	case failing && c.failed == nowhere:
		e.failing.add(failure{c}, c.streak.first)
	case failing:
		if e.failing.at(c.failed) != c.streak.first {
			e.failing.move(c.failed, c.streak.first)
		}
	case c.failed != nowhere:
		e.failing.remove(c.failed)
	}
	if c.history != nil && c.history.place == nowhere {
		e.unsettled.add(c.history, c.history.changes[0].at)
	}
}

// unfollow is for a check that ends.
func (e *Engine) unfollow(c *check, now instant) {
	if c.failed != nowhere {
		e.failing.remove(c.failed)
	}
	if c.history != nil {
		e.unsettled.remove(c.history.place)
		c.history = nil
	}
	e.release(c, now)
}
