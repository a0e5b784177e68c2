// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// root of the repository, from this package.
const root = "../.."

// read decodes a YAML file of the repository.
func read(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// crds returns the generated CRDs by their path below config/crd.
func crds(t *testing.T) map[string]apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "config/crd/bases/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Fatal("config/crd/bases is empty: run make manifests")
	}
	found := map[string]apiextensionsv1.CustomResourceDefinition{}
	for _, path := range paths {
		var crd apiextensionsv1.CustomResourceDefinition
		base := "bases/" + filepath.Base(path)
		read(t, filepath.Join("config/crd", base), &crd)
		found[base] = crd
	}
	return found
}

// kinds returns kind -> namespaced of the generated CRDs.
func kinds(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	for _, crd := range crds(t) {
		found[crd.Spec.Names.Kind] = crd.Spec.Scope == apiextensionsv1.NamespaceScoped
	}
	return found
}

func TestKustomizationListsEveryCRD(t *testing.T) {
	var kustomization struct{ Resources []string }
	read(t, "config/crd/kustomization.yaml", &kustomization)
	var want []string
	for base := range crds(t) {
		want = append(want, base)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, kustomization.Resources); diff != "" {
		t.Errorf("resources of config/crd/kustomization.yaml (-generated +listed)\n%s", diff)
	}
}

func TestSchemeKnowsEveryCRD(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	registered := map[string]bool{}
	for kind, typ := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		// The scheme also holds the options of the API machinery.
		if strings.HasSuffix(typ.PkgPath(), "/api/v1alpha1") && !strings.HasSuffix(kind, "List") {
			registered[kind] = true
			if !scheme.Recognizes(v1alpha1.GroupVersion.WithKind(kind + "List")) {
				t.Errorf("%s is registered, %sList is not", kind, kind)
			}
		}
	}
	generated := map[string]bool{}
	for kind := range kinds(t) {
		generated[kind] = true
	}
	if diff := cmp.Diff(generated, registered); diff != "" {
		t.Errorf("kinds (-generated +registered)\n%s", diff)
	}
}

func TestProjectNamesEveryKind(t *testing.T) {
	type resource struct {
		API struct {
			CRDVersion string
			Namespaced bool
		}
		Controller                         bool
		Domain, Group, Kind, Path, Version string
	}
	var project struct {
		Domain, ProjectName, Repo, Version string
		Layout                             []string
		Resources                          []resource
	}
	read(t, "PROJECT", &project)

	if diff := cmp.Diff([]string{"go.kubebuilder.io/v4"}, project.Layout); diff != "" {
		t.Errorf("layout (-want +got)\n%s", diff)
	}
	listed := map[string]bool{}
	for _, r := range project.Resources {
		got := schema.GroupVersion{Group: r.Group + "." + r.Domain, Version: r.Version}
		if got != v1alpha1.GroupVersion || r.Domain != project.Domain || r.API.CRDVersion != "v1" ||
			r.Path != project.Repo+"/api/"+r.Version {
			t.Errorf("%s: group version %s, path %s", r.Kind, got, r.Path)
		}
		if _, twice := listed[r.Kind]; twice {
			t.Errorf("%s is listed twice", r.Kind)
		}
		listed[r.Kind] = r.API.Namespaced
	}
	if diff := cmp.Diff(kinds(t), listed); diff != "" {
		t.Errorf("kind -> namespaced (-generated +PROJECT)\n%s", diff)
	}
}

// handles is what people type after kubectl get. A name that ships stays.
var handles = map[string]string{
	"Application":        "itapp",
	"AvailabilityRecord": "itavail",
	"Exemption":          "itexempt",
	"GovernancePolicy":   "itpolicy",
	"Handover":           "handover",
	"OrganisationalUnit": "ou",
	"Project":            "itproj",
	"ServiceLevel":       "slevel",
	"SignOff":            "signoff",
}

// Every CRD says of itself what the conventions of the model ask for.
func TestCRDConventions(t *testing.T) {
	for base, crd := range crds(t) {
		names := crd.Spec.Names
		if !slices.Contains(names.Categories, "kdz") {
			t.Errorf("%s: not in category kdz", base)
		}
		if handle := handles[names.Kind]; !slices.Contains(append(names.ShortNames, names.Singular), handle) {
			t.Errorf("%s: short names %v, want %q", base, names.ShortNames, handle)
		}
		for _, version := range crd.Spec.Versions {
			if len(version.AdditionalPrinterColumns) == 0 {
				t.Errorf("%s: kubectl get would show nothing but names", base)
			}
			if n := len(version.SelectableFields); n > 8 {
				t.Errorf("%s: %d selectable fields, the API server allows 8", base, n)
			}
		}
	}
}

// roles returns the ClusterRoles written for people, by name.
func roles(t *testing.T) map[string]rbacv1.ClusterRole {
	t.Helper()
	found := map[string]rbacv1.ClusterRole{}
	for _, name := range []string{"viewer", "editor"} {
		var role rbacv1.ClusterRole
		read(t, "config/rbac/"+name+"_role.yaml", &role)
		found[name] = role
	}
	return found
}

// A status is the operator's word, a virtual subresource is a right of its
// own, and a star would grant both.
func TestRolesForPeopleGrantNoSubresource(t *testing.T) {
	for name, role := range roles(t) {
		for _, rule := range role.Rules {
			for _, resource := range rule.Resources {
				if strings.ContainsAny(resource, "/*") {
					t.Errorf("%s grants %s", name, resource)
				}
			}
			if slices.Contains(rule.Verbs, "*") || slices.Contains(rule.APIGroups, "*") {
				t.Errorf("%s has a star: %v", name, rule)
			}
		}
	}
}

// Whoever may look may look at everything of the group.
func TestRolesForPeopleReadEveryKind(t *testing.T) {
	var want []string
	for _, crd := range crds(t) {
		want = append(want, crd.Spec.Names.Plural)
	}
	slices.Sort(want)
	for name, role := range roles(t) {
		var readable []string
		for _, rule := range role.Rules {
			if slices.Contains(rule.Verbs, "get") && slices.Contains(rule.Verbs, "list") && slices.Contains(rule.Verbs, "watch") {
				readable = append(readable, rule.Resources...)
			}
		}
		slices.Sort(readable)
		if diff := cmp.Diff(want, readable); diff != "" {
			t.Errorf("%s reads (-kinds +readable)\n%s", name, diff)
		}
	}
}

// What a person must not write is not in the editor's hands: the account, the
// decisions of a body, and what has been signed. (That an Exemption may be asked
// for is so that the door can answer; it grants none to an editor.)
func TestEditorWritesOnlyWhatAnOfficeDeclares(t *testing.T) {
	want := map[string][]string{
		"applications": {"create", "delete", "patch", "update"},
		"exemptions":   {"create", "patch"},
		"handovers":    {"create", "delete", "patch", "update"},
		"projects":     {"create", "delete", "patch", "update"},
		"signoffs":     {"create", "patch"},
	}
	got := map[string][]string{}
	for _, rule := range roles(t)["editor"].Rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				if !slices.Contains([]string{"get", "list", "watch"}, verb) {
					got[resource] = append(got[resource], verb)
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the editor writes (-want +got)\n%s", diff)
	}
}
