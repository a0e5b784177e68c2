// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

func TestFindingsAreCountedOverAllNamespaces(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := NewFindings(registry)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewFindings(registry); err == nil {
		t.Error("they were registered twice")
	}
	passed := FindingClass{"centralisation", "ProvidedByKDZ", "info", "pass"}
	failed := FindingClass{"centralisation", "Decentral", "high", "fail"}
	expect := func(want map[FindingClass]float64) {
		t.Helper()
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := map[FindingClass]float64{}
		for _, family := range families {
			for _, series := range family.GetMetric() {
				label := map[string]string{}
				for _, pair := range series.GetLabel() {
					label[pair.GetName()] = pair.GetValue()
				}
				class := FindingClass{label["policy"], label["rule"], label["severity"], label["result"]}
				got[class] = series.GetGauge().GetValue()
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("series (-want +got):\n%s", diff)
		}
	}
	none := map[FindingClass]float64{}
	expect(none)
	m.Set("amt-10", map[FindingClass]int{passed: 3, failed: 1})
	m.Set("amt-33", map[FindingClass]int{passed: 2})
	expect(map[FindingClass]float64{passed: 5, failed: 1})
	m.Set("amt-10", map[FindingClass]int{passed: 4})
	expect(map[FindingClass]float64{passed: 6})
	m.Set("amt-10", nil)
	m.Set("amt-33", nil)
	m.Set("amt-33", nil)
	expect(none)
	(*Findings)(nil).Set("amt-10", map[FindingClass]int{passed: 1})
}
