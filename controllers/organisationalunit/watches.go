// SPDX-License-Identifier: Apache-2.0

package organisationalunit

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
	"kdz.mainz.de/operator/controllers/organisationalunit/rollup"
)

// name of the controller in logs, metrics and Events.
const name = "organisationalunit"

const (
	// workers is how many units are written at a time, unless the options say
	// otherwise: an event concerns all units above an Application, and a chain
	// of them should not wait for each other.
	workers = 4
	// retryFirst and retryLast bound the pause after a failed write. The last
	// is short, since a unit that shows an old state misleads.
	retryFirst, retryLast = 100 * time.Millisecond, 30 * time.Second
)

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the index and writes nothing; nil always leads.
//
// The controller begins to reconcile only when both watches have handed over
// everything that is stored (controller-runtime waits for the handlers of a
// Kind source, not only for the cache). The index is complete by then, so no
// unit is ever written from a part of the tree.
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
	r.index, r.pace = rollup.New(), pace.New(r.Clock, limits)

	c, err := controller.New(name, mgr, opts)
	if err != nil {
		return fmt.Errorf("set up controller %s: %w", name, err)
	}
	for _, s := range []source.Source{
		source.Kind(mgr.GetCache(), &v1alpha1.OrganisationalUnit{}, r.unitHandler(), unitChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), applicationChanged()),
		guarded.Source(),
	} {
		if err := c.Watch(s); err != nil {
			return fmt.Errorf("set up controller %s: watch %v: %w", name, s, err)
		}
	}
	return nil
}

// unitHandler feeds units to the index. The unit itself is queued in any case:
// its status may have been changed by another hand.
func (r *Reconciler) unitHandler() handler.TypedEventHandler[*v1alpha1.OrganisationalUnit, reconcile.Request] {
	set := func(u *v1alpha1.OrganisationalUnit, q queue) {
		r.enqueue(q, append(r.index.SetUnit(rollup.DeclarationOf(u)), u.Name)...)
	}
	remove := func(u *v1alpha1.OrganisationalUnit, q queue) {
		r.enqueue(q, r.index.DeleteUnit(u.Name)...)
	}
	return feed(set, remove)
}

// applicationHandler feeds Applications to the index, and queues the units that
// it finds changed.
func (r *Reconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue) {
		r.enqueue(q, r.index.SetApplication(rollup.ContributionOf(a))...)
	}
	remove := func(a *v1alpha1.Application, q queue) {
		r.enqueue(q, r.index.DeleteApplication(client.ObjectKeyFromObject(a))...)
	}
	return feed(set, remove)
}

// feed hands every object that is there to set and every one that goes to
// remove. It looks at the new object only: the index knows the old one better
// than the watch, which may have missed some in between.
func feed[T client.Object](set, remove func(T, queue)) handler.TypedEventHandler[T, reconcile.Request] {
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc:  func(_ context.Context, e event.TypedCreateEvent[T], q queue) { set(e.Object, q) },
		UpdateFunc:  func(_ context.Context, e event.TypedUpdateEvent[T], q queue) { set(e.ObjectNew, q) },
		DeleteFunc:  func(_ context.Context, e event.TypedDeleteEvent[T], q queue) { remove(e.Object, q) },
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[T], q queue) { set(e.Object, q) },
	}
}

// enqueue queues units, each at its pace.
func (r *Reconciler) enqueue(q queue, units ...string) {
	for _, unit := range units {
		if after, needed := r.pace.Queue(unit); needed {
			q.AddAfter(reconcile.Request{NamespacedName: types.NamespacedName{Name: unit}}, after)
		}
	}
}

// unitChanged lets a unit pass whose place in the tree or whose status changed.
// Its own status is watched so that what another hand wrote there is put right;
// the price is one look, without a write, after each write of our own. Labels,
// annotations and resyncs change nothing here.
func unitChanged() predicate.TypedPredicate[*v1alpha1.OrganisationalUnit] {
	return predicate.TypedFuncs[*v1alpha1.OrganisationalUnit]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.OrganisationalUnit]) bool {
			return rollup.DeclarationOf(e.ObjectOld) != rollup.DeclarationOf(e.ObjectNew) ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Status, e.ObjectNew.Status)
		},
	}
}

// applicationChanged lets an Application pass whose contribution changed: its
// state, verdict or units, and, where it is out, degraded or unknown, its need
// for availability, since when, and why. Everything else of an Application, the
// most frequent changes among it, is of no interest to a unit.
func applicationChanged() predicate.TypedPredicate[*v1alpha1.Application] {
	return predicate.TypedFuncs[*v1alpha1.Application]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Application]) bool {
			return rollup.ContributionOf(e.ObjectOld) != rollup.ContributionOf(e.ObjectNew)
		},
	}
}
