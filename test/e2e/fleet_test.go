// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	fleetSize     = 3_000 // `make bench` has more
	fleetUnits    = 20    // with a namespace each
	fleetInFlight = 16
	fleetInterval = 10 * time.Second
	// fleetShared is of how many Applications one asks what all of its kind
	// ask: the same question.
	fleetShared = 10
	fleetSites  = 4 // of each kind
	// fleetSettles bounds the time from the first Application until all are
	// judged and nothing is written any more.
	fleetSettles = 10 * time.Minute
	// calm is how long nothing must have been written for it to be settled.
	calm = 5 * time.Second
	// fleetQuiet is the minute of the promise.
	fleetQuiet = time.Minute
	// fleetTold bounds the time until all of a fleet that changes at once is
	// told.
	fleetTold = 3 * time.Minute
)

// notOperational selects Applications.
var notOperational = fields.OneTermNotEqualSelector("status.operationalState", string(v1alpha1.StateOperational))

// fleet is many Applications whose world does not change, until it does.
type fleet struct {
	*plane
	http, tcp []*server
}

// A fleet in which nothing changes writes nothing, and neither does a restart
// in it: read from the API server's own count.
func TestFleet(t *testing.T) {
	// Without a controller manager: it would keep the metadata of everything
	// for its garbage collection, and take its share of the processor.
	f := &fleet{plane: startPlaneWith(t, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff})}
	for range fleetSites {
		f.http = append(f.http, startHTTP(t, freeAddress(t), answers("ok\n")))
		f.tcp = append(f.tcp, startTCP(t, freeAddress(t), greet))
	}
	o := f.startOperator()
	began := time.Now()
	f.createAll()
	created := time.Since(began)
	t.Logf("%d Applications created in %.1f s, %.0f/s with %d in flight beside the operator's own writes",
		fleetSize, created.Seconds(), fleetSize/created.Seconds(), fleetInFlight)
	f.awaitSettled(began)
	written := f.writes("applications")
	u := o.usage()
	t.Logf("all Operational after %.1f s (%.1f s after the last was created); writes to Applications until then: %v", time.Since(began).Seconds(),
		(time.Since(began) - created).Seconds(), written)
	t.Logf("operator until then: %.1f s of CPU, %.0f MiB resident, %.0f MiB at most", u.cpu.Seconds(), u.rss, u.peak)
	if written["POST"] != fleetSize || written["PATCH status"] < fleetSize {
		t.Errorf("the API server counted %v, so its count proves nothing", written)
	}

	f.quiet(o, "nothing changes", fleetQuiet)

	o.kill()
	o = f.startOperator()
	began = time.Now()
	o.await(settleWithin, "through with every Application", func() (string, bool) {
		n := o.sum("controller_runtime_reconcile_total", "controller=application")
		return fmt.Sprintf("%v were reconciled", n), n >= fleetSize
	})
	t.Logf("after kill -9 every Application was reconciled within %.1f s of the start", time.Since(began).Seconds())
	f.quiet(o, "the operator was killed and started", fleetInterval+calm)
	if more := f.writes("applications").since(written); more.total() != 0 {
		t.Errorf("from its settling to the end, the restart included, the fleet was written to: %v", more)
	}
	f.flips()
	o.end()
}

// flips has the whole fleet go down and return (scenario S10): each Application
// is written at most twice, its account as often, and Events tell of units.
func (f *fleet) flips() {
	f.t.Helper()
	apps, accounts, events := f.stored("applications"), f.stored("availabilityrecords"), f.stored("events")
	stopped := time.Now()
	for _, s := range append(slices.Clone(f.http), f.tcp...) {
		s.stop()
	}
	f.awaitAll(v1alpha1.StateOutage)
	told := time.Since(stopped)
	var list v1alpha1.ApplicationList
	if err := f.admin.List(f.t.Context(), &list); err != nil {
		f.t.Fatal(err)
	}
	for i := range list.Items {
		since := list.Items[i].Status.Since.Time
		if since.Before(stopped.Truncate(time.Second)) || since.After(stopped.Add(fleetInterval+2*time.Second)) {
			f.t.Errorf("%s: the outage is told from %s, but the servers stopped at %s", list.Items[i].Name, since, stopped)
		}
	}
	started := time.Now()
	for _, s := range append(slices.Clone(f.http), f.tcp...) {
		s.start()
	}
	f.awaitAll(v1alpha1.StateOperational)
	f.t.Logf("%d Applications told as out %.1f s after their servers stopped, and as back %.1f s after they started",
		fleetSize, told.Seconds(), time.Since(started).Seconds())
	// One that is being asked while its server stops may fail in another way
	// first, and be told with the reason that lasts later.
	const most = 2*fleetSize + fleetSize/100
	if n := f.stored("applications").since(apps).total(); n > most {
		f.t.Errorf("%d writes to Applications, more than two for each of %d", n, fleetSize)
	}
	if n := f.stored("availabilityrecords").since(accounts).total(); n > most {
		f.t.Errorf("%d writes to accounts, more than two for each of %d", n, fleetSize)
	}
	units := fleetUnits + 1 // with the one above them
	poll(f.t, fleetTold, "told of by Events", func() (string, bool) {
		n := f.stored("events").since(events)["POST"]
		return fmt.Sprintf("%d Events", n), n >= 2*fleetUnits
	})
	// Those of the units' own states are no more than as many again.
	if n := f.stored("events").since(events)["POST"]; n > 4*units {
		f.t.Errorf("%d Events for %d units", n, units)
	}
}

// awaitAll waits until every Application is in a state.
func (f *fleet) awaitAll(state v1alpha1.OperationalState) {
	f.t.Helper()
	others := fields.OneTermNotEqualSelector("status.operationalState", string(state))
	poll(f.t, fleetTold, string(state), func() (string, bool) {
		var list v1alpha1.ApplicationList
		if err := f.admin.List(f.t.Context(), &list, client.MatchingFieldsSelector{Selector: others}, client.Limit(1)); err != nil {
			f.t.Fatal(err)
		}
		return fmt.Sprintf("%d or more are not", len(list.Items)), len(list.Items) == 0
	})
}

// createAll creates the units and the Applications.
func (f *fleet) createAll() {
	f.t.Helper()
	f.create(newUnit("kdz-16", ""))
	var units []string
	for i := range fleetUnits {
		name := fmt.Sprintf("kdz-16-%02d", i)
		f.create(newUnit(name, "kdz-16"))
		f.newNamespace(name, name)
		units = append(units, name)
	}
	f.awaitCompiled(units...)
	c, err := client.New(rest.CopyConfig(f.Config), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		f.t.Fatal(err)
	}
	g, ctx := errgroup.WithContext(f.t.Context())
	g.SetLimit(fleetInFlight)
	for i := range fleetSize {
		g.Go(func() error { return c.Create(ctx, f.application(i)) })
	}
	if err := g.Wait(); err != nil {
		f.t.Fatal("create the fleet:", err)
	}
}

// application is the one of that number: half of them ask HTTP, half TCP, and
// some ask what others ask too.
func (f *fleet) application(i int) *v1alpha1.Application {
	unit := fmt.Sprintf("kdz-16-%02d", i%fleetUnits)
	e := v1alpha1.Endpoint{Name: "web", Interval: v1alpha1.Duration(fleetInterval.String())}
	site := i / 2 % fleetSites
	switch shared := i/2%fleetShared == 0; {
	case i%2 == 0 && shared:
		e.URL = "http://" + f.http[0].address + "/shared"
	case i%2 == 0:
		e.URL = fmt.Sprintf("http://%s/app-%05d", f.http[site].address, i)
		e.HTTP = &v1alpha1.HTTPCheck{BodyPattern: "ok"}
	case shared:
		e.URL = "tcp://" + f.tcp[0].address
	default:
		// The same address and port is the same question; a timeout of its own
		// makes it another one.
		e.URL = "tcp://" + f.tcp[site].address
		e.Timeout = v1alpha1.Duration(fmt.Sprintf("%dms", 5000+i))
	}
	return newApplication(unit, fmt.Sprintf("app-%05d", i), unit, e)
}

// awaitSettled waits until all are Operational and nothing was written for a
// while.
func (f *fleet) awaitSettled(began time.Time) {
	f.t.Helper()
	left := fleetSettles - time.Since(began)
	late := time.After(left)
	again := time.NewTicker(time.Second)
	defer again.Stop()
	last, since := -1, time.Now()
	for {
		if n := f.writes("applications").total(); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) >= calm && f.allOperational() {
			return
		}
		select {
		case <-again.C:
		case <-late:
			f.t.Fatalf("the fleet has not settled %s after the first was created; %d writes so far, all Operational: %t", fleetSettles, last, f.allOperational())
		}
	}
}

// allOperational asks for one that is not.
func (f *fleet) allOperational() bool {
	f.t.Helper()
	var list v1alpha1.ApplicationList
	err := f.admin.List(f.t.Context(), &list, client.MatchingFieldsSelector{Selector: notOperational}, client.Limit(1))
	if err != nil {
		f.t.Fatal(err)
	}
	return len(list.Items) == 0
}

// quiet asserts that nothing is written for a time, while checks go on.
func (f *fleet) quiet(o *operator, why string, during time.Duration) {
	f.t.Helper()
	apps, units, events := f.writes("applications"), f.writes("organisationalunits"), f.writes("events")
	checks, used, began := o.sum("kdz_observe_checks_total"), o.usage(), time.Now()
	select {
	case <-time.After(during):
	case <-o.done:
		f.t.Fatalf("the operator ended: %v", o.err)
	}
	apps, units, events = f.writes("applications").since(apps), f.writes("organisationalunits").since(units), f.writes("events").since(events)
	took, now := time.Since(began), o.usage()
	checks = o.sum("kdz_observe_checks_total") - checks
	scraped := o.scrape()
	f.t.Logf("%s: in %.0f s writes to Applications %d, to units %d, Events %d; %.0f checks (%.0f/s), due missed %v; late p50 ≤ %v s, p99 ≤ %v s",
		why, took.Seconds(), apps.total(), units.total(), events.total(), checks, checks/took.Seconds(),
		o.sum("kdz_observe_missed_total"), bucketOf(f.t, scraped, "kdz_observe_late_seconds", .5), bucketOf(f.t, scraped, "kdz_observe_late_seconds", .99))
	f.t.Logf("%s: operator %.1f s of CPU, %.0f MiB resident, %.0f MiB at most; questions %v of %v checks", why,
		(now.cpu - used.cpu).Seconds(), now.rss, now.peak, o.sum("kdz_observe_questions"), o.sum("kdz_observe_subscribed_checks"))
	if apps.total() != 0 || units.total() != 0 {
		f.t.Errorf("%s, but the API server counted writes to Applications %v and to units %v", why, apps, units)
	}
	if least := 0.8 * o.sum("kdz_observe_questions") * float64(during/fleetInterval); checks < least {
		f.t.Errorf("only %v checks were made, fewer than %v: nobody looks", checks, least)
	}
	if n := o.sum("kdz_observe_subscribed_checks"); n != fleetSize {
		f.t.Errorf("%v checks are known, want %d", n, fleetSize)
	}
}
