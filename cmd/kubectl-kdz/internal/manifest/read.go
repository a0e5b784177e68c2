// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// MaxInput is how much is read at once, in bytes.
const MaxInput = 4 << 20

// maxProblems is how many problems are told at once.
const maxProblems = 20

// Handovers reads the Handovers of a file; documents of other kinds are passed
// over. It is an error if there is none, or one that cannot be read.
func Handovers(from io.Reader) ([]*v1alpha1.Handover, error) {
	return read(from, "Handover", func() *v1alpha1.Handover { return &v1alpha1.Handover{} })
}

// Projects reads the Projects of a file, as Handovers does.
func Projects(from io.Reader) ([]*v1alpha1.Project, error) {
	return read(from, "Project", func() *v1alpha1.Project { return &v1alpha1.Project{} })
}

// head is what says what a document is.
type head struct {
	APIVersion string            `json:"apiVersion"`
	Kind       string            `json:"kind"`
	Items      []json.RawMessage `json:"items"`
}

func read[T runtime.Object](from io.Reader, kind string, empty func() T) ([]T, error) {
	content, err := io.ReadAll(io.LimitReader(from, MaxInput+1))
	if err != nil {
		return nil, err
	}
	if len(content) > MaxInput {
		return nil, fmt.Errorf("the input is larger than %d MiB", MaxInput>>20)
	}
	var objects []T
	var problems []error
	for _, c := range split(content) {
		some, errs := parse(c, kind, empty)
		objects, problems = append(objects, some...), append(problems, errs...)
	}
	if n := len(problems); n > maxProblems {
		problems = append(problems[:maxProblems], fmt.Errorf("and %d more", n-maxProblems))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if len(objects) == 0 {
		return nil, fmt.Errorf("there is no %s in the input", kind)
	}
	return objects, nil
}

// chunk is a document of a stream.
type chunk struct {
	// n is which document it is, and line the one in which it begins; both count
	// from 1.
	n, line int
	content []byte
}

// split splits a stream of YAML where lines begin with three dashes.
func split(content []byte) []chunk {
	var chunks []chunk
	current := chunk{n: 1, line: 1}
	line := 0
	for part := range bytes.Lines(content) {
		line++
		if rest, ok := bytes.CutPrefix(part, []byte("---")); ok && (len(rest) == 0 || bytes.ContainsAny(rest[:1], " \t\r\n")) {
			if len(bytes.TrimSpace(current.content)) > 0 {
				chunks = append(chunks, current)
				current.n++
			}
			current = chunk{n: current.n, line: line}
			// What stands beside the dashes belongs to the document.
			part = append([]byte("   "), rest...)
		}
		current.content = append(current.content, part...)
	}
	return append(chunks, current)
}

// parse reads a document, which may be a list of objects.
func parse[T runtime.Object](c chunk, kind string, empty func() T) ([]T, []error) {
	content, err := yaml.YAMLToJSONStrict(c.content)
	if err != nil {
		return nil, c.syntax(err)
	}
	var h head
	if len(content) == 0 || content[0] != '{' || json.Unmarshal(content, &h) != nil {
		if string(content) == "null" {
			return nil, nil
		}
		return nil, []error{fmt.Errorf("%s: not an object, which has apiVersion, kind, metadata and spec", c.where())}
	}
	switch {
	case h.Kind == "List" || h.Kind == kind+"List":
		return parseList(c, h.Items, kind, empty)
	case h.Kind != kind:
		return nil, nil
	case h.APIVersion != v1alpha1.GroupVersion.String():
		return nil, []error{fmt.Errorf("%s: apiVersion of the %s is %q, but must be %s", c.at("apiVersion"), kind, h.APIVersion, v1alpha1.GroupVersion)}
	}
	into := empty()
	if err := v1alpha1.UnmarshalStrict(content, into); err != nil {
		return nil, c.unfit(kind, err)
	}
	return []T{into}, nil
}

// parseList reads what kubectl prints of several objects. Lists are not nested.
func parseList[T runtime.Object](c chunk, items []json.RawMessage, kind string, empty func() T) ([]T, []error) {
	var objects []T
	var problems []error
	for i, item := range items {
		var h head
		if err := json.Unmarshal(item, &h); err != nil {
			problems = append(problems, fmt.Errorf("%s, item %d: not an object", c.where(), i+1))
			continue
		}
		if h.Kind != kind || h.APIVersion != v1alpha1.GroupVersion.String() {
			continue
		}
		into := empty()
		if err := v1alpha1.UnmarshalStrict(item, into); err != nil {
			problems = append(problems, c.unfit(fmt.Sprintf("item %d", i+1), err)...)
			continue
		}
		objects = append(objects, into)
	}
	return objects, problems
}
