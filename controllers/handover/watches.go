// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"
	"fmt"

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
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
)

// name of the controller in logs, metrics and Events.
const name = "handover"

// workers is how many Handovers are judged at a time, unless the options say
// otherwise.
const workers = 4

// Indexes of the cache, beside that of Handovers by Application.
const (
	// indexProject: Handovers by "namespace/name" of the project.
	indexProject = "handover.project"
	// indexUnit: Handovers by the name of each unit.
	indexUnit = "handover.unit"
	// indexSignOff: SignOffs by the name of the Handover of their namespace.
	indexSignOff = "signoff.handover"
)

// SetupWithManager registers the controller, its watches and its indexes, but
// for those of package gather, which the caller adds. A replica that does not
// lead writes nothing; nil always leads.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	if err := addIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexes of handovers: %w", err)
	}
	c := setup.Controller{Name: name, Workers: workers, Manager: mgr, Leadership: lead, Options: opts}
	c.Complete(&r.Common)
	if r.Pace == (pace.WriteLimits{}) {
		r.Pace = defaultPace
	}
	r.writes = pace.NewWrites(r.Pace)
	cache := mgr.GetCache()
	return c.Add(r,
		source.Kind(cache, &v1alpha1.Handover{}, &handler.TypedEnqueueRequestForObject[*v1alpha1.Handover]{}, handoverChanged()),
		source.Kind(cache, &v1alpha1.SignOff{}, signed()),
		source.Kind(cache, &v1alpha1.Application{}, concerned(r, byApplication[*v1alpha1.Application]), applicationChanged()),
		source.Kind(cache, &v1alpha1.AvailabilityRecord{}, concerned(r, byApplication[*v1alpha1.AvailabilityRecord]), accountChanged()),
		source.Kind(cache, &v1alpha1.Project{}, concerned(r, func(p *v1alpha1.Project) client.ListOption {
			return client.MatchingFields{indexProject: client.ObjectKeyFromObject(p).String()}
		}), projectChanged()),
		source.Kind(cache, &v1alpha1.OrganisationalUnit{}, concerned(r, func(u *v1alpha1.OrganisationalUnit) client.ListOption {
			return client.MatchingFields{indexUnit: u.Name}
		}), existence[*v1alpha1.OrganisationalUnit]()),
		source.Kind(cache, &v1alpha1.GovernancePolicy{}, concerned(r, func(*v1alpha1.GovernancePolicy) client.ListOption {
			return client.InNamespace("") // all
		}), policyChanged()),
	)
}

// addIndexes adds the indexes that only this controller reads.
func addIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	byProject := func(o client.Object) []string { return []string{projectKey(o.(*v1alpha1.Handover)).String()} }
	byUnit := func(o client.Object) []string {
		var names []string
		for _, ref := range unitRefs(o.(*v1alpha1.Handover)) {
			names = append(names, string(ref.unit))
		}
		return names
	}
	byHandover := func(o client.Object) []string { return []string{string(o.(*v1alpha1.SignOff).Spec.HandoverRef.Name)} }
	if err := indexer.IndexField(ctx, &v1alpha1.Handover{}, indexProject, byProject); err != nil {
		return err
	}
	if err := indexer.IndexField(ctx, &v1alpha1.Handover{}, indexUnit, byUnit); err != nil {
		return err
	}
	return indexer.IndexField(ctx, &v1alpha1.SignOff{}, indexSignOff, byHandover)
}

// signed enqueues the Handover that a SignOff names. A SignOff is never changed;
// where one is, by whoever may pass by the door, both that it names are looked
// at.
func signed() handler.TypedEventHandler[*v1alpha1.SignOff, reconcile.Request] {
	enqueue := func(s *v1alpha1.SignOff, q queue.Queue) {
		q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: s.Namespace, Name: string(s.Spec.HandoverRef.Name)}})
	}
	return handler.TypedFuncs[*v1alpha1.SignOff, reconcile.Request]{
		CreateFunc: func(_ context.Context, e event.TypedCreateEvent[*v1alpha1.SignOff], q queue.Queue) {
			if !e.IsInInitialList { // everything is looked at once at the start
				enqueue(e.Object, q)
			}
		},
		UpdateFunc: func(_ context.Context, e event.TypedUpdateEvent[*v1alpha1.SignOff], q queue.Queue) {
			if !equality.Semantic.DeepEqual(e.ObjectOld.Spec, e.ObjectNew.Spec) || e.ObjectOld.DecodingError != e.ObjectNew.DecodingError {
				enqueue(e.ObjectOld, q)
				enqueue(e.ObjectNew, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.TypedDeleteEvent[*v1alpha1.SignOff], q queue.Queue) {
			enqueue(e.Object, q)
		},
	}
}

// byApplication finds the Handovers of the Application of an object's name.
func byApplication[T client.Object](o T) client.ListOption {
	return client.MatchingFields{gather.IndexHandover: client.ObjectKeyFromObject(o).String()}
}

// concerned enqueues the Handovers that an object concerns, behind what concerns
// a single one.
func concerned[T client.Object](r *Reconciler, which func(T) client.ListOption) handler.TypedEventHandler[T, reconcile.Request] {
	enqueue := func(ctx context.Context, o T, q queue.Queue) {
		var list v1alpha1.HandoverList
		if err := r.Client.List(ctx, &list, which(o), client.UnsafeDisableDeepCopy); err != nil {
			ctrl.LoggerFrom(ctx).Error(err, "listing the Handovers that an object concerns", "object", client.ObjectKeyFromObject(o))
			return
		}
		requests := make([]reconcile.Request, len(list.Items))
		for i := range list.Items {
			requests[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
		}
		queue.Behind(q, requests...)
	}
	return handler.TypedFuncs[T, reconcile.Request]{
		CreateFunc: func(ctx context.Context, e event.TypedCreateEvent[T], q queue.Queue) {
			if !e.IsInInitialList { // everything is looked at once at the start
				enqueue(ctx, e.Object, q)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.TypedUpdateEvent[T], q queue.Queue) { enqueue(ctx, e.ObjectNew, q) },
		DeleteFunc: func(ctx context.Context, e event.TypedDeleteEvent[T], q queue.Queue) { enqueue(ctx, e.Object, q) },
	}
}

// updates passes the changes of an object that matter.
func updates[T client.Object](matters func(before, after T) bool) predicate.TypedPredicate[T] {
	return predicate.TypedFuncs[T]{
		UpdateFunc: func(e event.TypedUpdateEvent[T]) bool {
			return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() || matters(e.ObjectOld, e.ObjectNew)
		},
	}
}

// existence passes an object that appears or goes.
func existence[T client.Object]() predicate.TypedPredicate[T] {
	return updates(func(_, _ T) bool { return false })
}

// handoverChanged passes a Handover whose spec or status changed. Its own status
// is watched so that what another hand wrote there is put right; the price is one
// look, without a write, after each write of our own.
func handoverChanged() predicate.TypedPredicate[*v1alpha1.Handover] {
	return updates(func(before, after *v1alpha1.Handover) bool {
		return before.Generation != after.Generation || before.DecodingError != after.DecodingError ||
			!equality.Semantic.DeepEqual(before.Status, after.Status)
	})
}

// examined is what the checks read of an Application, but for its spec and for
// messages.
type examined struct {
	observed    int64
	restored    int64
	undecodable string
	conditions  [len(examinedConditions)]examinedCondition
}

type examinedCondition struct {
	status, reason string
	since          int64
	generation     int64
}

// examinedConditions are the conditions of an Application that checks read.
var examinedConditions = [...]string{
	v1alpha1.ConditionEndpointsAvailable, v1alpha1.ConditionHostingHealthy, v1alpha1.ConditionBackedUp,
	v1alpha1.ConditionCentralised, v1alpha1.ConditionCertificatesValid, v1alpha1.ConditionServiceLevelMet,
}

func examine(app *v1alpha1.Application) examined {
	e := examined{observed: app.Status.ObservedGeneration, undecodable: app.DecodingError}
	if backup := app.Status.Backup; backup != nil && backup.NewestRestoreTestAt != nil {
		e.restored = backup.NewestRestoreTestAt.Unix()
	}
	for i := range app.Status.Conditions {
		c := &app.Status.Conditions[i]
		for j, kind := range examinedConditions {
			if c.Type != kind {
				continue
			}
			e.conditions[j] = examinedCondition{string(c.Status), c.Reason, c.LastTransitionTime.Unix(), c.ObservedGeneration}
			if kind == v1alpha1.ConditionServiceLevelMet {
				e.conditions[j] = examinedCondition{status: "told", generation: c.ObservedGeneration} // how it is kept is not asked
			}
		}
	}
	return e
}

// applicationChanged passes an Application of which a check can find something
// else. Messages are told when something else is.
func applicationChanged() predicate.TypedPredicate[*v1alpha1.Application] {
	return updates(func(before, after *v1alpha1.Application) bool {
		return before.Generation != after.Generation || examine(before) != examine(after)
	})
}

// accountChanged passes an account that says something else of an outage, or
// that was begun anew.
func accountChanged() predicate.TypedPredicate[*v1alpha1.AvailabilityRecord] {
	return updates(func(before, after *v1alpha1.AvailabilityRecord) bool {
		out := func(r *v1alpha1.AvailabilityRecord) bool { return r.Current != nil && r.Current.OpenOutage != nil }
		return before.Totals.Charged != after.Totals.Charged || out(before) != out(after) ||
			before.DecodingError != after.DecodingError || !before.HistoryLostAt.Equal(after.HistoryLostAt)
	})
}

// projectChanged passes a Project that somebody else leads.
func projectChanged() predicate.TypedPredicate[*v1alpha1.Project] {
	lead := func(p *v1alpha1.Project) v1alpha1.UserName {
		if p.Spec.Lead == nil {
			return ""
		}
		return p.Spec.Lead.User
	}
	return updates(func(before, after *v1alpha1.Project) bool {
		return lead(before) != lead(after) || before.DecodingError != after.DecodingError
	})
}

// policyChanged passes a policy that says something else of handovers.
func policyChanged() predicate.TypedPredicate[*v1alpha1.GovernancePolicy] {
	return updates(func(before, after *v1alpha1.GovernancePolicy) bool {
		return before.DecodingError != after.DecodingError || !equality.Semantic.DeepEqual(before.Spec.Handovers, after.Spec.Handovers)
	})
}
