// SPDX-License-Identifier: Apache-2.0

package api

import "slices"

// availabilityRecordFields are those of an account.
var availabilityRecordFields = slices.Concat(
	outageFields("current.openOutage"), outageFields("outages[0]"), currentFields, periodFields,
	[]field{
		may("applicationUID", text(0, 64)),
		may("days", keyed(0, 92)),
		may("days[0].charged", count),
		need("days[0].on", date),
		may("days[0].slow", count),
		may("days[0].unobserved", count),
		may("dropped", count),
		may("historyLostAt", instant),
		may("maintenance", items(0, 16)),
		need("maintenance[0].seenAt", instant),
		need("maintenance[0].window", fields),
		need("maintenance[0].window.duration", refusing(duration)),
		need("maintenance[0].window.name", label),
		may("maintenance[0].window.reason", text(0, 256)),
		may("maintenance[1].window.schedule", schedule),
		may("maintenance[0].window.startAt", moment),
		may("maintenance[0].window.timeZone", timeZone),
		may("outages", items(0, 32)),
		may("totals.agreed", count),
		may("totals.charged", count),
		may("totals.unobserved", count),
	},
)

// currentFields are those of the period that runs.
var currentFields = []field{
	need("current.accumulators", fields),
	may("current.accumulators.agreed", count),
	need("current.accumulators.asOf", instant),
	may("current.accumulators.charged", count),
	may("current.accumulators.excluded", count),
	may("current.accumulators.longest", count),
	may("current.accumulators.maintenance", count),
	may("current.accumulators.outages", count),
	may("current.accumulators.raw", count),
	may("current.accumulators.recoveryBreaches", count),
	may("current.accumulators.slow", count),
	may("current.accumulators.unobserved", count),
	may("current.availability", percentage),
	may("current.budget", count),
	may("current.budgetLeft", anyWhole),
	may("current.objective", percentage),
	need("current.period", text(1, 32)),
	may("current.result", oneOf("Met", "Breached", "InsufficientData")),
	may("current.segments", items(0, 32)),
	may("current.segments[0].agreed", count),
	may("current.segments[0].budget", count),
	need("current.segments[0].from", instant),
	may("current.segments[0].generation", count),
	may("current.segments[0].serviceLevel", objectName),
	need("current.since", instant),
	need("current.startAt", instant),
	need("current.state", oneOf("Up", "Slow", "Down", "Unobserved", "NotInService")),
}

// periodFields are those of a period that is over.
var periodFields = []field{
	may("periods", keyed(0, 13)),
	may("periods[0].agreed", count),
	may("periods[0].availability", percentage),
	may("periods[0].budget", count),
	may("periods[0].charged", count),
	may("periods[0].endAt", instant),
	may("periods[0].excluded", count),
	may("periods[0].longest", count),
	may("periods[0].maintenance", count),
	may("periods[0].mtbf", count),
	may("periods[0].mttr", count),
	may("periods[0].objective", percentage),
	may("periods[0].outages", count),
	need("periods[0].period", text(1, 32)),
	may("periods[0].raw", count),
	may("periods[0].recoveryBreaches", count),
	may("periods[0].result", oneOf("Met", "Breached", "InsufficientData")),
	may("periods[0].serviceLevel", objectName),
	may("periods[0].slow", count),
	may("periods[0].startAt", instant),
	may("periods[0].unobserved", count),
}

// outageFields are those of the outage at path.
func outageFields(path string) []field {
	return []field{
		need(path+".cause.kind", oneOf("Endpoint", "Hosting", "Dependency", "Observation")),
		may(path+".cause.message", text(0, 512)),
		may(path+".cause.name", text(0, 253)),
		may(path+".cause.namespace", label),
		may(path+".cause.reason", text(0, 64)),
		may(path+".charged", yesNo),
		may(path+".chargedSeconds", count),
		need(path+".check", text(1, 253)),
		may(path+".endAt", instant),
		may(path+".endReason", text(0, 64)),
		may(path+".exclusions", items(0, 17)),
		need(path+".exclusions[0].kind", oneOf("ServiceHours", "Maintenance", "Dependency", "Other")),
		may(path+".exclusions[0].name", text(0, 253)),
		may(path+".exclusions[0].seconds", count),
		may(path+".rawSeconds", count),
		may(path+".recoveryBreached", yesNo),
		need(path+".startAt", instant),
		may(path+".unobservedSeconds", count),
	}
}
