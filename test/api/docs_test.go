// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docsFolder holds one page a kind, and one on the rule, which is of several.
const (
	docsFolder = "../../docs/spec"
	rulePage   = "centralisation.md"
)

// update writes the tables of fields into the pages:
//
//	go test ./test/api -run TestFieldTables -update
var update = flag.Bool("update", false, "write the tables of fields into docs/spec")

// page is the path of a kind's page.
func page(kind string) string {
	return filepath.Join(docsFolder, strings.ToLower(kind)+".md")
}

// TestPages shows that each kind has a page, and that it has the parts that a
// reader looks for.
func TestPages(t *testing.T) {
	t.Parallel()
	// Beside the kinds: the rule, and the door, which are about several of them.
	want := []string{filepath.Join(docsFolder, rulePage), filepath.Join(docsFolder, "admission.md")}
	for _, crd := range definitions(t) {
		want = append(want, page(crd.Spec.Names.Kind))
		raw, err := os.ReadFile(page(crd.Spec.Names.Kind))
		if err != nil {
			t.Error(err)
			continue
		}
		var headings []string
		for line := range strings.Lines(string(raw)) {
			if heading, ok := strings.CutPrefix(line, "## "); ok {
				headings = append(headings, strings.TrimSpace(heading))
			}
		}
		if diff := cmp.Diff([]string{"Example", "Writing a spec", "Status and conditions", "Working with it"}, headings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", crd.Spec.Names.Kind, diff)
		}
	}
	got, err := filepath.Glob(filepath.Join(docsFolder, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestPagesApply shows that every YAML of the pages is accepted as it stands.
func TestPagesApply(t *testing.T) {
	c := admin(t)
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		raw, err := os.ReadFile(page(kind))
		if err != nil {
			t.Error(err)
			continue
		}
		blocks := yamlBlock.FindAllSubmatch(raw, -1)
		if fences := bytes.Count(raw, []byte("```yaml")); fences != len(blocks) {
			t.Errorf("%s: %d blocks of YAML begin, %d end", kind, fences, len(blocks))
		}
		own := 0
		for i, block := range blocks {
			for _, o := range objects(t, fmt.Sprintf("%s, block %d", kind, i+1), block[1]) {
				if o.GetKind() == kind {
					own++
				}
				ensureNamespace(t, c, o.GetNamespace())
				if err := dryApply(t.Context(), c, o); err != nil {
					t.Errorf("%s, block %d: %v", kind, i+1, err)
				}
			}
		}
		if own == 0 {
			t.Errorf("the page of %s has no example of it", kind)
		}
	}
}

// TestFieldTables shows that the tables of fields say what the definitions
// say.
func TestFieldTables(t *testing.T) {
	t.Parallel()
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		raw, err := os.ReadFile(page(kind))
		if err != nil {
			t.Error(err)
			continue
		}
		want := raw
		for _, part := range partsOf(crd) {
			want = between(t, want, part.name, render(t, part.name, part.schema))
		}
		if bytes.Equal(want, raw) {
			continue
		}
		if *update {
			if err := os.WriteFile(page(kind), want, 0o644); err != nil {
				t.Error(err)
			}
			continue
		}
		t.Errorf("the tables of %s are out of date; run: go test ./test/api -run TestFieldTables -update\n%s", kind,
			cmp.Diff(string(raw), string(want)))
	}
}

// between replaces what stands between the marks of a part.
func between(t *testing.T, document []byte, part, text string) []byte {
	t.Helper()
	begin, end := fmt.Sprintf("<!-- fields of %s -->\n", part), fmt.Sprintf("<!-- end of %s -->\n", part)
	head, rest, found := bytes.Cut(document, []byte(begin))
	_, tail, ended := bytes.Cut(rest, []byte(end))
	if !found || !ended {
		t.Errorf("want the marks %q and %q", begin, end)
		return document
	}
	return slices.Concat(head, []byte(begin), []byte(text), []byte(end), tail)
}
