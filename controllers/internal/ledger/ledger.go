// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

const (
	// Every is how often the heartbeat is written, and read by those who follow.
	Every = 5 * time.Second
	// within bounds one exchange with the API server.
	within = 10 * time.Second
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

// Options of a Ledger. All but Changed, Skew and Logger are required.
type Options struct {
	// Client reads and writes past the cache.
	Client client.Client
	// Namespace of the two objects.
	Namespace string
	// Identity of this replica: no other, and no earlier process, has it.
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
	// Logger for the people who run the operator. The zero value is silent.
	Logger logr.Logger
}

// Ledger is safe for concurrent use. It is a manager.Runnable that every
// replica runs.
type Ledger struct {
	o Options

	// exchange is held while something is read from the cluster or written to
	// it, and what that means is taken over.
	exchange sync.Mutex
	// beatVersion and gapsVersion are the resourceVersions that the next write
	// replaces; empty means that the object is to be created.
	beatVersion, gapsVersion string
	// gapsRecorded is up to when everything was recorded by the gaps object.
	gapsRecorded time.Time
	// below is the sequence of a heartbeat that was found though we know a later
	// one; 0 if there is none.
	below int64
	// distrusted: the clocks are too far apart.
	distrusted bool
	// trouble was said last.
	trouble string

	mu sync.RWMutex
	// last is the heartbeat as it was acknowledged, or read, last.
	last heartbeat.Beat
	// stored gaps, in order.
	stored []gap
	// held are gaps that are not stored: those that last, and those of which
	// nobody could be told yet.
	held []heldGap
	// all is what Gaps returns.
	all []availability.Gap
	// floor of all checks but those in floors.
	floor  time.Time
	floors map[check]time.Time
}

// check names one.
type check struct {
	subscriber types.NamespacedName
	name       string
}

// New returns a Ledger that knows nothing before Lead.
func New(o Options) *Ledger {
	if o.Changed == nil {
		o.Changed = func() {}
	}
	if o.Skew == nil {
		o.Skew = func() (time.Duration, bool) { return 0, false }
	}
	if o.Logger.GetSink() == nil {
		o.Logger = logr.Discard()
	}
	return &Ledger{o: o}
}

// Start writes the heartbeat every 5 s while this replica leads, and follows
// that of the leader while it does not, until ctx is done.
func (l *Ledger) Start(ctx context.Context) error {
	ticker := l.o.Clock.NewTicker(Every)
	defer ticker.Stop()
	for {
		l.turn(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
		}
	}
}

// NeedLeaderElection reports false: every replica runs it.
func (l *Ledger) NeedLeaderElection() bool { return false }

// turn is what is done every 5 s. Trouble that lasts is told once.
func (l *Ledger) turn(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	l.exchange.Lock()
	defer l.exchange.Unlock()
	l.compareClocks()
	what, do := "following the heartbeat", l.follow
	if l.o.Leads() {
		what, do = "writing the heartbeat", l.beat
	}
	err := do(ctx)
	switch {
	case err == nil && l.trouble != "":
		l.o.Logger.Info("the heartbeat is well again", "recorded", l.Recorded())
		l.trouble = ""
	case err != nil && ctx.Err() == nil && l.trouble != what:
		l.o.Logger.Error(err, what+"; trying again and again", "every", Every)
		l.trouble = what
	}
}

// Gaps are the times that nobody observed, in order. They are not to be
// changed.
func (l *Ledger) Gaps() []availability.Gap {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.all
}

// Floor is the moment from which on what this process saw of a check counts
// rather than what the last leader recorded.
func (l *Ledger) Floor(key types.NamespacedName, name string) time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if at, found := l.floors[check{key, name}]; found {
		return at
	}
	return l.floor
}

// Recorded is up to when everything that was seen is recorded in the cluster;
// zero if that is not known.
func (l *Ledger) Recorded() time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.last.Recorded
}

// Now is the moment at which accounts are judged: never before what was
// recorded, whatever the clock says.
func (l *Ledger) Now() time.Time {
	now := l.o.Clock.Now()
	if recorded := l.Recorded(); recorded.After(now) {
		return recorded
	}
	return now
}
