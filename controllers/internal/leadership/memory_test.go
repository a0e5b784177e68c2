// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// memoryLease is a lease that nobody stores.
type memoryLease struct {
	mu      sync.Mutex
	record  *resourcelock.LeaderElectionRecord
	version int
	// down: nobody can be reached.
	down bool
}

func (m *memoryLease) set(down bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = down
}

func (m *memoryLease) holder() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.record == nil {
		return ""
	}
	return m.record.HolderIdentity
}

// memoryLock is a replica's view of it.
type memoryLock struct {
	lease    *memoryLease
	identity string
	version  int
	// stalled, if set, is closed when renewals go on.
	mu      sync.Mutex
	stalled chan struct{}
}

func (k *memoryLock) stall(c chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stalled = c
}

// enter waits while the lock stalls.
func (k *memoryLock) enter() error {
	k.mu.Lock()
	stalled := k.stalled
	k.mu.Unlock()
	if stalled != nil {
		<-stalled
	}
	k.lease.mu.Lock()
	if k.lease.down {
		k.lease.mu.Unlock()
		return errors.New("connection refused")
	}
	return nil
}

var leases = schema.GroupResource{Group: "coordination.k8s.io", Resource: "leases"}

func (k *memoryLock) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if err := k.enter(); err != nil {
		return nil, nil, err
	}
	defer k.lease.mu.Unlock()
	if k.lease.record == nil {
		return nil, nil, apierrors.NewNotFound(leases, "lease")
	}
	k.version = k.lease.version
	record := *k.lease.record
	raw, err := json.Marshal(record)
	return &record, raw, err
}

func (k *memoryLock) Create(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	if err := k.enter(); err != nil {
		return err
	}
	defer k.lease.mu.Unlock()
	if k.lease.record != nil {
		return apierrors.NewAlreadyExists(leases, "lease")
	}
	return k.put(record)
}

func (k *memoryLock) Update(_ context.Context, record resourcelock.LeaderElectionRecord) error {
	if err := k.enter(); err != nil {
		return err
	}
	defer k.lease.mu.Unlock()
	if k.lease.record == nil || k.version != k.lease.version {
		return apierrors.NewConflict(leases, "lease", errors.New("changed"))
	}
	return k.put(record)
}

func (k *memoryLock) put(record resourcelock.LeaderElectionRecord) error {
	k.lease.record = &record
	k.lease.version++
	k.version = k.lease.version
	return nil
}

func (k *memoryLock) RecordEvent(string)            {}
func (k *memoryLock) Identity() string              { return k.identity }
func (k *memoryLock) Describe() string              { return "lease" }
func (k *memoryLock) String() string                { return k.identity }
func (k *memoryLock) GoString() string              { return k.identity }
func newLock(m *memoryLease, id string) *memoryLock { return &memoryLock{lease: m, identity: id} }

// replica is a Leadership that runs.
type replica struct {
	*Leadership
	lock *memoryLock
	stop func()

	mu sync.Mutex
	// led is what Lead was called with; fails is how often it fails yet.
	led   []bool
	fails int
}

func (r *replica) calls() []bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]bool(nil), r.led...)
}

// newReplica starts a replica that the end of the test stops.
func newReplica(t *testing.T, m *memoryLease, identity string, fails int) *replica {
	t.Helper()
	r := &replica{lock: newLock(m, identity), fails: fails}
	var err error
	r.Leadership, err = New(Options{Lock: r.lock, Lead: func(_ context.Context, unchanged bool) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.led = append(r.led, unchanged)
		if r.fails > 0 {
			r.fails--
			return errors.New("not yet")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Start(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("%s ended with %v", identity, err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// pass lets a time go by, in which at no moment two replicas may lead, and
// stops early when done says so. It returns how long it was.
func pass(t *testing.T, most time.Duration, done func() bool, replicas ...*replica) time.Duration {
	t.Helper()
	began := time.Now()
	for time.Since(began) < most {
		leading := 0
		for _, r := range replicas {
			if r.Leads() {
				leading++
			}
		}
		if leading > 1 {
			t.Fatalf("%d replicas lead after %s", leading, time.Since(began))
		}
		if done != nil && done() {
			return time.Since(began)
		}
		<-time.After(50 * time.Millisecond)
	}
	if done != nil {
		t.Fatalf("not so after %s", most)
	}
	synctest.Wait()
	return most
}
