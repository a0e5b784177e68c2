// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// gatherCentralisation collects what the Application is judged by under the
// rule that all IT of the city is provided by the KDZ.
func (r *Reconciler) gatherCentralisation(ctx context.Context, s *scope) error {
	rule, err := r.rulebook.Centralisation(ctx, r.Client, s.app, s.now)
	s.rule = rule
	return err
}

// judgeCentralisation has the Application judged under the rule. Of one that
// could not be decoded nobody knows who provides it.
func (s *scope) judgeCentralisation() {
	if s.rule.Application == nil {
		s.centralised = centralisation.Judgement{Verdict: v1alpha1.VerdictUnknown, Findings: []centralisation.Finding{{
			Reason: v1alpha1.ReasonUndecodable, Sentence: 9, Source: centralisation.Interpretation,
			Message: "what is stored does not fit the types of its kind, so that nobody knows who provides it",
		}}}
		return
	}
	s.centralised = centralisation.Judge(s.rule)
	s.at(s.centralised.Next)
}

// exempted enqueues the Application that an Exemption names. Of its status only
// the system matters that it was first used for.
func exempted() mapping {
	enqueue := func(o client.Object, q queue.Queue) {
		e := o.(*v1alpha1.Exemption)
		q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: e.Namespace, Name: string(e.Spec.ApplicationRef.Name)}})
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue.Queue) {
			if !e.IsInInitialList { // everything is reconciled once at the start
				enqueue(e.Object, q)
			}
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue.Queue) {
			before, after := e.ObjectOld.(*v1alpha1.Exemption), e.ObjectNew.(*v1alpha1.Exemption)
			if before.Spec.ApplicationRef != after.Spec.ApplicationRef {
				enqueue(before, q)
			}
			if !equality.Semantic.DeepEqual(before.Spec, after.Spec) ||
				!equality.Semantic.DeepEqual(before.Status.Application, after.Status.Application) {
				enqueue(after, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue.Queue) { enqueue(e.Object, q) },
	}
}

// inhabitants enqueues the Applications of a namespace that came to belong to
// another unit. When it goes, so do they.
func (r *Reconciler) inhabitants() mapping {
	enqueue := func(ctx context.Context, o client.Object, q queue.Queue) {
		queue.Behind(q, r.list(ctx, client.InNamespace(o.GetName()))...)
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue.Queue) {
			if !e.IsInInitialList {
				enqueue(ctx, e.Object, q)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue.Queue) {
			before, after := e.ObjectOld.(*corev1.Namespace), e.ObjectNew.(*corev1.Namespace)
			if before.Labels[v1alpha1.LabelUnit] != after.Labels[v1alpha1.LabelUnit] {
				enqueue(ctx, after, q)
			}
		},
	}
}

// governed enqueues all Applications when the policy says something else of
// them, or names other servers by which their indicators are told. Its index of
// exemptions is for admission, and its counts are for people: neither matters
// here.
func (r *Reconciler) governed() mapping {
	enqueue := func(ctx context.Context, o client.Object, q queue.Queue) {
		if o.GetName() == v1alpha1.PolicyName {
			queue.Behind(q, r.list(ctx)...)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue.Queue) {
			if !e.IsInInitialList {
				enqueue(ctx, e.Object, q)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue.Queue) {
			before, after := e.ObjectOld.(*v1alpha1.GovernancePolicy), e.ObjectNew.(*v1alpha1.GovernancePolicy)
			if concernsAll(before, after) || asksOther(before, after) {
				enqueue(ctx, e.ObjectNew, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue.Queue) { enqueue(ctx, e.Object, q) },
	}
}

// concernsAll says whether a change of the policy is one of its rules.
func concernsAll(before, after *v1alpha1.GovernancePolicy) bool {
	was, is := &before.Spec.Centralisation, &after.Spec.Centralisation
	return (before.Status.CompiledAt == nil) != (after.Status.CompiledAt == nil) ||
		!slices.Equal(before.Status.ProviderUnits, after.Status.ProviderUnits) ||
		!maps.Equal(before.Status.UnitTreatments, after.Status.UnitTreatments) ||
		was.Enforcement != is.Enforcement ||
		was.MaxTransition != is.MaxTransition ||
		!slices.Equal(was.StateServices, is.StateServices)
}
