// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of HandedOver.
const (
	// ReasonHandedOver (True): the handover is complete.
	ReasonHandedOver = "HandedOver"
	// ReasonInEarlyLifeSupport (HandedOver=False): all roles have signed, and the
	// project still helps. It ends by itself.
	ReasonInEarlyLifeSupport = string(HandoverEarlyLifeSupport)
	// ReasonNoHandover (False): no Handover names it.
	ReasonNoHandover = "NoHandover"
	// ReasonHandoverIncomplete (False): the Handover that names it is not signed
	// by all roles.
	ReasonHandoverIncomplete = "HandoverIncomplete"
	// ReasonHandoverRejected (False): a role rejected the Handover as it is.
	ReasonHandoverRejected = "HandoverRejected"
	// ReasonNoDeliverables (HandedOver=Unknown on a Project): the project names
	// no Application that it delivers.
	ReasonNoDeliverables = "NoDeliverables"
)

// Reasons of what is missing for the next stage of a Handover.
const (
	// MissingCriterion: a required criterion is not fulfilled.
	MissingCriterion = "CriterionNotFulfilled"
	// MissingCheck: a check does not hold.
	MissingCheck = "CheckFailed"
	// MissingStability: a check holds, and not yet for long enough.
	MissingStability = "NotStableYet"
	// MissingSignOff: a required role has not signed the present content.
	MissingSignOff = "SignOffMissing"
	// MissingResubmission: a role rejected the present content; what it says is
	// to be mended, so that the content changes, or the role signs anew.
	MissingResubmission = "SignOffRejected"
	// MissingAvailability: the availability in early-life support is below the
	// one that was agreed for it.
	MissingAvailability = "AvailabilityTooLow"
	// MissingOpenCriterion: a criterion that was not required is still open at
	// the end of early-life support.
	MissingOpenCriterion = "CriterionOpen"
	// MissingApplication: an Application that is handed over does not exist.
	MissingApplication = "ApplicationNotFound"
)

// Reasons of why a SignOff does not count, at the start of its message.
const (
	// VoidOtherContent: it is for other content than the present.
	VoidOtherContent = "OtherContent"
	// VoidSuperseded: the same role signed the same content later.
	VoidSuperseded = "Superseded"
	// VoidSameSigner: the person signed the same content for another role.
	VoidSameSigner = "SameSigner"
	// VoidProjectLead: the project lead cannot sign for Operations.
	VoidProjectLead = "ProjectLead"
	// VoidNotVacant: it is on behalf of a vacant role that is not vacant.
	VoidNotVacant = "NotVacant"
	// VoidUndecodable: what is stored cannot be read.
	VoidUndecodable = "Undecodable"
)
