// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// AccountsOptions of Accounts. All are required.
type AccountsOptions struct {
	// Recorded is up to when everything that was seen is recorded in the
	// cluster; zero while that is not known.
	Recorded func() time.Time
	// Leads says whether this replica leads. Only the leader tells of accounts,
	// so that each is there once.
	Leads func() bool
}

// Accounts tells how the agreements of Applications stand, for alerts on how
// fast their budgets are used up. What it tells is what another replica would
// tell as well that read what is recorded in the cluster, so the counters do
// not decrease when the leader changes. It is safe for concurrent use, and is a
// prometheus.Collector. The methods of a nil Accounts do nothing.
type Accounts struct {
	options AccountsOptions

	mu       sync.Mutex
	accounts map[types.NamespacedName]*account

	bad, agreed, unobserved, budget, left, objective *prometheus.Desc
}

// account is what is told of one Application.
type account struct {
	stored, judged *v1alpha1.AvailabilityRecord
	totals         Totals
	// labels: namespace, application, service level.
	labels [3]string
	// told is the most that was told so far.
	told v1alpha1.AccountTotals
	// objective as a ratio; negative if there is none.
	objective float64
	// alerting is told as it is; nil if there shall be no alerts.
	alerting prometheus.Metric
}

// alertingHelp is the description of kdz_application_alerting_info.
const alertingHelp = "1 for an Application whose agreement wants alerts; further labels are those that its alerts carry."

// burnRateDisabled is the value of an agreement that wants no alerts.
const burnRateDisabled = "Disabled"

// reservedLabels are those of an alert that no agreement can set: what it is
// about, how severe it is, and which replica told of it.
var reservedLabels = []string{"alertname", "application", "instance", "namespace", "pod", "service_level", "severity"}

// NewAccounts registers the metrics of accounts; it fails if they are
// registered already.
func NewAccounts(r prometheus.Registerer, o AccountsOptions) (*Accounts, error) {
	labels := []string{"namespace", "application", "service_level"}
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("kdz_application_"+name, help, labels, nil)
	}
	m := &Accounts{
		options: o, accounts: map[types.NamespacedName]*account{},
		bad:        desc("bad_seconds_total", "Seconds of outage within what was agreed, since the account began."),
		agreed:     desc("agreed_seconds_total", "Seconds of service that were agreed, maintenance included, since the account began."),
		unobserved: desc("unobserved_seconds_total", "Agreed seconds that nobody observed, since the account began."),
		budget:     desc("budget_seconds", "Seconds of outage that the agreement allows in the whole current period."),
		left:       desc("budget_left_seconds", "Seconds of outage that the agreement still allows in the current period; negative when it is broken."),
		objective:  desc("objective_ratio", "Availability that was agreed, as a ratio."),
	}
	if err := r.Register(m); err != nil {
		return nil, err
	}
	return m, r.Register(alerting{m})
}

// Totals returns the totals of a record at a moment that is not before what the
// record counts; it is availability.Totals with the agreement of an Application.
type Totals func(record *v1alpha1.AvailabilityRecord, at time.Time) v1alpha1.AccountTotals

// Account of an Application, as it was judged.
type Account struct {
	// Stored is the record as it is in the cluster; nil means that there is
	// none. The counters rest on it.
	Stored *v1alpha1.AvailabilityRecord
	// Judged is the record as the account stands now, which may have begun
	// another period since it was stored; nil means as Stored. Budget and
	// objective rest on it.
	Judged *v1alpha1.AvailabilityRecord
	// Totals of these records under the agreement. Required where there is a
	// record with a current period.
	Totals Totals
	// Level that the Application refers to; nil if it refers to none.
	Level *v1alpha1.ServiceLevel
}

// Set tells how the account of an Application stands. Nothing in it must be
// changed any more.
func (m *Accounts) Set(key types.NamespacedName, told Account) {
	if m == nil {
		return
	}
	if told.Stored == nil {
		m.Forget(key)
		return
	}
	a := &account{
		stored: slim(told.Stored), totals: told.Totals,
		labels: [3]string{key.Namespace, key.Name}, objective: -1,
	}
	a.judged = a.stored
	if told.Judged != nil {
		a.judged = slim(told.Judged)
	}
	if told.Level != nil {
		a.labels[2] = told.Level.Name
		a.alerting = alertingInfo(a.labels, told.Level.Spec.Alerting)
		if a.judged.Current != nil {
			a.objective = ratio(a.judged.Current.Objective)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.accounts[key]; before != nil {
		a.told = before.told
	}
	m.accounts[key] = a
}

// slim returns what of a record its totals rest on, without the lists of what
// is over.
func slim(r *v1alpha1.AvailabilityRecord) *v1alpha1.AvailabilityRecord {
	return &v1alpha1.AvailabilityRecord{Totals: r.Totals, Maintenance: r.Maintenance, Current: r.Current}
}

// Forget drops an Application that is gone.
func (m *Accounts) Forget(key types.NamespacedName) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.accounts, key)
}

// ratio of a percentage; negative if it is none.
func ratio(p v1alpha1.Percentage) float64 {
	f, err := strconv.ParseFloat(string(p), 64)
	if err != nil || f < 0 || f > 100 {
		return -1
	}
	return f / 100
}

// alertingInfo returns the metric that carries the labels of an Application's
// alerts; nil if its agreement wants none.
func alertingInfo(labels [3]string, a *v1alpha1.Alerting) prometheus.Metric {
	constant := prometheus.Labels{"namespace": labels[0], "application": labels[1], "service_level": labels[2]}
	if a != nil {
		if a.BurnRate == burnRateDisabled {
			return nil
		}
		for name, value := range a.Labels {
			// Prometheus keeps names with two underscores for itself, and a
			// single one that it refuses would cost the whole scrape.
			if !slices.Contains(reservedLabels, name) && !strings.HasPrefix(name, "__") {
				constant[name] = strings.ToValidUTF8(string(value), "?")
			}
		}
	}
	info, err := prometheus.NewConstMetric(
		prometheus.NewDesc("kdz_application_alerting_info", alertingHelp, nil, constant), prometheus.GaugeValue, 1)
	if err != nil {
		// The name of a label that the definition would refuse: without it.
		return alertingInfo(labels, nil)
	}
	return info
}

// Describe implements prometheus.Collector.
func (m *Accounts) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.bad, m.agreed, m.unobserved, m.budget, m.left, m.objective} {
		ch <- d
	}
}

// leading returns the moment up to which is told; ok is false if nothing is.
func (m *Accounts) leading() (at time.Time, ok bool) {
	if !m.options.Leads() {
		return time.Time{}, false
	}
	at = m.options.Recorded()
	return at, !at.IsZero()
}

// Collect implements prometheus.Collector.
func (m *Accounts) Collect(ch chan<- prometheus.Metric) {
	at, ok := m.leading()
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.accounts {
		tell := func(desc *prometheus.Desc, kind prometheus.ValueType, value float64) {
			ch <- prometheus.MustNewConstMetric(desc, kind, value, a.labels[:]...)
		}
		a.advance(at)
		tell(m.bad, prometheus.CounterValue, float64(a.told.Charged))
		tell(m.agreed, prometheus.CounterValue, float64(a.told.Agreed))
		tell(m.unobserved, prometheus.CounterValue, float64(a.told.Unobserved))
		if current := a.judged.Current; current != nil && a.labels[2] != "" {
			since := a.at(a.judged, at).Charged - a.judged.Totals.Charged
			tell(m.budget, prometheus.GaugeValue, float64(current.Budget))
			tell(m.left, prometheus.GaugeValue, float64(current.Budget-current.Accumulators.Charged-since))
		}
		if a.objective >= 0 {
			tell(m.objective, prometheus.GaugeValue, a.objective)
		}
	}
}

// at returns the totals of a record at a moment, or at its own if that is later.
func (a *account) at(r *v1alpha1.AvailabilityRecord, at time.Time) v1alpha1.AccountTotals {
	if r.Current == nil {
		return r.Totals
	}
	if own := r.Current.Accumulators.AsOf.Time; at.Before(own) {
		at = own
	}
	return a.totals(r, at)
}

// advance brings what is told up to a moment.
func (a *account) advance(at time.Time) {
	now := a.at(a.stored, at)
	a.told.Agreed = max(a.told.Agreed, now.Agreed)
	a.told.Charged = max(a.told.Charged, now.Charged)
	a.told.Unobserved = max(a.told.Unobserved, now.Unobserved)
}

// alerting tells which Applications are to be alerted on. It is a collector of
// its own, since only one that describes nothing may tell series of one name
// whose labels differ.
type alerting struct{ accounts *Accounts }

// Describe implements prometheus.Collector.
func (alerting) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c alerting) Collect(ch chan<- prometheus.Metric) {
	m := c.accounts
	if _, ok := m.leading(); !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.accounts {
		if a.alerting != nil {
			ch <- a.alerting
		}
	}
}
