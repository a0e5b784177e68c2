// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"slices"
	"strings"
)

// Names as long as the rules allow, and longer.
var (
	longName    = strings.Repeat("a", 63)
	tooLongName = longName + "a"
)

// object-wide rules are reported without a field.
const wholeObject = "<nil>"

// nameRules say how long the name of an object may be.
func nameRules(words string) []rule {
	return []rule{
		accept("longest name", set("metadata.name", longName)),
		refuse("name too long", wholeObject, words, set("metadata.name", tooLongName)),
	}
}

// displayNameRules say that an object has a name for people.
var displayNameRules = []rule{
	accept("displayName in German", unset("spec.displayName.en")),
	accept("displayName in English", unset("spec.displayName.de")),
	refuse("displayName in neither", "spec.displayName", "displayName needs at least one of de and en",
		set("spec.displayName", object())),
}

// maintenanceRules are those of the list of maintenance windows at path.
func maintenanceRules(path string) []rule { return windowRules(path+"[0]", path+"[1]") }

// windowRules are those of a maintenance window that happens once, at the
// first path, and of one that recurs.
func windowRules(once, recurring string) []rule {
	const which = "a maintenance window has exactly one of startAt (once) and schedule (recurring)"
	const howLong = "duration of a maintenance window must be at least 1s and at most 168h"
	return []rule{
		refuse("window at no time", once, which, unset(once+".startAt")),
		refuse("window once and recurring", recurring, which, set(recurring+".startAt", "2026-12-01T18:00:00Z")),
		accept("longest window", set(once+".duration", "168h")),
		accept("shortest window", set(once+".duration", "1s")),
		refuse("window too short", once, howLong, set(once+".duration", "999ms")),
		refuse("window of no duration", once, howLong, set(once+".duration", "0s")),
		refuse("window of more than a week", once, howLong, set(once+".duration", "168h1s")),
	}
}

// applicationRules are those of an Application.
var applicationRules = slices.Concat(
	nameRules("the name of an Application must have at most 63 characters"),
	displayNameRules, maintenanceRules("spec.maintenance"), endpointRules, operationRules, dependencyRules, hostingRules, backupRules, indicatorRules,
	[]rule{
		accept("least", set("spec", object(
			"displayName", object("de", "a"), "origin", "Project", "lifecycle", "Planned",
			"responsible", object("unitRef", object("name", "amt-10")),
			"operation", object("provider", "Undetermined")))),
		accept("most", most...),
		refuse("replaced by itself", wholeObject, "spec.replacedByRef must not name the application itself",
			set("spec.replacedByRef.name", "valid-application")),
	},
)

// indicatorRules are those of a query that stands for an Application.
var indicatorRules = []rule{
	accept("indicator of its own checks", unset("spec.indicator")),
	accept("least of an indicator", set("spec.indicator.prometheus", object("server", "a", "query", "up"))),
	accept("shortest interval of an indicator", set("spec.indicator.prometheus.interval", "5s")),
	accept("longest interval of an indicator", set("spec.indicator.prometheus.interval", "24h")),
	refuse("interval of an indicator too short", "spec.indicator.prometheus.interval", badInterval,
		set("spec.indicator.prometheus.interval", "4999ms")),
	refuse("interval of an indicator too long", "spec.indicator.prometheus.interval", badInterval,
		set("spec.indicator.prometheus.interval", "24h1s")),
	accept("query with blanks around it", set("spec.indicator.prometheus.query", " up\n")),
	refuse("blank query", "spec.indicator.prometheus.query", "query must be PromQL, such as min(up{job=\"portal\"}), and not blank",
		set("spec.indicator.prometheus.query", " \t\n")),
	refuse("empty query", "spec.indicator.prometheus.query", "should be at least 1 chars long", set("spec.indicator.prometheus.query", "")),
	refuse("query too long", "spec.indicator.prometheus.query", "may not be more than 4096", set("spec.indicator.prometheus.query", strings.Repeat("a", 4097))),
	refuse("indicator without a source", "spec.indicator", "an indicator names its source: prometheus", set("spec.indicator", object())),
}

// most is as much as an Application may hold of what rules are evaluated for:
// the server bounds what a request's rules may cost.
var most = []edit{
	set("spec.indicator.prometheus.query", strings.Repeat("a", 4096)),
	set("spec.endpoints", many(32, func(i int) any {
		return object("name", fmt.Sprintf("e%d", i), "url", "https://a/"+strings.Repeat("a", 1014), "interval", "1h1m1s1ms", "timeout", "1h1m1s",
			"http", object("expectedStatuses", many(16, func(i int) any { return fmt.Sprintf("%d-599", 200+i) }),
				"headers", many(16, func(i int) any { return object("name", fmt.Sprintf("h%d", i), "value", "a") })),
			"tls", object("renewBefore", "1h1m1s1ms"))
	})),
	set("spec.hosting.linux.hosts", many(32, func(i int) any {
		return object("name", fmt.Sprint("h", i), "metricsURL", "http://a/"+strings.Repeat("a", 1015))
	})),
	set("spec.dependencies", many(32, func(i int) any {
		return object("name", fmt.Sprint(strings.Repeat("a", 61), i%8), "namespace", fmt.Sprint(strings.Repeat("a", 61), i/8))
	})),
	set("spec.maintenance", many(16, func(i int) any {
		return object("name", fmt.Sprint("m", i), "schedule", strings.Repeat("0", 119)+" * * * *", "duration", "1h", "timeZone", "America/Argentina/Buenos_Aires")
	})),
	set("spec.backup.sources", many(16, func(i int) any {
		return object("name", fmt.Sprint("s", i), "prometheus", object("query", strings.Repeat("a", 1024), "restoreTestQuery", strings.Repeat("a", 1024)))
	})),
	set("spec.contracts", many(32, func(i int) any {
		return object("number", fmt.Sprint(i), "name", "a", "type", "Licence")
	})),
	set("spec.onlineServices", many(256, func(i int) any {
		return object("ozgService", "a", "name", fmt.Sprint(i))
	})),
}

// many is a list of n items.
func many(n int, item func(i int) any) []any {
	l := make([]any, n)
	for i := range l {
		l[i] = item(i)
	}
	return l
}

// applicationTransitions say what may become of an Application.
var applicationTransitions = []rule{
	accept("unchanged"),
	accept("other lifecycle", set("spec.lifecycle", "Retired")),
	refuse("other origin", "spec.origin", "origin is immutable", set("spec.origin", "Project")),
	refuse("origin removed", "spec.origin", "Required value", unset("spec.origin")),
}

// operationRules say what goes with which provider. Those of the other
// providers' members are in stateRules and decentralRules.
var operationRules = []rule{
	refuse("KDZ without unit", "spec.operation", "unitRef is required when provider is KDZ", unset("spec.operation.unitRef")),
	refuse("KDZ with legal basis", "spec.operation", "legalBasis is only for provider State", set("spec.operation.legalBasis", "a")),
	refuse("KDZ with transition", "spec.operation", "transition is only for provider Decentral",
		set("spec.operation.transition", object("projectRef", object("name", "a"), "dueOn", "2027-01-01"))),
	refuse("KDZ with review", "spec.operation", "review is only for provider Decentral",
		set("spec.operation.review", object("reviewers", list("a"), "dueOn", "2027-01-01"))),
	refuse("State without legal basis", "spec.operation", "legalBasis is required when provider is State", set("spec.operation.provider", "State")),
	accept("Undetermined", set("spec.operation.provider", "Undetermined")),
	accept("Undetermined by nobody", set("spec.operation", object("provider", "Undetermined"))),
	accept("Decentral by a unit", set("spec.operation.provider", "Decentral")),
	accept("bought by a unit", set("spec.operation.procuredThrough", "Unit")),
	accept("served to both", set("spec.operation.serves", list("City", "ThirdParty"))),
}

var stateRules = []rule{
	accept("with a unit that supports", set("spec.operation.supportUnitRef", object("name", "kdz-16-02"))),
	refuse("with transition", "spec.operation", "transition is only for provider Decentral",
		set("spec.operation.transition", object("projectRef", object("name", "a"), "dueOn", "2027-01-01"))),
	refuse("with review", "spec.operation", "review is only for provider Decentral",
		set("spec.operation.review", object("reviewers", list("a"), "dueOn", "2027-01-01"))),
}

var decentralRules = []rule{
	accept("without a plan", unset("spec.operation.transition"), unset("spec.operation.review")),
	accept("review of one day", set("spec.operation.review.sinceOn", "2027-01-01")),
	accept("review since whenever", unset("spec.operation.review.sinceOn")),
	refuse("review that ends before it begins", "spec.operation.review", "dueOn of a review must not be before sinceOn",
		set("spec.operation.review.sinceOn", "2027-01-02")),
	refuse("with legal basis", "spec.operation", "legalBasis is only for provider State", set("spec.operation.legalBasis", "a")),
}

// dependencyRules say on what an Application may depend.
var dependencyRules = []rule{
	refuse("the same twice", "spec.dependencies", "dependencies must not name the same application twice",
		set("spec.dependencies", list(object("name", "a"), object("name", "a", "strength", "Soft")))),
	refuse("the same of a namespace twice", "spec.dependencies", "dependencies must not name the same application twice",
		set("spec.dependencies", list(object("name", "a", "namespace", "b"), object("name", "a", "namespace", "b")))),
	accept("one name in three namespaces", set("spec.dependencies", list(
		object("name", "a"), object("name", "a", "namespace", "b"), object("name", "a", "namespace", "c")))),
	refuse("itself", wholeObject, "spec.dependencies must not name the application itself",
		set("spec.dependencies[1].name", "valid-application")),
	accept("its namesake elsewhere", set("spec.dependencies[0].name", "valid-application")),
}

// hostingRules say that hosting has exactly the member that platform names, and
// how often it may be looked at.
var hostingRules = []rule{
	accept("no hosting", unset("spec.hosting")),
	accept("hosting as often as by default", unset("spec.hosting.interval"), unset("spec.hosting.failureThreshold")),
	accept("shortest interval of hosting", set("spec.hosting.interval", "5s")),
	accept("longest interval of hosting", set("spec.hosting.interval", "24h")),
	refuse("interval of hosting too short", "spec.hosting.interval", badInterval, set("spec.hosting.interval", "4999ms")),
	refuse("interval of hosting too long", "spec.hosting.interval", badInterval, set("spec.hosting.interval", "24h1s")),
	refuse("other platform", "spec.hosting", "hosting needs exactly the member that platform names", set("spec.hosting.platform", "SAP")),
	refuse("no member", "spec.hosting", "hosting needs exactly the member that platform names", unset("spec.hosting.linux")),
	refuse("two members", "spec.hosting", "hosting needs exactly the member that platform names",
		set("spec.hosting.saas", object("supplier", "a"))),
}

var sapRules = []rule{
	accept("two instances on a host", set("spec.hosting.sap.instances", list(
		object("host", "a", "number", "00"), object("host", "a", "number", "01")))),
	refuse("trust everybody and somebody", "spec.hosting.sap.tls", "insecureSkipVerify trusts everybody",
		set("spec.hosting.sap.tls.insecureSkipVerify", true)),
	refuse("renew earlier than a year before", "spec.hosting.sap.tls", "renewBefore must be at most 8760h",
		set("spec.hosting.sap.tls.renewBefore", "8761h")),
}

var kubernetesRules = []rule{
	accept("by selector", set("spec.hosting.kubernetes", object("selector", object("matchLabels", object("a", "b"))))),
	refuse("by name and by selector", "spec.hosting.kubernetes", "kubernetes hosting has exactly one of workloads and selector",
		set("spec.hosting.kubernetes.selector", object("matchLabels", object("a", "b")))),
	refuse("by nothing", "spec.hosting.kubernetes", "kubernetes hosting has exactly one of workloads and selector",
		set("spec.hosting.kubernetes", object())),
}

// backupRules say what evidence of a backup there may be.
var backupRules = []rule{
	refuse("no source and no reason", "spec.backup", "backup has exactly one of notRequiredReason and sources", unset("spec.backup.sources")),
	refuse("sources and a reason for none", "spec.backup", "backup has exactly one of notRequiredReason and sources",
		set("spec.backup.notRequiredReason", "a"), unset("spec.backup.maxAge"), unset("spec.backup.restoreTestMaxAge")),
	accept("by the service level", unset("spec.backup.maxAge"), unset("spec.backup.restoreTestMaxAge")),
	refuse("empty source", "spec.backup.sources[0]", "a backup source has exactly one of heartbeat", unset("spec.backup.sources[0].heartbeat")),
	refuse("source of two", "spec.backup.sources[6]", "a backup source has exactly one of heartbeat",
		set("spec.backup.sources[6].k8up", object("scheduleName", "a"))),
	accept("backup query with blanks around it", set("spec.backup.sources[1].prometheus.query", " up\n")),
	refuse("blank backup query", "spec.backup.sources[1].prometheus.query", "query must be PromQL, such as min(backup_last_success",
		set("spec.backup.sources[1].prometheus.query", " \t\n")),
	accept("query of restore tests with blanks around it", set("spec.backup.sources[1].prometheus.restoreTestQuery", " up\n")),
	accept("no query of restore tests", unset("spec.backup.sources[1].prometheus.restoreTestQuery")),
	refuse("blank query of restore tests", "spec.backup.sources[1].prometheus.restoreTestQuery",
		"restoreTestQuery must be PromQL, such as min(restore_test_last_success", set("spec.backup.sources[1].prometheus.restoreTestQuery", " \t\n")),
}

var unbackedRules = []rule{
	refuse("with maxAge", "spec.backup", "maxAge and restoreTestMaxAge say nothing where no backup is required", set("spec.backup.maxAge", "26h")),
	refuse("with restoreTestMaxAge", "spec.backup", "maxAge and restoreTestMaxAge say nothing where no backup is required",
		set("spec.backup.restoreTestMaxAge", "26h")),
}
