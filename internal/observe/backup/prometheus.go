// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// How a Prometheus server is asked.
const (
	// Interval between two questions.
	Interval = 5 * time.Minute
	timeout  = 10 * time.Second
)

// Asker makes the probe that asks a Prometheus server for a moment, which it
// carries as Facts. It is *prometheus.Source.
type Asker interface {
	NewMoment(server, query string, interval, timeout time.Duration) (observe.Probe, error)
}

// Checks are the questions to Prometheus servers that sources ask. No endpoint
// can have their names, since those have no colon. A check without a probe
// cannot be asked; Read says why.
//
// An answer is a success, whose Facts are the moment: the engine wakes the
// subscriber when answers keep telling another moment than before.
func Checks(sources []v1alpha1.BackupSource, policy *v1alpha1.ObservationPolicy, asker Asker) []observe.Check {
	var checks []observe.Check
	add := func(p *v1alpha1.PrometheusSource, name, query string) {
		c := observe.Check{Name: name, Interval: Interval, Timeout: timeout, FailureThreshold: 1, SuccessThreshold: 1, Read: keepMoment}
		c.Probe, _ = probeOf(p, query, policy, asker)
		checks = append(checks, c)
	}
	for i := range sources {
		s := &sources[i]
		if s.Prometheus == nil {
			continue
		}
		add(s.Prometheus, SuccessCheck(s.Name), s.Prometheus.Query)
		if s.Prometheus.RestoreTestQuery != "" {
			add(s.Prometheus, RestoreTestCheck(s.Name), s.Prometheus.RestoreTestQuery)
		}
	}
	return checks
}

// SuccessCheck is the name of the check that asks a source for its newest
// success.
func SuccessCheck(source v1alpha1.ItemName) string { return "backup:" + string(source) }

// RestoreTestCheck is the name of the check that asks a source for its newest
// restore test.
func RestoreTestCheck(source v1alpha1.ItemName) string { return "restore-test:" + string(source) }

// keepMoment has a check show the moment that it was told, which its Facts are.
func keepMoment(r observe.Result) observe.Result { return r }

// probeOf returns the probe that puts a query of a source, or why it cannot be
// put.
func probeOf(p *v1alpha1.PrometheusSource, query string, policy *v1alpha1.ObservationPolicy, asker Asker) (observe.Probe, *cluster.Problem) {
	var servers []v1alpha1.PrometheusServer
	if policy != nil {
		servers = policy.PrometheusServers
	}
	i := slices.IndexFunc(servers, func(s v1alpha1.PrometheusServer) bool { return p.Server == "" || s.Name == p.Server })
	if i < 0 {
		message := fmt.Sprintf("spec.observation.prometheusServers of GovernancePolicy %s lists no server", v1alpha1.PolicyName)
		if p.Server != "" {
			message = fmt.Sprintf("server %q is not in spec.observation.prometheusServers of GovernancePolicy %s", p.Server, v1alpha1.PolicyName)
		}
		return nil, &cluster.Problem{Reason: v1alpha1.ReasonReferenceNotFound, Message: message}
	}
	probe, err := asker.NewMoment(string(servers[i].URL), query, Interval, timeout)
	if err != nil {
		return nil, &cluster.Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: fmt.Sprintf("server %q: %v", servers[i].Name, err)}
	}
	return probe, nil
}

func readPrometheus(r *reading, _ []answer) {
	p := r.source.Prometheus
	at, problem := r.ask(SuccessCheck(r.source.BackupSource.Name), p.Query)
	if problem != nil {
		r.doubt(problem.Reason, problem.Message)
	}
	r.succeededAt(at, time.Time{}, "")
	if p.RestoreTestQuery == "" {
		return
	}
	at, problem = r.ask(RestoreTestCheck(r.source.BackupSource.Name), p.RestoreTestQuery)
	if problem != nil {
		r.doubtRestoreTest(problem.Reason, problem.Message)
	}
	r.testedAt(at, time.Time{})
}

// ask returns the moment that a check was told, or why it knows none.
func (r *reading) ask(check, query string) (time.Time, *cluster.Problem) {
	if _, unusable := probeOf(r.source.Prometheus, query, r.source.policy, r.look.Asker); unusable != nil {
		return time.Time{}, unusable
	}
	o := r.look.Observation(check)
	at, known := o.Facts.(time.Time)
	switch {
	case o.State == observe.StateUnknown:
		return time.Time{}, &cluster.Problem{Reason: o.Reason, Message: o.Message}
	case o.State == observe.StatePending || !known:
		return time.Time{}, &cluster.Problem{Reason: v1alpha1.ReasonAwaitingFirstResult, Message: "the query was not answered yet"}
	}
	return at, nil
}
