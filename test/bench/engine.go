// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/internal/observe"
)

// meter counts what probes do while an engine runs them.
type meter struct {
	runs atomic.Int64

	mu        sync.Mutex
	latencies latencies
	fault     error // the first
}

// ran counts one run.
func (m *meter) ran(took time.Duration, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.latencies.add(took)
	if m.fault == nil {
		m.fault = err
	}
	m.runs.Add(1)
}

// take returns what was counted since it was last called.
func (m *meter) take() (latencies, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := m.latencies
	m.latencies = latencies{}
	return out, m.fault
}

// metered is a probe that is counted.
type metered struct {
	observe.Probe
	meter *meter
}

// Run implements observe.Probe.
func (p metered) Run(ctx context.Context) observe.Result {
	from := time.Now()
	r := p.Probe.Run(ctx)
	p.meter.ran(time.Since(from), succeeded(r))
	return r
}

// subscribe makes each probe the one check of an object with a name as long as
// real ones.
func subscribe(engine *observe.Engine, probe observe.Probe, n int, interval time.Duration) {
	engine.Ensure(observe.Subscriber{
		Key: types.NamespacedName{Namespace: fmt.Sprintf("kdz-16-%02d", n%40), Name: fmt.Sprintf("application-%06d", n)},
		UID: types.UID(fmt.Sprintf("6f2c3a9e-0c1d-4d53-9df5-%012d", n)),
	}, []observe.Check{{Name: "web", Probe: probe, Interval: interval}})
}

// run starts the engine, which ends with ctx.
func runEngine(ctx context.Context, engine *observe.Engine) {
	go func() {
		// It returns an error only when it is started twice.
		_ = engine.Start(ctx)
	}()
}

// await waits until a number has been reached.
func await(ctx context.Context, number *atomic.Int64, least int64, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for number.Load() < least {
		select {
		case <-ctx.Done():
			return fmt.Errorf("after %s only %d of %d checks ran", limit, number.Load(), least)
		case <-tick.C:
		}
	}
	return nil
}

// pass waits for so long.
func pass(ctx context.Context, length time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(length):
		return nil
	}
}
