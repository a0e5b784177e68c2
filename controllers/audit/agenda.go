// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/controllers/internal/queue"
)

const (
	// settle is how long after a change a namespace is audited: what is applied
	// together is told together.
	settle = 2 * time.Second
	// leisure is how many times longer than an audit of it took a namespace is
	// left alone after it: where many Applications change for long, all of them
	// being judged anew must not keep the operator from its other work.
	leisure = 10
	// longest is how long the agenda sleeps at most. A timer does not follow
	// the wall clock where that is set, and days end by the wall clock.
	longest = time.Hour
)

const (
	// cluster is the key of what is judged beyond single namespaces.
	cluster = ""
	// everything is on the agenda in place of each namespace and the cluster.
	// No namespace has such a name.
	everything = "*"
)

// appointment is when a namespace is due.
type appointment struct {
	key string
	at  time.Time
	// behind what concerns a single namespace.
	behind bool
	index  int
}

// agenda says when which namespace is to be audited. It is safe for concurrent
// use. A namespace is on it at most once, at its earliest moment.
type agenda struct {
	clock clock.WithTicker
	// all names the namespaces that there are.
	all func(context.Context) []string

	mu      sync.Mutex
	by      map[string]*appointment
	resting map[string]time.Time
	ordered appointments
	changed chan struct{}
}

func newAgenda(c clock.WithTicker, all func(context.Context) []string) *agenda {
	return &agenda{
		clock: c, all: all,
		by: map[string]*appointment{}, resting: map[string]time.Time{}, changed: make(chan struct{}, 1),
	}
}

// soon has a namespace audited a little later, or when it has rested.
func (a *agenda) soon(key string, behind bool) {
	when := a.clock.Now().Add(settle)
	a.mu.Lock()
	if until := a.resting[key]; until.After(when) {
		when = until
	}
	a.mu.Unlock()
	a.at(key, when, behind)
}

// took says how long the audit of a namespace took.
func (a *agenda) took(key string, d time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if d *= leisure; d > settle {
		a.resting[key] = a.clock.Now().Add(min(d, longest))
	} else {
		delete(a.resting, key)
	}
}

// at has a namespace audited at a moment, or earlier if it is due earlier.
func (a *agenda) at(key string, when time.Time, behind bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	entry := a.by[key]
	switch {
	case entry == nil:
		entry = &appointment{key: key, at: when, behind: behind}
		a.by[key] = entry
		heap.Push(&a.ordered, entry)
	case when.Before(entry.at):
		entry.at, entry.behind = when, behind
		heap.Fix(&a.ordered, entry.index)
	default:
		entry.behind = entry.behind && behind
		return
	}
	if a.ordered[0] == entry {
		select {
		case a.changed <- struct{}{}:
		default:
		}
	}
}

// drop takes a namespace off the agenda that is gone.
func (a *agenda) drop(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.resting, key)
	if entry := a.by[key]; entry != nil {
		heap.Remove(&a.ordered, entry.index)
		delete(a.by, key)
	}
}

// due takes what is due off the agenda, and says how long nothing will be.
func (a *agenda) due() ([]appointment, time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	var found []appointment
	for len(a.ordered) > 0 && !a.ordered[0].at.After(now) {
		entry := heap.Pop(&a.ordered).(*appointment)
		delete(a.by, entry.key)
		found = append(found, *entry)
	}
	if len(a.ordered) == 0 {
		return found, longest
	}
	return found, min(longest, a.ordered[0].at.Sub(now))
}

// start puts namespaces into the controller's queue as they become due, until
// the context ends.
func (a *agenda) start(ctx context.Context, q queue.Queue) error {
	go a.run(ctx, q)
	return nil
}

func (a *agenda) run(ctx context.Context, q queue.Queue) {
	timer := a.clock.NewTimer(longest)
	defer timer.Stop()
	for {
		found, wait := a.due()
		for _, entry := range found {
			if entry.key != everything {
				put(q, entry.key, entry.behind)
				continue
			}
			for _, key := range a.all(ctx) {
				put(q, key, true)
			}
			put(q, cluster, true)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		case <-a.changed:
		}
	}
}

// put puts a namespace into the queue; one that is behind waits until nothing
// else does.
func put(q queue.Queue, key string, behind bool) {
	request := reconcile.Request{NamespacedName: types.NamespacedName{Name: key}}
	if behind {
		queue.Behind(q, request)
		return
	}
	q.Add(request)
}

// appointments are a heap by moment.
type appointments []*appointment

func (h appointments) Len() int           { return len(h) }
func (h appointments) Less(i, j int) bool { return h[i].at.Before(h[j].at) }

func (h appointments) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *appointments) Push(x any) {
	entry := x.(*appointment)
	entry.index = len(*h)
	*h = append(*h, entry)
}

// Pop implements heap.Interface.
func (h *appointments) Pop() any {
	old := *h
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return last
}
