// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/internal/judge/compliance"
	"kdz.mainz.de/operator/internal/tell/audit"
)

// workers is how many namespaces are audited at once, unless the options say
// otherwise.
const workers = 2

// SetupWithManager registers the controller, its watches and its index, and the
// loop beside it. A replica that does not lead audits nothing; nil always leads.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, lead *leadership.Leadership, opts controller.Options) error {
	if r.Client == nil {
		r.Client = lead.Client(mgr.GetClient())
	}
	if r.Clock == nil {
		r.Clock = clock.RealClock{}
	}
	if opts.MaxConcurrentReconciles == 0 {
		opts.MaxConcurrentReconciles = workers
	}
	err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.Handover{}, indexHandover, func(o client.Object) []string {
		return concerned(o.(*v1alpha1.Handover))
	})
	if err != nil {
		return fmt.Errorf("index of handovers: %w", err)
	}
	r.agenda = newAgenda(r.Clock, r.namespaces)
	r.writer = &audit.Writer{Client: r.Client, Reader: mgr.GetAPIReader()}
	// Another may have written the reports meanwhile.
	lead.OnTakeover(r.writer.Forget)
	r.around, err = newSurroundings(mgr.GetConfig(), mgr.GetHTTPClient(), r.Clock, mgr.GetLogger().WithName("audit"), r.agenda, r.writer)
	if err != nil {
		return err
	}
	if err := mgr.Add(r.around); err != nil {
		return fmt.Errorf("watch of workloads: %w", err)
	}
	r.gatherer = &Gatherer{Reader: r.Client, Indexed: true, Workloads: r.around.workloads}

	guarded := lead.Guard(r, false)
	return ctrl.NewControllerManagedBy(mgr).
		Named("audit").
		Watches(&v1alpha1.Application{}, r.of(holder), changes(sameApplication)).
		Watches(&v1alpha1.AvailabilityRecord{}, r.of(itsNamespace), changes(sameRecord)).
		Watches(&v1alpha1.Exemption{}, r.of(itsNamespace), changes(sameExemption)).
		Watches(&v1alpha1.Project{}, r.of(itsNamespace), changes(sameProject)).
		Watches(&v1alpha1.Handover{}, r.of(parties), changes(sameHandover)).
		// Any Application may be under a level, and the policy and the tree of
		// units concern all.
		Watches(&v1alpha1.ServiceLevel{}, r.of(all), changes(sameServiceLevel)).
		Watches(&v1alpha1.GovernancePolicy{}, r.of(all), changes(samePolicy)).
		Watches(&v1alpha1.OrganisationalUnit{}, r.of(all), changes(sameUnit)).
		Watches(&corev1.Namespace{}, r.of(itself), changes(sameNamespace)).
		WatchesRawSource(source.Func(r.agenda.start)).
		WatchesRawSource(guarded.Source()).
		WithOptions(opts).
		Complete(guarded)
}

// sameApplication: what is declared, its verdict, which changes with all that
// the rule looks at, and whether it breaks its agreement.
func sameApplication(a, b *v1alpha1.Application) bool {
	return a.Generation == b.Generation && a.Status.Centralisation == b.Status.Centralisation && a.DecodingError == b.DecodingError &&
		compliance.StandingOf(a) == compliance.StandingOf(b)
}

// sameRecord: what is asked of an account, which changes seldom.
func sameRecord(a, b *v1alpha1.AvailabilityRecord) bool {
	return compliance.AccountOf(a) == compliance.AccountOf(b)
}

// sameExemption: one is never changed, but filled by a first system.
func sameExemption(a, b *v1alpha1.Exemption) bool {
	return a.Generation == b.Generation && a.Status.State == b.Status.State &&
		equality.Semantic.DeepEqual(a.Status.Application, b.Status.Application)
}

// sameProject: what evidence there is, who leads it, and how it goes.
func sameProject(a, b *v1alpha1.Project) bool {
	return a.Generation == b.Generation && a.DecodingError == b.DecodingError && compliance.CourseOf(a) == compliance.CourseOf(b)
}

// sameHandover: how far it is, of what, and by when.
func sameHandover(a, b *v1alpha1.Handover) bool {
	return a.Status.Stage == b.Status.Stage && a.Spec.DueOn == b.Spec.DueOn && a.Spec.ProjectRef == b.Spec.ProjectRef &&
		equality.Semantic.DeepEqual(a.Spec.ApplicationRefs, b.Spec.ApplicationRefs)
}

// sameServiceLevel: whether a body decided it, and what it requires.
func sameServiceLevel(a, b *v1alpha1.ServiceLevel) bool {
	return equality.Semantic.DeepEqual(a.Spec.Decision, b.Spec.Decision) &&
		equality.Semantic.DeepEqual(a.Spec.Requires, b.Spec.Requires)
}

// samePolicy: what it says, and what was compiled of it; not its counts, and
// not the index of exemptions, which are read themselves.
func samePolicy(a, b *v1alpha1.GovernancePolicy) bool {
	return equality.Semantic.DeepEqual(a.Spec, b.Spec) &&
		(a.Status.CompiledAt == nil) == (b.Status.CompiledAt == nil) &&
		equality.Semantic.DeepEqual(a.Status.ProviderUnits, b.Status.ProviderUnits) &&
		equality.Semantic.DeepEqual(a.Status.UnitTreatments, b.Status.UnitTreatments)
}

// sameUnit: where it stands in the tree, and so whether it leads projects.
func sameUnit(a, b *v1alpha1.OrganisationalUnit) bool {
	return equality.Semantic.DeepEqual(a.Spec.ParentRef, b.Spec.ParentRef)
}

// sameNamespace: its unit, and whether it goes.
func sameNamespace(a, b *corev1.Namespace) bool {
	return a.Labels[v1alpha1.LabelUnit] == b.Labels[v1alpha1.LabelUnit] && a.DeletionTimestamp.IsZero() == b.DeletionTimestamp.IsZero()
}

// holder is the namespace of an Application; whether one without a unit holds
// any concerns the cluster as well.
func holder(o client.Object, existence bool) []string {
	if existence {
		return []string{o.GetNamespace(), cluster}
	}
	return []string{o.GetNamespace()}
}

// parties are the namespaces that a handover concerns.
func parties(o client.Object, _ bool) []string { return concerned(o.(*v1alpha1.Handover)) }

// itself is a namespace; its unit concerns the cluster as well.
func itself(o client.Object, _ bool) []string { return []string{o.GetName(), cluster} }

// itsNamespace is the namespace of an object.
func itsNamespace(o client.Object, _ bool) []string { return []string{o.GetNamespace()} }

// all is every namespace, and the cluster.
func all(client.Object, bool) []string { return []string{everything} }

// of puts on the agenda what an object concerns; existence says whether it
// appeared or went, rather than changed. At the start, which concerns all, it
// waits behind what happens meanwhile.
func (r *Reconciler) of(concerns func(o client.Object, existence bool) []string) handler.EventHandler {
	note := func(o client.Object, existence, behind bool) {
		for _, key := range concerns(o, existence) {
			r.agenda.soon(key, behind || key == everything)
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, _ queue.Queue) { note(e.Object, true, e.IsInInitialList) },
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, _ queue.Queue) {
			replaced := e.ObjectOld.GetUID() != e.ObjectNew.GetUID()
			note(e.ObjectOld, replaced, false)
			note(e.ObjectNew, replaced, false)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, _ queue.Queue) { note(e.Object, true, false) },
	}
}

// changes lets an update pass unless the objects are the same for us. What was
// deleted and made again between two looks is never the same.
func changes[T client.Object](same func(before, after T) bool) builder.Predicates {
	return builder.WithPredicates(predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return e.ObjectOld.GetUID() != e.ObjectNew.GetUID() || !same(e.ObjectOld.(T), e.ObjectNew.(T))
	}})
}

// namespaces names all there are.
func (r *Reconciler) namespaces(ctx context.Context) []string {
	var list corev1.NamespaceList
	if err := r.gatherer.list(ctx, &list); err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "listing the namespaces to be audited")
		return nil
	}
	names := make([]string, len(list.Items))
	for i := range list.Items {
		names[i] = list.Items[i].Name
	}
	return names
}
