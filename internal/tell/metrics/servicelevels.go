// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// resultNone is what Applications count as whose account says nothing yet.
const resultNone = "None"

// ServiceLevels tells how the Applications under each agreement stand. An
// agreement that goes takes its series with it. The methods of a nil
// ServiceLevels do nothing.
type ServiceLevels struct {
	applications                    *prometheus.GaugeVec
	objective, availability, budget *prometheus.GaugeVec
}

// LevelStanding is how the Applications under an agreement stand.
type LevelStanding struct {
	// Results counts the Applications by result; the empty one is that of those
	// whose account says nothing.
	Results map[v1alpha1.ServiceLevelResult]int32
	// Objective that is agreed, as a ratio: 0 to 1.
	Objective *float64
	// Availability of the Application with the lowest, as a ratio: 0 to 1; nil
	// if none has any.
	Availability *float64
	// BudgetLeft of the Application that has least of its budget left, as a
	// ratio: 1 is all of it, and below 0 the agreement is broken; nil if none
	// has a budget.
	BudgetLeft *float64
}

// NewServiceLevels registers the metrics of agreements; it fails if they are
// registered already.
func NewServiceLevels(r prometheus.Registerer) (*ServiceLevels, error) {
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, append([]string{"servicelevel"}, labels...))
	}
	m := &ServiceLevels{
		applications: gauge("kdz_servicelevel_applications",
			"Applications under an agreement, by how they keep it in the period that runs; None are those whose account says nothing.", "result"),
		objective: gauge("kdz_servicelevel_objective_ratio",
			"Availability that is agreed, 0 to 1."),
		availability: gauge("kdz_servicelevel_lowest_availability_ratio",
			"Availability of the Application with the lowest in its current period, 0 to 1; absent where none has any."),
		budget: gauge("kdz_servicelevel_lowest_budget_left_ratio",
			"Share of its budget that is left to the Application with the least, 1 to 0, and below 0 once the agreement is broken; absent where none has a budget."),
	}
	return m, errors.Join(r.Register(m.applications), r.Register(m.objective), r.Register(m.availability), r.Register(m.budget))
}

// Set tells how the Applications under an agreement stand now.
func (m *ServiceLevels) Set(level string, s LevelStanding) {
	if m == nil {
		return
	}
	for _, result := range []v1alpha1.ServiceLevelResult{
		v1alpha1.ResultMet, v1alpha1.ResultBreached, v1alpha1.ResultInsufficientData, "",
	} {
		label := string(result)
		if label == "" {
			label = resultNone
		}
		m.applications.WithLabelValues(level, label).Set(float64(s.Results[result]))
	}
	set(m.objective, level, s.Objective)
	set(m.availability, level, s.Availability)
	set(m.budget, level, s.BudgetLeft)
}

// set sets the series of an agreement, or removes it where there is no value.
func set(vec *prometheus.GaugeVec, level string, value *float64) {
	if value == nil {
		vec.DeleteLabelValues(level)
		return
	}
	vec.WithLabelValues(level).Set(*value)
}

// Forget drops the series of an agreement that is gone.
func (m *ServiceLevels) Forget(level string) {
	if m == nil {
		return
	}
	m.applications.DeletePartialMatch(prometheus.Labels{"servicelevel": level})
	for _, vec := range []*prometheus.GaugeVec{m.objective, m.availability, m.budget} {
		vec.DeleteLabelValues(level)
	}
}
