// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// PolicyName is the name of the only GovernancePolicy that has effect.
const PolicyName = "default"

// Enforcement says what happens to a request that breaks the rule.
// +kubebuilder:validation:Enum=Deny;Warn;Audit
type Enforcement string

// Enforcements of the rule.
const (
	EnforcementDeny  Enforcement = "Deny"
	EnforcementWarn  Enforcement = "Warn"
	EnforcementAudit Enforcement = "Audit"
)

// Treatment is how the rule treats a type of unit.
// +kubebuilder:validation:Enum=Bound;UnderReview;Exempt;OutOfScope
type Treatment string

// Treatments of a type of unit.
const (
	// TreatmentBound: the rule holds. It is that of a type without an entry.
	TreatmentBound Treatment = "Bound"
	// TreatmentUnderReview: how far the unit's IT can be centralised is being
	// examined.
	TreatmentUnderReview Treatment = "UnderReview"
	// TreatmentExempt: a named exception; the unit keeps decentral IT.
	TreatmentExempt Treatment = "Exempt"
	// TreatmentOutOfScope: the rule does not apply to the unit.
	TreatmentOutOfScope Treatment = "OutOfScope"
)

// UnitTreatment says how the rule treats a type of unit.
type UnitTreatment struct {
	// unitType that is treated.
	// +required
	UnitType UnitType `json:"unitType,omitempty"`

	// treatment of that type.
	// +required
	Treatment Treatment `json:"treatment,omitempty"`
}

// StateService is a basic service of the state, whose use is no breach of the
// rule.
type StateService struct {
	// name of the service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// legalBasis on which the state provides it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	LegalBasis string `json:"legalBasis,omitempty"`
}

// WorkloadResource is a resource of the cluster that runs or exposes software.
// +kubebuilder:validation:Enum=deployments;statefulsets;daemonsets;cronjobs;ingresses;httproutes
type WorkloadResource string

// WorkloadPolicy says which workloads of the cluster must name an Application.
type WorkloadPolicy struct {
	// enforcement towards workloads without the label
	// kdz.mainz.de/application.
	// +optional
	// +kubebuilder:default=Audit
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// resources that must carry it.
	// +optional
	// +listType=set
	// +kubebuilder:default={deployments,statefulsets,daemonsets,cronjobs,ingresses,httproutes}
	// +kubebuilder:validation:MaxItems=6
	Resources []WorkloadResource `json:"resources,omitempty"`

	// excludedNamespaces whose workloads belong to the cluster itself.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=256
	ExcludedNamespaces []NamespaceName `json:"excludedNamespaces,omitempty"`
}

// CentralisationPolicy is the rule that all city IT is provided by the KDZ
// (Anschluss- und Benutzungszwang).
type CentralisationPolicy struct {
	// enforcement towards requests that break the rule.
	// +optional
	// +kubebuilder:default=Deny
	Enforcement Enforcement `json:"enforcement,omitempty"`

	// providerUnitRef names the unit that, with its sub-units, provides IT.
	// +required
	ProviderUnitRef UnitReference `json:"providerUnitRef,omitzero"`

	// treatments of the types of unit; a type without an entry is Bound.
	// +optional
	// +listType=map
	// +listMapKey=unitType
	// +kubebuilder:validation:MaxItems=8
	Treatments []UnitTreatment `json:"treatments,omitempty"`

	// stateServices whose use is no breach.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	StateServices []StateService `json:"stateServices,omitempty"`

	// maxTransition is how long a transition may take at most.
	// +optional
	MaxTransition Duration `json:"maxTransition,omitempty"`

	// expiryNotice is how long before its end an exemption is Expiring, so that
	// it can be renewed, or ended, in time.
	// +optional
	// +kubebuilder:default="1440h"
	ExpiryNotice Duration `json:"expiryNotice,omitempty"`

	// workloads of the cluster that must name an Application.
	// +optional
	Workloads *WorkloadPolicy `json:"workloads,omitempty"`
}

// FastLanePolicy bounds what may take the fast lane.
type FastLanePolicy struct {
	// maxCostEUR in whole euros.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000000000
	MaxCostEUR *int64 `json:"maxCostEUR,omitempty"`

	// maxEffortPersonDays of effort.
	// +required
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=1000000
	MaxEffortPersonDays *int32 `json:"maxEffortPersonDays,omitempty"`
}

// ProjectPolicy holds for all projects.
type ProjectPolicy struct {
	// fastLane bounds what may take it; absent means nothing may.
	// +optional
	FastLane *FastLanePolicy `json:"fastLane,omitempty"`

	// leadUnitRef names the unit that, with its sub-units, leads projects.
	// +optional
	LeadUnitRef *UnitReference `json:"leadUnitRef,omitempty"`
}

// HandoverPolicy holds for all handovers.
type HandoverPolicy struct {
	// requiredSignOffs are the roles that must sign.
	// +optional
	// +listType=set
	// +kubebuilder:default={ProjectLead,Operations,ApplicationManagement}
	// +kubebuilder:validation:MaxItems=4
	RequiredSignOffs []SignOffRole `json:"requiredSignOffs,omitempty"`

	// defaultCriteria of a handover that declares none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	DefaultCriteria []HandoverCriterion `json:"defaultCriteria,omitempty"`

	// vacantRoles are roles that nobody holds yet, so that a stand-in may
	// sign.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	VacantRoles []SignOffRole `json:"vacantRoles,omitempty"`
}

// PrometheusServer is a Prometheus server that may be asked.
type PrometheusServer struct {
	// name by which Applications and agreements refer to it.
	// +required
	Name ItemName `json:"name,omitempty"`

	// url of its HTTP API.
	// +required
	URL HTTPURL `json:"url,omitempty"`
}

// ObservationPolicy says what may be looked at on behalf of all.
type ObservationPolicy struct {
	// prometheusServers that may be asked.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	PrometheusServers []PrometheusServer `json:"prometheusServers,omitempty"`

	// veleroNamespace in which Velero keeps its objects.
	// +optional
	VeleroNamespace NamespaceName `json:"veleroNamespace,omitempty"`
}

// GovernancePolicySpec declares the rules that hold for the whole city.
type GovernancePolicySpec struct {
	// centralisation is the rule that all city IT is provided by the KDZ.
	// +required
	Centralisation CentralisationPolicy `json:"centralisation,omitzero"`

	// projects holds for all projects.
	// +optional
	Projects *ProjectPolicy `json:"projects,omitempty"`

	// handovers holds for all handovers.
	// +optional
	Handovers *HandoverPolicy `json:"handovers,omitempty"`

	// observation says what may be looked at on behalf of all.
	// +optional
	Observation *ObservationPolicy `json:"observation,omitempty"`
}

// GovernancePolicyStatus is what admission reads, and how the fleet stands.
type GovernancePolicyStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// The two maps are written as a whole (atomic), so that the API server keeps
	// no book of who wrote which entry: that would take as much room as they do.

	// exemptionIndex tells for "namespace/name" of each exempt Application the
	// first moment at which its exemption no longer holds.
	// +optional
	// +mapType=atomic
	// +kubebuilder:validation:MaxProperties=20000
	ExemptionIndex map[string]Moment `json:"exemptionIndex,omitempty"`

	// providerUnits are the units that provide IT.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=512
	ProviderUnits []ObjectName `json:"providerUnits,omitempty"`

	// unitTreatments tells the treatment of each unit that is not Bound.
	// +optional
	// +mapType=atomic
	// +kubebuilder:validation:MaxProperties=4096
	UnitTreatments map[string]Treatment `json:"unitTreatments,omitempty"`

	// compiledAt is when the above were last compiled.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	CompiledAt *metav1.Time `json:"compiledAt,omitempty"`

	// centralisation counts the fleet by verdict.
	// +optional
	Centralisation *CentralisationCounts `json:"centralisation,omitempty"`

	// conditions are Ready, Reconciling, Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// GovernancePolicy holds the rules of the whole city. Only the one named
// default has effect.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=governancepolicies,singular=governancepolicy,scope=Cluster,shortName=itpolicy,categories=kdz
// +kubebuilder:printcolumn:name="Enforcement",type=string,JSONPath=`.spec.centralisation.enforcement`
// +kubebuilder:printcolumn:name="Compliant",type=integer,JSONPath=`.status.centralisation.compliant`
// +kubebuilder:printcolumn:name="Exempt",type=integer,JSONPath=`.status.centralisation.exempt`
// +kubebuilder:printcolumn:name="Review",type=integer,JSONPath=`.status.centralisation.underReview`
// +kubebuilder:printcolumn:name="Transition",type=integer,JSONPath=`.status.centralisation.inTransition`
// +kubebuilder:printcolumn:name="Violating",type=integer,JSONPath=`.status.centralisation.violating`
// +kubebuilder:printcolumn:name="Unknown",type=integer,JSONPath=`.status.centralisation.unknown`
// +kubebuilder:printcolumn:name="Compiled",type=date,JSONPath=`.status.compiledAt`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="OutOfScope",type=integer,JSONPath=`.status.centralisation.outOfScope`,priority=1
type GovernancePolicy struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the rules.
	// +required
	Spec GovernancePolicySpec `json:"spec,omitzero"`
	// status is what admission reads.
	// +optional
	Status GovernancePolicyStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// GetConditions returns the conditions of the object.
func (p *GovernancePolicy) GetConditions() []metav1.Condition { return p.Status.Conditions }

// SetConditions replaces the conditions of the object.
func (p *GovernancePolicy) SetConditions(c []metav1.Condition) { p.Status.Conditions = c }

// GovernancePolicyList is a list of GovernancePolicies.
//
// +kubebuilder:object:root=true
type GovernancePolicyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []GovernancePolicy `json:"items"`
}
