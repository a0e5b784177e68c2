// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
)

// ofApplications are the limits of the tests.
var ofApplications = WriteLimits{Burst: 4, Spacing: 10 * time.Second, Minor: time.Minute}

// version of an object: its state, on which somebody acts, and its message.
type version struct{ state, message int }

// change of an object at a moment.
type change struct {
	at time.Duration
	to version
}

// written is a version that was written at a moment.
type written struct {
	at time.Duration
	as version
}

// write lets an object change, asks on each change and whenever it is told to
// come again, and returns what was written.
func write(w *Writes, key types.NamespacedName, changes []change) (writes []written) {
	var stored, is version
	// again is when to come again; none below zero.
	again := time.Duration(-1)
	look := func(at time.Duration) {
		again = -1
		now := noon.Add(at)
		if is == stored {
			w.Settled(key, now)
			return
		}
		if wait := w.Wait(key, is.state == stored.state, now); wait > 0 {
			again = at + wait
			return
		}
		stored = is
		writes = append(writes, written{at, is})
		w.Wrote(key, now)
	}
	for _, c := range changes {
		for again >= 0 && again <= c.at {
			look(again)
		}
		is = c.to
		look(c.at)
	}
	for again >= 0 {
		look(again)
	}
	return writes
}

var someKey = types.NamespacedName{Namespace: "amt-10", Name: "civento"}

func TestWrites(t *testing.T) {
	const s = time.Second
	tests := map[string]struct {
		changes []change
		want    []written
	}{
		"a change of state is written at once": {
			[]change{{0, version{1, 1}}},
			[]written{{0, version{1, 1}}},
		},
		"a burst of four, then one in 10 s, and the last is told": {
			[]change{{0, version{1, 0}}, {1 * s, version{2, 0}}, {2 * s, version{3, 0}}, {3 * s, version{4, 0}}, {4 * s, version{5, 0}}, {5 * s, version{6, 0}}},
			[]written{{0, version{1, 0}}, {1 * s, version{2, 0}}, {2 * s, version{3, 0}}, {3 * s, version{4, 0}}, {10 * s, version{6, 0}}},
		},
		"what returns before it was written is not written": {
			[]change{{0, version{1, 0}}, {1 * s, version{2, 0}}, {2 * s, version{3, 0}}, {3 * s, version{4, 0}}, {4 * s, version{5, 0}}, {5 * s, version{4, 0}}},
			[]written{{0, version{1, 0}}, {1 * s, version{2, 0}}, {2 * s, version{3, 0}}, {3 * s, version{4, 0}}},
		},
		"a message waits for a minute, and the last is told": {
			[]change{{0, version{0, 1}}, {59 * s, version{0, 2}}},
			[]written{{60 * s, version{0, 2}}},
		},
		"a message goes with a change of state": {
			[]change{{0, version{0, 1}}, {5 * s, version{1, 1}}, {6 * s, version{1, 2}}},
			[]written{{5 * s, version{1, 1}}, {66 * s, version{1, 2}}},
		},
		"a message that was taken back does not hasten the next": {
			[]change{{0, version{0, 1}}, {30 * s, version{0, 0}}, {45 * s, version{0, 2}}},
			[]written{{105 * s, version{0, 2}}},
		},
		"the burst comes back": {
			[]change{
				{0, version{1, 0}},
				{1 * s, version{2, 0}},
				{2 * s, version{3, 0}},
				{3 * s, version{4, 0}},
				{60 * s, version{5, 0}},
				{61 * s, version{6, 0}},
				{62 * s, version{7, 0}},
				{63 * s, version{8, 0}},
			},
			[]written{
				{0, version{1, 0}},
				{1 * s, version{2, 0}},
				{2 * s, version{3, 0}},
				{3 * s, version{4, 0}},
				{60 * s, version{5, 0}},
				{61 * s, version{6, 0}},
				{62 * s, version{7, 0}},
				{63 * s, version{8, 0}},
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := write(NewWrites(ofApplications), someKey, tc.changes)
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(written{}, version{})); diff != "" {
				t.Errorf("written (-want +got):\n%s", diff)
			}
		})
	}
}

// TestWritesKeepTheirBounds: whatever an object does, no span of time sees more
// writes than the burst and one per spacing, what somebody acts on is written
// within a spacing, a message within a minute and a spacing, and in the end all
// is as it is. Nothing is kept of it then.
func TestWritesKeepTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var changes []change
		at := time.Duration(0)
		for range rapid.IntRange(1, 60).Draw(t, "changes") {
			at += time.Duration(rapid.SampledFrom([]int{1, 500, 4_000, 30_000}).Draw(t, "pause")) * time.Millisecond
			is := version{state: rapid.IntRange(0, 2).Draw(t, "state"), message: rapid.IntRange(0, 2).Draw(t, "message")}
			changes = append(changes, change{at, is})
		}
		w := NewWrites(ofApplications)
		writes := write(w, someKey, changes)

		for i := range writes {
			for j := i; j < len(writes); j++ {
				span := writes[j].at - writes[i].at
				if allowed := ofApplications.Burst + int(span/ofApplications.Spacing); j-i+1 > allowed {
					t.Fatalf("%d writes within %v, allowed are %d: %v", j-i+1, span, allowed, writes)
				}
			}
		}
		mustBeTold(t, changes, writes)

		w.Settled(types.NamespacedName{}, noon.Add(at+time.Hour))
		if len(w.objects) > 0 {
			t.Errorf("at rest %d objects are kept", len(w.objects))
		}
	})
}

// mustBeTold fails where what is stored differed for too long from what is.
func mustBeTold(t *rapid.T, changes []change, writes []written) {
	t.Helper()
	stored, next := version{}, 0
	for i, c := range changes {
		for next < len(writes) && writes[next].at <= c.at {
			stored, next = writes[next].as, next+1
		}
		allowed := ofApplications.Spacing
		if c.to.state == stored.state {
			allowed += ofApplications.Minor
		}
		end := c.at + allowed
		if c.to == stored || i+1 < len(changes) && changes[i+1].at <= end {
			continue
		}
		if next == len(writes) || writes[next].at > end || writes[next].as != c.to {
			t.Fatalf("%v of %v was not written by %v: %v", c.to, c.at, end, writes)
		}
	}
}

func TestWritesOfAFleet(t *testing.T) {
	w := NewWrites(ofApplications)
	for i := range 100_000 {
		key := types.NamespacedName{Name: fmt.Sprint(i)}
		if wait := w.Wait(key, false, noon); wait != 0 {
			t.Fatalf("%s waits for %v", key, wait)
		}
		w.Wrote(key, noon)
	}
	if wait := w.Wait(someKey, true, noon.Add(39*time.Second)); wait != time.Minute || len(w.objects) != 100_001 {
		t.Fatalf("%d objects, and a message waits for %v", len(w.objects), wait)
	}
	w.Settled(types.NamespacedName{}, noon.Add(40*time.Second))
	if len(w.objects) != 1 {
		t.Errorf("after 40 s %d objects are kept, want the one with a message", len(w.objects))
	}
	w.Forget(someKey)
	if len(w.objects) != 0 {
		t.Errorf("%d objects are kept, and the last is gone", len(w.objects))
	}
}

// TestWritesAfterTheClockWasPutBack: nothing waits longer than it would have.
func TestWritesAfterTheClockWasPutBack(t *testing.T) {
	w := NewWrites(ofApplications)
	for range 4 {
		w.Wrote(someKey, noon)
	}
	other := types.NamespacedName{Name: "other"}
	w.Wait(other, true, noon)
	back := noon.Add(-time.Hour)
	if wait := w.Wait(someKey, false, back); wait != 10*time.Second {
		t.Errorf("a change of state waits for %v", wait)
	}
	if wait := w.Wait(someKey, false, back.Add(10*time.Second)); wait != 0 {
		t.Errorf("10 s later it waits for %v more", wait)
	}
	if wait := w.Wait(other, true, back); wait != time.Minute {
		t.Errorf("a message waits for %v", wait)
	}
}
