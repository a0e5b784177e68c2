// SPDX-License-Identifier: Apache-2.0

package api

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// definitions are the generated definitions of all kinds.
func definitions(tb testing.TB) []apiextensionsv1.CustomResourceDefinition {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(crdFolder, "*.yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	const kinds = 9
	if len(files) != kinds {
		tb.Fatalf("want the definitions of %d kinds in %s, got %d", kinds, crdFolder, len(files))
	}
	crds := make([]apiextensionsv1.CustomResourceDefinition, len(files))
	for i, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(raw, &crds[i]); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		if n := len(crds[i].Spec.Versions); n != 1 {
			tb.Fatalf("%s: want one version, got %d", file, n)
		}
	}
	return crds
}

// schemaOf is the schema of a definition's only version.
func schemaOf(crd apiextensionsv1.CustomResourceDefinition) *apiextensionsv1.JSONSchemaProps {
	return crd.Spec.Versions[0].Schema.OpenAPIV3Schema
}

// walk visits a schema and all below it but what ours is not: apiVersion, kind
// and metadata of the object. A list's items are at path[], a map's at
// path.*; the object itself is at "".
func walk(path string, s *apiextensionsv1.JSONSchemaProps, required bool, visit func(path string, s *apiextensionsv1.JSONSchemaProps, required bool)) {
	visit(path, s, required)
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range s.Properties {
			if !yield(name) {
				return
			}
		}
	}) {
		if path == "" && slices.Contains([]string{"apiVersion", "kind", "metadata"}, name) {
			continue
		}
		below := strings.TrimPrefix(path+"."+name, ".")
		child := s.Properties[name]
		walk(below, &child, slices.Contains(s.Required, name), visit)
	}
	if s.Items != nil {
		walk(path+"[]", s.Items.Schema, false, visit)
	}
	if s.AdditionalProperties != nil {
		walk(path+".*", s.AdditionalProperties.Schema, false, visit)
	}
}

// isUpstream says whether a field is of a type that Kubernetes defines, whose
// rules are not ours to prove.
func isUpstream(path string) bool {
	return path == "status.conditions" || strings.HasPrefix(path, "status.conditions[") ||
		strings.Contains(path, "elector.match")
}

// constraints are the keywords of a schema by which a value may be refused.
func constraints(s *apiextensionsv1.JSONSchemaProps, required bool) []string {
	var keywords []string
	for keyword, holds := range map[string]bool{
		"required":               required,
		"pattern":                s.Pattern != "",
		"format":                 s.Format == "date" || s.Format == "date-time",
		"enum":                   len(s.Enum) > 0,
		"minLength":              s.MinLength != nil && len(s.Enum) == 0,
		"maxLength":              s.MaxLength != nil,
		"minimum":                s.Minimum != nil,
		"maximum":                s.Maximum != nil,
		"minItems":               s.MinItems != nil,
		"maxItems/maxProperties": s.MaxItems != nil || s.MaxProperties != nil,
		"unique":                 s.XListType != nil && *s.XListType != "atomic",
	} {
		if holds {
			keywords = append(keywords, keyword)
		}
	}
	slices.Sort(keywords)
	return keywords
}

// mustHoldAll fails for each keyword and each rule of each field that refused
// nothing.
func (e *exercised) mustHoldAll(t *testing.T) {
	t.Helper()
	keywords, rules := 0, 0
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		walk("", schemaOf(crd), false, func(path string, s *apiextensionsv1.JSONSchemaProps, required bool) {
			if isUpstream(path) {
				return
			}
			for _, k := range constraints(s, required) {
				keywords++
				if !e.refusedByKeyword(kind, itemIf(k == "unique", path), k) {
					t.Errorf("%s: no case shows that %s refuses by its %s", kind, path, k)
				}
			}
			for _, v := range s.XValidations {
				rules++
				if !e.refusedByRule(kind, cmp.Or(path, wholeObject), v.Message) {
					t.Errorf("%s: no case shows that %s refuses by its rule: %s", kind, cmp.Or(path, "the object"), v.Message)
				}
			}
		})
	}
	// Were the walk to end early, nothing would be missed.
	if keywords < 1000 || rules < 90 {
		t.Errorf("found only %d keywords and %d rules in the definitions", keywords, rules)
	}
	t.Logf("%d keywords and %d rules, each shown to refuse something", keywords, rules)
}

// itemIf is the path of the items of a list, if so, else that of the list.
func itemIf(item bool, path string) string {
	if item {
		return path + "[]"
	}
	return path
}
