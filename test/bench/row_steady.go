// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	restTime      = time.Minute
	shortRestTime = 10 * time.Second
	// rssEvery is how often resident memory is read.
	rssEvery = time.Second
)

var steadyRow = row{
	name: "steady",
	about: fmt.Sprintf(`%d Applications, each with an endpoint (HTTP or TCP) that is asked every %s and always answers, and
the operator's own binary, which judged them all before and was started anew. When nothing was written for %s it is watched
for a minute. Writes are those that the API server counted itself. There is no other side.`, fleetSize, fleetInterval, calm),
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		r, err := b.fleetAtRest(ctx)
		if err != nil {
			return nil, err
		}
		minutes := r.took.Minutes()
		all := func(text string) string { return fmt.Sprintf("%d Applications; %s", b.fleet.size, text) }
		return []line{
			absolute("steady: writes in a minute", (r.applications+r.accounts+r.units+r.events)/minutes, number, all(fmt.Sprintf(
				"Applications %.0f, accounts %.0f, units %.0f, Events %.0f in %s", r.applications, r.accounts, r.units, r.events, short(r.took))), atMost(0)),
			absolute("steady: checks", r.checks/r.took.Seconds(), func(v float64) string { return number(v) + "/s" },
				all(fmt.Sprintf("declared %s/s, missed %.0f", number(float64(b.fleet.size)/fleetInterval.Seconds()), r.missed)), goal{}),
			absolute("steady: processor time in a minute", r.cpu/minutes, seconds,
				all(fmt.Sprintf("%s a check", short(time.Duration(r.cpu/r.checks*float64(time.Second))))), goal{}),
			absolute("steady: resident memory", r.rss, mebibytes, all(size(r.rss/float64(b.fleet.size))+" an Application, all included"), goal{}),
		}, nil
	},
}

// atRest is an operator that was started where all was judged before, and then
// had nothing to do but to look.
type atRest struct {
	// first is how long all Applications took to be judged for the first time;
	// reconciled is how long they took after the next start.
	first, reconciled time.Duration
	// firstWrites is how often each was written to until then.
	firstWrites float64
	// startPeak is the most memory that was resident from the start until it
	// was at rest; rss the median afterwards, in bytes.
	startPeak, rss float64
	took           time.Duration
	// cpu in seconds.
	cpu                                   float64
	checks, missed                        float64
	applications, accounts, units, events float64
	// idle and busy are how long new Applications waited; see meet.
	idle, busy latencies
}

// fleetAtRest watches the operator beside the fleet. It does so once in a run.
func (b *bench) fleetAtRest(ctx context.Context) (_ *atRest, err error) {
	if b.rest != nil {
		return b.rest, nil
	}
	f, err := b.sharedFleet(ctx)
	if err != nil {
		return nil, err
	}
	r := &atRest{}
	began := time.Now()
	o, err := b.startOperator(ctx, f.plane)
	if err != nil {
		return nil, err
	}
	if err := f.settled(ctx); err != nil {
		return nil, errors.Join(err, o.stop())
	}
	r.first = time.Since(began) - calm
	written, err := f.writes(ctx, "applications")
	if err != nil {
		return nil, errors.Join(err, o.stop())
	}
	r.firstWrites = written/float64(f.size) - 1 // without their creation
	b.say("  all judged for the first time in %s, %s writes each", short(r.first), number(r.firstWrites))
	if err := o.stop(); err != nil {
		return nil, err
	}
	began = time.Now()
	if o, err = b.startOperator(ctx, f.plane); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, o.stop()) }()
	err = eventually(ctx, 20*time.Millisecond, settlesAtLeast, "through with every Application", func() (bool, error) {
		n, err := o.metric(ctx, "controller_runtime_reconcile_total", `controller="application"`)
		return n >= float64(f.size), err
	})
	if err != nil {
		return nil, err
	}
	r.reconciled = time.Since(began)
	b.say("  all reconciled %s after the start", short(r.reconciled))
	if err := f.settled(ctx); err != nil {
		return nil, err
	}
	if _, r.startPeak, err = resident(o.pid()); err != nil {
		return nil, err
	}
	if err := r.watch(ctx, b, f, o); err != nil {
		return nil, err
	}
	if err := r.meet(ctx, b, f, o); err != nil {
		return nil, err
	}
	b.rest = r
	return r, nil
}

// watch looks at the operator for a minute.
func (r *atRest) watch(ctx context.Context, b *bench, f *fleet, o *operator) error {
	length := restTime
	if b.short {
		length = shortRestTime
	}
	before, err := r.count(ctx, f, o)
	if err != nil {
		return err
	}
	began := time.Now()
	var rss []float64
	for time.Since(began) < length {
		if err := pass(ctx, rssEvery); err != nil {
			return err
		}
		now, _, err := resident(o.pid())
		if err != nil {
			return err
		}
		rss = append(rss, now)
	}
	slices.Sort(rss)
	r.rss, r.took = rss[len(rss)/2], time.Since(began)
	after, err := r.count(ctx, f, o)
	if err != nil {
		return err
	}
	for i, into := range []*float64{&r.applications, &r.accounts, &r.units, &r.events, &r.checks, &r.missed, &r.cpu} {
		*into = after[i] - before[i]
	}
	b.say("  at rest: resident %s, at most %s while it started", mebibytes(r.rss), mebibytes(r.startPeak))
	return nil
}

// count returns what was counted so far, in the order of watch.
func (r *atRest) count(ctx context.Context, f *fleet, o *operator) ([]float64, error) {
	var all []float64
	for _, resource := range []string{"applications", "availabilityrecords", "organisationalunits", "events"} {
		n, err := f.writes(ctx, resource)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	body, err := o.scrape(ctx)
	if err != nil {
		return nil, err
	}
	used, err := cpuOf([]int{o.pid()})
	return append(all, total(body, "kdz_observe_checks_total"), total(body, "kdz_observe_missed_total"), used.Seconds()), err
}
