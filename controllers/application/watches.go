// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting/systems"
)

// Indexes of the cache of Applications, by what they refer to.
const (
	// indexDependency: "namespace/name" of each dependency.
	indexDependency = "application.dependency"
	// indexUnit: name of each unit.
	indexUnit = "application.unit"
	// indexServiceLevel: name of the agreement.
	indexServiceLevel = "application.servicelevel"
	// indexProject: "namespace/name" of the project of a transition.
	indexProject = "application.project"
	// indexSecret: name of each Secret of the own namespace.
	indexSecret = "application.secret"
	// indexReplacement: name of the Application that takes its place.
	indexReplacement = "application.replacement"
)

// settle is how long to wait before dependents are counted anew, so that a
// catalogue that is applied does not have a hub counted once for each of its
// dependents.
const settle = time.Second

type mapping = handler.TypedEventHandler[client.Object, reconcile.Request]

// Waker puts Applications into the controller's queue on behalf of those that
// observe them. It is safe for concurrent use; before the controller has
// started it does nothing, since the start reconciles everything.
type Waker struct {
	mu    sync.RWMutex
	queue queue.Queue
	// settle is how long to wait for what an Application needs to be judged
	// first.
	settle func(types.NamespacedName) time.Duration
	// all enqueues every Application, behind what concerns a single one.
	all func(queue.Queue)
}

// Wake has an Application reconciled, after what it needs.
func (w *Waker) Wake(key types.NamespacedName) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.queue == nil {
		return
	}
	request := reconcile.Request{NamespacedName: key}
	if wait := w.settle(key); wait > 0 {
		w.queue.AddAfter(request, wait)
		return
	}
	w.queue.Add(request)
}

// WakeAll has every Application reconciled, behind what concerns a single one.
func (w *Waker) WakeAll() {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.queue != nil {
		w.all(w.queue)
	}
}

// source makes the Waker known to the controller's queue.
func (w *Waker) source(r *Reconciler) source.Source {
	return source.Func(func(ctx context.Context, q queue.Queue) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.queue = q
		w.settle = func(key types.NamespacedName) time.Duration { return r.settling(ctx, key) }
		w.all = func(q queue.Queue) { queue.Behind(q, r.list(ctx)...) }
		return nil
	})
}

// SetupWithManager registers the controller, its watches and its indexes.
// Concurrency is how many Applications are reconciled at once. A replica that
// does not lead reconciles them as well, since it observes; nil always leads.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, waker *Waker, lead *leadership.Leadership, concurrency int) error {
	for field, extract := range indexers() {
		if err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.Application{}, field, extract); err != nil {
			return err
		}
	}
	r.writes = newWrites(r.Pace)
	round := manager.RunnableFunc(func(ctx context.Context) error { return r.start(ctx, mgr.GetCache().WaitForCacheSync) })
	if err := mgr.Add(round); err != nil {
		return err
	}
	guarded := lead.Guard(r, true)
	return ctrl.NewControllerManagedBy(mgr).
		Named("application").
		// Its own spec. Its own status is written here and nowhere else, so a
		// change of it alone is no news.
		For(&v1alpha1.Application{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		// Those that need it are judged by its state, and it counts them.
		Watches(&v1alpha1.Application{}, r.neighbours()).
		// References heal when they appear and are reported when they go; what
		// a unit or a project says besides does not matter here.
		Watches(&v1alpha1.OrganisationalUnit{}, r.referrers(indexUnit), builder.WithPredicates(existence)).
		Watches(&v1alpha1.Project{}, r.referrers(indexProject), builder.WithPredicates(existence)).
		// An agreement brings maintenance windows, and accounts are judged by
		// its revisions.
		Watches(&v1alpha1.ServiceLevel{}, r.referrers(indexServiceLevel), builder.WithPredicates(revised)).
		// The account is written here and nowhere else; another hand that
		// changes or deletes it is news.
		Watches(&v1alpha1.AvailabilityRecord{}, r.accounts()).
		// What the rule is judged by beside the Application itself: see
		// centralisation.go.
		Watches(&v1alpha1.Exemption{}, exempted()).
		Watches(&corev1.Namespace{}, r.inhabitants()).
		Watches(&v1alpha1.GovernancePolicy{}, r.governed()).
		// A project that delivers it hands it over.
		Watches(&v1alpha1.Handover{}, handedOver()).
		// A new password or certificate is another question.
		Watches(&corev1.Secret{}, r.referrers(indexSecret)).
		// What was observed has changed.
		WatchesRawSource(waker.source(r)).
		// This replica leads, and did not before.
		WatchesRawSource(guarded.Source()).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency}).
		Complete(guarded)
}

// existence passes an object that appears or goes.
var existence = predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }}

// revised passes an agreement that appears or goes, whose spec changes, or of
// which another revision was recorded.
var revised = predicate.Or[client.Object](predicate.GenerationChangedPredicate{}, predicate.Funcs{
	UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*v1alpha1.ServiceLevel), e.ObjectNew.(*v1alpha1.ServiceLevel)
		return !equality.Semantic.DeepEqual(before.Status.Revisions, after.Status.Revisions)
	},
})

// accounts enqueues the Application whose account another hand has changed.
func (r *Reconciler) accounts() mapping {
	enqueue := func(o client.Object, q queue.Queue) {
		queue.Behind(q, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(o)})
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q queue.Queue) {
			if !r.ownRecords.shown(e.Object) && !e.IsInInitialList {
				enqueue(e.Object, q)
			}
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q queue.Queue) {
			if !r.ownRecords.shown(e.ObjectNew) && e.ObjectOld.GetResourceVersion() != e.ObjectNew.GetResourceVersion() {
				enqueue(e.ObjectNew, q)
			}
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q queue.Queue) { enqueue(e.Object, q) },
	}
}

// indexers extract from an Application what it refers to.
func indexers() map[string]client.IndexerFunc {
	by := func(extract func(*v1alpha1.Application) []string) client.IndexerFunc {
		return func(o client.Object) []string { return extract(o.(*v1alpha1.Application)) }
	}
	of := func(kind string) client.IndexerFunc {
		return by(func(app *v1alpha1.Application) []string {
			var names []string
			for _, ref := range references(app) {
				if ref.kind == kind {
					names = append(names, referenceIndex(ref.key))
				}
			}
			return names
		})
	}
	return map[string]client.IndexerFunc{
		indexDependency: by(func(app *v1alpha1.Application) []string {
			names := make([]string, len(app.Spec.Dependencies))
			for i := range app.Spec.Dependencies {
				names[i] = dependencyKey(app.Namespace, &app.Spec.Dependencies[i]).String()
			}
			return names
		}),
		indexUnit:         of("OrganisationalUnit"),
		indexServiceLevel: of("ServiceLevel"),
		indexProject:      of("Project"),
		indexReplacement:  of("Application"),
		indexSecret: by(func(app *v1alpha1.Application) []string {
			var names []string
			for i := range app.Spec.Endpoints {
				for _, name := range endpoint.SecretNames(&app.Spec.Endpoints[i]) {
					names = append(names, app.Namespace+"/"+name)
				}
			}
			for _, name := range systems.SecretNames(app.Spec.Hosting) {
				names = append(names, app.Namespace+"/"+name)
			}
			return names
		}),
	}
}

// referenceIndex is how an index names an object.
func referenceIndex(key types.NamespacedName) string {
	if key.Namespace == "" {
		return key.Name
	}
	return key.String()
}

// referrers enqueues the Applications that refer to an object, behind what
// concerns a single one: an agreement may hold for all, and neither an outage
// nor a new Application should wait for that.
func (r *Reconciler) referrers(index string) mapping {
	enqueue := func(ctx context.Context, o client.Object, q queue.Queue) {
		queue.Behind(q, r.indexed(ctx, index, client.ObjectKeyFromObject(o))...)
	}
	return handler.Funcs{
		CreateFunc:  func(ctx context.Context, e event.CreateEvent, q queue.Queue) { enqueue(ctx, e.Object, q) },
		UpdateFunc:  func(ctx context.Context, e event.UpdateEvent, q queue.Queue) { enqueue(ctx, e.ObjectNew, q) },
		DeleteFunc:  func(ctx context.Context, e event.DeleteEvent, q queue.Queue) { enqueue(ctx, e.Object, q) },
		GenericFunc: func(ctx context.Context, e event.GenericEvent, q queue.Queue) { enqueue(ctx, e.Object, q) },
	}
}

// indexed lists the Applications that an index holds for an object.
func (r *Reconciler) indexed(ctx context.Context, index string, key types.NamespacedName) []reconcile.Request {
	return r.list(ctx, client.MatchingFields{index: referenceIndex(key)})
}

// list lists Applications.
func (r *Reconciler) list(ctx context.Context, which ...client.ListOption) []reconcile.Request {
	var list v1alpha1.ApplicationList
	if err := r.Client.List(ctx, &list, append(which, client.UnsafeDisableDeepCopy)...); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "listing the Applications that an object concerns", "which", which)
		return nil
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&list.Items[i])
	}
	return requests
}

// neighbours enqueues the Applications that depend on one that changed, and
// those that it depends on.
func (r *Reconciler) neighbours() mapping {
	dependents := func(ctx context.Context, app *v1alpha1.Application, q queue.Queue) {
		for _, index := range []string{indexDependency, indexReplacement} {
			for _, request := range r.indexed(ctx, index, client.ObjectKeyFromObject(app)) {
				q.Add(request)
			}
		}
	}
	dependencies := func(app *v1alpha1.Application, q queue.Queue) {
		for i := range app.Spec.Dependencies {
			q.AddAfter(reconcile.Request{NamespacedName: dependencyKey(app.Namespace, &app.Spec.Dependencies[i])}, settle)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue.Queue) {
			if e.IsInInitialList {
				return // everything is reconciled once at the start
			}
			app := e.Object.(*v1alpha1.Application)
			dependents(ctx, app, q)
			dependencies(app, q)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue.Queue) {
			before, after := e.ObjectOld.(*v1alpha1.Application), e.ObjectNew.(*v1alpha1.Application)
			r.own.shown(after)
			if concernsDependents(before, after) {
				dependents(ctx, after, q)
			}
			if !equality.Semantic.DeepEqual(before.Spec.Dependencies, after.Spec.Dependencies) {
				dependencies(before, q)
				dependencies(after, q)
			}
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue.Queue) {
			app := e.Object.(*v1alpha1.Application)
			dependents(ctx, app, q)
			dependencies(app, q)
		},
	}
}

// concernsDependents says whether a change of an Application concerns those
// that need it: its state, the cause of it, or the graph of dependencies.
func concernsDependents(before, after *v1alpha1.Application) bool {
	return before.Status.OperationalState != after.Status.OperationalState ||
		!equality.Semantic.DeepEqual(before.Status.Since, after.Status.Since) ||
		!equality.Semantic.DeepEqual(before.Status.Cause, after.Status.Cause) ||
		!equality.Semantic.DeepEqual(before.Spec.Dependencies, after.Spec.Dependencies) ||
		stalled(before) != stalled(after)
}

// stalled is the message of a condition Stalled, which shows a cycle.
func stalled(app *v1alpha1.Application) string {
	if c := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionStalled); c != nil {
		return c.Message
	}
	return ""
}
