// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"sync"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestLagIsMeasured(t *testing.T) {
	clock := clocktesting.NewFakeClock(dayZero)
	m := newLagMeter(clock)
	if mark := m.mark(); m.lagged(mark, time.Minute) {
		t.Error("lagging before it beats")
	}
	ctx, cancel := context.WithCancel(t.Context())
	var beating sync.WaitGroup
	beating.Go(func() { m.beat(ctx) })
	defer beating.Wait()
	defer cancel()
	eventually(t, "it beats", func() bool { return m.beatAt.Load() != 0 && clock.HasWaiters() })
	next := func(d time.Duration) {
		t.Helper()
		clock.Step(d)
		eventually(t, "it beats again", func() bool { return m.beatAt.Load() == m.now() && clock.HasWaiters() })
	}

	mark := m.mark()
	next(beatEvery)
	next(beatEvery + maxLag) // just within what is allowed
	if m.lagged(mark, time.Second) {
		t.Error("lagging though it was on time")
	}
	next(beatEvery + maxLag + time.Millisecond)
	if !m.lagged(mark, time.Second) {
		t.Error("a late beat is no lag")
	}
	if m.lagged(mark, maxLag) {
		t.Error("a check was held up for longer than it took")
	}
	if m.lagged(m.mark(), time.Second) {
		t.Error("what began after the late beat is held up by it")
	}
	if got := time.Duration(m.worst.Load()); got != maxLag+time.Millisecond {
		t.Errorf("measured a lag of %s", got)
	}
}

func TestLagIsSeenBeforeTheNextBeat(t *testing.T) {
	clock := clocktesting.NewFakeClock(dayZero)
	m := newLagMeter(clock)
	m.beatAt.Store(m.now())
	mark := m.mark()
	clock.Step(beatEvery + maxLag)
	if m.lagged(mark, time.Second) {
		t.Error("lagging too early")
	}
	clock.Step(time.Millisecond)
	if !m.lagged(mark, time.Second) {
		t.Error("coming back from a halt, the check is told before the heartbeat: not seen")
	}
}
