// SPDX-License-Identifier: Apache-2.0

// Package metrics tells of the fleet in numbers, for Prometheus. It repeats
// what status says and decides nothing.
package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Applications tells how each Application stands. It is safe for concurrent
// use, and is a prometheus.Collector.
type Applications struct {
	mu     sync.RWMutex
	states map[types.NamespacedName]applicationState

	state, certificate, verdict *prometheus.Desc
	transitions                 *prometheus.CounterVec
}

// applicationState is what is told of one Application.
type applicationState struct {
	state        v1alpha1.OperationalState
	verdict      v1alpha1.Verdict
	certificates []certificate
}

type certificate struct {
	endpoint string
	notAfter float64 // Unix seconds
}

// NewApplications registers the metrics of Applications; it fails if they are
// registered already.
func NewApplications(r prometheus.Registerer) (*Applications, error) {
	m := &Applications{
		states: map[types.NamespacedName]applicationState{},
		state: prometheus.NewDesc("kdz_application_state",
			"1 for the operational state that the Application is in.",
			[]string{"namespace", "application", "state"}, nil),
		certificate: prometheus.NewDesc("kdz_application_certificate_not_after_timestamp_seconds",
			"When the first certificate of the chain expires that the endpoint presents, in Unix seconds.",
			[]string{"namespace", "application", "endpoint"}, nil),
		verdict: prometheus.NewDesc("kdz_centralisation_verdict",
			"1 for the verdict on the Application under the rule that all IT of the city is provided by the KDZ.",
			[]string{"namespace", "application", "verdict"}, nil),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kdz_application_transitions_total",
			Help: "How often Applications entered an operational state.",
		}, []string{"state"}),
	}
	return m, r.Register(m)
}

// Set tells how an Application stands now.
func (m *Applications) Set(app *v1alpha1.Application) {
	s := applicationState{state: app.Status.OperationalState, verdict: app.Status.Centralisation}
	for i := range app.Status.Endpoints {
		e := &app.Status.Endpoints[i]
		if e.CertificateNotAfter != nil {
			s.certificates = append(s.certificates, certificate{string(e.Name), float64(e.CertificateNotAfter.Unix())})
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.states[client.ObjectKeyFromObject(app)] = s
}

// Forget drops an Application that is gone.
func (m *Applications) Forget(key types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.states, key)
}

// Transition counts that an Application entered a state.
func (m *Applications) Transition(to v1alpha1.OperationalState) {
	m.transitions.WithLabelValues(string(to)).Inc()
}

// Describe implements prometheus.Collector.
func (m *Applications) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.state
	ch <- m.certificate
	ch <- m.verdict
	m.transitions.Describe(ch)
}

// Collect implements prometheus.Collector.
func (m *Applications) Collect(ch chan<- prometheus.Metric) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for key, s := range m.states {
		ch <- prometheus.MustNewConstMetric(m.state, prometheus.GaugeValue, 1, key.Namespace, key.Name, string(s.state))
		if s.verdict != "" {
			ch <- prometheus.MustNewConstMetric(m.verdict, prometheus.GaugeValue, 1, key.Namespace, key.Name, string(s.verdict))
		}
		for _, c := range s.certificates {
			ch <- prometheus.MustNewConstMetric(m.certificate, prometheus.GaugeValue, c.notAfter, key.Namespace, key.Name, c.endpoint)
		}
	}
	m.transitions.Collect(ch)
}
