// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of the conditions of a Project, and of what is missing.
const (
	// ReasonApproved (Approved=True): the last binding decision approves it.
	ReasonApproved = string(OutcomeApproved)
	// ReasonRejected (Approved=False): the last binding decision rejects it.
	ReasonRejected = string(OutcomeRejected)
	// ReasonDeferred (Approved=False): the last decision puts it off.
	ReasonDeferred = string(OutcomeDeferred)
	// ReasonNotDecidedYet (Approved=Unknown): no body has decided.
	ReasonNotDecidedYet = "NotDecidedYet"
	// ReasonFastLane (Approved=True): the project takes the fast lane, within
	// the limits of the policy, so that no body needs to decide.
	ReasonFastLane = "FastLane"
	// ReasonBeyondFastLane (Approved=False; missing): the project takes the fast
	// lane, and the policy has none, or its limits are passed or cannot be
	// compared.
	ReasonBeyondFastLane = "BeyondFastLane"
	// ReasonAsserted (Approved=True, HandedOver=True): a paper asserts it of a
	// project older than this system, and no evidence says otherwise.
	ReasonAsserted = "Asserted"

	// ReasonOnSchedule (OnSchedule=True): no milestone and no due day is
	// overdue.
	ReasonOnSchedule = "OnSchedule"
	// ReasonMilestoneOverdue (OnSchedule=False): a milestone is not reached and
	// its day is over.
	ReasonMilestoneOverdue = "MilestoneOverdue"
	// ReasonOverdue (OnSchedule=False): the day on which it was to be complete
	// is over.
	ReasonOverdue = "Overdue"
	// ReasonPredecessorOpen (OnSchedule=False): the work is to have begun, and a
	// project that must come first is not complete.
	ReasonPredecessorOpen = "PredecessorOpen"
	// ReasonNoSchedule (OnSchedule=Unknown): there is neither a milestone nor a
	// day on which it is due.
	ReasonNoSchedule = "NoSchedule"
	// ReasonPaused (OnSchedule=Unknown): it rests.
	ReasonPaused = "Paused"
	// ReasonEnded (OnSchedule=True): it is complete or rejected, so that nothing
	// is due any more.
	ReasonEnded = "Ended"

	// ReasonWithinBudget (WithinBudget=True): what was spent does not exceed the
	// budget.
	ReasonWithinBudget = "WithinBudget"
	// ReasonOverBudget (WithinBudget=False): more was spent than the budget.
	ReasonOverBudget = "OverBudget"
	// ReasonSpendingUnknown (WithinBudget=Unknown): there is a budget, and
	// nobody said what was spent.
	ReasonSpendingUnknown = "SpendingUnknown"

	// ReasonLedByMainOffice (LedByMainOffice=True): the lead's unit is the one
	// that the policy names, or below it.
	ReasonLedByMainOffice = "LedByMainOffice"
	// ReasonLedElsewhere (LedByMainOffice=False): the lead is of another unit.
	ReasonLedElsewhere = "LedElsewhere"
	// ReasonNoLead (LedByMainOffice=False): nobody is named who leads it, or not
	// of which unit.
	ReasonNoLead = "NoLead"
	// ReasonNoLeadUnit (LedByMainOffice=Unknown): the policy names no unit that
	// leads projects.
	ReasonNoLeadUnit = "NoLeadUnit"

	// ReasonProjectCycle (Ready=False, Stalled=True): the project is a part of
	// itself, or must come before itself; the message shows the way round.
	ReasonProjectCycle = "ProjectCycle"
	// ReasonContradiction (Ready=False, Stalled=True; Approved=Unknown; missing):
	// two pieces of evidence cannot both be right; the message names both fields.
	ReasonContradiction = "Contradiction"
)

// Reasons of what is missing for the next stage of a Project.
const (
	// MissingNeed: the need was not recorded by the DigIT dialogue.
	MissingNeed = "NeedNotRecorded"
	// MissingRequest: requirements management has not submitted a request.
	MissingRequest = "RequestNotSubmitted"
	// MissingRelease: requirements management has not released the request.
	MissingRelease = "RequestNotReleased"
	// MissingDecision: the steering round or the conference has not decided.
	MissingDecision = "NotDecided"
	// MissingNewDecision: it was put off, and awaits another decision.
	MissingNewDecision = "DecisionDeferred"
	// MissingCommission: nobody has commissioned it.
	MissingCommission = "NotCommissioned"
	// MissingStart: nothing shows that the work began.
	MissingStart = "NotStarted"
	// MissingAward: the procurement is not awarded.
	MissingAward = "NotAwarded"
	// MissingTrialEnd: the trial has not ended.
	MissingTrialEnd = "TrialNotCompleted"
	// MissingMilestone: a milestone is overdue.
	MissingMilestone = "MilestoneOverdue"
	// MissingTest: no test was passed.
	MissingTest = "NotTested"
	// MissingTraining: training is not complete.
	MissingTraining = "NotTrained"
	// MissingAcceptance: the office has not accepted the result.
	MissingAcceptance = "NotAccepted"
	// MissingOperationRelease: it was not released for operation.
	MissingOperationRelease = "NotReleased"
	// MissingDeliverables: no Application is named that it delivers.
	MissingDeliverables = "NoDeliverables"
	// MissingHandover: no handover names a deliverable.
	MissingHandover = "NoHandover"
	// MissingHandoverCompletion: the handover of a deliverable is not complete.
	MissingHandoverCompletion = "HandoverIncomplete"
	// MissingSubproject: a sub-project is not complete.
	MissingSubproject = "SubprojectIncomplete"
	// MissingPredecessor: a project that must come first is not complete.
	MissingPredecessor = "PredecessorIncomplete"
	// MissingResumption: the project rests.
	MissingResumption = "Paused"
	// MissingLead: nobody is named who leads it.
	MissingLead = "NoLead"
)
