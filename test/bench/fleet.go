// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/fields"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// fleetSize is how many Applications there are; with -large and -short it
	// is another number.
	fleetSize, largeFleet, shortFleet = 10_000, 100_000, 1_000
	fleetUnits                        = 20 // with a namespace each
	fleetSites                        = 4  // of HTTP and of TCP each
	fleetInterval                     = 30 * time.Second
	// settlesPer bounds how long a fleet may take to settle, for each of its
	// Applications; settlesAtLeast is for small ones.
	settlesPer, settlesAtLeast = 60 * time.Millisecond, 5 * time.Minute
	// calm is how long nothing must have been written for it to be settled.
	calm = 5 * time.Second
)

// fleet is a control plane with Applications whose world does not change. Half
// of them ask HTTP, half TCP, and every fourth depends on another one.
type fleet struct {
	*plane
	size      int
	http, tcp []*site
	// also changes each Application before it is created; nil does not.
	also func(*v1alpha1.Application)
	// created is how long that took.
	created time.Duration
}

// sharedFleet returns the fleet of this run, which it creates when it is first
// asked for.
func (b *bench) sharedFleet(ctx context.Context) (*fleet, error) {
	if b.fleet != nil {
		return b.fleet, nil
	}
	f := &fleet{size: fleetSize}
	switch {
	case b.large:
		f.size = largeFleet
	case b.short:
		f.size = shortFleet
	}
	var err error
	if f.plane, err = b.startPlane(ctx, false); err != nil {
		return nil, err
	}
	if err := f.create(ctx); err != nil {
		return nil, errors.Join(err, f.stop())
	}
	b.say("  %d Applications created in %s", f.size, short(f.created))
	b.fleet = f
	return f, nil
}

// dropFleet ends the fleet, if there is one.
func (b *bench) dropFleet() error {
	f := b.fleet
	b.fleet = nil
	if f == nil {
		return nil
	}
	return f.stop()
}

func (f *fleet) stop() error {
	for _, s := range append(f.http, f.tcp...) {
		s.close()
	}
	return f.Stop()
}

// create creates what the fleet consists of.
func (f *fleet) create(ctx context.Context) error {
	for range fleetSites {
		web, err := serveHTTP(nil)
		if err != nil {
			return err
		}
		f.http = append(f.http, web)
		lines, err := serveTCP()
		if err != nil {
			return err
		}
		f.tcp = append(f.tcp, lines)
	}
	if err := f.found(ctx); err != nil {
		return err
	}
	for n := range fleetUnits {
		if err := f.newUnit(ctx, fleetUnit(n)); err != nil {
			return err
		}
	}
	began := time.Now()
	err := f.createAll(ctx, f.size, f.application)
	f.created = time.Since(began)
	return err
}

func fleetUnit(n int) string { return fmt.Sprintf("%s-%02d", rootUnit, n%fleetUnits) }

// application is the one of that number. The first of each unit is what
// others of it depend on.
func (f *fleet) application(n int) *v1alpha1.Application {
	e := v1alpha1.Endpoint{Name: "web", Interval: v1alpha1.Duration(fleetInterval.String())}
	site := n / 2 % fleetSites
	if n%2 == 0 {
		e.URL = "http://" + f.http[site].address + "/" + applicationName(n)
		e.HTTP = &v1alpha1.HTTPCheck{BodyPattern: "ok"}
	} else {
		// The same address and port is the same question; a timeout of its own
		// makes it another one.
		e.URL = "tcp://" + f.tcp[site].address
		e.Timeout = v1alpha1.Duration(fmt.Sprintf("5000.%06dms", n))
	}
	app := newApplication(fleetUnit(n), fleetUnit(n), n, e)
	if n >= fleetUnits && n%4 == 0 {
		app.Spec.Dependencies = []v1alpha1.Dependency{{
			Name: v1alpha1.ObjectName(applicationName(n % fleetUnits)), Strength: v1alpha1.DependencySoft,
		}}
	}
	if f.also != nil {
		f.also(app)
	}
	return app
}

// settled waits until all are Operational and nothing was written for a while.
func (f *fleet) settled(ctx context.Context) error {
	var last float64
	since := time.Now()
	within := max(time.Duration(f.size)*settlesPer, settlesAtLeast)
	return eventually(ctx, time.Second, within, "settled", func() (bool, error) {
		n, err := f.writes(ctx, "applications")
		if err != nil {
			return false, err
		}
		if n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) < calm {
			return false, nil
		}
		return f.allOperational(ctx)
	})
}

// allOperational asks for one that is not.
func (f *fleet) allOperational(ctx context.Context) (bool, error) {
	var list v1alpha1.ApplicationList
	not := fields.OneTermNotEqualSelector("status.operationalState", string(v1alpha1.StateOperational))
	err := f.admin.List(ctx, &list, client.MatchingFieldsSelector{Selector: not}, client.Limit(1))
	return err == nil && len(list.Items) == 0, err
}

// site is a server on loopback, in this process.
type site struct {
	address string
	close   func()
	// failing has it answer that it does not work.
	failing atomic.Bool
}

// listen listens at a port that outgoing connections never take.
func listen() (net.Listener, error) {
	for range 100 {
		address, err := freePort()
		if err != nil {
			return nil, err
		}
		if l, err := net.Listen("tcp", address); err == nil {
			return l, nil
		}
	}
	return nil, errors.New("no port is free")
}

// serveHTTP answers ok. asked is told of each request before it is answered.
func serveHTTP(asked func()) (*site, error) {
	l, err := listen()
	if err != nil {
		return nil, err
	}
	s := &site{address: l.Addr().String()}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked != nil {
			asked()
		}
		if s.failing.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ok\n")
	})}
	go func() { _ = server.Serve(l) }()
	s.close = func() { _ = server.Close() }
	return s, nil
}

// serveTCP says a word to each connection, and closes it.
func serveTCP() (*site, error) {
	l, err := listen()
	if err != nil {
		return nil, err
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, "220 ready\r\n")
			_ = c.Close()
		}
	}()
	return &site{address: l.Addr().String(), close: func() { _ = l.Close() }}, nil
}
