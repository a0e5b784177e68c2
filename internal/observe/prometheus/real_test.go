// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// await asks until the reason is the one that is wanted; empty means a success.
func await(t *testing.T, s *Source, server, query, reason string, interval time.Duration) {
	t.Helper()
	var last observe.Result
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if last = askEvery(t, s, server, query, interval); last.Reason == reason {
			return
		}
		<-time.After(50 * time.Millisecond)
	}
	t.Errorf("%s: want reason %q, last %+v", query, reason, last)
}

// TestRealServer asks Debian's Prometheus, which scrapes an exporter of ours
// each second.
func TestRealServer(t *testing.T) {
	old := time.Now().Add(-time.Minute)
	var usable atomic.Int64
	usable.Store(1)
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, "usable{app=\"one\"} %d\nshare 0.5\nseveral{n=\"1\"} 1\nseveral{n=\"2\"} 1\naged 1 %d\n",
			usable.Load(), old.UnixMilli())
	}))
	defer exporter.Close()
	server := servers.StartPrometheus(t, func(string) string {
		return fmt.Sprintf(`
scrape_configs:
- job_name: exporter
  scrape_interval: 1s
  scrape_timeout: 900ms
  static_configs: [{targets: [%q]}]
`, strings.TrimPrefix(exporter.URL, "http://"))
	})
	s := newSource(t, Options{})
	const interval = 5 * time.Second
	await(t, s, server, `usable{app="one"}`, "", interval)
	await(t, s, server, `usable{app="two"}`, ReasonNoSample, interval)
	await(t, s, server, `several`, ReasonSeveralSamples, interval)
	await(t, s, server, `share`, ReasonUnexpectedValue, interval)
	await(t, s, server, `NaN`, ReasonQueryRejected, interval)

	// Of this one the server would still tell, but its time is long past.
	if got := plain(t, server, "aged"); got != 1 {
		t.Errorf("the server has %d samples of an old time, want 1", got)
	}
	await(t, s, server, `aged`, ReasonNoSample, interval)
	await(t, s, server, `aged`, "", time.Hour)

	// Prometheus before 2.43 has no way to say how old the samples of an
	// expression may be.
	want := ReasonLookbackIgnored
	if atLeast(t, server, 2, 43) {
		want = ReasonNoSample
	}
	await(t, s, server, `min(aged)`, want, interval)

	usable.Store(0)
	await(t, s, server, `usable{app="one"}`, ReasonIndicatorZero, interval)
	usable.Store(1)
	await(t, s, server, `usable{app="one"}`, "", interval)
	exporter.Close()
	await(t, s, server, `usable{app="one"}`, ReasonNoSample, interval)
	await(t, s, server, `up{job="exporter"}`, ReasonIndicatorZero, interval)
}

// TestExamples: the example of the documentation works as it stands.
func TestExamples(t *testing.T) {
	page, err := os.ReadFile("../../../docs/spec/application.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "### An indicator from Prometheus\n")
	_, block, _ := strings.Cut(section, "```yaml\n")
	block, _, _ = strings.Cut(block, "```\n")
	content, err := yaml.YAMLToJSON([]byte(block))
	if err != nil {
		t.Fatal(err)
	}
	var app v1alpha1.Application
	if err := v1alpha1.UnmarshalStrict(content, &app); err != nil || app.Spec.Indicator == nil {
		t.Fatalf("%s\n%v", block, err)
	}
	declared := app.Spec.Indicator.Prometheus
	interval, err := time.ParseDuration(string(declared.Interval))
	if err != nil {
		t.Fatal(err)
	}
	// What it asks for comes from an exporter that calls itself so.
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, declared.Query, 1)
	}))
	t.Cleanup(exporter.Close)
	server := servers.StartPrometheus(t, func(string) string {
		return fmt.Sprintf(`
scrape_configs:
- {job_name: exporter, scrape_interval: 1s, scrape_timeout: 900ms, honor_labels: true, static_configs: [{targets: [%q]}]}
`, strings.TrimPrefix(exporter.URL, "http://"))
	})
	await(t, newSource(t, Options{}), server, declared.Query, "", interval)
}

// atLeast reports whether a server is of a version or a newer one.
func atLeast(t *testing.T, server string, major, minor int) bool {
	t.Helper()
	resp, err := http.Get(server + "/api/v1/status/buildinfo")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Data struct{ Version string } }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	var a, b int
	if _, err := fmt.Sscanf(answer.Data.Version, "%d.%d", &a, &b); err != nil {
		t.Fatalf("version %q: %v", answer.Data.Version, err)
	}
	return a > major || a == major && b >= minor
}

// plain returns how many samples the server has of a query as it stands.
func plain(t *testing.T, server, query string) int {
	t.Helper()
	resp, err := http.Get(server + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct{ Data struct{ Result []any } }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return len(answer.Data.Result)
}
