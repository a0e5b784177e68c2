// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

const (
	// beatEvery is the period of the heartbeat by which lag is measured.
	beatEvery = 100 * time.Millisecond
	// maxLag is how late this process may be scheduled without making failures
	// doubtful.
	maxLag = 250 * time.Millisecond
)

// lagMeter measures how late this process is scheduled: starved of CPU, stopped
// or throttled it takes its own delay for its targets'. Its heartbeat asks to be
// woken each 100 ms and looks how late it is. A check that waits for a place in
// the pool or for its target is late too, but then it is not the check that is
// slow: that is not lag. Nor can a check have been held up that took no longer
// than the lag allowed.
type lagMeter struct {
	clock  clock.WithTicker
	origin time.Time
	beatAt atomic.Int64 // when it beat last, 0 if it does not beat
	stalls atomic.Int64 // how often it was late by more than maxLag
	worst  atomic.Int64 // the lag of the last beat
}

// lagMark is a moment of the lagMeter.
type lagMark struct{ stalls int64 }

func newLagMeter(c clock.WithTicker) *lagMeter {
	return &lagMeter{clock: c, origin: c.Now()}
}

func (m *lagMeter) now() int64 { return int64(m.clock.Since(m.origin)) + 1 }

// beat beats until ctx is done.
func (m *lagMeter) beat(ctx context.Context) {
	m.beatAt.Store(m.now())
	defer m.beatAt.Store(0)
	timer := m.clock.NewTimer(beatEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		}
		timer.Reset(beatEvery)
		now := m.now()
		lag := now - m.beatAt.Load() - int64(beatEvery)
		m.worst.Store(max(lag, 0))
		if lag > int64(maxLag) {
			m.stalls.Add(1)
		}
		m.beatAt.Store(now)
	}
}

// mark returns the present moment.
func (m *lagMeter) mark() lagMark { return lagMark{stalls: m.stalls.Load()} }

// lagged reports whether the process was held up at any time since the mark, or
// is just now coming back from it, during a check that took so long.
func (m *lagMeter) lagged(since lagMark, took time.Duration) bool {
	if took <= maxLag {
		return false
	}
	if m.stalls.Load() != since.stalls {
		return true
	}
	beatAt := m.beatAt.Load()
	return beatAt != 0 && m.now()-beatAt > int64(beatEvery+maxLag)
}
