// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// newcomers is how many new Applications are waited for, idle and busy.
	newcomers = 100
	// resyncs bounds how often all are reconciled anew for that.
	resyncs = 10
	// newcomersUnit is where they are.
	newcomersUnit = rootUnit + "-new"
)

var resyncRow = row{
	name: "resync",
	about: fmt.Sprintf(`How long a new Application waits for its first status while all %d others are reconciled anew,
because the agreement that all are under has changed, compared with how long it waits when there is nothing else to do. They
are created one after the other, through the same operator as in the row steady; as long as its queue is longer than a
tenth of the fleet counts as busy. From the request that creates one until the watch shows its first status.`, fleetSize),
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		r, err := b.fleetAtRest(ctx)
		if err != nil {
			return nil, err
		}
		idle, busy := r.idle.quantile(0.99), r.busy.quantile(0.99)
		l := absolute("resync: a new Application, p99", busy.Seconds()/idle.Seconds(), func(v float64) string { return number(v) + " ×" },
			fmt.Sprintf("idle: p50 %s, p99 %s", short(r.idle.quantile(0.5)), short(idle)), atMost(2))
		l.ours = fmt.Sprintf("%s; p50 %s, p99 %s", l.ours, short(r.busy.quantile(0.5)), short(busy))
		return []line{l}, nil
	},
}

// newcomer is what creates new Applications and waits for their first status.
type newcomer struct {
	fleet *fleet
	watch watch.Interface
	n     int
}

// meet measures how long new Applications wait, idle and busy.
func (r *atRest) meet(ctx context.Context, b *bench, f *fleet, o *operator) (err error) {
	if err := f.newUnit(ctx, newcomersUnit); err != nil {
		return err
	}
	n := &newcomer{fleet: f, n: f.size}
	if n.watch, err = f.admin.Watch(ctx, &v1alpha1.ApplicationList{}, client.InNamespace(newcomersUnit)); err != nil {
		return err
	}
	defer n.watch.Stop()
	r.idle, r.busy = latencies{}, latencies{}
	for range newcomers {
		took, err := n.arrive(ctx)
		if err != nil {
			return err
		}
		r.idle.add(took)
	}
	counted := 0
	for round := 0; round < resyncs && counted < newcomers; round++ {
		if err := n.disturb(ctx, round); err != nil {
			return err
		}
		for {
			before, err := n.queued(ctx, o)
			if err != nil {
				return err
			}
			if before == 0 && round == 0 && counted == 0 {
				continue // it does not know yet
			}
			if before < f.size/10 {
				break
			}
			took, err := n.arrive(ctx)
			if err != nil {
				return err
			}
			r.busy.add(took)
			counted++
		}
	}
	if counted == 0 {
		return errors.New("the operator was never busy")
	}
	b.say("  a new Application waits %s when idle and %s when busy (p99 of %d)", short(r.idle.quantile(0.99)), short(r.busy.quantile(0.99)), counted)
	return f.admin.DeleteAllOf(ctx, &v1alpha1.Application{}, client.InNamespace(newcomersUnit))
}

// arrive creates an Application and returns how long it waited.
func (n *newcomer) arrive(ctx context.Context) (time.Duration, error) {
	app := n.fleet.application(n.n)
	n.n++
	app.Namespace, app.Spec.Responsible.UnitRef.Name, app.Spec.Dependencies = newcomersUnit, newcomersUnit, nil
	began := time.Now()
	if err := n.fleet.admin.Create(ctx, app); err != nil {
		return 0, err
	}
	late := time.After(settlesAtLeast)
	for {
		select {
		case e, open := <-n.watch.ResultChan():
			if !open {
				return 0, errors.New("the watch of new Applications ended")
			}
			if seen, ok := e.Object.(*v1alpha1.Application); ok && seen.Name == app.Name && seen.Status.ObservedGeneration > 0 {
				return time.Since(began), nil
			}
		case <-late:
			return 0, fmt.Errorf("a new Application has no status after %s", settlesAtLeast)
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// disturb changes the agreement.
func (n *newcomer) disturb(ctx context.Context, round int) error {
	patch := fmt.Appendf(nil, `{"spec":{"displayName":{"en":"Around the clock, edition %d"}}}`, round+1)
	level := &v1alpha1.ServiceLevel{}
	level.Name = agreement
	return n.fleet.admin.Patch(ctx, level, client.RawPatch(types.MergePatchType, patch))
}

// queued returns how many Applications wait to be reconciled.
func (n *newcomer) queued(ctx context.Context, o *operator) (int, error) {
	depth, err := o.metric(ctx, "workqueue_depth", `controller="application"`)
	return int(depth), err
}
