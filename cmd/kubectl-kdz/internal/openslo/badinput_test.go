// SPDX-License-Identifier: Apache-2.0

package openslo_test

import (
	"fmt"
	"strings"
	"testing"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/openslo"
)

// good is an SLO; each case replaces something in it.
const good = `apiVersion: openslo/v1
kind: SLO
metadata: {name: web, displayName: Web}
spec:
  service: web
  indicatorRef: web
  timeWindow:
  - duration: 1M
    calendar: {startTime: "2020-01-01 00:00:00", timeZone: Europe/Berlin}
  budgetingMethod: Occurrences
  objectives:
  - {target: 0.995}
`

func TestBadInput(t *testing.T) {
	const window = `  - duration: 1M
    calendar: {startTime: "2020-01-01 00:00:00", timeZone: Europe/Berlin}
`
	for _, test := range []struct {
		name, replace, by, words string
	}{
		{"another version", "openslo/v1\n", "openslo/v1alpha\n", `document 1 (SLO web): apiVersion: "openslo/v1alpha" is not known here; only openslo/v1 is`},
		{"our own kind", "openslo/v1\n", "kdz.mainz.de/v1alpha1\n", `apiVersion: "kdz.mainz.de/v1alpha1" is not known here`},
		{"no kind of it", "kind: SLO", "kind: SLOO", `document 1 (SLOO web): kind: "SLOO" is no kind of openslo/v1`},
		{"mistyped field", "budgetingMethod", "budgetMethod", `document 1 (SLO web): unknown field "spec.budgetMethod" of OpenSLO v1`},
		{"a field twice", "  service: web\n", "  service: web\n  service: app\n", `document 1: not YAML: `},
		{"wrong type", "{target: 0.995}", "{target: high}", "document 1 (SLO web): "},
		{"text for a list", "objectives:\n  - {target: 0.995}", "objectives: all", "document 1 (SLO web): "},
		{"no YAML", "spec:", "spec: [", "document 1: not YAML"},
		{"just text", good, "hello", "document 1: no document of OpenSLO, which has apiVersion"},
		{"nothing", good, "", "there is no SLO in the input"},
		{"only comments", good, "# nothing\n---\n---\n", "there is no SLO in the input"},
		{"no window", "  timeWindow:\n" + window, "", "spec.timeWindow: must have exactly one window, and has 0"},
		{"two windows", window, window + window, "spec.timeWindow: must have exactly one window, and has 2"},
		{"no length", "duration: 1M", "duration: month", `spec.timeWindow[0].duration: "month" is not a duration of OpenSLO`},
		{"no length at all", "duration: 1M", "duration: 0M", `"0M" is not a duration`},
		{"enormous", "duration: 1M", "duration: 99999999999999999999M", `is not a duration`},
		{"a week of the calendar", "duration: 1M", "duration: 1w", "spec.timeWindow[0].duration: a calendar window is 1M, 1Q or 1Y in a ServiceLevel; it has no 1w"},
		{"two months", "duration: 1M", "duration: 2M", "it has no 2M"},
		{"many years", "duration: 1M", "duration: 4000000Y", "it has no 4000000Y"},
		{"begins at noon", "2020-01-01 00:00:00", "2020-01-01 12:00:00", "spec.timeWindow[0].calendar.startTime: the month of a ServiceLevel begins with that of the calendar"},
		{"begins in between", `1M
    calendar: {startTime: "2020-01-01`, `1Q
    calendar: {startTime: "2020-02-01`, "the quarter of a ServiceLevel begins"},
		{"no moment", `"2020-01-01 00:00:00"`, "new year", `startTime: "new year" is not a moment such as`},
		{"no zone", "Europe/Berlin", "Europe/Mainz", `spec.timeWindow[0].calendar.timeZone: "Europe/Mainz" is not in the time zone database`},
		{"the machine's zone", "Europe/Berlin", "Local", `"Local" is not in the time zone database`},
		{"neither", window, "  - {duration: 1M}\n", "spec.timeWindow[0]: must have isRolling: true or a calendar"},
		{"both", "  - duration: 1M\n", "  - duration: 30d\n    isRolling: true\n", "spec.timeWindow[0].calendar: a rolling window has none"},
		{"rolling month", window, "  - {duration: 1M, isRolling: true}\n", "a rolling window of 1M is not always equally long; write it in days, such as 30d"},
		{"too short", window, "  - {duration: 23h, isRolling: true}\n", "is 24h to 2160h (90d), and not 23h"},
		{"too long", window, "  - {duration: 4294967295w, isRolling: true}\n", "is not a duration of OpenSLO"},
		{"much too long", window, "  - {duration: 99999999w, isRolling: true}\n", "is 24h to 2160h (90d), and not 99999999w"},
		{"budgeting", "Occurrences", "Average", `spec.budgetingMethod: "Average" is not Occurrences, Timeslices or RatioTimeslices`},
		{"no objective", "objectives:\n  - {target: 0.995}\n", "objectives: []\n", "spec.objectives: has 0 objectives, and a ServiceLevel has exactly one"},
		{"two objectives", "  - {target: 0.995}\n", "  - {target: 0.995}\n  - {target: 0.9}\n", "spec.objectives: has 2 objectives"},
		{"composite", "{target: 0.995}", "{target: 0.995, indicatorRef: web}", "spec.objectives[0]: has an indicator of its own"},
		{"no target", "{target: 0.995}", "{op: lt}", "spec.objectives[0]: must have exactly one of target and targetPercent"},
		{"two targets", "{target: 0.995}", "{target: 0.995, targetPercent: 99.5}", "must have exactly one of target and targetPercent"},
		{"all", "{target: 0.995}", "{target: 1}", "spec.objectives[0].target: 1 is not below 1"},
		{"per cent as a part", "{target: 0.995}", "{target: 99.5}", "spec.objectives[0].target: 99.5 is not below 1"},
		{"below nothing", "{target: 0.995}", "{targetPercent: -1}", "spec.objectives[0].targetPercent: -1 is not a decimal number"},
		{"an exponent", "{target: 0.995}", "{targetPercent: 1e-7}", "is not a decimal number"},
		{"too fine", "{target: 0.995}", "{target: 0.99999999}", "0.99999999 has more decimals than the objective of a ServiceLevel"},
		{"no indicator", "  indicatorRef: web\n", "", "spec: must have exactly one of indicator and indicatorRef"},
		{"two indicators", "  indicatorRef: web\n", "  indicatorRef: web\n  indicator: {metadata: {name: web}, spec: {}}\n", "spec: must have exactly one of indicator and indicatorRef"},
		{"name", "name: web,", "name: Web Site,", `metadata.name: "Web Site" is no name of a ServiceLevel`},
		{"no name", "name: web,", "", `metadata.name: "" is no name`},
		{"long display name", "displayName: Web", "displayName: " + strings.Repeat("x", 257), "metadata.displayName: has 257 characters"},
		{"annotation of no field", "displayName: Web", `annotations: {kdz.mainz.de/spec.decision: "{}"}`, "metadata.annotations[kdz.mainz.de/spec.decision]: no field of a ServiceLevel that an annotation may hold"},
		{"annotation that is no JSON", "displayName: Web", `annotations: {kdz.mainz.de/spec.recovery: "4h"}`, "metadata.annotations[kdz.mainz.de/spec.recovery]: not spec.recovery of a ServiceLevel as JSON"},
		{"annotation with a field too many", "displayName: Web", `annotations: {kdz.mainz.de/spec.recovery: '{"min":"4h"}'}`, `unknown field "min"`},
		{"two zones", "displayName: Web", `annotations: {kdz.mainz.de/spec.serviceHours: '{"timeZone":"UTC","weekly":[]}'}`, "is Europe/Berlin, but the service hours in the annotation are in UTC"},
		{"not in time", good, strings.Repeat("#", openslo.MaxInput+1), "the input is larger than 4 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(good, test.replace) {
				t.Fatalf("there is no %q to replace", test.replace)
			}
			result, err := openslo.Read(strings.NewReader(strings.Replace(good, test.replace, test.by, 1)))
			if err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("%+v, error\n%v\nlacks\n%s", result, err, test.words)
			}
		})
	}
	if _, err := openslo.Read(strings.NewReader(good)); err != nil {
		t.Errorf("what is good: %v", err)
	}
}

// All that is wrong is told at once, each with its document, and nothing is
// made of what is right.
func TestAllErrorsAtOnce(t *testing.T) {
	second := strings.Replace(strings.Replace(good, "0.995", "2", 1), "1M", "1w", 1)
	third := strings.Replace(good, "0.995", "0.9", 1)
	_, err := openslo.Read(strings.NewReader(good + "---\n" + second + "---\n- " + strings.ReplaceAll(third, "\n", "\n  ") + "\n"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, words := range []string{
		"document 2 (SLO web): spec.timeWindow[0].duration", "document 2 (SLO web): spec.objectives[0].target",
		"document 3, item 1 (SLO web): makes another ServiceLevel web than document 1 (SLO web)",
	} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%v\nlacks %q", err, words)
		}
	}
}

func TestErrorsAreBounded(t *testing.T) {
	var all strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&all, "---\napiVersion: v%d\n", i)
	}
	_, err := openslo.Read(strings.NewReader(all.String()))
	if err == nil || strings.Count(err.Error(), "\n") > 60 || !strings.Contains(err.Error(), "and 950 more") {
		t.Errorf("error: %v", err)
	}
}

// Aliases that stand for ever more aliases are refused before they fill the
// memory.
func TestAliasesThatGrow(t *testing.T) {
	var bomb strings.Builder
	bomb.WriteString("a0: &a0 [x,x,x,x,x,x,x,x,x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&bomb, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 9), ","))
	}
	if _, err := openslo.Read(strings.NewReader(bomb.String())); err == nil || !strings.Contains(err.Error(), "document 1") {
		t.Errorf("error: %.200v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add("- " + strings.ReplaceAll(good, "\n", "\n  "))
	f.Fuzz(func(t *testing.T, input string) {
		result, err := openslo.Read(strings.NewReader(input))
		if (err == nil) != (result != nil && len(result.Levels) > 0) {
			t.Errorf("%+v, %v", result, err)
		}
	})
}
