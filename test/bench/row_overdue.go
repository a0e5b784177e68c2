// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// overdueFleet is how many Applications there are, of which overdueCount
	// have a backup that becomes too old.
	overdueFleet, overdueCount = 1_000, 100
	// overdueAge is how old a backup may be.
	overdueAge = 26 * time.Hour
	// overdueIn is when the backups are too old, counted from when that is
	// decided: after what was decided has been told.
	overdueIn = 45 * time.Second
	// overdueQuiet is how long before that nobody must be looked at.
	overdueQuiet, shortOverdueQuiet = 20 * time.Second, 10 * time.Second
	// overdueLead is how long before it the Applications begin to be watched.
	overdueLead = 3 * time.Second
	// overdueWithin is within what it must be told, and overdueLate bounds how
	// long that is awaited.
	overdueWithin, overdueLate = 5 * time.Second, 30 * time.Second
	// overdueAfter is how long is counted what else is done then.
	overdueAfter = 5 * time.Second
)

var overdueRow = row{
	name: "overdue",
	about: fmt.Sprintf(`Of %d Applications whose backups are told by heartbeats (Leases), the newest of %d becomes too old at one
moment, at which nothing happens in the cluster. From that moment until the watch shows the backup as Overdue; the operator's
own binary, with all checks of endpoints. That nobody is polled shows in how many Applications are reconciled: in the time
before, and beyond those that became overdue.`, overdueFleet, overdueCount),
	measure: measureOverdue,
}

func measureOverdue(ctx context.Context, b *bench) (lines []line, err error) {
	f := &fleet{size: overdueFleet, also: withHeartbeat}
	if f.plane, err = b.startPlane(ctx, false); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	if err := f.create(ctx); err != nil {
		return nil, err
	}
	if err := f.beat(ctx, f.size, time.Now().Add(-time.Hour)); err != nil {
		return nil, fmt.Errorf("heartbeats: %w", err)
	}
	o, err := b.startOperator(ctx, f.plane)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.stop()) }()
	if err := f.settled(ctx); err != nil {
		return nil, err
	}
	b.say("  %d Applications have settled", f.size)
	d := &deadline{fleet: f, operator: o, quiet: overdueQuiet}
	if b.short {
		d.quiet = shortOverdueQuiet
	}
	if err := d.fall(ctx); err != nil {
		return nil, err
	}
	p99 := d.late.quantile(0.99)
	b.say("  overdue: told %s (p50) and %s (p99) after the deadline; reconciled %.0f before it and %.0f for %d after",
		short(d.late.quantile(0.5)), short(p99), d.before, d.after, overdueCount)
	return []line{
		absolute("overdue: from the deadline until it is told, p99", p99.Seconds(), seconds,
			fmt.Sprintf("p50 %s; %d of %d Applications at once", short(d.late.quantile(0.5)), overdueCount, f.size), atMost(overdueWithin.Seconds())),
		absolute("overdue: Applications reconciled before it", d.before, count, "in "+short(d.quiet), atMost(0)),
		absolute("overdue: Applications reconciled beyond those that are overdue", max(d.after-overdueCount, 0), count,
			fmt.Sprintf("%.0f for %d, until %s after the last was told", d.after, overdueCount, short(overdueAfter)), atMost(0)),
	}, nil
}

// withHeartbeat has the backup of an Application told by a Lease of its name. It
// has no account: a young one turns from too little observed to met whenever it
// does, and that is no matter of backups.
func withHeartbeat(app *v1alpha1.Application) {
	app.Spec.ServiceLevelRef = nil
	app.Spec.Backup = &v1alpha1.Backup{MaxAge: v1alpha1.Duration(overdueAge.String()), Sources: []v1alpha1.BackupSource{
		{Name: "database", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: app.Name}},
	}}
}

// beat writes the heartbeats of the first Applications: the newest backup began
// at that moment.
func (f *fleet) beat(ctx context.Context, count int, at time.Time) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for n := range count {
		group.Go(func() error {
			leases := f.raw.CoordinationV1().Leases(fleetUnit(n))
			lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: applicationName(n)}}
			lease.Spec.RenewTime = new(metav1.NewMicroTime(at))
			_, err := leases.Create(ctx, lease, metav1.CreateOptions{})
			if err == nil {
				return nil
			}
			patch := fmt.Appendf(nil, `{"spec":{"renewTime":%q}}`, at.UTC().Format(metav1.RFC3339Micro))
			_, err = leases.Patch(ctx, lease.Name, types.MergePatchType, patch, metav1.PatchOptions{})
			return err
		})
	}
	return group.Wait()
}

// deadline is the moment at which backups become too old.
type deadline struct {
	fleet    *fleet
	operator *operator
	quiet    time.Duration
	// late is how long after it each was told.
	late latencies
	// before and after are how many Applications were reconciled until then,
	// and from then on.
	before, after float64
}

// fall sets the deadline, waits for it, and sees what is told.
func (d *deadline) fall(ctx context.Context) error {
	at := time.Now().Add(overdueIn).Truncate(time.Second)
	if err := d.fleet.beat(ctx, overdueCount, at.Add(-overdueAge)); err != nil {
		return err
	}
	if err := pass(ctx, time.Until(at.Add(-d.quiet-overdueLead))); err != nil {
		return err
	}
	quiet, err := d.reconciled(ctx)
	if err != nil {
		return err
	}
	if err := pass(ctx, time.Until(at.Add(-overdueLead))); err != nil {
		return err
	}
	due, err := d.reconciled(ctx)
	if err != nil {
		return err
	}
	// Not before: the API server ends a watch that nobody reads.
	seen, err := d.fleet.admin.Watch(ctx, &v1alpha1.ApplicationList{})
	if err != nil {
		return err
	}
	defer seen.Stop()
	if err := d.await(ctx, seen, at); err != nil {
		return err
	}
	if err := pass(ctx, overdueAfter); err != nil {
		return err
	}
	end, err := d.reconciled(ctx)
	d.before, d.after = due-quiet, end-due
	return err
}

// reconciled is how many Applications were, so far.
func (d *deadline) reconciled(ctx context.Context) (float64, error) {
	return d.operator.metric(ctx, "controller_runtime_reconcile_total", `controller="application"`)
}

// await waits until all are told.
func (d *deadline) await(ctx context.Context, seen watch.Interface, at time.Time) error {
	d.late = latencies{}
	told := map[types.NamespacedName]bool{}
	late := time.After(time.Until(at.Add(overdueLate)))
	for len(told) < overdueCount {
		select {
		case e, open := <-seen.ResultChan():
			if !open {
				return errors.New("the watch of the Applications ended")
			}
			if e.Type == watch.Error {
				return fmt.Errorf("the watch of the Applications broke: %w", apierrors.FromObject(e.Object))
			}
			app, ok := e.Object.(*v1alpha1.Application)
			if !ok || app.Status.Backup == nil || app.Status.Backup.State != v1alpha1.BackupOverdue {
				continue
			}
			now := time.Now()
			if now.Before(at) {
				return fmt.Errorf("%s is told as overdue %s before it is", app.Name, at.Sub(now))
			}
			key := types.NamespacedName{Namespace: app.Namespace, Name: app.Name}
			if !told[key] {
				told[key] = true
				d.late.add(now.Sub(at))
			}
		case <-late:
			return fmt.Errorf("%d of %d are told as overdue %s after the deadline", len(told), overdueCount, overdueLate)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
