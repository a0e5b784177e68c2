// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Reasons of HostingHealthy, and of the systems that hosting consists of.
const (
	// ReasonAllUp (HostingHealthy=True): every system is up.
	ReasonAllUp = "AllUp"
	// ReasonHostingDegraded (HostingHealthy=False): a system shows a fault that
	// does not keep the Application from working.
	ReasonHostingDegraded = "HostingDegraded"
	// ReasonHostingDown (HostingHealthy=False): a system is down, so that the
	// Application is out.
	ReasonHostingDown = "HostingDown"

	// ReasonProcessDown (of a system, Down): SAPControl shows a process RED.
	ReasonProcessDown = "ProcessDown"
	// ReasonProcessDegraded (of a system, Degraded): SAPControl shows a process
	// YELLOW: it starts, stops, or has a problem.
	ReasonProcessDegraded = "ProcessDegraded"
	// ReasonInstanceStopped (of a system, Stopped): SAPControl shows everything
	// GRAY.
	ReasonInstanceStopped = "InstanceStopped"
	// ReasonInstanceMissing (of a system, Degraded): the SAP system does not
	// list a declared instance, or one without a declared feature.
	ReasonInstanceMissing = "InstanceMissing"
	// ReasonHighAvailability (of a system, Degraded): the check of the high
	// availability cluster that SAP offers found an error.
	ReasonHighAvailability = "HighAvailability"
	// ReasonUnitState (of a system, Down): a required systemd unit is not in the
	// state that it should be in.
	ReasonUnitState = "UnitState"
	// ReasonServiceState (of a system, Down): a required Windows service is not
	// in the state that it should be in.
	ReasonServiceState = "ServiceState"
	// ReasonFilesystemFull (of a system, Degraded): a filesystem is fuller than
	// it may be.
	ReasonFilesystemFull = "FilesystemFull"
	// ReasonFilesystemReadOnly (of a system, Degraded): a filesystem that should
	// be written is read-only.
	ReasonFilesystemReadOnly = "FilesystemReadOnly"
	// ReasonClockOff (of a system, Degraded): the clock is further off than it
	// may be, or is not synchronised.
	ReasonClockOff = "ClockOff"
	// ReasonSecurityUpdates (of a system, Degraded): more security updates are
	// pending than may be.
	ReasonSecurityUpdates = "SecurityUpdates"
	// ReasonRebootOverdue (of a system, Degraded): the host has waited for a
	// required reboot for longer than it may.
	ReasonRebootOverdue = "RebootOverdue"
	// ReasonWorkloadFailed (of a system, Down, or Degraded as long as some of it
	// is available): a workload has failed, or has nothing that is available.
	ReasonWorkloadFailed = "WorkloadFailed"
	// ReasonWorkloadProgressing (of a system, Degraded): a workload is on its
	// way to what it should be.
	ReasonWorkloadProgressing = "WorkloadProgressing"
	// ReasonWorkloadMissing (of a system, Down): a workload does not exist.
	ReasonWorkloadMissing = "WorkloadMissing"
	// ReasonSupplierReports (of a system, Degraded or Down): the supplier's
	// status page reports a disturbance.
	ReasonSupplierReports = "SupplierReports"

	// ReasonFactMissing (of a system, Unknown): what is required is not told,
	// such as the state of a unit by an exporter that does not collect it.
	ReasonFactMissing = "FactMissing"
	// ReasonFactStale (of a system, Unknown): what is told is too old to be
	// judged.
	ReasonFactStale = "FactStale"
	// ReasonForbidden (of a system or a source of backup evidence, Unknown): the
	// operator may not read it; the message says which right is missing.
	ReasonForbidden = "Forbidden"
	// ReasonNotInstalled (of a system or a source of backup evidence, Unknown):
	// the cluster does not know the kind. It is picked up when it is installed.
	ReasonNotInstalled = "NotInstalled"
)
