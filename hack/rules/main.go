// SPDX-License-Identifier: Apache-2.0

// Command rules writes config/prometheus/rules.yaml, the rules as Prometheus
// reads them from a file, from the PrometheusRule beside it, so that both hold
// the same.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	folder = "config/prometheus"
	source = "prometheus_rule.yaml"
	target = "rules.yaml"
)

const header = `# Recording rules and alerts, for rule_files of a prometheus.yml.
# Written from prometheus_rule.yaml by ` + "`make rules`" + `; do not edit.
`

func main() {
	if err := run(folder); err != nil {
		fmt.Fprintln(os.Stderr, "rules:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	object, err := os.ReadFile(filepath.Join(folder, source))
	if err != nil {
		return err
	}
	rules, err := extract(string(object))
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(folder, source), err)
	}
	return os.WriteFile(filepath.Join(folder, target), []byte(rules), 0o644)
}

// extract returns what stands below spec, with its comments. That has to be the
// last field of the object, indented by two.
func extract(object string) (string, error) {
	_, spec, found := strings.Cut(object, "\nspec:\n")
	if !found {
		return "", fmt.Errorf("has no field spec on a line of its own")
	}
	var rules strings.Builder
	rules.WriteString(header)
	for line := range strings.Lines(spec) {
		rest, indented := strings.CutPrefix(line, "  ")
		if !indented && strings.TrimSpace(line) != "" {
			return "", fmt.Errorf("%q stands behind spec, which has to come last", strings.TrimSpace(line))
		}
		rules.WriteString(rest)
	}
	return rules.String(), nil
}
