// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// definition is a CustomResourceDefinition with a short name.
const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: %[1]s.test.kdz.mainz.de
spec:
  group: test.kdz.mainz.de
  scope: Namespaced
  names: {kind: %[2]s, plural: %[1]s, shortNames: [%[3]s]}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema: {type: object, %[4]s}
`

func writeFile(t *testing.T, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestInstallCRDs(t *testing.T) {
	cp := controlplanetest.Shared(t)
	dir := t.TempDir()
	writeFile(t, dir, "two.yaml", fmt.Sprintf(definition, "presses", "Press", "pr", "")+"---\n"+
		fmt.Sprintf(definition, "letters", "Letter", "le", "")+"---\n"+
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: neighbour, namespace: default}\n")
	for _, again := range []string{"", "properties: {spec: {type: string}}"} {
		writeFile(t, dir, "one.yaml", fmt.Sprintf(definition, "inks", "Ink", "ink", again))
		if err := controlplane.InstallCRDs(t.Context(), cp.Config, dir); err != nil {
			t.Fatal(err)
		}
		for _, resource := range []string{"presses", "le", "inks"} {
			if out, err := cp.Kubectl(t.Context(), "get", resource).CombinedOutput(); err != nil {
				t.Errorf("kubectl get %s: %v: %s", resource, err, out)
			}
		}
	}
	out, err := cp.Kubectl(t.Context(), "explain", "inks").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "spec") {
		t.Errorf("the second version was not installed: %v: %s", err, out)
	}
	if out, err := cp.Kubectl(t.Context(), "get", "configmap", "neighbour").CombinedOutput(); err == nil {
		t.Errorf("something else was installed too: %s", out)
	}
}

func TestInstallCRDsFailures(t *testing.T) {
	cp := controlplanetest.Shared(t)
	taken := t.TempDir()
	writeFile(t, taken, "first.yaml", fmt.Sprintf(definition, "quires", "Quire", "qu", ""))
	if err := controlplane.InstallCRDs(t.Context(), cp.Config, taken); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ file, want string }{
		"a schema that is refused": {fmt.Sprintf(definition, "bad", "Bad", "bad", "properties: {x: {type: nonsense}}"), "nonsense"},
		"a kind that is taken":     {fmt.Sprintf(definition, "others", "Quire", "ot", ""), `is already in use`},
		"no YAML":                  {"{", "converting YAML to JSON"},
		"nothing to install":       {"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "no CustomResourceDefinition in"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "one.yaml", tt.file)
			if err := controlplane.InstallCRDs(t.Context(), cp.Config, dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("InstallCRDs = %v, want an error with %q", err, tt.want)
			}
		})
	}
	if err := controlplane.InstallCRDs(t.Context(), cp.Config, filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a folder that is not there was installed")
	}
}
