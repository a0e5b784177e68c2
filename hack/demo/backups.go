// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycoordinationv1 "k8s.io/client-go/applyconfigurations/coordination/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/hack/demo/catalogue"
	"kdz.mainz.de/operator/internal/lab"
)

// backupsEach is the time between two looks at which backup is next. None is
// due more often than each half of an hour.
const backupsEach = time.Minute

// beginBackups creates the Leases that the lab's backup jobs, and tests of
// restores, renew when they have succeeded: as if they had run for long.
func (d *demo) beginBackups(ctx context.Context, to client.Client) error {
	now := d.clock.Now()
	for _, h := range d.heartbeats {
		first := h.First(now)
		if err := renew(ctx, to, h.Namespace, h.Lease, first); err != nil {
			return err
		}
		if h.RestoreTestLease != "" {
			if err := renew(ctx, to, h.Namespace, h.RestoreTestLease, h.RestoreTest(now)); err != nil {
				return err
			}
		}
	}
	d.begun <- now
	return nil
}

// backUp renews the Leases of backups that are not overdue, from when they were
// created until ctx ends.
func (d *demo) backUp(ctx context.Context, to client.Client) error {
	var began time.Time
	select {
	case <-ctx.Done():
		return nil
	case began = <-d.begun:
	}
	last := make([]lab.Success, len(d.heartbeats))
	for i, h := range d.heartbeats {
		last[i] = h.First(began)
	}
	tick := d.clock.NewTicker(backupsEach)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
		}
		for i, h := range d.heartbeats {
			next, ok := h.Next(last[i], d.clock.Now())
			if !ok {
				continue
			}
			if err := renew(ctx, to, h.Namespace, h.Lease, next); ctx.Err() != nil {
				return nil
			} else if err != nil {
				return err
			}
			last[i] = next
		}
	}
}

// renew has a Lease tell of a run that succeeded.
func renew(ctx context.Context, to client.Client, namespace, name string, run lab.Success) error {
	lease := applycoordinationv1.Lease(name, namespace).WithSpec(applycoordinationv1.LeaseSpec().
		WithHolderIdentity("backup").WithAcquireTime(metav1.NewMicroTime(run.Began)).WithRenewTime(metav1.NewMicroTime(run.Ended)))
	if err := to.Apply(ctx, lease, client.FieldOwner(catalogue.Manager), client.ForceOwnership); err != nil {
		return fmt.Errorf("the lab's backups: Lease %s/%s: %w", namespace, name, err)
	}
	return nil
}
