// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/audit"
)

const (
	// recheck is how often to look at what the cluster serves, and soonest when
	// that could not be seen.
	recheck, soonest = 5 * time.Minute, 10 * time.Second
	// refresh is how often to look whether another hand changed our reports.
	refresh = time.Hour
)

// surroundings are what the audit needs of the cluster and what may come and
// go: whether there is a place for reports, and the workloads. It is safe for
// concurrent use.
type surroundings struct {
	discovery *discovery.DiscoveryClient
	metadata  metadata.Interface
	clock     clock.WithTicker
	log       logr.Logger
	agenda    *agenda
	writer    *audit.Writer
	kick      chan struct{}

	mu sync.Mutex
	// wanted are the resources that the policy names.
	wanted []v1alpha1.WorkloadResource
	// looked: what the cluster serves is known, and what is wanted watched.
	looked bool
	// place is whether there is a place for reports.
	place bool
	// watches of workloads.
	watches map[v1alpha1.WorkloadResource]*watch
	// held are the namespaces that wait until all is ready.
	held map[string]bool

	// said is what was said of each thing that is absent, or present again;
	// only the loop has to do with it.
	said map[string]bool
	// running are the watches' goroutines.
	running sync.WaitGroup
}

func newSurroundings(c *rest.Config, h *http.Client, cl clock.WithTicker, log logr.Logger, a *agenda, w *audit.Writer) (*surroundings, error) {
	d, err := discovery.NewDiscoveryClientForConfigAndClient(c, h)
	if err != nil {
		return nil, fmt.Errorf("client for discovery: %w", err)
	}
	m, err := metadata.NewForConfigAndClient(metadata.ConfigFor(c), h)
	if err != nil {
		return nil, fmt.Errorf("client for metadata: %w", err)
	}
	return &surroundings{
		discovery: d, metadata: m, clock: cl, log: log, agenda: a, writer: w,
		kick: make(chan struct{}, 1), said: map[string]bool{},
		watches: map[v1alpha1.WorkloadResource]*watch{}, held: map[string]bool{},
	}, nil
}

// Start looks again and again until the context ends.
func (s *surroundings) Start(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer s.running.Wait()
	defer cancel()
	refreshed := s.clock.Now()
	timer := s.clock.NewTimer(recheck)
	defer timer.Stop()
	for {
		wait := recheck
		if err := s.look(ctx); err != nil && ctx.Err() == nil {
			s.log.Error(err, "looking at what the cluster serves; trying again soon")
			wait = soonest
		}
		s.release()
		if now := s.clock.Now(); now.Sub(refreshed) >= refresh && s.reports() {
			refreshed = now
			s.refresh(ctx)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C():
		case <-s.kick:
		}
	}
}

// ready says whether all is known that an audit needs, with what the policy
// wants now. If not, the namespace is put on the agenda when it is.
func (s *surroundings) ready(key string, policy *v1alpha1.GovernancePolicy) bool {
	wanted := resourcesOf(policy)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(wanted, s.wanted) {
		s.wanted, s.looked = wanted, false
		s.again()
	}
	if s.settled() {
		return true
	}
	s.held[key] = true
	return false
}

// settled says whether what the cluster serves is known and all workloads have
// been seen that are to be. What cannot be seen keeps nobody waiting.
func (s *surroundings) settled() bool {
	if !s.looked {
		return false
	}
	for _, w := range s.watches {
		if !w.settled() {
			return false
		}
	}
	return true
}

// release puts on the agenda what was held, if all is ready.
func (s *surroundings) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.settled() {
		return
	}
	now := s.clock.Now()
	for key := range s.held {
		s.agenda.at(key, now, true)
	}
	clear(s.held)
}

// reports says whether there is a place for reports.
func (s *surroundings) reports() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.place
}

// lost says that there was no place for a report of a namespace: either they
// were uninstalled, which the loop is about to see, or they are being installed.
func (s *surroundings) lost(key string) {
	s.agenda.at(key, s.clock.Now().Add(soonest), true)
	s.again()
}

// again has the loop look soon.
func (s *surroundings) again() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// look sees what the cluster serves, and watches what is wanted of it.
func (s *surroundings) look(ctx context.Context) error {
	s.mu.Lock()
	wanted := s.wanted
	s.mu.Unlock()

	place, errReports := s.serves(ctx, audit.GroupVersion.String(), "reports", "clusterreports")
	served := map[v1alpha1.WorkloadResource]bool{}
	var errServed error
	for _, resource := range wanted {
		k := kinds[resource]
		served[resource] = true
		if k.optional {
			served[resource], errServed = s.serves(ctx, k.GroupVersion().String(), k.Resource)
		}
	}
	if err := errors.Join(errReports, errServed); err != nil {
		return err // what was seen before still holds
	}
	s.say("openreports.io", place, "findings are told in reports",
		"the CustomResourceDefinitions of openreports.io are not installed: findings are told in the metric kdz_audit_findings only")
	for _, resource := range wanted {
		if kinds[resource].optional {
			s.say(string(resource), served[resource], "workloads are watched: "+string(resource),
				"the policy names workloads that the cluster does not serve: "+string(resource))
		}
	}
	s.settle(ctx, wanted, served, place)
	return nil
}

// settle takes over what was seen.
func (s *surroundings) settle(ctx context.Context, wanted []v1alpha1.WorkloadResource, served map[v1alpha1.WorkloadResource]bool, place bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(wanted, s.wanted) {
		return // they changed meanwhile, and the loop was told
	}
	if place != s.place {
		s.place = place
		s.writer.Forget()
		s.agenda.soon(everything, true)
	}
	for resource, w := range s.watches {
		if !served[resource] {
			w.stop()
			delete(s.watches, resource)
			s.agenda.soon(everything, true)
		}
	}
	for _, resource := range wanted {
		if served[resource] && s.watches[resource] == nil {
			s.watches[resource] = s.watch(ctx, resource)
		}
	}
	s.looked = true
}

// serves says whether the cluster serves resources.
func (s *surroundings) serves(ctx context.Context, groupVersion string, resources ...string) (bool, error) {
	list, err := s.discovery.ServerResourcesForGroupVersionWithContext(ctx, groupVersion)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("resources of %s: %w", groupVersion, err)
	}
	missing := map[string]bool{}
	for _, name := range resources {
		missing[name] = true
	}
	for i := range list.APIResources {
		delete(missing, list.APIResources[i].Name)
	}
	return len(missing) == 0, nil
}

// say logs once that something is absent, and when that changes.
func (s *surroundings) say(what string, present bool, ifPresent, ifAbsent string) {
	before, known := s.said[what]
	s.said[what] = present
	switch {
	case known && before == present:
	case present && known:
		s.log.Info(ifPresent)
	case !present:
		s.log.Info(ifAbsent)
	}
}

// refresh has those namespaces audited whose reports another hand changed.
func (s *surroundings) refresh(ctx context.Context) {
	changed, err := s.writer.Refresh(ctx)
	if err != nil && ctx.Err() == nil {
		s.log.Error(err, "looking whether the reports are as they were written")
	}
	for _, key := range changed {
		s.agenda.soon(key, true)
	}
}

// resourcesOf are the workloads that a policy names, in order.
func resourcesOf(p *v1alpha1.GovernancePolicy) []v1alpha1.WorkloadResource {
	if p == nil || p.Spec.Centralisation.Workloads == nil {
		return nil
	}
	named := map[v1alpha1.WorkloadResource]bool{}
	for _, resource := range p.Spec.Centralisation.Workloads.Resources {
		if _, known := kinds[resource]; known {
			named[resource] = true
		}
	}
	return slices.Sorted(maps.Keys(named))
}
