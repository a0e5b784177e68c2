// SPDX-License-Identifier: Apache-2.0

package main

// rows are all that is measured, in the order of the table.
var rows = []row{
	httpRow,
	engineRow,
	keepAliveRow,
	tlsRow,
	tcpRow,
	scheduleRow,
	statusRow,
	steadyRow,
	resyncRow,
	cacheRow,
	failoverRow,
	admissionRow,
	auditRow,
	accountRow,
	exporterRow,
	backupsRow,
	overdueRow,
	projectsRow,
}

// workers are what a child can do. They are asked for by name.
var workers = map[string]worker{
	"probe":      probeWorker,
	"bare-http":  bareHTTPWorker,
	"bare-tls":   bareTLSWorker,
	"bare-tcp":   bareTCPWorker,
	"blackbox":   blackboxWorker,
	"engine":     engineWorker,
	"paced-http": pacedHTTPWorker,
	"schedule":   scheduleWorker,
	"timer":      timerWorker,
	"reconciler": reconcilerWorker,
	"patcher":    patcherWorker,
	"cache":      cacheWorker,
	"elector":    electorWorker,
	"creator":    creatorWorker,
	"webhook":    webhookWorker,
	"auditor":    auditorWorker,
	"starter":    starterWorker,
	"judge":      judgeWorker,
	"exporters":  exportersWorker,
	"exporter":   exporterWorker,
	"expfmt":     expfmtWorker,
	"backups":    backupsWorker,
	"projects":   projectsWorker,
}
