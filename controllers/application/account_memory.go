// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// agreements keeps each agreement compiled, since thousands of accounts are
// judged by it. The zero value is ready for use.
type agreements struct {
	mu       sync.Mutex
	compiled map[v1alpha1.ObjectName]compiledAgreement
}

type compiledAgreement struct {
	uid       types.UID
	version   string
	agreement *availability.Agreement
}

// of returns the agreements that an account is judged by, as far as they exist.
func (a *agreements) of(ctx context.Context, c client.Reader, level v1alpha1.ObjectName, stored *v1alpha1.AvailabilityRecord) (map[v1alpha1.ObjectName]*availability.Agreement, error) {
	names := []v1alpha1.ObjectName{level}
	if stored != nil && stored.Current != nil {
		for i := range stored.Current.Segments {
			names = append(names, stored.Current.Segments[i].ServiceLevel)
		}
	}
	found := map[v1alpha1.ObjectName]*availability.Agreement{}
	for _, name := range names {
		if _, known := found[name]; known || name == "" {
			continue
		}
		agreement, err := a.get(ctx, c, name)
		if err != nil {
			return nil, err
		}
		if agreement != nil {
			found[name] = agreement
		}
	}
	return found, nil
}

// get returns an agreement; nil if there is none, or none that was recorded. Of
// one that was deleted it returns what was known last: until now it governed.
func (a *agreements) get(ctx context.Context, c client.Reader, name v1alpha1.ObjectName) (*availability.Agreement, error) {
	level := &v1alpha1.ServiceLevel{}
	err := c.Get(ctx, types.NamespacedName{Name: string(name)}, level, client.UnsafeDisableDeepCopy)
	a.mu.Lock()
	defer a.mu.Unlock()
	if apierrors.IsNotFound(err) {
		return a.compiled[name].agreement, nil
	}
	if err != nil {
		return nil, err
	}
	if known, ok := a.compiled[name]; ok && known.uid == level.UID && known.version == level.ResourceVersion {
		return known.agreement, nil
	}
	// What is wrong with an agreement is told in its own status.
	agreement, _ := availability.NewAgreement(level)
	if a.compiled == nil {
		a.compiled = map[v1alpha1.ObjectName]compiledAgreement{}
	}
	a.compiled[name] = compiledAgreement{uid: level.UID, version: level.ResourceVersion, agreement: agreement}
	return agreement, nil
}

// excuses remembers in which times the outages of each Application were not its
// own, until its account holds them. The zero value is ready for use.
type excuses struct {
	mu    sync.Mutex
	known map[types.NamespacedName][]availability.Excuse
}

// maxExcuses bounds what is remembered of one Application.
const maxExcuses = 64

// update takes note of the excuses that hold now, and returns all that are not
// in the account yet, which counts up to asOf.
func (e *excuses) update(key types.NamespacedName, holding []availability.Excuse, asOf, now time.Time) []availability.Excuse {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.known[key]
	for i := range all {
		if all[i].To.IsZero() && !slices.ContainsFunc(holding, func(h availability.Excuse) bool { return h.Name == all[i].Name }) {
			all[i].To = now
		}
	}
	for _, h := range holding {
		if !slices.ContainsFunc(all, func(k availability.Excuse) bool { return k.To.IsZero() && k.Name == h.Name }) {
			all = append(all, h)
		}
	}
	all = slices.DeleteFunc(all, func(k availability.Excuse) bool { return !k.To.IsZero() && !k.To.After(asOf) })
	if len(all) > maxExcuses {
		all = all[len(all)-maxExcuses:]
	}
	if len(all) == 0 {
		delete(e.known, key)
		return nil
	}
	if e.known == nil {
		e.known = map[types.NamespacedName][]availability.Excuse{}
	}
	e.known[key] = all
	return slices.Clone(all)
}

// forget drops what is remembered of an Application.
func (e *excuses) forget(key types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.known, key)
}

// gatherExcuses finds the Hard dependencies that are down and not the KDZ's, or
// in their own agreed maintenance: what they bring down is not charged.
func (r *Reconciler) gatherExcuses(ctx context.Context, s *scope) error {
	var holding []availability.Excuse
	for i := range s.app.Spec.Dependencies {
		d := &s.app.Spec.Dependencies[i]
		if d.Strength == v1alpha1.DependencySoft {
			continue
		}
		app := &v1alpha1.Application{}
		key := dependencyKey(s.app.Namespace, d)
		if err := r.Client.Get(ctx, key, app, client.UnsafeDisableDeepCopy); err != nil {
			if client.IgnoreNotFound(err) != nil {
				return err
			}
			continue
		}
		if app.Status.Since == nil || !excused(app) {
			continue
		}
		holding = append(holding, availability.Excuse{Name: qualified(s.app.Namespace, key), From: app.Status.Since.Time})
	}
	var asOf time.Time
	if stored := s.account.stored; stored != nil && stored.Current != nil {
		asOf = stored.Current.Accumulators.AsOf.Time
	}
	s.account.scope.Excuses = r.excuses.update(s.key(), holding, asOf, s.account.scope.Now)
	return nil
}

// excused says whether a dependency is down in a way that is not charged to
// those that need it.
func excused(dependency *v1alpha1.Application) bool {
	switch dependency.Status.OperationalState {
	case v1alpha1.StateMaintenance:
		return true
	case v1alpha1.StateOutage:
		p := dependency.Spec.Operation.Provider
		return p == v1alpha1.ProviderState || p == v1alpha1.ProviderDecentral
	default:
		return false
	}
}
