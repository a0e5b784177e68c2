// SPDX-License-Identifier: Apache-2.0

// Package backup gathers the evidence that backups of an Application succeed:
// when the newest success began, what failed since, when a restore was tested.
// What that is worth is judged elsewhere (internal/judge/backup).
//
// One engine reads all systems; each is an entry of a table in systems.go with
// the objects that it looks for and how it reads them. A caller has them watched
// (Queries) or asked (Checks), and reads what is known of them (Read).
//
// # What counts as a success
//
//   - heartbeat: spec.renewTime of a Lease is when it ended, spec.acquireTime
//     when it began. Without the latter, or if the next one has begun already,
//     the end stands for the beginning.
//   - prometheus: the query tells when it began.
//   - velero: a Backup of the schedule in phase Completed that covers the
//     Application's namespace; it began at status.startTimestamp. That the
//     schedule submitted one (Schedule.status.lastBackup), that one ended
//     (completionTimestamp), or that it succeeded in part, is no success. A
//     place of storage counts as out of reach when Velero says so or when there
//     is none of that name; where Velero does not check it, it has no phase.
//   - volumeSnapshot: a snapshot that is readyToUse, at its creationTime. It says
//     nothing of a copy elsewhere. Of snapshots of several volumes the newest
//     counts: a source should select those of one.
//   - cloudNativePG: a Backup of the cluster in phase completed; it began at
//     startedAt. What the Cluster itself says of backups is deprecated.
//   - k8up: a Backup of the schedule whose condition Completed is True for the
//     reason Succeeded, from its creation on, if a Snapshot bears it out that is
//     no older: backups were reported as succeeded that had failed. Snapshots do
//     not say which schedule made them, so those of another in the namespace
//     would do.
//   - cronJob: status.lastSuccessfulTime is when it ended. It began when it was
//     scheduled last, if that was before. A run that is no longer active and
//     brought no success has failed.
//
// Restore tests are the Restores of Velero (of a backup of the schedule, with the
// namespace) and of K8up (of the namespace, unless another schedule owns them),
// or what the source names for them. How long one took is known where both ends
// are.
//
// # What the operator may read
//
// get, list and watch of leases.coordination.k8s.io, cronjobs.batch,
// volumesnapshots.snapshot.storage.k8s.io; schedules, backups, restores and
// backupstoragelocations of velero.io; backups and clusters of
// postgresql.cnpg.io; schedules, backups, restores and snapshots of k8up.io:
// those in Kinds.
package backup
