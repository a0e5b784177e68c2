// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"kdz.mainz.de/operator/internal/controlplane"
)

// fakeGo is a go command that builds at once, or waits until somebody writes
// to the pipe hold. It notes each build.
const fakeGo = `#!/bin/sh
case "$1" in
mod) echo '{"Require": [{"Path": "k8s.io/kubernetes", "Version": "v1.2.3"}]}' ;;
env) echo go1.2 ;;
build)
	echo "$$ $*" >>"$FAKE/builds"
	echo example.org/one/package >&2
	if [ -p "$FAKE/hold" ]; then read -r nothing <"$FAKE/hold"; fi
	while [ "$1" != -o ]; do shift; done
	echo '#!/bin/sh' >"$2"
	chmod 755 "$2"
	;;
esac
`

// fake is a go command, a module to build and a cache to build into.
type fake struct{ dir, tool, source, cache string }

func newFake(t *testing.T) fake {
	t.Helper()
	dir := t.TempDir()
	f := fake{dir: dir, tool: filepath.Join(dir, "go"), source: filepath.Join(dir, "source"), cache: filepath.Join(dir, "cache")}
	if err := os.Mkdir(f.source, 0o755); err != nil {
		t.Fatal(err)
	}
	f.write(t, "source/go.mod", "module example.org/fake\n", 0o644)
	f.write(t, "go", fakeGo, 0o755)
	t.Setenv("FAKE", dir)
	return f
}

func (f fake) write(t *testing.T, name, content string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(f.dir, name), []byte(content), mode); err != nil {
		t.Fatal(err)
	}
}

// hold makes builds wait until release.
func (f fake) hold(t *testing.T) {
	t.Helper()
	if err := syscall.Mkfifo(filepath.Join(f.dir, "hold"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (f fake) release(t *testing.T) {
	t.Helper()
	w, err := os.OpenFile(filepath.Join(f.dir, "hold"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), os.Remove(w.Name())); err != nil {
		t.Fatal(err)
	}
}

// builds are the builds so far, as "process arguments". A line that is being
// written is none yet.
func (f fake) builds() []string {
	b, err := os.ReadFile(filepath.Join(f.dir, "builds"))
	if err != nil {
		return nil
	}
	lines := strings.Split(string(b), "\n")
	return lines[:len(lines)-1]
}

// awaitBuild awaits the first build and returns its process.
func (f fake) awaitBuild(t *testing.T) (pid int) {
	t.Helper()
	await(t, "a build begins", func() bool { return len(f.builds()) > 0 })
	pid, err := strconv.Atoi(strings.Fields(f.builds()[0])[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func (f fake) start(t *testing.T) *process {
	t.Helper()
	return startProcess(t, "builder", "SOURCE="+f.source, "CACHE="+f.cache, "TOOL="+f.tool)
}

func (f fake) build(ctx context.Context) (string, error) {
	return controlplane.Build(ctx, f.source, f.cache, f.tool, io.Discard)
}

func TestOfTwoProcessesOneBuilds(t *testing.T) {
	f := newFake(t)
	f.hold(t)
	first := f.start(t)
	f.awaitBuild(t)
	second := f.start(t)
	if got, want := second.expect("waiting for process "), strconv.Itoa(first.cmd.Process.Pid); !strings.HasPrefix(got, want+",") {
		t.Errorf("the second waits for process %q, want %s", got, want)
	}
	f.release(t)
	dir := first.expect("folder ")
	if got := second.expect("folder "); got != dir {
		t.Errorf("the second got %s, the first %s", got, dir)
	}
	builds := f.builds()
	if len(builds) != 1 {
		t.Errorf("%d builds, want 1: %q", len(builds), builds)
	}
	for _, flag := range []string{"-trimpath", "version.gitVersion=v1.2.3 ", "version.gitMajor=1 ", "version.gitMinor=2 "} {
		if !strings.Contains(builds[0], flag) {
			t.Errorf("built without %q: %s", flag, builds[0])
		}
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"} {
		if to, err := os.Readlink(filepath.Join(dir, name)); err != nil || to != "kube" {
			t.Errorf("%s links to %q (%v), want kube", name, to, err)
		}
	}
}

func TestKilledBuilderBlocksNobody(t *testing.T) {
	f := newFake(t)
	f.hold(t)
	killed := f.start(t)
	pid := f.awaitBuild(t)
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended since
		}
	})
	killed.kill()
	await(t, "the go command has ended with its parent", processGone(pid))
	if err := os.Remove(filepath.Join(f.dir, "hold")); err != nil {
		t.Fatal(err)
	}
	dir := f.start(t).expect("folder ")
	if got := len(f.builds()); got != 2 {
		t.Errorf("%d builds, want the killed one and another", got)
	}
	wantCache(t, f.cache, filepath.Base(dir), "lock")
}

func TestCancelledBuildEnds(t *testing.T) {
	f := newFake(t)
	f.hold(t)
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	done := make(chan error)
	go func() {
		_, err := f.build(ctx)
		done <- err
	}()
	pid := f.awaitBuild(t)
	cancel(cause)
	if err := <-done; !errors.Is(err, cause) {
		t.Errorf("build ended with %v, want %v", err, cause)
	}
	await(t, "the go command has ended", processGone(pid))
	wantCache(t, f.cache, "lock")
}

// TestOldBuildsGo builds four versions; the second is used again after the
// third was built, so the third goes.
func TestOldBuildsGo(t *testing.T) {
	f := newFake(t)
	built := map[string]string{}
	for _, version := range []string{"one", "two", "three", "two", "four"} {
		f.write(t, "source/main.go", "package "+version+"\n", 0o644)
		dir, err := f.build(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		built[version] = filepath.Base(dir)
	}
	if got := len(f.builds()); got != 4 {
		t.Errorf("%d builds, want 4", got)
	}
	wantCache(t, f.cache, built["two"], built["four"], "lock")
}

func TestDamagedBuildIsBuiltAgain(t *testing.T) {
	f := newFake(t)
	dir, err := f.build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "kube")); err != nil {
		t.Fatal(err)
	}
	again, err := f.build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again != dir || !exists(filepath.Join(dir, "kube")) {
		t.Errorf("built %s again as %s, which is not complete", dir, again)
	}
}

// TestBuildFailures breaks a copy of the real module and builds it with the
// real go command.
func TestBuildFailures(t *testing.T) {
	noModules := map[string]string{"GOPROXY": "off", "GOMODCACHE": "empty"}
	tests := map[string]struct {
		file, from, to string
		env            map[string]string
		want           []string
	}{
		"an error in the code": {
			file: "main.go", from: "func main() {", to: "func main() { undeclared()",
			want: []string{"main.go:", "undefined: undeclared", "KUBEBUILDER_ASSETS"},
		},
		"modules that cannot be fetched": {
			env:  noModules,
			want: []string{"GOPROXY=off", "KUBEBUILDER_ASSETS"},
		},
		"another go.sum": {
			file: "go.sum", from: "k8s.io/kubernetes v", to: "k8s.io/no-kubernetes v",
			want: []string{"missing go.sum entry", "k8s.io/kubernetes"},
		},
		"no Kubernetes": {
			file: "go.mod", from: "k8s.io/kubernetes v", to: "k8s.io/no-kubernetes v",
			want: []string{"go.mod does not require k8s.io/kubernetes"},
		},
		"no go.mod to be read": {
			file: "go.mod", from: "\nmodule ", to: "\nmodul ",
			want: []string{"go mod edit -json", "unknown directive: modul"},
		},
	}
	real, err := controlplane.Source()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			source, cache := t.TempDir(), t.TempDir()
			if err := os.CopyFS(source, os.DirFS(real)); err != nil {
				t.Fatal(err)
			}
			if tt.file != "" {
				replace(t, filepath.Join(source, tt.file), tt.from, tt.to)
			}
			for name, value := range tt.env {
				if value == "empty" {
					value = t.TempDir()
				}
				t.Setenv(name, value)
			}
			var progress bytes.Buffer
			_, err := controlplane.Build(t.Context(), source, cache, "go", &progress)
			if err == nil {
				t.Fatal("it was built")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error lacks %q: %v", want, err)
				}
			}
			for _, e := range cacheEntries(t, cache) {
				if e != "lock" {
					t.Errorf("%s was left in the cache", e)
				}
			}
		})
	}
}

func TestNoGoCommand(t *testing.T) {
	f := newFake(t)
	f.tool = "kdz-there-is-no-such-command"
	if _, err := f.build(t.Context()); err == nil || !strings.Contains(err.Error(), "is built with the go command") {
		t.Errorf("error %v, want one that says what the go command is needed for", err)
	}
}

func replace(t *testing.T, file, from, to string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after := bytes.Replace(b, []byte(from), []byte(to), 1)
	if bytes.Equal(after, b) {
		t.Fatalf("%s has no %q", file, from)
	}
	if err := os.WriteFile(file, after, 0o644); err != nil {
		t.Fatal(err)
	}
}

func cacheEntries(t *testing.T, cache string) []string {
	t.Helper()
	entries, err := os.ReadDir(cache)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func wantCache(t *testing.T, cache string, want ...string) {
	t.Helper()
	got := cacheEntries(t, cache)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the cache has %q, want %q", got, want)
	}
}
