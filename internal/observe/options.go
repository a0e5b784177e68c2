// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// Defaults of Options.
const (
	// DefaultWorkers is the default of Options.Workers.
	DefaultWorkers = 1024
	// DefaultPerTarget is the default of Options.PerTarget.
	DefaultPerTarget = 4
	// DefaultStartupRate is the default of Options.StartupRate.
	DefaultStartupRate = 200
)

// Options of an Engine. The zero value is ready for use.
type Options struct {
	// Clock tells the time by which checks are due, covered and dated. Default
	// the real one. The deadline of the context that a Probe gets runs on the
	// machine's clock in any case: a Probe deals with the real world.
	Clock clock.WithTicker
	// LagClock is the clock whose heartbeat measures how late this process is
	// scheduled. Default the real one, even where Clock is another: the lag is
	// a property of the process.
	LagClock clock.WithTicker
	// Workers is how many checks may run at once, at least 2. At most half of
	// them run checks of targets that timed out last time or were never asked
	// before. Default DefaultWorkers. They are started when needed.
	Workers int
	// PerTarget is how many checks may run at once against one target
	// ("host:port"). Default DefaultPerTarget.
	PerTarget int
	// StartupRate is how many checks per second, beside those that are due
	// anyway, are asked ahead of their time because they are new. Default
	// DefaultStartupRate. Checks beyond that rate are spread over the first
	// interval (at most 60 s).
	StartupRate float64
	// Wake is called, one call at a time and outside of all locks, when
	// something changed that a reader of Observations would record: state,
	// since, reason or the certificate's expiry. Nil means nobody listens.
	// Keys that changed again while Wake was busy are told once. It may block,
	// but as long as it does nobody else is told.
	Wake func(types.NamespacedName)
	// Witness proves that the route by which probes leave works, for instance
	// by reaching the API server through the probes' dialer. It is asked when
	// a check failed in a way that the route may be to blame for, at most once
	// a second and by one goroutine at a time, and has 5 s. Without it such a
	// failure counts only if another network answered within 10 s of it.
	Witness func(context.Context) error
	// OnGap is told when a time begins in which the engine cannot see, and
	// again, with To set, when it ends. Called like Wake, in order. Nil means
	// nobody listens.
	OnGap func(Gap)
	// Logger for the people who run the operator. The zero value is silent.
	Logger logr.Logger
}

// Gap is a time that nobody observed, in wall time.
type Gap struct {
	// From is when it began, and its identity.
	From time.Time
	// To is when it ended; zero while it lasts.
	To time.Time
	// Reason is GapBlind, GapClockStepped or GapDistrusted.
	Reason string
}

// Reasons of a Gap.
const (
	// GapBlind: nothing at all could be reached.
	GapBlind = "Blind"
	// GapClockStepped: the wall clock was set, or the machine slept: the wall
	// time in between passed twice or not at all. Told once, with To set.
	GapClockStepped = "ClockStepped"
	// GapDistrusted: Distrust was called, since the operator itself was not fit
	// to judge. It may overlap with another one.
	GapDistrusted = "Distrusted"
)

func (o *Options) setDefaults() {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.LagClock == nil {
		o.LagClock = clock.RealClock{}
	}
	if o.Workers <= 0 {
		o.Workers = DefaultWorkers
	}
	o.Workers = max(o.Workers, 2)
	if o.PerTarget <= 0 {
		o.PerTarget = DefaultPerTarget
	}
	if o.StartupRate <= 0 {
		o.StartupRate = DefaultStartupRate
	}
	if o.Wake == nil {
		o.Wake = func(types.NamespacedName) {}
	}
	if o.OnGap == nil {
		o.OnGap = func(Gap) {}
	}
	if o.Logger.GetSink() == nil {
		o.Logger = logr.Discard()
	}
}

const (
	defaultInterval         = time.Minute
	defaultTimeout          = 10 * time.Second
	defaultFailureThreshold = 3
	defaultSuccessThreshold = 1
	maxThreshold            = 1<<16 - 1
)

// withDefaults returns the check as the engine uses it.
func (c Check) withDefaults() Check {
	if c.Interval <= 0 {
		c.Interval = defaultInterval
	}
	if c.Timeout <= 0 {
		c.Timeout = min(defaultTimeout, c.Interval/2)
	}
	if c.FailureThreshold <= 0 {
		c.FailureThreshold = defaultFailureThreshold
	}
	if c.SuccessThreshold <= 0 {
		c.SuccessThreshold = defaultSuccessThreshold
	}
	c.FailureThreshold = min(c.FailureThreshold, maxThreshold)
	c.SuccessThreshold = min(c.SuccessThreshold, maxThreshold)
	return c
}
