// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// IndicatorState is what the indicator of an Application shows: its Essential
// endpoints if it has any, else its hosting, else its Hard dependencies; or the
// source that it names.
// +kubebuilder:validation:Enum=Up;Slow;Down;Unobserved;NotInService
type IndicatorState string

// States of an indicator.
const (
	// IndicatorUp: nothing of it is down, slow or unseen.
	IndicatorUp IndicatorState = "Up"
	// IndicatorSlow: it is up, and answers take longer than agreed.
	IndicatorSlow IndicatorState = "Slow"
	// IndicatorDown: something of it is down.
	IndicatorDown IndicatorState = "Down"
	// IndicatorUnobserved: nothing of it is down, but something was not seen.
	IndicatorUnobserved IndicatorState = "Unobserved"
	// IndicatorNotInService: nothing is counted: it is Planned or Retired, or
	// has not answered for the first time.
	IndicatorNotInService IndicatorState = "NotInService"
)

// Accumulators are the truth of an account: whole seconds of the current
// period up to asOf, each second in exactly one class.
type Accumulators struct {
	// asOf is the moment up to which seconds are counted.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	AsOf metav1.Time `json:"asOf,omitzero"`

	// agreed seconds up to asOf: within service hours, maintenance included.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Agreed int64 `json:"agreed"`

	// charged seconds of outage within agreed time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Charged int64 `json:"charged"`

	// unobserved seconds within agreed time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unobserved int64 `json:"unobserved"`

	// excluded seconds of outage: outside service hours, in maintenance, or
	// another provider's.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Excluded int64 `json:"excluded"`

	// raw seconds of outage, whatever was agreed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Raw int64 `json:"raw"`

	// maintenance seconds: within service hours and in a maintenance window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Maintenance int64 `json:"maintenance"`

	// slow seconds within agreed time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Slow int64 `json:"slow"`

	// longest outage so far, in charged seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Longest int64 `json:"longest"`

	// recoveryBreaches counts outages that lasted longer than was agreed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RecoveryBreaches int32 `json:"recoveryBreaches"`

	// outages that began or went on in the period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Outages int32 `json:"outages"`
}

// AccountSegment is a part of a period that one revision of the agreement
// governs.
type AccountSegment struct {
	// from is the moment at which the segment begins.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	From metav1.Time `json:"from,omitzero"`

	// serviceLevel that governs it; absent means none.
	// +optional
	ServiceLevel ObjectName `json:"serviceLevel,omitempty"`

	// generation of the ServiceLevel.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Generation int64 `json:"generation,omitempty"`

	// agreed seconds of the whole segment.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Agreed int64 `json:"agreed"`

	// budget seconds of the whole segment.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Budget int64 `json:"budget"`
}

// Exclusion is what was subtracted from an outage, and why.
type Exclusion struct {
	// kind of what was the ground.
	// +required
	// +kubebuilder:validation:Enum=ServiceHours;Maintenance;Dependency;Other
	Kind string `json:"kind,omitempty"`

	// name of the object or window that was the ground.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// seconds that were subtracted.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Seconds int64 `json:"seconds"`
}

// Outage is an outage of an Application.
type Outage struct {
	// check that showed it: the name of the endpoint, the system or the
	// dependency.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Check string `json:"check,omitempty"`

	// startAt is the start of the first failed check of the streak that
	// confirmed it.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	StartAt metav1.Time `json:"startAt,omitzero"`

	// endAt is the first success of the streak that ended it; absent while it
	// lasts.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	EndAt *metav1.Time `json:"endAt,omitempty"`

	// rawSeconds in which it was seen to be down, whatever was agreed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RawSeconds int64 `json:"rawSeconds"`

	// unobservedSeconds of it, at any time of the day: nobody knows whether it
	// was down.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UnobservedSeconds int64 `json:"unobservedSeconds"`

	// chargedSeconds that count against the agreement.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ChargedSeconds int64 `json:"chargedSeconds"`

	// charged is false for an outage that lies outside the indicator, so that
	// it is reported and counts against nothing.
	// +optional
	// +kubebuilder:default=true
	Charged *bool `json:"charged,omitempty"`

	// recoveryBreached says that it has cost more charged seconds than one
	// outage may by the agreement.
	// +optional
	RecoveryBreached bool `json:"recoveryBreached,omitempty"`

	// endReason in a stable CamelCase word, where it ended otherwise than by
	// success: EndpointRemoved, OutOfService.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	EndReason string `json:"endReason,omitempty"`

	// cause of it.
	// +optional
	Cause *Cause `json:"cause,omitempty"`

	// exclusions name what was subtracted.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=17
	Exclusions []Exclusion `json:"exclusions,omitempty"`
}
