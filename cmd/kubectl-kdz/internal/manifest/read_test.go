// SPDX-License-Identifier: Apache-2.0

package manifest_test

import (
	"os"
	"strings"
	"testing"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/manifest"
)

const handover = `# what is handed over
apiVersion: kdz.mainz.de/v1alpha1
kind: Handover
metadata: {name: termine, namespace: amt-33}
spec:
  projectRef: {name: online-terminvergabe}
  applicationRefs: [{name: termine}]
  operationsUnitRef: {name: kdz-16-03-04}
`

const list = `apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
- apiVersion: kdz.mainz.de/v1alpha1
  kind: Handover
  metadata: {name: listed, creationTimestamp: "2026-06-18T09:30:00Z"}
  spec: {projectRef: {name: p}, dueOn: 2026-12-31}
  status: {stage: Preparing}
`

func TestHandoversOfAStream(t *testing.T) {
	for name, test := range map[string]struct{ input, want string }{
		"one":               {handover, "termine"},
		"several":           {"---\n" + handover + "---\n# nothing\n---   # more\n" + strings.ReplaceAll(handover, "name: termine,", "name: other,") + "---", "termine other"},
		"among others":      {"apiVersion: v1\nkind: ConfigMap\n---\n" + handover + "--- {apiVersion: v1, kind: Secret}\n", "termine"},
		"beside the dashes": {`--- {"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "Handover", "metadata": {"name": "json"}}`, "json"},
		"as kubectl lists":  {list, "listed"},
		"with CRLF":         {strings.ReplaceAll("---\n"+handover+"---\n"+handover, "\n", "\r\n"), "termine termine"},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := manifest.Handovers(strings.NewReader(test.input))
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, h := range found {
				names = append(names, h.Name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("read %s, want %s", got, test.want)
			}
		})
	}
}

func TestTheExamples(t *testing.T) {
	for file, want := range map[string]int{"07-project.yaml": 1, "08-handover.yaml": 1} {
		content, err := os.ReadFile("../../../../test/examples/" + file)
		if err != nil {
			t.Fatal(err)
		}
		handovers, _ := manifest.Handovers(strings.NewReader(string(content)))
		projects, _ := manifest.Projects(strings.NewReader(string(content)))
		if got := len(handovers) + len(projects); got != want {
			t.Errorf("%s: read %d", file, got)
		}
	}
}

// What is wrong is told with the document and the line in which it stands.
func TestBadInput(t *testing.T) {
	const second = "kind: Other\n---\n" // so that a document does not begin in the first line
	for name, test := range map[string]struct{ input, want string }{
		"nothing":          {"", "there is no Handover in the input"},
		"only others":      {"kind: ConfigMap", "there is no Handover in the input"},
		"no object":        {second + "- a\n", "document 2, line 2: not an object, which has apiVersion, kind, metadata and spec"},
		"text":             {"nonsense", "document 1, line 1: not an object, which has apiVersion, kind, metadata and spec"},
		"not YAML":         {second + handover + "  criteria: {\n", "document 2: line 11: did not find expected node content"},
		"a tab":            {second + "kind: Handover\n\tmetadata: {}\n", "document 2: line 4: found a tab character that violates indentation"},
		"a key twice":      {second + handover + "  dueOn: a\n  dueOn: b\n", `document 2: line 12: key "dueOn" already set in map`},
		"unknown field":    {second + handover + "  dueon: 2027-03-31\n", `document 2, line 11: Handover: unknown field "spec.dueon"`},
		"in a list":        {second + handover + "  criteria:\n  - {name: a, fullfilledOn: b}\n", `document 2, line 12: Handover: unknown field "spec.criteria[0].fullfilledOn"`},
		"quoted":           {second + handover + `  "dueon": 2027-03-31` + "\n", `document 2, line 11: Handover: unknown field "spec.dueon"`},
		"one of two":       {second + handover + "  criteria: [{name: a, description: b, evidence: c}]\n  evidence: d\n", `document 2, line 11 or 12: Handover: unknown field "spec.evidence"`},
		"two":              {handover + "  dueon: a\n  due: b\n", "document 1, line 10: Handover: unknown field \"spec.due\"\ndocument 1, line 9: Handover: unknown field \"spec.dueon\""},
		"a list":           {handover + "  dueOn: [a]\n", "document 1, line 9: Handover: spec.dueOn cannot be a list"},
		"a number":         {handover + "  stableFor: 15\n", "document 1, line 9: Handover: spec.stableFor cannot be a number"},
		"an object":        {handover + "  checks: {a: b}\n", "document 1, line 9: Handover: spec.checks cannot be an object"},
		"true":             {handover + "  checks: true\n", "document 1, line 9: Handover: spec.checks cannot be true or false"},
		"another version":  {strings.Replace(handover, "v1alpha1", "v1", 1), `document 1, line 2: apiVersion of the Handover is "kdz.mainz.de/v1", but must be kdz.mainz.de/v1alpha1`},
		"listed":           {strings.Replace(list, "dueOn", "dueon", 1), `document 1, line 9: item 2: unknown field "spec.dueon"`},
		"listed no object": {"kind: List\nitems: [3]\n", "document 1, line 1, item 1: not an object"},
		"too much":         {strings.Repeat("#\n", manifest.MaxInput), "the input is larger than 4 MiB"},
		"many":             {strings.Repeat("a\n---\n", 30), "and 10 more"},
		"a moment":         {strings.Replace(handover, "{name: termine,", "{name: termine, creationTimestamp: yesterday,", 1), `document 1, line 1: Handover: parsing time "yesterday"`},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := manifest.Handovers(strings.NewReader(test.input))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error\n%v\nlacks\n%s", err, test.want)
			}
			if len(found) > 0 {
				t.Errorf("read %d", len(found))
			}
		})
	}
}

func FuzzHandovers(f *testing.F) {
	for _, seed := range []string{handover, list, "---\n---", "- a", "kind: Handover\n", "\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, input string) {
		found, err := manifest.Handovers(strings.NewReader(input))
		if err == nil && len(found) == 0 {
			t.Error("neither a Handover nor an error")
		}
	})
}
