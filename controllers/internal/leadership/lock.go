// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// lock notes when the lease was last renewed. It counts from the moment before
// a renewal was sent: the others count from when they see it, which is later.
type lock struct {
	resourcelock.Interface
	leadership *Leadership
}

// Create implements resourcelock.Interface.
func (k *lock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	sent := k.leadership.o.Clock.Now()
	if err := k.Interface.Create(ctx, record); err != nil {
		return err
	}
	k.leadership.wrote(sent, record.HolderIdentity, k.leadership.created(record.LeaderTransitions))
	return nil
}

// Update implements resourcelock.Interface.
func (k *lock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	sent := k.leadership.o.Clock.Now()
	if err := k.Interface.Update(ctx, record); err != nil {
		return err
	}
	k.leadership.wrote(sent, record.HolderIdentity, k.leadership.updated(record.LeaderTransitions))
	return nil
}

// created returns the term of a lease that we created.
func (l *Leadership) created(transitions int) term {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.creations++
	return term{transitions: transitions, creation: l.creations}
}

// updated returns the term of a lease that was there.
func (l *Leadership) updated(transitions int) term {
	l.mu.Lock()
	defer l.mu.Unlock()
	return term{transitions: transitions, creation: l.creations}
}

// release gives the lease back if it is ours, so that nobody has to wait for
// its end.
func (l *Leadership) release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.o.RetryPeriod)
	defer cancel()
	for {
		record, _, err := l.o.Lock.Get(ctx)
		switch {
		case apierrors.IsNotFound(err):
			return nil
		case err != nil:
			return fmt.Errorf("give the lease back: %w", err)
		case record.HolderIdentity != l.o.Lock.Identity():
			return nil
		}
		now := metav1.NewTime(l.o.Clock.Now())
		err = l.o.Lock.Update(ctx, resourcelock.LeaderElectionRecord{
			LeaderTransitions: record.LeaderTransitions, LeaseDurationSeconds: 1, RenewTime: now, AcquireTime: now,
		})
		switch {
		case err == nil:
			return nil
		case !apierrors.IsConflict(err): // a renewal may just have arrived
			return fmt.Errorf("give the lease back: %w", err)
		}
	}
}
