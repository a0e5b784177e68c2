// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"kdz.mainz.de/operator/api/v1alpha1"
)

func TestServiceLevels(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewServiceLevels(r)
	if err != nil {
		t.Fatal(err)
	}
	m.Set("gold", LevelStanding{
		Results:   map[v1alpha1.ServiceLevelResult]int32{v1alpha1.ResultMet: 7, v1alpha1.ResultBreached: 2, v1alpha1.ResultInsufficientData: 1, "": 3},
		Objective: new(0.995), Availability: new(0.99), BudgetLeft: new(-0.5),
	})
	m.Set("empty", LevelStanding{Objective: new(0.9), Availability: new(1.0), BudgetLeft: new(1.0)})
	m.Set("empty", LevelStanding{Objective: new(0.9)}) // its only Application has gone
	m.Set("gone", LevelStanding{Objective: new(0.9), Availability: new(1.0), BudgetLeft: new(1.0)})
	m.Forget("gone")
	want := map[string]float64{
		"kdz_servicelevel_applications result=Met servicelevel=gold":               7,
		"kdz_servicelevel_applications result=Breached servicelevel=gold":          2,
		"kdz_servicelevel_applications result=InsufficientData servicelevel=gold":  1,
		"kdz_servicelevel_applications result=None servicelevel=gold":              3,
		"kdz_servicelevel_objective_ratio servicelevel=gold":                       0.995,
		"kdz_servicelevel_lowest_availability_ratio servicelevel=gold":             0.99,
		"kdz_servicelevel_lowest_budget_left_ratio servicelevel=gold":              -0.5,
		"kdz_servicelevel_applications result=Met servicelevel=empty":              0,
		"kdz_servicelevel_applications result=Breached servicelevel=empty":         0,
		"kdz_servicelevel_applications result=InsufficientData servicelevel=empty": 0,
		"kdz_servicelevel_applications result=None servicelevel=empty":             0,
		"kdz_servicelevel_objective_ratio servicelevel=empty":                      0.9,
	}
	if diff := cmp.Diff(want, series(t, r)); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
	if _, err := NewServiceLevels(r); err == nil {
		t.Error("the metrics were registered twice")
	}
	var none *ServiceLevels
	none.Set("gold", LevelStanding{})
	none.Forget("gold")
}
