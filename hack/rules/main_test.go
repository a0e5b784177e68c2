// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestExtract(t *testing.T) {
	got, err := extract("kind: PrometheusRule\nspec:\n  groups:\n  # Why.\n  - name: a\n\n    rules: []\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(header+"groups:\n# Why.\n- name: a\n\n  rules: []\n", got); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"kind: PrometheusRule\n", "a: b\nspec:\n  groups: []\nstatus: {}\n"} {
		if rules, err := extract(bad); err == nil {
			t.Errorf("%q becomes %q", bad, rules)
		}
	}
}

// TestRulesAreUpToDate: the file holds what the object holds.
func TestRulesAreUpToDate(t *testing.T) {
	real := filepath.Join("..", "..", folder)
	object, err := os.ReadFile(filepath.Join(real, source))
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(real, target))
	if err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	if err := os.WriteFile(filepath.Join(copied, source), object, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(copied); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(filepath.Join(copied, target))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(written), string(kept)); diff != "" {
		t.Errorf("run make rules (-want +got):\n%s", diff)
	}
	var rule struct{ Spec any }
	var file any
	if err := yaml.Unmarshal(object, &rule); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(kept, &file); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rule.Spec, file); diff != "" {
		t.Errorf("the object (-) and the file (+) differ:\n%s", diff)
	}
	if err := run(t.TempDir()); err == nil || !strings.Contains(err.Error(), source) {
		t.Errorf("without a source: %v", err)
	}
}
