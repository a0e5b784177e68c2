// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"strings"
)

// recordedTerms are the rules for the terms of an agreement that its status
// records.
var recordedTerms = slices.Concat(maintenanceRules("status.revisions[0].spec.maintenance"), []rule{
	refuse("recorded window over nothing", "status.revisions[1].spec.availability.window", "window has exactly one of calendar and rolling",
		unset("status.revisions[1].spec.availability.window.rolling")),
	refuse("recorded hours of no time", "status.revisions[0].spec.serviceHours.weekly[0]", "from and to must differ",
		set("status.revisions[0].spec.serviceHours.weekly[0].to", "07:00")),
	refuse("recorded hours from the end of the day", "status.revisions[0].spec.serviceHours.weekly[0]", "from must be before 24:00",
		set("status.revisions[0].spec.serviceHours.weekly[0].from", "24:00")),
	refuse("recorded window too long", "status.revisions[1].spec.availability.window", "a rolling window must be at least 24h and at most 2160h",
		set("status.revisions[1].spec.availability.window.rolling", "2161h")),
})

var organisationalUnitRules = slices.Concat(
	nameRules("the name of an OrganisationalUnit must have at most 63 characters"), displayNameRules,
	[]rule{
		accept("top of a tree", unset("spec.parentRef")),
		refuse("its own parent", wholeObject, "spec.parentRef must not name the unit itself", set("spec.parentRef.name", "valid-unit")),
	},
)

var serviceLevelRules = slices.Concat(
	nameRules("the name of a ServiceLevel must have at most 63 characters"), displayNameRules, maintenanceRules("spec.maintenance"), hoursRules,
	[]rule{
		accept("least", set("spec", object("displayName", object("de", "a"),
			"availability", object("objective", "99", "window", object("calendar", "Year"))))),
		refuse("no window", "spec.availability.window", "window has exactly one of calendar and rolling",
			set("spec.availability.window", object())),
		refuse("two windows", "spec.availability.window", "window has exactly one of calendar and rolling",
			set("spec.availability.window.rolling", "720h")),
		accept("answer and solution at once", set("spec.support[0].response", "4h")),
		accept("solution alone", unset("spec.support[0].response")),
		accept("answer alone", unset("spec.support[0].resolution")),
		refuse("solution before answer", "spec.support[0]", "resolution must not be shorter than response", set("spec.support[0].response", "241m")),
		accept("label of an alert", set("spec.alerting.labels", object("On_call2", "a"))),
		refuse("label that no alert can carry", "spec.alerting.labels", "the name of an alert's label has letters, digits and underscores",
			set("spec.alerting.labels", object("on-call", "a"))),
		refuse("label that begins with a digit", "spec.alerting.labels", "the name of an alert's label has letters, digits and underscores",
			set("spec.alerting.labels", object("2nd", "a"))),
		refuse("label with a long name", "spec.alerting.labels", "the name of an alert's label has letters, digits and underscores",
			set("spec.alerting.labels", object(strings.Repeat("a", 64), "a"))),
	},
)

// hoursRules are those of the hours of service.
var hoursRules = []rule{
	accept("whole day", set("spec.serviceHours.weekly[0].from", "00:00"), set("spec.serviceHours.weekly[0].to", "24:00")),
	accept("across midnight", set("spec.serviceHours.weekly[0].from", "22:00"), set("spec.serviceHours.weekly[0].to", "06:00")),
	accept("until midnight", set("spec.serviceHours.weekly[0].to", "00:00")),
	refuse("no time", "spec.serviceHours.weekly[0]", "from and to must differ", set("spec.serviceHours.weekly[0].to", "07:00")),
	refuse("from the end of the day", "spec.serviceHours.weekly[0]", "from must be before 24:00", set("spec.serviceHours.weekly[0].from", "24:00")),
}

var rollingRules = []rule{
	accept("shortest window", set("spec.availability.window.rolling", "24h")),
	accept("longest window", set("spec.availability.window.rolling", "2160h")),
	refuse("window too short", "spec.availability.window", "a rolling window must be at least 24h and at most 2160h",
		set("spec.availability.window.rolling", "23h59m")),
	refuse("window too long", "spec.availability.window", "a rolling window must be at least 24h and at most 2160h",
		set("spec.availability.window.rolling", "2160h1s")),
}

var availabilityRecordRules = slices.Concat(
	nameRules("the name of an AvailabilityRecord is that of its Application"),
	windowRules("maintenance[0].window", "maintenance[1].window"),
	[]rule{
		accept("empty", unset("applicationUID"), unset("historyLostAt"), unset("totals"), unset("maintenance"),
			unset("current"), unset("outages"), unset("days"), unset("periods"), unset("dropped")),
		accept("one window twice, as it was and as it is", set("maintenance[1].window.name", "move")),
		accept("least of a period that runs", set("current", object("period", "720h", "startAt", "2026-11-01T00:00:00Z",
			"state", "NotInService", "since", "2026-11-01T00:00:00Z", "accumulators", object("asOf", "2026-11-01T00:00:00Z")))),
		accept("least of an outage", set("outages[0]", object("check", "portal", "startAt", "2026-11-01T00:00:00Z"))),
		accept("least of a period that is over", set("periods[0]", object("period", "2026-10"))),
	},
)

var projectRules = slices.Concat(
	nameRules("the name of a Project must have at most 63 characters"), displayNameRules,
	[]rule{
		accept("least", set("spec", object("displayName", object("de", "a"), "officeRef", object("name", "amt-33")))),
		refuse("its own parent", wholeObject, "spec.parentRef must not name the project itself", set("spec.parentRef", object("name", "valid-project"))),
		accept("a part of its namesake elsewhere", set("spec.parentRef.name", "valid-project")),
		refuse("released by nobody", "spec.request", "releasedOn and releasedByUser belong together", unset("spec.request.releasedByUser")),
		refuse("released on no day", "spec.request", "releasedOn and releasedByUser belong together", unset("spec.request.releasedOn")),
		accept("not released", unset("spec.request.releasedOn"), unset("spec.request.releasedByUser")),
		accept("released at once", set("spec.request.releasedOn", "2026-02-20")),
		refuse("released before it was submitted", "spec.request", "releasedOn must not be before submittedOn", set("spec.request.releasedOn", "2026-02-19")),
		accept("due at once", set("spec.commission.dueOn", "2026-04-15")),
		refuse("due before it starts", "spec.commission", "dueOn of a commission must not be before startOn", set("spec.commission.dueOn", "2026-04-14")),
		accept("no start", unset("spec.commission.startOn")),
		accept("due on the day of the order", unset("spec.commission.startOn"), set("spec.commission.dueOn", "2026-04-01")),
		accept("no day on which it is due", unset("spec.commission.dueOn")),
		refuse("due before the order", "spec.commission", "dueOn of a commission must not be before commissionedOn",
			unset("spec.commission.startOn"), set("spec.commission.dueOn", "2026-03-31")),
		refuse("its own predecessor", wholeObject, "spec.dependsOn must not name the project itself",
			set("spec.dependsOn", list(object("name", "identity"), object("name", "valid-project")))),
		accept("after its namesake elsewhere", set("spec.dependsOn[0].name", "valid-project")),
		accept("not awarded", unset("spec.procurement.awardedOn")),
		refuse("awarded before it started", "spec.procurement", "awardedOn must not be before startedOn", set("spec.procurement.awardedOn", "2026-04-30")),
		accept("trial not over", unset("spec.trial.completedOn")),
		refuse("trial over before it started", "spec.trial", "completedOn of a trial must not be before startedOn",
			set("spec.trial.completedOn", "2026-07-31")),
		accept("tested, accepted and released on one day", set("spec.acceptance",
			object("testedOn", "2027-01-03", "trainedOn", "2027-02-01", "acceptedOn", "2027-01-03", "releasedOn", "2027-01-03"))),
		accept("only released", set("spec.acceptance", object("releasedOn", "2027-01-03"))),
		accept("no day of acceptance", set("spec.acceptance", object())),
		refuse("accepted before it was tested", "spec.acceptance", "acceptedOn must not be before testedOn",
			set("spec.acceptance.testedOn", "2027-01-04")),
		refuse("released before it was accepted", "spec.acceptance", "releasedOn of an acceptance must not be before acceptedOn",
			set("spec.acceptance.releasedOn", "2027-01-02")),
		refuse("released before it was tested", "spec.acceptance", "releasedOn of an acceptance must not be before testedOn",
			unset("spec.acceptance.acceptedOn"), set("spec.acceptance.releasedOn", "2026-12-31")),
		refuse("the same deliverable twice", "spec", "deliverables must not name the same application twice",
			set("spec.deliverables[0]", object("name", "termine"))),
		refuse("the same deliverable of a namespace twice", "spec", "deliverables must not name the same application twice",
			set("spec.deliverables[1].namespace", "amt-33")),
		accept("two decisions of a body", set("spec.decisions", list(decision("SR-1", "Deferred"), decision("SR-2", "Approved")))),
		refuse("one decision twice", "spec.decisions[1]", "Duplicate value", set("spec.decisions", list(decision("SR-1", "Deferred"), decision("SR-1", "Approved")))),
	},
)

func decision(reference, outcome string) any {
	return object("body", "SteeringRound", "outcome", outcome, "decidedOn", "2026-01-01", "reference", reference, "decidedBy", "a")
}

var handoverRules = slices.Concat(
	nameRules("the name of a Handover must have at most 63 characters"),
	[]rule{
		refuse("the same application twice", "spec", "applicationRefs must not name the same application twice",
			set("spec.applicationRefs[0]", object("name", "termine"))),
		refuse("the same application of a namespace twice", "spec", "applicationRefs must not name the same application twice",
			set("spec.applicationRefs[1].namespace", "amt-33")),
		accept("without the optional", set("spec", object("projectRef", object("name", "a"), "applicationRefs", list(object("name", "a")),
			"operationsUnitRef", object("name", "kdz-16-03")))),
	},
)

var signOffRules = slices.Concat(
	nameRules("the name of a SignOff must have at most 63 characters"),
	[]rule{
		accept("accepted without a word", unset("spec.comment")),
		accept("rejected for a reason", set("spec.outcome", "Rejected")),
		refuse("rejected without a word", "spec", "a rejection needs a comment", set("spec.outcome", "Rejected"), unset("spec.comment")),
		refuse("rejected with an empty comment", "spec", "a rejection needs a comment", set("spec.outcome", "Rejected"), set("spec.comment", "")),
	},
)

// signOffTransitions say that a signature stays what it is.
var signOffTransitions = []rule{
	accept("unchanged"),
	accept("labelled", set("metadata.labels", object("a", "b"))),
	refuse("other outcome", "spec", "a sign-off is never changed", set("spec.outcome", "Rejected")),
	refuse("other signer", "spec", "a sign-off is never changed", set("spec.signedBy", "b")),
	refuse("other hash", "spec", "a sign-off is never changed", set("spec.contentHash", "v1:"+strings.Repeat("b", 64))),
	refuse("comment removed", "spec", "a sign-off is never changed", unset("spec.comment")),
	refuse("spec removed", "spec", "Required value", unset("spec")),
}

var exemptionRules = slices.Concat(
	nameRules("the name of an Exemption must have at most 63 characters"),
	[]rule{
		refuse("deferred", "spec", "decision.outcome must be Approved", set("spec.decision.outcome", "Deferred")),
		refuse("rejected", "spec", "decision.outcome must be Approved", set("spec.decision.outcome", "Rejected")),
		accept("of one day", set("spec.validFromOn", "2027-12-31")),
		accept("from the decision on", unset("spec.validFromOn")),
		refuse("over before it begins", "spec", "expiresOn must not be before validFromOn", set("spec.validFromOn", "2028-01-01")),
	},
)

// exemptionTransitions say that a renewal is a new object.
var exemptionTransitions = []rule{
	accept("unchanged"),
	accept("labelled", set("metadata.labels", object("a", "b"))),
	refuse("longer", "spec", "an exemption is never changed", set("spec.expiresOn", "2028-12-31")),
	refuse("shorter", "spec", "an exemption is never changed", set("spec.expiresOn", "2027-01-01")),
	refuse("for another application", "spec", "an exemption is never changed", set("spec.applicationRef.name", "b")),
	refuse("without obligations", "spec", "an exemption is never changed", unset("spec.obligations")),
}

var governancePolicyRules = []rule{
	accept("least", set("spec", object("centralisation", object("providerUnitRef", object("name", "kdz-16"))))),
	// Its controller tells the reader of the object why it has no effect; a
	// refusal would tell only who applied it.
	accept("other name", set("metadata.name", "second")),
}
