// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// EndpointStatus tells how an endpoint stands.
type EndpointStatus struct {
	// name of the endpoint.
	// +required
	Name ItemName `json:"name,omitempty"`

	// state of the endpoint.
	// +required
	State ComponentState `json:"state,omitempty"`

	// since when it is in this state: the start of the first check of the
	// streak that confirmed it.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// reason in a stable CamelCase word; absent when it is Up.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message says at which step the check failed and how; absent when it is
	// Up.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`

	// certificateNotAfter is when the first certificate of the chain expires
	// that the endpoint presents.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	CertificateNotAfter *metav1.Time `json:"certificateNotAfter,omitempty"`
}

// SystemStatus tells how a host, an instance or a workload stands.
type SystemStatus struct {
	// name of the host, the instance or the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// state of it.
	// +required
	State ComponentState `json:"state,omitempty"`

	// since when it is in this state.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// reason in a stable CamelCase word.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message a person on call can act on.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`

	// componentsTotal is how many components the system tells of: the processes
	// of an SAP instance, the units, services and filesystems of a host that are
	// judged, the objects of a workload.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ComponentsTotal int32 `json:"componentsTotal,omitempty"`

	// components that are not Up; the first few.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=8
	Components []ComponentStatus `json:"components,omitempty"`
}

// ComponentStatus tells of a part of a system that is not Up.
type ComponentStatus struct {
	// name of the process, the unit, the service or the filesystem.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`

	// state of it.
	// +required
	State ComponentState `json:"state,omitempty"`

	// message says what it shows: "YELLOW, Starting", "97 % used".
	// +optional
	// +kubebuilder:validation:MaxLength=128
	Message string `json:"message,omitempty"`
}

// HostingStatus tells how what runs underneath stands.
type HostingStatus struct {
	// state of the hosting as a whole.
	// +required
	State ComponentState `json:"state,omitempty"`

	// since when it is in this state.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	Since *metav1.Time `json:"since,omitempty"`

	// systems that it consists of.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	Systems []SystemStatus `json:"systems,omitempty"`
}

// BackupState is how the backup of an Application stands.
// +kubebuilder:validation:Enum=Current;Overdue;Failed;Unknown;NotRequired
type BackupState string

// States of a backup.
const (
	BackupCurrent     BackupState = "Current"
	BackupOverdue     BackupState = "Overdue"
	BackupFailed      BackupState = "Failed"
	BackupUnknown     BackupState = "Unknown"
	BackupNotRequired BackupState = "NotRequired"
)

// BackupStatus tells whether the Application could come back.
type BackupStatus struct {
	// state of the backup as a whole.
	// +required
	State BackupState `json:"state,omitempty"`

	// newestSuccessAt is when the newest successful backup began.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	NewestSuccessAt *metav1.Time `json:"newestSuccessAt,omitempty"`

	// newestRestoreTestAt is when the newest successful restore test began.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	NewestRestoreTestAt *metav1.Time `json:"newestRestoreTestAt,omitempty"`

	// restoreTestSeconds is how long the newest successful restore test took,
	// where a source tells.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RestoreTestSeconds *int64 `json:"restoreTestSeconds,omitempty"`

	// dueAt is when the newest success is too old, unless another follows.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	DueAt *metav1.Time `json:"dueAt,omitempty"`

	// sources of evidence, one by one.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Sources []BackupSourceStatus `json:"sources,omitempty"`
}

// BackupSourceStatus tells what a source of evidence says.
type BackupSourceStatus struct {
	// name of the source.
	// +required
	Name ItemName `json:"name,omitempty"`

	// state that the source shows.
	// +required
	State BackupState `json:"state,omitempty"`

	// newestSuccessAt is when the newest successful backup began.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	NewestSuccessAt *metav1.Time `json:"newestSuccessAt,omitempty"`

	// newestRestoreTestAt is when the newest successful restore test began.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`
	NewestRestoreTestAt *metav1.Time `json:"newestRestoreTestAt,omitempty"`

	// restoreTestSeconds is how long that restore test took.
	// +optional
	// +kubebuilder:validation:Minimum=0
	RestoreTestSeconds *int64 `json:"restoreTestSeconds,omitempty"`

	// reason in a stable CamelCase word.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason,omitempty"`

	// message a person on call can act on.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Message string `json:"message,omitempty"`
}
