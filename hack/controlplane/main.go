// SPDX-License-Identifier: Apache-2.0

// Command kube is etcd, kube-apiserver, kube-controller-manager and kubectl in
// one binary. Which of them it is, its name says (a symlink), or its first
// argument:
//
//	kube-apiserver --version
//	kube kube-apiserver --version
//
// It is built into a per-user cache by internal/controlplane, which also
// stamps the version; a plain `go build` makes a binary that calls itself
// v0.0.0 and works all the same.
//
// If KDZ_EXIT_WITH_PARENT holds the process id of the parent, a server ends
// as soon as that parent is gone (see package parent).
package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"

	"kdz.mainz.de/operator/hack/controlplane/parent"
)

// applets maps a name to what runs under it. Each takes the arguments behind
// the name and returns the exit code, if it returns at all.
var applets = map[string]func(args []string) int{
	"etcd":                    runEtcd,
	"kube-apiserver":          runAPIServer,
	"kube-controller-manager": runControllerManager,
	"kubectl":                 runKubectl,
}

func main() {
	name, args := filepath.Base(os.Args[0]), os.Args[1:]
	run, ok := applets[name]
	if !ok && len(args) > 0 {
		name, args = args[0], args[1:]
		run, ok = applets[name]
	}
	if !ok {
		usage(os.Stderr)
		os.Exit(2)
	}
	os.Exit(run(args))
}

func usage(w io.Writer) {
	_, _ = fmt.Fprintln(w, "usage: kube etcd|kube-apiserver|kube-controller-manager|kubectl [argument ...]")
}

func runEtcd(args []string) int {
	if !followParent() {
		return 1
	}
	etcdmain.Main(append([]string{"etcd"}, args...))
	return 0
}

func runAPIServer(args []string) int {
	if !followParent() {
		return 1
	}
	c := apiserver.NewAPIServerCommand()
	c.SetArgs(args)
	return cli.Run(c)
}

func runControllerManager(args []string) int {
	if !followParent() {
		return 1
	}
	c := kcm.NewControllerManagerCommand()
	c.SetArgs(args)
	return cli.Run(c)
}

// runKubectl does not follow the parent: a kubectl is as short-lived as the
// command it was started for.
func runKubectl(args []string) int {
	// Plugins and completion read os.Args rather than the command's arguments.
	os.Args = append([]string{"kubectl"}, args...)
	c := kubectl.NewDefaultKubectlCommand()
	c.SetArgs(args)
	if err := cli.RunNoErrOutput(c); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// followParent arranges that this process ends with its parent, if the
// environment asks for it, and says whether to go on.
func followParent() bool {
	if err := parent.Follow(os.Getenv(parent.Variable), os.Exit); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return false
	}
	return true
}
