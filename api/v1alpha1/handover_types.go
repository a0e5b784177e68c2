// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// HandoverCheck is something that the operator checks before a handover.
// +kubebuilder:validation:Enum=EndpointsAvailable;HostingHealthy;BackedUp;RestoreTested;ServiceLevelAssigned;Centralised;CertificatesValid;ContactsNamed
type HandoverCheck string

// Checks of a handover. Each that is named like a condition of an Application
// is that condition; RestoreTested, ServiceLevelAssigned and ContactsNamed are
// read from the Application's backup and spec.
const (
	CheckEndpointsAvailable   HandoverCheck = "EndpointsAvailable"
	CheckHostingHealthy       HandoverCheck = "HostingHealthy"
	CheckBackedUp             HandoverCheck = "BackedUp"
	CheckRestoreTested        HandoverCheck = "RestoreTested"
	CheckServiceLevelAssigned HandoverCheck = "ServiceLevelAssigned"
	CheckCentralised          HandoverCheck = "Centralised"
	CheckCertificatesValid    HandoverCheck = "CertificatesValid"
	CheckContactsNamed        HandoverCheck = "ContactsNamed"
)

// SignOffRole is a role that signs a handover.
// +kubebuilder:validation:Enum=ProjectLead;Operations;ApplicationManagement;ProviderManagement
type SignOffRole string

// Roles that sign a handover.
const (
	RoleProjectLead           SignOffRole = "ProjectLead"
	RoleOperations            SignOffRole = "Operations"
	RoleApplicationManagement SignOffRole = "ApplicationManagement"
	RoleProviderManagement    SignOffRole = "ProviderManagement"
)

// HandoverCriterion is something that people check before a handover.
type HandoverCriterion struct {
	// name of the criterion, unique in its handover.
	// +required
	Name ItemName `json:"name,omitempty"`

	// description of what is to be fulfilled.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Description string `json:"description,omitempty"`

	// required says whether the handover waits for it.
	// +optional
	// +kubebuilder:default=true
	Required *bool `json:"required,omitempty"`

	// fulfilledOn is the day on which it was fulfilled.
	// +optional
	FulfilledOn Date `json:"fulfilledOn,omitempty"`

	// evidence where it can be seen, such as a URL.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Evidence string `json:"evidence,omitempty"`
}

// EarlyLifeSupport is the time after the handover in which the project still
// helps.
type EarlyLifeSupport struct {
	// duration of it.
	// +required
	Duration Duration `json:"duration,omitempty"`

	// minimumAvailability in per cent that must be kept in that time.
	// +optional
	MinimumAvailability Percentage `json:"minimumAvailability,omitempty"`
}

// HandoverSpec declares what is handed over to whom, and what must hold.
// +kubebuilder:validation:XValidation:rule="self.applicationRefs.all(a, self.applicationRefs.exists_one(b, b.name == a.name && (has(a.__namespace__) ? has(b.__namespace__) && b.__namespace__ == a.__namespace__ : !has(b.__namespace__))))",message="applicationRefs must not name the same application twice"
type HandoverSpec struct {
	// projectRef names the project that hands over.
	// +required
	ProjectRef ProjectReference `json:"projectRef,omitzero"`

	// applicationRefs are the Applications that are handed over.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	ApplicationRefs []ApplicationReference `json:"applicationRefs,omitempty"`

	// operationsUnitRef names the KDZ unit that takes over operation.
	// +required
	OperationsUnitRef UnitReference `json:"operationsUnitRef,omitzero"`

	// supportUnitRef names the unit that takes over support.
	// +optional
	SupportUnitRef *UnitReference `json:"supportUnitRef,omitempty"`

	// applicationManager who takes over the business side.
	// +optional
	ApplicationManager *Person `json:"applicationManager,omitempty"`

	// dueOn is the day on which the handover is to be complete.
	// +optional
	DueOn Date `json:"dueOn,omitempty"`

	// criteria that people check; absent means those of the policy.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Criteria []HandoverCriterion `json:"criteria,omitempty"`

	// checks that the operator makes.
	// +optional
	// +listType=set
	// +kubebuilder:default={EndpointsAvailable,HostingHealthy,BackedUp,ServiceLevelAssigned,Centralised,CertificatesValid,ContactsNamed}
	// +kubebuilder:validation:MaxItems=8
	Checks []HandoverCheck `json:"checks,omitempty"`

	// stableFor is how long each check must have held.
	// +optional
	// +kubebuilder:default="15m"
	StableFor Duration `json:"stableFor,omitempty"`

	// earlyLifeSupport after the handover; absent means none.
	// +optional
	EarlyLifeSupport *EarlyLifeSupport `json:"earlyLifeSupport,omitempty"`
}

// HandoverStage is how far a handover has come. It is computed.
// +kubebuilder:validation:Enum=Preparing;Verifying;AwaitingSignOff;EarlyLifeSupport;Completed;Rejected
type HandoverStage string

// Stages of a handover.
const (
	HandoverPreparing        HandoverStage = "Preparing"
	HandoverVerifying        HandoverStage = "Verifying"
	HandoverAwaitingSignOff  HandoverStage = "AwaitingSignOff"
	HandoverEarlyLifeSupport HandoverStage = "EarlyLifeSupport"
	HandoverCompleted        HandoverStage = "Completed"
	HandoverRejected         HandoverStage = "Rejected"
)

// ContentHash is a versioned digest of what a sign-off is for: "v1:" and 64
// hexadecimal digits.
// +kubebuilder:validation:MinLength=67
// +kubebuilder:validation:MaxLength=68
// +kubebuilder:validation:Pattern=`^v[1-9][0-9]?:[0-9a-f]{64}$`
type ContentHash string

// CheckResult is what a check found of an Application.
type CheckResult struct {
	// application that was checked: its name, or namespace/name where it is
	// another namespace's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=127
	Application string `json:"application,omitempty"`

	// check that was made.
	// +required
	Check HandoverCheck `json:"check,omitempty"`

	// passed says whether it holds.
	// +required
	Passed *bool `json:"passed,omitempty"`

	// since when it is so.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// message with the evidence.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// SignOffSummary tells of a SignOff and whether it counts.
type SignOffSummary struct {
	// name of the SignOff.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// role that signed.
	// +required
	Role SignOffRole `json:"role,omitempty"`

	// outcome of the signer's examination.
	// +required
	Outcome SignOffOutcome `json:"outcome,omitempty"`

	// signedBy is the person who signed.
	// +required
	SignedBy UserName `json:"signedBy,omitempty"`

	// void says that it does not count.
	// +optional
	Void bool `json:"void,omitempty"`

	// message says why it is void.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`
}

// EarlyLifeSupportStatus tells how the time after the handover goes.
type EarlyLifeSupportStatus struct {
	// startedAt is when all required roles had signed.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	StartedAt metav1.Time `json:"startedAt,omitzero"`

	// endsAt is the first moment at which it can end.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	EndsAt metav1.Time `json:"endsAt,omitzero"`

	// availability in per cent since it started, of the Application with the
	// lowest; absent as long as nothing was observed.
	// +optional
	Availability Percentage `json:"availability,omitempty"`

	// worst is the Application with that availability: its name, or
	// namespace/name where it is another namespace's.
	// +optional
	// +kubebuilder:validation:MaxLength=127
	Worst string `json:"worst,omitempty"`

	// accounts of the Applications as they stood when it began, or when they
	// were first seen in it: what was counted since is how available they were
	// in it.
	// +optional
	// +listType=map
	// +listMapKey=application
	// +kubebuilder:validation:MaxItems=32
	Accounts []SupportAccount `json:"accounts,omitempty"`
}

// SupportAccount is how the account of an Application stood when early-life
// support began.
type SupportAccount struct {
	// application of which it is: its name, or namespace/name where it is
	// another namespace's.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=127
	Application string `json:"application,omitempty"`

	// totals of the account at that moment; absent if there was none yet.
	// +optional
	Totals *AccountTotals `json:"totals,omitempty"`
}

// HandoverStatus tells how far a handover has come and what is to be done
// next.
type HandoverStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// stage as the evidence says.
	// +optional
	Stage HandoverStage `json:"stage,omitempty"`

	// stageSince is when the handover entered its stage.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	StageSince *metav1.Time `json:"stageSince,omitempty"`

	// contentHash that a SignOff must carry to count.
	// +optional
	ContentHash ContentHash `json:"contentHash,omitempty"`

	// results of the checks.
	// +optional
	// +listType=map
	// +listMapKey=application
	// +listMapKey=check
	// +kubebuilder:validation:MaxItems=256
	Results []CheckResult `json:"results,omitempty"`

	// signOffs that were given, and whether they count.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	SignOffs []SignOffSummary `json:"signOffs,omitempty"`

	// earlyLifeSupport tells how the time after the handover goes; absent before.
	// +optional
	EarlyLifeSupport *EarlyLifeSupportStatus `json:"earlyLifeSupport,omitempty"`

	// missing is what a person must do next.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	Missing []MissingItem `json:"missing,omitempty"`

	// conditions are Ready, Reconciling, Stalled, HandedOver, OnSchedule.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Handover is the handover of what a project delivers to the operation by the
// KDZ and to functional application management.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=handovers,singular=handover,scope=Namespaced,categories=kdz
// +kubebuilder:selectablefield:JSONPath=`.status.stage`
// +kubebuilder:printcolumn:name="Stage",type=string,JSONPath=`.status.stage`
// +kubebuilder:printcolumn:name="Project",type=string,JSONPath=`.spec.projectRef.name`
// +kubebuilder:printcolumn:name="Operations",type=string,JSONPath=`.spec.operationsUnitRef.name`
// +kubebuilder:printcolumn:name="Due",type=string,JSONPath=`.spec.dueOn`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.stageSince`
// +kubebuilder:printcolumn:name="Hash",type=string,JSONPath=`.status.contentHash`,priority=1
// +kubebuilder:printcolumn:name="Missing",type=string,JSONPath=`.status.missing[*].reason`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of a Handover must have at most 63 characters, since it becomes a label value"
type Handover struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares what is handed over to whom.
	// +required
	Spec HandoverSpec `json:"spec,omitzero"`
	// status tells how far it has come.
	// +optional
	Status HandoverStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// GetConditions returns the conditions of the handover.
func (h *Handover) GetConditions() []metav1.Condition { return h.Status.Conditions }

// SetConditions replaces the conditions of the handover.
func (h *Handover) SetConditions(conditions []metav1.Condition) { h.Status.Conditions = conditions }

// HandoverList is a list of Handovers.
//
// +kubebuilder:object:root=true
type HandoverList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Handover `json:"items"`
}
