// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"slices"
	"strings"
	"time"
	"unique"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kdz.mainz.de/operator/internal/observe/cluster"
)

// Groups of the systems.
const (
	groupVelero = "velero.io"
	groupK8up   = "k8up.io"
	groupCNPG   = "postgresql.cnpg.io"
)

// The kinds that are looked at. Nobody changes them.
var (
	leases    = kind("coordination.k8s.io", "v1", "Lease", extractLease, noLabels)
	cronJobs  = kind("batch", "v1", "CronJob", extractCronJob, noLabels)
	snapshots = kind("snapshot.storage.k8s.io", "v1", "VolumeSnapshot", extractSnapshot, allLabels)

	veleroSchedules = kind(groupVelero, "v1", "Schedule", extractVeleroSchedule, noLabels)
	veleroBackups   = kind(groupVelero, "v1", "Backup", extractVeleroBackup, []string{veleroScheduleLabel})
	veleroRestores  = kind(groupVelero, "v1", "Restore", extractVeleroRestore, noLabels)
	veleroLocations = kind(groupVelero, "v1", "BackupStorageLocation", extractVeleroLocation, noLabels)

	cnpgBackups  = kind(groupCNPG, "v1", "Backup", extractCNPGBackup, noLabels)
	cnpgClusters = kind(groupCNPG, "v1", "Cluster", extractCNPGCluster, noLabels)

	k8upSchedules = kind(groupK8up, "v1", "Schedule", extractK8upSchedule, noLabels)
	k8upBackups   = kind(groupK8up, "v1", "Backup", extractK8upJob, noLabels)
	k8upRestores  = kind(groupK8up, "v1", "Restore", extractK8upJob, noLabels)
	k8upSnapshots = kind(groupK8up, "v1", "Snapshot", extractK8upSnapshot, noLabels)
)

// Kinds are all kinds of object that Queries asks for.
func Kinds() []*cluster.Kind {
	return []*cluster.Kind{
		leases, cronJobs, snapshots,
		veleroSchedules, veleroBackups, veleroRestores, veleroLocations,
		cnpgBackups, cnpgClusters,
		k8upSchedules, k8upBackups, k8upRestores, k8upSnapshots,
	}
}

// Labels that are kept of a kind: all of them, or none, for no label has an
// empty key.
var (
	allLabels []string
	noLabels  = []string{""}
)

func kind[T any](group, version, name string, extract func(*fields) T, labels []string) *cluster.Kind {
	return &cluster.Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: group, Version: version, Kind: name},
		Labels:           labels,
		Extract:          func(u *unstructured.Unstructured) any { return extract(fieldsOf(u)) },
	}
}

// outcome is how a run ended.
type outcome uint8

const (
	// pending: it has not ended, or nobody knows.
	pending outcome = iota
	succeeded
	failed
)

// run is what is kept of one backup or restore.
type run struct {
	outcome outcome
	// at is when it began, and ended when it ended.
	at, ended time.Time
	// phase as the system calls it.
	phase string
	// flaw is what of it could not be read.
	flaw string
}

type leaseFacts struct {
	acquired, renewed time.Time
	flaw              string
}

func extractLease(f *fields) leaseFacts {
	l := leaseFacts{acquired: f.moment("spec", "acquireTime"), renewed: f.moment("spec", "renewTime")}
	l.flaw = f.flaw
	return l
}

type cronJobFacts struct {
	scheduled, succeeded time.Time
	suspended, active    bool
	flaw                 string
}

func extractCronJob(f *fields) cronJobFacts {
	active, _ := f.at("status", "active").([]any)
	j := cronJobFacts{
		scheduled: f.moment("status", "lastScheduleTime"), succeeded: f.moment("status", "lastSuccessfulTime"),
		suspended: f.flag("spec", "suspend"), active: len(active) > 0,
	}
	j.flaw = f.flaw
	return j
}

func extractSnapshot(f *fields) run {
	r := run{at: f.moment("status", "creationTime")}
	_, broken := f.at("status", "error").(map[string]any)
	switch {
	case f.at("metadata", "deletionTimestamp") != nil:
	case f.flag("status", "readyToUse"):
		r.outcome = succeeded
	case broken:
		r.outcome, r.phase, r.at = failed, "has an error", time.Time{}
	}
	r.flaw = f.flaw
	return r
}

// namespaces are those that a backup is told to cover. Backups of one schedule
// have the same, so that they are kept once.
type namespaces struct{ included, excluded string }

func namespacesOf(f *fields, path ...string) unique.Handle[namespaces] {
	join := func(field string) string {
		return strings.Join(f.list(append(slices.Clip(path), field)...), ",")
	}
	return unique.Make(namespaces{join("includedNamespaces"), join("excludedNamespaces")})
}

type veleroScheduleFacts struct {
	cron, location, phase string
	paused                bool
	covers                unique.Handle[namespaces]
}

func extractVeleroSchedule(f *fields) veleroScheduleFacts {
	return veleroScheduleFacts{
		cron: f.text("spec", "schedule"), location: f.text("spec", "template", "storageLocation"), phase: f.text("status", "phase"),
		paused: f.flag("spec", "paused"), covers: namespacesOf(f, "spec", "template"),
	}
}

type veleroBackupFacts struct {
	run
	expires  time.Time
	location string
	covers   unique.Handle[namespaces]
}

func extractVeleroBackup(f *fields) veleroBackupFacts {
	return veleroBackupFacts{
		run:      veleroRun(f),
		expires:  f.moment("status", "expiration"),
		location: f.text("spec", "storageLocation"),
		covers:   namespacesOf(f, "spec"),
	}
}

type veleroRestoreFacts struct {
	run
	backup, schedule string
	covers           unique.Handle[namespaces]
}

func extractVeleroRestore(f *fields) veleroRestoreFacts {
	return veleroRestoreFacts{
		run:    veleroRun(f),
		backup: f.text("spec", "backupName"), schedule: f.text("spec", "scheduleName"),
		covers: namespacesOf(f, "spec"),
	}
}

// veleroRun reads what Backups and Restores have in common. A phase that is not
// the last one, and Deleting, is neither a success nor a failure.
func veleroRun(f *fields) run {
	r := run{at: f.moment("status", "startTimestamp"), ended: f.moment("status", "completionTimestamp"), phase: f.text("status", "phase")}
	switch r.phase {
	case "Completed":
		r.outcome = succeeded
	case "Failed", "PartiallyFailed", "FailedValidation":
		r.outcome = failed
	}
	r.flaw = f.flaw
	return r
}

type veleroLocationFacts struct {
	phase     string
	isDefault bool
}

func extractVeleroLocation(f *fields) veleroLocationFacts {
	return veleroLocationFacts{phase: f.text("status", "phase"), isDefault: f.flag("spec", "default")}
}

type cnpgBackupFacts struct {
	run
	cluster string
}

func extractCNPGBackup(f *fields) cnpgBackupFacts {
	r := run{at: f.moment("status", "startedAt"), ended: f.moment("status", "stoppedAt"), phase: f.text("status", "phase")}
	switch r.phase {
	case "completed":
		r.outcome = succeeded
	case "failed", "walArchivingFailing":
		r.outcome = failed
	}
	r.flaw = f.flaw
	return cnpgBackupFacts{run: r, cluster: f.text("spec", "cluster", "name")}
}

type cnpgClusterFacts struct{ archiving condition }

func extractCNPGCluster(f *fields) cnpgClusterFacts {
	return cnpgClusterFacts{f.condition("ContinuousArchiving")}
}

type k8upScheduleFacts struct {
	cron string
	// backs up anything.
	backsUp bool
}

func extractK8upSchedule(f *fields) k8upScheduleFacts {
	_, backsUp := f.at("spec", "backup").(map[string]any)
	s := k8upScheduleFacts{cron: f.text("spec", "backup", "schedule"), backsUp: backsUp}
	effective, _ := f.at("status", "effectiveSchedules").([]any)
	for _, item := range effective {
		e, _ := item.(map[string]any)
		if one := (&fields{object: e}); one.text("jobType") == "backup" && one.text("generatedSchedule") != "" {
			s.cron = one.text("generatedSchedule")
		}
	}
	return s
}

// k8upJobFacts are of a Backup or a Restore. It begins when it is created.
type k8upJobFacts struct {
	run
	schedule string
}

func extractK8upJob(f *fields) k8upJobFacts {
	j := k8upJobFacts{run: run{at: f.moment("metadata", "creationTimestamp")}, schedule: f.owner(groupK8up, "Schedule")}
	completed, before := f.condition("Completed"), f.condition("PreBackupPodReady")
	switch {
	case before.status == "False" && !isWell(before.reason):
		j.outcome, j.ended, j.phase = failed, before.since, before.reason
	case completed.status != "True":
	case completed.reason == "Succeeded":
		j.outcome, j.ended, j.phase = succeeded, completed.since, completed.reason
	default:
		j.outcome, j.ended, j.phase = failed, completed.since, completed.reason
	}
	j.flaw = f.flaw
	return j
}

// isWell reports whether a False PreBackupPodReady for this reason is no fault.
func isWell(reason string) bool {
	switch reason {
	case "Succeeded", "Waiting", "NoPreBackupPodsFound", "Ready":
		return true
	}
	return false
}

func extractK8upSnapshot(f *fields) run {
	r := run{at: f.moment("spec", "date"), outcome: succeeded}
	r.flaw = f.flaw
	return r
}
