// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Origin says how an Application came to be.
// +kubebuilder:validation:Enum=Existing;Project
type Origin string

// Origins of an Application.
const (
	// OriginExisting: it was there before this system; the inventory found it.
	OriginExisting Origin = "Existing"
	// OriginProject: a project delivers it, so it needs a handover.
	OriginProject Origin = "Project"
)

// Lifecycle is where an Application stands in its life.
// +kubebuilder:validation:Enum=Planned;Operating;PhasingOut;Retired
type Lifecycle string

// Stages of an Application's life.
const (
	LifecyclePlanned    Lifecycle = "Planned"
	LifecycleOperating  Lifecycle = "Operating"
	LifecyclePhasingOut Lifecycle = "PhasingOut"
	LifecycleRetired    Lifecycle = "Retired"
)

// ApplicationSpec declares an IT service that somebody relies on: who answers
// for it, who runs it, what was agreed, and how to see whether it works.
type ApplicationSpec struct {
	// displayName of the Application.
	// +required
	DisplayName LocalisedText `json:"displayName,omitzero"`

	// description of what it does, for whom.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Description string `json:"description,omitempty"`

	// origin says whether a project delivers it or the inventory found it.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="origin is immutable: an application does not change where it came from"
	Origin Origin `json:"origin,omitempty"`

	// lifecycle says where it stands in its life. Only an Application that is
	// Operating or PhasingOut is observed.
	// +required
	Lifecycle Lifecycle `json:"lifecycle,omitempty"`

	// replacedByRef names the Application that takes its place.
	// +optional
	ReplacedByRef *LocalApplicationReference `json:"replacedByRef,omitempty"`

	// release that is installed.
	// +optional
	Release *Release `json:"release,omitempty"`

	// responsible is the business side.
	// +required
	Responsible Responsible `json:"responsible,omitzero"`

	// operation says who runs it.
	// +required
	Operation Operation `json:"operation,omitzero"`

	// protection that its information needs (BSI Standard 200-2); absent means
	// Normal throughout.
	// +optional
	Protection *Protection `json:"protection,omitempty"`

	// sovereignty is the degree of digital sovereignty, 0 (none) to 4 (full).
	// The scale is ours, as an example; the steering round sets the real one.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4
	Sovereignty *int32 `json:"sovereignty,omitempty"`

	// serviceLevelRef names the agreement that holds for it.
	// +optional
	ServiceLevelRef *ServiceLevelReference `json:"serviceLevelRef,omitempty"`

	// indicator that stands for the availability of the Application; absent
	// means its Essential endpoints if it has any, else its hosting, else its
	// Hard dependencies.
	// +optional
	Indicator *Indicator `json:"indicator,omitempty"`

	// endpoints that answer over the network.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Endpoints []Endpoint `json:"endpoints,omitempty"`

	// hosting says what runs underneath.
	// +optional
	Hosting *Hosting `json:"hosting,omitempty"`

	// backup says what backup there is, or why none is needed.
	// +optional
	Backup *Backup `json:"backup,omitempty"`

	// dependencies are the Applications that it needs.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, b.name == a.name && (has(b.__namespace__) ? b.__namespace__ : '') == (has(a.__namespace__) ? a.__namespace__ : '')))",message="dependencies must not name the same application twice"
	Dependencies []Dependency `json:"dependencies,omitempty"`

	// maintenance windows of this Application, beside those of its service
	// level.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Maintenance []MaintenanceWindow `json:"maintenance,omitempty"`

	// contracts that it rests on. The same number is the same contract,
	// wherever it stands.
	// +optional
	// +listType=map
	// +listMapKey=number
	// +kubebuilder:validation:MaxItems=32
	Contracts []Contract `json:"contracts,omitempty"`

	// onlineServices that it offers to citizens and companies.
	// +optional
	// +listType=map
	// +listMapKey=ozgService
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	OnlineServices []OnlineService `json:"onlineServices,omitempty"`
}

// Release is the installed release of an Application.
type Release struct {
	// version as its maker calls it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Version string `json:"version,omitempty"`

	// installedOn is the day of its installation.
	// +optional
	InstalledOn Date `json:"installedOn,omitempty"`

	// testedOn is the day on which the business side finished its test.
	// +optional
	TestedOn Date `json:"testedOn,omitempty"`

	// changeReference is the change under which it was installed.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	ChangeReference string `json:"changeReference,omitempty"`
}

// Responsible is the business side of an Application.
type Responsible struct {
	// unitRef names the unit that answers for the Application.
	// +required
	UnitRef UnitReference `json:"unitRef,omitzero"`

	// applicationManager is the functional application manager.
	// +optional
	ApplicationManager *Person `json:"applicationManager,omitempty"`
}

// Application is an IT service that somebody relies on (Fachverfahren).
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=applications,singular=application,scope=Namespaced,shortName=itapp,categories=kdz
// +kubebuilder:selectablefield:JSONPath=`.status.operationalState`
// +kubebuilder:selectablefield:JSONPath=`.status.centralisation`
// +kubebuilder:selectablefield:JSONPath=`.spec.operation.provider`
// +kubebuilder:selectablefield:JSONPath=`.spec.responsible.unitRef.name`
// +kubebuilder:selectablefield:JSONPath=`.spec.operation.unitRef.name`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.operationalState`
// +kubebuilder:printcolumn:name="Provider",type=string,JSONPath=`.spec.operation.provider`
// +kubebuilder:printcolumn:name="Rule",type=string,JSONPath=`.status.centralisation`
// +kubebuilder:printcolumn:name="Level",type=string,JSONPath=`.spec.serviceLevelRef.name`
// +kubebuilder:printcolumn:name="Objective",type=string,JSONPath=`.status.serviceLevel.objective`
// +kubebuilder:printcolumn:name="Availability",type=string,JSONPath=`.status.serviceLevel.availability`
// +kubebuilder:printcolumn:name="BudgetLeft",type=integer,JSONPath=`.status.serviceLevel.budgetLeftSeconds`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.since`
// +kubebuilder:printcolumn:name="Lifecycle",type=string,JSONPath=`.spec.lifecycle`,priority=1
// +kubebuilder:printcolumn:name="Platform",type=string,JSONPath=`.spec.hosting.platform`,priority=1
// +kubebuilder:printcolumn:name="Hosting",type=string,JSONPath=`.status.hosting.state`,priority=1
// +kubebuilder:printcolumn:name="Backup",type=string,JSONPath=`.status.backup.state`,priority=1
// +kubebuilder:printcolumn:name="BackedUp",type=date,JSONPath=`.status.backup.newestSuccessAt`,priority=1
// +kubebuilder:printcolumn:name="Responsible",type=string,JSONPath=`.spec.responsible.unitRef.name`,priority=1
// +kubebuilder:printcolumn:name="Operator",type=string,JSONPath=`.spec.operation.unitRef.name`,priority=1
// +kubebuilder:printcolumn:name="Dependents",type=integer,JSONPath=`.status.dependents.count`,priority=1
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.displayName.de`,priority=1
// +kubebuilder:printcolumn:name="Cause",type=string,JSONPath=`.status.cause.message`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of an Application must have at most 63 characters, since it becomes a label value"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.replacedByRef) || self.spec.replacedByRef.name != self.metadata.name",message="spec.replacedByRef must not name the application itself"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.dependencies) || !self.spec.dependencies.exists(d, d.name == self.metadata.name && !has(d.__namespace__))",message="spec.dependencies must not name the application itself"
type Application struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the Application.
	// +required
	Spec ApplicationSpec `json:"spec,omitzero"`
	// status tells how the Application stands.
	// +optional
	Status ApplicationStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// ApplicationList is a list of Applications.
//
// +kubebuilder:object:root=true
type ApplicationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Application `json:"items"`
}

// GetConditions returns the conditions of the object.
func (a *Application) GetConditions() []metav1.Condition { return a.Status.Conditions }

// SetConditions replaces the conditions of the object.
func (a *Application) SetConditions(c []metav1.Condition) { a.Status.Conditions = c }
