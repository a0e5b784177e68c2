// SPDX-License-Identifier: Apache-2.0

// Package announce tells of transitions as Events: each by itself while they
// are few, one for each unit when they are many at once.
package announce

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Reasons of the Events that a unit gets when many Applications turned at once.
const (
	// ReasonApplicationsFailed (Warning): they turned to Outage or Degraded.
	ReasonApplicationsFailed = "ApplicationsFailed"
	// ReasonApplicationsTurned (Normal): they turned to anything else, as a rule
	// back to Operational.
	ReasonApplicationsTurned = "ApplicationsTurned"
)

// actionJudge is the action that an Event names: the operator judged anew.
const actionJudge = "Judge"

// Options of an Announcer.
type Options struct {
	// Recorder takes the Events. It is to take those of a moment ago even if
	// this replica leads no more: what they tell of was written by it.
	Recorder events.EventRecorder
	// Client creates the Events that are told last, when the Recorder's own
	// writing is about to end. Nil leaves those to the Recorder, too.
	Client Creator
	// Name of who tells, in Events that are told last; that of the Recorder.
	Name string
	// Unit returns the unit of that name as an object to tell of; nil if there
	// is none.
	Unit func(name string) *v1alpha1.OrganisationalUnit
	// Clock tells the present moment.
	Clock clock.WithTicker
}

// Creator creates objects: a client.Client that need not be able to do more.
type Creator interface {
	Create(ctx context.Context, o client.Object, opts ...client.CreateOption) error
}

// Announcer is safe for concurrent use. It is a manager.Runnable.
//
// Ten transitions within 10 s are told 1 s after they came. Of more it is not
// known whether they are few, so each waits 10 s. If more than a hundred come
// within 10 s, those that wait and those that follow are told together: of each
// unit those that are alarming in one Event and the others in another, once
// none has joined them for 10 s, after 5 minutes at the latest. The unit is the
// one that operates the Application, or else the one that is responsible.
type Announcer struct {
	options Options
	wake    chan struct{}

	mu     sync.Mutex
	desk   desk
	logger logr.Logger
	// alarm is when Start looks again, at the latest; zero while nothing is held.
	alarm time.Time
	// ended: Start has told all, and nobody will tell what is held from now on.
	ended bool
}

// New returns an Announcer. It tells nothing before Start.
func New(o Options) *Announcer {
	isUnit := func(name string) bool { return o.Unit(name) != nil }
	return &Announcer{options: o, wake: make(chan struct{}, 1), desk: newDesk(isUnit)}
}

// Transition tells that an Application went from one operational state to the
// one in its status. warn says that this is alarming; note is what is told of it
// alone. Nothing of app is kept but the names in it.
func (a *Announcer) Transition(app *v1alpha1.Application, from v1alpha1.OperationalState, warn bool, note string) {
	if from == app.Status.OperationalState {
		return
	}
	t := newTransition(app, warn, note, a.options.Clock.Now())

	a.mu.Lock()
	if a.ended {
		few := a.desk.arrived(t.at) <= storm
		a.mu.Unlock()
		// What is more than that nobody is left to hold.
		if few {
			a.tellLast([]message{t.message()})
		}
		return
	}
	due := a.desk.add(t)
	late := a.alarm.IsZero() || due.Before(a.alarm)
	if late {
		a.alarm = due
	}
	a.mu.Unlock()

	if late {
		select {
		case a.wake <- struct{}{}:
		default:
		}
	}
}

// Start tells of what was held back until ctx is done, and of all that is left
// then. What comes afterwards is told at once, unless it is too much.
func (a *Announcer) Start(ctx context.Context) error {
	a.mu.Lock()
	a.logger = log.FromContext(ctx).WithName("announce")
	a.mu.Unlock()
	for a.sleep(ctx) {
		a.tell(a.due())
	}
	a.tellLast(a.end())
	return nil
}

// sleep returns when something may be due, or false when ctx is done. Nothing
// wakes it while nothing is held.
func (a *Announcer) sleep(ctx context.Context) bool {
	var alarm <-chan time.Time
	if wait, held := a.wait(); held {
		if wait <= 0 {
			return ctx.Err() == nil
		}
		timer := a.options.Clock.NewTimer(wait)
		defer timer.Stop()
		alarm = timer.C()
	}
	select {
	case <-ctx.Done():
		return false
	case <-a.wake:
	case <-alarm:
	}
	return true
}

// NeedLeaderElection reports false: only what this replica wrote is told.
func (a *Announcer) NeedLeaderElection() bool { return false }

// wait returns for how long nothing of what is held is due, and whether
// anything is held.
func (a *Announcer) wait() (time.Duration, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var held bool
	a.alarm, held = a.desk.next()
	return a.alarm.Sub(a.options.Clock.Now()), held
}

func (a *Announcer) due() []message {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.desk.take(a.options.Clock.Now())
}

func (a *Announcer) end() []message {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	return a.desk.takeAll()
}

func (a *Announcer) tell(messages []message) {
	for _, m := range messages {
		a.options.Recorder.Eventf(a.about(m), nil, m.kind(), m.reason, actionJudge, "%s", m.note)
	}
}
