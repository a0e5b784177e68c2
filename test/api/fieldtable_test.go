// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// part of an object that has a table of its own.
type part struct {
	name   string
	schema *apiextensionsv1.JSONSchemaProps
}

// partsOf are the parts of a kind: spec and status, or, where there is
// neither, the object.
func partsOf(crd apiextensionsv1.CustomResourceDefinition) []part {
	var parts []part
	for _, name := range []string{"spec", "status"} {
		if s, ok := schemaOf(crd).Properties[name]; ok {
			parts = append(parts, part{name, &s})
		}
	}
	if len(parts) == 0 {
		whole := schemaOf(crd).DeepCopy()
		for _, name := range []string{"apiVersion", "kind", "metadata"} {
			delete(whole.Properties, name)
		}
		parts = append(parts, part{"the object", whole})
	}
	return parts
}

// forms are the words for the patterns of the definitions, each found by how
// it begins.
var forms = []struct{ begin, words string }{
	{`^([0-9]{1,6}(\.[0-9]{1,6})?h)?`, "duration: `h`, `m`, `s`, `ms`, each at most once and in this order"},
	{`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`, "day, such as `2026-12-31`"},
	{`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T`, "moment, such as `2026-12-31T18:00:00+01:00`"},
	{`^(100(\.0{1,5})?|`, "per cent: `0` to `100`, at most five decimals, with a point"},
	{`^[a-z0-9]([-a-z0-9.]*`, "name of an object: at most 63 of `a-z`, `0-9`, `-`, `.`"},
	{`^[a-z0-9]([-a-z0-9]*`, "name: at most 63 of `a-z`, `0-9`, `-`"},
	{`^[^@\s]+@`, "e-mail address"},
	{`^[A-Za-z][A-Za-z0-9_+-]*(/`, "name of a time zone, such as `Europe/Berlin`"},
	{`^([-0-9A-Za-z*/,?]+ +){4}`, "five cron fields"},
	{`^(([01][0-9]|2[0-3])`, "time of day, `00:00` to `24:00`"},
	{`^v[1-9][0-9]?:`, "`v1:` and 64 hexadecimal digits"},
	{`^[A-Za-z0-9._/-]+$`, "name of a service: `A-Z`, `a-z`, `0-9`, `.`, `_`, `-`, `/`"},
	{`^SHA256:`, "`SHA256:` and 43 characters, as `ssh-keygen -l` prints it"},
	{`^[1-5][0-9]{2}(-`, "HTTP status, or a range such as `200-299`"},
	{`^[A-Za-z0-9!#$%&`, "name of an HTTP header"},
	{`^[\x20-\x7e]+$`, "printable ASCII"},
	{`^[-._a-zA-Z0-9]+$`, "key of a Secret"},
	{`^[A-Za-z0-9]([-A-Za-z0-9.:]*`, "name or address of a host"},
	{`^([0-8][0-9]|9[0-7])$`, "`00` to `97`"},
	{`^[A-Z][A-Z0-9]{2}$`, "three capitals or digits, a capital first"},
}

// render writes the tables of a part: one for the plain fields, and one for
// each field that has fields of its own, with the rules that hold there.
func render(t *testing.T, name string, s *apiextensionsv1.JSONSchemaProps) string {
	t.Helper()
	plain, rich := &strings.Builder{}, &strings.Builder{}
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		child := s.Properties[field]
		required := slices.Contains(s.Required, field)
		if field == "conditions" || child.Type == "array" && child.Items.Schema.Type != "object" || child.Type != "object" && child.Type != "array" ||
			child.AdditionalProperties != nil {
			plain.WriteString(row(t, field, &child, required))
			continue
		}
		fmt.Fprintf(rich, "\n### %s\n\n%s\n\n", field, sentence(&child, required))
		table, rules := &strings.Builder{}, &strings.Builder{}
		rows(t, field, &child, false, table, rules)
		rich.WriteString(head + table.String() + listOf(rules))
	}
	own := &strings.Builder{}
	for _, v := range s.XValidations {
		fmt.Fprintf(own, "- %s\n", v.Message)
	}
	out := "\n"
	if plain.Len() > 0 {
		out += fmt.Sprintf("Plain fields of %s:\n\n", name) + head + plain.String()
	}
	return out + listOf(own) + rich.String() + "\n"
}

const head = "| field | value | default | meaning |\n|---|---|---|---|\n"

func listOf(rules *strings.Builder) string {
	if rules.Len() == 0 {
		return ""
	}
	return "\nRules:\n\n" + rules.String()
}

// sentence says of a field with fields what it is.
func sentence(s *apiextensionsv1.JSONSchemaProps, required bool) string {
	text := upperFirst(oneLine(s.Description))
	if v := listValue(s); v != "" {
		text += " (" + upperFirst(v) + ".)"
	}
	if required {
		text += " Required."
	}
	return text
}

// rows writes a row for each field below, and collects the rules. A field that
// only holds others has no row, unless it is where something is required.
func rows(t *testing.T, path string, s *apiextensionsv1.JSONSchemaProps, required bool, table, rules *strings.Builder) {
	t.Helper()
	for _, v := range s.XValidations {
		fmt.Fprintf(rules, "- `%s`: %s\n", path, v.Message)
	}
	switch {
	case strings.HasSuffix(path, "elector"):
		table.WriteString(row(t, path, s, required))
	case s.Type == "object" && s.AdditionalProperties == nil:
		if strings.ContainsAny(path, ".") {
			table.WriteString(row(t, path, s, required))
		}
		for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
			child := s.Properties[field]
			rows(t, path+"."+field, &child, slices.Contains(s.Required, field), table, rules)
		}
	case s.Type == "array" && s.Items.Schema.Type == "object":
		if strings.ContainsAny(path, ".") {
			table.WriteString(row(t, path, s, required))
		}
		below := s.Items.Schema
		for _, v := range below.XValidations {
			fmt.Fprintf(rules, "- `%s[]`: %s\n", path, v.Message)
		}
		for _, field := range slices.Sorted(maps.Keys(below.Properties)) {
			child := below.Properties[field]
			rows(t, path+"[]."+field, &child, slices.Contains(below.Required, field), table, rules)
		}
	default:
		if s.Items != nil {
			for _, v := range s.Items.Schema.XValidations {
				fmt.Fprintf(rules, "- `%s[]`: %s\n", path, v.Message)
			}
		}
		table.WriteString(row(t, path, s, required))
	}
}

// row is the line of a field.
func row(t *testing.T, path string, s *apiextensionsv1.JSONSchemaProps, required bool) string {
	t.Helper()
	preset := ""
	if s.Default != nil {
		preset = "`" + strings.Trim(string(s.Default.Raw), `"`) + "`"
	}
	v := value(t, path, s)
	if required {
		v = "**required** · " + v
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", path, cell(v), cell(preset), cell(oneLine(s.Description)))
}

// value says in words what a field may hold.
func value(t *testing.T, path string, s *apiextensionsv1.JSONSchemaProps) string {
	t.Helper()
	switch {
	case strings.HasSuffix(path, "elector"):
		return "label selector"
	case len(s.Enum) > 0:
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = "`" + strings.Trim(string(e.Raw), `"`) + "`"
		}
		return strings.Join(words, ", ")
	case s.Type == "array" && s.Items.Schema.Type == "object":
		return listValue(s)
	case s.Type == "array":
		return listValue(s) + ": " + value(t, path, s.Items.Schema)
	case s.AdditionalProperties != nil:
		return fmt.Sprintf("map of at most %d: %s", *s.MaxProperties, value(t, path, s.AdditionalProperties.Schema))
	case s.Type == "integer":
		return numberValue(s)
	case s.Type == "boolean":
		return "`true` or `false`"
	case s.Type == "string":
		return textValue(t, path, s)
	}
	return s.Type
}

func listValue(s *apiextensionsv1.JSONSchemaProps) string {
	if s.Type != "array" {
		return ""
	}
	text := "list of at most " + fmt.Sprint(deref(s.MaxItems))
	if n := deref(s.MinItems); n > 0 {
		text = fmt.Sprintf("list of %d to %d", n, deref(s.MaxItems))
	}
	switch {
	case s.XListType != nil && *s.XListType == "map":
		text += ", each " + strings.Join(s.XListMapKeys, " and ") + " once"
	case s.XListType != nil && *s.XListType == "set":
		text += ", each once"
	}
	return text
}

func numberValue(s *apiextensionsv1.JSONSchemaProps) string {
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		return fmt.Sprintf("whole number, %.0f to %.0f", *s.Minimum, *s.Maximum)
	case s.Minimum != nil:
		return fmt.Sprintf("whole number, %.0f or more", *s.Minimum)
	}
	return "whole number"
}

func textValue(t *testing.T, path string, s *apiextensionsv1.JSONSchemaProps) string {
	t.Helper()
	if s.Pattern == "" {
		if minimum := deref(s.MinLength); minimum > 0 {
			return fmt.Sprintf("text, %d to %d characters", minimum, deref(s.MaxLength))
		}
		return fmt.Sprintf("text, at most %d characters", deref(s.MaxLength))
	}
	for _, form := range forms {
		if strings.HasPrefix(s.Pattern, form.begin) {
			return form.words
		}
	}
	t.Errorf("%s: there are no words for the pattern %s: add them to forms", path, s.Pattern)
	return ""
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// oneLine is a description on one line, its first letter as it is.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func upperFirst(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// cell makes a text fit into a cell of a table.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
