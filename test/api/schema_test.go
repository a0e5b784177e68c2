// SPDX-License-Identifier: Apache-2.0

package api

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// unbounded are the fields that need not obey the rules for schemas, and why.
var unbounded = []struct {
	paths  *regexp.Regexp
	reason string
}{
	{
		regexp.MustCompile(`^status\.conditions(\[\].*)?$`),
		"metav1.Condition has bounds of its own, and only the operator writes it",
	},
	{
		regexp.MustCompile(`(^|\.)selector\.match(Labels(\.\*)?|Expressions(\[\].*)?)$`),
		"metav1.LabelSelector is the type of Kubernetes; a selector's size is bounded by that of the request",
	},
}

// fault says what is wrong with the schema of a field, if anything is.
func fault(s *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.XPreserveUnknownFields != nil || s.XEmbeddedResource:
		return "holds what no schema describes"
	case s.XIntOrString:
		return "is now a number, now a string"
	}
	switch s.Type {
	case "string":
		return stringFault(s)
	case "array":
		if s.MaxItems == nil {
			return "has no maxItems"
		}
		if s.XListType == nil {
			return "has no x-kubernetes-list-type"
		}
	case "object":
		if s.AdditionalProperties != nil && s.MaxProperties == nil {
			return "is a map without maxProperties"
		}
		if s.AdditionalProperties == nil && len(s.Properties) == 0 {
			return "is an object without fields"
		}
	case "integer":
		if s.Format != "int32" && s.Format != "int64" {
			return "is a whole number without a size"
		}
	case "boolean":
	case "number":
		return "is a floating-point number"
	default:
		return "is of type " + s.Type
	}
	return ""
}

func stringFault(s *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case len(s.Enum) > 0:
		return ""
	case s.Format != "" && s.Pattern == "":
		return "has the format " + s.Format + " but no pattern"
	case s.MaxLength == nil && s.Format != "date-time":
		// The longest date-time follows from its pattern.
		return "has no maxLength"
	}
	return ""
}

// TestSchemasAreBounded shows that nothing in the schemas, spec and status
// alike, is without an end.
func TestSchemasAreBounded(t *testing.T) {
	t.Parallel()
	used := make([]bool, len(unbounded))
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		walk("", schemaOf(crd), false, func(path string, s *apiextensionsv1.JSONSchemaProps, _ bool) {
			for i, u := range unbounded {
				if u.paths.MatchString(path) {
					used[i] = true
					return
				}
			}
			if f := fault(s); f != "" {
				t.Errorf("%s: %s %s", kind, path, f)
			}
			if s.Description == "" && !strings.HasSuffix(path, "[]") && !strings.HasSuffix(path, ".*") {
				t.Errorf("%s: %s has no description", kind, path)
			}
		})
	}
	for i, u := range unbounded {
		if !used[i] {
			t.Errorf("no field is unbounded because %q: remove the entry", u.reason)
		}
	}
}

// TestSpecsDecodeAnything shows that no spec holds a type whose decoder could
// fail on a string that a schema lets pass.
func TestSpecsDecodeAnything(t *testing.T) {
	t.Parallel()
	durations := 0
	for _, o := range []any{
		v1alpha1.OrganisationalUnitSpec{},
		v1alpha1.ApplicationSpec{},
		v1alpha1.ServiceLevelSpec{},
		v1alpha1.ProjectSpec{},
		v1alpha1.HandoverSpec{},
		v1alpha1.SignOffSpec{},
		v1alpha1.ExemptionSpec{},
		v1alpha1.GovernancePolicySpec{},
	} {
		walkType(reflect.TypeOf(o), reflect.TypeOf(o).Name(), func(path string, at reflect.Type) {
			switch at {
			case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[metav1.Duration](),
				reflect.TypeFor[resource.Quantity](), reflect.TypeFor[intstr.IntOrString]():
				t.Errorf("%s is a %s: one stored object that it cannot decode would hide all others of its kind", path, at)
			case reflect.TypeFor[v1alpha1.Duration]():
				durations++
			}
			if k := at.Kind(); k == reflect.Float32 || k == reflect.Float64 || k == reflect.Interface {
				t.Errorf("%s is a %s", path, at)
			}
		})
	}
	if durations < 20 {
		t.Errorf("found only %d durations: does the walk see all fields?", durations)
	}
}

func walkType(at reflect.Type, path string, visit func(path string, at reflect.Type)) {
	visit(path, at)
	switch at.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		walkType(at.Elem(), path, visit)
	case reflect.Struct:
		for field := range at.Fields() {
			walkType(field.Type, path+"."+field.Name, visit)
		}
	}
}

// TestDefinitionsAreEstablished shows that the API server serves each kind and
// has nothing to say against its schema.
func TestDefinitionsAreEstablished(t *testing.T) {
	t.Parallel()
	c := admin(t)
	for _, crd := range definitions(t) {
		installed := &apiextensionsv1.CustomResourceDefinition{}
		if err := c.Get(t.Context(), client.ObjectKey{Name: crd.Name}, installed); err != nil {
			t.Error(err)
			continue
		}
		conditions := map[apiextensionsv1.CustomResourceDefinitionConditionType]apiextensionsv1.ConditionStatus{}
		for _, condition := range installed.Status.Conditions {
			conditions[condition.Type] = condition.Status
		}
		for _, good := range []apiextensionsv1.CustomResourceDefinitionConditionType{apiextensionsv1.NamesAccepted, apiextensionsv1.Established} {
			if conditions[good] != apiextensionsv1.ConditionTrue {
				t.Errorf("%s: want %s True, got %q", crd.Name, good, conditions[good])
			}
		}
		for _, bad := range []apiextensionsv1.CustomResourceDefinitionConditionType{apiextensionsv1.NonStructuralSchema, apiextensionsv1.Terminating} {
			if status, ok := conditions[bad]; ok && status != apiextensionsv1.ConditionFalse {
				t.Errorf("%s: has condition %s %s", crd.Name, bad, status)
			}
		}
		if installed.Spec.PreserveUnknownFields {
			t.Errorf("%s keeps fields that it does not know", crd.Name)
		}
	}
}
