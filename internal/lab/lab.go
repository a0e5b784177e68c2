// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// How long endpoints that flap are up at first, and down then.
const (
	FlapAfter = 20 * time.Second
	FlapFor   = time.Minute
)

// Options say what to serve.
type Options struct {
	// Endpoints to answer for.
	Endpoints []Endpoint
	// Control is the address, on 127.0.0.1, of the control interface; empty
	// means that there is none, port 0 any free one.
	Control string
	// Notify is told, in one sentence, of each change that the lab makes by
	// itself or at somebody's request. It must not call the lab. Nil tells
	// nobody.
	Notify func(string)
	// Clock by which endpoints flap and certificates are valid; nil means the
	// system's.
	Clock clock.Clock
}

// Lab is a lab that serves. Its methods may be called from several goroutines.
type Lab struct {
	options   Options
	authority *authority
	control   *control
	running   sync.WaitGroup
	closed    chan struct{}
	flapOnce  sync.Once
	closeOnce sync.Once

	// mu guards the states of targets and which ports are open.
	mu      sync.RWMutex
	ports   []*port
	targets []*target
}

// Serve opens all ports and answers on them until Close. The error names every
// port that cannot be had and what to do.
func Serve(o Options) (*Lab, error) {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Notify == nil {
		o.Notify = func(string) {}
	}
	l := &Lab{options: o, closed: make(chan struct{})}
	var err error
	if l.authority, err = newAuthority(o.Clock.Now()); err != nil {
		return nil, err
	}
	if err := l.arrange(); err != nil {
		return nil, err
	}
	if err := l.open(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// arrange makes targets and ports of the endpoints.
func (l *Lab) arrange() error {
	var errs []error
	for _, e := range l.options.Endpoints {
		if err := l.place(e); err != nil {
			errs = append(errs, fmt.Errorf("%s at %s: %w", e, e.URL, err))
		}
	}
	for _, p := range l.ports {
		errs = append(errs, p.check())
	}
	return errors.Join(append(errs, l.assemble())...)
}

// place finds or makes the target of an endpoint.
func (l *Lab) place(e Endpoint) error {
	a, err := locate(e)
	if err != nil {
		return err
	}
	p := l.port(a)
	if p.scheme != a.scheme {
		return fmt.Errorf("port %d speaks %s for %s already", a.port, p.scheme, p.targets[0].first())
	}
	for _, t := range p.targets {
		if t.address != a || a.scheme == schemeICMP {
			continue
		}
		if first := t.first(); first.Behaviour != e.Behaviour || first.Fault != e.Fault || !first.System.same(e.System) {
			return fmt.Errorf("is the same server as %s, which behaves otherwise", first)
		}
		return l.add(t, e)
	}
	t, err := l.newTarget(a, p, e)
	if err != nil {
		return err
	}
	p.targets = append(p.targets, t)
	l.targets = append(l.targets, t)
	return nil
}

// port finds or makes the port of an address.
func (l *Lab) port(a address) *port {
	for _, p := range l.ports {
		if p.number == a.port {
			return p
		}
	}
	p := &port{number: a.port, scheme: a.scheme, lab: l}
	l.ports = append(l.ports, p)
	return p
}

// open opens the ports that anything works on, and tries the others, where
// somebody else's server would answer instead of nobody.
func (l *Lab) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, p := range l.ports {
		err := p.open()
		if err == nil && !p.works() {
			p.shut()
		}
		errs = append(errs, err)
	}
	if l.options.Control != "" {
		var err error
		l.control, err = serveControl(l, l.options.Control)
		errs = append(errs, err)
	}
	return sumUp(errs)
}

// Close closes all ports and returns when nothing of the lab runs any more. It
// may be called several times.
func (l *Lab) Close() {
	l.closeOnce.Do(func() {
		close(l.closed)
		if l.control != nil {
			l.control.close() // without the lock: requests under way need it
		}
		l.mu.Lock()
		for _, p := range l.ports {
			p.shut()
		}
		l.mu.Unlock()
	})
	l.running.Wait()
}

// CA returns the certificate, in PEM, of the authority that signed all
// certificates of the lab.
func (l *Lab) CA() []byte { return slices.Clone(l.authority.pem) }

// Control returns the URL of the control interface; empty if there is none.
func (l *Lab) Control() string {
	if l.control == nil {
		return ""
	}
	return l.control.url()
}

// Flap has the endpoints that flap go down after FlapAfter and come back
// FlapFor later, once, unless somebody stops or starts them meanwhile. Only
// the first call counts.
func (l *Lab) Flap() {
	l.flapOnce.Do(func() {
		l.running.Go(func() {
			if l.await(FlapAfter) {
				l.flap(true)
			}
			if l.await(FlapFor) {
				l.flap(false)
			}
		})
	})
}

// await returns after d, or with false when the lab closes.
func (l *Lab) await(d time.Duration) bool {
	t := l.options.Clock.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.closed:
		return false
	case <-t.C():
		return true
	}
}

func (l *Lab) flap(down bool) {
	next, verb := working, "comes back"
	if down {
		next, verb = away, fmt.Sprintf("goes down for %s", FlapFor)
	}
	for _, t := range l.targets {
		if t.first().Behaviour != Flaps {
			continue
		}
		l.mu.Lock()
		var err error
		byHand := t.byHand
		if !byHand {
			err = l.set(t, next)
		}
		l.mu.Unlock()
		switch {
		case byHand: // whoever did that wants to see what it does
		case err != nil:
			l.options.Notify(fmt.Sprintf("lab: %s cannot come back: %v", t.first(), err))
		default:
			l.options.Notify(fmt.Sprintf("lab: %s %s", t.first(), verb))
		}
	}
}

// Stop has an endpoint, or all endpoints of an Application, answer no more.
// The name is <namespace>/<application>[/<endpoint>]; a system stops only by its
// own, for others may run on it too. It returns what was
// stopped, and what of the Application is icmp and goes on. The error of a name
// that there is not is a *NotFoundError, of one that is icmp only an
// *UnchangeableError.
func (l *Lab) Stop(name string) ([]Status, error) { return l.byHand(name, away) }

// Start has an endpoint, or all endpoints of an Application, answer as
// expected, also one that fails on purpose; a slow one stays slow. It takes and
// returns what Stop does. It also fails if the port was taken meanwhile.
func (l *Lab) Start(name string) ([]Status, error) { return l.byHand(name, working) }

func (l *Lab) byHand(name string, next condition) ([]Status, error) {
	found, err := l.find(name)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(found, func(t *target) bool { return t.scheme != schemeICMP }) {
		return nil, &UnchangeableError{Name: name}
	}
	verb := "started"
	if next == away {
		verb = "stopped"
	}
	l.mu.Lock()
	var errs []error
	var statuses []Status
	for _, t := range found {
		if t.scheme == schemeICMP {
			continue
		}
		t.byHand = true
		errs = append(errs, l.set(t, next))
	}
	for _, t := range found {
		statuses = append(statuses, t.statuses()...)
	}
	l.mu.Unlock()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	l.options.Notify(fmt.Sprintf("lab: %s was %s", name, verb))
	return statuses, nil
}

// set changes the condition of a target, and opens or closes its port. The
// caller holds the lock.
func (l *Lab) set(t *target, next condition) error {
	before := t.condition
	t.condition = next
	if err := t.colour(); err != nil {
		return err
	}
	switch p := t.port; {
	case !p.works():
		p.shut()
	case !p.isOpen():
		if err := p.open(); err != nil {
			t.condition = before
			return err
		}
	}
	return nil
}

// NotFoundError says that the lab has nothing of a name.
type NotFoundError struct {
	// Name that was asked for.
	Name string
	// Near are names that may have been meant; at most a few.
	Near []string
}

// Error implements error.
func (e *NotFoundError) Error() string {
	if len(e.Near) == 0 {
		return fmt.Sprintf("the lab has no endpoint %q", e.Name)
	}
	return fmt.Sprintf("the lab has no endpoint %q; perhaps %s", e.Name, strings.Join(e.Near, " or "))
}

// find returns the targets of a name.
func (l *Lab) find(name string) ([]*target, error) {
	parts := strings.Split(name, "/")
	if len(parts) < 2 || len(parts) > 3 || slices.Contains(parts, "") {
		return nil, fmt.Errorf("%q is not <namespace>/<application> or <namespace>/<application>/<endpoint>", name)
	}
	var found []*target
	notFound := &NotFoundError{Name: name}
	for _, t := range l.targets {
		for _, e := range t.endpoints {
			same := e.Namespace == parts[0] && e.Application == parts[1]
			switch {
			case same && (len(parts) == 2 && e.System == nil || len(parts) == 3 && e.Name == parts[2]):
				found = append(found, t)
			case (same || e.Application == parts[1]) && len(notFound.Near) < 3:
				notFound.Near = append(notFound.Near, e.String())
			}
		}
	}
	if len(found) == 0 {
		return nil, notFound
	}
	return slices.Compact(found), nil
}

// Status is how an endpoint behaves at the moment.
type Status struct {
	// Endpoint as it was planned.
	Endpoint Endpoint
	// Works: it answers as expected, if slowly.
	Works bool
	// Message says how it behaves.
	Message string
}

// Statuses tells of all endpoints, by name.
func (l *Lab) Statuses() []Status {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var all []Status
	for _, t := range l.targets {
		all = append(all, t.statuses()...)
	}
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Endpoint.String(), b.Endpoint.String()) })
	return all
}
