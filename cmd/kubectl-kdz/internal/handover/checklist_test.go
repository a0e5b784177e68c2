// SPDX-License-Identifier: Apache-2.0

package handover_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

var update = flag.Bool("update", false, "write what is printed into testdata")

// now of all cases.
var now = time.Date(2027, 3, 30, 8, 0, 0, 0, time.UTC)

// load reads a file of testdata; PRESENT in it stands for the content hash of
// the Handover.
func load(t *testing.T, name string) handover.Given {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	g := handover.Given{Handover: &v1alpha1.Handover{}, Now: now}
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
	for {
		chunk, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var head struct{ Kind string }
		if err := yaml.Unmarshal(chunk, &head); err != nil {
			t.Fatal(err)
		}
		switch head.Kind {
		case "Handover":
			decode(t, chunk, g.Handover)
		case "SignOff":
			g.SignOffs = append(g.SignOffs, v1alpha1.SignOff{})
			decode(t, chunk, &g.SignOffs[len(g.SignOffs)-1])
		case "GovernancePolicy":
			policy := &v1alpha1.GovernancePolicy{}
			decode(t, chunk, policy)
			g.Policy = policy.Spec.Handovers
		default:
			t.Fatalf("kind %q", head.Kind)
		}
	}
	hash := acceptance.Hash(&g.Handover.Spec)
	if g.Handover.Status.ContentHash == "PRESENT" {
		g.Handover.Status.ContentHash = hash
	}
	for i := range g.SignOffs {
		g.SignOffs[i].Spec.ContentHash = hash
	}
	return g
}

func decode(t *testing.T, chunk []byte, into runtime.Object) {
	t.Helper()
	content, err := yaml.YAMLToJSONStrict(chunk)
	if err != nil {
		t.Fatal(err)
	}
	if err := v1alpha1.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s\n%v", chunk, err)
	}
}

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestWhatAPersonReads(t *testing.T) {
	for _, file := range []string{"verifying", "rejected", "changed", "support", "new"} {
		t.Run(file, func(t *testing.T) {
			g := load(t, file)
			if file == "new" {
				g.Notes = []string{"signatures cannot be read: \x1b[31mforbidden"}
			}
			golden(t, file+".txt", handover.Build(g).Text())
		})
	}
}

func TestJSON(t *testing.T) {
	for _, file := range []string{"rejected", "new"} {
		content, err := json.MarshalIndent(handover.Build(load(t, file)), "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, file+".json", string(content)+"\n")
	}
}

// What a person is told of how far the status is of what is shown.
func TestOutdated(t *testing.T) {
	const other = v1alpha1.ContentHash("v1:0000000000000000000000000000000000000000000000000000000000000000")
	for name, test := range map[string]struct {
		change   func(*v1alpha1.Handover)
		outdated bool
		why      string
	}{
		"present":                  {func(*v1alpha1.Handover) {}, false, ""},
		"not signed":               {func(h *v1alpha1.Handover) { h.Generation++ }, false, "it was changed in what is not signed"},
		"other content":            {func(h *v1alpha1.Handover) { h.Generation++; h.Status.ContentHash = other }, true, "the content was changed"},
		"another version":          {func(h *v1alpha1.Handover) { h.Status.ContentHash = other }, true, "are of different versions"},
		"never judged":             {func(h *v1alpha1.Handover) { h.Status = v1alpha1.HandoverStatus{} }, true, "has not judged it yet"},
		"judged without a content": {func(h *v1alpha1.Handover) { h.Status.ContentHash = "" }, true, "are of different versions"},
	} {
		t.Run(name, func(t *testing.T) {
			g := load(t, "support")
			test.change(g.Handover)
			c := handover.Build(g)
			if c.Outdated != test.outdated || !strings.Contains(c.Why, test.why) || c.Why != "" && test.why == "" {
				t.Errorf("outdated: %t, %s", c.Outdated, c.Why)
			}
			if signed := c.Roles[0].Signature != nil; signed == test.outdated {
				t.Errorf("a signature counts: %t", signed)
			}
		})
	}
}
