// SPDX-License-Identifier: Apache-2.0

// Package operator builds the operator and runs it outside of a cluster, as a
// process of its own with the rights that an installation gives it, and starts
// it again when it dies.
//
// It knows the operator's flags and nothing of what the operator does.
package operator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Root returns the folder of the module in whose folder or below this process
// works.
func Root(ctx context.Context) (string, error) {
	const module = "kdz.mainz.de/operator"
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("this works in a checkout of %s only, and needs the go command: %w\n%s", module, err, strings.TrimSpace(string(out)))
	}
	return strings.TrimSpace(string(out)), nil
}

// Build builds the operator of the checkout root into the user's cache, where
// each checkout has its own, and returns the program's path. hold is handed the
// command before it starts; nil does nothing.
func Build(ctx context.Context, root string, hold func(*exec.Cmd)) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the operator's program, set XDG_CACHE_HOME: %w", err)
	}
	key := sha256.Sum256([]byte(root))
	program := filepath.Join(cache, "kdz-operator", "demo", hex.EncodeToString(key[:])[:16], "kdz-operator")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/kdz-operator")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if hold != nil {
		hold(cmd)
	}
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "", fmt.Errorf("build the operator: %w", context.Cause(ctx))
	}
	if err != nil {
		return "", fmt.Errorf("build the operator in %s: %w\n%s", root, err, strings.TrimSpace(string(out)))
	}
	return program, nil
}
