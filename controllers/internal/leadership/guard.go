// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/controllers/internal/queue"
)

// Guarded is a reconciler of which nothing is lost while this replica does not
// lead. It is safe for concurrent use. It holds each request once, so at most
// one for each object that there was since this replica led last.
type Guarded struct {
	leadership *Leadership
	inner      reconcile.Reconciler
	following  bool

	mu         sync.Mutex
	remembered map[reconcile.Request]struct{}
	queue      queue.Queue
}

// Guard returns a reconciler around inner. While this replica does not lead, it
// remembers each request, and passes it on to inner only if following says that
// inner has something to do on every replica; once this replica leads, all that
// is remembered is reconciled, behind what comes up then. A request that fails
// with ErrNotLeading is remembered as well; when to reconcile it again, which
// inner may say beside that error, holds.
func (l *Leadership) Guard(inner reconcile.Reconciler, following bool) *Guarded {
	g := &Guarded{leadership: l, inner: inner, following: following, remembered: map[reconcile.Request]struct{}{}}
	if l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.guards = append(l.guards, g)
	}
	return g
}

// Reconcile implements reconcile.Reconciler.
func (g *Guarded) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	if !g.leadership.Leads() {
		g.remember(req)
		if !g.following {
			return reconcile.Result{}, nil
		}
	}
	result, err := g.inner.Reconcile(ctx, req)
	if errors.Is(err, ErrNotLeading) {
		g.remember(req)
		return result, nil
	}
	return result, err
}

// Source brings what was remembered back into the controller's queue.
func (g *Guarded) Source() source.Source {
	return source.Func(func(_ context.Context, q queue.Queue) error {
		g.mu.Lock()
		g.queue = q
		g.mu.Unlock()
		if g.leadership.Leads() {
			g.flush()
		}
		return nil
	})
}

// remember keeps a request for the time when this replica leads. That may be
// now: it can have begun to lead between the refusal and here.
func (g *Guarded) remember(req reconcile.Request) {
	g.mu.Lock()
	g.remembered[req] = struct{}{}
	g.mu.Unlock()
	if g.leadership.Leads() {
		g.flush()
	}
}

// flush brings all that is remembered back into the queue, if there is one.
func (g *Guarded) flush() {
	g.mu.Lock()
	q := g.queue
	if q == nil || len(g.remembered) == 0 {
		g.mu.Unlock()
		return
	}
	requests := make([]reconcile.Request, 0, len(g.remembered))
	for req := range g.remembered {
		requests = append(requests, req)
	}
	g.remembered = map[reconcile.Request]struct{}{}
	g.mu.Unlock()
	queue.Behind(q, requests...)
}
