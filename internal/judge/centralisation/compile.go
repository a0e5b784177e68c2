// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Compilation is what admission reads of a policy, and until when it is true.
type Compilation struct {
	// ProviderUnits are the unit that the policy names and all below it, in
	// the order of their names.
	ProviderUnits []v1alpha1.ObjectName
	// UnitTreatments of the units that are not Bound.
	UnitTreatments map[string]v1alpha1.Treatment
	// ExemptionIndex tells for "namespace/name" of what is exempt now the first
	// moment at which it is not any more.
	ExemptionIndex map[string]v1alpha1.Moment
	// Next is the next moment at which compiling gives something else by the
	// mere passing of time; zero is never.
	Next time.Time
}

// Compile says what a policy means: which units provide IT, how each unit is
// treated, and until when each name is exempt. Exemptions that are unusable (a
// day that is none) are left out. Units that stand above one another in a
// circle have no top, and inherit nothing.
func Compile(spec *v1alpha1.CentralisationPolicy, units []*v1alpha1.OrganisationalUnit, exemptions []*v1alpha1.Exemption, now time.Time) Compilation {
	var c Compilation
	if spec == nil {
		return c
	}
	byName := make(map[string]*v1alpha1.OrganisationalUnit, len(units))
	for _, u := range units {
		byName[u.Name] = u
	}
	c.ProviderUnits = providerUnits(string(spec.ProviderUnitRef.Name), byName)
	c.UnitTreatments = unitTreatments(spec.Treatments, byName)
	c.ExemptionIndex, c.Next = exemptionIndex(exemptions, now)
	return c
}

// providerUnits are the unit that the policy names, whether or not it is there
// already, and all units below it.
func providerUnits(root string, units map[string]*v1alpha1.OrganisationalUnit) []v1alpha1.ObjectName {
	below := inherit(units, func(u *v1alpha1.OrganisationalUnit) (bool, bool) {
		provides := u.Name == root || parentOf(u) == root
		return provides, provides
	})
	below[root] = true
	names := make([]v1alpha1.ObjectName, 0, len(below))
	for name := range below {
		names = append(names, v1alpha1.ObjectName(name))
	}
	slices.Sort(names)
	return names
}

// unitTreatments are the treatments of all units that are not Bound.
func unitTreatments(entries []v1alpha1.UnitTreatment, units map[string]*v1alpha1.OrganisationalUnit) map[string]v1alpha1.Treatment {
	byType := make(map[v1alpha1.UnitType]v1alpha1.Treatment, len(entries))
	for _, e := range entries {
		byType[e.UnitType] = e.Treatment
	}
	treatments := inherit(units, func(u *v1alpha1.OrganisationalUnit) (v1alpha1.Treatment, bool) {
		t, said := byType[u.Spec.Type]
		return t, said
	})
	for name, t := range treatments {
		if t == v1alpha1.TreatmentBound {
			delete(treatments, name)
		}
	}
	return treatments
}

// inherit returns for each unit what the nearest unit at or above it says that
// says anything. Each unit is visited once, so that a circle ends.
func inherit[T any](units map[string]*v1alpha1.OrganisationalUnit, says func(*v1alpha1.OrganisationalUnit) (T, bool)) map[string]T {
	result := make(map[string]T, len(units))
	visited := make(map[string]bool, len(units))
	var path []string
	for _, start := range units {
		path = path[:0]
		var what T
		said := false
		for u := start; u != nil && !said; u = units[parentOf(u)] {
			if visited[u.Name] {
				// Settled before; or on this very path, which then is a circle
				// in which no unit says anything.
				what, said = result[u.Name]
				break
			}
			visited[u.Name] = true
			path = append(path, u.Name)
			what, said = says(u)
		}
		if !said {
			continue
		}
		for _, name := range path {
			result[name] = what
		}
	}
	return result
}

func parentOf(u *v1alpha1.OrganisationalUnit) string {
	if u.Spec.ParentRef == nil {
		return ""
	}
	return string(u.Spec.ParentRef.Name)
}

// span is the time in [from, until).
type span struct{ from, until time.Time }

// exemptionIndex says until when each name is exempt that is so now, and when
// that changes next.
func exemptionIndex(exemptions []*v1alpha1.Exemption, now time.Time) (map[string]v1alpha1.Moment, time.Time) {
	spans := make(map[string][]span)
	for _, e := range exemptions {
		s, err := StandingOf(e, 0, now)
		if err != nil || s.State == v1alpha1.ExemptionExpired {
			continue
		}
		key := e.Namespace + "/" + string(e.Spec.ApplicationRef.Name)
		spans[key] = append(spans[key], span{s.From, s.Until})
	}
	index := make(map[string]v1alpha1.Moment, len(spans))
	var next time.Time
	for key, ofName := range spans {
		end := endOf(ofName, now)
		if !end.After(now) {
			next = calendar.Earliest(next, ofName[0].from)
			continue
		}
		index[key] = v1alpha1.Moment(end.UTC().Format(time.RFC3339))
		next = calendar.Earliest(next, end)
	}
	return index, next
}

// endOf returns the end of the time without a gap that the spans cover from now
// on, which is now if they do not cover it. It sorts them.
func endOf(spans []span, now time.Time) time.Time {
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	end := now
	for _, s := range spans {
		if s.from.After(end) {
			break
		}
		if s.until.After(end) {
			end = s.until
		}
	}
	return end
}
