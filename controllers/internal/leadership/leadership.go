// SPDX-License-Identifier: Apache-2.0

// Package leadership says which of several replicas may write. All of them
// observe and judge; what one that does not lead would write is refused before
// it leaves the process, and done again once it leads.
package leadership

import (
	"context"
	"errors"
	"time"

	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// ErrNotLeading is what a write fails with while another replica leads.
var ErrNotLeading = errors.New("another replica leads, so nothing is written")

// Options of Leadership.
type Options struct {
	// Lock is the lease that the replicas compete for; nil means that there is
	// only one, which always leads.
	Lock resourcelock.Interface
	// LeaseDuration, RenewDeadline and RetryPeriod as in client-go's
	// leaderelection; zero means 15 s, 10 s and 2 s.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Lead is called each time the lease was won, before anything may be
	// written. Unchanged says that nobody else led since we did. While it fails
	// nothing is written, and it is called again.
	Lead func(ctx context.Context, unchanged bool) error
	// Clock tells the present moment.
	Clock clock.Clock
}

// Leadership of this replica. It is a manager.Runnable that every replica runs.
type Leadership struct{}

// New returns a Leadership that does not lead before Start.
func New(o Options) *Leadership { panic("not built yet") }

// Start competes for the lease until ctx is done, and gives it back then.
func (l *Leadership) Start(ctx context.Context) error { panic("not built yet") }

// NeedLeaderElection reports false: every replica runs it.
func (l *Leadership) NeedLeaderElection() bool { return false }

// Leads says whether this replica may write now: it holds the lease, what Lead
// does is done, and the lease was renewed within RenewDeadline by the monotonic
// clock, counted from before the renewal was sent.
func (l *Leadership) Leads() bool { panic("not built yet") }

// Client returns a client that reads as c does, and whose writes fail with
// ErrNotLeading unless this replica leads.
func (l *Leadership) Client(c client.Client) client.Client { panic("not built yet") }

// Recorder returns a recorder that drops Events unless this replica leads.
func (l *Leadership) Recorder(r events.EventRecorder) events.EventRecorder { panic("not built yet") }

// Guarded is a reconciler of which nothing is lost while this replica does not
// lead.
type Guarded struct{}

// Guard returns a reconciler around inner. While this replica does not lead, it
// remembers each request, and passes it on to inner only if following says that
// inner has something to do on every replica; once this replica leads, all that
// is remembered is reconciled, behind what comes up then. A request that fails
// with ErrNotLeading is remembered as well.
func (l *Leadership) Guard(inner reconcile.Reconciler, following bool) *Guarded {
	panic("not built yet")
}

// Reconcile implements reconcile.Reconciler.
func (g *Guarded) Reconcile(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	panic("not built yet")
}

// Source brings what was remembered back into the controller's queue.
func (g *Guarded) Source() source.Source { panic("not built yet") }
