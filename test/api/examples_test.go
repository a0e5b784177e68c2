// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

const examplesFolder = "../examples"

// validExamples apply unchanged, in this order.
var validExamples = []string{
	"00-policy.yaml", "01-units.yaml", "02-service-levels.yaml", "03-application-web.yaml", "04-application-sap.yaml", "05-schools.yaml",
	"06a-exemption.yaml", "06b-exempted.yaml", "07-project.yaml", "08-handover.yaml", "09-rights.yaml",
}

// refusedBySchema are the invalid examples that the schema alone refuses.
var refusedBySchema = []string{
	"duration.yaml", "exemption-without-end.yaml", "kdz-without-unit.yaml", "objective.yaml", "scheme.yaml", "timeout.yaml", "union.yaml",
}

// refusedByAdmission are the invalid examples that no schema can refuse: what
// is wrong with them depends on who asks, on the namespace, or on another
// object, which only an admission policy sees. This package has none.
var refusedByAdmission = map[string]string{
	"bought-alone.yaml":  "whether a unit may buy on its own is in the GovernancePolicy and in the exemptions",
	"claimed-kdz.yaml":   "who may name a KDZ unit is a right",
	"claimed-state.yaml": "which services the state provides is in the GovernancePolicy",
	"decentral.yaml":     "how a unit is treated is in the GovernancePolicy",
	"other-unit.yaml":    "the unit of a namespace is in its label",
	"own-unit.yaml":      "which units provide IT is in the GovernancePolicy",
	"self-granted.yaml":  "who may grant an exemption is a right",
}

// TestValidExamples applies the examples as their users do.
func TestValidExamples(t *testing.T) {
	files := yamlFiles(t, examplesFolder)
	if diff := cmp.Diff(validExamples, files); diff != "" {
		t.Fatalf("examples (-want +got):\n%s", diff)
	}
	applyExamples(t)
	c := admin(t)
	for _, file := range files {
		for _, want := range documents(t, filepath.Join(examplesFolder, file)) {
			stored := &unstructured.Unstructured{}
			stored.SetGroupVersionKind(want.GroupVersionKind())
			if err := c.Get(t.Context(), client.ObjectKeyFromObject(want), stored); err != nil {
				t.Error(err)
			}
		}
	}
}

// applyExamples applies the valid examples with kubectl, in order. When the
// test ends, their objects are deleted, but not their namespaces, which would
// take their time.
func applyExamples(t *testing.T) {
	t.Helper()
	c := admin(t)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for _, file := range validExamples {
			for _, o := range documents(t, filepath.Join(examplesFolder, file)) {
				if o.GetKind() == "Namespace" {
					continue
				}
				if err := client.IgnoreNotFound(c.Delete(ctx, o)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for _, file := range validExamples {
		apply := controlplanetest.Shared(t).Kubectl(t.Context(), "apply", "--server-side", "-f", filepath.Join(examplesFolder, file))
		if out, err := apply.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", file, err, out)
		}
	}
}

// TestInvalidExamples shows that the schema refuses those invalid examples
// that are its business, with the words that the file expects, and that it has
// nothing against the others.
func TestInvalidExamples(t *testing.T) {
	folder := filepath.Join(examplesFolder, "invalid")
	all := slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(refusedByAdmission)), refusedBySchema...)))
	if diff := cmp.Diff(all, yamlFiles(t, folder)); diff != "" {
		t.Fatalf("every invalid example is refused by the schema or by admission, and by one of them (-want +got):\n%s", diff)
	}
	c := admin(t)
	for _, file := range all {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join(folder, file)
			words := expected(t, path)
			for _, o := range documents(t, path) {
				ensureNamespace(t, c, o.GetNamespace())
				err := dryApply(t.Context(), c, o)
				switch _, later := refusedByAdmission[file]; {
				case later && err != nil:
					t.Errorf("the schema refuses it: is it still the business of admission? %v", err)
				case !later && err == nil:
					t.Errorf("accepted; it should be refused with %q", words)
				case !later && !strings.Contains(err.Error(), words):
					t.Errorf("want words %q in: %v", words, err)
				}
			}
		})
	}
}

// ensureNamespace creates a namespace, if there is none of the name.
func ensureNamespace(tb testing.TB, c client.Client, name string) {
	tb.Helper()
	if name == "" {
		return
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := c.Create(tb.Context(), namespace); err != nil && !apierrors.IsAlreadyExists(err) {
		tb.Fatal(err)
	}
}

// dryApply asks the server to apply the object, without storing it.
func dryApply(ctx context.Context, c client.Client, o *unstructured.Unstructured) error {
	return c.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("test"), client.ForceOwnership, client.DryRunAll)
}

// yamlFiles are the names of the YAML files of a folder, in order.
func yamlFiles(tb testing.TB, folder string) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no YAML in %s: %v", folder, err)
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = filepath.Base(path)
	}
	return slices.Sorted(slices.Values(names))
}

// documents are the objects of a YAML file.
func documents(tb testing.TB, file string) []*unstructured.Unstructured {
	tb.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return objects(tb, file, raw)
}

// objects are those of a stream of YAML documents.
func objects(tb testing.TB, name string, raw []byte) []*unstructured.Unstructured {
	tb.Helper()
	var all []*unstructured.Unstructured
	reader := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(raw)))
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		content := map[string]any{}
		if err := yaml.UnmarshalStrict(document, &content); err != nil {
			tb.Fatalf("%s: %v", name, err)
		}
		if len(content) > 0 {
			all = append(all, &unstructured.Unstructured{Object: wholeNumbers(content).(map[string]any)})
		}
	}
	if len(all) == 0 {
		tb.Fatalf("%s holds no object", name)
	}
	return all
}

// expected are the words after `# expect:` in a file.
func expected(tb testing.TB, file string) string {
	tb.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		if _, words, ok := strings.Cut(line, "expect:"); ok && strings.HasPrefix(line, "#") && strings.TrimSpace(words) != "" {
			return strings.TrimSpace(words)
		}
	}
	tb.Fatalf("%s says nothing after `# expect:`", file)
	return ""
}
