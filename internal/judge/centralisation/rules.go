// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Rules are a policy as it was compiled: what Judge and Admit look up.
type Rules struct {
	// Treatments of units by name; a unit without an entry is Bound.
	Treatments map[string]v1alpha1.Treatment
	// ProviderUnits are the names of the units that provide IT.
	ProviderUnits map[string]bool
	// LegalBases on which services of the state may be used.
	LegalBases map[string]bool
	// MaxTransition is how long a transition may take; zero is no limit.
	MaxTransition time.Duration
	// Enforcement towards requests that break the rule.
	Enforcement v1alpha1.Enforcement
}

// RulesOf returns what was compiled of a policy, or nil if there is none or it
// was never compiled. What was compiled before the spec last changed still
// holds: it is what admission reads.
func RulesOf(policy *v1alpha1.GovernancePolicy) *Rules {
	return nil // the judge's own change fills this in
}

// Compilation is what admission reads of a policy, and until when it is true.
type Compilation struct {
	ProviderUnits  []v1alpha1.ObjectName
	UnitTreatments map[string]v1alpha1.Treatment
	ExemptionIndex map[string]v1alpha1.Moment
	// Next is the next moment at which compiling gives something else by the
	// mere passing of time; zero is never.
	Next time.Time
}

// Compile says what a policy means: which units provide IT, how each unit is
// treated, and until when each name is exempt. Exemptions that are unusable (a
// day that is none) are left out.
func Compile(spec *v1alpha1.CentralisationPolicy, units []*v1alpha1.OrganisationalUnit, exemptions []*v1alpha1.Exemption, now time.Time) Compilation {
	return Compilation{}
}

// Standing is how an Exemption stands by its days alone.
type Standing struct {
	// State is Pending, Active, Expiring or Expired.
	State v1alpha1.ExemptionState
	// From and Until are the first moment of the Exemption and the first after
	// it.
	From, Until time.Time
	// Next is the next moment at which State changes; zero is never.
	Next time.Time
}

// StandingOf says how an Exemption stands; notice is how long before its end it
// is Expiring. It is an error if a day is none of the calendar.
func StandingOf(e *v1alpha1.Exemption, notice time.Duration, now time.Time) (Standing, error) {
	return Standing{}, nil
}
