// SPDX-License-Identifier: Apache-2.0

package v1alpha1

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

// Indicator says by what the availability of an Application is told, where its
// own checks are not to.
// +kubebuilder:validation:XValidation:rule="has(self.prometheus)",message="an indicator names its source: prometheus"
type Indicator struct {
	// prometheus is a server whose query tells it.
	// +optional
	Prometheus *PrometheusIndicator `json:"prometheus,omitempty"`
}

// PrometheusIndicator is a query whose result is exactly one sample: 1 while
// the Application can be used, 0 while it cannot. Anything else, or a sample
// that is older than two intervals, tells nothing.
type PrometheusIndicator struct {
	// server by its name in spec.observation.prometheusServers of the
	// GovernancePolicy.
	// +required
	Server ItemName `json:"server,omitempty"`

	// query in PromQL.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +kubebuilder:validation:XValidation:rule="self.trim() != ''",message="query must be PromQL, such as min(up{job=\"portal\"}), and not blank"
	Query string `json:"query,omitempty"`

	// interval between two questions, at least 5s.
	// +optional
	// +kubebuilder:default="60s"
	// +kubebuilder:validation:XValidation:rule="(self.size() < 2 || !self.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (duration(self) >= duration('5s') && duration(self) <= duration('24h'))",message="interval must be at least 5s and at most 24h"
	Interval Duration `json:"interval,omitempty"`

	// failureThreshold is how many samples of 0 in a row make an outage.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailureThreshold int32 `json:"failureThreshold,omitempty"`
}
