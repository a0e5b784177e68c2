// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
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
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/servicelevel/tally"
)

// name of the controller in logs, metrics and Events.
const name = "servicelevel"

// workers is how many agreements are written at a time, unless the options say
// otherwise.
const workers = 2

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the tally and writes nothing; nil always leads.
//
// The tally is complete before anything is reconciled, so no agreement is ever
// written from a part of the fleet.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	c := setup.Controller{Name: name, Workers: workers, Manager: mgr, Leadership: lead, Options: opts}
	c.Complete(&r.Common)
	r.index, r.pace = tally.New(), pace.New(r.Clock, limits)
	return c.Add(r,
		source.Kind(mgr.GetCache(), &v1alpha1.ServiceLevel{}, r.levelHandler(), levelChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), applicationChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.AvailabilityRecord{}, r.recordHandler()),
	)
}

// levelHandler feeds to the tally what agreements require, and queues them: one
// of which the spec is new at once, since it does not hold before it is
// recorded.
func (r *Reconciler) levelHandler() handler.TypedEventHandler[*v1alpha1.ServiceLevel, reconcile.Request] {
	set := func(l *v1alpha1.ServiceLevel, q queue.Queue) {
		changed := r.index.SetLevel(l.Name, l.Spec.Requires)
		if l.Generation != l.Status.ObservedGeneration {
			q.Add(request(l.Name))
			return
		}
		r.enqueue(q, changed...)
	}
	remove := func(l *v1alpha1.ServiceLevel, q queue.Queue) {
		r.index.DeleteLevel(l.Name)
		q.Add(request(l.Name))
	}
	return queue.Feed(set, remove)
}

// applicationHandler feeds Applications to the tally.
func (r *Reconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue.Queue) {
		r.enqueue(q, r.index.SetApplication(tally.ApplicationOf(a))...)
	}
	remove := func(a *v1alpha1.Application, q queue.Queue) {
		r.enqueue(q, r.index.DeleteApplication(client.ObjectKeyFromObject(a))...)
	}
	return queue.Feed(set, remove)
}

// recordHandler feeds accounts to the tally, which sees by itself which of them
// say something else than before.
func (r *Reconciler) recordHandler() handler.TypedEventHandler[*v1alpha1.AvailabilityRecord, reconcile.Request] {
	set := func(a *v1alpha1.AvailabilityRecord, q queue.Queue) {
		r.enqueue(q, r.index.SetAccount(tally.AccountOf(a))...)
	}
	remove := func(a *v1alpha1.AvailabilityRecord, q queue.Queue) {
		r.enqueue(q, r.index.DeleteAccount(client.ObjectKeyFromObject(a))...)
	}
	return queue.Feed(set, remove)
}

// enqueue queues agreements, each at its pace.
func (r *Reconciler) enqueue(q queue.Queue, levels ...string) {
	queue.AtPace(q, r.pace, queue.Named(levels...)...)
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
