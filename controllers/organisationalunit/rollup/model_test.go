// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

// model is the roll-up as the rules say it, computed anew from everything each
// time, without any of the Index's code.
type model struct {
	units        map[string]Declaration
	applications map[types.NamespacedName]Contribution
}

func newModel() *model {
	return &model{units: map[string]Declaration{}, applications: map[types.NamespacedName]Contribution{}}
}

// wayRound follows the parents of a unit for as many steps as there are units;
// one that meets itself is on a cycle.
func (m *model) wayRound(name string) []string {
	way := []string{name}
	for at := name; len(way) <= len(m.units); {
		parent := m.units[at].Parent
		if _, exists := m.units[parent]; !exists {
			return nil
		}
		way = append(way, parent)
		if parent == name {
			return way
		}
		at = parent
	}
	return nil
}

// counts reports whether a unit counts what is named by another.
func (m *model) counts(unit, named string) bool {
	for {
		if _, exists := m.units[named]; !exists {
			return false
		}
		if named == unit {
			return true
		}
		if m.wayRound(named) != nil {
			return false
		}
		named = m.units[named].Parent
	}
}

func (m *model) snapshot(name string) (Snapshot, bool) {
	d, exists := m.units[name]
	if !exists {
		return Snapshot{}, false
	}
	s := Snapshot{UID: d.UID, Generation: d.Generation, Cycle: m.wayRound(name)}
	if _, exists := m.units[d.Parent]; !exists {
		s.MissingParent = d.Parent
	}
	for _, c := range m.applications {
		if !slices.ContainsFunc(c.Units[:], func(named string) bool { return m.counts(name, named) }) {
			continue
		}
		m.add(&s, c)
	}
	return s, true
}

func (m *model) add(s *Snapshot, c Contribution) {
	n, v := &s.Applications, &s.Centralisation
	n.Total++
	for state, counter := range map[v1alpha1.OperationalState]*int32{
		v1alpha1.StateOperational: &n.Operational, v1alpha1.StateDegraded: &n.Degraded, v1alpha1.StateOutage: &n.Outage,
		v1alpha1.StateMaintenance: &n.Maintenance, v1alpha1.StateUnknown: &n.Unknown,
		v1alpha1.StatePlanned: &n.Planned, v1alpha1.StateRetired: &n.Retired,
	} {
		if c.Member.State == state {
			*counter++
		}
	}
	for verdict, counter := range map[v1alpha1.Verdict]*int32{
		v1alpha1.VerdictCompliant: &v.Compliant, v1alpha1.VerdictExempt: &v.Exempt, v1alpha1.VerdictUnderReview: &v.UnderReview,
		v1alpha1.VerdictInTransition: &v.InTransition, v1alpha1.VerdictViolating: &v.Violating,
		v1alpha1.VerdictOutOfScope: &v.OutOfScope, v1alpha1.VerdictUnknown: &v.Unknown,
	} {
		if c.Verdict == verdict {
			*counter++
		}
	}
	if state.Troubled(c.Member.State) && (s.Worst == nil || state.CompareUnitMembers(c.Member, *s.Worst) < 0) {
		s.Worst = &c.Member
	}
}

// all returns the Snapshot of every unit that exists.
func (m *model) all() map[string]Snapshot {
	snapshots := make(map[string]Snapshot, len(m.units))
	for name := range maps.Keys(m.units) {
		snapshots[name], _ = m.snapshot(name)
	}
	return snapshots
}
