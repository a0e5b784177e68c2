// SPDX-License-Identifier: Apache-2.0

// Package controlplane builds, starts and stops a real Kubernetes control
// plane on this machine: etcd, kube-apiserver and kube-controller-manager, and
// kubectl to go with it. The demo, the tests against an API server and the
// end-to-end tests all use this one package.
//
// [Assets] finds the binaries: in the folder that KUBEBUILDER_ASSETS names, or
// built from Go modules (hack/controlplane) into a per-user cache. [Start]
// runs them on loopback with RBAC on. Nodes, a scheduler and a network there
// are none: Pods stay pending.
//
// # Nothing is left behind
//
// All components run in a process group of their own, so that Ctrl-C in a
// terminal reaches only the parent, which stops them in order. The leader of
// that group is a watchdog, a small shell process that waits at a pipe whose
// other end the parent holds. However the parent ends, also by SIGKILL, the
// kernel closes the pipe; the watchdog then removes the temporary data and
// kills its group. That works with any binaries and on any Unix, needs no
// thread to be kept alive (as Linux's PR_SET_PDEATHSIG does) and cannot hit a
// process id that was given to somebody else meanwhile. The binaries built
// here look after their parent themselves besides, should somebody kill the
// watchdog. A build runs under such a watchdog too. What still remains, for
// instance after a power cut, the next start removes.
//
// The package must not know anything of the operator: whoever starts a control
// plane installs into it what is needed. It is for demonstration and test,
// not for production: one member, no backup, and by default no fsync.
package controlplane
