// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// UnitType says what an organisational unit is, and thereby how the rule that
// all city IT is provided by the KDZ treats it.
// +kubebuilder:validation:Enum=KDZ;Office;MunicipalEnterprise;PublicInstitution;Education;FireControlCentre;AffiliatedCompany;ThirdParty
type UnitType string

// Types of organisational unit.
const (
	// UnitKDZ is the central IT provider or a part of it.
	UnitKDZ UnitType = "KDZ"
	// UnitOffice is an office of the city (Amt, Fachamt).
	UnitOffice UnitType = "Office"
	// UnitMunicipalEnterprise is an Eigenbetrieb.
	UnitMunicipalEnterprise UnitType = "MunicipalEnterprise"
	// UnitPublicInstitution is an institution under public law (AöR).
	UnitPublicInstitution UnitType = "PublicInstitution"
	// UnitEducation is the pedagogical area of the schools.
	UnitEducation UnitType = "Education"
	// UnitFireControlCentre is the control centre of the fire brigade.
	UnitFireControlCentre UnitType = "FireControlCentre"
	// UnitAffiliatedCompany is a company close to the city.
	UnitAffiliatedCompany UnitType = "AffiliatedCompany"
	// UnitThirdParty is a hosting customer of the KDZ.
	UnitThirdParty UnitType = "ThirdParty"
)

// OrganisationalUnitSpec declares a unit and its place in the tree.
type OrganisationalUnitSpec struct {
	// number of the unit in the city's plan of organisation: "16.03.04".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Number string `json:"number,omitempty"`

	// displayName of the unit.
	// +required
	DisplayName LocalisedText `json:"displayName,omitzero"`

	// type of the unit. A sub-unit inherits the treatment of its parent under
	// the rule unless the policy treats its own type otherwise.
	// +required
	Type UnitType `json:"type,omitempty"`

	// parentRef names the unit above; absent at the top of a tree.
	// +optional
	ParentRef *UnitReference `json:"parentRef,omitempty"`

	// responsibilities of the unit, in keywords.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	Responsibilities []string `json:"responsibilities,omitempty"`
}

// ApplicationCounts counts Applications by operational state.
type ApplicationCounts struct {
	// total of all Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Total int32 `json:"total"`
	// operational Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Operational int32 `json:"operational"`
	// degraded Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Degraded int32 `json:"degraded"`
	// outage counts Applications that are out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Outage int32 `json:"outage"`
	// maintenance counts Applications that are out within an agreed window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Maintenance int32 `json:"maintenance"`
	// unknown counts Applications that could not be looked at.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unknown int32 `json:"unknown"`
	// planned Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Planned int32 `json:"planned"`
	// retired Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Retired int32 `json:"retired"`
}

// CentralisationCounts counts Applications by verdict under the rule that all
// city IT is provided by the KDZ.
type CentralisationCounts struct {
	// compliant Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Compliant int32 `json:"compliant"`
	// exempt Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Exempt int32 `json:"exempt"`
	// underReview counts Applications whose centralisation is being examined.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UnderReview int32 `json:"underReview"`
	// inTransition counts decentral Applications with a plan, in time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	InTransition int32 `json:"inTransition"`
	// violating Applications.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Violating int32 `json:"violating"`
	// outOfScope counts Applications to which the rule does not apply.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OutOfScope int32 `json:"outOfScope"`
	// unknown counts Applications whose provider nobody has declared.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unknown int32 `json:"unknown"`
}

// OrganisationalUnitStatus tells how the Applications stand that the unit
// operates, supports or answers for, sub-units included, each counted once.
type OrganisationalUnitStatus struct {
	// observedGeneration is the generation of the spec that status describes.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// operationalState of the unit: Outage when an Application with a high or
	// very high need for availability is out; Degraded when any is out or
	// degraded; Unknown when it has live Applications and none of them could
	// be looked at; else Operational.
	// +optional
	OperationalState OperationalState `json:"operationalState,omitempty"`

	// since when the unit is in this state.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// cause says in one sentence why the unit is not Operational.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Cause string `json:"cause,omitempty"`

	// applications counts by operational state.
	// +optional
	Applications ApplicationCounts `json:"applications,omitzero"`

	// centralisation counts by verdict.
	// +optional
	Centralisation CentralisationCounts `json:"centralisation,omitzero"`

	// conditions are Ready, Available, Reconciling, Stalled.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	Conditions []metav1.Condition `json:"conditions,omitempty"`
}

// OrganisationalUnit is a unit of the city, of the KDZ or of those it works
// for, in a tree. The status of unit kdz-16 is the operational state of the
// KDZ.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=organisationalunits,singular=organisationalunit,scope=Cluster,shortName=ou,categories=kdz
// +kubebuilder:printcolumn:name="Number",type=string,JSONPath=`.spec.number`
// +kubebuilder:printcolumn:name="Type",type=string,JSONPath=`.spec.type`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.operationalState`
// +kubebuilder:printcolumn:name="Apps",type=integer,JSONPath=`.status.applications.total`
// +kubebuilder:printcolumn:name="Up",type=integer,JSONPath=`.status.applications.operational`
// +kubebuilder:printcolumn:name="Degraded",type=integer,JSONPath=`.status.applications.degraded`
// +kubebuilder:printcolumn:name="Outage",type=integer,JSONPath=`.status.applications.outage`
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.displayName.de`
// +kubebuilder:printcolumn:name="Since",type=date,JSONPath=`.status.since`
// +kubebuilder:printcolumn:name="Parent",type=string,JSONPath=`.spec.parentRef.name`,priority=1
// +kubebuilder:printcolumn:name="Unknown",type=integer,JSONPath=`.status.applications.unknown`,priority=1
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`,priority=1
// +kubebuilder:printcolumn:name="Cause",type=string,JSONPath=`.status.cause`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of an OrganisationalUnit must have at most 63 characters, since it becomes a label value"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.parentRef) || self.spec.parentRef.name != self.metadata.name",message="spec.parentRef must not name the unit itself"
type OrganisationalUnit struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the unit.
	// +required
	Spec OrganisationalUnitSpec `json:"spec,omitzero"`
	// status tells how the unit's Applications stand.
	// +optional
	Status OrganisationalUnitStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// OrganisationalUnitList is a list of OrganisationalUnits.
//
// +kubebuilder:object:root=true
type OrganisationalUnitList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []OrganisationalUnit `json:"items"`
}

// GetConditions returns the conditions of the object.
func (u *OrganisationalUnit) GetConditions() []metav1.Condition { return u.Status.Conditions }

// SetConditions replaces the conditions of the object.
func (u *OrganisationalUnit) SetConditions(c []metav1.Condition) { u.Status.Conditions = c }
