// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kdz.mainz.de/operator/test/servers"
)

// folder of the rules and of their tests.
const folder = "../../config/prometheus"

// promtool runs promtool and fails the test with what it prints.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	if out, err := servers.Promtool(t, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestRules has Prometheus' own tool check the rules and run their tests.
func TestRules(t *testing.T) {
	promtool(t, "check", "rules", "--lint=all", "--lint-fatal", filepath.Join(folder, "rules.yaml"))
	tests, err := filepath.Glob(filepath.Join(folder, "tests", "*.yaml"))
	if err != nil || len(tests) < 2 {
		t.Fatalf("tests of the rules: %v, %v", tests, err)
	}
	for _, file := range tests {
		promtool(t, "test", "rules", file)
	}
}

// TestS9OneOfManyPages: of 500 Applications under one agreement (around the
// clock, 99.9 %) one dies at the tenth minute. Its checks are a minute apart and
// three of them confirm the outage, so that after 180 s it is told of, from the
// first failed one on. Within a scrape and an evaluation of 15 s each exactly one
// alert fires, which is its page, and none before.
func TestS9OneOfManyPages(t *testing.T) {
	const applications, dead = 500, 77
	var input strings.Builder
	for i := range applications {
		labels := fmt.Sprintf(`{namespace="amt-%02d", application="a-%03d", service_level="around-the-clock"}`, i%20, i)
		bad := "0x80"
		if i == dead {
			// Samples 15 s apart: 600 s, 180 s until it is confirmed, 120 s bad.
			bad = "0x51 120+15x28"
		}
		fmt.Fprintf(&input, "  - {series: 'kdz_application_bad_seconds_total%s', values: '%s'}\n", labels, bad)
		fmt.Fprintf(&input, "  - {series: 'kdz_application_budget_seconds%s', values: '2592x80'}\n", labels)
		fmt.Fprintf(&input, "  - {series: 'kdz_application_alerting_info%s', values: '1x80'}\n", labels)
	}
	rules, err := filepath.Abs(filepath.Join(folder, "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	content := fmt.Sprintf(`
rule_files: [%q]
evaluation_interval: 15s
group_eval_order: [kdz-accounts, kdz-accounts-slow, kdz-availability, kdz-operator]
tests:
- interval: 15s
  input_series:
%s
  promql_expr_test:
  - {expr: 'ALERTS{alertname=~"KdzBudget.*"}', eval_time: 12m45s, exp_samples: []}
  - expr: ALERTS{alertname=~"KdzBudget.*"}
    eval_time: 13m15s
    exp_samples: &one
    - labels: 'ALERTS{alertname="KdzBudgetBurnsFast", alertstate="firing", severity="page", namespace="amt-17", application="a-077", service_level="around-the-clock"}'
      value: 1
  - {expr: 'ALERTS{alertname=~"KdzBudget.*"}', eval_time: 20m, exp_samples: *one}
`, rules, input.String())
	file := filepath.Join(t.TempDir(), "s9.yaml")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "test", "rules", file)
}
