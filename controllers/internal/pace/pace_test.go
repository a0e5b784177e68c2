// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
)

// limits of the tests.
var limits = Limits{Settle: 200 * time.Millisecond, Burst: 3, Spacing: 5 * time.Second}

// unit that changes.
var unit = types.NamespacedName{Name: "u"}

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// play lets a unit change at the given moments, reconciles it whenever the
// pacer says so, writes each time, and returns the moments of the writes.
func play(changes []time.Duration) (writes []time.Duration) {
	fake := clocktesting.NewFakePassiveClock(noon)
	p := New(fake, limits)
	due, queued := time.Duration(0), false
	reconcile := func() {
		fake.SetTime(noon.Add(due))
		if wait := p.Begin(unit); wait > 0 {
			due += wait
			return
		}
		queued = false
		p.Wrote(unit)
		writes = append(writes, due)
	}
	for _, at := range changes {
		for queued && due <= at {
			reconcile()
		}
		fake.SetTime(noon.Add(at))
		if after, needed := p.Queue(unit); needed {
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
// within a settling time where the bucket allows and within a spacing otherwise,
// and no span of time sees more writes than the burst and one per spacing.
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
			if next == len(writes) || writes[next] > change+limits.Settle+limits.Spacing {
				t.Fatalf("the change at %v is not told in time: %v", change, writes)
			}
		}
		for i := range writes {
			for j := i; j < len(writes); j++ {
				span := writes[j] - writes[i]
				if allowed := limits.Burst + int(span/limits.Spacing); j-i+1 > allowed {
					t.Fatalf("%d writes within %v, allowed are %d: %v", j-i+1, span, allowed, writes)
				}
			}
		}
	})
}

func TestPacerQueuesOnce(t *testing.T) {
	p := New(clocktesting.NewFakePassiveClock(noon), limits)
	if after, needed := p.Queue(unit); !needed || after != limits.Settle {
		t.Fatalf("the first change: %v, %t", after, needed)
	}
	if _, needed := p.Queue(unit); needed {
		t.Error("a unit that is queued already was queued again")
	}
	if _, needed := p.Queue(types.NamespacedName{Name: "other"}); !needed {
		t.Error("one unit keeps another from being queued")
	}
	p.Begin(unit)
	if _, needed := p.Queue(unit); !needed {
		t.Error("a change after the reconciliation began was lost")
	}
	p.Forget(unit)
	if len(p.paces) != 1 {
		t.Errorf("%d units are kept, want 1", len(p.paces))
	}
}
