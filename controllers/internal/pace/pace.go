// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// Limits of how often an object is written.
type Limits struct {
	// Settle is how long an object waits after the first of several changes, so
	// that what comes together is told together.
	Settle time.Duration
	// Burst is how many writes of an object may follow each other directly;
	// each comes back after Spacing.
	Burst int
	// Spacing lies between two writes of an object once the burst is spent.
	Spacing time.Duration
}

// Pacer says when an object is to be reconciled: soon after a change, once for
// many changes, and not more often than it may be written. The last change is
// always followed by a reconciliation, late as it may be. It is safe for
// concurrent use.
type Pacer struct {
	clock  clock.PassiveClock
	limits Limits
	mu     sync.Mutex
	paces  map[types.NamespacedName]*pace
}

// pace of an object.
type pace struct {
	// queued: a reconciliation is under way that has not begun.
	queued bool
	bucket bucket
}

// New returns a Pacer to which nothing has happened yet.
func New(c clock.PassiveClock, l Limits) *Pacer {
	return &Pacer{clock: c, limits: l, paces: map[types.NamespacedName]*pace{}}
}

// Queue takes note of a change of an object. It returns after how long to
// reconcile the object, or false if a reconciliation is under way already that
// will see this change.
func (p *Pacer) Queue(key types.NamespacedName) (time.Duration, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()

	o := p.of(key)
	if o.queued {
		return 0, false
	}
	o.queued = true
	return max(p.limits.Settle, p.wait(o)), true
}

// Begin says that an object is being reconciled: changes from now on need
// another reconciliation. It returns 0, or how long to put it off; until then
// the object counts as queued.
func (p *Pacer) Begin(key types.NamespacedName) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()

	o := p.of(key)
	wait := p.wait(o)
	o.queued = wait > 0
	return wait
}

// Wrote takes a token of an object.
func (p *Pacer) Wrote(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.of(key).bucket.take(p.clock.Now(), p.limits.Spacing)
}

// Forget drops an object that is gone.
func (p *Pacer) Forget(key types.NamespacedName) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.paces, key)
}

func (p *Pacer) of(key types.NamespacedName) *pace {
	o := p.paces[key]
	if o == nil {
		o = &pace{}
		p.paces[key] = o
	}
	return o
}

// wait returns how long it takes until there is a token, 0 if there is one.
func (p *Pacer) wait(o *pace) time.Duration {
	return o.bucket.wait(p.clock.Now(), p.limits.Burst, p.limits.Spacing)
}
