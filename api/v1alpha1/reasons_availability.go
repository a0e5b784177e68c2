// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of agreements.
const (
	// ConditionRequirementsMet (normal, present on ServiceLevels that require
	// something): every Application under the agreement declares what it
	// requires.
	ConditionRequirementsMet = "RequirementsMet"
	// ConditionDecided (normal, always present on ServiceLevels): a body
	// approved the agreement.
	ConditionDecided = "Decided"
)

// Reasons of ServiceLevelMet, on Applications and on ServiceLevels.
const (
	// ReasonMet (True): charged seconds are within the budget so far.
	ReasonMet = string(ResultMet)
	// ReasonBreached (False): charged seconds exceed the budget.
	ReasonBreached = string(ResultBreached)
	// ReasonInsufficientData (Unknown): less of the agreed time was observed
	// than the agreement asks for.
	ReasonInsufficientData = string(ResultInsufficientData)
	// ReasonNothingAgreed (Unknown): the period has no agreed time.
	ReasonNothingAgreed = "NothingAgreed"
	// ReasonNotCounted (Unknown): the Application is not in service yet, or no
	// more.
	ReasonNotCounted = "NotCounted"
	// ReasonHistoryLost (Unknown; also a finding of the audit): the account was
	// deleted or lost, so what was before is not known.
	ReasonHistoryLost = "HistoryLost"
	// ReasonRecoveryBreached (an Event and a finding): one outage has lasted
	// longer than was agreed.
	ReasonRecoveryBreached = "RecoveryBreached"
	// ReasonBudgetLow (an Event): less than a tenth of the budget is left.
	ReasonBudgetLow = "BudgetLow"
	// ReasonNoApplications (ServiceLevelMet=Unknown on a ServiceLevel): no
	// Application under it has an account yet.
	ReasonNoApplications = "NoApplications"
)

// Reasons of Decided and RequirementsMet.
const (
	// ReasonDecided (True): a body approved it.
	ReasonDecided = "Decided"
	// ReasonNotDecided (False): no body approved it.
	ReasonNotDecided = "NotDecided"
	// ReasonRequirementsMet (True): every Application declares what is
	// required.
	ReasonRequirementsMet = "RequirementsMet"
	// ReasonRequirementUnmet (False): an Application declares less.
	ReasonRequirementUnmet = "RequirementUnmet"
)

// Reasons why an outage ended otherwise than by success.
const (
	// EndedEndpointRemoved: the endpoint that showed it was removed.
	EndedEndpointRemoved = "EndpointRemoved"
	// EndedOutOfService: the Application is no longer in operation.
	EndedOutOfService = "OutOfService"
)
