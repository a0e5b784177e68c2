// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// Recorder returns a recorder that drops Events unless this replica leads.
func (l *Leadership) Recorder(r events.EventRecorder) events.EventRecorder {
	if l == nil {
		return r
	}
	return &recorder{EventRecorder: r, leadership: l}
}

type recorder struct {
	events.EventRecorder
	leadership *Leadership
}

// Eventf implements events.EventRecorder.
func (r *recorder) Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any) {
	if r.leadership.Leads() {
		r.EventRecorder.Eventf(regarding, related, eventtype, reason, action, note, args...)
	}
}

// Registerer returns a registerer whose collectors tell something only while
// this replica leads: of what all replicas could tell one tells, and one that
// led once does not tell for ever what it knew last.
func (l *Leadership) Registerer(r prometheus.Registerer) prometheus.Registerer {
	if l == nil {
		return r
	}
	return &registerer{Registerer: r, leadership: l}
}

type registerer struct {
	prometheus.Registerer
	leadership *Leadership
}

// Register implements prometheus.Registerer.
func (r *registerer) Register(c prometheus.Collector) error {
	return r.Registerer.Register(&collector{Collector: c, leadership: r.leadership})
}

// MustRegister implements prometheus.Registerer.
func (r *registerer) MustRegister(all ...prometheus.Collector) {
	for _, c := range all {
		r.Registerer.MustRegister(&collector{Collector: c, leadership: r.leadership})
	}
}

// Unregister implements prometheus.Registerer.
func (r *registerer) Unregister(c prometheus.Collector) bool {
	return r.Registerer.Unregister(&collector{Collector: c, leadership: r.leadership})
}

type collector struct {
	prometheus.Collector
	leadership *Leadership
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(metrics chan<- prometheus.Metric) {
	if c.leadership.Leads() {
		c.Collector.Collect(metrics)
	}
}

// Collector of the metric that says which replica leads. Every replica tells
// it.
func (l *Leadership) Collector() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kdz_leader",
		Help: "1 if this replica of the operator leads, so that it may write; 0 if it observes only.",
	}, func() float64 {
		if l.Leads() {
			return 1
		}
		return 0
	})
}
