// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

func TestNextPhaseIsTheFirstDueTimeAfterwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		interval := rapid.Int64Range(1, int64(24*time.Hour)).Draw(t, "interval")
		offset := rapid.Int64Range(-int64(time.Hour), 1<<61).Draw(t, "offset")
		after := rapid.Int64Range(0, 1<<60).Draw(t, "after")
		phase := rapid.Uint64().Draw(t, "phase")
		due := nextPhase(phase, interval, offset, after)
		if due <= after || due > after+interval {
			t.Fatalf("due %d is not within one interval %d after %d", due, interval, after)
		}
		if got, want := mod(due+offset, interval), int64(phase%uint64(interval)); got != want {
			t.Fatalf("due at %d modulo the interval, want %d", got, want)
		}
	})
}

func mod(x, m int64) int64 { return (x%m + m) % m }

func TestPhaseDependsOnNothingButUIDAndName(t *testing.T) {
	// Written down once: another value would move every check of a fleet at the
	// next update.
	if got, want := phaseOf("6f2c3a9e-0c1d-4d53-9df5-0f3f6f0f4a11", "web"), uint64(7129257998855182219); got != want {
		t.Errorf("phase %d, want %d", got, want)
	}
	if phaseOf("a", "bc") == phaseOf("ab", "c") {
		t.Error("UID and name run into each other")
	}
}

func TestPhasesSpreadEvenly(t *testing.T) {
	const checks, slots = 100_000, 300 // of 100 ms in 30 s
	var count [slots]int
	for i := range checks {
		uid := types.UID(fmt.Sprintf("00000000-0000-4000-8000-%012d", i))
		count[phaseOf(uid, "web")%uint64(30*time.Second)/uint64(100*time.Millisecond)]++
	}
	mean := float64(checks) / slots
	if highest := slices.Max(count[:]); float64(highest) > mean+6*math.Sqrt(mean) {
		t.Errorf("%d checks within 100 ms, on average there are %.0f", highest, mean)
	}
}

// marker is something in a timeline.
type marker struct{ place int32 }

func (m *marker) setPlace(place int32) { m.place = place }

func TestTimelineEqualsSortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var line timeline[*marker]
		model := map[*marker]int64{}
		var all []*marker // in the order in which they came, so that draws repeat
		times := rapid.Int64Range(0, 50)
		t.Repeat(map[string]func(*rapid.T){
			"add": func(t *rapid.T) {
				m, at := &marker{place: nowhere}, times.Draw(t, "at")
				line.add(m, at)
				model[m], all = at, append(all, m)
			},
			"move": func(t *rapid.T) {
				if len(all) == 0 {
					return
				}
				m, at := rapid.SampledFrom(all).Draw(t, "which"), times.Draw(t, "at")
				line.move(m.place, at)
				model[m] = at
			},
			"remove": func(t *rapid.T) {
				if len(all) == 0 {
					return
				}
				i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				line.remove(all[i].place)
				if all[i].place != nowhere {
					t.Fatal("what was removed still has a place")
				}
				delete(model, all[i])
				all = slices.Delete(all, i, i+1)
			},
			"": func(t *rapid.T) {
				earliest := int64(never)
				for m, at := range model {
					earliest = min(earliest, at)
					if line.at(m.place) != at || line.entries[m.place].item != m {
						t.Fatalf("an item is at place %d, but there is another", m.place)
					}
				}
				if line.next() != earliest || len(line.entries) != len(model) {
					t.Fatalf("next is %d of %d, want %d of %d", line.next(), len(line.entries), earliest, len(model))
				}
			},
		})
	})
}
