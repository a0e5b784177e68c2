// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// operatorLease is the name of the lease that the operator's processes
	// compete for.
	operatorLease    = "kdz-operator.kdz.mainz.de"
	failoverRounds   = 3
	failoverInterval = 5 * time.Second
	// failoverWithin bounds one failover: a lease and its renewal several times.
	failoverWithin = 2 * time.Minute
)

var failoverRow = row{
	name: "failover",
	about: fmt.Sprintf(`Two of the operator's own processes with leader election (lease %s, retried every %s), and one
Application whose endpoint is asked every %s and is down at the first failure. The leader is ended, by kill -9 or by SIGTERM,
and in that moment the endpoint begins to fail. Told is when the Outage can be read from the API server; unobserved is the
time until the endpoint was next asked. The limit is a process that takes part in an election with the same times and does
nothing else; it is ended in the same way at the same time.`, leaseDuration, retryPeriod, failoverInterval),
	measure: measureFailover,
}

func measureFailover(ctx context.Context, b *bench) (lines []line, err error) {
	d, err := b.newDuel(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.end()) }()
	for _, how := range []struct {
		name   string
		signal syscall.Signal
	}{{"kill -9", syscall.SIGKILL}, {"SIGTERM", syscall.SIGTERM}} {
		var told, unseen, bare, elected []float64
		for round := range min(b.rounds, failoverRounds) {
			f, err := d.failover(ctx, how.signal)
			if err != nil {
				return lines, fmt.Errorf("%s: %w", how.name, err)
			}
			b.say("  failover, %s: round %d: elected after %s, unobserved %s, told after %s, bare election %s",
				how.name, round+1, short(f.elected), short(f.unseen), short(f.told), short(f.bare))
			told, unseen, bare = append(told, f.told.Seconds()), append(unseen, f.unseen.Seconds()), append(bare, f.bare.Seconds())
			elected = append(elected, (f.told - f.elected).Seconds())
		}
		for _, l := range []struct {
			what, limit string
			figures     []float64
		}{
			{"until told", "bare election: " + spread(bare), told},
			{"unobserved", "lease: " + short(leaseDuration), unseen},
			{"from elected until told", nothing, elected},
		} {
			lines = append(lines, line{what: "failover, " + how.name + ": " + l.what, ours: spread(l.figures), limit: l.limit, goal: nothing, met: nothing})
		}
	}
	return lines, nil
}

// spread writes the median of some seconds, and the most.
func spread(all []float64) string {
	sorted := slices.Sorted(slices.Values(all))
	return fmt.Sprintf("%s, at most %s", seconds(sorted[len(sorted)/2]), seconds(sorted[len(sorted)-1]))
}

// duel is two operators and two bare electors, of each of which one leads.
type duel struct {
	bench *bench
	plane *plane
	site  *site
	app   types.NamespacedName
	// operators and electors, first the one that leads.
	operators []*operator
	electors  []*child
	started   int

	mu sync.Mutex
	// asked is when the endpoint was first asked since that was last unset.
	asked time.Time
}

// newDuel starts all and waits until the Application is judged.
func (b *bench) newDuel(ctx context.Context) (_ *duel, err error) {
	d := &duel{bench: b, app: types.NamespacedName{Namespace: rootUnit, Name: applicationName(0)}}
	if d.plane, err = b.startPlane(ctx, false); err != nil {
		return nil, err
	}
	if err := d.prepare(ctx); err != nil {
		return nil, errors.Join(err, d.end())
	}
	return d, nil
}

func (d *duel) prepare(ctx context.Context) (err error) {
	if d.site, err = serveHTTP(d.ask); err != nil {
		return err
	}
	if err := d.plane.found(ctx); err != nil {
		return err
	}
	err = d.plane.admin.Create(ctx, newApplication(rootUnit, rootUnit, 0, v1alpha1.Endpoint{
		Name: "web", URL: "http://" + d.site.address + "/", FailureThreshold: 1, Interval: v1alpha1.Duration(failoverInterval.String()),
	}))
	if err != nil {
		return err
	}
	return d.fill(ctx)
}

// ask notes when the endpoint is asked.
func (d *duel) ask() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.asked.IsZero() {
		d.asked = time.Now()
	}
}

// fill starts what is missing of the pairs, the leaders first, and waits until
// all is well.
func (d *duel) fill(ctx context.Context) error {
	for len(d.electors) < 2 {
		d.started++
		c, err := begin(ctx, "elector", election{Kubeconfig: d.plane.operatorConfig, Identity: fmt.Sprintf("elector-%d", d.started)})
		if err != nil {
			return err
		}
		d.electors = append(d.electors, c)
		if _, err := d.electors[0].window(0); err != nil {
			return err
		}
	}
	for len(d.operators) < 2 {
		o, err := d.bench.startOperator(ctx, d.plane, "--leader-elect", "--leader-election-namespace", operatorNamespace)
		if err != nil {
			return err
		}
		d.operators = append(d.operators, o)
		leader := d.operators[0]
		err = eventually(ctx, 20*time.Millisecond, failoverWithin, "a leader", func() (bool, error) {
			n, err := leader.metric(ctx, "kdz_leader", "")
			return n == 1, err
		})
		if err != nil {
			return err
		}
	}
	// Its cache is filled by then.
	standby := d.operators[1]
	err := eventually(ctx, 20*time.Millisecond, failoverWithin, "a candidate", func() (bool, error) {
		return strings.Contains(standby.output.String(), "ttempting to acquire leader lease"), nil
	})
	return errors.Join(err, d.until(ctx, v1alpha1.StateOperational))
}

// until waits for a state of the Application.
func (d *duel) until(ctx context.Context, state v1alpha1.OperationalState) error {
	return eventually(ctx, 5*time.Millisecond, failoverWithin, string(state), func() (bool, error) {
		var app v1alpha1.Application
		err := d.plane.admin.Get(ctx, d.app, &app)
		return app.Status.OperationalState == state, err
	})
}

// handover is how long after the end of the leader what followed.
type handover struct{ elected, unseen, told, bare time.Duration }

// failover ends the leaders, and then makes all well again.
func (d *duel) failover(ctx context.Context, how syscall.Signal) (*handover, error) {
	var h handover
	leader := d.operators[0]
	d.mu.Lock()
	d.site.failing.Store(true)
	began := time.Now()
	leader.signal(how)
	d.electors[0].process.signal(how)
	d.asked = time.Time{}
	d.mu.Unlock()

	var errs [2]error
	together(func(i int) {
		if i == 0 {
			errs[i] = d.until(ctx, v1alpha1.StateOutage)
			h.told = time.Since(began)
			return
		}
		var got *sample
		if got, errs[i] = d.electors[1].window(0); errs[i] == nil {
			h.bare = time.Unix(0, int64(got.Values[leadsAt]*1e9)).Sub(began)
		}
	})
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	d.mu.Lock()
	h.unseen = d.asked.Sub(began)
	d.mu.Unlock()
	d.site.failing.Store(false)
	var lease coordinationv1.Lease
	if err := d.plane.admin.Get(ctx, types.NamespacedName{Namespace: operatorNamespace, Name: operatorLease}, &lease); err != nil {
		return nil, err
	}
	h.elected = lease.Spec.AcquireTime.Sub(began)
	<-leader.ended
	_ = d.electors[0].end() // of which we know how it ended
	d.operators, d.electors = d.operators[1:], d.electors[1:]
	return &h, d.fill(ctx)
}

func (d *duel) end() error {
	var errs []error
	for _, c := range d.electors {
		errs = append(errs, c.end())
	}
	for _, o := range d.operators {
		errs = append(errs, o.stop())
	}
	if d.site != nil {
		d.site.close()
	}
	return errors.Join(append(errs, d.plane.Stop())...)
}
