// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"pgregory.net/rapid"
)

// wantedNames are those of the tests of the filter; the others begin or end like
// them.
var (
	wantedNames = []string{"node_a", "node_boot_time_seconds", "a:b"}
	otherNames  = []string{"node_ab", "node", "a", "a:b:c", "xnode_a", "node_a_total", "go_gc"}
)

func wantedSet() *Set {
	var families []Family
	for _, name := range wantedNames {
		families = append(families, Family{Name: name})
	}
	return NewSet("test", nil, families...)
}

// exposition draws a text of metrics.
func exposition(t *rapid.T) string {
	var b strings.Builder
	blank := rapid.SampledFrom([]string{" ", "\t", "  "})
	maybe := rapid.SampledFrom([]string{"", "", "", " ", "\t "})
	names := rapid.Permutation(append(slices.Clip(wantedNames), otherNames...)).Draw(t, "names")
	escape := strings.NewReplacer("\\", `\\`, "\"", `\"`, "\n", `\n`).Replace
	for _, name := range names {
		if rapid.Bool().Draw(t, "help") {
			fmt.Fprintf(&b, "%s#%sHELP %s%s%s\n", maybe.Draw(t, "m"), maybe.Draw(t, "m"), name, blank.Draw(t, "b"), escape(rapid.String().Draw(t, "text")))
		}
		if rapid.Bool().Draw(t, "type") {
			fmt.Fprintf(&b, "#%sTYPE%s%s %s\n", maybe.Draw(t, "m"), blank.Draw(t, "b"), name, rapid.SampledFrom([]string{"gauge", "counter", "untyped", "GAUGE"}).Draw(t, "type"))
		}
		for range rapid.IntRange(0, 4).Draw(t, "samples") {
			b.WriteString(maybe.Draw(t, "m") + name + maybe.Draw(t, "m"))
			if n := rapid.IntRange(0, 3).Draw(t, "labels"); n > 0 {
				b.WriteString("{")
				for i := range n {
					fmt.Fprintf(&b, "l%d%s=%s\"%s\"%s,", i, maybe.Draw(t, "m"), maybe.Draw(t, "m"), escape(rapid.String().Draw(t, "value")), maybe.Draw(t, "m"))
				}
				b.WriteString("}")
			}
			fmt.Fprintf(&b, " %v", rapid.Float64().Draw(t, "number"))
			if rapid.Bool().Draw(t, "stamped") {
				fmt.Fprintf(&b, " %d", rapid.Int64().Draw(t, "stamp"))
			}
			b.WriteString("\n")
		}
		b.WriteString(rapid.SampledFrom([]string{"", "\n", "# a comment\n", "#\n", "# TYPE\n", "# HELP \n", "#TYPE\n", " \n"}).Draw(t, "between"))
	}
	return b.String()
}

func parseAll(text string) (map[string]*dto.MetricFamily, error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	return parser.TextToMetricFamilies(strings.NewReader(text))
}

// same checks that what the filter lets through is, of what the parser makes of
// the whole text, what is wanted.
func same(t *rapid.T, all map[string]*dto.MetricFamily, got Metrics) {
	for name := range maps.Clone(all) {
		if wantedSet().families[name] == nil {
			delete(all, name)
		}
	}
	if len(all) != len(got.families) {
		t.Fatalf("%d families, want %d", len(got.families), len(all))
	}
	for name, want := range all {
		if have := got.families[name]; have == nil || have.String() != want.String() {
			t.Fatalf("%s: got %v\nwant %v", name, have, want)
		}
	}
}

// TestFilterKeepsWhatIsWanted: of any text the filter and the parser together
// make the same as the parser alone, for the wanted families.
func TestFilterKeepsWhatIsWanted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := exposition(t)
		all, err := parseAll(text)
		if err != nil {
			t.Fatalf("drawn text is wrong: %v\n%s", err, text)
		}
		var in io.Reader = strings.NewReader(text)
		if rapid.Bool().Draw(t, "slow") {
			in = iotest.OneByteReader(in)
		}
		got, err := wantedSet().scrape(t.Context(), in, "")
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		same(t, all, got)
	})
}

// TestFilterOfBrokenText: what the parser accepts as a whole, the filter does not
// make wrong.
func TestFilterOfBrokenText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(exposition(t))
		for range rapid.IntRange(1, 3).Draw(t, "mutations") {
			if len(text) == 0 {
				return
			}
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			text[at] = rapid.SampledFrom([]byte("\n #{}\"=,a1\t\\:_")).Draw(t, "byte")
		}
		all, err := parseAll(string(text))
		if err != nil || bytes.ContainsAny(text[:1], "{\"") || bytes.Contains(text, []byte("\n{")) || bytes.Contains(text, []byte("\n\"")) {
			return // names in quotes are not of this version
		}
		got, err := wantedSet().scrape(t.Context(), bytes.NewReader(text), "")
		switch {
		case errors.Is(err, errTruncated) && text[len(text)-1] != '\n':
			return // the parser does not mind a comment that is cut
		case err != nil:
			t.Fatalf("%v\n%q", err, text)
		}
		same(t, all, got)
	})
}

// TestStates: skipping lines loses no state.
func TestStates(t *testing.T) {
	set := NewSet("test", nil, StateFamily("s", "up"))
	m, err := set.scrape(t.Context(), strings.NewReader(`s{name="x",state="up"} 1
s{name="x",state="down"} 0
s{name="y",state="up"} 0
s{name="y",state="down"} 1
s{name="z",state="up"} 0
s{name="z",state="down"} 0
s{name="a\"state=\"up",state="down"} 0
`), "")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(m.families["s"].GetMetric()); got != 4 {
		t.Errorf("%d lines reach the parser, want 4", got)
	}
	states, err := m.States("s", strings.ToUpper)
	if want := map[string]string{"X": "up", "Y": "down", "Z": ""}; err != nil || !maps.Equal(states, want) {
		t.Errorf("%v, %v, want %v", states, err, want)
	}
	for _, bad := range []string{
		"s{name=\"x\",state=\"up\"} 1\ns{name=\"x\",state=\"down\"} 1\n",
		"s{name=\"x\",state=\"up\"} 2\n", "s{name=\"x\",state=\"up\"} NaN\n",
	} {
		m, err := set.scrape(t.Context(), strings.NewReader(bad), "")
		if err == nil {
			_, err = m.States("s", nil)
		}
		if err == nil {
			t.Errorf("accepted:\n%s", bad)
		}
	}
}

// TestMillionSeries: what is not wanted costs no memory.
func TestMillionSeries(t *testing.T) {
	line := []byte("node_other_seconds_total{cpu=\"17\",mode=\"idle\"} 1\n")
	in := io.MultiReader(strings.NewReader("node_a 1\n"), &repeated{line: line, left: 1_000_000 * len(line)}, strings.NewReader("a:b 2\n"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m, err := wantedSet().scrape(t.Context(), in, "")
	runtime.ReadMemStats(&after)
	if err != nil || !m.Has("node_a") || !m.Has("a:b") {
		t.Fatalf("%v, %v", m, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes were allocated for a million series that nobody wants", grown)
	}
}

// repeated is a line again and again.
type repeated struct {
	line []byte
	left int
}

func (r *repeated) Read(p []byte) (n int, err error) {
	for r.left > 0 && len(p)-n >= len(r.line) {
		n += copy(p[n:], r.line)
		r.left -= len(r.line)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// FuzzScrape: no body, compressed or not, makes reading it fail in a way that is
// not told.
func FuzzScrape(f *testing.F) {
	for _, text := range []string{
		"", "node_a 1\n", "# TYPE node_a gauge\nnode_a{x=\"y\"} 1 2\n", "# HELP node_a \\x\nnode_a NaN\n", "node_a{", "{\"node_a\"} 1\n",
		"node_a{node_a=\"\xff\"} 1\n", "# TYPE node_a histogram\nnode_a_bucket{le=\"x\"} 1\nnode_a 1\n", "\n\n#\n# \n", "node_a 0x1p-2\n", "a:b 1e308\n",
		"# TYPE node_a summary\nnode_a{quantile=\"0.5\"} 1\n", "# TYPE node_a gauge_histogram\nnode_a{} 1\n",
	} {
		f.Add([]byte(text), false)
		f.Add([]byte(compressed(f, text)), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, zipped bool) {
		encoding := ""
		if zipped {
			encoding = "gzip"
		}
		m, err := wantedSet().scrape(t.Context(), bytes.NewReader(body), encoding)
		if err != nil {
			a := &asking{probe: &probe{host: "web01", wanted: wantedSet()}, asked: t.Context()}
			if found := a.unreadable(t.Context(), err); found.reason == "" || found.message == "" {
				t.Errorf("%v is told as %+v", err, found)
			}
			return
		}
		for name := range m.families {
			if wantedSet().families[name] == nil {
				t.Errorf("family %q was not wanted", name)
			}
			_, _ = m.States(name, nil)
			_, _ = m.Time(name)
			if v, ok, err := m.Value(name); ok && err == nil {
				if _, err := Duration(name, v); err == nil {
					_, _ = Time(name, v)
				}
			}
		}
	})
}

// TestTime and Duration: no number becomes a time that it is not.
func TestTimes(t *testing.T) {
	for seconds, want := range map[float64]time.Time{0: time.Unix(0, 0), 1.5: time.Unix(1, 5e8), 1.7e9: time.Unix(1_700_000_000, 0)} {
		if at, err := Time("a", seconds); err != nil || !at.Equal(want) {
			t.Errorf("%v: %v, %v", seconds, at, err)
		}
	}
	for _, seconds := range []float64{-1, 1e12, 1e300} {
		if at, err := Time("a", seconds); err == nil {
			t.Errorf("%v became %v", seconds, at)
		}
	}
	if d, err := Duration("a", -0.5); err != nil || d != -500*time.Millisecond {
		t.Errorf("%v, %v", d, err)
	}
	if d, err := Duration("a", 1e12); err == nil {
		t.Errorf("became %v", d)
	}
}
