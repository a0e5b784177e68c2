// SPDX-License-Identifier: Apache-2.0

// Package announce tells of transitions as Events: each by itself while they
// are few, one for each unit when they are many at once.
package announce

import (
	"context"

	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Options of an Announcer.
type Options struct {
	// Recorder takes the Events.
	Recorder events.EventRecorder
	// Unit returns the unit of that name as an object to tell of; nil if there
	// is none.
	Unit func(name string) *v1alpha1.OrganisationalUnit
	// Clock tells the present moment.
	Clock clock.WithTicker
}

// Announcer is safe for concurrent use. It is a manager.Runnable.
type Announcer struct{}

// New returns an Announcer.
func New(o Options) *Announcer { panic("not built yet") }

// Transition tells that an Application went from one operational state to
// another.
func (a *Announcer) Transition(app *v1alpha1.Application, from v1alpha1.OperationalState, warn bool, note string) {
	panic("not built yet")
}

// Start tells of what was held back until ctx is done, and of all that is left
// then.
func (a *Announcer) Start(ctx context.Context) error { panic("not built yet") }

// NeedLeaderElection reports false: the recorder drops what another replica
// tells.
func (a *Announcer) NeedLeaderElection() bool { return false }
