// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"io"

	"k8s.io/utils/clock"
)

// PortAttempts is how many free ports are tried.
const PortAttempts = portAttempts

// Group is the process group in which the control plane runs.
func Group(cp *ControlPlane) int { return cp.leash.group() }

// Build builds with a go command of the test's own.
func Build(ctx context.Context, source, cache, tool string, progress io.Writer) (string, error) {
	b := builder{source: source, cache: cache, tool: tool, clock: clock.RealClock{}, progress: progress}
	return b.assets(ctx)
}

// Source is where the module is that is built.
func Source() (string, error) { return findSource() }

// TempWorkdir makes a temporary folder in base, as a start does.
func TempWorkdir(base string) (path string, closeIt func() error, err error) {
	w, err := tempWorkdir(base)
	if err != nil {
		return "", nil, err
	}
	return w.path, w.close, nil
}
