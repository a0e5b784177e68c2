// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// modulePath is the module whose checkout has hack/controlplane.
const modulePath = "kdz.mainz.de/operator"

// findSource finds hack/controlplane: in the checkout that the working
// directory is in or else in the one that this file was compiled in.
func findSource() (string, error) {
	var starts []string
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	// With -trimpath this is no path of the file system, and finds nothing.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		starts = append(starts, filepath.Dir(file))
	}
	for _, start := range starts {
		if root, ok := findModule(start); ok {
			return filepath.Join(root, "hack", "controlplane"), nil
		}
	}
	return "", fmt.Errorf("no checkout of %s in %s or above, to build the control plane from: go there or set %s",
		modulePath, strings.Join(starts, " or "), assetsVariable)
}

// findModule walks up from dir to the folder whose go.mod is modulePath's.
func findModule(dir string) (string, bool) {
	for {
		b, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			for line := range bytes.Lines(b) {
				if strings.TrimSpace(string(line)) == "module "+modulePath {
					return dir, true
				}
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", false
		}
		dir = up
	}
}

// sourceKey is a name for what is built from the module in the folder source:
// another one if any of its Go files, its go.mod or go.sum, or what else is
// given, is another.
func sourceKey(source string, more ...string) (string, error) {
	h := sha256.New()
	add := func(name string, content []byte) {
		_, _ = fmt.Fprintf(h, "%q %d\n", name, len(content)) // a hash never fails
		_, _ = h.Write(content)
	}
	err := filepath.WalkDir(source, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, isTest := e.Name(), strings.HasSuffix(e.Name(), "_test.go")
		if name != "go.mod" && name != "go.sum" && (filepath.Ext(name) != ".go" || isTest) {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(source, path)
		add(filepath.ToSlash(rel), content)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("the source of the control plane: %w", err)
	}
	if _, err := os.Stat(filepath.Join(source, "go.mod")); err != nil {
		return "", errors.Join(errors.New("the source of the control plane is no Go module"), err)
	}
	for _, m := range more {
		add("", []byte(m))
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
