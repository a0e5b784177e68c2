// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels and annotations of group kdz.mainz.de.
const (
	// LabelUnit on a Namespace names the OrganisationalUnit that it belongs to.
	LabelUnit = "kdz.mainz.de/unit"
	// LabelApplication on a workload names the Application of its namespace
	// that it is a part of.
	LabelApplication = "kdz.mainz.de/application"
	// LabelProbe with value "true" on a Secret allows the operator to use it
	// for the checks of Applications in the Secret's namespace. Who may write
	// an Application need not be allowed to read Secrets; without this label
	// such a person could have any of them sent to a URL of their choice.
	LabelProbe = "kdz.mainz.de/probe"
	// AnnotationExample marks what the published papers do not say and the
	// catalogue therefore fills with an example: a comma-separated list of
	// field paths.
	AnnotationExample = "kdz.mainz.de/example"
)

// LocalisedText is a text in German, in English, or in both.
// +kubebuilder:validation:XValidation:rule="has(self.de) || has(self.en)",message="displayName needs at least one of de and en"
type LocalisedText struct {
	// de is the text in German.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	DE string `json:"de,omitempty"`

	// en is the text in English.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	EN string `json:"en,omitempty"`
}

// Duration is a duration as Go writes it: "1h30m", "500ms". Units are ms, s, m
// and h, each at most once and the longest first; there are no days, since a
// day is not always 24 hours. The digits of each unit are bounded so that the
// longest (135 years) still fits into a Go time.Duration.
//
// A rule that converts a duration must let pass what is none: the pattern
// refuses it already, and the API server spares an unchanged value a pattern or
// a rule that it breaks, but not a rule that it cannot evaluate. The status of
// an object stored before the pattern could not be written any more.
// +kubebuilder:validation:MinLength=2
// +kubebuilder:validation:MaxLength=20
// +kubebuilder:validation:Pattern=`^([0-9]{1,6}(\.[0-9]{1,6})?h)?([0-9]{1,7}(\.[0-9]{1,6})?m)?([0-9]{1,8}(\.[0-9]{1,6})?s)?([0-9]{1,8}(\.[0-9]{1,6})?ms)?$`
type Duration string

// Date is a day as RFC 3339 writes it ("2026-03-31"), in Europe/Berlin. A day
// that ends something holds to its own end.
// +kubebuilder:validation:Format=date
// +kubebuilder:validation:MinLength=10
// +kubebuilder:validation:MaxLength=10
// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
type Date string

// Moment is a moment as RFC 3339 writes it ("2026-03-31T18:00:00+02:00").
// +kubebuilder:validation:Format=date-time
// +kubebuilder:validation:MinLength=20
// +kubebuilder:validation:MaxLength=35
// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
type Moment string

// Percentage is a decimal number of 0 to 100, with up to five decimals and a
// point: "99.95".
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=9
// +kubebuilder:validation:Pattern=`^(100(\.0{1,5})?|[0-9]{1,2}(\.[0-9]{1,5})?)$`
type Percentage string

// TimeZone is a name of the IANA time zone database: "Europe/Berlin". Go's
// "Local" is none: it would mean whatever machine happens to read it.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=64
// +kubebuilder:validation:Pattern=`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`
// +kubebuilder:validation:XValidation:rule="self != 'Local' && timestamp('2026-01-01T00:00:00Z').getHours(self) >= 0",message="timeZone must be a name of the IANA time zone database, such as Europe/Berlin"
type TimeZone string

// ObjectName is the name of an object of this group that becomes a label
// value: a lower-case RFC 1123 name of at most 63 characters.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
type ObjectName string

// NamespaceName is the name of a namespace: a lower-case RFC 1123 label.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
type NamespaceName string

// ItemName names an item of a list: a lower-case RFC 1123 label.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`
type ItemName string

// UserName is a Kubernetes user name, verbatim as the API server knows it.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=256
type UserName string

// EMailAddress is an e-mail address.
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=254
// +kubebuilder:validation:Pattern=`^[^@\s]+@[^@\s]+$`
type EMailAddress string

// UnitReference names an OrganisationalUnit.
type UnitReference struct {
	// name of the OrganisationalUnit.
	// +required
	Name ObjectName `json:"name,omitempty"`
}

// ServiceLevelReference names a ServiceLevel.
type ServiceLevelReference struct {
	// name of the ServiceLevel.
	// +required
	Name ObjectName `json:"name,omitempty"`
}

// LocalApplicationReference names an Application of the same namespace.
type LocalApplicationReference struct {
	// name of the Application.
	// +required
	Name ObjectName `json:"name,omitempty"`
}

// ApplicationReference names an Application. Programmes cross units, so it may
// be one of another namespace.
type ApplicationReference struct {
	// name of the Application.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace of the Application; absent means the namespace of the object
	// that refers to it.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`
}

// ProjectReference names a Project. Programmes cross units, so it may be one
// of another namespace.
type ProjectReference struct {
	// name of the Project.
	// +required
	Name ObjectName `json:"name,omitempty"`

	// namespace of the Project; absent means the namespace of the object that
	// refers to it.
	// +optional
	Namespace NamespaceName `json:"namespace,omitempty"`
}

// SecretReference names a Secret of the same namespace. The operator uses it
// only if it carries the label kdz.mainz.de/probe: "true".
type SecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// SecretKeyReference names a key of a Secret of the same namespace. The
// operator uses it only if the Secret carries the label
// kdz.mainz.de/probe: "true".
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// key within the Secret's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}

// ProtectionLevel is a protection need after BSI Standard 200-2.
// +kubebuilder:validation:Enum=Normal;High;VeryHigh
type ProtectionLevel string

// Protection needs, in ascending order (BSI Standard 200-2, chapter 8.2).
const (
	ProtectionNormal   ProtectionLevel = "Normal"
	ProtectionHigh     ProtectionLevel = "High"
	ProtectionVeryHigh ProtectionLevel = "VeryHigh"
)

// MaintenanceWindow is an agreed time in which an outage is maintenance: once
// (startAt) or again and again (schedule). One that cannot be used, although the
// rules let it pass, is left out, and the condition Ready of the object says why.
// +kubebuilder:validation:XValidation:rule="has(self.startAt) != has(self.schedule)",message="a maintenance window has exactly one of startAt (once) and schedule (recurring)"
// +kubebuilder:validation:XValidation:rule="(self.duration.size() < 2 || !self.duration.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (duration(self.duration) >= duration('1s') && duration(self.duration) <= duration('168h'))",message="duration of a maintenance window must be at least 1s and at most 168h"
type MaintenanceWindow struct {
	// name of the window, unique in its list.
	// +required
	Name ItemName `json:"name,omitempty"`

	// startAt is the beginning of a window that happens once.
	// +optional
	StartAt Moment `json:"startAt,omitempty"`

	// schedule says when a recurring window begins: five cron fields (minute,
	// hour, day of month, month, day of week), in timeZone. Where both days are
	// given, either will do. It must happen at all, and at most 96 times a day;
	// openings that overlap or touch count as one. On a day on which the clocks
	// are moved, a schedule for certain hours begins once: at the first of a time
	// that they show twice, and when they are moved past its time. A schedule for
	// every hour (*) follows the hours as they pass: it begins in each of two that
	// the clocks show alike, and has none in one that they leave out.
	// +optional
	// +kubebuilder:validation:MinLength=9
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^([-0-9A-Za-z*/,?]+ +){4}[-0-9A-Za-z*/,?]+$`
	Schedule string `json:"schedule,omitempty"`

	// timeZone in which schedule is read.
	// +optional
	// +kubebuilder:default="Europe/Berlin"
	TimeZone TimeZone `json:"timeZone,omitempty"`

	// duration of the window, 1s to 168h, as time passes: moving the clocks makes
	// it neither longer nor shorter. It counts in whole seconds.
	// +required
	Duration Duration `json:"duration,omitempty"`

	// reason for the people who are told.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Reason string `json:"reason,omitempty"`
}

// DecisionBody is a body that decides. The KDZ and the smart-city officer only
// advise, so they are none.
// +kubebuilder:validation:Enum=SteeringRound;Conference
type DecisionBody string

// The bodies that decide (steering model for IT and digitalisation, June 2025).
const (
	// BodySteeringRound is the DigIT steering round (DigIT-Steuerungsrunde):
	// it prioritises and decides project requests, exemptions and levels.
	BodySteeringRound DecisionBody = "SteeringRound"
	// BodyConference is the DigIT conference (DigIT-Konferenz): it decides
	// strategic matters.
	BodyConference DecisionBody = "Conference"
)

// DecisionOutcome is what a body decided.
// +kubebuilder:validation:Enum=Approved;Rejected;Deferred
type DecisionOutcome string

// Outcomes of a decision.
const (
	OutcomeApproved DecisionOutcome = "Approved"
	OutcomeRejected DecisionOutcome = "Rejected"
	OutcomeDeferred DecisionOutcome = "Deferred"
)

// Decision records what a body decided. It is evidence: once recorded it is
// never changed.
type Decision struct {
	// body that decided.
	// +required
	Body DecisionBody `json:"body,omitempty"`

	// outcome of the decision.
	// +required
	Outcome DecisionOutcome `json:"outcome,omitempty"`

	// decidedOn is the day of the decision.
	// +required
	DecidedOn Date `json:"decidedOn,omitempty"`

	// reference under which the body's minutes hold the decision.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Reference string `json:"reference,omitempty"`

	// decidedBy is the person who recorded the decision for the body.
	// +required
	DecidedBy UserName `json:"decidedBy,omitempty"`

	// rank in the order of priority that the body gave; 1 is first.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000
	Rank *int32 `json:"rank,omitempty"`

	// grounds of the prioritisation.
	// +optional
	Grounds *DecisionGrounds `json:"grounds,omitempty"`

	// note of the body.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Note string `json:"note,omitempty"`
}

// DecisionGrounds says what the prioritisation weighed (steering model, June
// 2025).
type DecisionGrounds struct {
	// strategy says which strategic goal is served.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Strategy string `json:"strategy,omitempty"`

	// resources says what staff and money are there.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Resources string `json:"resources,omitempty"`

	// synergies says what else gains.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Synergies string `json:"synergies,omitempty"`
}

// Person names somebody to turn to.
type Person struct {
	// name of the person or the role.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// email address of the person or the role.
	// +optional
	Email EMailAddress `json:"email,omitempty"`
}
