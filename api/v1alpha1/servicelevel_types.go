// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// CalendarPeriod is a period of the calendar.
// +kubebuilder:validation:Enum=Month;Quarter;Year
type CalendarPeriod string

// Calendar periods.
const (
	CalendarMonth   CalendarPeriod = "Month"
	CalendarQuarter CalendarPeriod = "Quarter"
	CalendarYear    CalendarPeriod = "Year"
)

// AvailabilityWindow is the time over which availability is counted.
// +kubebuilder:validation:XValidation:rule="has(self.calendar) != has(self.rolling)",message="window has exactly one of calendar and rolling"
// +kubebuilder:validation:XValidation:rule="!has(self.rolling) || (self.rolling.size() < 2 || !self.rolling.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (duration(self.rolling) >= duration('24h') && duration(self.rolling) <= duration('2160h'))",message="a rolling window must be at least 24h and at most 2160h (90 days)"
type AvailabilityWindow struct {
	// calendar period, in the time zone of the service hours.
	// +optional
	Calendar CalendarPeriod `json:"calendar,omitempty"`

	// rolling window that ends now, 24h to 2160h.
	// +optional
	Rolling Duration `json:"rolling,omitempty"`
}

// AvailabilityObjective is what availability was agreed.
type AvailabilityObjective struct {
	// objective in per cent of the agreed time: "99.9".
	// +required
	Objective Percentage `json:"objective,omitempty"`

	// window over which it is counted.
	// +required
	Window AvailabilityWindow `json:"window,omitzero"`

	// minimumCoverage in per cent: when less of the agreed time was observed,
	// the result is InsufficientData instead of Met.
	// +optional
	// +kubebuilder:default="95"
	MinimumCoverage Percentage `json:"minimumCoverage,omitempty"`
}

// Weekday is a day of the week.
// +kubebuilder:validation:Enum=Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday
type Weekday string

// TimeOfDay is a time of a day, "00:00" to "24:00".
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=5
// +kubebuilder:validation:Pattern=`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`
type TimeOfDay string

// WeeklyHours are hours of service on days of the week. Hours that end before
// they begin cross midnight.
// +kubebuilder:validation:XValidation:rule="self.from != self.to",message="from and to must differ; a whole day is 00:00 to 24:00"
// +kubebuilder:validation:XValidation:rule="self.from != '24:00'",message="from must be before 24:00"
type WeeklyHours struct {
	// days on which the hours begin.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days,omitempty"`

	// from is when service begins.
	// +required
	From TimeOfDay `json:"from,omitempty"`

	// to is when service ends.
	// +required
	To TimeOfDay `json:"to,omitempty"`
}

// HolidayCalendar is a set of public holidays.
// +kubebuilder:validation:Enum=DE-RP;None
type HolidayCalendar string

// Holiday calendars.
const (
	// HolidaysRhinelandPalatinate are the public holidays of Rhineland-
	// Palatinate (Feiertagsgesetz Rheinland-Pfalz § 2).
	HolidaysRhinelandPalatinate HolidayCalendar = "DE-RP"
	// HolidaysNone: no holiday is left out.
	HolidaysNone HolidayCalendar = "None"
)

// ServiceHours is the time in which service was agreed.
type ServiceHours struct {
	// timeZone in which the hours are read.
	// +optional
	// +kubebuilder:default="Europe/Berlin"
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// weekly hours; several entries are joined.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=21
	Weekly []WeeklyHours `json:"weekly,omitempty"`

	// holidays on which there is no service.
	// +optional
	// +kubebuilder:default=None
	Holidays HolidayCalendar `json:"holidays,omitempty"`

	// closuresOn are further days on which there is no service.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=64
	ClosuresOn []Date `json:"closuresOn,omitempty"`
}

// LatencyObjective is what speed was agreed.
type LatencyObjective struct {
	// threshold within which an answer is fast.
	// +required
	Threshold Duration `json:"threshold,omitempty"`

	// objective in per cent of the observed agreed time in which answers are
	// fast.
	// +required
	Objective Percentage `json:"objective,omitempty"`
}

// BackupObjective is what backup was agreed.
type BackupObjective struct {
	// maxAge of the newest successful backup, counted from its start.
	// +optional
	MaxAge Duration `json:"maxAge,omitempty"`

	// restoreTestMaxAge of the newest successful restore test.
	// +optional
	RestoreTestMaxAge Duration `json:"restoreTestMaxAge,omitempty"`
}

// RecoveryObjective is what recovery was agreed.
type RecoveryObjective struct {
	// maxOutage is how many charged seconds one outage may last.
	// +required
	MaxOutage Duration `json:"maxOutage,omitempty"`
}

// SupportPriority is the priority of a ticket.
// +kubebuilder:validation:Enum=P1;P2;P3;P4;P5
type SupportPriority string

// SupportObjective is how fast support answers. It is declared, and judged
// only where tickets are connected.
// +kubebuilder:validation:XValidation:rule="!has(self.response) || !has(self.resolution) || (self.response.size() < 2 || !self.response.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (self.resolution.size() < 2 || !self.resolution.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || duration(self.response) <= duration(self.resolution)",message="resolution must not be shorter than response"
type SupportObjective struct {
	// priority of the ticket.
	// +required
	Priority SupportPriority `json:"priority,omitempty"`

	// response is the time to the first answer.
	// +optional
	Response Duration `json:"response,omitempty"`

	// resolution is the time to the solution.
	// +optional
	Resolution Duration `json:"resolution,omitempty"`
}

// Requirements are what an Application must have to be under the agreement.
type Requirements struct {
	// protection that an Application must declare at least.
	// +optional
	Protection *RequiredProtection `json:"protection,omitempty"`

	// sovereignty that is needed at least, 0 to 4.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=4
	Sovereignty *int32 `json:"sovereignty,omitempty"`
}

// RequiredProtection is the protection that must be declared at least.
type RequiredProtection struct {
	// confidentiality that must be declared at least.
	// +optional
	Confidentiality ProtectionLevel `json:"confidentiality,omitempty"`

	// integrity that must be declared at least.
	// +optional
	Integrity ProtectionLevel `json:"integrity,omitempty"`

	// availability that must be declared at least.
	// +optional
	Availability ProtectionLevel `json:"availability,omitempty"`
}

// Alerting says how alerts are made of the agreement.
type Alerting struct {
	// burnRate alerts when the budget is used up too fast.
	// +optional
	// +kubebuilder:default=Enabled
	// +kubebuilder:validation:Enum=Enabled;Disabled
	BurnRate string `json:"burnRate,omitempty"`

	// labels that every alert carries, by the rules of Prometheus for the
	// names of labels.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(name, name.matches('^[a-zA-Z_][a-zA-Z0-9_]{0,62}$'))",message="the name of an alert's label has letters, digits and underscores, at most 63, and begins with no digit"
	Labels map[string]AlertLabelValue `json:"labels,omitempty"`
}

// AlertLabelValue is the value of a label that an alert carries.
// +kubebuilder:validation:MaxLength=256
type AlertLabelValue string

// EscalationStep says who is told after how long.
type EscalationStep struct {
	// after how long an outage is escalated.
	// +required
	After Duration `json:"after,omitempty"`

	// contact who is told.
	// +required
	Contact Person `json:"contact,omitzero"`
}

// ServiceLevelSpec declares an agreement that many Applications refer to.
type ServiceLevelSpec struct {
	// displayName of the agreement.
	// +required
	DisplayName LocalisedText `json:"displayName,omitzero"`

	// availability that was agreed.
	// +required
	Availability AvailabilityObjective `json:"availability,omitzero"`

	// serviceHours in which it was agreed; absent means always.
	// +optional
	ServiceHours *ServiceHours `json:"serviceHours,omitempty"`

	// maintenance windows that were agreed.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Maintenance []MaintenanceWindow `json:"maintenance,omitempty"`

	// latency that was agreed.
	// +optional
	Latency *LatencyObjective `json:"latency,omitempty"`

	// backup that was agreed: the default for the Applications that refer to
	// this agreement.
	// +optional
	Backup *BackupObjective `json:"backup,omitempty"`

	// recovery that was agreed.
	// +optional
	Recovery *RecoveryObjective `json:"recovery,omitempty"`

	// support that was agreed.
	// +optional
	// +listType=map
	// +listMapKey=priority
	// +kubebuilder:validation:MaxItems=5
	Support []SupportObjective `json:"support,omitempty"`

	// requires says what an Application must declare to be under the
	// agreement.
	// +optional
	Requires *Requirements `json:"requires,omitempty"`

	// alerting says how alerts are made of the agreement.
	// +optional
	Alerting *Alerting `json:"alerting,omitempty"`

	// escalation says who is told after how long, in ascending order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Escalation []EscalationStep `json:"escalation,omitempty"`

	// decision of the body that set the level. An agreement without one is a
	// finding.
	// +optional
	Decision *Decision `json:"decision,omitempty"`
}

// ServiceLevel is an agreement that many Applications refer to
// (Servicevereinbarung).
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=servicelevels,singular=servicelevel,scope=Cluster,shortName=slevel,categories=kdz
// +kubebuilder:printcolumn:name="Objective",type=string,JSONPath=`.spec.availability.objective`
// +kubebuilder:printcolumn:name="Calendar",type=string,JSONPath=`.spec.availability.window.calendar`
// +kubebuilder:printcolumn:name="Apps",type=integer,JSONPath=`.status.applications`
// +kubebuilder:printcolumn:name="Met",type=integer,JSONPath=`.status.met`
// +kubebuilder:printcolumn:name="Breached",type=integer,JSONPath=`.status.breached`
// +kubebuilder:printcolumn:name="Availability",type=string,JSONPath=`.status.availability`
// +kubebuilder:printcolumn:name="BudgetLeft",type=integer,JSONPath=`.status.budgetLeftSeconds`
// +kubebuilder:printcolumn:name="Decision",type=string,JSONPath=`.spec.decision.reference`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Rolling",type=string,JSONPath=`.spec.availability.window.rolling`,priority=1
// +kubebuilder:printcolumn:name="Insufficient",type=integer,JSONPath=`.status.insufficientData`,priority=1
// +kubebuilder:printcolumn:name="Worst",type=string,JSONPath=`.status.worst`,priority=1
// +kubebuilder:printcolumn:name="Title",type=string,JSONPath=`.spec.displayName.de`,priority=1
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="the name of a ServiceLevel must have at most 63 characters, since it becomes a label value"
type ServiceLevel struct {
	metav1.TypeMeta `json:",inline"`
	// metadata of the object.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec declares the agreement.
	// +required
	Spec ServiceLevelSpec `json:"spec,omitzero"`
	// status tells how the Applications under it stand.
	// +optional
	Status ServiceLevelStatus `json:"status,omitzero"`

	// DecodingError says why the stored object could not be decoded in full;
	// what could not is empty then. It is never stored.
	DecodingError string `json:"-"`
}

// ServiceLevelList is a list of ServiceLevels.
//
// +kubebuilder:object:root=true
type ServiceLevelList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ServiceLevel `json:"items"`
}

// GetConditions returns the conditions of the object.
func (l *ServiceLevel) GetConditions() []metav1.Condition { return l.Status.Conditions }

// SetConditions replaces the conditions of the object.
func (l *ServiceLevel) SetConditions(c []metav1.Condition) { l.Status.Conditions = c }
