// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// handoverStages are the stages that a Handover can be in.
var handoverStages = [...]v1alpha1.HandoverStage{
	v1alpha1.HandoverPreparing, v1alpha1.HandoverVerifying, v1alpha1.HandoverAwaitingSignOff,
	v1alpha1.HandoverEarlyLifeSupport, v1alpha1.HandoverCompleted, v1alpha1.HandoverRejected,
}

// Handovers tells how far the Handovers have come. It is safe for concurrent
// use, and is a prometheus.Collector. The methods of a nil Handovers do nothing.
type Handovers struct {
	mu       sync.Mutex
	standing map[types.NamespacedName]handoverStanding

	stages, overdue *prometheus.Desc
}

// handoverStanding is what is told of one Handover.
type handoverStanding struct {
	stage   v1alpha1.HandoverStage
	overdue bool
}

// NewHandovers registers the metrics of Handovers; it fails if they are
// registered already.
func NewHandovers(r prometheus.Registerer) (*Handovers, error) {
	m := &Handovers{
		standing: map[types.NamespacedName]handoverStanding{},
		stages:   prometheus.NewDesc("kdz_handovers", "Handovers by stage.", []string{"stage"}, nil),
		overdue: prometheus.NewDesc("kdz_handovers_overdue",
			"Handovers by stage that not all roles have signed by the end of the day on which they were due.", []string{"stage"}, nil),
	}
	return m, r.Register(m)
}

// Set tells how far a Handover has come now. One without a stage, since it was
// never judged, is left out.
func (m *Handovers) Set(key types.NamespacedName, h *v1alpha1.Handover) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if h.Status.Stage == "" {
		delete(m.standing, key)
		return
	}
	m.standing[key] = handoverStanding{
		stage:   h.Status.Stage,
		overdue: meta.IsStatusConditionFalse(h.Status.Conditions, v1alpha1.ConditionOnSchedule),
	}
}

// Forget drops a Handover that is gone.
func (m *Handovers) Forget(key types.NamespacedName) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.standing, key)
}

// Describe implements prometheus.Collector.
func (m *Handovers) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.stages
	ch <- m.overdue
}

// Collect implements prometheus.Collector.
func (m *Handovers) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, overdue := map[v1alpha1.HandoverStage]int{}, map[v1alpha1.HandoverStage]int{}
	for _, s := range m.standing {
		all[s.stage]++
		if s.overdue {
			overdue[s.stage]++
		}
	}
	for _, stage := range handoverStages {
		ch <- prometheus.MustNewConstMetric(m.stages, prometheus.GaugeValue, float64(all[stage]), string(stage))
		ch <- prometheus.MustNewConstMetric(m.overdue, prometheus.GaugeValue, float64(overdue[stage]), string(stage))
	}
}
