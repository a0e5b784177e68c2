// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"

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
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// exemptionController is the name of the controller in logs, metrics and
// Events.
const exemptionController = "exemption"

// exemptionWorkers is how many Exemptions are written at a time, unless the
// options say otherwise.
const exemptionWorkers = 4

// SetupWithManager registers the controller and its watches. The manager's cache
// needs the indexes of package gather. A replica that does not lead writes
// nothing; nil always leads.
func (r *ExemptionReconciler) SetupWithManager(mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	c := setup.Controller{Name: exemptionController, Workers: exemptionWorkers, Manager: mgr, Leadership: lead, Options: opts}
	c.Complete(&r.Common)
	return c.Add(r,
		source.Kind(mgr.GetCache(), &v1alpha1.Exemption{}, itself(), exemptionOrStatusChanged()),
		source.Kind(mgr.GetCache(), &v1alpha1.GovernancePolicy{}, r.compiledHandler()),
		source.Kind(mgr.GetCache(), &v1alpha1.Application{}, r.fillerHandler(), fillerChanged()),
	)
}

// itself queues an Exemption.
func itself() handler.TypedEventHandler[*v1alpha1.Exemption, reconcile.Request] {
	add := func(e *v1alpha1.Exemption, q queue.Queue) {
		q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e)})
	}
	return queue.Feed(add, add)
}

// compiledHandler queues the Exemptions of which a change of the policy says
// something: those whose entry changed, or all.
func (r *ExemptionReconciler) compiledHandler() handler.TypedEventHandler[*v1alpha1.GovernancePolicy, reconcile.Request] {
	type policy = *v1alpha1.GovernancePolicy
	return handler.TypedFuncs[policy, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[policy], q queue.Queue) {
			if e.Object.Name == v1alpha1.PolicyName && !e.IsInInitialList {
				r.enqueue(ctx, q)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[policy], q queue.Queue) {
			switch {
			case e.ObjectNew.Name != v1alpha1.PolicyName:
			case concernsAll(e.ObjectOld, e.ObjectNew):
				r.enqueue(ctx, q)
			default:
				for _, application := range changedEntries(e.ObjectOld.Status.ExemptionIndex, e.ObjectNew.Status.ExemptionIndex) {
					r.enqueue(ctx, q, client.MatchingFields{gather.IndexExemption: application})
				}
			}
		},
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[policy], q queue.Queue) {
			if e.Object.Name == v1alpha1.PolicyName {
				r.enqueue(ctx, q)
			}
		},
	}
}

// concernsAll says whether a change of the policy concerns every Exemption.
func concernsAll(before, after *v1alpha1.GovernancePolicy) bool {
	return before.UID != after.UID ||
		(before.Status.CompiledAt == nil) != (after.Status.CompiledAt == nil) ||
		noticeOf(before) != noticeOf(after) ||
		stalledMessage(before) != stalledMessage(after)
}

// changedEntries returns the names for which two indexes say something else.
func changedEntries(before, after map[string]v1alpha1.Moment) []string {
	var names []string
	for name, until := range after {
		if before[name] != until {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, still := after[name]; !still {
			names = append(names, name)
		}
	}
	return names
}

// enqueue queues the Exemptions that a list returns, behind what concerns a
// single one.
func (r *ExemptionReconciler) enqueue(ctx context.Context, q queue.Queue, which ...client.ListOption) {
	var list v1alpha1.ExemptionList
	if err := r.Client.List(ctx, &list, append(which, client.UnsafeDisableDeepCopy)...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "listing the exemptions that a change concerns")
		return
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
	}
	if len(which) == 0 {
		queue.Behind(q, requests...)
		return
	}
	for _, request := range requests {
		q.Add(request)
	}
}

// fillerHandler queues the Exemptions that name an Application.
func (r *ExemptionReconciler) fillerHandler() handler.TypedEventHandler[*v1alpha1.Application, reconcile.Request] {
	type app = *v1alpha1.Application
	naming := func(ctx context.Context, a app, q queue.Queue) {
		r.enqueue(ctx, q, client.MatchingFields{gather.IndexExemption: client.ObjectKeyFromObject(a).String()})
	}
	return handler.TypedFuncs[app, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[app], q queue.Queue) {
			if !e.IsInInitialList { // everything is reconciled once at the start
				naming(ctx, e.Object, q)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[app], q queue.Queue) { naming(ctx, e.ObjectNew, q) },
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[app], q queue.Queue) { naming(ctx, e.Object, q) },
	}
}

// fillerChanged lets an Application pass that became another system, or that
// became decentral or ceased to be.
func fillerChanged() predicate.TypedPredicate[*v1alpha1.Application] {
	return predicate.TypedFuncs[*v1alpha1.Application]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Application]) bool {
			return centralisation.SystemOf(e.ObjectOld) != centralisation.SystemOf(e.ObjectNew) ||
				centralisation.Decentral(e.ObjectOld) != centralisation.Decentral(e.ObjectNew)
		},
	}
}

// exemptionOrStatusChanged lets an Exemption pass whose spec or status changed.
// Its own status is watched so that what another hand wrote there is put right.
func exemptionOrStatusChanged() predicate.TypedPredicate[*v1alpha1.Exemption] {
	spec := exemptionChanged()
	return predicate.TypedFuncs[*v1alpha1.Exemption]{
		UpdateFunc: func(e event.TypedUpdateEvent[*v1alpha1.Exemption]) bool {
			return spec.Update(e) || e.ObjectOld.UID != e.ObjectNew.UID ||
				!equality.Semantic.DeepEqual(e.ObjectOld.Status, e.ObjectNew.Status)
		},
	}
}

// stalledMessage is what the condition Stalled of a policy says.
func stalledMessage(p *v1alpha1.GovernancePolicy) string {
	for i := range p.Status.Conditions {
		if c := &p.Status.Conditions[i]; c.Type == v1alpha1.ConditionStalled {
			return c.Message
		}
	}
	return ""
}
