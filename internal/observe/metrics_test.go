// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

// gather returns the value of each metric by its name and label, checking what
// a pedantic registry checks.
func gather(t *testing.T, c prometheus.Collector) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(c); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if !strings.HasPrefix(family.GetName(), "kdz_observe_") || family.GetHelp() == "" {
			t.Errorf("metric %s, help %q", family.GetName(), family.GetHelp())
		}
		for _, m := range family.GetMetric() {
			name := strings.TrimPrefix(family.GetName(), "kdz_observe_")
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			switch {
			case m.GetCounter() != nil:
				values[name] = m.GetCounter().GetValue()
			case m.GetGauge() != nil:
				values[name] = m.GetGauge().GetValue()
			case m.GetHistogram() != nil:
				values[name] = float64(m.GetHistogram().GetSampleCount())
			}
		}
	}
	return values
}

func TestMetrics(t *testing.T) {
	w := newWorld(t, withWitness())
	shared := probe(address(1), well)
	w.ensure("one", in(shared, 10*second))
	w.ensure("two", in(shared, 10*second))
	w.ensure("three", in(probe(address(2), refusing), 10*second))
	w.ensure("four", in(probe(address(3), starving), 10*second))
	w.run(minute + second)
	count := func(n int) float64 { return float64(len(w.asked[address(n)])) }
	want := map[string]float64{
		"blind": 0, "distrusted": 0, "over_capacity": 0, "in_flight": 0, "queue_length": 0,
		"judging_lag_seconds": 0, "scheduling_lag_seconds": 0,
		"checks_total success": count(1), "checks_total failure": count(2), "checks_total inconclusive": count(3),
		"late_seconds": count(1) + count(2) + count(3), "missed_total": 0, "wakes_total": float64(len(w.wakes)),
		"subscribers": 4, "subscribed_checks": 4, "questions": 3, "shared_checks": 1, "targets": 3,
	}
	if diff := cmp.Diff(want, gather(t, w.engine.Collector())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if count(1) < 6 || count(2) < 6 || count(3) < 6 {
		t.Error("they were hardly asked")
	}
}

func TestMetricsOfTrouble(t *testing.T) {
	w := newWorld(t, Options{Workers: 2, Witness: withWitness().Witness})
	takes := func(_, timeout time.Duration) (Result, time.Duration) {
		return Result{Outcome: OutcomeSuccess}, timeout
	}
	for n := range 10 {
		w.ensure(address(n), in(probe(address(n), takes), 10*second))
	}
	w.run(minute)
	values := gather(t, w.engine.Collector())
	if values["over_capacity"] != 1 || values["missed_total"] == 0 || values["queue_length"] == 0 || values["in_flight"] != 2 {
		t.Errorf("over capacity: %v", values)
	}
	for n := range 10 {
		w.engine.Forget(keyOf(address(n)))
	}
	w.witness = false
	w.ensure("payroll", in(probe(address(1), hanging), 10*second))
	w.run(minute)
	if values = gather(t, w.engine.Collector()); values["blind"] != 1 {
		t.Errorf("blind: %v", values)
	}
}
