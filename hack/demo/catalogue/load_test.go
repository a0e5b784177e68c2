// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write makes files, by their path below a new folder.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	layers     = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nsortOptions:\n  order: fifo\nresources: [one, two, three]\n"
	unit       = "apiVersion: kdz.mainz.de/v1alpha1\nkind: OrganisationalUnit\nmetadata:\n  name: kdz-16\nspec:\n  number: \"16\"\n"
	namespace  = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: kdz-16\n  labels:\n    kdz.mainz.de/unit: kdz-16\n"
	appliances = "# a comment\n---\n" +
		"apiVersion: kdz.mainz.de/v1alpha1\nkind: Application\nmetadata:\n  name: a\n  namespace: kdz-16\n" +
		"---\n" +
		"apiVersion: kdz.mainz.de/v1alpha1\nkind: Application\nmetadata:\n  name: b\n  namespace: kdz-16\n"
)

// valid is a catalogue of three layers, the last of which is empty.
func valid() map[string]string {
	return map[string]string{
		"kustomization.yaml":       layers,
		"one/kustomization.yaml":   "resources: [units.yaml, namespaces.yaml]\n",
		"one/units.yaml":           unit,
		"one/namespaces.yaml":      namespace,
		"two/kustomization.yaml":   "resources:\n- applications.yaml\n",
		"two/applications.yaml":    appliances,
		"three/kustomization.yaml": "resources: []\n",
	}
}

func TestLoad(t *testing.T) {
	dir := write(t, valid())
	c, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range c.Layers {
		got = append(got, l.Name)
		for _, f := range l.Files {
			for _, o := range f {
				got = append(got, strings.TrimPrefix(o.String(), dir+"/"))
			}
		}
	}
	want := []string{
		"one", "one/units.yaml: OrganisationalUnit kdz-16", "one/namespaces.yaml: Namespace kdz-16",
		"two", "two/applications.yaml: Application kdz-16/a", "two/applications.yaml: Application kdz-16/b",
		"three",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := c.Layers[1].Count(); n != 2 {
		t.Errorf("layer two has %d objects", n)
	}
	applications, err := c.Applications()
	if err != nil || len(applications) != 2 || applications[1].Name != "b" {
		t.Errorf("applications %v, %v", applications, err)
	}
	numbers, err := c.Numbers()
	if diff := cmp.Diff(map[string]string{"kdz-16": "16"}, numbers); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"no layer's folder", "kustomization.yaml", "resources: [four]\n", "four: no such file or directory"},
		{"patches", "two/kustomization.yaml", "resources: []\npatches: []\n", `two/kustomization.yaml: only a list of resources is understood here: error unmarshaling JSON: while decoding JSON: json: unknown field "patches"`},
		{"escape", "two/kustomization.yaml", "resources: [../one]\n", `two/kustomization.yaml: resource "../one" is not below the folder`},
		{"no YAML", "two/applications.yaml", "kind: [\n", "two/applications.yaml: document 1: "},
		{"a key twice", "two/applications.yaml", "kind: a\nkind: b\n", `two/applications.yaml: document 1: `},
		{"no name", "two/applications.yaml", unit + "---\nkind: Application\n", "two/applications.yaml: document 2: an object needs apiVersion, kind and metadata.name"},
		{"twice", "two/applications.yaml", unit, "two/applications.yaml: OrganisationalUnit kdz-16: stands in "},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := valid()
			files[c.file] = c.content
			_, err := Load(write(t, files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestLoadRefusesWhatIsNoCatalogue(t *testing.T) {
	empty := t.TempDir()
	if _, err := Load(empty); err == nil || err.Error() != empty+" is no layer of a catalogue: it has no kustomization.yaml" {
		t.Error(err)
	}
	dir := write(t, map[string]string{"kustomization.yaml": "resources: []\n"})
	if _, err := Load(dir); err == nil || err.Error() != dir+": there is no object in any layer" {
		t.Error(err)
	}
}

func TestConvertRefuses(t *testing.T) {
	for _, c := range []struct{ name, file, content, want string }{
		{"unknown field", "two/applications.yaml", appliances + "spec:\n  colour: red\n", `Application kdz-16/b: strict decoding error: unknown field "spec.colour"`},
		{"wrong type", "two/applications.yaml", appliances + "spec:\n  endpoints: 5\n", "Application kdz-16/b: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := valid()
			files[c.file] = c.content
			catalogue, err := Load(write(t, files))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := catalogue.Applications(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	files := valid()
	files["one/namespaces.yaml"] = strings.Replace(namespace, "unit: kdz-16", "unit: kdz-17", 1)
	catalogue, err := Load(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	want := `Namespace kdz-16: label kdz.mainz.de/unit names the unit "kdz-17", which the catalogue does not have`
	if _, err := catalogue.Numbers(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}
