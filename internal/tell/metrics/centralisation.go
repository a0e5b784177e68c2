// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// exemptionStates are the states that an Exemption can be in.
var exemptionStates = [...]v1alpha1.ExemptionState{
	v1alpha1.ExemptionPending, v1alpha1.ExemptionActive, v1alpha1.ExemptionExpiring,
	v1alpha1.ExemptionExpired, v1alpha1.ExemptionUnneeded,
}

// Centralisation tells how the city stands under the rule that all its IT is
// provided by the KDZ. It is safe for concurrent use, and is a
// prometheus.Collector. The methods of a nil Centralisation do nothing.
type Centralisation struct {
	mu         sync.Mutex
	fleet      v1alpha1.CentralisationCounts
	compiledAt *metav1.Time
	exemptions map[types.NamespacedName]exemption

	applications, states, expiry, compiled *prometheus.Desc
}

// exemption is what is told of one Exemption.
type exemption struct {
	state v1alpha1.ExemptionState
	until float64 // Unix seconds
}

// NewCentralisation registers the metrics of the rule; it fails if they are
// registered already.
func NewCentralisation(r prometheus.Registerer) (*Centralisation, error) {
	m := &Centralisation{
		exemptions: map[types.NamespacedName]exemption{},
		applications: prometheus.NewDesc("kdz_centralisation_applications",
			"Applications by verdict under the rule that all IT of the city is provided by the KDZ.",
			[]string{"verdict"}, nil),
		states: prometheus.NewDesc("kdz_centralisation_exemptions",
			"Exemptions by state.",
			[]string{"state"}, nil),
		expiry: prometheus.NewDesc("kdz_centralisation_exemption_expiry_timestamp_seconds",
			"First moment at which an Exemption does not hold any more, in Unix seconds; absent once that has passed.",
			[]string{"namespace", "exemption"}, nil),
		compiled: prometheus.NewDesc("kdz_centralisation_policy_compiled_timestamp_seconds",
			"When what admission reads of the GovernancePolicy was last compiled, in Unix seconds; absent while there is none.",
			nil, nil),
	}
	return m, r.Register(m)
}

// Fleet tells how many Applications have each verdict.
func (m *Centralisation) Fleet(counts v1alpha1.CentralisationCounts) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fleet = counts
}

// Compiled tells when the policy was compiled; nil if there is none.
func (m *Centralisation) Compiled(at *metav1.Time) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.compiledAt = at
}

// SetExemption tells how an Exemption stands now, and until when it holds. One
// without a state, since it is unusable, is left out.
func (m *Centralisation) SetExemption(key types.NamespacedName, state v1alpha1.ExemptionState, until time.Time) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if state == "" {
		delete(m.exemptions, key)
		return
	}
	m.exemptions[key] = exemption{state, float64(until.Unix())}
}

// ForgetExemption drops an Exemption that is gone.
func (m *Centralisation) ForgetExemption(key types.NamespacedName) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.exemptions, key)
}

// Describe implements prometheus.Collector.
func (m *Centralisation) Describe(ch chan<- *prometheus.Desc) {
	ch <- m.applications
	ch <- m.states
	ch <- m.expiry
	ch <- m.compiled
}

// Collect implements prometheus.Collector.
func (m *Centralisation) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for verdict, n := range map[v1alpha1.Verdict]int32{
		v1alpha1.VerdictCompliant:    m.fleet.Compliant,
		v1alpha1.VerdictExempt:       m.fleet.Exempt,
		v1alpha1.VerdictUnderReview:  m.fleet.UnderReview,
		v1alpha1.VerdictInTransition: m.fleet.InTransition,
		v1alpha1.VerdictViolating:    m.fleet.Violating,
		v1alpha1.VerdictOutOfScope:   m.fleet.OutOfScope,
		v1alpha1.VerdictUnknown:      m.fleet.Unknown,
	} {
		gauge(m.applications, float64(n), string(verdict))
	}
	states := map[v1alpha1.ExemptionState]int{}
	for key, e := range m.exemptions {
		states[e.state]++
		if e.state != v1alpha1.ExemptionExpired {
			gauge(m.expiry, e.until, key.Namespace, key.Name)
		}
	}
	for _, state := range exemptionStates {
		gauge(m.states, float64(states[state]), string(state))
	}
	if m.compiledAt != nil {
		gauge(m.compiled, float64(m.compiledAt.Unix()))
	}
}
