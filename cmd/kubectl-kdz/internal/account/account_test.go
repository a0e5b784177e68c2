// SPDX-License-Identifier: Apache-2.0

package account_test

import (
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
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
)

var update = flag.Bool("update", false, "write what is printed into testdata")

// now of all cases.
var now = time.Date(2026, 12, 10, 11, 0, 0, 0, time.UTC)

// world is what a file of testdata holds, and the agreements of all cases.
type world struct {
	apps    []v1alpha1.Application
	records []v1alpha1.AvailabilityRecord
	levels  map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel
}

func load(t *testing.T, names ...string) *world {
	t.Helper()
	w := &world{levels: map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel{}}
	for _, name := range append(names, "levels") {
		content, err := os.ReadFile("testdata/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		documents := utilyaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(content)))
		for {
			chunk := make([]byte, len(content))
			n, err := documents.Read(chunk)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			w.add(t, chunk[:n])
		}
	}
	return w
}

func (w *world) add(t *testing.T, chunk []byte) {
	t.Helper()
	var head struct{ Kind string }
	if err := yaml.Unmarshal(chunk, &head); err != nil {
		t.Fatal(err)
	}
	switch head.Kind {
	case "Application":
		w.apps = append(w.apps, v1alpha1.Application{})
		decode(t, chunk, &w.apps[len(w.apps)-1])
	case "AvailabilityRecord":
		w.records = append(w.records, v1alpha1.AvailabilityRecord{})
		decode(t, chunk, &w.records[len(w.records)-1])
	case "ServiceLevel":
		level := &v1alpha1.ServiceLevel{}
		decode(t, chunk, level)
		w.levels[v1alpha1.ObjectName(level.Name)] = level
	default:
		t.Fatalf("kind %q", head.Kind)
	}
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

func (w *world) given(period string) account.Given {
	g := account.Given{Record: &w.records[0], Levels: w.levels, Recorded: recorded(now.Add(-3 * time.Second)), Period: period, Now: now}
	if len(w.apps) > 0 {
		g.Application = &w.apps[0]
	}
	return g
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
	for _, test := range []struct{ file, period, golden string }{
		{"met", "", "met.txt"},
		{"met", "2026-11", "met-2026-11.txt"},
		{"open", "", "open.txt"},
		{"breached", "2026-11", "breached.txt"},
		{"lost", "", "lost.txt"},
		{"rolling", "720h", "rolling.txt"},
		{"none", "", "none.txt"},
	} {
		t.Run(test.golden, func(t *testing.T) {
			r, err := account.Build(load(t, test.file).given(test.period))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, test.golden, r.Text())
		})
	}
}

func TestJSON(t *testing.T) {
	r, err := account.Build(load(t, "met").given(""))
	if err != nil {
		t.Fatal(err)
	}
	content, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "met.json", string(content)+"\n")
}

func TestTheListBeginsWithTheLeastBudget(t *testing.T) {
	w := load(t, "none", "met", "open", "breached", "lost", "rolling")
	w.apps = append(w.apps, v1alpha1.Application{})
	w.apps[len(w.apps)-1].Namespace, w.apps[len(w.apps)-1].Name = "amt-33", "new"
	golden(t, "list.txt", account.BuildList(w.apps, w.records, w.levels, recorded(now)).Text())
}

func TestPeriodsThatThereAreNot(t *testing.T) {
	met := load(t, "met")
	empty := load(t, "met")
	empty.records[0].Current, empty.records[0].Periods = nil, nil
	for _, test := range []struct {
		name   string
		given  account.Given
		period string
		words  string
	}{
		{"unknown", met.given("2026-08"), "", `no period "2026-08"; it has 2026-12 (running), 2026-11, 2026-10`},
		{"no period", met.given("December"), "", `no period "December"`},
		{"of an empty account", empty.given("2026-08"), "", "amt-10/civento has no period yet"},
		{"an empty account", empty.given(""), "", "amt-10/civento has no period yet"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := account.Build(test.given)
			if err == nil || !strings.Contains(err.Error(), test.words) {
				t.Errorf("report %v, error %v, want %q", r, err, test.words)
			}
		})
	}
}

// When nothing runs any more, the latest period is shown.
func TestNoPeriodRuns(t *testing.T) {
	w := load(t, "met")
	w.records[0].Current = nil
	r, err := account.Build(w.given(""))
	if err != nil {
		t.Fatal(err)
	}
	if r.Period.Name != "2026-11" || r.Current != nil || !strings.Contains(r.Text(), "No period runs") {
		t.Errorf("report:\n%s", r.Text())
	}
}

// A revision or a level that is gone is said to be, and nothing is made up.
func TestAnAgreementThatIsGone(t *testing.T) {
	w := load(t, "met")
	w.levels["office-hours"].Status.Revisions = nil
	w.levels["office-hours"].Generation = 9
	r, err := account.Build(w.given(""))
	if err != nil || !strings.Contains(r.Text(), "no longer knows the revision") {
		t.Errorf("error %v, report:\n%s", err, r.Text())
	}
	w.levels = nil
	if r, err = account.Build(w.given("")); err != nil || r.Agreement.Terms != nil || !strings.Contains(r.Text(), "ServiceLevel office-hours cannot be read") {
		t.Errorf("error %v, report:\n%s", err, r.Text())
	}
}

func TestSeconds(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0s", 59: "59s", 60: "1m 0s", 3599: "59m 59s", 3600: "1h 0m 0s", 788400: "219h 0m 0s", -61: "-1m 1s",
	} {
		if got := account.Seconds(n); got != want {
			t.Errorf("Seconds(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestHours(t *testing.T) {
	for _, test := range []struct {
		want  string
		hours *v1alpha1.ServiceHours
	}{
		{"around the clock, every day", nil},
		{"every day all day", &v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{{Days: []v1alpha1.Weekday{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}, From: "00:00", To: "24:00"}}}},
		{"Monday, Tuesday, Saturday 22:00-06:00 of the next day", &v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{{Days: []v1alpha1.Weekday{"Saturday", "Tuesday", "Monday"}, From: "22:00", To: "06:00"}}}},
		{"Monday to Wednesday, Friday to Sunday 08:00-12:00; closed on 2026-12-24", &v1alpha1.ServiceHours{ClosuresOn: []v1alpha1.Date{"2026-12-24"}, Weekly: []v1alpha1.WeeklyHours{{Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Friday", "Saturday", "Sunday"}, From: "08:00", To: "12:00"}}}},
	} {
		if got := account.Hours(test.hours); got != test.want {
			t.Errorf("Hours = %q, want %q", got, test.want)
		}
	}
}

func TestNear(t *testing.T) {
	names := []string{"civento", "civento-test", "cevento", "meso", "gis"}
	for _, test := range []struct {
		name string
		want []string
	}{
		{"civnto", []string{"civento", "cevento"}},
		{"civento", []string{"civento", "cevento"}},
		{"mesoo", []string{"meso"}},
		{"gos", []string{"gis"}},
		{"bibliothek", nil},
		{"", nil},
	} {
		if diff := cmp.Diff(test.want, account.Near(test.name, names)); diff != "" {
			t.Errorf("Near(%q) (-want +got):\n%s", test.name, diff)
		}
	}
}

// Whatever was mistyped in one place is found again.
func TestOneMistakeIsNear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9-]{2,63}`).Draw(t, "name")
		i := rapid.IntRange(0, len(name)-1).Draw(t, "place")
		var typed string
		switch rapid.SampledFrom([]string{"left out", "changed", "put in"}).Draw(t, "mistake") {
		case "left out":
			typed = name[:i] + name[i+1:]
		case "changed":
			typed = name[:i] + "x" + name[i+1:]
		default:
			typed = name[:i] + "x" + name[i:]
		}
		if got := account.Near(typed, []string{name}); len(got) != 1 {
			t.Fatalf("Near(%q) does not find %q", typed, name)
		}
	})
}
