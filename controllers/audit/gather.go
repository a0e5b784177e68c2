// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// indexHandover is the index of the cache of Handovers by the namespaces that
// they concern: their own, and those of the Applications that they hand over.
const indexHandover = "handover.concernednamespace"

// Gatherer reads what is judged. It reads a namespace as a whole, once for all
// its Applications: what each is judged by under the rule lies there, since an
// Exemption names an Application of its own namespace.
type Gatherer struct {
	// Reader reads; from a cache best.
	Reader client.Reader
	// Indexed: Reader is a cache with the indexes of this package.
	Indexed bool
	// Workloads of a namespace; nil means that none are looked at.
	Workloads func(namespace string, of []v1alpha1.WorkloadResource) []compliance.Workload
}

// Audit reads a namespace and judges it, workloads left out. It is what the
// controller does, by any reader.
func Audit(ctx context.Context, reader client.Reader, namespace string, now time.Time) (compliance.Judgement, error) {
	s, err := (&Gatherer{Reader: reader}).Namespace(ctx, namespace, now)
	if err != nil || s == nil {
		return compliance.Judgement{}, err
	}
	return compliance.Judge(s), nil
}

// Namespace reads what a namespace is judged by; nil if it is gone, or going.
// The objects are those of the cache and must not be changed.
func (g *Gatherer) Namespace(ctx context.Context, name string, now time.Time) (*compliance.Scope, error) {
	ns := &corev1.Namespace{}
	err := g.Reader.Get(ctx, client.ObjectKey{Name: name}, ns, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) || err == nil && !ns.DeletionTimestamp.IsZero() {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", name, err)
	}
	s := &compliance.Scope{Namespace: name, NamespaceUID: ns.UID, Unit: ns.Labels[v1alpha1.LabelUnit], Now: now}
	for _, read := range []func(context.Context, *compliance.Scope) error{
		g.policy, g.applications, g.exemptions, g.projects, g.handovers, g.serviceLevels, g.accounts,
	} {
		if err := read(ctx, s); err != nil {
			return nil, fmt.Errorf("audit of namespace %s: %w", name, err)
		}
	}
	if g.Workloads != nil {
		if of := compliance.WorkloadsOf(s.Policy, name); len(of) > 0 {
			s.Workloads = g.Workloads(name, of)
		}
	}
	return s, nil
}

// list lists objects without copies, since nothing changes them.
func (g *Gatherer) list(ctx context.Context, into client.ObjectList, opts ...client.ListOption) error {
	if err := g.Reader.List(ctx, into, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		return fmt.Errorf("list %T: %w", into, err)
	}
	return nil
}

func (g *Gatherer) policy(ctx context.Context, s *compliance.Scope) (err error) {
	s.Policy, s.Rules, err = g.rules(ctx)
	return err
}

// rules returns the policy and what was compiled of it; nil where there is
// none.
func (g *Gatherer) rules(ctx context.Context) (*v1alpha1.GovernancePolicy, *centralisation.Rules, error) {
	policy := &v1alpha1.GovernancePolicy{}
	err := g.Reader.Get(ctx, client.ObjectKey{Name: v1alpha1.PolicyName}, policy, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("policy %s: %w", v1alpha1.PolicyName, err)
	}
	return policy, centralisation.RulesOf(policy), nil
}

func (g *Gatherer) applications(ctx context.Context, s *compliance.Scope) error {
	var list v1alpha1.ApplicationList
	err := g.list(ctx, &list, client.InNamespace(s.Namespace))
	s.Applications = gather.Pointers(list.Items)
	return err
}

func (g *Gatherer) exemptions(ctx context.Context, s *compliance.Scope) error {
	var list v1alpha1.ExemptionList
	err := g.list(ctx, &list, client.InNamespace(s.Namespace))
	s.Exemptions = gather.Pointers(list.Items)
	return err
}

// projects reads the projects, and the units that may lead them.
func (g *Gatherer) projects(ctx context.Context, s *compliance.Scope) error {
	var list v1alpha1.ProjectList
	if err := g.list(ctx, &list, client.InNamespace(s.Namespace)); err != nil || len(list.Items) == 0 {
		return err
	}
	s.Projects = gather.Pointers(list.Items)
	lead := compliance.LeadUnit(s.Policy)
	if lead == "" {
		return nil
	}
	var units v1alpha1.OrganisationalUnitList
	err := g.list(ctx, &units)
	s.LeadUnits = compliance.UnitsBelow(gather.Pointers(units.Items), lead)
	return err
}

// handovers reads the handovers of the namespace and those of its Applications;
// a reader without indexes hands over all there are, and the judge picks.
func (g *Gatherer) handovers(ctx context.Context, s *compliance.Scope) error {
	var opts []client.ListOption
	if g.Indexed {
		opts = append(opts, client.MatchingFields{indexHandover: s.Namespace})
	}
	var list v1alpha1.HandoverList
	err := g.list(ctx, &list, opts...)
	s.Handovers = gather.Pointers(list.Items)
	return err
}

func (g *Gatherer) serviceLevels(ctx context.Context, s *compliance.Scope) error {
	if len(s.Applications) == 0 {
		return nil
	}
	var list v1alpha1.ServiceLevelList
	err := g.list(ctx, &list)
	s.ServiceLevels = make(map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel, len(list.Items))
	for i := range list.Items {
		s.ServiceLevels[v1alpha1.ObjectName(list.Items[i].Name)] = &list.Items[i]
	}
	return err
}

// accounts reads the accounts of the Applications' availability.
func (g *Gatherer) accounts(ctx context.Context, s *compliance.Scope) error {
	if len(s.Applications) == 0 {
		return nil
	}
	var list v1alpha1.AvailabilityRecordList
	err := g.list(ctx, &list, client.InNamespace(s.Namespace))
	s.Accounts = make(map[v1alpha1.ObjectName]compliance.Account, len(list.Items))
	for i := range list.Items {
		s.Accounts[v1alpha1.ObjectName(list.Items[i].Name)] = compliance.AccountOf(&list.Items[i])
	}
	return err
}

// Cluster reads what is judged beyond single namespaces.
func (g *Gatherer) Cluster(ctx context.Context) (*compliance.ClusterScope, error) {
	policy, rules, err := g.rules(ctx)
	if err != nil {
		return nil, err
	}
	s := &compliance.ClusterScope{Policy: policy, Rules: rules}
	var levels v1alpha1.ServiceLevelList
	if err := g.list(ctx, &levels); err != nil {
		return nil, err
	}
	s.ServiceLevels = gather.Pointers(levels.Items)
	var namespaces corev1.NamespaceList
	if err := g.list(ctx, &namespaces); err != nil {
		return nil, err
	}
	for i := range namespaces.Items {
		ns := &namespaces.Items[i]
		if ns.Labels[v1alpha1.LabelUnit] != "" || !ns.DeletionTimestamp.IsZero() {
			continue
		}
		var held v1alpha1.ApplicationList
		if err := g.list(ctx, &held, client.InNamespace(ns.Name)); err != nil {
			return nil, err
		}
		s.WithoutUnit = append(s.WithoutUnit, compliance.Holding{Namespace: ns.Name, UID: ns.UID, Applications: len(held.Items)})
	}
	return s, nil
}

// concerned extracts the namespaces that a handover concerns: its own, and those
// of the Applications that it hands over.
func concerned(h *v1alpha1.Handover) []string {
	seen := map[string]bool{h.Namespace: true}
	names := []string{h.Namespace}
	for i := range h.Spec.ApplicationRefs {
		name := string(h.Spec.ApplicationRefs[i].Namespace)
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}
