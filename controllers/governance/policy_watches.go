// SPDX-License-Identifier: Apache-2.0

package governance

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
)

// policyController is the name of the controller in logs, metrics and Events.
const policyController = "governancepolicy"

// theDefault is the policy that has effect.
var theDefault = types.NamespacedName{Name: v1alpha1.PolicyName}

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the tally and writes nothing; nil always leads.
//
// The tally is complete before anything is reconciled, and so is what is
// compiled: an exemption is never taken back because the operator has not read
// it yet.
func (r *PolicyReconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	// One at a time: there is one policy that takes any work.
	opts.MaxConcurrentReconciles = 1
	c := setup.Controller{Name: policyController, Manager: mgr, Leadership: lead, Options: opts}
	c.Complete(&r.Common)
	r.content, r.counts = pace.New(r.Clock, contentLimits), pace.New(r.Clock, countLimits)
	r.tally = tally{}
	return c.Add(r,
		source.Kind(mgr.GetCache(), &v1alpha1.GovernancePolicy{}, r.policyHandler(), policyChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.OrganisationalUnit{}, recompile[*v1alpha1.OrganisationalUnit](r), unitChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Exemption{}, recompile[*v1alpha1.Exemption](r), exemptionChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), verdictChanged()),
	)
}

// recompile has the policy compiled anew, whatever it was that changed.
func recompile[T client.Object](r *PolicyReconciler) handler.TypedEventHandler[T, reconcile.Request] {
	changed := func(_ T, q queue.Queue) { queue.AtPace(q, r.content, theDefault) }
	return queue.Feed(changed, changed)
}

// policyHandler queues a policy.
func (r *PolicyReconciler) policyHandler() handler.TypedEventHandler[*v1alpha1.GovernancePolicy, reconcile.Request] {
	changed := func(p *v1alpha1.GovernancePolicy, q queue.Queue) {
		if p.Name == v1alpha1.PolicyName {
			queue.AtPace(q, r.content, theDefault)
			return
		}
		q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(p)})
	}
	return queue.Feed(changed, changed)
}

// applicationHandler feeds the tally.
func (r *PolicyReconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue.Queue) {
		if r.tally.set(client.ObjectKeyFromObject(a), a.Status.Centralisation) {
			queue.AtPace(q, r.counts, theDefault)
		}
	}
	remove := func(a *v1alpha1.Application, q queue.Queue) {
		if r.tally.forget(client.ObjectKeyFromObject(a)) {
			queue.AtPace(q, r.counts, theDefault)
		}
	}
	return queue.Feed(set, remove)
}

// policyChanged lets a policy pass whose spec or status changed. Its own status
// is watched so that what another hand wrote there is put right; the price is
// one look, without a write, after each write of our own.
func policyChanged() predicate.TypedPredicate[*v1alpha1.GovernancePolicy] {
	return predicate.TypedFuncs[*v1alpha1.GovernancePolicy]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.GovernancePolicy]) bool {
			return e.ObjectOld.Generation != e.ObjectNew.Generation ||
				e.ObjectOld.DecodingError != e.ObjectNew.DecodingError ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Status, e.ObjectNew.Status)
		},
	}
}

// unitChanged lets a unit pass whose type or place in the tree changed. How its
// Applications stand, which changes all the time, is of no interest here.
func unitChanged() predicate.TypedPredicate[*v1alpha1.OrganisationalUnit] {
	return predicate.TypedFuncs[*v1alpha1.OrganisationalUnit]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.OrganisationalUnit]) bool {
			return e.ObjectOld.Spec.Type != e.ObjectNew.Spec.Type ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Spec.ParentRef, e.ObjectNew.Spec.ParentRef)
		},
	}
}

// exemptionChanged lets an Exemption pass whose spec changed, which happens only
// where it is deleted and created between two looks.
func exemptionChanged() predicate.TypedPredicate[*v1alpha1.Exemption] {
	return predicate.TypedFuncs[*v1alpha1.Exemption]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Exemption]) bool {
			return !equality.Semantic.DeepEqual(e.ObjectOld.Spec, e.ObjectNew.Spec) ||
				e.ObjectOld.DecodingError != e.ObjectNew.DecodingError
		},
	}
}

// verdictChanged lets an Application pass whose verdict changed.
func verdictChanged() predicate.TypedPredicate[*v1alpha1.Application] {
	return predicate.TypedFuncs[*v1alpha1.Application]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Application]) bool {
			return e.ObjectOld.Status.Centralisation != e.ObjectNew.Status.Centralisation
		},
	}
}
