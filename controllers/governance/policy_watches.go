// SPDX-License-Identifier: Apache-2.0

package governance

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
)

// policyController is the name of the controller in logs, metrics and Events.
const policyController = "governancepolicy"

// retryFirst and retryLast bound the pause after a failed write. The last is
// short, since admission waits for what is compiled.
const retryFirst, retryLast = 100 * time.Millisecond, 30 * time.Second

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// theDefault asks for the policy that has effect.
var theDefault = reconcile.Request{NamespacedName: types.NamespacedName{Name: v1alpha1.PolicyName}}

// SetupWithManager registers the controller and its watches. A replica that does
// not lead keeps the tally and writes nothing; nil always leads.
//
// The controller begins to reconcile only when all watches have handed over
// everything that is stored (controller-runtime waits for the handlers of a
// Kind source, not only for the cache). The tally is complete by then, and so
// is what is compiled: an exemption is never taken back because the operator
// has not read it yet.
func (r *PolicyReconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	if r.Client == nil {
		r.Client = lead.Client(mgr.GetClient())
	}
	if r.Clock == nil {
		r.Clock = clock.RealClock{}
	}
	if r.Recorder == nil {
		r.Recorder = lead.Recorder(mgr.GetEventRecorder(policyController))
	}
	if opts.RateLimiter == nil {
		opts.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast)
	}
	// One at a time: there is one policy that takes any work.
	guarded := lead.Guard(r, false)
	opts.Reconciler, opts.MaxConcurrentReconciles = guarded, 1
	r.content, r.counts = pace.New(r.Clock, contentLimits), pace.New(r.Clock, countLimits)
	r.tally = tally{}

	c, err := controller.New(policyController, mgr, opts)
	if err != nil {
		return fmt.Errorf("set up controller %s: %w", policyController, err)
	}
	for _, s := range []source.Source{
		source.Kind(mgr.GetCache(), &v1alpha1.GovernancePolicy{}, r.policyHandler(), policyChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.OrganisationalUnit{}, recompile[*v1alpha1.OrganisationalUnit](r), unitChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Exemption{}, recompile[*v1alpha1.Exemption](r), exemptionChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.applicationHandler(), verdictChanged()),
		guarded.Source(),
	} {
		if err := c.Watch(s); err != nil {
			return fmt.Errorf("set up controller %s: watch %v: %w", policyController, s, err)
		}
	}
	return nil
}

// each hands every object that is there to set and every one that goes to
// remove.
func each[T client.Object](set, remove func(T, queue)) handler.TypedEventHandler[T, reconcile.Request] {
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc:  func(_ context.Context, e event.TypedCreateEvent[T], q queue) { set(e.Object, q) },
		UpdateFunc:  func(_ context.Context, e event.TypedUpdateEvent[T], q queue) { set(e.ObjectNew, q) },
		DeleteFunc:  func(_ context.Context, e event.TypedDeleteEvent[T], q queue) { remove(e.Object, q) },
		GenericFunc: func(_ context.Context, e event.TypedGenericEvent[T], q queue) { set(e.Object, q) },
	}
}

// recompile has the policy compiled anew, whatever it was that changed.
func recompile[T client.Object](r *PolicyReconciler) handler.TypedEventHandler[T, reconcile.Request] {
	changed := func(_ T, q queue) { enqueue(q, r.content) }
	return each(changed, changed)
}

// enqueue queues the policy that has effect, at a pace.
func enqueue(q queue, p *pace.Pacer) {
	if after, needed := p.Queue(v1alpha1.PolicyName); needed {
		q.AddAfter(theDefault, after)
	}
}

// policyHandler queues a policy.
func (r *PolicyReconciler) policyHandler() handler.TypedEventHandler[*v1alpha1.GovernancePolicy, reconcile.Request] {
	changed := func(p *v1alpha1.GovernancePolicy, q queue) {
		if p.Name == v1alpha1.PolicyName {
			enqueue(q, r.content)
			return
		}
		q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(p)})
	}
	return each(changed, changed)
}

// applicationHandler feeds the tally.
func (r *PolicyReconciler) applicationHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	set := func(a *v1alpha1.Application, q queue) {
		if r.tally.set(client.ObjectKeyFromObject(a), a.Status.Centralisation) {
			enqueue(q, r.counts)
		}
	}
	remove := func(a *v1alpha1.Application, q queue) {
		if r.tally.forget(client.ObjectKeyFromObject(a)) {
			enqueue(q, r.counts)
		}
	}
	return each(set, remove)
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
