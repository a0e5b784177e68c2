// SPDX-License-Identifier: Apache-2.0

package controllertest

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// ShiftedClock is a clock that runs from a moment that the test chooses, or
// stands still there. It is safe for concurrent use; its zero value is the
// system's clock.
type ShiftedClock struct {
	clock.RealClock
	mu     sync.Mutex
	offset time.Duration
	still  time.Time
}

// Now is the present moment by this clock.
func (c *ShiftedClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still.IsZero() {
		return c.still
	}
	return c.RealClock.Now().Add(c.offset)
}

// Since is the time since a moment, by this clock.
func (c *ShiftedClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Set lets the clock run from a moment on.
func (c *ShiftedClock) Set(from time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.still = from.Sub(c.RealClock.Now()), time.Time{}
}

// Hold lets the clock stand still at a moment. What waits for a later one goes
// on to look, and finds that it has not come.
func (c *ShiftedClock) Hold(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = at
}
