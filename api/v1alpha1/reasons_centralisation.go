// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of Centralised: that of the finding which decides the verdict. The
// other findings stand in the message with theirs.
const (
	// ReasonProvidedByKDZ (True; Compliant): a unit of the KDZ operates it, and
	// the KDZ bought it.
	ReasonProvidedByKDZ = "ProvidedByKDZ"
	// ReasonProvidedByState (True; Compliant): it is a service of the state
	// that the policy lists.
	ReasonProvidedByState = "ProvidedByState"
	// ReasonNoLongerOperated (True; Compliant): it is Retired, so that nobody
	// provides it any more.
	ReasonNoLongerOperated = "NoLongerOperated"
	// ReasonUnitOutOfScope (True; OutOfScope): the rule does not apply to the
	// unit.
	ReasonUnitOutOfScope = "UnitOutOfScope"
	// ReasonUnitExempt (True; Exempt): the unit is one of the named exceptions.
	ReasonUnitExempt = "UnitExempt"
	// ReasonExempted (True; Exempt): an Exemption holds for it.
	ReasonExempted = "Exempted"
	// ReasonUnitUnderReview (True; UnderReview): how far the unit's IT can be
	// centralised is being examined.
	ReasonUnitUnderReview = "UnitUnderReview"
	// ReasonReviewPending (True; UnderReview): how far it can be centralised is
	// being examined, in time.
	ReasonReviewPending = "ReviewPending"
	// ReasonTransitionPlanned (True; InTransition): a project brings it to the
	// KDZ, in time.
	ReasonTransitionPlanned = "TransitionPlanned"
	// ReasonDecentral (False; Violating): it is decentral, and nothing allows
	// that.
	ReasonDecentral = "Decentral"
	// ReasonProcuredByUnit (False; Violating): a unit bought it on its own, and
	// nothing allows that.
	ReasonProcuredByUnit = "ProcuredByUnit"
	// ReasonNotAProviderUnit (False; Violating): it claims provider KDZ, and
	// the unit that operates it is none of the KDZ's.
	ReasonNotAProviderUnit = "NotAProviderUnit"
	// ReasonStateServiceUnlisted (False; Violating): it claims provider State,
	// and the policy lists no service of the state with its legal basis.
	ReasonStateServiceUnlisted = "StateServiceUnlisted"
	// ReasonExemptionExpired (False; Violating): its last Exemption has
	// expired. One whose days are none of the calendar, or end before they
	// begin, counts as expired.
	ReasonExemptionExpired = "ExemptionExpired"
	// ReasonTransitionOverdue (False; Violating): the day has passed on which it
	// was to be with the KDZ, or is none of the calendar.
	ReasonTransitionOverdue = "TransitionOverdue"
	// ReasonReviewOverdue (False; Violating): the day has passed on which the
	// examination was to be done, or is none of the calendar.
	ReasonReviewOverdue = "ReviewOverdue"
	// ReasonProviderUndetermined (Unknown): nobody has declared who provides it.
	ReasonProviderUndetermined = "ProviderUndetermined"
	// ReasonPolicyNotCompiled (Unknown): there is no GovernancePolicy default,
	// or the operator has not compiled it yet.
	ReasonPolicyNotCompiled = "PolicyNotCompiled"
	// ReasonNamespaceWithoutUnit (beside the deciding finding): the namespace
	// belongs to no unit, so that the rule holds in full.
	ReasonNamespaceWithoutUnit = "NamespaceWithoutUnit"
	// ReasonUnitMismatch (beside the deciding finding): it answers to another
	// unit than its namespace belongs to.
	ReasonUnitMismatch = "UnitMismatch"
	// ReasonExemptionReused (beside the deciding finding): under the exempt name
	// there is another system than the one that was exempt.
	ReasonExemptionReused = "ExemptionReused"
	// ReasonTransitionTooLong (beside the deciding finding): the transition
	// takes longer than the policy allows.
	ReasonTransitionTooLong = "TransitionTooLong"
)

// Reasons of GovernancePolicies and Exemptions.
const (
	// ReasonNotDefault (Ready=False, Stalled=True): only the GovernancePolicy
	// named default has effect.
	ReasonNotDefault = "NotDefault"
	// ReasonCompiling (Ready=False, Reconciling=True): admission does not know
	// of it yet.
	ReasonCompiling = "Compiling"
	// ReasonTooMany (Ready=False, Stalled=True): there are more exemptions, or
	// units, than the policy's status can hold.
	ReasonTooMany = "TooMany"
)
