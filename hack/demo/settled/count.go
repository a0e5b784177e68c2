// SPDX-License-Identifier: Apache-2.0

package settled

import (
	"fmt"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// tally is what a unit's Applications add up to.
type tally struct {
	counts v1alpha1.ApplicationCounts
	// critical: one that needs high availability is out.
	critical bool
}

// count adds up the Applications of every unit, in the plainest way: each
// counts once for every unit that operates it, supports it or answers for it,
// and for every unit above one of these.
func count(w World) map[string]tally {
	parents := map[string]string{}
	for i := range w.Units {
		parents[w.Units[i].Name] = ""
		if ref := w.Units[i].Spec.ParentRef; ref != nil {
			parents[w.Units[i].Name] = string(ref.Name)
		}
	}
	tallies := map[string]tally{}
	for i := range w.Applications {
		a := &w.Applications[i]
		for name := range concerned(a, parents) {
			t := tallies[name]
			t.add(a)
			tallies[name] = t
		}
	}
	return tallies
}

// concerned are the units that an Application counts for.
func concerned(a *v1alpha1.Application, parents map[string]string) map[string]bool {
	units := map[string]bool{}
	for _, ref := range []*v1alpha1.UnitReference{&a.Spec.Responsible.UnitRef, a.Spec.Operation.UnitRef, a.Spec.Operation.SupportUnitRef} {
		if ref == nil {
			continue
		}
		for name := string(ref.Name); name != "" && !units[name]; name = parents[name] {
			units[name] = true
		}
	}
	return units
}

// add counts an Application.
func (t *tally) add(a *v1alpha1.Application) {
	c := &t.counts
	c.Total++
	switch a.Status.OperationalState {
	case v1alpha1.StateOperational:
		c.Operational++
	case v1alpha1.StateDegraded:
		c.Degraded++
	case v1alpha1.StateOutage:
		c.Outage++
		p := a.Spec.Protection
		t.critical = t.critical || p != nil && (p.Availability == v1alpha1.ProtectionHigh || p.Availability == v1alpha1.ProtectionVeryHigh)
	case v1alpha1.StateMaintenance:
		c.Maintenance++
	case v1alpha1.StatePlanned:
		c.Planned++
	case v1alpha1.StateRetired:
		c.Retired++
	default:
		c.Unknown++
	}
}

// state that follows for the unit.
func (t tally) state() v1alpha1.OperationalState {
	c := t.counts
	switch {
	case t.critical:
		return v1alpha1.StateOutage
	case c.Outage+c.Degraded > 0:
		return v1alpha1.StateDegraded
	case c.Unknown > 0 && c.Unknown == c.Total-c.Planned-c.Retired:
		return v1alpha1.StateUnknown
	default:
		return v1alpha1.StateOperational
	}
}

// counts writes counts as people read them.
func counts(c v1alpha1.ApplicationCounts) string {
	var parts []string
	for _, p := range []struct {
		name string
		n    int32
	}{
		{"Operational", c.Operational},
		{"Degraded", c.Degraded},
		{"Outage", c.Outage},
		{"Maintenance", c.Maintenance},
		{"Unknown", c.Unknown},
		{"Planned", c.Planned},
		{"Retired", c.Retired},
	} {
		if p.n != 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.name))
		}
	}
	if len(parts) == 0 {
		return strconv.Itoa(int(c.Total))
	}
	return fmt.Sprintf("%d (%s)", c.Total, strings.Join(parts, ", "))
}
