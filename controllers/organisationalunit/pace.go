// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// settle is how long a unit waits after the first of several changes, so
	// that what comes together is told together. An outage must be seen at the
	// top within a second of the Application's own status.
	settle = 200 * time.Millisecond
	// burst is how many writes of a unit may follow each other directly; each
	// comes back after spacing.
	burst = 3
	// spacing lies between two writes of a unit once the burst is spent.
	spacing = 5 * time.Second
)

// pacer says when a unit is to be reconciled: soon after a change, once for
// many changes, and not more often than it may be written. The last change is
// always followed by a reconciliation, late as it may be.
type pacer struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	units map[string]*pace
}

// pace of a unit: a token bucket of burst tokens, one more each spacing.
type pace struct {
	// queued: a reconciliation is under way that has not begun.
	queued bool
	// fullAt is when the bucket is full again.
	fullAt time.Time
}

func newPacer(c clock.PassiveClock) *pacer {
	return &pacer{clock: c, units: map[string]*pace{}}
}

// queue takes note of a change of a unit. It returns after how long to
// reconcile the unit, or false if a reconciliation is under way already that
// will see this change.
func (p *pacer) queue(unit string) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	u := p.unit(unit)
	if u.queued {
		return 0, false
	}
	u.queued = true
	return max(settle, u.wait(p.clock.Now())), true
}

// begin says that a unit is being reconciled: changes from now on need another
// reconciliation. It returns 0, or how long to put it off; until then the unit
// counts as queued.
func (p *pacer) begin(unit string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()

	u := p.unit(unit)
	wait := u.wait(p.clock.Now())
	u.queued = wait > 0
	return wait
}

// wrote takes a token of a unit.
func (p *pacer) wrote(unit string) {
	p.mu.Lock()
	defer p.mu.Unlock()

	u := p.unit(unit)
	if now := p.clock.Now(); u.fullAt.Before(now) {
		u.fullAt = now
	}
	u.fullAt = u.fullAt.Add(spacing)
}

// forget drops a unit that is gone.
func (p *pacer) forget(unit string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.units, unit)
}

func (p *pacer) unit(name string) *pace {
	u := p.units[name]
	if u == nil {
		u = &pace{}
		p.units[name] = u
	}
	return u
}

// wait returns how long it takes until there is a token, 0 if there is one.
func (u *pace) wait(now time.Time) time.Duration {
	return max(0, u.fullAt.Add(-(burst-1)*spacing).Sub(now))
}
