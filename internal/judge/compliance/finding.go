// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// Severity is how much a finding matters.
type Severity string

// Severities, as openreports.io knows them.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Info     Severity = "info"
)

// Result is what a finding comes to.
type Result string

// Results, as openreports.io knows them.
const (
	// Pass: it is as the rule wants it.
	Pass Result = "pass"
	// Fail: it is not as the rule wants it.
	Fail Result = "fail"
	// Warn: it is allowed for now, or nobody knows, or a day is near.
	Warn Result = "warn"
	// Skip: the rule does not bind it.
	Skip Result = "skip"
)

// Policies that findings belong to.
const (
	// PolicyCentralisation: all IT of the city is provided by the KDZ.
	PolicyCentralisation = "centralisation"
	// PolicyHandover: what a project delivers is handed over into operation.
	PolicyHandover = "handover"
	// PolicyServiceLevels: what operates has an agreement that a body decided,
	// and keeps it.
	PolicyServiceLevels = "service-levels"
	// PolicyDataProtection: who processes personal data for the city is bound to
	// its instructions.
	PolicyDataProtection = "data-protection"
	// PolicyBackups: what people rely on can be brought back.
	PolicyBackups = "backups"
	// PolicyContracts: contracts are ended, or renewed, in time.
	PolicyContracts = "contracts"
	// PolicyProjects: the main office leads projects, and they go on, in time, and
	// as the evidence says.
	PolicyProjects = "projects"
	// PolicyWorkloads: what runs in the cluster belongs to an Application.
	PolicyWorkloads = "workloads"
	// PolicyGovernance: there are rules at all.
	PolicyGovernance = "governance"
)

// categories of findings by their policy, for those who sort by them.
var categories = map[string]string{
	PolicyCentralisation: "Centralisation",
	PolicyHandover:       "Operation",
	PolicyServiceLevels:  "Operation",
	PolicyDataProtection: "Data protection",
	PolicyBackups:        "Operation",
	PolicyContracts:      "Contracts",
	PolicyProjects:       "Steering",
	PolicyWorkloads:      "Shadow IT",
	PolicyGovernance:     "Steering",
}

// Rules beside the reasons of condition Centralised, which are the rules of the
// verdicts.
const (
	// RuleTransitionDue: the day is near on which it is to be with the KDZ.
	RuleTransitionDue = "TransitionDue"
	// RuleReviewDue: the day is near on which the examination is to be done.
	RuleReviewDue = "ReviewDue"
	// RuleExemptionExpiring: the exemption that it rests on ends soon.
	RuleExemptionExpiring = "ExemptionExpiring"
	// RuleHandoverMissing: it operates, and no handover names it.
	RuleHandoverMissing = "HandoverMissing"
	// RuleHandoverIncomplete: it operates, and its handover is not complete.
	RuleHandoverIncomplete = "HandoverIncomplete"
	// RuleHandoverOverdue: the day of the handover is over, and not everybody has
	// signed.
	RuleHandoverOverdue = "HandoverOverdue"
	// RuleServiceLevelMissing: it operates without an agreement.
	RuleServiceLevelMissing = "ServiceLevelMissing"
	// RuleServiceLevelUnknown: the agreement that it names does not exist.
	RuleServiceLevelUnknown = "ServiceLevelUnknown"
	// RuleServiceLevelUndecided: no body decided the agreement.
	RuleServiceLevelUndecided = "ServiceLevelUndecided"
	// RuleServiceLevelBreached: the agreement was broken in the period that runs
	// or in the last one. Further rules on agreements are the reasons
	// RequirementUnmet, RecoveryBreached and HistoryLost.
	RuleServiceLevelBreached = "ServiceLevelBreached"
	// RulePlannedAgain: it operated, and is Planned now.
	RulePlannedAgain = "PlannedAgain"
	// RuleDataProcessingAgreementMissing: a supplier processes personal data, and
	// no agreement after Article 28 GDPR is named.
	RuleDataProcessingAgreementMissing = "DataProcessingAgreementMissing"
	// RuleBackupUndeclared: its information needs high protection, and nobody
	// said what backup there is, or why none is needed.
	RuleBackupUndeclared = "BackupUndeclared"
	// RuleContractEnded: a contract that it rests on has ended.
	RuleContractEnded = "ContractEnded"
	// RuleContractToCancel: within 90 days notice must be given.
	RuleContractToCancel = "ContractToCancel"
	// RuleContractEnding: a contract that it rests on ends within 90 days.
	RuleContractEnding = "ContractEnding"
	// RuleContractUnreadable: the last day of a contract is none.
	RuleContractUnreadable = "ContractUnreadable"
	// RuleNotLedByMainOffice: somebody else leads the project.
	RuleNotLedByMainOffice = "NotLedByMainOffice"
	// RuleNoLead: nobody is named who leads the project, or not of which unit.
	RuleNoLead = "NoLead"
	// RuleProjectStale: nothing has changed in the project for 90 days. Further
	// rules on projects are the reasons of condition OnSchedule where it is False,
	// and of condition Stalled.
	RuleProjectStale = "ProjectStale"
	// RuleWorkloadUnclaimed: it carries no label kdz.mainz.de/application.
	RuleWorkloadUnclaimed = "WorkloadUnclaimed"
	// RuleWorkloadUnknownApplication: its label names no Application of the
	// namespace.
	RuleWorkloadUnknownApplication = "WorkloadUnknownApplication"
	// RuleWorkloadOfRetiredApplication: its Application is retired, yet it
	// runs.
	RuleWorkloadOfRetiredApplication = "WorkloadOfRetiredApplication"
	// RulePolicyMissing: there is no GovernancePolicy default.
	RulePolicyMissing = "PolicyMissing"
)

// Names of properties.
const (
	// PropertyVerdict under the rule.
	PropertyVerdict = "verdict"
	// PropertyAlso names the other reasons that the judge of the rule found.
	PropertyAlso = "also"
	// PropertySentence of the rule, 1 to 9.
	PropertySentence = "sentence"
	// PropertySource says whether a paper or an interpretation says so.
	PropertySource = "source"
	// PropertyProvider that the Application declares.
	PropertyProvider = "provider"
	// PropertyUnit that answers for the Application.
	PropertyUnit = "unit"
	// PropertyExemption by which an Application is exempt: the name of the
	// object, or "unit" and the name of the unit that is exempt as a whole.
	PropertyExemption = "exemption"
	// PropertyEndsOn is the last day of what ends.
	PropertyEndsOn = "endsOn"
	// PropertyCancelBy is the last day on which notice can be given.
	PropertyCancelBy = "cancelBy"
	// PropertyLastChangeOn is the last day on which something changed.
	PropertyLastChangeOn = "lastChangeOn"
	// PropertyBody, PropertyReference and PropertyDecidedBy say who decided,
	// and where that is written.
	PropertyBody      = "body"
	PropertyReference = "reference"
	PropertyDecidedBy = "decidedBy"
	// PropertyProject that brings an Application to the KDZ, or hands it over.
	PropertyProject = "project"
	// PropertyReviewers who examine an Application.
	PropertyReviewers = "reviewers"
	// PropertyStage that a handover, or a project, has reached.
	PropertyStage = "stage"
	// PropertyHandover that names an Application.
	PropertyHandover = "handover"
	// PropertyServiceLevel that an Application refers to.
	PropertyServiceLevel = "serviceLevel"
	// PropertyName of a contract.
	PropertyName = "name"
	// PropertySupplier of a contract, or of a service.
	PropertySupplier = "supplier"
	// PropertyRegion in which a supplier keeps the data.
	PropertyRegion = "region"
	// PropertyAnnualCost of a contract, in euros.
	PropertyAnnualCost = "annualCostEUR"
	// PropertyApplication that a workload names.
	PropertyApplication = "application"
)

// Subject is what a finding is about.
type Subject struct {
	APIVersion, Kind string
	// Namespace is empty for what is in none.
	Namespace, Name string
	UID             types.UID
}

// Finding is one thing that an auditor asks of, and what came of it.
type Finding struct {
	// Policy and Rule name what was asked; both are stable.
	Policy, Rule string
	// Category that policies are grouped by.
	Category string
	Severity Severity
	Result   Result
	Subject  Subject
	// Item is which of several things of the subject it is about, such as the
	// number of a contract; empty if there is only one.
	Item string
	// Message says what was found.
	Message string
	// Remedy says what to do about it; empty if there is nothing to do.
	Remedy string
	// Properties are details by stable names.
	Properties map[string]string
}

// Judgement is all that was found, and until when that is so.
type Judgement struct {
	// Findings in an order that depends on nothing but themselves.
	Findings []Finding
	// Next is the next moment at which the findings can change by the mere
	// passing of time; zero is never.
	Next time.Time
}

// sortFindings orders findings by subject, then by what was asked.
func sortFindings(all []Finding) {
	slices.SortStableFunc(all, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.Subject.Kind, b.Subject.Kind),
			cmp.Compare(a.Subject.Namespace, b.Subject.Namespace),
			cmp.Compare(a.Subject.Name, b.Subject.Name),
			cmp.Compare(a.Subject.UID, b.Subject.UID),
			cmp.Compare(a.Policy, b.Policy),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Item, b.Item),
			cmp.Compare(a.Message, b.Message),
		)
	})
}
