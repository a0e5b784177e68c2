// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// play lets a unit change at the given moments, reconciles it whenever the
// pacer says so, writes each time, and returns the moments of the writes.
func play(changes []time.Duration) (writes []time.Duration) {
	fake := clocktesting.NewFakePassiveClock(noon)
	p := newPacer(fake)
	due, queued := time.Duration(0), false
	reconcile := func() {
		fake.SetTime(noon.Add(due))
		if wait := p.begin("u"); wait > 0 {
			due += wait
			return
		}
		queued = false
		p.wrote("u")
		writes = append(writes, due)
	}
	for _, at := range changes {
		for queued && due <= at {
			reconcile()
		}
		fake.SetTime(noon.Add(at))
		if after, needed := p.queue("u"); needed {
			due, queued = at+after, true
		}
	}
	for queued {
		reconcile()
	}
	return writes
}

func TestPacer(t *testing.T) {
	const ms, s = time.Millisecond, time.Second
	every := func(step, until time.Duration) (at []time.Duration) {
		for d := time.Duration(0); d < until; d += step {
			at = append(at, d)
		}
		return at
	}
	tests := map[string]struct{ changes, writes []time.Duration }{
		"one change is told at once":           {[]time.Duration{0}, []time.Duration{200 * ms}},
		"what comes together is told together": {every(100*time.Microsecond, 100*ms), []time.Duration{200 * ms}},
		"a burst of three, then 5 s apart": {
			every(10*ms, 16*s),
			[]time.Duration{200 * ms, 400 * ms, 600 * ms, 5200 * ms, 10200 * ms, 15200 * ms, 20200 * ms},
		},
		"the last change is told, late as it may be": {
			[]time.Duration{0, 1 * s, 2 * s, 3 * s},
			[]time.Duration{200 * ms, 1200 * ms, 2200 * ms, 5200 * ms},
		},
		"the burst comes back after a while": {
			[]time.Duration{0, 1 * s, 2 * s, 60 * s, 61 * s, 62 * s},
			[]time.Duration{200 * ms, 1200 * ms, 2200 * ms, 60200 * ms, 61200 * ms, 62200 * ms},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.writes, play(tc.changes)); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPacerKeepsItsBounds: whatever comes, every change is followed by a write,
// within a settling time where the bucket allows and within spacing otherwise,
// and no span of time sees more writes than burst and one per spacing.
func TestPacerKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var changes []time.Duration
		at := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			at += time.Duration(rapid.IntRange(0, 3000).Draw(t, "pause")) * time.Millisecond
			changes = append(changes, at)
		}
		writes := play(changes)

		next := 0
		for _, change := range changes {
			for next < len(writes) && writes[next] <= change {
				next++
			}
			if next == len(writes) || writes[next] > change+settle+spacing {
				t.Fatalf("the change at %v is not told in time: %v", change, writes)
			}
		}
		for i := range writes {
			for j := i; j < len(writes); j++ {
				span := writes[j] - writes[i]
				if allowed := burst + int(span/spacing); j-i+1 > allowed {
					t.Fatalf("%d writes within %v, allowed are %d: %v", j-i+1, span, allowed, writes)
				}
			}
		}
	})
}

func TestPacerQueuesOnce(t *testing.T) {
	p := newPacer(clocktesting.NewFakePassiveClock(noon))
	if after, needed := p.queue("u"); !needed || after != settle {
		t.Fatalf("the first change: %v, %t", after, needed)
	}
	if _, needed := p.queue("u"); needed {
		t.Error("a unit that is queued already was queued again")
	}
	if _, needed := p.queue("other"); !needed {
		t.Error("one unit keeps another from being queued")
	}
	p.begin("u")
	if _, needed := p.queue("u"); !needed {
		t.Error("a change after the reconciliation began was lost")
	}
	p.forget("u")
	if len(p.units) != 1 {
		t.Errorf("%d units are kept, want 1", len(p.units))
	}
}
