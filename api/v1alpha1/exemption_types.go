// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ExemptionSpec is a single exception from the rule that all city IT is
// provided by the KDZ. It is never changed; a renewal is a new object.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="an exemption is never changed: a renewal is a new object"
// +kubebuilder:validation:XValidation:rule="self.decision.outcome == 'Approved'",message="an exemption rests on an approved decision: decision.outcome must be Approved"
// +kubebuilder:validation:XValidation:rule="!has(self.validFromOn) || self.validFromOn <= self.expiresOn",message="expiresOn must not be before validFromOn"
type ExemptionSpec struct {
	// applicationRef names the Application of the same namespace that is
	// exempt. It need not exist yet.
	// +required
	ApplicationRef LocalApplicationReference `json:"applicationRef,omitzero"`

	// reason of the exception.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Reason string `json:"reason,omitempty"`

	// decision of the body that granted it.
	// +required
	Decision Decision `json:"decision,omitzero"`

	// validFromOn is the first day; absent means the day of the decision.
	// +optional
	ValidFromOn Date `json:"validFromOn,omitempty"`

	// expiresOn is the last day. Every exception has an end.
	// +required
	ExpiresOn Date `json:"expiresOn,omitempty"`

	// obligations that the body attached.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	Obligations []string `json:"obligations,omitempty"`
}

// ExemptionState is how an exemption stands.
// +kubebuilder:validation:Enum=Pending;Active;Expiring;Expired;Unneeded
type ExemptionState string

// States of an exemption.
const (
	// ExemptionPending: its first day has not come.
	ExemptionPending ExemptionState = "Pending"
	// ExemptionActive: it holds.
	ExemptionActive ExemptionState = "Active"
	// ExemptionExpiring: it holds, and ends soon.
	ExemptionExpiring ExemptionState = "Expiring"
	// ExemptionExpired: its last day is over.
	ExemptionExpired ExemptionState = "Expired"
	// ExemptionUnneeded: it still holds for its name, but the Application is
	// no longer decentral, or gone.
	ExemptionUnneeded ExemptionState = "Unneeded"
)

// ExemptedApplication is the system that an exemption was first used for.
type ExemptedApplication struct {
	// uid of the Application.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	UID string `json:"uid,omitempty"`

	// displayName that it had, in German if it had one.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DisplayName string `json:"displayName,omitempty"`
}

// ExemptionStatus tells how an exemption stands.
type ExemptionStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// state of the exemption.
	// +optional
	State ExemptionState `json:"state,omitempty"`

	// since when it is in this state.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// application that first filled the exempt name. Another system under the
	// same name is a finding.
	// +optional
	Application *ExemptedApplication `json:"application,omitempty"`

	// conditions are Ready (once admission knows it), Reconciling, Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// Exemption is a single exception from the rule, decided by the DigIT steering
// round (Ausnahme im Einzelfall).
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=exemptions,singular=exemption,scope=Namespaced,shortName=itexempt,categories=kdz
// +kubebuilder:selectablefield:JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Application",type=string,JSONPath=`.spec.applicationRef.name`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Expires",type=string,JSONPath=`.spec.expiresOn`
// +kubebuilder:printcolumn:name="Body",type=string,JSONPath=`.spec.decision.body`
// +kubebuilder:printcolumn:name="Reference",type=string,JSONPath=`.spec.decision.reference`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.spec.reason`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of an Exemption must have at most 63 characters, since it becomes a label value"
type Exemption struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the exception.
	// +required
	Spec ExemptionSpec `json:"spec,omitzero"`
	// status tells how it stands.
	// +optional
	Status ExemptionStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// GetConditions returns the conditions of the object.
func (e *Exemption) GetConditions() []metav1.Condition { return e.Status.Conditions }

// SetConditions replaces the conditions of the object.
func (e *Exemption) SetConditions(c []metav1.Condition) { e.Status.Conditions = c }

// ExemptionList is a list of Exemptions.
//
// +kubebuilder:object:root=true
type ExemptionList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Exemption `json:"items"`
}
