// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"container/list"
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// keepAddresses is how long the addresses of a name are used. Go's
	// resolver does not tell how long the name server allows it, so it is a
	// fixed time: shorter than what zones commonly allow, and than the time
	// in which a change of address should be noticed.
	keepAddresses = 30 * time.Second
	// maxNames bounds how many names are kept.
	maxNames = 1 << 14
	// lookupTime bounds one look-up, whoever waits for it.
	lookupTime = 30 * time.Second
)

// cachingResolver asks another resolver and keeps its answers for
// keepAddresses. All who ask for a name at the same time share one look-up.
// That something cannot be resolved is never kept: whoever asks next finds out
// anew. It is safe for concurrent use.
type cachingResolver struct {
	inner Resolver
	clock clock.PassiveClock

	mu sync.Mutex
	// known are the answers, and order has their keys, the oldest first: all
	// are kept for the same time, so that is the order in which they end.
	known map[lookupKey]*list.Element
	order *list.List
	// open are the look-ups under way.
	open map[lookupKey]*lookup
}

type lookupKey struct{ network, host string }

// knownName is an answer that is kept.
type knownName struct {
	key   lookupKey
	addrs []netip.Addr
	until time.Time
}

// lookup is one under way. addrs and err may be read once done is closed.
type lookup struct {
	// waiting is how many wait for it; under the resolver's lock.
	waiting int
	cancel  context.CancelFunc
	done    chan struct{}
	addrs   []netip.Addr
	err     error
}

func newCachingResolver(inner Resolver, clk clock.PassiveClock) *cachingResolver {
	return &cachingResolver{
		inner: inner, clock: clk,
		known: map[lookupKey]*list.Element{}, order: list.New(), open: map[lookupKey]*lookup{},
	}
}

// LookupNetIP implements Resolver.
func (c *cachingResolver) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if err := ctx.Err(); err != nil {
		return nil, leftEarly(host, err)
	}
	key := lookupKey{network, host}
	addrs, l := c.join(key)
	if l == nil {
		return addrs, nil
	}
	select {
	case <-l.done:
		c.leave(key, l)
		return slices.Clone(l.addrs), l.err
	case <-ctx.Done():
		c.leave(key, l)
		return nil, leftEarly(host, ctx.Err())
	}
}

// leftEarly says that who asked did not wait for the answer.
func leftEarly(host string, err error) error {
	return &net.DNSError{UnwrapErr: err, Err: err.Error(), Name: host, IsTimeout: errors.Is(err, context.DeadlineExceeded)}
}

// join returns the answer if it is known, else the look-up under way, which it
// begins if there is none. The caller then waits for it, and has to leave.
func (c *cachingResolver) join(key lookupKey) ([]netip.Addr, *lookup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.known[key]; e != nil {
		if n := e.Value.(*knownName); c.clock.Now().Before(n.until) {
			return slices.Clone(n.addrs), nil
		}
	}
	l := c.open[key]
	if l == nil {
		// It does not end with the first who asked, but with the last.
		ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
		l = &lookup{cancel: cancel, done: make(chan struct{})}
		c.open[key] = l
		go c.run(ctx, key, l)
	}
	l.waiting++
	return nil, l
}

// leave ends a look-up for which nobody waits any more. Whoever asks after that
// begins another.
func (c *cachingResolver) leave(key lookupKey, l *lookup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.waiting--
	if l.waiting > 0 {
		return
	}
	l.cancel()
	if c.open[key] == l {
		delete(c.open, key)
	}
}

// run looks up and keeps a good answer.
func (c *cachingResolver) run(ctx context.Context, key lookupKey, l *lookup) {
	defer l.cancel()
	defer close(l.done)
	l.addrs, l.err = c.inner.LookupNetIP(ctx, key.network, key.host)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[key] == l {
		delete(c.open, key)
	}
	if l.err == nil && len(l.addrs) > 0 {
		c.keep(key, l.addrs)
	}
}

// keep stores an answer, and drops those that are over or too many.
func (c *cachingResolver) keep(key lookupKey, addrs []netip.Addr) {
	now := c.clock.Now()
	if e := c.known[key]; e != nil {
		c.order.Remove(e)
	}
	c.known[key] = c.order.PushBack(&knownName{key: key, addrs: addrs, until: now.Add(keepAddresses)})
	for e := c.order.Front(); e != nil; e = c.order.Front() {
		oldest := e.Value.(*knownName)
		if len(c.known) <= maxNames && now.Before(oldest.until) {
			break
		}
		c.order.Remove(e)
		delete(c.known, oldest.key)
	}
}
