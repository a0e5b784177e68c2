// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

// Declaration is all of an OrganisationalUnit that matters to the tree.
type Declaration struct {
	// Name of the unit.
	Name string
	// UID and Generation of its object.
	UID        types.UID
	Generation int64
	// Parent names the unit above; empty at the top of a tree.
	Parent string
}

// DeclarationOf reads what a unit declares.
func DeclarationOf(u *v1alpha1.OrganisationalUnit) Declaration {
	d := Declaration{Name: u.Name, UID: u.UID, Generation: u.Generation}
	if u.Spec.ParentRef != nil {
		d.Parent = string(u.Spec.ParentRef.Name)
	}
	return d
}

// unit is a unit that exists, or one that is only named, by an Application or
// by a unit below, and may yet appear.
type unit struct {
	exists      bool
	declaration Declaration
	// parent is the unit that is declared to be above; nil at the top.
	parent *unit
	// children declare this unit as their parent.
	children map[*unit]struct{}
	// cycle that the unit is on; nil where it is on none.
	cycle *cycle
	// direct are the applications that name this unit.
	direct map[*application]struct{}
	// totals of the unit; of one that does not exist they are zero.
	totals totals
	// mark is the last walk that came by.
	mark uint64
}

// cycle is a way of parents that leads back to where it began.
type cycle struct{ members []*unit }

// view is what can be told of a unit; a unit has changed when its view has.
type view struct {
	exists         bool
	declaration    Declaration
	missingParent  string
	cycle          *cycle
	applications   v1alpha1.ApplicationCounts
	centralisation v1alpha1.CentralisationCounts
	worst          state.UnitMember
}

func (u *unit) view() view {
	worst, _ := u.totals.worst()
	return view{
		exists: u.exists, declaration: u.declaration, missingParent: u.missingParent(), cycle: u.cycle,
		applications: u.totals.applications, centralisation: u.totals.centralisation, worst: worst,
	}
}

// rolledUpBy returns the unit that counts what this one counts; nil at the top,
// below a unit that does not exist, and on a cycle.
func (u *unit) rolledUpBy() *unit {
	if u.cycle != nil || u.parent == nil || !u.parent.exists {
		return nil
	}
	return u.parent
}

func (u *unit) missingParent() string {
	if u.parent == nil || u.parent.exists {
		return ""
	}
	return u.parent.declaration.Name
}

// wayRound returns the names from the unit through its parents back to it.
func (u *unit) wayRound() []string {
	if u.cycle == nil {
		return nil
	}
	start := slices.Index(u.cycle.members, u)
	names := make([]string, 0, len(u.cycle.members)+1)
	for i := range u.cycle.members {
		names = append(names, u.cycle.members[(start+i)%len(u.cycle.members)].declaration.Name)
	}
	return append(names, u.declaration.Name)
}

// SetUnit takes note of a unit that is new or has changed.
func (x *Index) SetUnit(d Declaration) []string {
	x.mu.Lock()
	defer x.mu.Unlock()

	u := x.unit(d.Name)
	ch := newChange()
	ch.touch(u)
	if !u.exists || u.declaration.Parent != d.Parent {
		x.relocate(u, true, d.Parent, ch)
	}
	u.declaration = d
	return ch.units()
}

// DeleteUnit takes note of a unit that is gone; it is among the returned names.
func (x *Index) DeleteUnit(name string) []string {
	x.mu.Lock()
	defer x.mu.Unlock()

	u := x.units[name]
	if u == nil || !u.exists {
		return nil
	}
	ch := newChange()
	ch.touch(u)
	x.relocate(u, false, "", ch)
	u.declaration = Declaration{Name: name}
	x.prune(u)
	return ch.units()
}

// relocate gives a unit another parent, or makes it appear or go, and counts
// the applications of its subtree where they belong now.
//
// Only the subtree can be concerned: whoever is on a cycle with the unit is
// below it as well as above, so a cycle that this breaks or closes lies within
// the subtree, before and after.
func (x *Index) relocate(u *unit, exists bool, parent string, ch *change) {
	subtree := x.subtree(u)
	for child := range u.children {
		ch.touch(child) // their parent may appear or go
	}
	x.breakCycle(u, ch)

	if old := u.parent; old != nil {
		delete(old.children, u)
		defer x.prune(old)
	}
	u.exists, u.parent = exists, nil
	if parent != "" {
		u.parent = x.unit(parent)
		u.parent.children[u] = struct{}{}
	}

	x.closeCycle(u, ch)
	x.placeAll(subtree, ch)
}

// subtree returns a unit and all below it as declared, across units that do
// not exist and around a cycle at most once.
func (x *Index) subtree(u *unit) []*unit {
	x.round++
	u.mark = x.round
	found := []*unit{u}
	for i := 0; i < len(found); i++ {
		for child := range found[i].children {
			if child.mark != x.round {
				child.mark = x.round
				found = append(found, child)
			}
		}
	}
	return found
}

// breakCycle takes the mark of a cycle from all that are on one with u.
func (x *Index) breakCycle(u *unit, ch *change) {
	if u.cycle == nil {
		return
	}
	for _, m := range u.cycle.members {
		ch.touch(m)
		m.cycle = nil
	}
}

// closeCycle marks all that are on a cycle with u. The walk ends at a unit that
// is on another cycle already, from which no way leads back to u.
func (x *Index) closeCycle(u *unit, ch *change) {
	if !u.exists {
		return
	}
	way := []*unit{u}
	for p := u.parent; p != u; p = p.parent {
		if p == nil || !p.exists || p.cycle != nil {
			return
		}
		way = append(way, p)
	}
	c := &cycle{members: way}
	for _, m := range way {
		ch.touch(m)
		m.cycle = c
	}
}

// placeAll places the applications that name one of these units, each once.
func (x *Index) placeAll(units []*unit, ch *change) {
	x.round++
	var applications []*application
	for _, u := range units {
		for a := range u.direct {
			if a.mark != x.round {
				a.mark = x.round
				applications = append(applications, a)
			}
		}
	}
	for _, a := range applications {
		x.place(a, ch)
	}
}

// unit returns the unit of a name, which it makes up if nobody named it before.
func (x *Index) unit(name string) *unit {
	u := x.units[name]
	if u == nil {
		u = &unit{
			declaration: Declaration{Name: name},
			children:    map[*unit]struct{}{},
			direct:      map[*application]struct{}{},
		}
		x.units[name] = u
	}
	return u
}

// prune forgets a unit that does not exist and that nobody names.
func (x *Index) prune(u *unit) {
	if !u.exists && len(u.children) == 0 && len(u.direct) == 0 {
		delete(x.units, u.declaration.Name)
	}
}
