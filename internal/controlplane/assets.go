// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/utils/clock"
)

// assetsVariable names a folder with programs to be used as they are. It is
// the one that envtest and setup-envtest know.
const assetsVariable = "KUBEBUILDER_ASSETS"

// keptBuilds is how many builds stay in the cache: this one, and the one of
// the branch one came from.
const keptBuilds = 2

// Assets returns a folder with the programs of the control plane: etcd,
// kube-apiserver, kubectl and, unless somebody else made the folder,
// kube-controller-manager.
//
// If KUBEBUILDER_ASSETS is set, it is that folder, and an error says what is
// missing in it. Otherwise it is a folder in the user's cache (see
// os.UserCacheDir). What is not there yet is built from hack/controlplane,
// which takes minutes and needs the Go tool and its module proxy; progress is
// told how far it is. Of several processes that want it at once one builds and
// the others wait.
func Assets(ctx context.Context, progress io.Writer) (dir string, err error) {
	if progress == nil {
		progress = io.Discard
	}
	if dir = os.Getenv(assetsVariable); dir != "" {
		if dir, err = filepath.Abs(dir); err != nil {
			return "", err
		}
		if err := checkAssets(dir, false); err != nil {
			return "", fmt.Errorf("%s: %w", assetsVariable, err)
		}
		return dir, nil
	}
	source, err := findSource()
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the embedded control plane, set XDG_CACHE_HOME: %w", err)
	}
	b := builder{
		source:   source,
		cache:    filepath.Join(cache, "kdz-operator", "controlplane"),
		tool:     "go",
		clock:    clock.RealClock{},
		progress: progress,
	}
	return b.assets(ctx)
}

// checkAssets returns an error that names the programs which dir lacks.
func checkAssets(dir string, withControllerManager bool) error {
	want := []string{etcd, apiServer, kubectl}
	if withControllerManager {
		want = append(want, controllerManager)
	}
	var missing []string
	for _, name := range want {
		if !isProgram(filepath.Join(dir, name)) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("the folder %s has no %s (unset %s to have the control plane built)",
		dir, strings.Join(missing, ", no "), assetsVariable)
}

// isProgram is whether name is a file that may be executed.
func isProgram(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// prune removes all builds from the cache but keep and those others that were
// used last, so that keptBuilds are left, and what a build that was killed
// left. The caller holds the cache's lock.
func prune(cache, keep string) error {
	entries, err := os.ReadDir(cache)
	if err != nil {
		return err
	}
	type build struct {
		name string
		info os.FileInfo
	}
	var others []build
	var errs []error
	for _, e := range entries {
		switch info, err := e.Info(); {
		case !e.IsDir() || e.Name() == keep:
		case strings.HasPrefix(e.Name(), unfinished):
			errs = append(errs, os.RemoveAll(filepath.Join(cache, e.Name())))
		case err == nil:
			others = append(others, build{e.Name(), info})
		}
	}
	slices.SortFunc(others, func(a, b build) int { return b.info.ModTime().Compare(a.info.ModTime()) })
	for _, b := range others[min(len(others), keptBuilds-1):] {
		errs = append(errs, os.RemoveAll(filepath.Join(cache, b.name)))
	}
	return errors.Join(errs...)
}
