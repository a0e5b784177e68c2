// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"kdz.mainz.de/operator/internal/controlplane"
)

func TestCompanionEndsWithTheControlPlane(t *testing.T) {
	cp := start(t, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff})
	left := filepath.Join(cp.Dir(), "left")
	if err := os.WriteFile(left, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "3600")
	cp.Hold(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if group, err := syscall.Getpgid(cmd.Process.Pid); err != nil || group != controlplane.Group(cp) {
		t.Errorf("in process group %d, want %d; %v", group, controlplane.Group(cp), err)
	}
	if err := cp.Stop(); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Errorf("ended with %v, want by a signal", err)
	}
	if exists(left) {
		t.Errorf("%s is left", left)
	}
}
