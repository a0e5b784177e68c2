// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// IndexExemption is the index of the cache of Exemptions by "namespace/name" of
// the Application that they name.
const IndexExemption = "exemption.application"

// AddIndexes adds the indexes that this package reads. It is called once.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	if err := addHandoverIndex(ctx, indexer); err != nil {
		return err
	}
	return indexer.IndexField(ctx, &v1alpha1.Exemption{}, IndexExemption, func(o client.Object) []string {
		e := o.(*v1alpha1.Exemption)
		return []string{types.NamespacedName{Namespace: e.Namespace, Name: string(e.Spec.ApplicationRef.Name)}.String()}
	})
}

// Rulebook gathers with the rules as they were last compiled, so that they are
// not put together anew for each Application. The zero value is ready for use,
// and safe for concurrent use.
type Rulebook struct {
	kept atomic.Pointer[edition]
}

// edition is the rules of one version of the policy.
type edition struct {
	uid     types.UID
	version string
	rules   *centralisation.Rules
}

// Centralisation collects what an Application is judged by under the rule. The
// objects are those of the cache and must not be changed.
func (b *Rulebook) Centralisation(ctx context.Context, c client.Reader, app *v1alpha1.Application, now time.Time) (centralisation.Scope, error) {
	s := centralisation.Scope{Application: app, Now: now}
	unit, err := UnitOf(ctx, c, app.Namespace)
	if err != nil {
		return s, err
	}
	s.Unit = unit
	if s.Rules, err = b.Rules(ctx, c); err != nil {
		return s, err
	}
	var list v1alpha1.ExemptionList
	err = c.List(ctx, &list, client.MatchingFields{IndexExemption: client.ObjectKeyFromObject(app).String()}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return s, fmt.Errorf("exemptions of %s: %w", client.ObjectKeyFromObject(app), err)
	}
	for i := range list.Items {
		s.Exemptions = append(s.Exemptions, &list.Items[i])
	}
	return s, nil
}

// Rules returns the compiled rules of the policy; nil if there are none.
func (b *Rulebook) Rules(ctx context.Context, c client.Reader) (*centralisation.Rules, error) {
	policy := &v1alpha1.GovernancePolicy{}
	err := c.Get(ctx, client.ObjectKey{Name: v1alpha1.PolicyName}, policy, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", v1alpha1.PolicyName, err)
	}
	if e := b.kept.Load(); e != nil && e.uid == policy.UID && e.version == policy.ResourceVersion {
		return e.rules, nil
	}
	e := &edition{uid: policy.UID, version: policy.ResourceVersion, rules: centralisation.RulesOf(policy)}
	b.kept.Store(e)
	return e.rules, nil
}

// Centralisation is that of a new Rulebook: for one who asks once.
func Centralisation(ctx context.Context, c client.Reader, app *v1alpha1.Application, now time.Time) (centralisation.Scope, error) {
	return new(Rulebook).Centralisation(ctx, c, app, now)
}

// UnitOf returns the unit that a namespace belongs to by its label; empty if it
// belongs to none, or is gone.
func UnitOf(ctx context.Context, c client.Reader, namespace string) (string, error) {
	ns := &corev1.Namespace{}
	err := c.Get(ctx, client.ObjectKey{Name: namespace}, ns, client.UnsafeDisableDeepCopy)
	if client.IgnoreNotFound(err) != nil {
		return "", fmt.Errorf("namespace %s: %w", namespace, err)
	}
	return ns.Labels[v1alpha1.LabelUnit], nil
}

// Rules are those of a new Rulebook: for one who asks once.
func Rules(ctx context.Context, c client.Reader) (*centralisation.Rules, error) {
	return new(Rulebook).Rules(ctx, c)
}
