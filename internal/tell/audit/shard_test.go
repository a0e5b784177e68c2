// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	"pgregory.net/rapid"
)

func findingOn(name string) Finding {
	return Finding{
		Policy: "centralisation", Rule: "ProvidedByKDZ", Category: "Centralisation", Severity: "info", Result: "pass",
		Subject: corev1.ObjectReference{APIVersion: "kdz.mainz.de/v1alpha1", Kind: "Application", Namespace: "amt-10", Name: name, UID: "1"},
		Message: "provided by the KDZ", Properties: map[string]string{"verdict": "Compliant"},
	}
}

func findingsOn(n int) []Finding {
	all := make([]Finding, n)
	for i := range all {
		all[i] = findingOn(fmt.Sprintf("app-%d", i))
	}
	return all
}

func digests(t interface{ Fatal(...any) }, findings []Finding) map[string]string {
	all := shards(findings)
	by := map[string]string{}
	for _, s := range all {
		by[s.name] = s.digest
	}
	if len(by) != len(all) {
		t.Fatal("two shards have the same name")
	}
	return by
}

func resultsOf(s shard) []openreports.ReportResult {
	results := make([]openreports.ReportResult, len(s.findings))
	for i, f := range s.findings {
		results[i] = f.result()
	}
	return results
}

func TestAFewFindingsAreOneReport(t *testing.T) {
	if diff := cmp.Diff([]string{"kdz-operator"}, slices.Collect(maps.Keys(digests(t, findingsOn(maxResults))))); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
	if n := len(digests(t, nil)); n != 0 {
		t.Errorf("%d reports of nothing", n)
	}
}

func TestManyFindingsAreDividedEvenly(t *testing.T) {
	all := shards(findingsOn(10_000))
	total := 0
	for _, s := range all {
		total += len(s.findings)
		if len(s.findings) > maxResults {
			t.Errorf("report %s has %d results", s.name, len(s.findings))
		}
	}
	if total != 10_000 {
		t.Errorf("%d results in all", total)
	}
	if len(all) > 2*10_000/maxResults {
		t.Errorf("%d reports, which is more than twice as many as needed", len(all))
	}
}

func TestAChangeOfOneSubjectTouchesOneReport(t *testing.T) {
	findings := findingsOn(2_000)
	before := digests(t, findings)
	findings[1234].Result, findings[1234].Severity = "fail", "high"
	touched := 0
	after := digests(t, findings)
	for name, digest := range after {
		if before[name] != digest {
			touched++
		}
	}
	if touched != 1 || len(after) != len(before) {
		t.Errorf("%d of %d reports touched, there were %d", touched, len(after), len(before))
	}
}

func TestHostileMessagesFillNoReport(t *testing.T) {
	findings := findingsOn(maxResults)
	for i := range findings {
		findings[i].Message = strings.Repeat("\x01\xff<", 1<<12)
		findings[i].Remedy = strings.Repeat("ä", 1<<12)
		findings[i].Item = strings.Repeat("\u2028", 1<<10)
		findings[i].Properties = map[string]string{"supplier": strings.Repeat("&", 1<<12)}
	}
	all := shards(findings)
	total := 0
	for _, s := range all {
		total += len(s.findings)
		encoded, err := json.Marshal(resultsOf(s))
		if err != nil {
			t.Fatal(err)
		}
		if len(encoded) > 1<<20 {
			t.Errorf("report %s has %d bytes", s.name, len(encoded))
		}
	}
	if total != maxResults || len(all) < 2 {
		t.Errorf("%d results in %d reports", total, len(all))
	}
}

func TestAllResultsOfOneSubjectAreBounded(t *testing.T) {
	findings := make([]Finding, 3*maxResults)
	for i := range findings {
		findings[i] = findingOn("one")
		findings[i].Item = fmt.Sprint(i)
	}
	all := shards(findings)
	if len(all) != 1 || len(all[0].findings) != maxResults {
		t.Errorf("%d reports, the first with %d results", len(all), len(all[0].findings))
	}
	if len(all[0].name) > 253 {
		t.Errorf("the name has %d characters", len(all[0].name))
	}
}

func TestShardsHoldEachFindingOnceWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1500).Draw(t, "findings")
		findings := findingsOn(n)
		long := rapid.IntRange(0, 4096).Draw(t, "length")
		for i := range findings {
			findings[i].Message = strings.Repeat("x", i%(long+1))
		}
		all := shards(findings)
		seen := map[string]int{}
		for _, s := range all {
			for i := range s.findings {
				seen[s.findings[i].Subject.Name]++
			}
		}
		for name, times := range seen {
			if times != 1 {
				t.Fatalf("%s is told %d times", name, times)
			}
		}
		if len(seen) != n {
			t.Fatalf("%d of %d are told", len(seen), n)
		}
		// One more, or one less, touches no report but its own, and those that
		// it has divided or joined.
		if n == 0 {
			return
		}
		before := digests(t, findings)
		gone := rapid.IntRange(0, n-1).Draw(t, "gone")
		after := digests(t, slices.Delete(slices.Clone(findings), gone, gone+1))
		changed := 0
		for name, digest := range before {
			if after[name] != digest {
				changed++
			}
		}
		if changed > 1 && len(after) == len(before) {
			t.Fatalf("%d reports changed", changed)
		}
	})
}

func TestSummaryCountsResults(t *testing.T) {
	var findings []Finding
	for i, result := range []string{"pass", "pass", "fail", "warn", "warn", "warn", "skip"} {
		f := findingOn(fmt.Sprint(i))
		f.Result = result
		findings = append(findings, f)
	}
	all := shards(findings)
	s := summarise(resultsOf(all[0]))
	if s.Pass != 2 || s.Fail != 1 || s.Warn != 3 || s.Skip != 1 || s.Error != 0 {
		t.Errorf("summary %+v", s)
	}
}

func TestAResultSaysWhatToDo(t *testing.T) {
	f := findingOn("civento")
	f.Item, f.Remedy = "V-1", "renew it"
	shared := f.Properties
	r := f.result()
	want := map[string]string{"verdict": "Compliant", "item": "V-1", "remedy": "renew it"}
	if diff := cmp.Diff(want, r.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if len(shared) != 1 {
		t.Error("the finding itself was changed")
	}
	if r.Source != Source {
		t.Errorf("source %q", r.Source)
	}
}

// What it costs to see that nothing has changed.
func BenchmarkShards(b *testing.B) {
	const size = 10_000
	findings := findingsOn(size)
	for i := range findings {
		findings[i].Properties = map[string]string{
			"verdict": "Compliant", "provider": "KDZ", "unit": "amt-33", "sentence": "1", "source": "paper",
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if len(shards(findings)) == 0 {
			b.Fatal("no reports")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/finding")
}

// The size that is reckoned with is never less than the true one, and the
// digest differs exactly if what is told does.
func TestSizeAndDigestFollowWhatIsTold(t *testing.T) {
	texts := rapid.OneOf(
		rapid.String(), rapid.StringOfN(rapid.RuneFrom([]rune("\u2028\u2029<>&\"\\\\\x00\x7fä")), 0, 400, -1),
		rapid.Just(strings.Repeat("\xff", 300)), rapid.Just(""),
	)
	draw := rapid.Custom(func(t *rapid.T) Finding {
		f := findingOn(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"))
		f.Message, f.Item, f.Remedy = texts.Draw(t, "message"), texts.Draw(t, "item"), texts.Draw(t, "remedy")
		f.Properties = rapid.MapOfN(rapid.SampledFrom([]string{"verdict", "unit", "<&>"}), texts, 0, 3).Draw(t, "properties")
		return f
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := draw.Draw(t, "one"), draw.Draw(t, "other")
		one, err := json.Marshal(a.result())
		if err != nil {
			t.Fatal(err)
		}
		other, err := json.Marshal(b.result())
		if err != nil {
			t.Fatal(err)
		}
		if len(one) > a.size() {
			t.Fatalf("%d bytes, reckoned with %d: %s", len(one), a.size(), one)
		}
		same := shards([]Finding{a})[0].digest == shards([]Finding{b})[0].digest
		if same != (string(one) == string(other)) {
			t.Fatalf("the digests are the same: %v, of\n%s\n%s", same, one, other)
		}
	})
}
