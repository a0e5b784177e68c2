// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Rules are a policy as it was compiled: what Judge and Admit look up.
type Rules struct {
	// Treatments of units by name; a unit without an entry is Bound. It is the
	// policy's own map and must not be changed.
	Treatments map[string]v1alpha1.Treatment
	// ProviderUnits are the names of the units that provide IT.
	ProviderUnits map[string]bool
	// LegalBases on which services of the state may be used.
	LegalBases map[string]bool
	// MaxTransition is how long a transition may take; zero is no limit.
	MaxTransition time.Duration
	// MaxTransitionText is the same as the policy writes it, for messages.
	MaxTransitionText v1alpha1.Duration
	// Enforcement towards requests that break the rule.
	Enforcement v1alpha1.Enforcement
}

// RulesOf returns what was compiled of a policy, or nil if there is none or it
// was never compiled. What was compiled before the spec last changed still
// holds: it is what admission reads.
func RulesOf(policy *v1alpha1.GovernancePolicy) *Rules {
	if policy == nil || policy.Status.CompiledAt.IsZero() {
		return nil
	}
	spec := &policy.Spec.Centralisation
	r := &Rules{
		Treatments:    policy.Status.UnitTreatments,
		ProviderUnits: make(map[string]bool, len(policy.Status.ProviderUnits)),
		LegalBases:    make(map[string]bool, len(spec.StateServices)),
		Enforcement:   spec.Enforcement,
	}
	for _, name := range policy.Status.ProviderUnits {
		r.ProviderUnits[string(name)] = true
	}
	for i := range spec.StateServices {
		r.LegalBases[spec.StateServices[i].LegalBasis] = true
	}
	if d, err := time.ParseDuration(string(spec.MaxTransition)); err == nil && d > 0 {
		r.MaxTransition, r.MaxTransitionText = d, spec.MaxTransition
	}
	if r.Enforcement == "" {
		r.Enforcement = v1alpha1.EnforcementDeny
	}
	return r
}

// TreatmentOf returns how the rule treats a unit; the empty unit is that of a
// namespace which belongs to none.
func (r *Rules) TreatmentOf(unit string) v1alpha1.Treatment {
	if t := r.Treatments[unit]; t != "" {
		return t
	}
	return v1alpha1.TreatmentBound
}
