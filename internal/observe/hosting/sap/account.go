// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"context"
	"errors"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/internal/observe"
)

// rest is how long something is not tried again after it was refused.
type rest struct {
	times int
	until time.Time
}

// begin begins it as of the moment when what was refused was tried, so that it
// is over when the engine asks again.
func (r *rest) begin(tried time.Time) {
	r.times++
	r.until = tried.Add(observe.Penalty(r.times))
}

func (r *rest) lasts(now time.Time) bool { return now.Before(r.until) }

// Errors of account.enter.
var (
	// errRejected: the credentials were rejected, and are not to be tried yet.
	errRejected = errors.New("credentials rejected")
	// errUntried: there was no place before the context ended.
	errUntried = errors.New("credentials untried")
)

// atATime is how many attempts are made at once with credentials that were
// accepted. If they are changed at the system, that is how many go wrong.
const atATime = 2

// account is a door before one version of a Secret at one system: rejected
// credentials are not tried again for a while, at whichever instance. Its zero
// value is open for one attempt.
type account struct {
	mu       sync.Mutex
	accepted bool
	trying   int
	rest     rest
	// changed is closed when there may be a place; nil while nobody waits.
	changed chan struct{}
}

// enter waits until the credentials may be tried, and must be followed by leave
// if it returns nil. trusted: they were accepted a moment ago, so that there is
// nothing to wait for.
func (a *account) enter(ctx context.Context, now clock.PassiveClock, trusted bool) error {
	for {
		a.mu.Lock()
		if a.rest.lasts(now.Now()) {
			a.mu.Unlock()
			return errRejected
		}
		places := 1
		if a.accepted {
			places = atATime
		}
		if a.trying < places || trusted && a.accepted {
			a.trying++
			a.mu.Unlock()
			return nil
		}
		if a.changed == nil {
			a.changed = make(chan struct{})
		}
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return errUntried
		}
	}
}

// leave says what became of an attempt that began at a moment.
func (a *account) leave(v verdict, began time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.trying--
	switch v {
	case answered:
		// Unless another was rejected meanwhile: the newer word counts.
		if !a.rest.lasts(began) {
			a.accepted, a.rest = true, rest{}
		}
	case unauthenticated:
		// Of several that were under way the first counts.
		a.accepted = false
		if !a.rest.lasts(began) {
			a.rest.begin(began)
		}
	case forbidden, unknownMethod, failed, unreachable:
	}
	if a.changed != nil {
		close(a.changed)
		a.changed = nil
	}
}

// memory is what was learned of one question: an instance, and who asks.
type memory struct {
	mu sync.Mutex
	// notOffered: the instance does not know HACheckConfig.
	notOffered bool
	// protected are the methods that are not answered without credentials.
	protected map[Method]bool
	// denied are those that are not answered with them either.
	denied map[Method]*rest
}

func (m *memory) offersCheck() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.notOffered
}

func (m *memory) noCheck() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.notOffered = true
}

func (m *memory) isProtected(method Method) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.protected[method]
}

func (m *memory) protect(method Method) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.protected == nil {
		m.protected, m.denied = map[Method]bool{}, map[Method]*rest{}
	}
	m.protected[method] = true
}

// isDenied reports whether a method is not worth asking for at present.
func (m *memory) isDenied(method Method, now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.denied[method]
	return r != nil && r.lasts(now)
}

// deny takes in whether a protected method is denied to the user.
func (m *memory) deny(method Method, denied bool, tried time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !denied {
		delete(m.denied, method)
		return
	}
	r := m.denied[method]
	if r == nil {
		r = &rest{}
		m.denied[method] = r
	}
	r.begin(tried)
}

// kept holds values by key, until nobody has used them for longer than any rest
// lasts. The zero value is empty.
type kept[T any] struct {
	mu      sync.Mutex
	values  map[string]*used[T]
	pruneAt int
}

type used[T any] struct {
	value T
	at    time.Time
}

const (
	// keepFor is longer than the longest rest.
	keepFor = 24 * time.Hour
	// keepMin is how many values are kept at least before the old are looked for.
	keepMin = 1024
)

// get returns the value of a key, a zero one if there was none.
func (k *kept[T]) get(key string, now time.Time) *T {
	k.mu.Lock()
	defer k.mu.Unlock()
	u := k.values[key]
	if u == nil {
		k.prune(now)
		u = &used[T]{}
		k.values[key] = u
	}
	u.at = now
	return &u.value
}

func (k *kept[T]) prune(now time.Time) {
	if k.values == nil {
		k.values, k.pruneAt = map[string]*used[T]{}, keepMin
	}
	if len(k.values) < k.pruneAt {
		return
	}
	for key, u := range k.values {
		if now.Sub(u.at) > keepFor {
			delete(k.values, key)
		}
	}
	k.pruneAt = max(keepMin, 2*len(k.values))
}
