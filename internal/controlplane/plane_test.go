// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// start starts a control plane for one test.
func start(t *testing.T, o controlplane.Options) *controlplane.ControlPlane {
	t.Helper()
	cp, err := controlplane.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cp.Stop() }) // where Stop is what is tested, the test calls it
	return cp
}

// freePort is a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	for port := 31000; port < 32000; port++ {
		if l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// TestStopLeavesNothing starts and stops with a folder and port that are given,
// twice: what was stored is there again.
func TestStopLeavesNothing(t *testing.T) {
	o := controlplane.Options{Dir: filepath.Join(t.TempDir(), "data"), Port: freePort(t), ControllerManager: controlplane.ControllerManagerOff, Durable: true}
	for _, first := range []bool{true, false} {
		cp := start(t, o)
		if want := fmt.Sprintf("https://127.0.0.1:%d", o.Port); cp.Config.Host != want {
			t.Errorf("Host = %s, want %s", cp.Config.Host, want)
		}
		c, err := kubernetes.NewForConfig(cp.Config)
		if err != nil {
			t.Fatal(err)
		}
		if first {
			ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kept"}}
			_, err = c.CoreV1().Namespaces().Create(t.Context(), ns, metav1.CreateOptions{})
		} else {
			_, err = c.CoreV1().Namespaces().Get(t.Context(), "kept", metav1.GetOptions{})
		}
		if err != nil {
			t.Error(err)
		}
		if _, err := controlplane.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("in use by process %d", os.Getpid())) {
			t.Errorf("a second one in the same folder: %v", err)
		}
		for range 2 {
			if err := cp.Stop(); err != nil {
				t.Errorf("Stop: %v", err)
			}
		}
		if err := cp.Err(); err != nil {
			t.Errorf("Err: %v", err)
		}
		await(t, "no process left", groupGone(t, controlplane.Group(cp)))
		if !refused(strings.TrimPrefix(cp.Config.Host, "https://"))() {
			t.Error("somebody listens still")
		}
	}
}

func TestStopRemovesTemporaryData(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	logs := t.TempDir()
	cp := start(t, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff, LogDir: logs})
	if got, want := cp.Logs("etcd"), filepath.Join(logs, "etcd.log"); got != want {
		t.Errorf("Logs = %s, want %s", got, want)
	}
	info, err := os.Stat(cp.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	if perm := info.Mode().Perm(); perm != 0o600 {
		t.Errorf("the kubeconfig has mode %o, want 600", perm)
	}
	if err := cp.Stop(); err != nil {
		t.Error(err)
	}
	wantCache(t, os.TempDir())
	wantCache(t, logs, "etcd.log", "kube-apiserver.log")
}

func TestStartFailures(t *testing.T) {
	busy, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	busyPort := busy.Addr().(*net.TCPAddr).Port
	tests := map[string]struct {
		options controlplane.Options
		want    []string
	}{
		"a port that is taken":         {controlplane.Options{Port: busyPort}, []string{fmt.Sprintf("port %d cannot be had", busyPort)}},
		"a port for outgoing traffic":  {controlplane.Options{Port: 32768}, []string{"port 32768 is not between 1024 and 32767"}},
		"a privileged port":            {controlplane.Options{Port: 443}, []string{"port 443 is not between"}},
		"a negative timeout":           {controlplane.Options{StartTimeout: -1}, []string{"negative"}},
		"a timeout too short":          {controlplane.Options{StartTimeout: time.Nanosecond}, []string{"not ready after 1ns", "etcd.log"}},
		"an argument etcd refuses":     {controlplane.Options{EtcdArgs: []string{"--kdz"}}, []string{"etcd ended (exit status", "the end of", "-kdz"}},
		"one the API server refuses":   {controlplane.Options{APIServerArgs: []string{"--kdz"}}, []string{"kube-apiserver ended (exit status", "unknown flag: --kdz"}},
		"one the controllers refuse":   {controlplane.Options{ControllerManagerArgs: []string{"--kdz"}}, []string{"kube-controller-manager ended (exit status", "unknown flag: --kdz"}},
		"a folder with nothing in it":  {controlplane.Options{Assets: t.TempDir()}, []string{"has no etcd, no kube-apiserver, no kubectl"}},
		"a folder that cannot be made": {controlplane.Options{Dir: "/dev/null/kdz"}, []string{"/dev/null"}},
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := controlplane.Start(t.Context(), tt.options)
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			wantCache(t, temp)
		})
	}
}

// TestFreePortLost has the API server find its port taken each time.
func TestFreePortLost(t *testing.T) {
	busy, err := net.Listen("tcp4", "127.0.0.1:"+strconv.Itoa(freePort(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	_, port, err := net.SplitHostPort(busy.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	logs := t.TempDir()
	_, err = controlplane.Start(t.Context(), controlplane.Options{LogDir: logs, APIServerArgs: []string{"--secure-port=" + port}})
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("Start = %v, want that the address is in use", err)
	}
	b, err := os.ReadFile(filepath.Join(logs, "kube-apiserver.log"))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(b), "failed to listen on"); got != controlplane.PortAttempts {
		t.Errorf("%d attempts, want %d:\n%s", got, controlplane.PortAttempts, b)
	}
}

func TestCancelledStart(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := fmt.Errorf("enough")
	cancel(cause)
	_, err := controlplane.Start(ctx, controlplane.Options{Assets: builtAssets(t)})
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("Start = %v, want %v", err, cause)
	}
	wantCache(t, temp)
}

// TestProgramEnds kills the API server.
func TestProgramEnds(t *testing.T) {
	cp := start(t, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff})
	if err := cp.Err(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(cp.ProcessID("kube-apiserver"), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	select {
	case <-cp.Done():
	case <-time.After(patience):
		t.Fatal("nothing noticed")
	}
	for what, err := range map[string]error{"Err": cp.Err(), "Stop": cp.Stop()} {
		if err == nil || !strings.Contains(err.Error(), "kube-apiserver ended (signal: killed)") {
			t.Errorf("%s = %v, want that the API server was killed", what, err)
		}
	}
	await(t, "no process left", groupGone(t, controlplane.Group(cp)))
}

// TestVersion tells whether the programs say the version of the nested go.mod,
// both by the name of a link and by the first argument.
func TestVersion(t *testing.T) {
	source, err := controlplane.Source()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	version := string(regexp.MustCompile(`k8s\.io/kubernetes (v\S+)`).FindSubmatch(b)[1])
	cp := controlplanetest.Shared(t)
	out, err := cp.Kubectl(t.Context(), "version").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, side := range []string{"Client", "Server"} {
		if want := side + " Version: " + version + "\n"; !strings.Contains(string(out), want) {
			t.Errorf("kubectl version lacks %q:\n%s", want, out)
		}
	}
	kube := filepath.Join(filepath.Dir(cp.KubectlPath()), "kube")
	for _, program := range []string{"kube-apiserver", "kube-controller-manager"} {
		out, err := exec.Command(kube, program, "--version").CombinedOutput()
		if err != nil || string(out) != "Kubernetes "+version+"\n" {
			t.Errorf("%s --version = %q, %v", program, out, err)
		}
	}
	out, err = exec.Command(kube, "kubelet").CombinedOutput()
	if err == nil || !strings.HasPrefix(string(out), "usage: kube ") {
		t.Errorf("kube kubelet = %q, %v, want the usage", out, err)
	}
}
