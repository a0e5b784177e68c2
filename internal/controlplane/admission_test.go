// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// admissionPolicy refuses ConfigMaps of a name; what is put into it are the
// names of all, a line of its spec, and its expression.
const admissionPolicy = `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %[1]s.test.kdz.mainz.de}
spec:
  %[2]s
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps], resourceNames: [%[1]s]}
  validations:
  - {expression: %[3]q, message: "not %[1]s"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %[1]s.test.kdz.mainz.de}
spec:
  policyName: %[1]s.test.kdz.mainz.de
  validationActions: [Deny]
`

// removed at the end, since a policy with a warning would be in the way of
// others.
func removePolicy(t *testing.T, cp *controlplane.ControlPlane, name string) {
	t.Helper()
	t.Cleanup(func() {
		for _, kind := range []string{"validatingadmissionpolicybinding", "validatingadmissionpolicy"} {
			if out, err := cp.Kubectl(context.WithoutCancel(t.Context()), "delete", kind, name+".test.kdz.mainz.de", "--ignore-not-found").CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		}
	})
}

// What was installed acts at once, with parameters of a kind that is new to
// the API server as well, and can be changed.
func TestInstallAdmission(t *testing.T) {
	cp := controlplanetest.Shared(t)
	crds, dir := t.TempDir(), t.TempDir()
	writeFile(t, crds, "one.yaml", fmt.Sprintf(definition, "stamps", "Stamp", "stmp", ""))
	if err := controlplane.InstallCRDs(t.Context(), cp.Config, crds); err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [plain.yaml]\n")
	writeFile(t, dir, "plain.yaml", fmt.Sprintf(admissionPolicy, "plain", "", "false"))
	with := fmt.Sprintf(admissionPolicy, "with-stamp", "paramKind: {apiVersion: test.kdz.mainz.de/v1, kind: Stamp}", "false")
	writeFile(t, dir, "with-stamp.yaml", with+"  paramRef: {name: one, namespace: default, parameterNotFoundAction: Deny}\n---\n# nothing\n---\n"+
		"apiVersion: test.kdz.mainz.de/v1\nkind: Stamp\nmetadata: {name: one, namespace: default}\n")
	for _, name := range []string{"plain", "with-stamp"} {
		removePolicy(t, cp, name)
	}
	if err := cp.InstallAdmission(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"plain", "with-stamp"} {
		out, err := cp.Kubectl(t.Context(), "create", "configmap", name).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "not "+name) {
			t.Errorf("%s was not refused, or for another reason: %v: %s", name, err, out)
		}
	}
	writeFile(t, dir, "plain.yaml", fmt.Sprintf(admissionPolicy, "plain", "", "true"))
	if err := cp.InstallAdmission(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if out, err := cp.Kubectl(t.Context(), "create", "configmap", "plain").CombinedOutput(); err != nil {
		t.Errorf("the change does not act: %v: %s", err, out)
	}
	left, err := cp.Kubectl(t.Context(), "get", "validatingadmissionpolicies,validatingadmissionpolicybindings,clusterroles", "-o", "name").CombinedOutput()
	if err != nil || strings.Contains(string(left), "sentinel") {
		t.Errorf("something was left behind: %v: %s", err, left)
	}
}

func TestInstallAdmissionFailures(t *testing.T) {
	cp := controlplanetest.Shared(t)
	for _, name := range []string{"warned", "refused"} {
		removePolicy(t, cp, name)
	}
	tests := map[string]struct{ file, want string }{
		"a warning of the type check": {fmt.Sprintf(admissionPolicy, "warned", "", "object.dataa.size() == 0"), "undefined field 'dataa'"},
		"refused by the API server":   {fmt.Sprintf(admissionPolicy, "refused", "", "object.data.size("), "apply ValidatingAdmissionPolicy refused.test.kdz.mainz.de"},
		"no YAML":                     {"{", "document 1"},
		"a field that stands twice":   {"kind: ConfigMap\nkind: Secret\n", "document 1"},
		"an object without a name":    {"apiVersion: v1\nkind: ConfigMap\n", "needs apiVersion, kind and metadata.name"},
		"nothing to install":          {"# nothing\n", "no object in"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, dir, "one.yaml", tt.file)
			if err := cp.InstallAdmission(t.Context(), dir); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("InstallAdmission = %v, want an error with %q", err, tt.want)
			}
		})
	}
	if err := cp.InstallAdmission(t.Context(), filepath.Join(t.TempDir(), "gone")); err == nil {
		t.Error("a folder that is not there was installed")
	}
}
