// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// OperationalState is how an Application, or a unit, stands.
// +kubebuilder:validation:Enum=Planned;Operational;Degraded;Outage;Maintenance;Unknown;Retired
type OperationalState string

// Operational states.
const (
	// StatePlanned: it is not in operation yet, so it is not observed.
	StatePlanned OperationalState = "Planned"
	// StateOperational: everything that was looked at is well.
	StateOperational OperationalState = "Operational"
	// StateDegraded: a Supporting endpoint is down, something is slow, or a
	// Soft dependency is out.
	StateDegraded OperationalState = "Degraded"
	// StateOutage: an Essential endpoint, the hosting or a Hard dependency is
	// down.
	StateOutage OperationalState = "Outage"
	// StateMaintenance: it would be an Outage, but within an agreed window.
	StateMaintenance OperationalState = "Maintenance"
	// StateUnknown: nothing of it could be looked at.
	StateUnknown OperationalState = "Unknown"
	// StateRetired: it is no longer in operation, so it is not observed.
	StateRetired OperationalState = "Retired"
)

// Verdict is what the rule that all city IT is provided by the KDZ says of an
// Application.
// +kubebuilder:validation:Enum=Compliant;Exempt;UnderReview;InTransition;Violating;OutOfScope;Unknown
type Verdict string

// Verdicts under the rule.
const (
	VerdictCompliant    Verdict = "Compliant"
	VerdictExempt       Verdict = "Exempt"
	VerdictUnderReview  Verdict = "UnderReview"
	VerdictInTransition Verdict = "InTransition"
	VerdictViolating    Verdict = "Violating"
	VerdictOutOfScope   Verdict = "OutOfScope"
	VerdictUnknown      Verdict = "Unknown"
)

// ComponentState is how a part of an Application stands: an endpoint, a host.
// +kubebuilder:validation:Enum=Up;Degraded;Down;Stopped;Unknown
type ComponentState string

// States of a part of an Application.
const (
	ComponentUp       ComponentState = "Up"
	ComponentDegraded ComponentState = "Degraded"
	ComponentDown     ComponentState = "Down"
	ComponentStopped  ComponentState = "Stopped"
	ComponentUnknown  ComponentState = "Unknown"
)

// CauseKind is what kind of thing is the cause of a state.
// +kubebuilder:validation:Enum=Endpoint;Hosting;Dependency;Observation
type CauseKind string

// Kinds of cause.
const (
	// CauseEndpoint: an endpoint of the Application itself.
	CauseEndpoint CauseKind = "Endpoint"
	// CauseHosting: what the Application runs on.
	CauseHosting CauseKind = "Hosting"
	// CauseDependency: an Application that it needs, directly or through
	// others; the one at the root of it is named.
	CauseDependency CauseKind = "Dependency"
	// CauseObservation: it could not be looked at.
	CauseObservation CauseKind = "Observation"
)

// Cause says why an Application is in its state.
type Cause struct {
	// kind of the thing that is the cause.
	// +required
	Kind CauseKind `json:"kind,omitempty"`

	// name of the endpoint, the system or the Application.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// namespace of the Application that is the cause, where it is not the own
	// one.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`

	// reason in a stable CamelCase word. Of another namespace only the state
	// is told.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message in one sentence.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Message string `json:"message,omitempty"`
}

// Dependents tells which Applications need this one.
type Dependents struct {
	// count of all Applications that name this one as a dependency.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Count int32 `json:"count,omitempty"`

	// names of the first few of the own namespace.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	Names []ObjectName `json:"names,omitempty"`
}

// ServiceLevelResult is how an agreement stands in a period.
// +kubebuilder:validation:Enum=Met;Breached;InsufficientData
type ServiceLevelResult string

// Results of an agreement.
const (
	ResultMet              ServiceLevelResult = "Met"
	ResultBreached         ServiceLevelResult = "Breached"
	ResultInsufficientData ServiceLevelResult = "InsufficientData"
)

// ServiceLevelSummary tells how the agreement stands in the current period.
// The account itself is the AvailabilityRecord of the same name.
type ServiceLevelSummary struct {
	// period that is summed up: "2026-11", "2026-Q4", "2026", or a rolling
	// window such as "720h".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Period string `json:"period,omitempty"`

	// asOf is the moment up to which the seconds are counted.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	AsOf metav1.Time `json:"asOf,omitzero"`

	// agreedSeconds of the whole period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	AgreedSeconds int64 `json:"agreedSeconds"`

	// chargedSeconds of outage within agreed time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ChargedSeconds int64 `json:"chargedSeconds"`

	// unobservedSeconds within agreed time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UnobservedSeconds int64 `json:"unobservedSeconds"`

	// budgetSeconds of outage that the objective allows in the whole period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	BudgetSeconds int64 `json:"budgetSeconds"`

	// budgetLeftSeconds of outage up to asOf; negative when the agreement is
	// broken.
	// +optional
	BudgetLeftSeconds int64 `json:"budgetLeftSeconds"`

	// objective in per cent, where one revision governs the whole period.
	// +optional
	Objective Percentage `json:"objective,omitempty"`

	// availability in per cent of the agreed and observed time up to asOf;
	// absent where there was none.
	// +optional
	Availability Percentage `json:"availability,omitempty"`

	// result as it stands.
	// +required
	Result ServiceLevelResult `json:"result,omitempty"`
}

// ApplicationStatus tells how an Application stands. It holds at most 8 KiB.
type ApplicationStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// operationalState of the Application.
	// +optional
	OperationalState OperationalState `json:"operationalState,omitempty"`

	// since when it is in this state.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// cause of the state, where it is not Operational.
	// +optional
	Cause *Cause `json:"cause,omitempty"`

	// dependents are the Applications that need this one.
	// +optional
	Dependents *Dependents `json:"dependents,omitempty"`

	// centralisation is the verdict under the rule that all city IT is
	// provided by the KDZ.
	// +optional
	Centralisation Verdict `json:"centralisation,omitempty"`

	// endpoints tells the state of each endpoint.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Endpoints []EndpointStatus `json:"endpoints,omitempty"`

	// hosting tells how what runs underneath stands.
	// +optional
	Hosting *HostingStatus `json:"hosting,omitempty"`

	// backup tells whether the Application could come back.
	// +optional
	Backup *BackupStatus `json:"backup,omitempty"`

	// serviceLevel tells how the agreement stands in the current period.
	// +optional
	ServiceLevel *ServiceLevelSummary `json:"serviceLevel,omitempty"`

	// conditions are Ready, Available, Reconciling, Stalled, EndpointsAvailable,
	// HostingHealthy, BackedUp, DependenciesAvailable, ServiceLevelMet,
	// Centralised, HandedOver, ContractsValid, CertificatesValid.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=24
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}
