// SPDX-License-Identifier: Apache-2.0

// Package audittest hands tests what they need of openreports.io. It must not
// be imported by anything but tests and measurements.
package audittest

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// module that the CustomResourceDefinitions come with.
const module = "github.com/openreports/reports-api"

// CRDs returns the folder that holds the CustomResourceDefinitions of
// openreports.io: those of the module whose types we use, so that what we write
// is held against its own schema.
func CRDs(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	dir := strings.TrimSpace(string(out))
	if err == nil && dir == "" {
		err = errors.New("it is not in the module cache")
	}
	if err != nil {
		return "", fmt.Errorf("look for module %s: %w", module, err)
	}
	return filepath.Join(dir, "config", "crd"), nil
}
