// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// Hosting makes the checks of what an Application runs on. It is safe for
// concurrent use.
type Hosting interface {
	// Checks returns how each system is looked at that an Application of that
	// namespace runs on, in the order of the spec, to be asked within timeout.
	Checks(namespace string, h *v1alpha1.Hosting, timeout time.Duration, secrets endpoint.Secrets) []hosting.Check
}

// Cluster is watched on behalf of Applications. It is safe for concurrent use
// and never blocks on the network.
type Cluster interface {
	// Ensure has these objects watched for a subscriber, and no others.
	Ensure(subscriber types.NamespacedName, queries []cluster.Query)
	// Forget ends what is watched for a subscriber.
	Forget(subscriber types.NamespacedName)
	// Objects returns what a query asks for, or why nothing is known of it.
	Objects(q cluster.Query) ([]*cluster.Object, *cluster.Problem)
}

// systemCheck begins the names of the checks of systems. No endpoint can have
// such a name, since theirs have no colon.
const systemCheck = "hosting:"

// Bounds and defaults of how systems are asked.
const (
	defaultSystemInterval  = time.Minute
	minSystemInterval      = 5 * time.Second
	maxSystemInterval      = 24 * time.Hour
	maxSystemTimeout       = 10 * time.Second
	watchedInterval        = 5 * time.Second
	defaultSystemThreshold = 2
)

// seenSystem is a system that an Application runs on, and what is known of it.
type seenSystem struct {
	name string
	// problem that keeps it from being asked, if any.
	problem *problem
	// seen is what the observer knows; its State is Pending if nothing.
	seen observe.Observation
}

// hostingChecks makes the checks of the systems that the Application runs on.
func (r *Reconciler) hostingChecks(ctx context.Context, s *scope) (looking, error) {
	h := s.app.Spec.Hosting
	if h == nil {
		return looking{}, nil
	}
	interval, err := boundedInterval(h.Interval, defaultSystemInterval, minSystemInterval, maxSystemInterval)
	if err != nil {
		s.reject("spec.hosting.interval: " + err.Error())
		interval = defaultSystemInterval
	}
	if h.Platform == v1alpha1.PlatformKubernetes {
		interval = min(interval, watchedInterval) // nobody is asked: it is watched
	}
	threshold := int(h.FailureThreshold)
	if threshold < 1 {
		threshold = defaultSystemThreshold
	}
	timeout := min(interval/2, maxSystemTimeout)
	systems := r.Hosting.Checks(s.app.Namespace, h, timeout, func(name string) (*corev1.Secret, error) {
		return r.secret(ctx, types.NamespacedName{Namespace: s.app.Namespace, Name: name})
	})
	checks := make([]observe.Check, 0, len(systems))
	for _, c := range systems {
		seen := seenSystem{name: c.Name}
		if c.Err != nil {
			if seen.problem, err = s.cannotAsk(c.Name, c.Field+".", c.Err); err != nil {
				return looking{}, err
			}
		}
		checks = append(checks, observe.Check{
			Name: systemCheck + c.Name, Probe: c.Probe, Read: c.Read, Interval: interval, Timeout: timeout,
			FailureThreshold: threshold, SuccessThreshold: 1, Seed: s.systemSeed(c.Name),
		})
		s.systems = append(s.systems, seen)
		s.queries = append(s.queries, c.Queries...)
	}
	if len(systems) == 0 {
		s.notObserved()
	}
	return looking{checks, s.seeSystems}, nil
}

// notObserved notes hosting that offers nothing to look at. It weighs only where
// the Application declares no endpoint by which it could be judged.
func (s *scope) notObserved() {
	s.others = append(s.others, state.Part{
		Kind: v1alpha1.CauseHosting, Name: string(s.app.Spec.Hosting.Platform), Essential: len(s.app.Spec.Endpoints) == 0,
		State: v1alpha1.ComponentUnknown, Reason: v1alpha1.ReasonNotObserved, Message: hostingNotObserved,
	})
}

// hostingNotObserved says why hosting is Unknown.
const hostingNotObserved = "what is declared of the hosting offers nothing to look at"

// seeSystems notes what is known of the systems.
func (s *scope) seeSystems(known func(string) observe.Observation) {
	for i := range s.systems {
		y := &s.systems[i]
		y.seen = known(systemCheck + y.name)
		if y.problem == nil && y.seen.State == observe.StateUnknown && y.seen.Reason == endpoint.ReasonEgressRefused {
			s.unusable = append(s.unusable, problem{
				reason:  v1alpha1.ReasonEgressRefused,
				message: fmt.Sprintf("spec.hosting: %s: %s", y.name, strings.TrimSuffix(y.seen.Message, ".")),
			})
		}
	}
}

// part is the system as the judge of the operational state sees it. Where
// endpoints show whether the Application can be used, a system that cannot be
// looked at says nothing about it.
func (y *seenSystem) part(alone bool) state.Part {
	p := state.Part{
		Kind:    v1alpha1.CauseHosting,
		Name:    y.name,
		State:   componentState(y.seen.State),
		Pending: y.seen.State == observe.StatePending,
		Since:   y.seen.Since,
		Reason:  y.seen.Reason,
		Message: strings.TrimSuffix(y.seen.Message, "."),
	}
	if y.problem != nil {
		p.State, p.Pending, p.Since = v1alpha1.ComponentUnknown, false, time.Time{}
		p.Reason, p.Message = y.problem.reason, y.problem.message
	}
	p.Essential = alone || p.State != v1alpha1.ComponentUnknown
	return p
}

// systemSeed is what status says of a system from before this process began.
func (s *scope) systemSeed(name string) *observe.Observation {
	if s.before.Status.Hosting == nil {
		return nil
	}
	told := s.before.Status.Hosting.Systems
	i := slices.IndexFunc(told, func(y v1alpha1.SystemStatus) bool { return y.Name == name })
	if i < 0 {
		return s.seedLeftOut(systemCheck + name)
	}
	y := &told[i]
	if y.Since == nil || (y.State == v1alpha1.ComponentUnknown && ourOwn(y.Reason)) {
		return nil
	}
	return &observe.Observation{
		Name: systemCheck + name, State: observedState(y.State), Since: y.Since.Time,
		Reason: y.Reason, Message: y.Message, Facts: storedSystem(y),
	}
}

// storedSystem is what status says of the components of a system.
func storedSystem(y *v1alpha1.SystemStatus) any {
	if y.ComponentsTotal == 0 {
		return nil
	}
	told := hosting.System{Total: int(y.ComponentsTotal)}
	for _, c := range y.Components {
		told.Components = append(told.Components, hosting.Component{Name: c.Name, State: c.State, Message: c.Message})
	}
	return told
}
