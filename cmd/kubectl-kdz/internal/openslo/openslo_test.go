// SPDX-License-Identifier: Apache-2.0

package openslo_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/openslo"
)

var update = flag.Bool("update", false, "write what is made into testdata")

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

func level(t *testing.T, name string) *v1alpha1.ServiceLevel {
	t.Helper()
	content, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	content, err = yaml.YAMLToJSONStrict(content)
	if err != nil {
		t.Fatal(err)
	}
	l := &v1alpha1.ServiceLevel{}
	if err := v1alpha1.UnmarshalStrict(content, l); err != nil {
		t.Fatal(err)
	}
	return l
}

func apps() []openslo.Application {
	return []openslo.Application{
		{Namespace: "amt-10", Name: "civento", DisplayName: v1alpha1.LocalisedText{DE: "civento Fallakte"}},
		{Namespace: "amt-33", Name: "meso.zwei"},
	}
}

func TestExport(t *testing.T) {
	e, err := openslo.FromLevel(level(t, "office-hours.yaml"), apps())
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "office-hours.openslo.yaml", string(e.YAML))
	golden(t, "office-hours.warnings.txt", strings.Join(e.Warnings, "\n")+"\n")
}

// Every field of an agreement that is set is in the SLO, in an annotation, or
// named in a warning.
func TestNoFieldIsDroppedInSilence(t *testing.T) {
	l := level(t, "office-hours.yaml")
	e, err := openslo.FromLevel(l, apps())
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(e.Warnings, "\n")
	var spec map[string]any
	content, err := yaml.Marshal(l.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, &spec); err != nil {
		t.Fatal(err)
	}
	for field := range spec {
		if field != "availability" && !strings.Contains(said, "spec."+field) {
			t.Errorf("nothing is said of spec.%s:\n%s", field, said)
		}
	}
	if strings.Contains(string(e.YAML), "SR-2026-03") {
		t.Error("the decision went along")
	}
}

func TestNothingToExport(t *testing.T) {
	e, err := openslo.FromLevel(level(t, "office-hours.yaml"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.YAML) > 0 || !strings.Contains(strings.Join(e.Warnings, "\n"), "no Application refers to it") {
		t.Errorf("%s%s", e.YAML, e.Warnings)
	}
}

func TestWhatOpenSLOCannotSay(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*v1alpha1.AvailabilityObjective)
		words  string
	}{
		{"no budget", func(a *v1alpha1.AvailabilityObjective) { a.Objective = "100" }, "spec.availability.objective: 100 is not below 100"},
		{"no number", func(a *v1alpha1.AvailabilityObjective) { a.Objective = "high" }, `"high" is not a percentage, such as 99.5`},
		{"seconds", func(a *v1alpha1.AvailabilityObjective) {
			a.Window = v1alpha1.AvailabilityWindow{Rolling: "24h0m1s"}
		}, "spec.availability.window.rolling: OpenSLO has no window of 24h0m1s"},
		{"no duration", func(a *v1alpha1.AvailabilityObjective) {
			a.Window = v1alpha1.AvailabilityWindow{Rolling: "30d"}
		}, `"30d" is not a duration, such as 720h`},
		{"no window", func(a *v1alpha1.AvailabilityObjective) { a.Window = v1alpha1.AvailabilityWindow{} }, `"" is not Month, Quarter or Year`},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := level(t, "office-hours.yaml")
			test.change(&l.Spec.Availability)
			if _, err := openslo.FromLevel(l, apps()); err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v lacks %q", err, test.words)
			}
		})
	}
}

// What is exported and imported again is the same, but for the decision.
func TestThereAndBack(t *testing.T) {
	l := level(t, "office-hours.yaml")
	e, err := openslo.FromLevel(l, apps())
	if err != nil {
		t.Fatal(err)
	}
	back, err := openslo.Read(bytes.NewReader(e.YAML))
	if err != nil {
		t.Fatalf("%v\n%s", err, e.YAML)
	}
	l.Spec.Decision = nil
	if diff := cmp.Diff([]v1alpha1.ServiceLevel{*l}, back.Levels); diff != "" {
		t.Errorf("(-there +back):\n%s", diff)
	}
}

func TestAnyAgreementThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawLevel(t)
		e, err := openslo.FromLevel(l, apps())
		if err != nil {
			t.Fatal(err)
		}
		back, err := openslo.Read(bytes.NewReader(e.YAML))
		if err != nil {
			t.Fatalf("%v\n%s", err, e.YAML)
		}
		want := l.Spec
		if diff := cmp.Diff(want, back.Levels[0].Spec); diff != "" || len(back.Levels) != 1 {
			t.Fatalf("%d levels (-there +back):\n%s\n%s", len(back.Levels), diff, e.YAML)
		}
	})
}

func drawLevel(t *rapid.T) *v1alpha1.ServiceLevel {
	l := &v1alpha1.ServiceLevel{}
	l.Name = rapid.StringMatching(`[a-z]([-a-z0-9.]{0,20}[a-z0-9])?`).Filter(func(s string) bool {
		return !strings.Contains(s, "..") && !strings.Contains(s, ".-") && !strings.Contains(s, "-.")
	}).Draw(t, "name")
	l.Spec.DisplayName = v1alpha1.LocalisedText{DE: rapid.StringMatching(`[A-Za-zÄÖÜäöüß:#"' {}\[\]&<>%-]{1,40}`).Draw(t, "de")}
	a := &l.Spec.Availability
	a.Objective = v1alpha1.Percentage(rapid.SampledFrom([]string{"0", "50", "99", "99.5", "99.9", "99.95", "99.99999", "12.34567"}).Draw(t, "objective"))
	a.MinimumCoverage = v1alpha1.Percentage(rapid.SampledFrom([]string{"", "95", "90.5"}).Draw(t, "coverage"))
	switch rapid.IntRange(0, 3).Draw(t, "window") {
	case 0:
		a.Window.Calendar = v1alpha1.CalendarMonth
	case 1:
		a.Window.Calendar = v1alpha1.CalendarQuarter
	case 2:
		a.Window.Calendar = v1alpha1.CalendarYear
	default:
		a.Window.Rolling = v1alpha1.Duration(rapid.SampledFrom([]string{"24h", "25h", "168h", "720h", "2160h", "100h30m"}).Draw(t, "rolling"))
	}
	if rapid.Bool().Draw(t, "hours") {
		l.Spec.ServiceHours = &v1alpha1.ServiceHours{
			TimeZone: v1alpha1.TimeZone(rapid.SampledFrom([]string{"", "Europe/Berlin", "Europe/London", "UTC"}).Draw(t, "zone")),
			Weekly:   []v1alpha1.WeeklyHours{{Days: []v1alpha1.Weekday{"Monday"}, From: "22:00", To: "06:00"}},
		}
	}
	if rapid.Bool().Draw(t, "recovery") {
		l.Spec.Recovery = &v1alpha1.RecoveryObjective{MaxOutage: "4h"}
	}
	if rapid.Bool().Draw(t, "requires") {
		zero := int32(0)
		l.Spec.Requires = &v1alpha1.Requirements{Sovereignty: &zero}
	}
	if rapid.Bool().Draw(t, "alerting") {
		l.Spec.Alerting = &v1alpha1.Alerting{BurnRate: rapid.SampledFrom([]string{"Enabled", "Disabled"}).Draw(t, "burnRate")}
	}
	if rapid.Bool().Draw(t, "escalation") {
		l.Spec.Escalation = []v1alpha1.EscalationStep{{After: "1h", Contact: v1alpha1.Person{Name: "duty"}}}
	}
	return l
}

// No two Applications have the same name in OpenSLO, and each is a label.
func TestNamesAreUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.StringMatching(`[a-b]([-ab]{0,60}[ab])?`)
		names := map[string]openslo.Application{}
		for range 20 {
			app := openslo.Application{Namespace: part.Draw(t, "namespace"), Name: strings.ReplaceAll(part.Draw(t, "name"), "aa", "a.a")}
			l := &v1alpha1.ServiceLevel{}
			l.Name = "l"
			l.Spec.Availability = v1alpha1.AvailabilityObjective{Objective: "99", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}}
			l.Spec.Alerting = &v1alpha1.Alerting{BurnRate: "Disabled"}
			e, err := openslo.FromLevel(l, []openslo.Application{app})
			if err != nil {
				t.Fatal(err)
			}
			var service openslo.Service
			if err := yaml.Unmarshal(bytes.Split(e.YAML, []byte("---\n"))[1], &service); err != nil {
				t.Fatal(err)
			}
			name := service.Metadata.Name
			if other, taken := names[name]; taken && other != app {
				t.Fatalf("%v and %v are both %q", other, app, name)
			}
			names[name] = app
			if len(name) > 63 || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasSuffix(name, "-") {
				t.Fatalf("%q is no label", name)
			}
		}
	})
}

// Documents as other tools write them.
func TestImport(t *testing.T) {
	file, err := os.Open("testdata/foreign.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	result, err := openslo.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	content, err := result.YAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "foreign.levels.yaml", string(content))
	golden(t, "foreign.notes.txt", strings.Join(result.Notes, "\n")+"\n")
}
