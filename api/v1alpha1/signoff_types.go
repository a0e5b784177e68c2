// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// LocalHandoverReference names a Handover of the same namespace.
type LocalHandoverReference struct {
	// name of the Handover.
	// +required
	Name ObjectName `json:"name,omitempty"`
}

// SignOffOutcome is what a role says of a handover.
// +kubebuilder:validation:Enum=Accepted;Rejected
type SignOffOutcome string

// Outcomes of a sign-off.
const (
	SignOffAccepted SignOffOutcome = "Accepted"
	SignOffRejected SignOffOutcome = "Rejected"
)

// SignOffSpec is a signature. It is never changed.
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="a sign-off is never changed: create a new one"
// +kubebuilder:validation:XValidation:rule="self.outcome != 'Rejected' || (has(self.comment) && self.comment.size() > 0)",message="a rejection needs a comment that says why"
type SignOffSpec struct {
	// handoverRef names the handover that is signed.
	// +required
	HandoverRef LocalHandoverReference `json:"handoverRef,omitzero"`

	// role that signs.
	// +required
	Role SignOffRole `json:"role,omitempty"`

	// onBehalfOfVacantRole says that the signer stands in for a role that the
	// policy lists as vacant.
	// +optional
	OnBehalfOfVacantRole bool `json:"onBehalfOfVacantRole,omitempty"`

	// outcome of the signer's examination.
	// +required
	Outcome SignOffOutcome `json:"outcome,omitempty"`

	// contentHash of what is signed, from the handover's status.
	// +required
	ContentHash ContentHash `json:"contentHash,omitempty"`

	// signedBy is the person who signs.
	// +required
	SignedBy UserName `json:"signedBy,omitempty"`

	// signedAt is when.
	// +required
	SignedAt Moment `json:"signedAt,omitempty"`

	// comment of the signer; a rejection needs one.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Comment string `json:"comment,omitempty"`
}

// SignOff is a signature under a handover: created once, never changed. It is
// an object of its own since an entry in a list would be lost when the
// handover is applied again from Git.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=signoffs,singular=signoff,scope=Namespaced,categories=kdz
// +kubebuilder:printcolumn:name="Handover",type=string,JSONPath=`.spec.handoverRef.name`
// +kubebuilder:printcolumn:name="Role",type=string,JSONPath=`.spec.role`
// +kubebuilder:printcolumn:name="Outcome",type=string,JSONPath=`.spec.outcome`
// +kubebuilder:printcolumn:name="By",type=string,JSONPath=`.spec.signedBy`
// +kubebuilder:printcolumn:name="At",type=string,JSONPath=`.spec.signedAt`
// +kubebuilder:printcolumn:name="Hash",type=string,JSONPath=`.spec.contentHash`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of a SignOff must have at most 63 characters, since it becomes a label value"
type SignOff struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is the signature.
	// +required
	Spec SignOffSpec `json:"spec,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// SignOffList is a list of SignOffs.
//
// +kubebuilder:object:root=true
type SignOffList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []SignOff `json:"items"`
}
