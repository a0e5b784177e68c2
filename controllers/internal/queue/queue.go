// SPDX-License-Identifier: Apache-2.0

// Package queue says how requests come into a controller's queue: from what is
// watched, at a pace, behind others, and again after a write that was refused.
// It knows no kind.
package queue

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/controllers/internal/pace"
)

// Queue of a controller.
type Queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// Feed hands every object that is there to set and every one that goes to
// remove. It looks at the new object only: what an index holds of the old one
// is better than what the watch says, which may have missed some in between.
func Feed[T client.Object](set, remove func(T, Queue)) handler.TypedEventHandler[T, reconcile.Request] {
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc:  func(_ context.Context, e event.TypedCreateEvent[T], q Queue) { set(e.Object, q) },
		UpdateFunc:  func(_ context.Context, e event.TypedUpdateEvent[T], q Queue) { set(e.ObjectNew, q) },
		DeleteFunc:  func(_ context.Context, e event.TypedDeleteEvent[T], q Queue) { remove(e.Object, q) },
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[T], q Queue) { set(e.Object, q) },
	}
}

// Named are the keys of objects that have no namespace.
func Named(names ...string) []types.NamespacedName {
	keys := make([]types.NamespacedName, len(names))
	for i, name := range names {
		keys[i].Name = name
	}
	return keys
}

// AtPace queues objects, each at its pace.
func AtPace(q Queue, p *pace.Pacer, keys ...types.NamespacedName) {
	for _, key := range keys {
		if after, needed := p.Queue(key); needed {
			q.AddAfter(reconcile.Request{NamespacedName: key}, after)
		}
	}
}

// Behind queues what concerns many objects behind what concerns a single one.
func Behind(q Queue, requests ...reconcile.Request) {
	if p, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
		p.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)}, requests...)
		return
	}
	for _, request := range requests {
		q.Add(request)
	}
}

// Refused is what a reconciliation returns whose write of a status failed.
// After a conflict it comes again when the cache has had time to settle: it is
// behind, or another hand was faster. Of an object that is gone the watch says
// so. Anything else is an error, of what was being done.
func Refused(err error, settle time.Duration, doing string) (ctrl.Result, error) {
	switch {
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: settle}, nil
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	default:
		return ctrl.Result{}, fmt.Errorf("%s: %w", doing, err)
	}
}
