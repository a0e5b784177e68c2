// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/internal/observe"
)

// fakeObserver knows of the world what a test tells it.
type fakeObserver struct {
	wake func(types.NamespacedName)

	mu     sync.Mutex
	checks map[types.NamespacedName]map[string]observe.Check
	seen   map[types.NamespacedName]map[string]observe.Observation
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
