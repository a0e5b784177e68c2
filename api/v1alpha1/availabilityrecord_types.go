// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CurrentAccount is the account of the period that runs.
type CurrentAccount struct {
	// period that runs: "2026-11", "2026-Q4", "2026", or a rolling window such
	// as "720h".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Period string `json:"period,omitempty"`

	// startAt is when the period began; of a rolling window, the first moment
	// that it holds.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	StartAt metav1.Time `json:"startAt,omitzero"`

	// state of the indicator from accumulators.asOf on, until something else is
	// known.
	// +required
	State IndicatorState `json:"state,omitempty"`

	// since when it is in this state.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since metav1.Time `json:"since,omitzero"`

	// segments of the period, by revision of the agreement.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Segments []AccountSegment `json:"segments,omitempty"`

	// accumulators up to now.
	// +required
	Accumulators Accumulators `json:"accumulators,omitzero"`

	// openOutage that lasts.
	// +optional
	OpenOutage *Outage `json:"openOutage,omitempty"`

	// objective in per cent, where one revision governs the whole period.
	// +optional
	Objective Percentage `json:"objective,omitempty"`

	// availability in per cent up to accumulators.asOf; absent where there is
	// none.
	// +optional
	Availability Percentage `json:"availability,omitempty"`

	// budget seconds of the whole period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Budget int64 `json:"budget"`

	// budgetLeft seconds; negative when the agreement is broken.
	// +optional
	BudgetLeft int64 `json:"budgetLeft"`

	// result as it stands.
	// +optional
	Result ServiceLevelResult `json:"result,omitempty"`
}

// AccountDay is a day of a rolling window on which something was to be noted.
type AccountDay struct {
	// on is the day.
	// +required
	On Date `json:"on,omitempty"`

	// charged seconds of that day.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Charged int64 `json:"charged"`

	// unobserved seconds of that day.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unobserved int64 `json:"unobserved"`

	// slow seconds of that day.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Slow int64 `json:"slow,omitempty"`
}

// SeenWindow is a maintenance window of an Application and since when it is
// known. Nothing acts before it was seen.
type SeenWindow struct {
	// seenAt is when the operator saw it first in this form.
	// +required
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	SeenAt metav1.Time `json:"seenAt,omitzero"`

	// window as it was seen, without its reason.
	// +required
	Window MaintenanceWindow `json:"window,omitzero"`
}

// AccountTotals are whole seconds since the account began, over all periods.
// They never decrease.
type AccountTotals struct {
	// agreed seconds: within service hours, maintenance included.
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
}

// AccountPeriod is the account of a period that is over. Times are in whole
// seconds.
type AccountPeriod struct {
	// period that is over.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Period string `json:"period,omitempty"`

	// startAt is when the period began.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	StartAt *metav1.Time `json:"startAt,omitempty"`

	// endAt is when the period ended.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	EndAt *metav1.Time `json:"endAt,omitempty"`

	// serviceLevel that governed its end; absent means none.
	// +optional
	ServiceLevel ObjectName `json:"serviceLevel,omitempty"`

	// objective in per cent, where one revision governed the whole period.
	// +optional
	Objective Percentage `json:"objective,omitempty"`

	// availability in per cent of the agreed and observed time; absent where
	// there was none.
	// +optional
	Availability Percentage `json:"availability,omitempty"`

	// agreed seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Agreed int64 `json:"agreed"`

	// charged seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Charged int64 `json:"charged"`

	// unobserved seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Unobserved int64 `json:"unobserved"`

	// excluded seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Excluded int64 `json:"excluded"`

	// budget seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Budget int64 `json:"budget"`

	// result of the agreement; absent where no time was agreed.
	// +optional
	Result ServiceLevelResult `json:"result,omitempty"`

	// outages in the period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Outages int32 `json:"outages"`

	// mttr is the mean time to repair, in seconds; absent without an outage.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MTTR *int64 `json:"mttr,omitempty"`

	// mtbf is the mean time between failures, in seconds; absent without an
	// outage.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MTBF *int64 `json:"mtbf,omitempty"`

	// longest outage, in charged seconds.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Longest int64 `json:"longest"`

	// raw seconds of outage, whatever was agreed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Raw int64 `json:"raw,omitempty"`

	// maintenance seconds: within service hours and in a maintenance window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Maintenance int64 `json:"maintenance,omitempty"`

	// slow seconds within agreed time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Slow int64 `json:"slow,omitempty"`

	// recoveryBreaches counts outages that lasted longer than was agreed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RecoveryBreaches int32 `json:"recoveryBreaches,omitempty"`
}

// AvailabilityRecord is the account of an Application's availability, of the
// same name. It is data of its own, like a Lease: it has no owner, so it
// survives replacement, restore and re-creation of the Application. Only the
// operator writes it, on transitions and deadlines. It holds at most 32 KiB.
//
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=availabilityrecords,singular=availabilityrecord,scope=Namespaced,shortName=itavail,categories=kdz
// +kubebuilder:printcolumn:name="Period",type=string,JSONPath=`.current.period`
// +kubebuilder:printcolumn:name="Objective",type=string,JSONPath=`.current.objective`
// +kubebuilder:printcolumn:name="Availability",type=string,JSONPath=`.current.availability`
// +kubebuilder:printcolumn:name="BudgetLeft",type=integer,JSONPath=`.current.budgetLeft`
// +kubebuilder:printcolumn:name="Result",type=string,JSONPath=`.current.result`
// +kubebuilder:printcolumn:name="AsOf",type=date,JSONPath=`.current.accumulators.asOf`
// +kubebuilder:printcolumn:name="Outages",type=integer,JSONPath=`.current.accumulators.outages`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of an AvailabilityRecord is that of its Application, which has at most 63 characters"
type AvailabilityRecord struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// applicationUID is the UID of the Application that was accounted last. One
	// that was created anew under the same name goes on with this account.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ApplicationUID string `json:"applicationUID,omitempty"`

	// historyLostAt is when this account was begun anew although there had been
	// one: it was deleted, or lost in a restore. What was before is not known.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	HistoryLostAt *metav1.Time `json:"historyLostAt,omitempty"`

	// totals since the account began, up to current.accumulators.asOf.
	// +optional
	Totals AccountTotals `json:"totals,omitzero"`

	// maintenance windows of the Application as the operator knows them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=16
	Maintenance []SeenWindow `json:"maintenance,omitempty"`

	// current is the account of the period that runs.
	// +optional
	Current *CurrentAccount `json:"current,omitempty"`

	// outages that are over, newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	Outages []Outage `json:"outages,omitempty"`

	// dropped counts older outages that are no longer listed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Dropped int64 `json:"dropped,omitempty"`

	// days of rolling windows on which something was to be noted.
	// +optional
	// +listType=map
	// +listMapKey=on
	// +kubebuilder:validation:MaxItems=92
	Days []AccountDay `json:"days,omitempty"`

	// periods that are over, newest first.
	// +optional
	// +listType=map
	// +listMapKey=period
	// +kubebuilder:validation:MaxItems=13
	Periods []AccountPeriod `json:"periods,omitempty"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// AvailabilityRecordList is a list of AvailabilityRecords.
//
// +kubebuilder:object:root=true
type AvailabilityRecordList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AvailabilityRecord `json:"items"`
}
