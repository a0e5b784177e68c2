// SPDX-License-Identifier: Apache-2.0

package account

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Report is the account of one period, ready to be shown. All times are in
// whole seconds.
type Report struct {
	// Namespace and Name of the Application.
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// Title of the Application: English, German where there is no English.
	Title string `json:"title,omitempty"`
	// Agreement that holds at the end of the period; absent if there is none.
	Agreement *Agreement `json:"agreement,omitempty"`
	// TimeZone in which text shows moments.
	TimeZone string `json:"timeZone"`
	// Period that is shown.
	Period Period `json:"period"`
	// Current says how the Application stands; only of the period that runs.
	Current *Current `json:"current,omitempty"`
	// Outages of the period that are over, newest first.
	Outages []v1alpha1.Outage `json:"outages,omitempty"`
	// Dropped counts older outages, of this period or of earlier ones, that the
	// account no longer lists.
	Dropped int64 `json:"dropped,omitempty"`
	// HistoryLostAt is when the account was lost and begun anew.
	HistoryLostAt *metav1.Time `json:"historyLostAt,omitempty"`
	// Past are the periods that are over, newest first; only with the period
	// that runs.
	Past []v1alpha1.AccountPeriod `json:"past,omitempty"`
	// Notes say what else a reader has to know.
	Notes []string `json:"notes,omitempty"`
}

// Agreement is a ServiceLevel as it holds for the period.
type Agreement struct {
	// Name and Title of the ServiceLevel.
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	// Generation of the revision; 0 if it is not known.
	Generation int64 `json:"generation,omitempty"`
	// Terms of it; absent if the ServiceLevel could not be read.
	Terms *v1alpha1.ServiceLevelTerms `json:"terms,omitempty"`
}

// Period is the account of a period, running or over.
type Period struct {
	// Name of it, such as 2026-11.
	Name string `json:"name"`
	// Running: it is not over.
	Running bool `json:"running"`
	// StartAt and EndAt of it; EndAt is absent while it runs.
	StartAt *metav1.Time `json:"startAt,omitempty"`
	EndAt   *metav1.Time `json:"endAt,omitempty"`
	// AsOf is the moment up to which seconds are counted, while it runs.
	AsOf *metav1.Time `json:"asOf,omitempty"`
	// Segments of it, by revision of the agreement, while it runs.
	Segments []v1alpha1.AccountSegment `json:"segments,omitempty"`
	// Objective and Availability in per cent; empty where there is none.
	Objective    v1alpha1.Percentage `json:"objective,omitempty"`
	Availability v1alpha1.Percentage `json:"availability,omitempty"`
	// AgreedWhole is what is agreed in the whole period, Agreed what of it has
	// passed.
	AgreedWhole int64 `json:"agreedWholeSeconds"`
	Agreed      int64 `json:"agreedSeconds"`
	Charged     int64 `json:"chargedSeconds"`
	Unobserved  int64 `json:"unobservedSeconds"`
	Maintenance int64 `json:"maintenanceSeconds"`
	Excluded    int64 `json:"excludedSeconds"`
	Raw         int64 `json:"rawSeconds"`
	Slow        int64 `json:"slowSeconds"`
	Longest     int64 `json:"longestSeconds"`
	Budget      int64 `json:"budgetSeconds"`
	BudgetLeft  int64 `json:"budgetLeftSeconds"`
	// Outages that began or went on in it, and how many of them lasted longer
	// than was agreed.
	Outages          int32 `json:"outages"`
	RecoveryBreaches int32 `json:"recoveryBreaches"`
	// MTTR and MTBF in seconds; absent without an outage, and while it runs.
	MTTR *int64 `json:"mttrSeconds,omitempty"`
	MTBF *int64 `json:"mtbfSeconds,omitempty"`
	// Result of the agreement, and why it is that; empty where there is none.
	Result v1alpha1.ServiceLevelResult `json:"result,omitempty"`
	Why    string                      `json:"why,omitempty"`
}

// Current says how an Application stands.
type Current struct {
	// State of the indicator, and since when.
	State v1alpha1.IndicatorState `json:"state"`
	Since metav1.Time             `json:"since"`
	// WrittenAt is when the account was written last. At rest nothing is written.
	WrittenAt metav1.Time `json:"writtenAt"`
	// RecordedAt is up to when the operator has recorded everything, by its
	// heartbeat. The figures are as of then; or, if it is earlier, of the first
	// of failures of the Application that are not an outage yet; or, if that is
	// later, of WrittenAt. Absent if it is not known.
	RecordedAt *metav1.Time `json:"recordedAt,omitempty"`
	// NotAdvanced says why the figures are as of WrittenAt although more may be
	// recorded.
	NotAdvanced string `json:"notAdvanced,omitempty"`
	// NotInFigures is how many seconds of the period have passed since its AsOf,
	// and ServiceNotInFigures how many of them are in service hours.
	NotInFigures        int64 `json:"notInFiguresSeconds"`
	ServiceNotInFigures int64 `json:"serviceNotInFiguresSeconds"`
	// Ended is when the period ended by the calendar, if it is not booked yet.
	Ended *metav1.Time `json:"endedAt,omitempty"`
	// OpenOutage that lasts.
	OpenOutage *v1alpha1.Outage `json:"openOutage,omitempty"`
}

// Text is the text in English, in German where there is no English.
func Text(t v1alpha1.LocalisedText) string {
	if t.EN != "" {
		return t.EN
	}
	return t.DE
}
