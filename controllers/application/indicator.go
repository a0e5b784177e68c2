// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/backup"
)

// indicatorCheck is the name of the check that asks the source of the
// indicator. No endpoint can have it, since theirs have no colon.
const indicatorCheck = "indicator:prometheus"

// Bounds and defaults of how the source of an indicator is asked.
const (
	defaultIndicatorInterval  = time.Minute
	minIndicatorInterval      = 5 * time.Second
	maxIndicatorInterval      = 24 * time.Hour
	maxIndicatorTimeout       = 10 * time.Second
	defaultIndicatorThreshold = 3
)

// IndicatorSource makes the probe that puts a query to a Prometheus server, to
// be asked once in interval and answered within timeout. It is
// *prometheus.Source.
type IndicatorSource interface {
	New(server, query string, interval, timeout time.Duration) (observe.Probe, error)
	// Backups are asked for in the same way.
	backup.Asker
}

// gatherIndicator returns the check that asks the source that an Application
// names for its indicator; nil if it names none. If the source cannot be asked,
// the check has no probe, so that it keeps what it knows, and problem says why;
// it is noted in the scope as well. An error means that it is worth trying
// again.
func gatherIndicator(ctx context.Context, c client.Reader, source IndicatorSource, s *scope) (*observe.Check, *problem, error) {
	declared := s.app.Spec.Indicator
	if declared == nil || declared.Prometheus == nil {
		return nil, nil, nil
	}
	p := declared.Prometheus
	check := &observe.Check{Name: indicatorCheck, SuccessThreshold: 1, FailureThreshold: int(p.FailureThreshold)}
	if check.FailureThreshold < 1 {
		check.FailureThreshold = defaultIndicatorThreshold
	}
	interval, err := boundedInterval(p.Interval, defaultIndicatorInterval, minIndicatorInterval, maxIndicatorInterval)
	if err != nil {
		return check, s.rejectIndicator("interval", err), nil
	}
	check.Interval, check.Timeout = interval, min(interval/2, maxIndicatorTimeout)
	if strings.TrimSpace(p.Query) == "" {
		return check, s.rejectIndicator("query", errors.New("must be PromQL, and not blank")), nil
	}
	server, err := prometheusServer(ctx, c, p.Server)
	if err != nil {
		return nil, nil, err
	}
	if server == nil {
		found := &problem{
			reason: v1alpha1.ReasonReferenceNotFound,
			message: fmt.Sprintf("server %q of spec.indicator.prometheus.server is not in spec.observation.prometheusServers of GovernancePolicy %s",
				p.Server, v1alpha1.PolicyName),
		}
		s.missing = append(s.missing, *found)
		return check, found, nil
	}
	if check.Probe, err = source.New(string(server.URL), p.Query, check.Interval, check.Timeout); err != nil {
		check.Probe = nil
		return check, s.rejectIndicator("server", fmt.Errorf("%q: %w", p.Server, err)), nil
	}
	return check, nil, nil
}

// indicatorChecks makes the check of the source that stands for the
// Application's indicator, if it names one.
func (r *Reconciler) indicatorChecks(ctx context.Context, s *scope) (looking, error) {
	check, err := r.indicatorCheck(ctx, s)
	if check == nil || err != nil {
		return looking{}, err
	}
	return looking{[]observe.Check{*check}, func(known func(string) observe.Observation) {
		s.others = append(s.others, indicatorPart(known(check.Name)))
	}}, nil
}

// indicatorCheck returns the check of the source that stands for the
// Application's indicator; nil if it names none. What was known before this
// process began is in the account.
func (r *Reconciler) indicatorCheck(ctx context.Context, s *scope) (*observe.Check, error) {
	check, _, err := gatherIndicator(ctx, r.Client, r.Indicators, s)
	if check == nil || s.account.stored == nil || s.account.stored.Current == nil {
		return check, err
	}
	current := s.account.stored.Current
	seed := &observe.Observation{Name: check.Name, Since: current.Since.Time}
	switch current.State {
	case v1alpha1.IndicatorUp, v1alpha1.IndicatorSlow:
		seed.State = observe.StateUp
	case v1alpha1.IndicatorDown:
		seed.State = observe.StateDown
		if o := current.OpenOutage; o != nil && o.Cause != nil {
			seed.Reason, seed.Message = o.Cause.Reason, o.Cause.Message
		}
	default:
		return check, err
	}
	check.Seed = seed
	return check, err
}

// indicatorPart is the source as the judge of the operational state sees it.
func indicatorPart(o observe.Observation) state.Part {
	p := state.Part{
		Kind: v1alpha1.CauseObservation, Name: indicatorCheck, Essential: true,
		State: componentState(o.State), Pending: o.State == observe.StatePending || o.State == "",
		Since: o.Since, Reason: o.Reason,
	}
	if o.State != observe.StateUp {
		p.Message = "indicator: " + strings.TrimSuffix(o.Message, ".")
	}
	return p
}

// rejectIndicator notes that something about the source cannot be used.
func (s *scope) rejectIndicator(field string, err error) *problem {
	found := &problem{reason: v1alpha1.ReasonInvalidSpec, message: fmt.Sprintf("spec.indicator.prometheus.%s: %v", field, err)}
	s.unusable = append(s.unusable, *found)
	return found
}

// boundedInterval reads the time between two looks. What is stored may be older
// than the rule that would refuse it.
func boundedInterval(declared v1alpha1.Duration, standard, least, most time.Duration) (time.Duration, error) {
	if declared == "" {
		return standard, nil
	}
	d, err := time.ParseDuration(string(declared))
	if err != nil {
		return 0, fmt.Errorf("%q is no duration such as 30s or 1h30m", declared)
	}
	if d < least || d > most {
		return 0, fmt.Errorf("must be at least %v and at most %v", least, most)
	}
	return d, nil
}
