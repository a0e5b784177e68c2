// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"fmt"
	"io"
	"time"
)

// The range of ports for the API server: below those that the kernel gives to
// outgoing connections (from 32768 on Linux, from 49152 elsewhere), so that
// none of these takes the port away between our choice and its use.
const (
	minPort      = 1024
	minFreePort  = 20000
	maxPort      = 32767
	portAttempts = 5
)

// defaultStartTimeout leaves room for a machine that does much else.
const defaultStartTimeout = 2 * time.Minute

// The names of the programs, of their logs and of the files in the assets.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	kubectl           = "kubectl"
)

// ControllerManager says whether kube-controller-manager runs.
type ControllerManager int

const (
	// ControllerManagerIfPresent runs it if the assets have it. Those built
	// here do; those that setup-envtest fetches do not. Without it namespaces
	// stay Terminating, nothing is garbage collected, admission policies are
	// not type-checked, and no namespace gets its default ServiceAccount, for
	// which reason Pods are admitted without one.
	ControllerManagerIfPresent ControllerManager = iota
	// ControllerManagerRequired refuses to start without it.
	ControllerManagerRequired
	// ControllerManagerOff does not run it.
	ControllerManagerOff
)

// Options says what kind of control plane to start. The zero value is what a
// test wants: a free port, temporary data, no fsync.
type Options struct {
	// Assets is the folder with the programs; "" asks Assets for it.
	Assets string
	// Progress is told what takes long, line by line; nil tells nobody.
	Progress io.Writer
	// Dir is where the data, certificates and logs are. It is created if need
	// be, kept at the end and may be used again: what was stored is still
	// there, but certificates and tokens are new. "" is a temporary folder,
	// which is removed at the end.
	Dir string
	// LogDir is where the logs are, one file for each program, appended to;
	// "" is the folder logs in Dir.
	LogDir string
	// Port is the API server's port on 127.0.0.1, from 1024 to 32767; 0 is any
	// free one from 20000 to 32767.
	Port int
	// Durable makes etcd wait for the disk at each write, so that a power cut
	// loses nothing. It is slow.
	Durable bool
	// ControllerManager says whether kube-controller-manager runs.
	ControllerManager ControllerManager
	// EtcdArgs, APIServerArgs and ControllerManagerArgs are put behind the
	// arguments the programs are started with. Of a flag that takes one value
	// the last counts, so they overrule; what a list flag holds is added to.
	EtcdArgs, APIServerArgs, ControllerManagerArgs []string
	// StartTimeout is the longest that the start may take, building not
	// counted; 0 is two minutes.
	StartTimeout time.Duration
}

// complete checks the options and fills in what was left out.
func (o Options) complete() (Options, error) {
	if o.Port != 0 && (o.Port < minPort || o.Port > maxPort) {
		return o, fmt.Errorf("port %d is not between %d and %d", o.Port, minPort, maxPort)
	}
	if o.StartTimeout < 0 {
		return o, fmt.Errorf("start timeout %s is negative", o.StartTimeout)
	}
	if o.StartTimeout == 0 {
		o.StartTimeout = defaultStartTimeout
	}
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	return o, nil
}

// etcdArgs are the arguments of etcd, which runs in dir and listens there on
// sockets only: no port, and nobody else on the machine reads the Secrets.
func (o Options) etcdArgs() []string {
	const nobody = "http://127.0.0.1:1" // advertised, but there is no other member to dial it
	args := []string{
		"--name=kdz",
		"--data-dir=etcd",
		"--listen-client-urls=unix://" + etcdSocket,
		"--advertise-client-urls=" + nobody,
		"--listen-peer-urls=unix://" + etcdPeerSocket,
		"--initial-advertise-peer-urls=" + nobody,
		"--initial-cluster=kdz=" + nobody,
		"--quota-backend-bytes=8589934592", // the most etcd recommends; the default of 2 GiB ends a large load test
		"--log-level=warn",
	}
	if !o.Durable {
		args = append(args, "--unsafe-no-fsync")
	}
	return append(args, o.EtcdArgs...)
}

// apiServerArgs are the arguments of kube-apiserver. withSA is whether there
// will be somebody to create the default ServiceAccounts.
func (o Options) apiServerArgs(port int, withSA bool) []string {
	args := []string{
		"--etcd-servers=unix://" + etcdSocket,
		"--bind-address=127.0.0.1",
		// Without this it looks for a default route, and an offline machine
		// has none; nor is there a network in which the address had a use.
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		fmt.Sprintf("--secure-port=%d", port),
		"--cert-dir=" + pkiDir,
		"--tls-cert-file=" + servingCert,
		"--tls-private-key-file=" + servingKey,
		"--client-ca-file=" + caCert,
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + serviceAccountPub,
		"--service-account-signing-key-file=" + serviceAccountKey,
		"--service-cluster-ip-range=10.0.0.0/24", // there must be one; nothing routes to it
	}
	if !withSA {
		args = append(args, "--disable-admission-plugins=ServiceAccount")
	}
	return append(args, o.APIServerArgs...)
}

// controllerManagerArgs are the arguments of kube-controller-manager.
func (o Options) controllerManagerArgs() []string {
	return append([]string{
		"--kubeconfig=" + controllerManagerKubeconfig,
		"--service-account-private-key-file=" + serviceAccountKey,
		"--root-ca-file=" + caCert,
		"--use-service-account-credentials=true",
		"--leader-elect=false", // there is no other, and waiting for the lease takes seconds
		"--secure-port=0",      // nobody asks it anything
		// With the default of 20 requests per second it starts in 5 s, not in one.
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
	}, o.ControllerManagerArgs...)
}
