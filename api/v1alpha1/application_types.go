// SPDX-License-Identifier: Apache-2.0

package v1alpha1

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

// Provider is who provides an Application.
// +kubebuilder:validation:Enum=KDZ;State;Decentral;Undetermined
type Provider string

// Providers of an Application.
const (
	// ProviderKDZ: the KDZ, as the rule wants it.
	ProviderKDZ Provider = "KDZ"
	// ProviderState: a basic service of the state, on a legal basis.
	ProviderState Provider = "State"
	// ProviderDecentral: a unit of its own, or its supplier.
	ProviderDecentral Provider = "Decentral"
	// ProviderUndetermined: nobody has declared it.
	ProviderUndetermined Provider = "Undetermined"
)

// ProcurementChannel is who bought an Application.
// +kubebuilder:validation:Enum=KDZ;Unit
type ProcurementChannel string

// Procurement channels.
const (
	// ProcuredThroughKDZ: the KDZ bought it, as the rule wants it.
	ProcuredThroughKDZ ProcurementChannel = "KDZ"
	// ProcuredThroughUnit: a unit bought it on its own.
	ProcuredThroughUnit ProcurementChannel = "Unit"
)

// Clientele is whom an Application serves.
// +kubebuilder:validation:Enum=City;ThirdParty
type Clientele string

// Clienteles of an Application.
const (
	ClienteleCity       Clientele = "City"
	ClienteleThirdParty Clientele = "ThirdParty"
)

// Operation says who runs the platform and who supports the Application.
// +kubebuilder:validation:XValidation:rule="self.provider != 'KDZ' || has(self.unitRef)",message="unitRef is required when provider is KDZ: name the KDZ unit that operates the application"
// +kubebuilder:validation:XValidation:rule="self.provider != 'State' || has(self.legalBasis)",message="legalBasis is required when provider is State: name the law, such as EGovGRP § 25 Abs. 4"
// +kubebuilder:validation:XValidation:rule="self.provider == 'State' || !has(self.legalBasis)",message="legalBasis is only for provider State"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Decentral' || !has(self.transition)",message="transition is only for provider Decentral"
// +kubebuilder:validation:XValidation:rule="self.provider == 'Decentral' || !has(self.review)",message="review is only for provider Decentral"
type Operation struct {
	// provider of the Application.
	// +required
	Provider Provider `json:"provider,omitempty"`

	// unitRef names the unit that runs the platform; required when provider
	// is KDZ.
	// +optional
	UnitRef *UnitReference `json:"unitRef,omitempty"`

	// supportUnitRef names the unit that supports the Application.
	// +optional
	SupportUnitRef *UnitReference `json:"supportUnitRef,omitempty"`

	// procuredThrough says who bought it; absent means the KDZ.
	// +optional
	ProcuredThrough ProcurementChannel `json:"procuredThrough,omitempty"`

	// legalBasis on which the state provides it; required when provider is
	// State, and only then.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	LegalBasis string `json:"legalBasis,omitempty"`

	// serves says whom the Application serves.
	// +optional
	// +listType=set
	// +kubebuilder:default={City}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Serves []Clientele `json:"serves,omitempty"`

	// clients is how many clients (Mandanten) it serves.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	Clients *int32 `json:"clients,omitempty"`

	// transition is the plan to bring a decentral Application to the KDZ.
	// +optional
	Transition *Transition `json:"transition,omitempty"`

	// review is the examination of how far a decentral Application can be
	// centralised.
	// +optional
	Review *Review `json:"review,omitempty"`
}

// Transition is the plan to bring a decentral Application to the KDZ.
type Transition struct {
	// projectRef names the project that does it.
	// +required
	ProjectRef ProjectReference `json:"projectRef,omitzero"`

	// dueOn is the last day on which the Application may be decentral.
	// +required
	DueOn Date `json:"dueOn,omitempty"`
}

// Review is the examination of how far a decentral Application can be
// centralised.
// +kubebuilder:validation:XValidation:rule="!has(self.sinceOn) || self.sinceOn <= self.dueOn",message="dueOn of a review must not be before sinceOn"
type Review struct {
	// reviewers are the units that examine it.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Reviewers []ObjectName `json:"reviewers,omitempty"`

	// sinceOn is the day on which the examination began.
	// +optional
	SinceOn Date `json:"sinceOn,omitempty"`

	// dueOn is the last day of the examination.
	// +required
	DueOn Date `json:"dueOn,omitempty"`
}

// Protection is what the Application's information needs (BSI Standard 200-2).
type Protection struct {
	// confidentiality that is needed.
	// +optional
	// +kubebuilder:default=Normal
	Confidentiality ProtectionLevel `json:"confidentiality,omitempty"`

	// integrity that is needed.
	// +optional
	// +kubebuilder:default=Normal
	Integrity ProtectionLevel `json:"integrity,omitempty"`

	// availability that is needed. An outage of an Application that needs High
	// or VeryHigh is an outage of the units that run it.
	// +optional
	// +kubebuilder:default=Normal
	Availability ProtectionLevel `json:"availability,omitempty"`

	// personalData says whether it processes personal data.
	// +optional
	PersonalData bool `json:"personalData,omitempty"`
}

// DependencyStrength says what the outage of a dependency means.
// +kubebuilder:validation:Enum=Hard;Soft
type DependencyStrength string

// Strengths of a dependency.
const (
	// DependencyHard: without it the Application is out.
	DependencyHard DependencyStrength = "Hard"
	// DependencySoft: without it the Application is degraded.
	DependencySoft DependencyStrength = "Soft"
)

// Dependency names an Application that another one needs.
type Dependency struct {
	// name of the Application that is needed.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace of the Application that is needed; absent means the own one.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`

	// strength says whether the Application is out (Hard) or degraded (Soft)
	// without it.
	// +optional
	// +kubebuilder:default=Hard
	Strength DependencyStrength `json:"strength,omitempty"`
}

// ContractType is what a contract is about.
// +kubebuilder:validation:Enum=Licence;Support;Hosting;Cloud
type ContractType string

// Types of contract.
const (
	ContractLicence ContractType = "Licence"
	ContractSupport ContractType = "Support"
	ContractHosting ContractType = "Hosting"
	ContractCloud   ContractType = "Cloud"
)

// Contract is a contract that an Application rests on.
type Contract struct {
	// number of the contract. The same number is the same contract, and its
	// cost is counted once.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Number string `json:"number,omitempty"`

	// name of the contract.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// type says what the contract is about.
	// +required
	Type ContractType `json:"type,omitempty"`

	// supplier with whom it was made.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Supplier string `json:"supplier,omitempty"`

	// endsOn is its last day; absent means that it runs until cancelled.
	// +optional
	EndsOn Date `json:"endsOn,omitempty"`

	// noticePeriodDays is how many days before endsOn notice must be given.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=3650
	NoticePeriodDays *int32 `json:"noticePeriodDays,omitempty"`

	// annualCostEUR is what it costs a year, in whole euros.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000000
	AnnualCostEUR *int64 `json:"annualCostEUR,omitempty"`
}

// OnlineService is a service for citizens or companies that an Application
// offers (Onlinezugangsgesetz, OZG).
type OnlineService struct {
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

	// maturity of the service after the OZG's model: 0 offline, 1 information,
	// 2 form, 3 application online, 4 once-only.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4
	Maturity *int32 `json:"maturity,omitempty"`
}
