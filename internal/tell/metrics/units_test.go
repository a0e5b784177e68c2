// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// series returns every series of a registry as "name label=value label=value".
func series(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, family := range families {
		for _, s := range family.GetMetric() {
			name := []string{family.GetName()}
			for _, pair := range s.GetLabel() {
				name = append(name, pair.GetName()+"="+pair.GetValue())
			}
			all[strings.Join(name, " ")] = s.GetGauge().GetValue() + s.GetCounter().GetValue()
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewUnits(r)
	if err != nil {
		t.Fatal(err)
	}
	m.Judged("kdz-16", v1alpha1.StateDegraded, v1alpha1.ApplicationCounts{
		Total: 28, Operational: 1, Degraded: 2, Outage: 3, Maintenance: 4, Unknown: 5, Planned: 6, Retired: 7,
	})
	m.Judged("kdz-16-03", v1alpha1.StateOperational, v1alpha1.ApplicationCounts{})
	m.Wrote("kdz-16")
	m.Forget("kdz-16-03")
	want := map[string]float64{
		"kdz_unit_applications state=Operational unit=kdz-16": 1,
		"kdz_unit_applications state=Degraded unit=kdz-16":    2,
		"kdz_unit_applications state=Outage unit=kdz-16":      3,
		"kdz_unit_applications state=Maintenance unit=kdz-16": 4,
		"kdz_unit_applications state=Unknown unit=kdz-16":     5,
		"kdz_unit_applications state=Planned unit=kdz-16":     6,
		"kdz_unit_applications state=Retired unit=kdz-16":     7,
		"kdz_unit_state state=Operational unit=kdz-16":        0,
		"kdz_unit_state state=Degraded unit=kdz-16":           1,
		"kdz_unit_state state=Outage unit=kdz-16":             0,
		"kdz_unit_state state=Unknown unit=kdz-16":            0,
		"kdz_unit_judgements_total unit=kdz-16":               1,
		"kdz_unit_status_writes_total unit=kdz-16":            1,
	}
	if diff := cmp.Diff(want, series(t, r)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if _, err := NewUnits(r); err == nil {
		t.Error("the same metrics were registered twice")
	}
}

func TestNoMetricsDoNothing(*testing.T) {
	var m *Units
	m.Judged("kdz-16", v1alpha1.StateOperational, v1alpha1.ApplicationCounts{})
	m.Wrote("kdz-16")
	m.Forget("kdz-16")
}
