// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types. Each says its polarity, when it is present, and why it
// exists. "Normal" polarity: True is good. "Abnormal": True means that
// something is under way or wrong, and the condition is absent otherwise.
const (
	// ConditionReady (normal, always present): this generation is accepted,
	// its references resolve, its checks ran and were judged once. It does not
	// turn False in an outage: a pipeline that applies the catalogue and waits
	// would hang on one broken Application. ConditionAvailable carries health.
	ConditionReady = "Ready"
	// ConditionReconciling (abnormal, kstatus): something is not there yet and
	// is expected to come: a reference, a first result. It heals by itself.
	ConditionReconciling = "Reconciling"
	// ConditionStalled (abnormal, kstatus): a person must mend the spec.
	ConditionStalled = "Stalled"
	// ConditionAvailable (normal, always present): the operational state is
	// Operational or Degraded; Unknown when nothing could be looked at.
	ConditionAvailable = "Available"

	// ConditionEndpointsAvailable (normal, present when endpoints are
	// declared): no endpoint is down.
	ConditionEndpointsAvailable = "EndpointsAvailable"
	// ConditionHostingHealthy (normal, present when hosting is declared): what
	// runs underneath is up.
	ConditionHostingHealthy = "HostingHealthy"
	// ConditionBackedUp (normal, present when backup is declared): the newest
	// success is young enough.
	ConditionBackedUp = "BackedUp"
	// ConditionDependenciesAvailable (normal, present when dependencies are
	// declared): no dependency is out.
	ConditionDependenciesAvailable = "DependenciesAvailable"
	// ConditionServiceLevelMet (normal, present when a service level is named):
	// the agreement is kept in the current period.
	ConditionServiceLevelMet = "ServiceLevelMet"
	// ConditionCentralised (normal, always present on Applications): the
	// verdict under the rule is not Violating; Unknown when undeclared.
	ConditionCentralised = "Centralised"
	// ConditionHandedOver (normal, present on Handovers, on Projects, and on
	// Applications that a project delivers): the handover into operation is
	// complete.
	ConditionHandedOver = "HandedOver"
	// ConditionContractsValid (normal, present when contracts are declared):
	// no contract has ended, and no notice period runs out unseen.
	ConditionContractsValid = "ContractsValid"
	// ConditionCertificatesValid (normal, present when an endpoint showed a
	// certificate): none expires within its renewBefore.
	ConditionCertificatesValid = "CertificatesValid"

	// ConditionApproved (normal, present on Projects): a body approved it.
	ConditionApproved = "Approved"
	// ConditionOnSchedule (normal, present on Projects and Handovers): no
	// milestone and no due date is overdue.
	ConditionOnSchedule = "OnSchedule"
	// ConditionWithinBudget (normal, present on Projects with a budget): what
	// was spent does not exceed it.
	ConditionWithinBudget = "WithinBudget"
	// ConditionLedByMainOffice (normal, present on Projects): the lead's unit
	// is the one that the policy names.
	ConditionLedByMainOffice = "LedByMainOffice"
)

// Reasons of the conditions that every kind has.
const (
	// ReasonSucceeded (Ready=True): accepted, resolved, judged.
	ReasonSucceeded = "Succeeded"
	// ReasonReferenceNotFound (Ready=False, Reconciling=True; a part that
	// cannot be looked at for it is Unknown): an object that the spec names
	// does not exist yet. It heals when it appears.
	ReasonReferenceNotFound = "ReferenceNotFound"
	// ReasonSecretNotLabelled (like ReferenceNotFound): the Secret exists but
	// does not carry the label kdz.mainz.de/probe: "true", so it is not used.
	ReasonSecretNotLabelled = "SecretNotLabelled"
	// ReasonSecretUnusable (like ReferenceNotFound): the Secret lacks a key or
	// holds something that is no certificate or key.
	ReasonSecretUnusable = "SecretUnusable"
	// ReasonAwaitingFirstResult (Ready=Unknown, Reconciling=True): a check has
	// not been judged yet.
	ReasonAwaitingFirstResult = "AwaitingFirstResult"
	// ReasonInvalidSpec (Ready=False, Stalled=True): a value in the spec cannot
	// be used; the message names the field.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonEgressRefused (Ready=False, Stalled=True; the endpoint is Unknown):
	// the operator may not connect to what the endpoint names, and never does.
	// Another target, or an administrator who allows it, mends that.
	ReasonEgressRefused = "EgressRefused"
	// ReasonUndecodable (Ready=False, Stalled=True): the stored spec does not
	// fit the types of its kind; the message says where.
	ReasonUndecodable = "Undecodable"
	// ReasonDependencyCycle (Ready=False, Stalled=True): the Application needs
	// itself through its dependencies; the message shows the way round.
	ReasonDependencyCycle = "DependencyCycle"
	// ReasonParentCycle (Ready=False, Stalled=True): the unit is above itself;
	// the message shows the way round.
	ReasonParentCycle = "ParentCycle"
	// ReasonNotObserved (Unknown): nothing is declared that could be looked
	// at, or nobody can look at it yet.
	ReasonNotObserved = "NotObserved"
)

// Reasons of Available, which are the operational states.
const (
	ReasonOperational = string(StateOperational)
	ReasonDegraded    = string(StateDegraded)
	ReasonOutage      = string(StateOutage)
	ReasonMaintenance = string(StateMaintenance)
	ReasonUnknown     = string(StateUnknown)
	ReasonPlanned     = string(StatePlanned)
	ReasonRetired     = string(StateRetired)
)

// Reasons of the conditions of an Application's parts.
const (
	// ReasonAllAvailable (True): every part is up.
	ReasonAllAvailable = "AllAvailable"
	// ReasonPartlyDegraded (True): every part answers, but one is slow or
	// flapping.
	ReasonPartlyDegraded = "PartlyDegraded"
	// ReasonEndpointDown (EndpointsAvailable=False): an endpoint is down.
	ReasonEndpointDown = "EndpointDown"
	// ReasonDependencyOut (DependenciesAvailable=False): a dependency is out.
	ReasonDependencyOut = "DependencyOut"
	// ReasonContractEnded (ContractsValid=False): a contract has ended.
	ReasonContractEnded = "ContractEnded"
	// ReasonContractEnding (ContractsValid=True): the notice period of a
	// contract has begun or it ends within 90 days.
	ReasonContractEnding = "ContractEnding"
	// ReasonAllValid (True): nothing ends soon.
	ReasonAllValid = "AllValid"
	// ReasonCertificateExpired (CertificatesValid=False): a certificate has
	// expired.
	ReasonCertificateExpired = "CertificateExpired"
	// ReasonCertificateExpiring (CertificatesValid=False): a certificate
	// expires within its renewBefore.
	ReasonCertificateExpiring = "CertificateExpiring"
)
