// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	kjson "sigs.k8s.io/json"
)

// lineNumber is how the YAML parser says where something stands: counted from
// the beginning of what it was given, which is a document.
var lineNumber = regexp.MustCompile(`\bline (\d+)`)

// where is how a person finds the document.
func (c chunk) where() string { return fmt.Sprintf("document %d, line %d", c.n, c.line) }

// syntax tells of text that is not YAML, in lines of the file.
func (c chunk) syntax(err error) []error {
	message := lineNumber.ReplaceAllStringFunc(err.Error(), func(found string) string {
		n, err := strconv.Atoi(strings.TrimPrefix(found, "line "))
		if err != nil {
			return found
		}
		return "line " + strconv.Itoa(c.line+n-1)
	})
	message = strings.TrimPrefix(message, "yaml: unmarshal errors:\n")
	var problems []error
	for line := range strings.Lines(message) {
		problems = append(problems, fmt.Errorf("document %d: %s", c.n, strings.TrimPrefix(strings.TrimSpace(line), "yaml: ")))
	}
	return problems
}

// unfit tells what of a document does not fit its kind: fields that it does not
// have, and values of a wrong type.
func (c chunk) unfit(what string, err error) []error {
	errs := []error{err}
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		errs = strict.Errors()
	}
	var problems []error
	for _, err := range errs {
		var field kjson.FieldError
		var wrong *json.UnmarshalTypeError
		switch {
		case errors.As(err, &wrong):
			problems = append(problems, fmt.Errorf("%s: %s: %s cannot be %s", c.at(wrong.Field), what, wrong.Field, article(wrong.Value)))
		case errors.As(err, &field):
			problems = append(problems, fmt.Errorf("%s: %s: %w", c.at(field.FieldPath()), what, err))
		default:
			problems = append(problems, fmt.Errorf("%s: %s: %w", c.where(), what, err))
		}
	}
	return problems
}

// article puts one before the name of a type of JSON.
func article(typ string) string {
	typ, _, _ = strings.Cut(typ, " ") // a number is told with its digits
	switch typ {
	case "array":
		return "a list"
	case "object":
		return "an object"
	case "bool":
		return "true or false"
	default:
		return "a " + typ
	}
}

// at says in which line a field stands. Where its name stands in several, it
// says all of them.
func (c chunk) at(path string) string {
	name := path[strings.LastIndexByte(path, '.')+1:]
	name, _, _ = strings.Cut(name, "[")
	if name == "" {
		return c.where()
	}
	quoted := regexp.QuoteMeta(name)
	key := regexp.MustCompile(`(^|[\s{,?"'-])` + quoted + `["']?\s*:`)
	var lines []string
	line := c.line
	for text := range bytes.Lines(c.content) {
		if key.Match(text) {
			lines = append(lines, strconv.Itoa(line))
		}
		line++
	}
	switch n := len(lines); n {
	case 0:
		return c.where()
	case 1:
		return fmt.Sprintf("document %d, line %s", c.n, lines[0])
	default:
		return fmt.Sprintf("document %d, line %s or %s", c.n, strings.Join(lines[:n-1], ", "), lines[n-1])
	}
}
