// SPDX-License-Identifier: Apache-2.0

package ledger

import "github.com/prometheus/client_golang/prometheus"

// Collector of the metrics of the ledger.
func (l *Ledger) Collector() prometheus.Collector {
	return &collector{
		ledger:   l,
		recorded: prometheus.NewDesc("kdz_heartbeat_timestamp_seconds", "Up to when everything that was seen is recorded in the cluster, in seconds since 1970. While the operator observes it is at most some seconds ago.", nil, nil),
		gaps:     prometheus.NewDesc("kdz_gaps", "Times that nobody observed and that are recorded, with those that last.", nil, nil),
	}
}

type collector struct {
	ledger         *Ledger
	recorded, gaps *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(d chan<- *prometheus.Desc) {
	d <- c.recorded
	d <- c.gaps
}

// Collect implements prometheus.Collector. What is not known is not told.
func (c *collector) Collect(m chan<- prometheus.Metric) {
	if at := c.ledger.Recorded(); !at.IsZero() {
		m <- prometheus.MustNewConstMetric(c.recorded, prometheus.GaugeValue, float64(at.UnixMilli())/1e3)
	}
	m <- prometheus.MustNewConstMetric(c.gaps, prometheus.GaugeValue, float64(len(c.ledger.Gaps())))
}
