// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

// Contribution is all of an Application that matters to units. Two
// Contributions are equal (==) if and only if no unit could tell the
// Applications apart.
type Contribution struct {
	// Units that operate, support or answer for the Application, by name:
	// sorted, each once, the unused ones empty and last.
	Units [3]string
	// Verdict under the rule that all city IT is provided by the KDZ; Unknown
	// where nobody has judged it yet.
	Verdict v1alpha1.Verdict
	// Member is the Application itself. What only a cause needs is left empty
	// where the Application cannot be a cause.
	Member state.UnitMember
}

// ContributionOf reads what an Application contributes. An Application without
// a state yet counts as Planned or Retired if that is declared, else as
// Unknown; so does one whose state is none that this version knows.
func ContributionOf(a *v1alpha1.Application) Contribution {
	c := Contribution{
		Units:   unitsOf(a),
		Verdict: verdictOf(a),
		Member:  state.UnitMember{Namespace: a.Namespace, Name: a.Name, State: stateOf(a)},
	}
	if !state.Troubled(c.Member.State) {
		return c
	}
	if a.Spec.Protection != nil {
		c.Member.Availability = a.Spec.Protection.Availability
	}
	if a.Status.Since != nil {
		c.Member.Since = a.Status.Since.UTC()
	}
	if cause := a.Status.Cause; cause != nil {
		c.Member.Message = cause.Message
		if cause.Message == "" {
			c.Member.Message = cause.Reason
		}
	}
	return c
}

// key of the Application.
func (c Contribution) key() types.NamespacedName {
	return types.NamespacedName{Namespace: c.Member.Namespace, Name: c.Member.Name}
}

func unitsOf(a *v1alpha1.Application) [3]string {
	names := make([]string, 0, 3)
	add := func(ref *v1alpha1.UnitReference) {
		if ref != nil && ref.Name != "" {
			names = append(names, string(ref.Name))
		}
	}
	add(&a.Spec.Responsible.UnitRef)
	add(a.Spec.Operation.UnitRef)
	add(a.Spec.Operation.SupportUnitRef)
	slices.Sort(names)

	var units [3]string
	copy(units[:], slices.Compact(names))
	return units
}

func stateOf(a *v1alpha1.Application) v1alpha1.OperationalState {
	switch s := a.Status.OperationalState; s {
	case v1alpha1.StatePlanned, v1alpha1.StateOperational, v1alpha1.StateDegraded, v1alpha1.StateOutage,
		v1alpha1.StateMaintenance, v1alpha1.StateUnknown, v1alpha1.StateRetired:
		return s
	case "":
		switch a.Spec.Lifecycle {
		case v1alpha1.LifecyclePlanned:
			return v1alpha1.StatePlanned
		case v1alpha1.LifecycleRetired:
			return v1alpha1.StateRetired
		}
	}
	return v1alpha1.StateUnknown
}

func verdictOf(a *v1alpha1.Application) v1alpha1.Verdict {
	switch v := a.Status.Centralisation; v {
	case v1alpha1.VerdictCompliant, v1alpha1.VerdictExempt, v1alpha1.VerdictUnderReview,
		v1alpha1.VerdictInTransition, v1alpha1.VerdictViolating, v1alpha1.VerdictOutOfScope:
		return v
	}
	return v1alpha1.VerdictUnknown
}
