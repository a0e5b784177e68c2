// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ServiceLevelRevision is a version of the agreement and when it began.
type ServiceLevelRevision struct {
	// from is the moment at which the revision began to hold.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	From metav1.Time `json:"from,omitzero"`

	// generation of the spec that it is.
	// +required
	// +kubebuilder:validation:Minimum=1
	Generation int64 `json:"generation,omitempty"`

	// spec as it was, as far as accounting needs it.
	// +required
	Spec ServiceLevelTerms `json:"spec,omitzero"`
}

// ServiceLevelTerms are the parts of an agreement that accounting needs.
type ServiceLevelTerms struct {
	// availability that was agreed.
	// +required
	Availability AvailabilityObjective `json:"availability,omitzero"`

	// serviceHours in which it was agreed; absent means always.
	// +optional
	ServiceHours *ServiceHours `json:"serviceHours,omitempty"`

	// maintenance windows that were agreed.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Maintenance []MaintenanceWindow `json:"maintenance,omitempty"`

	// latency that was agreed.
	// +optional
	Latency *LatencyObjective `json:"latency,omitempty"`

	// recovery that was agreed.
	// +optional
	Recovery *RecoveryObjective `json:"recovery,omitempty"`
}

// ServiceLevelPeriod counts the Applications of a past period by result.
type ServiceLevelPeriod struct {
	// period that is counted.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Period string `json:"period,omitempty"`

	// met counts Applications whose agreement was kept.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Met int32 `json:"met"`

	// breached counts Applications whose agreement was broken.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Breached int32 `json:"breached"`

	// insufficientData counts Applications that were not observed enough.
	// +optional
	// +kubebuilder:validation:Minimum=0
	InsufficientData int32 `json:"insufficientData"`
}

// ServiceLevelStatus tells how the Applications under the agreement stand.
type ServiceLevelStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// revisions of the agreement, oldest first.
	// +optional
	// +listType=map
	// +listMapKey=generation
	// +kubebuilder:validation:MaxItems=16
	Revisions []ServiceLevelRevision `json:"revisions,omitempty"`

	// applications under the agreement.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Applications int32 `json:"applications,omitempty"`

	// met counts Applications whose agreement is kept in the current period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Met int32 `json:"met,omitempty"`

	// breached counts Applications whose agreement is broken.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Breached int32 `json:"breached,omitempty"`

	// insufficientData counts Applications that were not observed enough.
	// +optional
	// +kubebuilder:validation:Minimum=0
	InsufficientData int32 `json:"insufficientData,omitempty"`

	// availability in per cent of the worst Application under the agreement in
	// its current period; absent where none has any.
	// +optional
	Availability Percentage `json:"availability,omitempty"`

	// budgetLeftSeconds of the Application that has least of its budget left in
	// proportion; absent where none has any.
	// +optional
	BudgetLeftSeconds *int64 `json:"budgetLeftSeconds,omitempty"`

	// worst names the Application with least of its budget left in proportion,
	// as "namespace/name".
	// +optional
	// +kubebuilder:validation:MaxLength=127
	Worst string `json:"worst,omitempty"`

	// periods that are over, newest first.
	// +optional
	// +listType=map
	// +listMapKey=period
	// +kubebuilder:validation:MaxItems=13
	Periods []ServiceLevelPeriod `json:"periods,omitempty"`

	// conditions are Ready, Reconciling, Stalled, ServiceLevelMet,
	// RequirementsMet, Decided.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
