// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ProjectTrack is the way a project takes.
// +kubebuilder:validation:Enum=Standard;FastLane
type ProjectTrack string

// Tracks of a project.
const (
	// TrackStandard passes dialogue, requirements management and a body.
	TrackStandard ProjectTrack = "Standard"
	// TrackFastLane passes a small need straight from the dialogue to the KDZ.
	TrackFastLane ProjectTrack = "FastLane"
)

// ProjectStage is how far a project has come. It is computed from evidence.
// +kubebuilder:validation:Enum=Registered;Assessed;AwaitingDecision;Deferred;Approved;Commissioned;InProcurement;InTrial;InImplementation;InAcceptance;InHandover;Completed;Paused;Rejected
type ProjectStage string

// Stages of a project (steering model for IT and digitalisation, June 2025).
const (
	StageRegistered       ProjectStage = "Registered"
	StageAssessed         ProjectStage = "Assessed"
	StageAwaitingDecision ProjectStage = "AwaitingDecision"
	StageDeferred         ProjectStage = "Deferred"
	StageApproved         ProjectStage = "Approved"
	StageCommissioned     ProjectStage = "Commissioned"
	StageInProcurement    ProjectStage = "InProcurement"
	StageInTrial          ProjectStage = "InTrial"
	StageInImplementation ProjectStage = "InImplementation"
	StageInAcceptance     ProjectStage = "InAcceptance"
	StageInHandover       ProjectStage = "InHandover"
	StageCompleted        ProjectStage = "Completed"
	StagePaused           ProjectStage = "Paused"
	StageRejected         ProjectStage = "Rejected"
)

// ProjectLead leads a project.
type ProjectLead struct {
	// name of the lead.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// user is the lead's Kubernetes user name; the lead cannot sign for
	// Operations.
	// +optional
	User UserName `json:"user,omitempty"`

	// email address of the lead.
	// +optional
	Email EMailAddress `json:"email,omitempty"`

	// unitRef names the lead's unit. The main office leads projects.
	// +optional
	UnitRef *UnitReference `json:"unitRef,omitempty"`
}

// TargetOnlineService is an online service that a programme must deliver.
type TargetOnlineService struct {
	// ozgService is the name of the service in the OZG catalogue.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	OZGService string `json:"ozgService,omitempty"`

	// name of the single service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// leikaType is the type in the catalogue of services of the public
	// administration (LeiKa).
	// +optional
	// +kubebuilder:validation:MaxLength=32
	LeikaType string `json:"leikaType,omitempty"`

	// officeRef names the office that answers for the service.
	// +optional
	OfficeRef *UnitReference `json:"officeRef,omitempty"`

	// targetMaturity that is to be reached, 0 to 4.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4
	TargetMaturity *int32 `json:"targetMaturity,omitempty"`
}

// RecordedStage is a stage that a paper asserts of a project older than this
// system. Evidence that goes further replaces it.
type RecordedStage struct {
	// stage that the paper asserts.
	// +required
	Stage ProjectStage `json:"stage,omitempty"`

	// asOfOn is the day of which the paper speaks.
	// +required
	AsOfOn Date `json:"asOfOn,omitempty"`

	// source is the paper.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Source string `json:"source,omitempty"`
}

// ProjectSpec declares a project by its evidence. Its stage is computed.
// +kubebuilder:validation:XValidation:rule="!has(self.deliverables) || self.deliverables.all(a, self.deliverables.exists_one(b, b.name == a.name && (has(a.__namespace__) ? has(b.__namespace__) && b.__namespace__ == a.__namespace__ : !has(b.__namespace__))))",message="deliverables must not name the same application twice"
type ProjectSpec struct {
	// displayName of the project.
	// +required
	DisplayName LocalisedText `json:"displayName,omitzero"`

	// description of what it is for.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Description string `json:"description,omitempty"`

	// programme that the project belongs to.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Programme string `json:"programme,omitempty"`

	// officeRef names the office that needs it.
	// +required
	OfficeRef UnitReference `json:"officeRef,omitzero"`

	// parentRef names the project that this one is a part of.
	// +optional
	ParentRef *ProjectReference `json:"parentRef,omitempty"`

	// dependsOn are projects that must come first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	DependsOn []ProjectReference `json:"dependsOn,omitempty"`

	// track that the project takes.
	// +optional
	// +kubebuilder:default=Standard
	Track ProjectTrack `json:"track,omitempty"`

	// lead of the project.
	// +optional
	Lead *ProjectLead `json:"lead,omitempty"`

	// need as it was recorded.
	// +optional
	Need *Need `json:"need,omitempty"`

	// request for the project.
	// +optional
	Request *ProjectRequest `json:"request,omitempty"`

	// decisions of the bodies. They are only ever added.
	// +optional
	// +listType=map
	// +listMapKey=body
	// +listMapKey=reference
	// +kubebuilder:validation:MaxItems=32
	Decisions []Decision `json:"decisions,omitempty"`

	// commission to carry it out.
	// +optional
	Commission *Commission `json:"commission,omitempty"`

	// procurement of what it needs.
	// +optional
	Procurement *Procurement `json:"procurement,omitempty"`

	// trial of what was procured.
	// +optional
	Trial *Trial `json:"trial,omitempty"`

	// milestones of the project.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=200
	Milestones []Milestone `json:"milestones,omitempty"`

	// acceptance of the result.
	// +optional
	Acceptance *ProjectAcceptance `json:"acceptance,omitempty"`

	// paused says that the project rests.
	// +optional
	Paused *ProjectPause `json:"paused,omitempty"`

	// deliverables are the Applications that it delivers.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Deliverables []ApplicationReference `json:"deliverables,omitempty"`

	// spentEUR so far, in whole euros.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000000
	SpentEUR *int64 `json:"spentEUR,omitempty"`

	// onlineServices that a programme must deliver.
	// +optional
	// +listType=map
	// +listMapKey=ozgService
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=512
	OnlineServices []TargetOnlineService `json:"onlineServices,omitempty"`

	// recorded is a stage that a paper asserts of a project older than this
	// system.
	// +optional
	Recorded *RecordedStage `json:"recorded,omitempty"`
}

// Project is a DigIT project, from a recorded need to the handover into
// operation.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=projects,singular=project,scope=Namespaced,shortName=itproj,categories=kdz
// +kubebuilder:selectablefield:JSONPath=`.status.stage`
// +kubebuilder:printcolumn:name="Stage",type=string,JSONPath=`.status.stage`
// +kubebuilder:printcolumn:name="Rank",type=integer,JSONPath=`.status.rank`
// +kubebuilder:printcolumn:name="Programme",type=string,JSONPath=`.spec.programme`
// +kubebuilder:printcolumn:name="Office",type=string,JSONPath=`.spec.officeRef.name`
// +kubebuilder:printcolumn:name="Next",type=string,JSONPath=`.status.milestones.nextDueOn`
// +kubebuilder:printcolumn:name="Overdue",type=integer,JSONPath=`.status.milestones.overdue`
// +kubebuilder:printcolumn:name="Budget",type=integer,JSONPath=`.spec.commission.budgetEUR`
// +kubebuilder:printcolumn:name="Recorded",type=string,JSONPath=`.spec.recorded.stage`,priority=1
// +kubebuilder:printcolumn:name="Track",type=string,JSONPath=`.spec.track`,priority=1
// +kubebuilder:printcolumn:name="Milestone",type=string,JSONPath=`.status.milestones.next`,priority=1
// +kubebuilder:printcolumn:name="Spent",type=integer,JSONPath=`.spec.spentEUR`,priority=1
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.displayName.de`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of a Project must have at most 63 characters, since it becomes a label value"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.parentRef) || has(self.spec.parentRef.__namespace__) || self.spec.parentRef.name != self.metadata.name",message="spec.parentRef must not name the project itself"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.dependsOn) || oldSelf.hasValue() && has(oldSelf.value().spec.dependsOn) && oldSelf.value().spec.dependsOn == self.spec.dependsOn || self.spec.dependsOn.all(d, has(d.__namespace__) || d.name != self.metadata.name)",optionalOldSelf=true,message="spec.dependsOn must not name the project itself"
type Project struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the project by its evidence.
	// +required
	Spec ProjectSpec `json:"spec,omitzero"`
	// status tells how far it has come.
	// +optional
	Status ProjectStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// GetConditions returns the conditions of the object.
func (p *Project) GetConditions() []metav1.Condition { return p.Status.Conditions }

// SetConditions replaces the conditions of the object.
func (p *Project) SetConditions(c []metav1.Condition) { p.Status.Conditions = c }

// ProjectList is a list of Projects.
//
// +kubebuilder:object:root=true
type ProjectList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Project `json:"items"`
}
