// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// MaxInput is how much may be imported at once, in bytes.
const MaxInput = 4 << 20

// maxErrors is how many errors are told at once.
const maxErrors = 50

// document is one of a stream, as JSON.
type document struct {
	// where it stands, such as "document 2" or, in a list, "document 2, item 1".
	where string
	json  []byte
	head  struct {
		APIVersion string   `json:"apiVersion"`
		Kind       string   `json:"kind"`
		Metadata   Metadata `json:"metadata"`
	}
}

// name is how a person finds the document.
func (d *document) name() string {
	if d.head.Kind == "" {
		return d.where
	}
	return fmt.Sprintf("%s (%s %s)", d.where, d.head.Kind, d.head.Metadata.Name)
}

// read splits a stream of YAML or JSON into documents. A document may be a list
// of such. Documents without content are left out, and counted.
func read(from io.Reader) ([]document, []error) {
	content, err := io.ReadAll(io.LimitReader(from, MaxInput+1))
	if err != nil {
		return nil, []error{fmt.Errorf("read: %w", err)}
	}
	if len(content) > MaxInput {
		return nil, []error{fmt.Errorf("the input is larger than %d MiB; import it in parts", MaxInput>>20)}
	}
	var documents []document
	var problems []error
	split := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for n := 1; ; n++ {
		chunk, err := split.Read()
		if errors.Is(err, io.EOF) {
			return documents, problems
		}
		where := fmt.Sprintf("document %d", n)
		if err != nil {
			return nil, append(problems, fmt.Errorf("%s: %w", where, err))
		}
		some, errs := parse(where, chunk)
		documents, problems = append(documents, some...), append(problems, errs...)
	}
}

// parse reads a document, or a list of such.
func parse(where string, chunk []byte) ([]document, []error) {
	content, err := yaml.YAMLToJSONStrict(chunk)
	if err != nil {
		return nil, []error{fmt.Errorf("%s: not YAML: %w", where, err)}
	}
	if string(content) == "null" {
		return nil, nil
	}
	items := []json.RawMessage{content}
	list := content[0] == '['
	if list {
		if err := json.Unmarshal(content, &items); err != nil {
			return nil, []error{fmt.Errorf("%s: %w", where, err)}
		}
	}
	var documents []document
	var problems []error
	for i, item := range items {
		d := document{where: where, json: item}
		if list {
			d.where = fmt.Sprintf("%s, item %d", where, i+1)
		}
		if err := kjson.UnmarshalCaseSensitivePreserveInts(item, &d.head); err != nil {
			problems = append(problems, fmt.Errorf("%s: no document of OpenSLO, which has apiVersion, kind, metadata and spec: %w", d.where, err))
			continue
		}
		if d.head.APIVersion != APIVersion {
			problems = append(problems, fmt.Errorf("%s: apiVersion: %q is not known here; only %s is", d.name(), d.head.APIVersion, APIVersion))
			continue
		}
		documents = append(documents, d)
	}
	return documents, problems
}

// decode decodes a document into one of its types; a field that the type lacks
// is an error.
func (d *document) decode(into any) []error {
	unfit, err := kjson.UnmarshalStrict(d.json, into)
	if err != nil {
		return []error{fmt.Errorf("%s: %w", d.name(), err)}
	}
	var problems []error
	for _, u := range unfit {
		problems = append(problems, fmt.Errorf("%s: %w of OpenSLO v1", d.name(), u))
	}
	return problems
}
