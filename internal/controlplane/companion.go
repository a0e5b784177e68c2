// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"os/exec"
	"path/filepath"
)

// Hold has a command that was not started yet, such as an operator to be tried
// on this control plane, run in the control plane's process group: Ctrl-C in a
// terminal does not reach it, and it ends with the control plane at the latest,
// killed, also if this process is. Ending it in its own good time before Stop
// is the caller's.
func (cp *ControlPlane) Hold(cmd *exec.Cmd) { cp.leash.hold(cmd) }

// Dir is the folder of the control plane. What is put there goes with it: at
// the end, unless Options.Dir was set.
func (cp *ControlPlane) Dir() string { return filepath.Dir(cp.Kubeconfig()) }
