// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Bounds and defaults of how an endpoint is checked.
const (
	// DefaultInterval holds where an endpoint declares none.
	DefaultInterval = time.Minute
	// MinInterval and MaxInterval bound the time between two checks.
	MinInterval = 5 * time.Second
	MaxInterval = 24 * time.Hour
	// MinTimeout is the shortest timeout of a check.
	MinTimeout = 10 * time.Millisecond
	// MaxDefaultTimeout bounds the timeout of an endpoint that declares none.
	MaxDefaultTimeout = 10 * time.Second
)

// Interval returns the time between two checks of e, MinInterval to
// MaxInterval, or a *SpecError if what e declares cannot be used.
func Interval(e *v1alpha1.Endpoint) (time.Duration, error) {
	d, err := duration("interval", e.Interval, DefaultInterval)
	if err != nil {
		return 0, err
	}
	if d < MinInterval || d > MaxInterval {
		return 0, invalid("interval", "must be at least %v and at most %v", MinInterval, MaxInterval)
	}
	return d, nil
}

// Timeout returns how long one check of e may take: what e declares, or half
// of its interval but at most MaxDefaultTimeout. It is at least MinTimeout and
// shorter than the interval. The error is a *SpecError.
func Timeout(e *v1alpha1.Endpoint) (time.Duration, error) {
	interval, err := Interval(e)
	if err != nil {
		return 0, err
	}
	d, err := duration("timeout", e.Timeout, min(MaxDefaultTimeout, interval/2))
	if err != nil {
		return 0, err
	}
	if d < MinTimeout || d >= interval {
		return 0, invalid("timeout", "must be at least %v and shorter than interval", MinTimeout)
	}
	return d, nil
}

// MaxLatency returns the time within which a check of e has to be answered so
// as not to be slow; 0 means that none is agreed. The error is a *SpecError.
func MaxLatency(e *v1alpha1.Endpoint) (time.Duration, error) {
	d, err := duration("maxLatency", e.MaxLatency, 0)
	if err != nil {
		return 0, err
	}
	if e.MaxLatency != "" && d <= 0 {
		return 0, invalid("maxLatency", "must be longer than 0s")
	}
	return d, nil
}

func duration(field string, declared v1alpha1.Duration, otherwise time.Duration) (time.Duration, error) {
	if declared == "" {
		return otherwise, nil
	}
	d, err := time.ParseDuration(string(declared))
	if err != nil {
		return 0, invalid(field, "%q is no duration such as 30s or 1h30m", declared)
	}
	return d, nil
}
