// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// atOnce is how many operations a loop keeps under way: enough that one
	// that waits does not leave a processor idle.
	atOnce = 8
	// warmUp is how long a loop runs before it is measured.
	warmUp = 300 * time.Millisecond
)

// loop returns a window that keeps atOnce operations under way, after having
// run it for a moment. operate is given numbers that ascend, each once.
func loop(ctx context.Context, operate func(ctx context.Context, n int) error) (window, error) {
	return loopOf(ctx, atOnce, operate)
}

// loopOf is loop with another number of operations under way.
func loopOf(ctx context.Context, atOnce int, operate func(ctx context.Context, n int) error) (window, error) {
	run := func(ctx context.Context, length time.Duration) (*sample, error) {
		began := time.Now()
		var (
			all    sync.WaitGroup
			parts  = make([]sample, atOnce)
			errs   = make([]error, atOnce)
			finish = began.Add(length)
		)
		for i := range atOnce {
			parts[i].Latencies = latencies{}
			all.Go(func() { errs[i] = lane(ctx, &parts[i], i, atOnce, finish, operate) })
		}
		all.Wait()
		out := &sample{Wall: time.Since(began), Latencies: latencies{}}
		for i := range parts {
			out.Operations += parts[i].Operations
			out.Latencies.take(parts[i].Latencies)
		}
		return out, errors.Join(errs...)
	}
	_, err := run(ctx, warmUp)
	return run, err
}

// lane does one operation after the other until finish; their numbers are n,
// n+step, and so on.
func lane(ctx context.Context, s *sample, n, step int, finish time.Time, operate func(ctx context.Context, n int) error) error {
	for from := time.Now(); from.Before(finish); {
		if err := operate(ctx, n); err != nil {
			return err
		}
		now := time.Now()
		s.Latencies.add(now.Sub(from))
		s.Operations++
		n += step
		from = now
	}
	return nil
}
