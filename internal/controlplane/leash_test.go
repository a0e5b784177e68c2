// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// groupGone is whether no process of the group runs any more. One that has
// ended but that nobody has waited for does not run.
func groupGone(t *testing.T, group int) func() bool {
	return func() bool {
		if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
			return true
		}
		// Some containers' first process waits for nobody's orphans.
		stats, err := filepath.Glob("/proc/[0-9]*/stat")
		if err != nil || len(stats) == 0 {
			return false
		}
		for _, name := range stats {
			b, err := os.ReadFile(name)
			if err != nil {
				continue // it has ended just now
			}
			// pid (name) state ppid pgrp …
			fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
			if len(fields) > 2 && fields[2] == strconv.Itoa(group) && fields[0] != "Z" && fields[0] != "X" {
				return false
			}
		}
		return true
	}
}

// refused is whether nobody listens at the address.
func refused(address string) func() bool {
	return func() bool {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}
}

// deafAssets is a folder with the same programs, which however do not look
// after their parent, as those that setup-envtest fetches.
func deafAssets(t *testing.T) string {
	t.Helper()
	real := builtAssets(t)
	dir := t.TempDir()
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"} {
		script := fmt.Sprintf("#!/bin/sh\nunset KDZ_EXIT_WITH_PARENT\nexec '%s' \"$@\"\n", filepath.Join(real, name))
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestParentKilled kills the process that started a control plane.
func TestParentKilled(t *testing.T) {
	tests := map[string]struct {
		assets func(*testing.T) string
		// killWatchdog leaves only the programs themselves to notice.
		killWatchdog bool
	}{
		"the watchdog ends foreign programs": {assets: deafAssets},
		"our own end without the watchdog":   {assets: builtAssets, killWatchdog: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			p := startProcess(t, "parent", "KUBEBUILDER_ASSETS="+tt.assets(t), "TMPDIR="+temp)
			group, err := strconv.Atoi(p.expect("group "))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if t.Failed() {
					_ = syscall.Kill(-group, syscall.SIGKILL) // it may have ended since
				}
			})
			folder, host := p.expect("folder "), p.expect("host ")
			if groupGone(t, group)() || refused(host)() {
				t.Fatal("it does not run before the parent is killed: this test would see nothing")
			}
			// The watchdog outlives what a terminal or a shutdown sends.
			signals := []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM}
			if tt.killWatchdog {
				signals = []syscall.Signal{syscall.SIGKILL}
			}
			for _, s := range signals {
				if err := syscall.Kill(group, s); err != nil {
					t.Fatal(err)
				}
			}
			p.kill()
			await(t, "no process left", groupGone(t, group))
			await(t, "nobody listens", refused(host))
			if tt.killWatchdog {
				sweeps(t, temp, folder)
			} else {
				await(t, "temporary data removed", func() bool { return !exists(folder) })
			}
		})
	}
}

// TestFolderOfTheKilled kills the process that started a control plane in a
// folder which is kept, and starts another one there.
func TestFolderOfTheKilled(t *testing.T) {
	dir := t.TempDir()
	p := startProcess(t, "parent", "DIR="+dir)
	group, err := strconv.Atoi(p.expect("group "))
	if err != nil {
		t.Fatal(err)
	}
	p.expect("host ")
	p.kill()
	await(t, "no process left", groupGone(t, group))
	if !exists(filepath.Join(dir, "etcd.sock")) || !exists(filepath.Join(dir, "kubeconfig")) {
		t.Error("the killed one did not leave its folder as it was: this test would see nothing")
	}
	cp := start(t, controlplane.Options{Dir: dir})
	if err := cp.Stop(); err != nil {
		t.Error(err)
	}
}

// sweeps tells whether the next start removes the folder that a control plane
// of a killed process left in temp.
func sweeps(t *testing.T, temp, folder string) {
	t.Helper()
	if !exists(folder) {
		t.Fatalf("%s is gone already", folder)
	}
	await(t, "the next start removes "+folder, func() bool {
		path, closeIt, err := controlplane.TempWorkdir(temp)
		if err != nil {
			t.Fatal(err)
		}
		if !exists(path) {
			t.Errorf("%s does not exist", path)
		}
		if err := closeIt(); err != nil {
			t.Error(err)
		}
		return !exists(folder)
	})
}

// TestOwnProcessGroup tells whether Ctrl-C in a terminal, which goes to the
// group of the process in the foreground, leaves the programs alone.
func TestOwnProcessGroup(t *testing.T) {
	cp := controlplanetest.Shared(t)
	for _, program := range []string{"etcd", "kube-apiserver", "kube-controller-manager"} {
		group, err := syscall.Getpgid(cp.ProcessID(program))
		if err != nil {
			t.Fatal(err)
		}
		if group != controlplane.Group(cp) || group == syscall.Getpgrp() {
			t.Errorf("%s is in process group %d, want %d, and this test in another than %d", program, group, controlplane.Group(cp), syscall.Getpgrp())
		}
	}
}

func TestSweepLeavesWhatIsInUse(t *testing.T) {
	temp := t.TempDir()
	first, closeFirst, err := controlplane.TempWorkdir(temp)
	if err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(temp, "kdz-controlplane-without-a-lock")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	_, closeSecond, err := controlplane.TempWorkdir(temp)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{first, foreign} {
		if !exists(dir) {
			t.Errorf("%s was removed", dir)
		}
	}
	for _, closeIt := range []func() error{closeFirst, closeSecond} {
		if err := closeIt(); err != nil {
			t.Error(err)
		}
	}
	if exists(first) {
		t.Errorf("%s was not removed", first)
	}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// processGone is whether the process has ended.
func processGone(pid int) func() bool {
	return func() bool {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && strings.HasPrefix(string(b[strings.LastIndexByte(string(b), ')')+1:]), " Z")
	}
}
