// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// unitStates are the states that a unit can be in.
var unitStates = [...]v1alpha1.OperationalState{
	v1alpha1.StateOperational, v1alpha1.StateDegraded, v1alpha1.StateOutage, v1alpha1.StateUnknown,
}

// Units tells how each unit stands. A unit that goes takes its series with it. The methods of a
// nil Units do nothing.
type Units struct {
	applications, state *prometheus.GaugeVec
	judgements, writes  *prometheus.CounterVec
}

// NewUnits registers the metrics of units; it fails if they are registered
// already.
func NewUnits(r prometheus.Registerer) (*Units, error) {
	m := &Units{
		applications: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kdz_unit_applications",
			Help: "Applications of a unit, sub-units included, by operational state.",
		}, []string{"unit", "state"}),
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kdz_unit_state",
			Help: "1 for the operational state that a unit is in, 0 for the others.",
		}, []string{"unit", "state"}),
		judgements: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kdz_unit_judgements_total",
			Help: "How often the state of a unit was judged.",
		}, []string{"unit"}),
		writes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kdz_unit_status_writes_total",
			Help: "How often the status of a unit was written.",
		}, []string{"unit"}),
	}
	return m, errors.Join(r.Register(m.applications), r.Register(m.state), r.Register(m.judgements), r.Register(m.writes))
}

// Judged records how a unit stands.
func (m *Units) Judged(unit string, s v1alpha1.OperationalState, n v1alpha1.ApplicationCounts) {
	if m == nil {
		return
	}
	m.judgements.WithLabelValues(unit).Inc()
	for _, each := range unitStates {
		is := 0.0
		if each == s {
			is = 1
		}
		m.state.WithLabelValues(unit, string(each)).Set(is)
	}
	for state, count := range map[v1alpha1.OperationalState]int32{
		v1alpha1.StateOperational: n.Operational,
		v1alpha1.StateDegraded:    n.Degraded,
		v1alpha1.StateOutage:      n.Outage,
		v1alpha1.StateMaintenance: n.Maintenance,
		v1alpha1.StateUnknown:     n.Unknown,
		v1alpha1.StatePlanned:     n.Planned,
		v1alpha1.StateRetired:     n.Retired,
	} {
		m.applications.WithLabelValues(unit, string(state)).Set(float64(count))
	}
}

// Wrote records that the status of a unit was written.
func (m *Units) Wrote(unit string) {
	if m != nil {
		m.writes.WithLabelValues(unit).Inc()
	}
}

// Forget drops the series of a unit that is gone.
func (m *Units) Forget(unit string) {
	if m == nil {
		return
	}
	of := prometheus.Labels{"unit": unit}
	m.applications.DeletePartialMatch(of)
	m.state.DeletePartialMatch(of)
	m.judgements.DeletePartialMatch(of)
	m.writes.DeletePartialMatch(of)
}
