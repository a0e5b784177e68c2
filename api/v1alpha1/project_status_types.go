// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// MissingItem is something that a person must do next.
type MissingItem struct {
	// reason in a stable CamelCase word.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// field of the spec that is to be filled in.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Field string `json:"field,omitempty"`

	// message that names who does what.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// MilestoneSummary counts the milestones of a project.
type MilestoneSummary struct {
	// total of all milestones.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Total int32 `json:"total"`
	// completed milestones.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Completed int32 `json:"completed"`
	// overdue milestones.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Overdue int32 `json:"overdue"`
	// next milestone that is due.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Next string `json:"next,omitempty"`
	// nextDueOn is the day on which it is due.
	// +optional
	NextDueOn Date `json:"nextDueOn,omitempty"`
}

// SubprojectSummary counts the sub-projects of a project.
type SubprojectSummary struct {
	// total of all sub-projects.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Total int32 `json:"total"`
	// completed sub-projects.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Completed int32 `json:"completed"`
	// overdue sub-projects.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Overdue int32 `json:"overdue"`
}

// DeliverableSummary counts the Applications that a project delivers.
type DeliverableSummary struct {
	// total of all deliverables.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Total int32 `json:"total"`
	// handedOver counts those whose handover is complete.
	// +optional
	// +kubebuilder:validation:Minimum=0
	HandedOver int32 `json:"handedOver"`
}

// OnlineServiceSummary tells how far the online services of a programme are.
type OnlineServiceSummary struct {
	// total of the services that the programme must deliver.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Total int32 `json:"total"`
	// atTarget counts the services at their target maturity.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AtTarget int32 `json:"atTarget"`
	// missing names the first services that no Application offers at their
	// target maturity.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=256
	Missing []string `json:"missing,omitempty"`
}

// ProjectStatus tells how far a project has come and what is to be done next.
type ProjectStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// stage as the evidence says.
	// +optional
	Stage ProjectStage `json:"stage,omitempty"`

	// stageSince is when the project entered its stage.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	StageSince *metav1.Time `json:"stageSince,omitempty"`

	// rank in the order of priority that the decision which counts gave it; 1 is
	// first.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Rank *int32 `json:"rank,omitempty"`

	// missing is what a person must do next.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Missing []MissingItem `json:"missing,omitempty"`

	// milestones counts the milestones.
	// +optional
	Milestones *MilestoneSummary `json:"milestones,omitempty"`

	// subprojects counts the subprojects.
	// +optional
	Subprojects *SubprojectSummary `json:"subprojects,omitempty"`

	// deliverables counts the Applications that it delivers.
	// +optional
	Deliverables *DeliverableSummary `json:"deliverables,omitempty"`

	// onlineServices counts the online services.
	// +optional
	OnlineServices *OnlineServiceSummary `json:"onlineServices,omitempty"`

	// conditions are Ready, Reconciling, Stalled, Approved, OnSchedule,
	// WithinBudget, HandedOver, LedByMainOffice.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
