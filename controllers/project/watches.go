// SPDX-License-Identifier: Apache-2.0

package project

import (
	"slices"

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
	"kdz.mainz.de/operator/controllers/project/tally"
)

// name of the controller in logs, metrics and Events.
const name = "project"

// workers is how many Projects are written at a time, unless the options say
// otherwise: a day ends for all of them at once.
const workers = 4

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the tally and writes nothing; nil always leads.
//
// The tally is complete before anything is reconciled, so that no Project is
// ever judged by a part of what surrounds it.
func (r *Reconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	c := setup.Controller{Name: name, Workers: workers, Manager: mgr, Leadership: lead, Options: opts}
	c.Complete(&r.Common)
	r.index, r.pace = tally.New(), pace.New(r.Clock, limits)
	return c.Add(r,
		source.Kind(mgr.GetCache(), &v1alpha1.Project{}, r.projectHandler(), projectChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Handover{}, r.handoverHandler(), handoverChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), applicationChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.OrganisationalUnit{}, r.unitHandler(), unitChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.GovernancePolicy{}, r.policyHandler(), policyChanged()),
	)
}

// projectHandler feeds Projects to the tally, and queues those around them. The
// Project itself is queued in any case, since its status may have been changed
// by another hand; one of which the spec is new at once.
func (r *Reconciler) projectHandler() handler.TypedEventHandler[*v1alpha1.Project, reconcile.Request] {
	set := func(p *v1alpha1.Project, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.SetProject(tally.ProjectOf(p))...)
		key := client.ObjectKeyFromObject(p)
		if p.Generation != p.Status.ObservedGeneration {
			q.Add(reconcile.Request{NamespacedName: key})
			return
		}
		queue.AtPace(q, r.pace, key)
	}
	remove := func(p *v1alpha1.Project, q queue.Queue) {
		key := client.ObjectKeyFromObject(p)
		queue.AtPace(q, r.pace, r.index.DeleteProject(key)...)
		q.Add(reconcile.Request{NamespacedName: key})
	}
	return queue.Feed(set, remove)
}

// handoverHandler feeds Handovers to the tally.
func (r *Reconciler) handoverHandler() handler.TypedEventHandler[*v1alpha1.Handover, reconcile.Request] {
	set := func(h *v1alpha1.Handover, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.SetHandover(tally.HandoverOf(h))...)
	}
	remove := func(h *v1alpha1.Handover, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.DeleteHandover(client.ObjectKeyFromObject(h))...)
	}
	return queue.Feed(set, remove)
}

// applicationHandler feeds Applications to the tally.
func (r *Reconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.SetApplication(tally.ApplicationOf(a))...)
	}
	remove := func(a *v1alpha1.Application, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.DeleteApplication(client.ObjectKeyFromObject(a))...)
	}
	return queue.Feed(set, remove)
}

// unitHandler feeds units to the tally.
func (r *Reconciler) unitHandler() handler.TypedEventHandler[*v1alpha1.OrganisationalUnit, reconcile.Request] {
	set := func(u *v1alpha1.OrganisationalUnit, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.SetUnit(tally.UnitOf(u))...)
	}
	remove := func(u *v1alpha1.OrganisationalUnit, q queue.Queue) {
		queue.AtPace(q, r.pace, r.index.DeleteUnit(v1alpha1.ObjectName(u.Name))...)
	}
	return queue.Feed(set, remove)
}

// policyHandler feeds to the tally what the policy says of projects. One that
// cannot be decoded goes on as it was last read.
func (r *Reconciler) policyHandler() handler.TypedEventHandler[*v1alpha1.GovernancePolicy, reconcile.Request] {
	set := func(p *v1alpha1.GovernancePolicy, q queue.Queue) {
		if p.Name == v1alpha1.PolicyName && p.DecodingError == "" {
			queue.AtPace(q, r.pace, r.index.SetPolicy(p.Spec.Projects)...)
		}
	}
	remove := func(p *v1alpha1.GovernancePolicy, q queue.Queue) {
		if p.Name == v1alpha1.PolicyName {
			queue.AtPace(q, r.pace, r.index.SetPolicy(nil)...)
		}
	}
	return queue.Feed(set, remove)
}

// projectChanged lets a Project pass whose spec or status changed. Its own
// status is watched so that what another hand wrote there is put right, and
// because others read it; the price is one look, without a write, after each
// write of our own.
func projectChanged() predicate.TypedPredicate[*v1alpha1.Project] {
	return predicate.TypedFuncs[*v1alpha1.Project]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Project]) bool {
			return e.ObjectOld.UID != e.ObjectNew.UID ||
				e.ObjectOld.Generation != e.ObjectNew.Generation ||
				e.ObjectOld.DecodingError != e.ObjectNew.DecodingError ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Status, e.ObjectNew.Status)
		},
	}
}

// handoverChanged lets a Handover pass whose spec or stage changed. Its checks,
// which change most, say nothing of the project.
func handoverChanged() predicate.TypedPredicate[*v1alpha1.Handover] {
	return predicate.TypedFuncs[*v1alpha1.Handover]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Handover]) bool {
			return e.ObjectOld.UID != e.ObjectNew.UID ||
				e.ObjectOld.Generation != e.ObjectNew.Generation ||
				e.ObjectOld.DecodingError != e.ObjectNew.DecodingError ||
				e.ObjectOld.Status.Stage != e.ObjectNew.Status.Stage
		},
	}
}

// applicationChanged lets an Application pass that offers something else than
// before. Its state, which changes most, is of no interest here.
func applicationChanged() predicate.TypedPredicate[*v1alpha1.Application] {
	return predicate.TypedFuncs[*v1alpha1.Application]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Application]) bool {
			if e.ObjectOld.Generation == e.ObjectNew.Generation && e.ObjectOld.UID == e.ObjectNew.UID {
				return false // what it offers is in its spec
			}
			before, after := tally.ApplicationOf(e.ObjectOld), tally.ApplicationOf(e.ObjectNew)
			return !slices.Equal(before.Offers, after.Offers) || before.Undecodable != after.Undecodable
		},
	}
}

// unitChanged lets a unit pass whose place in the tree changed. How its
// Applications stand, which changes all the time, is of no interest here.
func unitChanged() predicate.TypedPredicate[*v1alpha1.OrganisationalUnit] {
	return predicate.TypedFuncs[*v1alpha1.OrganisationalUnit]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.OrganisationalUnit]) bool {
			return tally.UnitOf(e.ObjectOld) != tally.UnitOf(e.ObjectNew)
		},
	}
}

// policyChanged lets a policy pass that says something else of projects, or that
// can be decoded again. What is counted and compiled in its status is of no
// interest here.
func policyChanged() predicate.TypedPredicate[*v1alpha1.GovernancePolicy] {
	return predicate.TypedFuncs[*v1alpha1.GovernancePolicy]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.GovernancePolicy]) bool {
			return e.ObjectOld.DecodingError != e.ObjectNew.DecodingError ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Spec.Projects, e.ObjectNew.Spec.Projects)
		},
	}
}
