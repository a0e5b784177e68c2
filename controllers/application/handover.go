// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/tell/status"
)

// gatherHandover finds the Handover that has come furthest of those that hand
// over an Application which a project delivers. It may be another namespace's,
// since a programme delivers to several offices.
func (r *Reconciler) gatherHandover(ctx context.Context, s *scope) error {
	if s.app.Spec.Origin != v1alpha1.OriginProject {
		return nil
	}
	all, err := gather.Handovers(ctx, r.Client, s.key())
	if err != nil {
		return err
	}
	s.handover = acceptance.Furthest(all)
	return nil
}

// setHandedOver tells whether an Application that a project delivers was taken
// over. Of one that cannot be decoded nobody knows who delivers it.
func (s *scope) setHandedOver() {
	const kind = v1alpha1.ConditionHandedOver
	switch {
	case s.app.DecodingError != "":
		return
	case s.app.Spec.Origin != v1alpha1.OriginProject:
		status.Remove(s.app, kind)
		return
	case s.handover == nil && s.observed():
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonNoHandover,
			"a project delivered it and it operates, but no Handover names it: the project lead creates one that does")
		return
	case s.handover == nil:
		s.set(kind, metav1.ConditionUnknown, v1alpha1.ReasonNoHandover,
			fmt.Sprintf("it is %s, and no Handover names it; before it operates, the project lead creates one that does", s.app.Spec.Lifecycle))
		return
	}
	name := qualified(s.app.Namespace, client.ObjectKeyFromObject(s.handover))
	switch stage := s.handover.Status.Stage; stage {
	case v1alpha1.HandoverCompleted:
		s.set(kind, metav1.ConditionTrue, v1alpha1.ReasonHandedOver, fmt.Sprintf("Handover %s is complete", name))
	case v1alpha1.HandoverEarlyLifeSupport:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport,
			fmt.Sprintf("all roles have signed Handover %s, and the project still helps; that ends by itself", name))
	case v1alpha1.HandoverRejected:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHandoverRejected,
			fmt.Sprintf("a role rejected Handover %s: do what its status.missing says", name))
	case "":
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete, fmt.Sprintf("Handover %s was not judged yet", name))
	default:
		s.set(kind, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete,
			fmt.Sprintf("Handover %s is %s: do what its status.missing says", name, stage))
	}
}

// handedOver enqueues the Applications of a Handover that came to another stage,
// and those that it came to hand over or ceased to. Nothing else of it matters
// to them.
func handedOver() mapping {
	enqueue := func(keys []types.NamespacedName, q queue.Queue) {
		for _, key := range keys {
			q.Add(reconcile.Request{NamespacedName: key})
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue.Queue) {
			if !e.IsInInitialList { // everything is reconciled once at the start
				enqueue(gather.HandedOver(e.Object.(*v1alpha1.Handover)), q)
			}
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue.Queue) {
			before, after := e.ObjectOld.(*v1alpha1.Handover), e.ObjectNew.(*v1alpha1.Handover)
			was, is := gather.HandedOver(before), gather.HandedOver(after)
			if before.Status.Stage != after.Status.Stage || !slices.Equal(was, is) {
				enqueue(was, q)
				enqueue(is, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue.Queue) {
			enqueue(gather.HandedOver(e.Object.(*v1alpha1.Handover)), q)
		},
	}
}
