// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// FindingClass is what findings are counted by.
type FindingClass struct {
	Policy, Rule, Severity, Result string
}

// Findings tells how many findings the audit has, of all namespaces together.
// It is safe for concurrent use. The methods of a nil Findings do nothing.
type Findings struct {
	mu sync.Mutex
	// of each namespace, and the sum of them.
	of    map[string]map[FindingClass]int
	total map[FindingClass]int

	findings *prometheus.Desc
}

// NewFindings registers the metrics of the audit; it fails if they are
// registered already.
func NewFindings(r prometheus.Registerer) (*Findings, error) {
	m := &Findings{
		of:    map[string]map[FindingClass]int{},
		total: map[FindingClass]int{},
		findings: prometheus.NewDesc("kdz_audit_findings",
			"Findings of the audit by policy, rule, severity and result, of all namespaces together.",
			[]string{"policy", "rule", "severity", "result"}, nil),
	}
	return m, r.Register(m)
}

// Set tells what was found in a namespace; the cluster has the name "". Nothing
// found forgets it.
func (m *Findings) Set(namespace string, counts map[FindingClass]int) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for class, n := range m.of[namespace] {
		if m.total[class] -= n; m.total[class] == 0 {
			delete(m.total, class)
		}
	}
	delete(m.of, namespace)
	if len(counts) == 0 {
		return
	}
	m.of[namespace] = maps.Clone(counts)
	for class, n := range counts {
		m.total[class] += n
	}
}

// Describe implements prometheus.Collector.
func (m *Findings) Describe(out chan<- *prometheus.Desc) { out <- m.findings }

// Collect implements prometheus.Collector.
func (m *Findings) Collect(out chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for c, n := range m.total {
		out <- prometheus.MustNewConstMetric(m.findings, prometheus.GaugeValue, float64(n), c.Policy, c.Rule, c.Severity, c.Result)
	}
}
