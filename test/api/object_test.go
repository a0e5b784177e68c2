// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// valid reads a valid object of testdata/valid: "Application", or a variant
// such as "Application.sap", which is a merge patch on it.
func valid(tb testing.TB, name string) *unstructured.Unstructured {
	tb.Helper()
	kind, variant, isVariant := strings.Cut(name, ".")
	o := &unstructured.Unstructured{Object: readYAML(tb, kind)}
	if isVariant {
		merge(o.Object, readYAML(tb, name))
		o.SetName(o.GetName() + "-" + variant)
	}
	return o
}

func readYAML(tb testing.TB, name string) map[string]any {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "valid", strings.ToLower(name)+".yaml"))
	if err != nil {
		tb.Fatal(err)
	}
	content := map[string]any{}
	if err := yaml.Unmarshal(raw, &content); err != nil {
		tb.Fatalf("%s: %v", name, err)
	}
	return wholeNumbers(content).(map[string]any)
}

// wholeNumbers turns the floats that a JSON decoder makes of numbers into the
// int64 that an unstructured object holds.
func wholeNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = wholeNumbers(v[k])
		}
	case []any:
		for i := range v {
			v[i] = wholeNumbers(v[i])
		}
	case float64:
		if v == float64(int64(v)) {
			return int64(v)
		}
	}
	return v
}

// merge applies an RFC 7386 merge patch.
func merge(into, patch map[string]any) {
	for k, v := range patch {
		from, ok := v.(map[string]any)
		if v == nil {
			delete(into, k)
			continue
		}
		if !ok {
			into[k] = v
			continue
		}
		to, ok := into[k].(map[string]any)
		if !ok {
			to = map[string]any{}
			into[k] = to
		}
		merge(to, from)
	}
}

// edit changes an object.
type edit func(tb testing.TB, object map[string]any)

// set gives the field at a path such as spec.endpoints[0].url a value. The
// field's parent must be there.
func set(path string, value any) edit {
	return change(path, func(any, bool) any { return value })
}

// unset removes the field at path, which must be there.
func unset(path string) edit {
	return func(tb testing.TB, object map[string]any) {
		tb.Helper()
		parent, last := find(tb, object, path)
		m, ok := parent.(map[string]any)
		if !ok {
			tb.Fatalf("%s: is not a field of an object", path)
		}
		if _, ok := m[last]; !ok {
			tb.Fatalf("%s: is not there, so it cannot be removed", path)
		}
		delete(m, last)
	}
}

// change replaces the value at path; what is told whether there was one.
func change(path string, what func(old any, present bool) any) edit {
	return func(tb testing.TB, object map[string]any) {
		tb.Helper()
		parent, last := find(tb, object, path)
		switch parent := parent.(type) {
		case map[string]any:
			old, ok := parent[last]
			parent[last] = what(old, ok)
		case []any:
			i, err := strconv.Atoi(last)
			if err != nil || i >= len(parent) {
				tb.Fatalf("%s: no such item", path)
			}
			parent[i] = what(parent[i], true)
		default:
			tb.Fatalf("%s: the parent is a %T", path, parent)
		}
	}
}

var pathElement = regexp.MustCompile(`[^.\[\]]+`)

// find returns what holds the last element of path, and that element.
func find(tb testing.TB, object map[string]any, path string) (parent any, last string) {
	tb.Helper()
	elements := pathElement.FindAllString(path, -1)
	parent = object
	for _, element := range elements[:len(elements)-1] {
		switch at := parent.(type) {
		case map[string]any:
			next, ok := at[element]
			if !ok {
				tb.Fatalf("%s: %s is not there", path, element)
			}
			parent = next
		case []any:
			i, err := strconv.Atoi(element)
			if err != nil || i >= len(at) {
				tb.Fatalf("%s: no item %s", path, element)
			}
			parent = at[i]
		default:
			tb.Fatalf("%s: %s is in a %T", path, element, parent)
		}
	}
	return parent, elements[len(elements)-1]
}

// at is the value at path, which must be there.
func at(tb testing.TB, object map[string]any, path string) any {
	tb.Helper()
	parent, last := find(tb, object, path)
	switch parent := parent.(type) {
	case map[string]any:
		if v, ok := parent[last]; ok {
			return v
		}
	case []any:
		if i, err := strconv.Atoi(last); err == nil && i < len(parent) {
			return parent[i]
		}
	}
	tb.Fatalf("%s is not there", path)
	return nil
}

// list is a short way to write a list of an unstructured object.
func list(items ...any) []any { return append([]any{}, items...) }

// object is a short way to write an object of an unstructured object: keys
// and values in turn.
func object(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		m[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	return m
}
