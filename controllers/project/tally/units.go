// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// units are the units that there are, and which of them lead projects.
type units struct {
	// parents of those that there are; empty for one that has none.
	parents map[v1alpha1.ObjectName]v1alpha1.ObjectName
	// top leads projects, with all below it; empty means that nobody is named.
	top v1alpha1.ObjectName
	// below is top and all below it; nil if that is to be found anew. Who was
	// handed it may read it at any time.
	below map[v1alpha1.ObjectName]bool
}

// lead changes who leads.
func (u *units) lead(top v1alpha1.ObjectName) { u.top, u.below = top, nil }

// leading returns the units that lead projects; nil if nobody is named.
func (u *units) leading() map[v1alpha1.ObjectName]bool {
	if u.below == nil && u.top != "" {
		all := make([]*v1alpha1.OrganisationalUnit, 0, len(u.parents))
		for name, parent := range u.parents {
			unit := &v1alpha1.OrganisationalUnit{}
			unit.Name = string(name)
			if parent != "" {
				unit.Spec.ParentRef = &v1alpha1.UnitReference{Name: parent}
			}
			all = append(all, unit)
		}
		u.below = compliance.UnitsBelow(all, u.top)
	}
	return u.below
}

// leads says whether a unit does. It goes up from it, which is short, so that a
// tree that is put up costs no more than its size.
func (u *units) leads(name v1alpha1.ObjectName) bool {
	seen := map[v1alpha1.ObjectName]bool{}
	for ; name != "" && !seen[name]; name = u.parents[name] {
		if name == u.top {
			return true
		}
		seen[name] = true
	}
	return false
}

// Unit is where an OrganisationalUnit stands in the tree.
type Unit struct {
	Name v1alpha1.ObjectName
	// Parent is the unit above it; empty if there is none.
	Parent v1alpha1.ObjectName
	// Undecodable: nobody knows what is above it.
	Undecodable bool
}

// UnitOf returns where a unit stands.
func UnitOf(u *v1alpha1.OrganisationalUnit) Unit {
	said := Unit{Name: v1alpha1.ObjectName(u.Name), Undecodable: u.DecodingError != ""}
	if u.Spec.ParentRef != nil {
		said.Parent = u.Spec.ParentRef.Name
	}
	return said
}

// SetUnit takes note of a unit.
func (x *Index) SetUnit(u Unit) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	was, exists := x.units.parents[u.Name]
	if exists && (was == u.Parent || u.Undecodable) {
		return nil
	}
	return x.regrow(u.Name, !exists, func() { x.units.parents[u.Name] = u.Parent })
}

// DeleteUnit drops a unit that is gone.
func (x *Index) DeleteUnit(name v1alpha1.ObjectName) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, exists := x.units.parents[name]; !exists {
		return nil
	}
	return x.regrow(name, true, func() { delete(x.units.parents, name) })
}

// regrow changes the tree of units at one of them, and returns the projects that
// name that one, if it appeared or went, and those that name one which leads
// from now on, or does so no more.
func (x *Index) regrow(name v1alpha1.ObjectName, existence bool, change func()) []types.NamespacedName {
	led := make(map[v1alpha1.ObjectName]bool, len(x.under))
	for unit := range x.under {
		led[unit] = x.units.leads(unit)
	}
	change()
	x.units.below = nil
	touched := set{}
	if existence {
		touched.all(x.under[name])
	}
	for unit, did := range led {
		if x.units.leads(unit) != did {
			touched.all(x.under[unit])
		}
	}
	return touched.sorted()
}
