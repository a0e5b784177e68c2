// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	judge "kdz.mainz.de/operator/internal/judge/backup"
)

const day = 24 * time.Hour

// TestAllSystems: nothing is installed at first; what is installed later is
// picked up, and what it tells leads to the verdict.
func TestAllSystems(t *testing.T) {
	w := newWorld(
		t,
		v1alpha1.BackupSource{Name: "lease", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "offsite", RestoreTestLeaseName: "tested"}},
		v1alpha1.BackupSource{Name: "velero", Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}},
		v1alpha1.BackupSource{Name: "snapshot", VolumeSnapshot: &v1alpha1.SnapshotSource{Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "payroll"}}}},
		v1alpha1.BackupSource{Name: "cnpg", CloudNativePG: &v1alpha1.ClusterSource{ClusterName: "db"}},
		v1alpha1.BackupSource{Name: "k8up", K8up: &v1alpha1.ScheduleSource{ScheduleName: "daily"}},
		v1alpha1.BackupSource{Name: "cronjob", CronJob: &v1alpha1.CronJobSource{Name: "dump"}},
	)
	w.uninstall()
	v := w.await("lease: Unknown, SourceNotFound\nvelero: Unknown, NotInstalled\nsnapshot: Unknown, NotInstalled\ncnpg: Unknown, NotInstalled\nk8up: Unknown, NotInstalled\ncronjob: Unknown, SourceNotFound\n")
	if v.State != v1alpha1.BackupUnknown || v.Status != metav1.ConditionUnknown || !strings.Contains(v.Message, "velero.io/v1") {
		t.Errorf("nothing is installed: %+v", v)
	}

	w.must(controlplane.InstallCRDs(t.Context(), controlplanetest.Config(t), "testdata"))
	w.await("lease: Unknown, SourceNotFound\nvelero: Unknown, SourceNotFound\nsnapshot: Unknown, NoSuccessSeen\ncnpg: Unknown, SourceNotFound\nk8up: Unknown, SourceNotFound\ncronjob: Unknown, SourceNotFound\n")

	w.put(`{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: offsite}, spec: {holderIdentity: job, acquireTime: "%s", renewTime: "%s"}}`, micro(w.ago(2*time.Hour)), micro(w.ago(time.Hour)))
	w.put(`{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {name: tested}, spec: {holderIdentity: job, acquireTime: "%s", renewTime: "%s"}}`, micro(w.ago(9*day)), micro(w.ago(9*day-time.Hour)))
	w.put(`{apiVersion: velero.io/v1, kind: BackupStorageLocation, metadata: {name: default}, spec: {provider: aws, default: true, objectStorage: {bucket: b}}, status: {phase: Available}}`)
	w.put(`{apiVersion: velero.io/v1, kind: Schedule, metadata: {name: nightly}, spec: {schedule: "0 1 * * *", template: {includedNamespaces: ["%s"], ttl: 720h0m0s}}, status: {phase: Enabled, lastBackup: "%s"}}`, w.namespace, w.ago(time.Minute))
	w.veleroBackup("nightly-1", "Completed", 3*time.Hour)
	w.put(`{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, metadata: {name: s1, labels: {app: payroll}}, spec: {source: {persistentVolumeClaimName: data}}, status: {readyToUse: true, creationTime: "%s"}}`, w.ago(time.Hour))
	w.put(`{apiVersion: postgresql.cnpg.io/v1, kind: Cluster, metadata: {name: db}, spec: {instances: 3}, status: {conditions: [{type: ContinuousArchiving, status: "True", reason: ContinuousArchivingSuccess, message: "", lastTransitionTime: "%s"}]}}`, w.ago(day))
	w.put(`{apiVersion: postgresql.cnpg.io/v1, kind: Backup, metadata: {name: b1}, spec: {cluster: {name: db}}, status: {phase: completed, startedAt: "%s", stoppedAt: "%s"}}`, w.ago(5*time.Hour), w.ago(4*time.Hour))
	w.put(`{apiVersion: k8up.io/v1, kind: Schedule, metadata: {name: daily, uid: a}, spec: {backup: {schedule: "@daily-random"}}, status: {effectiveSchedules: [{jobType: backup, generatedSchedule: 30 1 * * *}]}}`)
	w.put(`{apiVersion: k8up.io/v1, kind: Backup, metadata: {name: b1, ownerReferences: [{apiVersion: k8up.io/v1, kind: Schedule, name: daily, uid: a, controller: true}]}, spec: {}, status: {finished: true, conditions: [{type: Completed, status: "True", reason: Succeeded, message: "", lastTransitionTime: "%s"}]}}`, w.ago(-time.Minute))
	w.put(`{apiVersion: k8up.io/v1, kind: Snapshot, metadata: {name: abc}, spec: {id: abc, date: "%s"}}`, w.ago(0))
	w.put(`{apiVersion: batch/v1, kind: CronJob, metadata: {name: dump}, spec: {schedule: 0 1 * * *, jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}}, status: {lastScheduleTime: "%s", lastSuccessfulTime: "%s"}}`, w.ago(2*time.Hour), w.ago(time.Hour))
	v = w.await("lease: Current, Current\nvelero: Current, Current\nsnapshot: Current, Current\ncnpg: Current, Current\nk8up: Current, Current\ncronjob: Current, Current\n")
	if v.State != v1alpha1.BackupCurrent || v.Status != metav1.ConditionTrue || !v.NewestSuccessAt.Time.Equal(w.now.Add(-5*time.Hour)) || !v.Next.Equal(w.now.Add(21*time.Hour)) || *v.RestoreTestSeconds != 3600 {
		t.Errorf("all succeeded: %+v", v)
	}
}

// TestVelero: what Velero says of its schedule is no success; only a Backup that
// is complete is one, and what fails after it is not mended by it.
func TestVelero(t *testing.T) {
	w := newWorld(t, v1alpha1.BackupSource{Name: "velero", Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}})
	w.must(controlplane.InstallCRDs(t.Context(), controlplanetest.Config(t), "testdata"))
	w.put(`{apiVersion: velero.io/v1, kind: BackupStorageLocation, metadata: {name: default}, spec: {provider: aws, default: true, objectStorage: {bucket: b}}, status: {phase: Available}}`)
	w.put(`{apiVersion: velero.io/v1, kind: Schedule, metadata: {name: nightly}, spec: {schedule: "0 1 * * *", template: {}}, status: {phase: Enabled, lastBackup: "%s"}}`, w.ago(time.Minute))
	w.await("velero: Unknown, NoSuccessSeen\n")
	w.veleroBackup("nightly-1", "Completed", 3*day)
	w.await("velero: Overdue, Overdue\n")
	w.veleroBackup("nightly-2", "Completed", 25*time.Hour)
	w.await("velero: Current, Current\n")
	w.veleroBackup("nightly-3", "Failed", 2*time.Hour)
	w.await("velero: Failed, Failed\n")
	w.veleroBackup("nightly-4", "PartiallyFailed", time.Hour)
	newest := `velero: Velero schedule "nightly": nightly-4 PartiallyFailed, began `
	w.awaitThat(newest, func(v *judge.Verdict) bool {
		return v.Reason == v1alpha1.ReasonBackupFailed && strings.HasPrefix(v.Message, newest) && strings.Contains(v.Message, "failing since")
	})
	w.veleroBackup("nightly-5", "Completed", 0)
	w.await("velero: Current, Current\n")
}

// veleroBackup is a Backup of the schedule that began so long ago.
func (w *world) veleroBackup(name, phase string, age time.Duration) {
	w.Helper()
	w.put(`{apiVersion: velero.io/v1, kind: Backup, metadata: {name: "%s", labels: {velero.io/schedule-name: nightly}}, spec: {storageLocation: default, ttl: 720h0m0s},
		status: {phase: "%s", startTimestamp: "%s", completionTimestamp: "%s", expiration: "%s"}}`, name, phase, w.ago(age), w.ago(age), w.ago(age-30*day))
}

// micro writes a moment as a Lease does.
func micro(moment string) string { return strings.TrimSuffix(moment, "Z") + ".000000Z" }
