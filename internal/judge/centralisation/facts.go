// SPDX-License-Identifier: Apache-2.0

package centralisation

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// facts are what the checks look at. They are handed on by value, which keeps
// them off the heap: Judge runs for every Application of the city.
type facts struct {
	Scope
	op *v1alpha1.Operation
	// treatment of the unit; empty without rules.
	treatment v1alpha1.Treatment
	// provided: by the KDZ or the state, as declared, and bought by the KDZ.
	provided bool
	// left: none of what settles the matter holds, so that something must allow
	// it.
	left bool
	// holding is the Exemption that holds and ends last; nil if none does.
	holding *v1alpha1.Exemption
	// expired is the Exemption that ended last; nil if none has. One that is
	// unusable counts as one that ended before all others.
	expired *v1alpha1.Exemption
	// unusable says why expired is.
	unusable error
	// transition and review of what is left.
	transition, review term
	// allowed: something allows it.
	allowed bool
	// next moment at which a fact changes.
	next time.Time
}

// term is a plan with a last day.
type term struct {
	// set: there is one.
	set bool
	// inTime: the day has not passed.
	inTime bool
	// tooLong: it takes longer than the policy allows, from now on.
	tooLong bool
	// unusable says why nothing can be told from the day.
	unusable error
}

func gather(s Scope) facts {
	f := facts{Scope: s, op: &s.Application.Spec.Operation}
	f.gatherExemptions()
	if s.Rules == nil {
		return f
	}
	f.treatment = s.Rules.TreatmentOf(s.Unit)
	f.provided = f.op.ProcuredThrough != v1alpha1.ProcuredThroughUnit &&
		(f.op.Provider == v1alpha1.ProviderKDZ && !f.claimsKDZ() || f.op.Provider == v1alpha1.ProviderState && !f.claimsState())
	f.left = f.treatment != v1alpha1.TreatmentOutOfScope && s.Application.Spec.Lifecycle != v1alpha1.LifecycleRetired && f.declared() && !f.provided
	if f.left {
		f.gatherTransition()
		f.gatherReview()
	}
	return f
}

// declared: somebody has said who provides it.
func (f *facts) declared() bool {
	switch f.op.Provider {
	case v1alpha1.ProviderKDZ, v1alpha1.ProviderState, v1alpha1.ProviderDecentral:
		return true
	}
	return false
}

// claimsKDZ: it claims to be provided by the KDZ, and is not.
func (f *facts) claimsKDZ() bool {
	return f.op.Provider == v1alpha1.ProviderKDZ && !f.Rules.ProviderUnits[nameOf(f.op.UnitRef)]
}

// claimsState: it claims to be provided by the state, and the policy knows of
// no such service.
func (f *facts) claimsState() bool {
	return f.op.Provider == v1alpha1.ProviderState && !f.Rules.LegalBases[f.op.LegalBasis]
}

func nameOf(ref *v1alpha1.UnitReference) string {
	if ref == nil {
		return ""
	}
	return string(ref.Name)
}

// gatherExemptions finds the one that holds and the one that ended last. Of two
// with the same end it takes the one whose name comes first, so that their
// order does not matter.
func (f *facts) gatherExemptions() {
	var holdsUntil, expiredAt time.Time
	for _, e := range f.Exemptions {
		s, err := StandingOf(e, 0, f.Now)
		if err == nil {
			f.awaits(s.From)
			f.awaits(s.Until)
		}
		switch {
		case err != nil:
			if f.expired == nil || f.unusable != nil && e.Name < f.expired.Name {
				f.expired, f.unusable = e, err
			}
		case s.Holds():
			if f.holding == nil || endsLater(s.Until, e, holdsUntil, f.holding) {
				f.holding, holdsUntil = e, s.Until
			}
		case s.State == v1alpha1.ExemptionExpired:
			if f.expired == nil || f.unusable != nil || endsLater(s.Until, e, expiredAt, f.expired) {
				f.expired, f.unusable, expiredAt = e, nil, s.Until
			}
		}
	}
}

func endsLater(until time.Time, e *v1alpha1.Exemption, than time.Time, other *v1alpha1.Exemption) bool {
	if n := until.Compare(than); n != 0 {
		return n > 0
	}
	return e.Name < other.Name
}

func (f *facts) gatherTransition() {
	t := f.op.Transition
	if t == nil {
		return
	}
	f.transition = f.termOf(t.DueOn)
	begins, tooLong, err := exceeds(t.DueOn, f.Rules.MaxTransition, f.Now)
	if err == nil {
		f.transition.tooLong = tooLong
		f.awaits(begins)
	}
}

func (f *facts) gatherReview() {
	if r := f.op.Review; r != nil {
		f.review = f.termOf(r.DueOn)
	}
}

func (f *facts) termOf(dueOn v1alpha1.Date) term {
	end, err := calendar.EndOfDay(string(dueOn))
	if err != nil {
		return term{set: true, unusable: err}
	}
	f.awaits(end)
	return term{set: true, inTime: f.Now.Before(end)}
}

// awaits notes a moment at which a fact changes.
func (f *facts) awaits(moment time.Time) {
	if moment.After(f.Now) {
		f.next = calendar.Earliest(f.next, moment)
	}
}

// exceeds says whether a transition takes longer than the policy allows, and
// from when it would not any more. The door can only count from midnight in
// UTC, so that this does the same.
func exceeds(dueOn v1alpha1.Date, longest time.Duration, now time.Time) (from time.Time, exceeds bool, err error) {
	midnight, err := time.Parse(time.DateOnly, string(dueOn))
	if err != nil || longest <= 0 {
		return time.Time{}, false, err
	}
	from = midnight.Add(-longest)
	return from, now.Before(from), nil
}
