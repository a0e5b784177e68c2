// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/controllers/servicelevel/tally"
)

// name of the controller in logs, metrics and Events.
const name = "servicelevel"

const (
	// workers is how many agreements are written at a time, unless the options
	// say otherwise.
	workers = 2
	// retryFirst and retryLast bound the pause after a failed write. The last
	// is short, since what was agreed does not hold before it is recorded.
	retryFirst, retryLast = 100 * time.Millisecond, 30 * time.Second
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the tally and writes nothing; nil always leads.
//
// The controller begins to reconcile only when all watches have handed over
// everything that is stored (controller-runtime waits for the handlers of a
// Kind source, not only for the cache). The tally is complete by then, so no
// agreement is ever written from a part of the fleet.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	if r.Client == nil {
		r.Client = lead.Client(mgr.GetClient())
	}
	if r.Clock == nil {
		r.Clock = clock.RealClock{}
	}
	if r.Recorder == nil {
		r.Recorder = lead.Recorder(mgr.GetEventRecorder(name))
	}
	if opts.MaxConcurrentReconciles == 0 {
		opts.MaxConcurrentReconciles = workers
	}
	if opts.RateLimiter == nil {
		opts.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast)
	}
	guarded := lead.Guard(r, false)
	opts.Reconciler = guarded
	r.index, r.pace = tally.New(), pace.New(r.Clock, limits)

	c, err := controller.New(name, mgr, opts)
	if err != nil {
		return fmt.Errorf("set up controller %s: %w", name, err)
	}
	for _, s := range []source.Source{
		source.Kind(mgr.GetCache(), &v1alpha1.ServiceLevel{}, r.levelHandler(), levelChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), applicationChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.AvailabilityRecord{}, r.recordHandler()),
		guarded.Source(),
	} {
		if err := c.Watch(s); err != nil {
			return fmt.Errorf("set up controller %s: watch %v: %w", name, s, err)
		}
	}
	return nil
}

// levelHandler feeds to the tally what agreements require, and queues them: one
// of which the spec is new at once, since it does not hold before it is
// recorded.
func (r *Reconciler) levelHandler() handler.TypedEventHandler[*v1alpha1.ServiceLevel, reconcile.Request] {
	set := func(l *v1alpha1.ServiceLevel, q queue) {
		changed := r.index.SetLevel(l.Name, l.Spec.Requires)
		if l.Generation != l.Status.ObservedGeneration {
			q.Add(request(l.Name))
			return
		}
		r.enqueue(q, changed...)
	}
	remove := func(l *v1alpha1.ServiceLevel, q queue) {
		r.index.DeleteLevel(l.Name)
		q.Add(request(l.Name))
	}
	return feed(set, remove)
}

// applicationHandler feeds Applications to the tally.
func (r *Reconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue) {
		r.enqueue(q, r.index.SetApplication(tally.ApplicationOf(a))...)
	}
	remove := func(a *v1alpha1.Application, q queue) {
		r.enqueue(q, r.index.DeleteApplication(client.ObjectKeyFromObject(a))...)
	}
	return feed(set, remove)
}

// recordHandler feeds accounts to the tally, which sees by itself which of them
// say something else than before.
func (r *Reconciler) recordHandler() handler.TypedEventHandler[*v1alpha1.AvailabilityRecord, reconcile.Request] {
	set := func(a *v1alpha1.AvailabilityRecord, q queue) {
		r.enqueue(q, r.index.SetAccount(tally.AccountOf(a))...)
	}
	remove := func(a *v1alpha1.AvailabilityRecord, q queue) {
		r.enqueue(q, r.index.DeleteAccount(client.ObjectKeyFromObject(a))...)
	}
	return feed(set, remove)
}

// feed hands every object that is there to set and every one that goes to
// remove. It looks at the new object only: the tally knows what the old one
// counted as.
func feed[T client.Object](set, remove func(T, queue)) handler.TypedEventHandler[T, reconcile.Request] {
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc:  func(_ context.Context, e event.TypedCreateEvent[T], q queue) { set(e.Object, q) },
		UpdateFunc:  func(_ context.Context, e event.TypedUpdateEvent[T], q queue) { set(e.ObjectNew, q) },
		DeleteFunc:  func(_ context.Context, e event.TypedDeleteEvent[T], q queue) { remove(e.Object, q) },
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[T], q queue) { set(e.Object, q) },
	}
}

// enqueue queues agreements, each at its pace.
func (r *Reconciler) enqueue(q queue, levels ...string) {
	for _, level := range levels {
		if after, needed := r.pace.Queue(level); needed {
			q.AddAfter(request(level), after)
		}
	}
}

func request(level string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Name: level}}
}

// levelChanged lets an agreement pass whose spec or status changed. Its own
// status is watched so that what another hand wrote there is put right; the
// price is one look, without a write, after each write of our own.
func levelChanged() predicate.TypedPredicate[*v1alpha1.ServiceLevel] {
	return predicate.TypedFuncs[*v1alpha1.ServiceLevel]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.ServiceLevel]) bool {
			return e.ObjectOld.UID != e.ObjectNew.UID ||
				e.ObjectOld.Generation != e.ObjectNew.Generation ||
				e.ObjectOld.DecodingError != e.ObjectNew.DecodingError ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Status, e.ObjectNew.Status)
		},
	}
}

// applicationChanged lets an Application pass that says something else that
// matters to agreements. Its state, which changes most, does not.
func applicationChanged() predicate.TypedPredicate[*v1alpha1.Application] {
	return predicate.TypedFuncs[*v1alpha1.Application]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Application]) bool {
			return tally.ApplicationOf(e.ObjectOld) != tally.ApplicationOf(e.ObjectNew)
		},
	}
}
