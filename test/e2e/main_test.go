// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	ctrl "sigs.k8s.io/controller-runtime"

	"kdz.mainz.de/operator/internal/controlplane"
)

// root of the repository, seen from here.
const root = "../.."

// programs are what every test of this binary runs, made once by TestMain.
var programs struct {
	// assets is the folder of the control plane's programs.
	assets string
	// operator and plugin are the paths of the binaries.
	operator, plugin string
	// leash holds every process that a test starts.
	leash *leash
}

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	code, err := run(m)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "end-to-end tests:", err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// run makes what the tests need, runs them, and leaves nothing behind.
func run(m *testing.M) (code int, err error) {
	if list := flag.Lookup("test.list"); list != nil && list.Value.String() != "" {
		return m.Run(), nil
	}
	if err := remember("cmd", "config", "hack/demo", "hack/catalogue/data", "internal", "test/backup/testdata", "test/examples"); err != nil {
		return 1, err
	}
	ctx := context.Background()
	if programs.assets, err = controlplane.Assets(ctx, os.Stderr); err != nil {
		return 1, err
	}
	dir, err := os.MkdirTemp("", "kdz-e2e-")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	// What tests keep for a while is there too, so that the watchdog finds it.
	if err := os.Setenv("TMPDIR", dir); err != nil {
		return 1, err
	}
	programs.operator, programs.plugin = filepath.Join(dir, "kdz-operator"), filepath.Join(dir, "kubectl-kdz")
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", dir, "./cmd/...")
	build.Dir = root
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 1, fmt.Errorf("build the operator and the plugin: %w", err)
	}
	if programs.leash, err = newLeash(dir); err != nil {
		return 1, err
	}
	defer programs.leash.release()
	return m.Run(), nil
}

// remember looks at every file below folders of the repository. What the go
// command sees a test look at counts when it decides whether a cached result
// still holds; what a child reads it would not know of.
func remember(folders ...string) error {
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				_, err = os.Stat(path)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
