// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// window in which transitions are counted.
	window = 10 * time.Second
	// few transitions of a window are told soon.
	few = 10
	// storm: more transitions of a window are told together.
	storm = 100
	// soon is how long a transition is held at least.
	soon = time.Second
	// quiet is for how long none may have joined those that are told together.
	quiet = 10 * time.Second
	// longest is how long those that are told together are held at most.
	longest = 5 * time.Minute
)

// desk is where transitions lie until they are told. It holds at most a hundred
// of them by themselves, and knows of the others no more than which Application
// turned to which state.
type desk struct {
	isUnit   func(name string) bool
	arrivals arrivals
	singles  []transition
	folds    map[key]*fold
}

// key of what is told together. Without a unit it is those Applications whose
// units do not exist.
type key struct {
	unit string
	warn bool
}

// fold is what is told together.
type fold struct {
	// opened and last are when the first and the last one came.
	opened, last time.Time
	// first of them.
	first transition
	// examples are the first few.
	examples []string
	// states to which the Applications turned last.
	states map[types.UID]v1alpha1.OperationalState
}

func newDesk(isUnit func(name string) bool) desk {
	return desk{isUnit: isUnit, folds: map[key]*fold{}}
}

// arrived counts a transition, and returns how many came in the window that
// ends with it. It counts to one more than a storm.
func (d *desk) arrived(at time.Time) int {
	d.arrivals.add(at)
	return d.arrivals.within(at)
}

// add takes a transition, and returns when it is due.
func (d *desk) add(t transition) time.Time {
	stormy := d.arrived(t.at) > storm || len(d.singles) == storm
	if stormy {
		for _, single := range d.singles {
			d.fold(d.keyOf(single), single)
		}
		d.singles = nil
	}
	k := d.keyOf(t)
	if _, open := d.folds[k]; stormy || open {
		d.fold(k, t)
		return d.folds[k].due()
	}
	d.singles = append(d.singles, t)
	return d.singleDue(t)
}

// keyOf is with what a transition would be told together.
func (d *desk) keyOf(t transition) key {
	for _, unit := range t.units {
		k := key{unit: unit, warn: t.warn}
		if _, open := d.folds[k]; unit != "" && (open || d.isUnit(unit)) {
			return k
		}
	}
	return key{warn: t.warn}
}

func (d *desk) fold(k key, t transition) {
	f := d.folds[k]
	if f == nil {
		f = &fold{opened: t.at, first: t, states: map[types.UID]v1alpha1.OperationalState{}}
		d.folds[k] = f
	}
	f.last = t.at
	if _, known := f.states[t.application.UID]; !known && len(f.examples) < maxExamples {
		f.examples = append(f.examples, t.example())
	}
	f.states[t.application.UID] = t.to
}

// next returns when something is due, and whether anything is held.
func (d *desk) next() (time.Time, bool) {
	var first time.Time
	if len(d.singles) > 0 {
		first = d.singleDue(d.singles[0])
	}
	for _, f := range d.folds {
		if due := f.due(); first.IsZero() || due.Before(first) {
			first = due
		}
	}
	return first, !first.IsZero()
}

// singleDue is when a transition may be told by itself: those that came before
// it are due no later.
func (d *desk) singleDue(t transition) time.Time {
	due := t.at.Add(soon)
	if crowd := d.arrivals.recent(few + 1); !crowd.IsZero() && due.Before(crowd.Add(window)) {
		due = crowd.Add(window)
	}
	if latest := t.at.Add(window); latest.Before(due) {
		return latest
	}
	return due
}

func (f *fold) due() time.Time {
	due, latest := f.last.Add(quiet), f.opened.Add(longest)
	if latest.Before(due) {
		return latest
	}
	return due
}

// take removes what is due, oldest first.
func (d *desk) take(now time.Time) []message {
	n := 0
	for n < len(d.singles) && !now.Before(d.singleDue(d.singles[n])) {
		n++
	}
	return d.remove(n, func(f *fold) bool { return !now.Before(f.due()) })
}

// takeAll removes all that is held, oldest first.
func (d *desk) takeAll() []message {
	return d.remove(len(d.singles), func(*fold) bool { return true })
}

// remove takes out the first n single transitions, and what is told together as
// far as it is ripe.
func (d *desk) remove(n int, ripe func(*fold) bool) []message {
	var messages []message
	for _, t := range d.singles[:n] {
		messages = append(messages, t.message())
	}
	d.singles = slices.Delete(d.singles, 0, n)
	for k, f := range d.folds {
		if ripe(f) {
			messages = append(messages, f.message(k))
			delete(d.folds, k)
		}
	}
	slices.SortStableFunc(messages, func(a, b message) int {
		return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.unit, b.unit), cmp.Compare(a.reason, b.reason))
	})
	return messages
}

// arrivals are the moments of the last transitions, one more than a storm.
type arrivals struct {
	moments [storm + 1]time.Time
	next    int
}

func (a *arrivals) add(at time.Time) {
	a.moments[a.next] = at
	a.next = (a.next + 1) % len(a.moments)
}

// recent is the moment of the nth transition from the last one, which is the
// first; zero if there were not so many.
func (a *arrivals) recent(n int) time.Time {
	return a.moments[(a.next-n+len(a.moments))%len(a.moments)]
}

// within counts the transitions of the window that ends at the moment.
func (a *arrivals) within(at time.Time) int {
	n := 0
	for n < len(a.moments) && !a.recent(n+1).IsZero() && at.Sub(a.recent(n+1)) < window {
		n++
	}
	return n
}
