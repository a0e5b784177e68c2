// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
)

// ErrNotLeading is what a write fails with while another replica leads.
var ErrNotLeading = errors.New("another replica leads, so nothing is written")

// Defaults of Options.
const (
	// DefaultLeaseDuration is the default of Options.LeaseDuration.
	DefaultLeaseDuration = 15 * time.Second
	// DefaultRenewDeadline is the default of Options.RenewDeadline.
	DefaultRenewDeadline = 10 * time.Second
	// DefaultRetryPeriod is the default of Options.RetryPeriod.
	DefaultRetryPeriod = 2 * time.Second
)

// Options of Leadership.
type Options struct {
	// Lock is the lease that the replicas compete for; nil means that there is
	// only one, which always leads.
	Lock resourcelock.Interface
	// Name of the lease in client-go's metrics.
	Name string
	// LeaseDuration, RenewDeadline and RetryPeriod as in client-go's
	// leaderelection; zero means 15 s, 10 s and 2 s.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Lead is called each time the lease was won, before anything may be
	// written. Unchanged says that nobody else led since we did. While it fails
	// nothing is written, and it is called again. Nil means that there is
	// nothing to do.
	Lead func(ctx context.Context, unchanged bool) error
	// Clock tells the present moment; nil means the system's. The election
	// itself runs on the system's.
	Clock clock.Clock
	// Logger for the people who run the operator. The zero value is silent.
	Logger logr.Logger
}

// Leadership of this replica. It is a manager.Runnable that every replica runs,
// and safe for concurrent use. Nil is a replica that always leads.
type Leadership struct {
	o Options
	// margin is kept between the end of a write and the end of the lease.
	margin time.Duration
	// won has a place for the news that the lease was won.
	won chan struct{}
	// writes that are on their way.
	writes sync.WaitGroup

	mu sync.Mutex
	// held: the lease was won and not lost since.
	held bool
	// term is what the lease was won for last.
	term term
	// creations counts how often we created the lease.
	creations int
	// renewed is when the last successful renewal was sent.
	renewed time.Time
	// open: what Lead does is done for the present term.
	open bool
	// led is the last term that was led; nil before the first.
	led *term
	// guards and takeovers are told when this replica leads.
	guards    []*Guarded
	takeovers []func()
}

// term of an office: as long as it is the same, nobody else has led.
type term struct {
	// transitions as the lease counts them.
	transitions int
	// creation of the lease that it is of: a new lease counts anew.
	creation int
}

// New returns a Leadership that does not lead before Start. It is an error if
// the durations do not fit together.
func New(o Options) (*Leadership, error) {
	for _, d := range []struct {
		value    *time.Duration
		standard time.Duration
	}{{&o.LeaseDuration, DefaultLeaseDuration}, {&o.RenewDeadline, DefaultRenewDeadline}, {&o.RetryPeriod, DefaultRetryPeriod}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if o.Lead == nil {
		o.Lead = func(context.Context, bool) error { return nil }
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Logger.GetSink() == nil {
		o.Logger = logr.Discard()
	}
	l := &Leadership{o: o, margin: (o.LeaseDuration - o.RenewDeadline) / 5, won: make(chan struct{}, 1)}
	if o.Lock == nil {
		return l, nil
	}
	_, err := l.elector()
	return l, err
}

// elector returns a candidate that has seen nothing yet.
func (l *Leadership) elector() (*leaderelection.LeaderElector, error) {
	e, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock:          &lock{Interface: l.o.Lock, leadership: l},
		LeaseDuration: l.o.LeaseDuration, RenewDeadline: l.o.RenewDeadline, RetryPeriod: l.o.RetryPeriod,
		Name: l.o.Name,
		// What is to be done when the lease was won or lost is known from the
		// lease itself: a candidate that was held up may lose it to another, get
		// it back, and call nobody.
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {},
			OnStoppedLeading: func() {},
			OnNewLeader: func(identity string) {
				l.o.Logger.Info("who leads", "leader", identity, "self", l.o.Lock.Identity())
			},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("election of a leader: %w", err)
	}
	return e, nil
}

// Start competes for the lease until ctx is done, and gives it back then. To
// lose it ends nothing: it competes again.
func (l *Leadership) Start(ctx context.Context) error {
	var taking sync.WaitGroup
	taking.Go(func() { l.takeOver(ctx) })
	defer taking.Wait()
	if l.o.Lock == nil {
		l.wrote(l.o.Clock.Now(), "", term{})
		<-ctx.Done()
		l.lose("the operator ends")
		l.writes.Wait()
		return nil
	}
	for ctx.Err() == nil {
		e, err := l.elector()
		if err != nil {
			return err
		}
		e.Run(logr.NewContext(ctx, l.o.Logger))
		if ctx.Err() == nil {
			l.lose("the lease could not be renewed in time")
		}
	}
	l.lose("the operator ends")
	// The lease is not given back before what was written under it has ended.
	l.writes.Wait()
	return l.release(context.WithoutCancel(ctx))
}

// NeedLeaderElection reports false: every replica runs it.
func (l *Leadership) NeedLeaderElection() bool { return false }

// Leads says whether this replica may write now: it holds the lease, what Lead
// does is done, and the lease was renewed within RenewDeadline by the monotonic
// clock, counted from before the renewal was sent.
func (l *Leadership) Leads() bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leads()
}

func (l *Leadership) leads() bool { return l.open && l.fresh() }

// fresh says whether the lease was renewed of late.
func (l *Leadership) fresh() bool {
	return l.o.Lock == nil || l.o.Clock.Since(l.renewed) <= l.o.RenewDeadline
}

// OnTakeover has f called each time this replica begins to lead though another
// may have led before, as the last thing before anything may be written.
func (l *Leadership) OnTakeover(f func()) {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.takeovers = append(l.takeovers, f)
}

// wrote takes note that the lease was written, with a holder, as of the moment
// before.
func (l *Leadership) wrote(sent time.Time, holder string, t term) {
	l.mu.Lock()
	if l.o.Lock != nil && holder != l.o.Lock.Identity() {
		l.held, l.open = false, false
		l.mu.Unlock()
		return
	}
	again := l.open && l.term == t && !l.fresh()
	if !l.held || l.term != t {
		// A new term is begun from the start, also if the last one was never seen
		// to end.
		l.held, l.open, l.term = true, false, t
		select {
		case l.won <- struct{}{}:
		default: // the news is on its way
		}
	}
	l.renewed = sent
	l.mu.Unlock()
	if again {
		l.o.Logger.Info("the lease was renewed late: this replica leads again")
		l.flush()
	}
}

// lose takes note that the lease is no longer held.
func (l *Leadership) lose(why string) {
	l.mu.Lock()
	led := l.open
	l.held, l.open = false, false
	l.mu.Unlock()
	if led {
		l.o.Logger.Info("this replica no longer leads; it observes on", "why", why)
	}
}

// takeOver does what is to be done each time the lease was won.
func (l *Leadership) takeOver(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.won:
			l.lead(ctx)
		}
	}
}

// lead calls Lead until it succeeds for the present term, or there is none.
func (l *Leadership) lead(ctx context.Context) {
	for ctx.Err() == nil {
		l.mu.Lock()
		t, unchanged, needed := l.term, l.led != nil && *l.led == l.term, l.held && !l.open
		l.mu.Unlock()
		if !needed {
			return
		}
		if err := l.attempt(ctx, unchanged); err != nil {
			if ctx.Err() == nil {
				l.o.Logger.Error(err, "won the lease, but cannot take over yet; trying again", "after", l.o.RetryPeriod)
			}
			l.pause(ctx)
			continue
		}
		if !unchanged {
			l.tellTakeover()
		}
		if l.begin(t) {
			l.o.Logger.Info("this replica leads", "unchanged", unchanged)
			l.flush()
			return
		}
	}
}

// attempt calls Lead, which must not take longer than the lease lasts.
func (l *Leadership) attempt(ctx context.Context, unchanged bool) error {
	ctx, cancel := context.WithTimeout(ctx, l.o.RenewDeadline)
	defer cancel()
	return l.o.Lead(ctx, unchanged)
}

// tellTakeover calls those who want to know that another may have led.
func (l *Leadership) tellTakeover() {
	l.mu.Lock()
	takeovers := l.takeovers
	l.mu.Unlock()
	for _, f := range takeovers {
		f()
	}
}

// begin opens the gate for a term, if that is still the present one.
func (l *Leadership) begin(t term) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.held || l.term != t {
		return false
	}
	l.open, l.led = true, &t
	return true
}

func (l *Leadership) pause(ctx context.Context) {
	timer := l.o.Clock.NewTimer(l.o.RetryPeriod)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
	}
}

// flush has the guards bring back what they remember.
func (l *Leadership) flush() {
	l.mu.Lock()
	guards := l.guards
	l.mu.Unlock()
	for _, g := range guards {
		g.flush()
	}
}
