// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Backup says what backup there is, or why none is needed.
// +kubebuilder:validation:XValidation:rule="has(self.notRequiredReason) != has(self.sources)",message="backup has exactly one of notRequiredReason and sources"
// +kubebuilder:validation:XValidation:rule="!has(self.notRequiredReason) || (!has(self.maxAge) && !has(self.restoreTestMaxAge))",message="maxAge and restoreTestMaxAge say nothing where no backup is required"
type Backup struct {
	// notRequiredReason says why no backup is needed.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	NotRequiredReason string `json:"notRequiredReason,omitempty"`

	// maxAge is how old the newest success may be, counted from its start;
	// absent means what the service level says.
	// +optional
	MaxAge Duration `json:"maxAge,omitempty"`

	// restoreTestMaxAge is how old the newest successful restore test may be;
	// absent means what the service level says.
	// +optional
	RestoreTestMaxAge Duration `json:"restoreTestMaxAge,omitempty"`

	// sources of evidence that backups succeed.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	Sources []BackupSource `json:"sources,omitempty"`
}

// BackupSource is evidence that backups succeed: exactly one of its members.
// +kubebuilder:validation:XValidation:rule="[has(self.heartbeat), has(self.prometheus), has(self.velero), has(self.volumeSnapshot), has(self.cloudNativePG), has(self.k8up), has(self.cronJob)].filter(x, x).size() == 1",message="a backup source has exactly one of heartbeat, prometheus, velero, volumeSnapshot, cloudNativePG, k8up and cronJob"
type BackupSource struct {
	// name of the source, unique in its Application.
	// +required
	Name ItemName `json:"name,omitempty"`

	// heartbeat is a Lease of the own namespace that the backup job renews.
	// +optional
	Heartbeat *HeartbeatSource `json:"heartbeat,omitempty"`

	// prometheus is a query for the time of the newest success.
	// +optional
	Prometheus *PrometheusSource `json:"prometheus,omitempty"`

	// velero is a schedule of Velero.
	// +optional
	Velero *ScheduleSource `json:"velero,omitempty"`

	// volumeSnapshot selects VolumeSnapshots of the own namespace.
	// +optional
	VolumeSnapshot *SnapshotSource `json:"volumeSnapshot,omitempty"`

	// cloudNativePG is a cluster of CloudNativePG in the own namespace.
	// +optional
	CloudNativePG *ClusterSource `json:"cloudNativePG,omitempty"`

	// k8up is a schedule of K8up in the own namespace.
	// +optional
	K8up *ScheduleSource `json:"k8up,omitempty"`

	// cronJob is a CronJob of the own namespace.
	// +optional
	CronJob *CronJobSource `json:"cronJob,omitempty"`
}

// HeartbeatSource is a Lease that a backup job renews when it has succeeded.
type HeartbeatSource struct {
	// leaseName of the Lease whose spec.renewTime is when the newest success
	// ended, and whose spec.acquireTime, if it has one, when it began.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	LeaseName string `json:"leaseName,omitempty"`

	// restoreTestLeaseName of the Lease whose spec.renewTime is when the newest
	// successful restore test ended, and whose spec.acquireTime, if it has one,
	// when it began: what lies between is how long it took.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	RestoreTestLeaseName string `json:"restoreTestLeaseName,omitempty"`
}

// PrometheusSource is a query whose value is a time in Unix seconds.
type PrometheusSource struct {
	// query in PromQL for the start of the newest success.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.trim() != ''",message="query must be PromQL, such as min(backup_last_success_timestamp_seconds{job=\"portal\"}), and not blank"
	Query string `json:"query,omitempty"`

	// restoreTestQuery in PromQL for the start of the newest successful restore
	// test.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.trim() != ''",message="restoreTestQuery must be PromQL, such as min(restore_test_last_success_timestamp_seconds{job=\"portal\"}), and not blank"
	RestoreTestQuery string `json:"restoreTestQuery,omitempty"`

	// server is the name of a server that the GovernancePolicy lists; absent
	// means the first.
	// +optional
	Server ItemName `json:"server,omitempty"`
}

// ScheduleSource names a schedule of a backup system.
type ScheduleSource struct {
	// scheduleName of the schedule.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ScheduleName string `json:"scheduleName,omitempty"`
}

// SnapshotSource selects VolumeSnapshots.
type SnapshotSource struct {
	// selector of the snapshots' labels.
	// +required
	Selector metav1.LabelSelector `json:"selector,omitzero"`
}

// ClusterSource names a database cluster.
type ClusterSource struct {
	// clusterName of the cluster.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClusterName string `json:"clusterName,omitempty"`
}

// CronJobSource names a CronJob.
type CronJobSource struct {
	// name of the CronJob.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// restoreTestName of the CronJob that tests whether a backup can be
	// restored.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	RestoreTestName string `json:"restoreTestName,omitempty"`
}
