// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

// fakeObserver knows of the world what a test tells it.
type fakeObserver struct {
	wake func(types.NamespacedName)

	mu     sync.Mutex
	checks map[types.NamespacedName]map[string]observe.Check
	seen   map[types.NamespacedName]map[string]observe.Observation
	sealed bool
}

func newFakeObserver() *fakeObserver {
	return &fakeObserver{
		checks: map[types.NamespacedName]map[string]observe.Check{},
		seen:   map[types.NamespacedName]map[string]observe.Observation{},
	}
}

func (f *fakeObserver) Ensure(s observe.Subscriber, checks []observe.Check) {
	f.mu.Lock()
	defer f.mu.Unlock()
	wanted := map[string]observe.Check{}
	for _, c := range checks {
		wanted[c.Name] = c
		if f.seen[s.Key] == nil {
			f.seen[s.Key] = map[string]observe.Observation{}
		}
		if _, known := f.seen[s.Key][c.Name]; !known && c.Seed != nil {
			f.seen[s.Key][c.Name] = *c.Seed
		}
	}
	f.checks[s.Key] = wanted
}

func (f *fakeObserver) Forget(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	// What a test told before the controller knew of the Application stays.
	if _, known := f.checks[key]; known {
		delete(f.seen, key)
	}
	delete(f.checks, key)
}

func (f *fakeObserver) Observations(key types.NamespacedName) []observe.Observation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.SortedFunc(maps.Values(f.seen[key]), func(a, b observe.Observation) int { return strings.Compare(a.Name, b.Name) })
}

// see has a check answer, and wakes the controller.
func (f *fakeObserver) see(key types.NamespacedName, o observe.Observation) {
	f.mu.Lock()
	if f.seen[key] == nil {
		f.seen[key] = map[string]observe.Observation{}
	}
	f.seen[key][o.Name] = o
	f.mu.Unlock()
	f.wake(key)
}

// check returns the check that the controller asked for.
func (f *fakeObserver) check(key types.NamespacedName, name string) (observe.Check, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.checks[key][name]
	return c, ok
}

// forgotten says whether nothing is asked for the key.
func (f *fakeObserver) forgotten(key types.NamespacedName) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.checks[key]
	return !ok
}

func up(name string, since time.Time) observe.Observation {
	return observe.Observation{Name: name, State: observe.StateUp, Since: since}
}

func down(name string, since time.Time) observe.Observation {
	return observe.Observation{
		Name: name, State: observe.StateDown, Since: since,
		Reason: "ConnectionRefused", Message: "the connection was refused", Step: observe.StepConnect,
	}
}

// Seal notes that the first round is over.
func (f *fakeObserver) Seal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sealed = true
}

// Settle drops what was recorded.
func (f *fakeObserver) Settle(key types.NamespacedName, recorded []observe.Observation) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range recorded {
		known, found := f.seen[key][r.Name]
		if !found {
			continue
		}
		known.Changes = slices.DeleteFunc(slices.Clone(known.Changes), func(c observe.Change) bool {
			return slices.Contains(r.Changes, c)
		})
		f.seen[key][r.Name] = known
	}
}

// change has a check change its state at a moment, so that the change waits to
// be recorded, and wakes the controller.
func (f *fakeObserver) change(key types.NamespacedName, name string, c observe.Change) {
	f.mu.Lock()
	o := f.seen[key][name]
	o.Name, o.State, o.Since, o.Reason, o.Message = name, c.State, c.At, c.Reason, c.Message
	o.Changes = append(slices.Clone(o.Changes), c)
	f.mu.Unlock()
	f.see(key, o)
}

// unsettled counts the changes that wait to be recorded.
func (f *fakeObserver) unsettled(key types.NamespacedName) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, o := range f.seen[key] {
		n += len(o.Changes)
	}
	return n
}

// fakeLedger has the gaps that a test tells it.
type fakeLedger struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	gaps  []availability.Gap
}

func (l *fakeLedger) Gaps() []availability.Gap {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gaps
}

func (l *fakeLedger) gap(from, to time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gaps = append(slices.Clone(l.gaps), availability.Gap{From: from, To: to})
}

func (l *fakeLedger) Floor(types.NamespacedName, string) time.Time { return time.Time{} }

func (l *fakeLedger) Now() time.Time { return l.clock.Now() }

// eventAnnouncer tells of each change at once.
type eventAnnouncer struct{ recorder events.EventRecorder }

func (a eventAnnouncer) Transition(app *v1alpha1.Application, _ v1alpha1.OperationalState, warn bool, note string) {
	kind := corev1.EventTypeNormal
	if warn {
		kind = corev1.EventTypeWarning
	}
	a.recorder.Eventf(app, nil, kind, string(app.Status.OperationalState), "Judge", "%s", note)
}
