// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"kdz.mainz.de/operator/internal/observe"
)

const (
	engineChecks   = 5_000
	engineInterval = 5 * time.Second
)

var engineRow = row{
	name: "engine",
	about: `The same HTTP check through the whole engine (registry, schedule, pool, thresholds): 5,000 of them every 5 s,
by operations per second of processor time. It idles most of the time, and a processor that is woken for each operation
does more for it. So the limit, Go's client over new connections, is paced alike: 1,000 requests a second, evenly.`,
	needs: []string{nginx},
	measure: func(ctx context.Context, b *bench) ([]line, error) {
		return b.withWeb(ctx, func(w *web) ([]comparison, error) {
			var all []string
			for n := range engineChecks {
				all = append(all, fmt.Sprintf("http://%s/%d", w.Plain[n%len(w.Plain)], n))
			}
			// Each check once, at least.
			slow := *b
			slow.turn = max(b.turn, engineInterval)
			return []comparison{{
				what:   "HTTP through the engine",
				ours:   side{leg: slow.legOf("engine", probes{URLs: all}, nil)},
				theirs: side{"net/http, paced", slow.legOf("paced-http", bareHTTP{URLs: all}, nil)},
				figure: perCPU,
				goal:   atLeast(0.7),
			}}, nil
		})
	},
}

// engineWorker has an engine ask the probes.
func engineWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[probes](args)
	if err != nil {
		return nil, err
	}
	all, err := told.make()
	if err != nil {
		return nil, err
	}
	m := &meter{latencies: latencies{}}
	engine := observe.New(observe.Options{})
	runEngine(ctx, engine)
	for n, p := range all {
		subscribe(engine, metered{p, m}, n, engineInterval)
	}
	// All were asked once, and have found their places in time.
	if err := await(ctx, &m.runs, int64(len(all)), 10*engineInterval); err != nil {
		return nil, err
	}
	return m.window, pass(ctx, engineInterval)
}

// window counts what others do meanwhile.
func (m *meter) window(ctx context.Context, length time.Duration) (*sample, error) {
	if _, err := m.take(); err != nil {
		return nil, err
	}
	began, before := time.Now(), m.runs.Load()
	if err := pass(ctx, length); err != nil {
		return nil, err
	}
	out := &sample{Operations: m.runs.Load() - before, Wall: time.Since(began)}
	var err error
	out.Latencies, err = m.take()
	return out, err
}

// pacedHTTPWorker asks so often as an engine would have to: each URL once in an
// interval, evenly.
func pacedHTTPWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[bareHTTP](args)
	if err != nil {
		return nil, err
	}
	client := told.client()
	m := &meter{latencies: latencies{}}
	work := make(chan string, len(told.URLs))
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for url := range work {
				from := time.Now()
				err := get(ctx, client, url, io.Discard)
				m.ran(time.Since(from), err)
			}
		})
	}
	go func() {
		defer close(work)
		began := time.Now()
		for n := 0; ; n++ {
			due := began.Add(time.Duration(n) * engineInterval / time.Duration(len(told.URLs)))
			if pass(ctx, time.Until(due)) != nil {
				return
			}
			work <- told.URLs[n%len(told.URLs)]
		}
	}()
	return m.window, pass(ctx, warmUp)
}
