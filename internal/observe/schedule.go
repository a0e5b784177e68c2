// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"hash/fnv"
	"math"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// never is an instant that does not come.
const never = math.MaxInt64

// instant is one moment on two clocks, both in nanoseconds: mono never jumps
// and is what everything is measured by, wall is what people are shown.
type instant struct {
	mono int64 // since the engine was made
	wall int64 // since 1970
}

// wallTime returns the instant as people are shown it; the zero time for zero.
func wallTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// wallNanos is the inverse of wallTime.
func wallNanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// phaseOf places a check in time: it is due at each wall time that is congruent
// to it modulo the check's interval. It depends on nothing but the object's UID
// and the check's name, so restarts and other replicas place it alike.
func phaseOf(uid types.UID, name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(uid))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(name))
	// FNV's high bits are weak for inputs that differ at their end only, and
	// the remainder of a division by an interval depends on all of them.
	x := h.Sum64()
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// nextPhase returns the first due time after the monotonic instant after, for
// the given phase and interval; offset is wall time minus monotonic time.
func nextPhase(phase uint64, interval, offset, after int64) int64 {
	place := int64(phase % uint64(interval))
	wall := after + offset
	since := (wall - place) % interval
	if since < 0 {
		since += interval
	}
	return after + interval - since
}

// timed is something that waits in a timeline. It remembers its place.
type timed interface{ setPlace(place int32) }

// nowhere is the place of what is in no timeline.
const nowhere = int32(-1)

// timeline is a heap of things by their time. Adding, moving and removing cost
// the logarithm of its length. The zero value is empty.
type timeline[T timed] struct{ entries []timelineEntry[T] }

type timelineEntry[T timed] struct {
	at   int64
	item T
}

// next returns the time of the first item; never if there is none.
func (t *timeline[T]) next() int64 {
	if len(t.entries) == 0 {
		return never
	}
	return t.entries[0].at
}

// at returns the time of the item at the place.
func (t *timeline[T]) at(place int32) int64 { return t.entries[place].at }

// first returns the item whose time comes first. The timeline must not be
// empty.
func (t *timeline[T]) first() T { return t.entries[0].item }

// add puts in an item that is not yet there.
func (t *timeline[T]) add(item T, at int64) {
	t.entries = append(t.entries, timelineEntry[T]{at, item})
	t.up(len(t.entries) - 1)
}

// move changes the time of the item at the place.
func (t *timeline[T]) move(place int32, at int64) {
	i := int(place)
	earlier := at < t.entries[i].at
	t.entries[i].at = at
	if earlier {
		t.up(i)
	} else {
		t.down(i)
	}
}

// before calls f for each item whose time is before the given one. F must leave
// the timeline alone.
func (t *timeline[T]) before(at int64, f func(T)) { t.beforeFrom(0, at, f) }

func (t *timeline[T]) beforeFrom(i int, at int64, f func(T)) {
	if i >= len(t.entries) || t.entries[i].at >= at {
		return
	}
	f(t.entries[i].item)
	t.beforeFrom(2*i+1, at, f)
	t.beforeFrom(2*i+2, at, f)
}

// index is where an item of a timeline is, in a timeline of such.
type index int

func (index) setPlace(int32) {}

// earliest returns the first items, at most n, in the order of their times. It
// costs n times the logarithm of n, however many there are.
func (t *timeline[T]) earliest(n int) []T {
	var found []T
	var next timeline[index]
	look := func(i int) {
		if i < len(t.entries) {
			next.add(index(i), t.entries[i].at)
		}
	}
	look(0)
	for len(found) < n && len(next.entries) > 0 {
		i := int(next.first())
		next.remove(0)
		found = append(found, t.entries[i].item)
		look(2*i + 1)
		look(2*i + 2)
	}
	return found
}

// remove takes out the item at the place.
func (t *timeline[T]) remove(place int32) {
	i, last := int(place), len(t.entries)-1
	t.entries[i].item.setPlace(nowhere)
	moved := t.entries[last]
	t.entries[last] = timelineEntry[T]{}
	t.entries = t.entries[:last]
	if last == 0 && cap(t.entries) > 1024 {
		t.entries = nil // what a storm needed is not kept
	}
	if i == last {
		return
	}
	earlier := moved.at < t.entries[max((i-1)/2, 0)].at
	t.entries[i] = moved
	if earlier && i > 0 {
		t.up(i)
	} else {
		t.down(i)
	}
}

func (t *timeline[T]) up(i int) {
	entry := t.entries[i]
	for i > 0 {
		parent := (i - 1) / 2
		if t.entries[parent].at <= entry.at {
			break
		}
		t.put(i, t.entries[parent])
		i = parent
	}
	t.put(i, entry)
}

func (t *timeline[T]) down(i int) {
	entry := t.entries[i]
	for {
		child := 2*i + 1
		if child >= len(t.entries) {
			break
		}
		if child+1 < len(t.entries) && t.entries[child+1].at < t.entries[child].at {
			child++
		}
		if t.entries[child].at >= entry.at {
			break
		}
		t.put(i, t.entries[child])
		i = child
	}
	t.put(i, entry)
}

func (t *timeline[T]) put(i int, entry timelineEntry[T]) {
	t.entries[i] = entry
	entry.item.setPlace(int32(i))
}
