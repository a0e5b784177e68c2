// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"k8s.io/apimachinery/pkg/api/equality"
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
	"kdz.mainz.de/operator/controllers/organisationalunit/rollup"
)

// name of the controller in logs, metrics and Events.
const name = "organisationalunit"

// workers is how many units are written at a time, unless the options say
// otherwise: an event concerns all units above an Application, and a chain of
// them should not wait for each other.
const workers = 4

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the index and writes nothing; nil always leads.
//
// The index is complete before anything is reconciled, so no unit is ever
// written from a part of the tree.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	c := setup.Controller{Name: name, Workers: workers, Manager: mgr, Leadership: lead, Options: opts}
	c.Complete(&r.Common)
	r.index, r.pace = rollup.New(), pace.New(r.Clock, limits)
	return c.Add(r,
		source.Kind(mgr.GetCache(), &v1alpha1.OrganisationalUnit{}, r.unitHandler(), unitChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), applicationChanged()),
	)
}

// unitHandler feeds units to the index. The unit itself is queued in any case:
// its status may have been changed by another hand.
func (r *Reconciler) unitHandler() handler.TypedEventHandler[*v1alpha1.OrganisationalUnit, reconcile.Request] {
	set := func(u *v1alpha1.OrganisationalUnit, q queue.Queue) {
		r.enqueue(q, append(r.index.SetUnit(rollup.DeclarationOf(u)), u.Name)...)
	}
	remove := func(u *v1alpha1.OrganisationalUnit, q queue.Queue) {
		r.enqueue(q, r.index.DeleteUnit(u.Name)...)
	}
	return queue.Feed(set, remove)
}

// applicationHandler feeds Applications to the index, and queues the units that
// it finds changed.
func (r *Reconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue.Queue) {
		r.enqueue(q, r.index.SetApplication(rollup.ContributionOf(a))...)
	}
	remove := func(a *v1alpha1.Application, q queue.Queue) {
		r.enqueue(q, r.index.DeleteApplication(client.ObjectKeyFromObject(a))...)
	}
	return queue.Feed(set, remove)
}

// enqueue queues units, each at its pace.
func (r *Reconciler) enqueue(q queue.Queue, units ...string) {
	queue.AtPace(q, r.pace, queue.Named(units...)...)
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
