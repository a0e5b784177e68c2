// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Platform is what an Application runs on.
// +kubebuilder:validation:Enum=SAP;Linux;Windows;Kubernetes;SaaS
type Platform string

// Platforms that an Application runs on.
const (
	PlatformSAP        Platform = "SAP"
	PlatformLinux      Platform = "Linux"
	PlatformWindows    Platform = "Windows"
	PlatformKubernetes Platform = "Kubernetes"
	PlatformSaaS       Platform = "SaaS"
)

// Hosting says what an Application runs on: exactly the member that platform
// names.
// +kubebuilder:validation:XValidation:rule="has(self.sap) == (self.platform == 'SAP') && has(self.linux) == (self.platform == 'Linux') && has(self.windows) == (self.platform == 'Windows') && has(self.kubernetes) == (self.platform == 'Kubernetes') && has(self.saas) == (self.platform == 'SaaS')",message="hosting needs exactly the member that platform names: sap, linux, windows, kubernetes or saas"
type Hosting struct {
	// platform that the Application runs on.
	// +required
	Platform Platform `json:"platform,omitempty"`

	// interval between two looks at each system, 5s to 24h. Workloads of
	// Kubernetes are watched, and judged every 5s whatever it says.
	// +optional
	// +kubebuilder:default="60s"
	// +kubebuilder:validation:XValidation:rule="(self.size() < 2 || !self.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (duration(self) >= duration('5s') && duration(self) <= duration('24h'))",message="interval must be at least 5s and at most 24h"
	Interval Duration `json:"interval,omitempty"`

	// failureThreshold is how many looks in a row have to show a system down
	// before it counts as down.
	// +optional
	// +kubebuilder:default=2
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FailureThreshold int32 `json:"failureThreshold,omitempty"`

	// sap describes an SAP system.
	// +optional
	SAP *SAPHosting `json:"sap,omitempty"`

	// linux describes Linux hosts.
	// +optional
	Linux *LinuxHosting `json:"linux,omitempty"`

	// windows describes Windows hosts.
	// +optional
	Windows *WindowsHosting `json:"windows,omitempty"`

	// kubernetes describes workloads of the own namespace.
	// +optional
	Kubernetes *KubernetesHosting `json:"kubernetes,omitempty"`

	// saas describes a service that a supplier runs.
	// +optional
	SaaS *SaaSHosting `json:"saas,omitempty"`
}

// HTTPURL is an http or https URL without a user, a password or a fragment.
// +kubebuilder:validation:MinLength=8
// +kubebuilder:validation:MaxLength=1024
// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['http','https'] && url(self).getHostname().size() > 0",message="must be an http or https URL with a host"
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/?#]*//[^/?#]*@')",message="the URL must not hold a user or password"
// +kubebuilder:validation:XValidation:rule="!self.matches('^[^/?#]*//[^/?#]*:(0[0-9]*|[0-9]{6,}|6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4})?([/?#]|$)')",message="the port of the URL must be a number of 1 to 65535"
// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="the URL must not hold a fragment"
type HTTPURL string

// SAPHosting is an SAP system, asked through SAPControl.
type SAPHosting struct {
	// systemID of the SAP system (SID).
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:Pattern=`^[A-Z][A-Z0-9]{2}$`
	SystemID string `json:"systemID,omitempty"`

	// instances of the system.
	// +required
	// +listType=map
	// +listMapKey=host
	// +listMapKey=number
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Instances []SAPInstance `json:"instances,omitempty"`

	// credentialsSecretRef names a Secret with keys username and password.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// tls says whom to trust where SAPControl is asked over https.
	// +optional
	TLS *TLSCheck `json:"tls,omitempty"`
}

// SAPInstance is an instance of an SAP system.
type SAPInstance struct {
	// host that the instance runs on.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9.:]*[A-Za-z0-9])?$`
	Host string `json:"host,omitempty"`

	// number of the instance, 00 to 97.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=2
	// +kubebuilder:validation:Pattern=`^([0-8][0-9]|9[0-7])$`
	Number string `json:"number,omitempty"`

	// features that the instance should have, as SAPControl names them
	// (ABAP, J2EE, GATEWAY, MESSAGESERVER, ENQUE, HDB …).
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=32
	Features []string `json:"features,omitempty"`

	// url of the instance's SAPControl; absent means https://host:5NN14 when
	// tls is declared, else http://host:5NN13.
	// +optional
	URL HTTPURL `json:"url,omitempty"`
}

// MetricsHost is a host that answers with metrics in the Prometheus text
// format.
type MetricsHost struct {
	// name of the host.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// metricsURL of the host's exporter.
	// +required
	MetricsURL HTTPURL `json:"metricsURL,omitempty"`
}

// LinuxHosting is a set of Linux hosts, seen through node_exporter.
type LinuxHosting struct {
	// hosts that the Application runs on.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Hosts []MetricsHost `json:"hosts,omitempty"`

	// requiredUnits are the systemd units that must be in a given state on
	// each host.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	RequiredUnits []SystemdUnit `json:"requiredUnits,omitempty"`

	// filesystemMaxUsedPercent is how full a filesystem may be, in per cent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FilesystemMaxUsedPercent *int32 `json:"filesystemMaxUsedPercent,omitempty"`

	// maxClockOffset is how far the clock may be off.
	// +optional
	MaxClockOffset Duration `json:"maxClockOffset,omitempty"`

	// patches says how long updates may wait.
	// +optional
	Patches *PatchLimits `json:"patches,omitempty"`
}

// SystemdUnit is a systemd unit and the state that it should be in.
type SystemdUnit struct {
	// name of the unit, with its suffix: "nginx.service".
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// state that the unit should be in. A oneshot unit is inactive and
	// healthy, so it is declared.
	// +optional
	// +kubebuilder:default=active
	// +kubebuilder:validation:Enum=active;inactive
	State string `json:"state,omitempty"`
}

// PatchLimits says how long updates may wait.
type PatchLimits struct {
	// maxSecurityPending is how many security updates may be pending on a
	// host.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100000
	MaxSecurityPending *int32 `json:"maxSecurityPending,omitempty"`

	// maxRebootPending is how long a host may wait for a required reboot.
	// +optional
	MaxRebootPending Duration `json:"maxRebootPending,omitempty"`
}

// WindowsHosting is a set of Windows hosts, seen through windows_exporter.
type WindowsHosting struct {
	// hosts that the Application runs on.
	// +required
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Hosts []MetricsHost `json:"hosts,omitempty"`

	// requiredServices are the services that must be in a given state on each
	// host.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=32
	RequiredServices []WindowsService `json:"requiredServices,omitempty"`

	// filesystemMaxUsedPercent is how full a volume may be, in per cent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	FilesystemMaxUsedPercent *int32 `json:"filesystemMaxUsedPercent,omitempty"`

	// maxClockOffset is how far the clock may be off.
	// +optional
	MaxClockOffset Duration `json:"maxClockOffset,omitempty"`
}

// WindowsService is a Windows service and the state that it should be in.
type WindowsService struct {
	// name of the service, as the service manager knows it.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Name string `json:"name,omitempty"`

	// state that the service should be in.
	// +optional
	// +kubebuilder:default=running
	// +kubebuilder:validation:Enum=running;stopped
	State string `json:"state,omitempty"`
}

// KubernetesHosting is a set of workloads of the Application's own namespace.
// +kubebuilder:validation:XValidation:rule="has(self.workloads) != has(self.selector)",message="kubernetes hosting has exactly one of workloads and selector"
type KubernetesHosting struct {
	// workloads by name.
	// +optional
	// +listType=map
	// +listMapKey=apiVersion
	// +listMapKey=kind
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Workloads []WorkloadReference `json:"workloads,omitempty"`

	// selector of the workloads' labels.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// WorkloadReference names a workload of the same namespace.
type WorkloadReference struct {
	// apiVersion of the workload: "apps/v1".
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=128
	APIVersion string `json:"apiVersion,omitempty"`

	// kind of the workload: "Deployment".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Kind string `json:"kind,omitempty"`

	// name of the workload.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// SaaSHosting is a service that a supplier runs.
type SaaSHosting struct {
	// supplier that runs the service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Supplier string `json:"supplier,omitempty"`

	// region in which the data is kept: a country (ISO 3166-1 alpha-2) or a
	// region of the supplier.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	Region string `json:"region,omitempty"`

	// dataProcessingAgreement is the reference of the agreement after Article
	// 28 GDPR.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	DataProcessingAgreement string `json:"dataProcessingAgreement,omitempty"`

	// statusURL of the supplier's status page.
	// +optional
	StatusURL HTTPURL `json:"statusURL,omitempty"`
}
