// SPDX-License-Identifier: Apache-2.0

package observe

import "github.com/prometheus/client_golang/prometheus"

// metrics are the figures that are counted as things happen. The others are
// read when somebody asks.
type metrics struct {
	outcomes [OutcomeFailure + 1]prometheus.Counter
	checks   *prometheus.CounterVec
	late     prometheus.Histogram
	missed   prometheus.Counter
	wakes    prometheus.Counter
}

// outcomeLabels are the values of the label outcome.
var outcomeLabels = [OutcomeFailure + 1]string{
	OutcomeInconclusive: "inconclusive",
	OutcomeSuccess:      "success",
	OutcomeFailure:      "failure",
}

func newMetrics() *metrics {
	m := &metrics{
		checks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kdz_observe_checks_total",
			Help: "Results of checks by outcome, shared ones counted once.",
		}, []string{"outcome"}),
		late: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "kdz_observe_late_seconds",
			Help:    "How long after it was due a check began.",
			Buckets: []float64{.001, .005, .02, .1, .3, .6, 1, 2, 5, 15, 60},
		}),
		missed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kdz_observe_missed_total",
			Help: "Times at which a check was due but still waiting or running.",
		}),
		wakes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kdz_observe_wakes_total",
			Help: "How often a subscriber was told that something changed.",
		}),
	}
	for outcome, label := range outcomeLabels {
		m.outcomes[outcome] = m.checks.WithLabelValues(label)
	}
	return m
}

// count counts one result.
func (m *metrics) count(o Outcome) {
	if int(o) < len(m.outcomes) {
		m.outcomes[o].Inc()
	}
}

// gauge is a figure of Health.
type gauge struct {
	desc  *prometheus.Desc
	value func(*Health) float64
}

// Collector returns the engine's metrics, all named kdz_observe_*. Collecting
// them costs the same however many checks there are.
func (e *Engine) Collector() prometheus.Collector {
	describe := func(name, help string, value func(*Health) float64) gauge {
		return gauge{desc: prometheus.NewDesc("kdz_observe_"+name, help, nil, nil), value: value}
	}
	return &collector{engine: e, gauges: []gauge{
		describe("subscribers", "Objects that have checks.", func(h *Health) float64 { return float64(h.Subscribers) }),
		describe("subscribed_checks", "Checks of all subscribers.", func(h *Health) float64 { return float64(h.Checks) }),
		describe("questions", "Different questions that are asked.", func(h *Health) float64 { return float64(h.Questions) }),
		describe("shared_checks", "Checks that are answered by a question of another one.",
			func(h *Health) float64 { return float64(h.Shared) }),
		describe("targets", "Different addresses and ports that are asked.", func(h *Health) float64 { return float64(h.Targets) }),
		describe("in_flight", "Checks that are running.", func(h *Health) float64 { return float64(h.InFlight) }),
		describe("queue_length", "Checks that are due and wait.", func(h *Health) float64 { return float64(h.Queued) }),
		describe("blind", "1 while nothing at all can be reached.", func(h *Health) float64 { return flag(h.Blind.Active) }),
		describe("distrusted", "1 while no result counts because the operator itself is not fit to judge.",
			func(h *Health) float64 { return flag(h.Distrusted.Active) }),
		describe("over_capacity", "1 while there is more to ask than there are places.",
			func(h *Health) float64 { return flag(h.OverCapacity.Active) }),
		describe("judging_lag_seconds", "How late judging is.", func(h *Health) float64 { return h.Lag.Seconds() }),
		describe("scheduling_lag_seconds", "How late this process was scheduled at its last heartbeat.",
			func(h *Health) float64 { return h.SchedulingLag.Seconds() }),
	}}
}

func flag(active bool) float64 {
	if active {
		return 1
	}
	return 0
}

// collector is the prometheus.Collector of an Engine.
type collector struct {
	engine *Engine
	gauges []gauge
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(descs chan<- *prometheus.Desc) {
	for _, g := range c.gauges {
		descs <- g.desc
	}
	for _, counted := range c.counted() {
		counted.Describe(descs)
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(values chan<- prometheus.Metric) {
	h := c.engine.Health()
	for _, g := range c.gauges {
		values <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, g.value(&h))
	}
	for _, counted := range c.counted() {
		counted.Collect(values)
	}
}

func (c *collector) counted() []prometheus.Collector {
	m := c.engine.metrics
	return []prometheus.Collector{m.checks, m.late, m.missed, m.wakes}
}
