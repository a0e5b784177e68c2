// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"k8s.io/utils/clock"
)

const (
	// binary is the one file that all programs are links to.
	binary = "kube"
	// unfinished begins the name of the folder that is built into.
	unfinished = "unfinished-"
	// versionedModule is the module whose version the control plane tells.
	versionedModule = "k8s.io/kubernetes"
	versionPackage  = "k8s.io/component-base/version"
	// lockPoll is the time between two tries to get the lock.
	lockPoll = 200 * time.Millisecond
)

// builder builds the programs of the control plane from the nested module in
// the folder source into a folder of cache.
type builder struct {
	source, cache string
	// tool is the go command.
	tool     string
	clock    clock.WithTicker
	progress io.Writer
}

// assets returns the folder with the programs, which it builds if need be.
func (b *builder) assets(ctx context.Context) (string, error) {
	flags, err := b.flags(ctx)
	if err != nil {
		return "", err
	}
	goVersion, err := b.output(ctx, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	key, err := sourceKey(b.source, append(flags, strings.TrimSpace(string(goVersion)), runtime.GOOS, runtime.GOARCH)...)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(b.cache, key)
	if checkAssets(dir, true) == nil {
		now := b.clock.Now()
		_ = os.Chtimes(dir, now, now) // so that prune sees what is in use; a cache that may only be read is not pruned
		return dir, nil
	}
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return "", err
	}
	lock, err := b.lock(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = lock.unlock() }() // closing a file that was only locked
	if checkAssets(dir, true) == nil {
		return dir, nil // somebody built it while this process waited
	}
	if err := b.build(ctx, dir, flags); err != nil {
		return "", err
	}
	if err := prune(b.cache, key); err != nil {
		_, _ = fmt.Fprintln(b.progress, "old builds stay in the cache:", err) // which keeps nobody from using the new one
	}
	return dir, nil
}

// lock waits until no other process builds.
func (b *builder) lock(ctx context.Context) (*fileLock, error) {
	name := filepath.Join(b.cache, lockFile)
	tick := b.clock.NewTicker(lockPoll)
	defer tick.Stop()
	var told *reporter
	for {
		lock, err := tryLock(name)
		if !errors.Is(err, errLocked) {
			told.finish("")
			return lock, err
		}
		if told == nil {
			told = newReporter(b.progress, b.clock)
		}
		told.report("waiting for " + lockHolder(name) + ", which builds the embedded control plane")
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s, which builds the embedded control plane: %w", lockHolder(name), context.Cause(ctx))
		case <-tick.C():
		}
	}
}

// build builds into a folder of another name and gives it its own when it is
// complete, so that there is no half a build.
func (b *builder) build(ctx context.Context, dir string, flags []string) (err error) {
	temp, err := os.MkdirTemp(b.cache, unfinished)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := os.Chmod(temp, 0o755); err != nil {
		return err
	}
	if err := b.compile(ctx, temp, flags); err != nil {
		return err
	}
	for _, name := range []string{etcd, apiServer, controllerManager, kubectl} {
		if err := os.Symlink(binary, filepath.Join(temp, name)); err != nil {
			return err
		}
	}
	// A folder that is there all the same lacks something.
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

// compile runs the go command, tells its progress and, if it fails, the end of
// what it said.
func (b *builder) compile(ctx context.Context, temp string, flags []string) (err error) {
	leash, err := newLeash(temp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leash.release()) }()
	cmd := b.command(append([]string{"build", "-v", "-o", filepath.Join(temp, binary)}, append(flags, ".")...)...)
	leash.hold(cmd)
	log := newBuildLog(newReporter(b.progress, b.clock))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("build the embedded control plane: %w", err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	if err = b.follow(ctx, log, done); err == nil {
		log.finish("built")
		return nil
	}
	if ctx.Err() != nil {
		err = errors.Join(leash.release(), <-done) // which ends the build
		log.finish("given up")
		return errors.Join(fmt.Errorf("build the embedded control plane: %w", context.Cause(ctx)), err)
	}
	log.finish("failed")
	return fmt.Errorf("build the embedded control plane in %s: %w; the end of what go build said:\n%s\n"+
		"(it needs the Go module proxy the first time, and some 4 GB of space; with %s set to a folder that has %s, %s and %s nothing is built)",
		b.source, err, log.tail(), assetsVariable, etcd, apiServer, kubectl)
}

// follow reports each second until the build is done or ctx is.
func (b *builder) follow(ctx context.Context, log *buildLog, done <-chan error) error {
	tick := b.clock.NewTicker(time.Second)
	defer tick.Stop()
	for {
		log.report()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C():
		}
	}
}

// flags are those of go build, with the version that the nested go.mod names.
func (b *builder) flags(ctx context.Context) ([]string, error) {
	out, err := b.output(ctx, "mod", "edit", "-json")
	if err != nil {
		return nil, err
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		return nil, fmt.Errorf("%s/go.mod: %w", b.source, err)
	}
	for _, r := range mod.Require {
		if r.Path == versionedModule {
			return buildFlags(r.Version), nil
		}
	}
	return nil, fmt.Errorf("%s/go.mod does not require %s", b.source, versionedModule)
}

// buildFlags are the flags of go build that stamp a version such as v1.36.3.
func buildFlags(version string) []string {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	stamp := func(name, value string) string { return fmt.Sprintf(" -X %s.%s=%s", versionPackage, name, value) }
	return []string{
		"-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags=-s -w" +
			stamp("gitVersion", version) + stamp("gitMajor", major) + stamp("gitMinor", minor) + stamp("gitTreeState", "archive"),
	}
}

// command is a go command for the nested module, for this machine and not for
// what the environment may say.
func (b *builder) command(args ...string) *exec.Cmd {
	cmd := exec.Command(b.tool, args...)
	cmd.Dir = b.source
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	return cmd
}

// output runs a short go command.
func (b *builder) output(ctx context.Context, args ...string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	cmd := b.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, fmt.Errorf("the embedded control plane is built with the go command: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
