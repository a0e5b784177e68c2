// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/test/servers"
)

// haste is how much faster than real time the accounts of this test run. Every
// range and every wait in the rules is as much shorter.
const haste = 15

var durations = regexp.MustCompile(`\[(\d+)([mhd])\]|((?:interval|for): )(\d+)([mhd])\b`)

// hasten returns rules for accounts that run faster.
func hasten(rules string) string {
	return durations.ReplaceAllStringFunc(rules, func(s string) string {
		m := durations.FindStringSubmatch(s)
		number, _ := strconv.Atoi(m[1] + m[4]) // digits
		unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]+m[5]]
		shorter := strconv.FormatInt((time.Duration(number)*unit/haste).Milliseconds(), 10) + "ms"
		if m[1] != "" {
			return "[" + shorter + "]"
		}
		return m[3] + shorter
	})
}

// replica of the operator: its metrics of accounts, at an address of its own.
type replica struct {
	*metrics.Accounts
	server *httptest.Server
	leads  atomic.Bool
}

// world is what the replicas share: what is stored, and the clock.
type world struct {
	began   time.Time
	records map[types.NamespacedName]*v1alpha1.AvailabilityRecord
}

// now is the present moment of the accounts.
func (w *world) now() time.Time { return w.began.Add(time.Since(w.began) * haste) }

// record of an account in which nothing has happened yet before its state.
func (w *world) record(asOf time.Time, state v1alpha1.IndicatorState) *v1alpha1.AvailabilityRecord {
	return &v1alpha1.AvailabilityRecord{
		Totals: v1alpha1.AccountTotals{Agreed: int64(asOf.Sub(w.began) / time.Second)},
		Current: &v1alpha1.CurrentAccount{
			State: state, Objective: "99.9", Budget: 2592, Accumulators: v1alpha1.Accumulators{AsOf: metav1.Time{Time: asOf}},
		},
	}
}

// totals of an agreement around the clock.
func totals(r *v1alpha1.AvailabilityRecord, at time.Time) v1alpha1.AccountTotals {
	t, since := r.Totals, int64(at.Sub(r.Current.Accumulators.AsOf.Time)/time.Second)
	t.Agreed += since
	if r.Current.State == v1alpha1.IndicatorDown {
		t.Charged += since
	}
	return t
}

func (w *world) start(t *testing.T) *replica {
	t.Helper()
	r := &replica{}
	registry := prometheus.NewRegistry()
	var err error
	r.Accounts, err = metrics.NewAccounts(registry, metrics.AccountsOptions{Recorded: w.now, Leads: r.leads.Load})
	if err != nil {
		t.Fatal(err)
	}
	r.server = httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(r.server.Close)
	r.read(w)
	return r
}

// read has a replica tell of what is stored.
func (r *replica) read(w *world) {
	level := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: "around-the-clock"}}
	level.Spec.Alerting = &v1alpha1.Alerting{Labels: map[string]v1alpha1.AlertLabelValue{"team": "portal"}}
	for key, record := range w.records {
		r.Set(key, metrics.Account{Stored: record, Totals: totals, Level: level})
	}
}

// target of a replica, as Prometheus calls it.
func (r *replica) target() string { return strings.TrimPrefix(r.server.URL, "http://") }

// alert of Prometheus' API.
type alert struct {
	Labels   map[string]string
	State    string
	ActiveAt time.Time
}

// ask reads an answer of Prometheus' API.
func ask(t *testing.T, address string, into any) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&struct{ Data any }{into}); err != nil {
		t.Fatalf("%s: %v", address, err)
	}
}

// value returns that of a query with one sample; -1 if there is none.
func value(t *testing.T, server, query string) float64 {
	t.Helper()
	var data struct{ Result []struct{ Value []any } }
	ask(t, server+"/api/v1/query?query="+url.QueryEscape(query), &data)
	if len(data.Result) != 1 || len(data.Result[0].Value) != 2 {
		return -1
	}
	v, err := strconv.ParseFloat(fmt.Sprint(data.Result[0].Value[1]), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// patience bounds how long something is awaited.
const patience = 40 * time.Second

// await looks again and again until done says that it is.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !done(); <-time.After(100 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("in vain for %v: %s", patience, what)
		}
	}
}

// TestS9RealServer: 500 Applications under one agreement, one of them dead, told
// of by a leader and alerted on by a real Prometheus. Exactly one alert fires,
// the page of the dead one. Then the leader is killed, and another replica goes
// on: it stays one alert, the same one, and no counter decreases.
func TestS9RealServer(t *testing.T) {
	w := &world{began: time.Now(), records: map[types.NamespacedName]*v1alpha1.AvailabilityRecord{}}
	for i := range 500 {
		key := types.NamespacedName{Namespace: fmt.Sprintf("amt-%02d", i%20), Name: fmt.Sprintf("a-%03d", i)}
		w.records[key] = w.record(w.began, v1alpha1.IndicatorUp)
	}
	dead := types.NamespacedName{Namespace: "amt-17", Name: "a-077"}
	first, second := w.start(t), w.start(t)
	first.leads.Store(true)
	server := servers.StartPrometheus(t, func(dir string) string {
		rules, err := os.ReadFile(filepath.Join(folder, "rules.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(hasten(string(rules))), 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`
global: {scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
- job_name: kdz
  honor_labels: true
  static_configs: [{targets: [%q, %q]}]
`, first.target(), second.target())
	})
	// alerts returns those that there are of Applications.
	alerts := func() (found []alert) {
		var data struct{ Alerts []alert }
		ask(t, server+"/api/v1/alerts", &data)
		for _, a := range data.Alerts {
			if a.Labels["application"] != "" {
				found = append(found, a)
			}
		}
		return found
	}
	await(t, "all Applications are told of", func() bool { return value(t, server, "count(kdz:application_bad_seconds:total)") == 500 })

	// Its first failed check was two minutes ago; this is the third.
	w.records[dead] = w.record(w.now().Add(-2*time.Minute), v1alpha1.IndicatorDown)
	first.read(w)
	confirmed := time.Now()
	var page alert
	await(t, "an alert fires", func() bool {
		switch found := alerts(); len(found) {
		case 0:
			return false
		case 1:
			page = found[0]
			return page.State == "firing"
		default:
			t.Fatalf("%d alerts: %+v", len(found), found)
			return false
		}
	})
	want := map[string]string{
		"alertname": "KdzBudgetBurnsFast", "severity": "page", "team": "portal",
		"namespace": dead.Namespace, "application": dead.Name, "service_level": "around-the-clock",
	}
	for name, label := range want {
		if page.Labels[name] != label {
			t.Errorf("label %s is %q, want %q", name, page.Labels[name], label)
		}
	}
	t.Logf("it fires %v after the outage was confirmed", page.ActiveAt.Sub(confirmed).Round(time.Millisecond))

	first.server.Close()
	second.read(w)
	second.leads.Store(true)
	same := func() {
		found := alerts()
		if len(found) != 1 || found[0].State != "firing" || !found[0].ActiveAt.Equal(page.ActiveAt) {
			t.Fatalf("alerts %+v, want only %+v; seconds since the last scrape that succeeded: %v", found, page,
				value(t, server, `time() - max(max_over_time(timestamp(up == 1)[5m:1s]))`))
		}
	}
	await(t, "the other replica is scraped", func() bool {
		same()
		return value(t, server, fmt.Sprintf("count(kdz_application_bad_seconds_total{instance=%q})", second.target())) == 500 &&
			value(t, server, fmt.Sprintf("absent(kdz_application_bad_seconds_total{instance=%q})", first.target())) == 1
	})
	told := value(t, server, `kdz:application_bad_seconds:total{application="a-077"}`)
	await(t, "the account goes on", func() bool {
		same()
		return value(t, server, `kdz:application_bad_seconds:total{application="a-077"}`) > told+5*haste
	})
	for _, counter := range []string{"bad", "agreed", "unobserved"} {
		if resets := value(t, server, "sum(resets(kdz:application_"+counter+"_seconds:total[2m]))"); resets != 0 {
			t.Errorf("%v times a counter of %s seconds decreased", resets, counter)
		}
	}
}
