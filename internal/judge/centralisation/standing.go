// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

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

// Holds says whether the Exemption holds.
func (s Standing) Holds() bool {
	return s.State == v1alpha1.ExemptionActive || s.State == v1alpha1.ExemptionExpiring
}

// StandingOf says how an Exemption stands; notice is how long before its end it
// is Expiring. It is an error if a day is none of the calendar, or if the last
// day comes before the first.
func StandingOf(e *v1alpha1.Exemption, notice time.Duration, now time.Time) (Standing, error) {
	var s Standing
	first, field := e.Spec.ValidFromOn, "spec.validFromOn"
	if first == "" {
		first, field = e.Spec.Decision.DecidedOn, "spec.decision.decidedOn"
	}
	var err error
	if s.From, err = calendar.StartOfDay(string(first)); err != nil {
		return Standing{}, fmt.Errorf("%s: %w", field, err)
	}
	if s.Until, err = calendar.EndOfDay(string(e.Spec.ExpiresOn)); err != nil {
		return Standing{}, fmt.Errorf("spec.expiresOn: %w", err)
	}
	if !s.Until.After(s.From) {
		return Standing{}, fmt.Errorf("spec.expiresOn: %s is before %s of %s, so that it never holds; the last day must not be before the first", e.Spec.ExpiresOn, first, field)
	}
	warning := s.Until.Add(-max(notice, 0))
	switch {
	case now.Before(s.From):
		s.State, s.Next = v1alpha1.ExemptionPending, s.From
	case !now.Before(s.Until):
		s.State = v1alpha1.ExemptionExpired
	case now.Before(warning):
		s.State, s.Next = v1alpha1.ExemptionActive, warning
	default:
		s.State, s.Next = v1alpha1.ExemptionExpiring, s.Until
	}
	return s, nil
}

// StateOf says how an Exemption stands, given its days, the Application of its
// name (nil if there is none) and the system that it was first used for (nil if
// for none yet). One that holds is Unneeded when the Application is not
// decentral any more, or has gone. That nobody has created it yet is what an
// Exemption is for.
func StateOf(s Standing, application *v1alpha1.Application, covered *v1alpha1.ExemptedApplication) v1alpha1.ExemptionState {
	gone := application == nil && covered != nil
	centralised := application != nil && !Decentral(application)
	if s.Holds() && (gone || centralised) {
		return v1alpha1.ExemptionUnneeded
	}
	return s.State
}

// SystemOf is an Application as an Exemption remembers the one that it was
// first used for.
func SystemOf(app *v1alpha1.Application) v1alpha1.ExemptedApplication {
	return v1alpha1.ExemptedApplication{UID: string(app.UID), DisplayName: displayName(app)}
}

// SameSystem says whether what has an exempt name now is the system that the
// Exemption was first used for. Offline there is no uid to compare, and what
// could not be decoded has no name.
func SameSystem(was, is v1alpha1.ExemptedApplication) bool {
	return (is.UID == "" || was.UID == is.UID) &&
		(was.DisplayName == "" || is.DisplayName == "" || was.DisplayName == is.DisplayName)
}

func displayName(app *v1alpha1.Application) string {
	if app.Spec.DisplayName.DE != "" {
		return app.Spec.DisplayName.DE
	}
	return app.Spec.DisplayName.EN
}
