// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps what all accounts share: the heartbeat, which says up to
// when everything that was seen is recorded, and the times that nobody
// observed. Both are objects of the cluster that the leader alone writes.
package ledger

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

// Observer is what the ledger asks of the engine that observes.
type Observer interface {
	Watermark() observe.Watermark
	SettleBefore(at time.Time)
	Resume(streaks []observe.Pending)
	Swept() (time.Time, bool)
	Distrust(message string)
	Trust()
}

// Options of a Ledger.
type Options struct {
	// Client reads and writes past the cache.
	Client client.Client
	// Namespace of the two objects.
	Namespace string
	// Identity of this replica.
	Identity string
	// Observer whose watermark is recorded.
	Observer Observer
	// Leads says whether this replica may write.
	Leads func() bool
	// Changed is called when the gaps changed, so that accounts are judged
	// anew.
	Changed func()
	// Skew is by how much the clock of the API server is ahead of ours, and
	// whether that is known; nil means that it is never known.
	Skew func() (time.Duration, bool)
	// Clock tells the present moment.
	Clock clock.WithTicker
}

// Ledger is safe for concurrent use. It is a manager.Runnable that every
// replica runs.
type Ledger struct{}

// New returns a Ledger that knows nothing before Lead.
func New(o Options) *Ledger { panic("not built yet") }

// Start writes the heartbeat every 5 s while this replica leads, and follows
// that of the leader while it does not, until ctx is done.
func (l *Ledger) Start(ctx context.Context) error { panic("not built yet") }

// NeedLeaderElection reports false: every replica runs it.
func (l *Ledger) NeedLeaderElection() bool { return false }

// Lead is called when this replica begins to lead: it reads what the last
// leader recorded, and opens the gap since then.
func (l *Ledger) Lead(ctx context.Context, unchanged bool) error { panic("not built yet") }

// Gap takes note of a time in which the engine could not see.
func (l *Ledger) Gap(g observe.Gap) { panic("not built yet") }

// Gaps are the times that nobody observed, in order. They are not to be
// changed.
func (l *Ledger) Gaps() []availability.Gap { panic("not built yet") }

// Floor is the moment from which on what this process saw of a check counts
// rather than what the last leader recorded.
func (l *Ledger) Floor(key types.NamespacedName, check string) time.Time { panic("not built yet") }

// Recorded is up to when everything that was seen is recorded in the cluster.
func (l *Ledger) Recorded() time.Time { panic("not built yet") }

// Now is the moment at which accounts are judged: never before what was
// recorded, whatever the clock says.
func (l *Ledger) Now() time.Time { panic("not built yet") }
