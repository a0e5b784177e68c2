// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

// Index is the roll-up of every unit. Its methods may be called at the same
// time; each that changes something returns the names of those units, sorted,
// whose Snapshot differs from before.
type Index struct {
	mu           sync.Mutex
	units        map[string]*unit
	applications map[types.NamespacedName]*application
	// round numbers the walks over units and applications, so that a walk can
	// mark where it has been without a set of its own.
	round uint64
}

// New returns an empty Index.
func New() *Index {
	return &Index{units: map[string]*unit{}, applications: map[types.NamespacedName]*application{}}
}

// Snapshot is how a unit stands in the tree and what it rolls up.
type Snapshot struct {
	// UID and Generation of the unit's object that the Index knows.
	UID        types.UID
	Generation int64
	// MissingParent names the parent that is declared and does not exist;
	// empty where there is none or it exists.
	MissingParent string
	// Cycle is the way round from the unit through its parents back to itself,
	// itself at both ends; nil where the unit is not on a cycle.
	Cycle []string
	// Applications and Centralisation count what is rolled up.
	Applications   v1alpha1.ApplicationCounts
	Centralisation v1alpha1.CentralisationCounts
	// Worst is the Application that is the cause of the unit's state, if the
	// state has one; nil where none is out, degraded or unknown.
	Worst *state.UnitMember
}

// Snapshot returns how a unit stands; false if no such unit exists.
func (x *Index) Snapshot(name string) (Snapshot, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()

	u := x.units[name]
	if u == nil || !u.exists {
		return Snapshot{}, false
	}
	s := Snapshot{
		UID:            u.declaration.UID,
		Generation:     u.declaration.Generation,
		MissingParent:  u.missingParent(),
		Cycle:          u.wayRound(),
		Applications:   u.totals.applications,
		Centralisation: u.totals.centralisation,
	}
	if worst, found := u.totals.worst(); found {
		s.Worst = &worst
	}
	return s, true
}

// SetApplication takes note of an Application that is new or has changed.
func (x *Index) SetApplication(c Contribution) []string {
	x.mu.Lock()
	defer x.mu.Unlock()

	a := x.applications[c.key()]
	if a == nil {
		a = &application{}
		x.applications[c.key()] = a
	} else if a.contribution == c {
		return nil
	}
	ch := newChange()
	x.contribute(a, c, ch)
	return ch.units()
}

// DeleteApplication takes note of an Application that is gone.
func (x *Index) DeleteApplication(key types.NamespacedName) []string {
	x.mu.Lock()
	defer x.mu.Unlock()

	a := x.applications[key]
	if a == nil {
		return nil
	}
	delete(x.applications, key)
	ch := newChange()
	x.contribute(a, Contribution{}, ch)
	return ch.units()
}

// application is what the Index remembers of an Application.
type application struct {
	contribution Contribution
	// countedBy are the units whose totals hold the contribution, each once.
	countedBy []*unit
	// mark is the last walk that came by.
	mark uint64
}

// contribute takes back what an application contributed and contributes c; a c
// that names no unit takes back only.
func (x *Index) contribute(a *application, c Contribution, ch *change) {
	for _, u := range a.countedBy {
		ch.touch(u)
		u.totals.remove(a)
	}
	if a.contribution.Units != c.Units {
		for _, name := range a.contribution.Units {
			if name != "" {
				delete(x.units[name].direct, a)
			}
		}
		for _, name := range c.Units {
			if name != "" {
				x.unit(name).direct[a] = struct{}{}
			}
		}
		for _, name := range a.contribution.Units {
			if name != "" {
				x.prune(x.units[name])
			}
		}
	}
	a.contribution = c
	a.countedBy = x.above(c.Units)
	for _, u := range a.countedBy {
		ch.touch(u)
		u.totals.add(a)
	}
}

// place moves an unchanged application to the units that count it now.
func (x *Index) place(a *application, ch *change) {
	before := a.countedBy
	a.countedBy = x.above(a.contribution.Units) // marks them with this round
	for _, u := range before {
		if u.mark != x.round {
			ch.touch(u)
			u.totals.remove(a)
		}
	}
	x.round++
	for _, u := range before {
		u.mark = x.round
	}
	for _, u := range a.countedBy {
		if u.mark != x.round {
			ch.touch(u)
			u.totals.add(a)
		}
	}
}

// above returns the units of these names and all that roll them up, each once,
// and marks each with a new round. It ends, since units on a cycle are rolled
// up by nobody.
func (x *Index) above(names [3]string) []*unit {
	x.round++
	var found []*unit
	for _, name := range names {
		u := x.units[name]
		if u == nil || !u.exists {
			continue
		}
		for ; u != nil && u.mark != x.round; u = u.rolledUpBy() {
			u.mark = x.round
			found = append(found, u)
		}
	}
	return found
}

// change remembers how units were before they were touched.
type change struct {
	before map[*unit]view
}

func newChange() *change { return &change{before: map[*unit]view{}} }

// touch must be called before a unit is changed.
func (c *change) touch(u *unit) {
	if _, touched := c.before[u]; !touched {
		c.before[u] = u.view()
	}
}

// units returns the names of those whose view differs now, sorted.
func (c *change) units() []string {
	var names []string
	for u, before := range c.before {
		if u.view() != before {
			names = append(names, u.declaration.Name)
		}
	}
	slices.Sort(names)
	return names
}
