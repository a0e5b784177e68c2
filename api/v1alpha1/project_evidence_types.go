// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Need is a need of an office as the DigIT dialogue recorded it.
type Need struct {
	// recordedOn is the day on which the need was recorded.
	// +required
	RecordedOn Date `json:"recordedOn,omitempty"`

	// dialogue in which it was recorded.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Dialogue string `json:"dialogue,omitempty"`
}

// ProjectRequest is the request into which requirements management bundles
// needs.
// +kubebuilder:validation:XValidation:rule="has(self.releasedOn) == has(self.releasedByUser)",message="releasedOn and releasedByUser belong together"
// +kubebuilder:validation:XValidation:rule="!has(self.releasedOn) || self.submittedOn <= self.releasedOn",message="releasedOn must not be before submittedOn"
type ProjectRequest struct {
	// submittedOn is the day on which the request was submitted.
	// +required
	SubmittedOn Date `json:"submittedOn,omitempty"`

	// releasedOn is the day on which requirements management released it.
	// +optional
	ReleasedOn Date `json:"releasedOn,omitempty"`

	// releasedByUser released it.
	// +optional
	ReleasedByUser UserName `json:"releasedByUser,omitempty"`

	// justification of the request.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Justification string `json:"justification,omitempty"`

	// costEUR that is expected, in whole euros.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000000
	CostEUR *int64 `json:"costEUR,omitempty"`

	// effortPersonDays that is expected.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	EffortPersonDays *int32 `json:"effortPersonDays,omitempty"`
}

// Commission is the order to carry a project out.
// +kubebuilder:validation:XValidation:rule="!has(self.startOn) || !has(self.dueOn) || self.startOn <= self.dueOn",message="dueOn of a commission must not be before startOn"
// +kubebuilder:validation:XValidation:rule="!has(self.dueOn) || self.commissionedOn <= self.dueOn",message="dueOn of a commission must not be before commissionedOn"
type Commission struct {
	// commissionedOn is the day of the order.
	// +required
	CommissionedOn Date `json:"commissionedOn,omitempty"`

	// startOn is the first day of the work.
	// +optional
	StartOn Date `json:"startOn,omitempty"`

	// dueOn is the day on which it is to be complete.
	// +optional
	DueOn Date `json:"dueOn,omitempty"`

	// budgetEUR in whole euros.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000000
	BudgetEUR *int64 `json:"budgetEUR,omitempty"`
}

// Procurement is market analysis, specification and award.
// +kubebuilder:validation:XValidation:rule="!has(self.awardedOn) || self.startedOn <= self.awardedOn",message="awardedOn must not be before startedOn"
type Procurement struct {
	// startedOn is the day on which it began.
	// +required
	StartedOn Date `json:"startedOn,omitempty"`

	// awardedOn is the day of the award.
	// +optional
	AwardedOn Date `json:"awardedOn,omitempty"`
}

// Trial is the time of trial and training.
// +kubebuilder:validation:XValidation:rule="!has(self.completedOn) || self.startedOn <= self.completedOn",message="completedOn of a trial must not be before startedOn"
type Trial struct {
	// startedOn is the day on which it began.
	// +required
	StartedOn Date `json:"startedOn,omitempty"`

	// completedOn is the day on which it ended.
	// +optional
	CompletedOn Date `json:"completedOn,omitempty"`
}

// Milestone is something that a project is to reach.
type Milestone struct {
	// name of the milestone, unique in its project.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`

	// dueOn is the last day on which it is in time.
	// +required
	DueOn Date `json:"dueOn,omitempty"`

	// completedOn is the day on which it was reached.
	// +optional
	CompletedOn Date `json:"completedOn,omitempty"`
}

// ProjectAcceptance is the evidence of acceptance and release.
// +kubebuilder:validation:XValidation:rule="!has(self.testedOn) || !has(self.acceptedOn) || self.testedOn <= self.acceptedOn",message="acceptedOn must not be before testedOn"
// +kubebuilder:validation:XValidation:rule="!has(self.acceptedOn) || !has(self.releasedOn) || self.acceptedOn <= self.releasedOn",message="releasedOn of an acceptance must not be before acceptedOn"
// +kubebuilder:validation:XValidation:rule="!has(self.testedOn) || !has(self.releasedOn) || self.testedOn <= self.releasedOn",message="releasedOn of an acceptance must not be before testedOn"
type ProjectAcceptance struct {
	// testedOn is the day on which the test was passed.
	// +optional
	TestedOn Date `json:"testedOn,omitempty"`

	// trainedOn is the day on which training was complete.
	// +optional
	TrainedOn Date `json:"trainedOn,omitempty"`

	// acceptedOn is the day on which the office accepted.
	// +optional
	AcceptedOn Date `json:"acceptedOn,omitempty"`

	// releasedOn is the day on which it was released for operation.
	// +optional
	ReleasedOn Date `json:"releasedOn,omitempty"`
}

// ProjectPause says that a project rests.
type ProjectPause struct {
	// sinceOn is the first day of the pause.
	// +required
	SinceOn Date `json:"sinceOn,omitempty"`

	// reason of the pause.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Reason string `json:"reason,omitempty"`
}
