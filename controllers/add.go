// SPDX-License-Identifier: Apache-2.0

// Package controllers wires the controllers to a manager. It is the only place
// that does.
package controllers

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/application"
	"kdz.mainz.de/operator/controllers/audit"
	"kdz.mainz.de/operator/controllers/governance"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/organisationalunit"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/tell/announce"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// Options are what the operator's flags set.
type Options struct {
	// Workers is how many checks run at once; zero means the observer's
	// default.
	Workers int
	// PerTarget is how many checks run at once against one address and port;
	// zero means the observer's default.
	PerTarget int
	// Concurrency is how many Applications are reconciled at once. Writes to
	// an API server peak near 16 in flight.
	Concurrency int
	// Witness is an address and port that shows, when it can be reached, that
	// the operator's own way into the network works.
	Witness string
	// UserAgent that HTTP checks send.
	UserAgent string
	// EgressAllow and EgressDeny are networks that checks may, or may not,
	// connect to; see endpoint.Egress.
	EgressAllow, EgressDeny []netip.Prefix
	// Namespace of the operator's own objects; empty means that of its pod, or
	// else that of the lease.
	Namespace string
	// LeaderElection lets only one of several replicas write.
	LeaderElection bool
	// LeaderElectionNamespace is the namespace of the lease; empty means
	// Namespace.
	LeaderElectionNamespace string
	// Skew of the API server's clock; nil means that it is not known.
	Skew *Skew
	// Clock tells the present moment; nil means the system's.
	Clock clock.WithTicker
	// Registerer takes the metrics; nil means the one that the manager serves.
	Registerer prometheus.Registerer
}

// Scheme returns a scheme that knows every kind the operator handles.
func Scheme() *runtime.Scheme { return setup.Scheme() }

// CacheOptions returns what the manager's cache holds: no field managers and
// no copy of what was applied, since nothing reads them, of Secrets only those
// that may be used for checks, and of Namespaces the labels.
func CacheOptions() cache.Options {
	return cache.Options{
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            strip,
		ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:    {Label: labels.SelectorFromSet(labels.Set{v1alpha1.LabelProbe: "true"})},
			&corev1.Namespace{}: {Transform: stripNamespace},
			// The outages that are over are read only when one is added.
			&v1alpha1.AvailabilityRecord{}: {Transform: stripRecord},
		},
	}
}

// strip removes from an object what no controller reads.
func strip(o any) (any, error) {
	if object, ok := o.(client.Object); ok {
		object.SetManagedFields(nil)
		if annotations := object.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
			delete(annotations, corev1.LastAppliedConfigAnnotation)
		}
	}
	return o, nil
}

// stripRecord removes from an account the outages that are over.
func stripRecord(o any) (any, error) {
	if record, ok := o.(*v1alpha1.AvailabilityRecord); ok {
		record.Outages = nil
	}
	return strip(o)
}

// stripNamespace removes from a Namespace all but its name and its labels.
func stripNamespace(o any) (any, error) {
	if ns, ok := o.(*corev1.Namespace); ok {
		ns.SetManagedFields(nil)
		ns.Annotations, ns.Spec, ns.Status = nil, corev1.NamespaceSpec{}, corev1.NamespaceStatus{}
	}
	return o, nil
}

// Add adds every controller, and the observer that they share, to a manager.
func Add(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Registerer == nil {
		o.Registerer = crmetrics.Registry
	}
	waker := &application.Waker{}
	var told func(observe.Gap)
	engine := observe.New(observe.Options{
		Clock:     o.Clock,
		Workers:   o.Workers,
		PerTarget: o.PerTarget,
		Wake:      waker.Wake,
		Witness:   witness(o.Witness),
		Logger:    mgr.GetLogger().WithName("observe"),
		OnGap:     func(g observe.Gap) { told(g) },
	})
	replicas, err := addReplicas(mgr, o, engine, waker.WakeAll)
	if err != nil {
		return fmt.Errorf("replicas: %w", err)
	}
	told = replicas.tellGap(mgr.GetLogger().WithName("observe"))
	if err := addObserver(mgr, o, engine); err != nil {
		return err
	}
	// What is judged the leader tells; what is observed, every replica.
	o.Registerer = replicas.lead.Registerer(o.Registerer)

	if err := AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexes: %w", err)
	}
	if err := addApplications(ctx, mgr, replicas, engine, waker, o); err != nil {
		return err
	}
	if err := addHandovers(ctx, mgr, replicas, o); err != nil {
		return err
	}
	return addRule(ctx, mgr, replicas.lead, o)
}

// addApplications adds the controller of Applications and of their accounts.
func addApplications(ctx context.Context, mgr ctrl.Manager, r *replicas, engine *observe.Engine, waker *application.Waker, o Options) error {
	look, err := addSight(ctx, mgr, waker, o)
	if err != nil {
		return err
	}
	applications, err := metrics.NewApplications(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of Applications: %w", err)
	}
	accounts, err := metrics.NewAccounts(o.Registerer, metrics.AccountsOptions{Recorded: r.ledger.Recorded, Leads: r.lead.Leads})
	if err != nil {
		return fmt.Errorf("metrics of accounts: %w", err)
	}
	recorder := mgr.GetEventRecorder(eventReporter)
	announcer := announce.New(announce.Options{
		Recorder: recorder, Client: mgr.GetClient(), Name: eventReporter, Unit: unitOf(ctx, mgr.GetClient()), Clock: o.Clock,
	})
	if err := mgr.Add(announcer); err != nil {
		return fmt.Errorf("announcer: %w", err)
	}
	err = (&application.Reconciler{
		Client:     r.lead.Client(mgr.GetClient()),
		APIReader:  mgr.GetAPIReader(),
		Observer:   engine,
		Prober:     look.endpoints,
		Indicators: look.indicators,
		Hosting:    look.systems,
		Cluster:    look.cluster,
		Ledger:     r.ledger,
		Announcer:  announcer,
		Recorder:   r.lead.Recorder(recorder),
		Metrics:    applications,
		Accounts:   accounts,
		Clock:      o.Clock,
	}).SetupWithManager(ctx, mgr, waker, r.lead, o.Concurrency)
	if err != nil {
		return fmt.Errorf("controller of Applications: %w", err)
	}
	return nil
}

// eventReporter is who reports Events.
const eventReporter = "kdz-operator"

// unitOf returns a function that finds a unit by its name.
func unitOf(ctx context.Context, reader client.Reader) func(string) *v1alpha1.OrganisationalUnit {
	return func(name string) *v1alpha1.OrganisationalUnit {
		unit := &v1alpha1.OrganisationalUnit{}
		if reader.Get(ctx, client.ObjectKey{Name: name}, unit) != nil {
			return nil
		}
		return unit
	}
}

// addObserver adds the engine that observes.
func addObserver(mgr ctrl.Manager, o Options, engine *observe.Engine) error {
	if err := mgr.Add(engine); err != nil {
		return fmt.Errorf("observer: %w", err)
	}
	if err := o.Registerer.Register(engine.Collector()); err != nil {
		return fmt.Errorf("metrics of the observer: %w", err)
	}
	if err := mgr.AddHealthzCheck("observe", engine.Healthz); err != nil {
		return fmt.Errorf("liveness of the observer: %w", err)
	}
	return nil
}

// addRule adds what there is for units, for agreements, for projects, and for the
// rule that all IT of the city is provided by the KDZ: its controllers, and the
// audit.
func addRule(ctx context.Context, mgr ctrl.Manager, lead *leadership.Leadership, o Options) error {
	units, err := metrics.NewUnits(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of units: %w", err)
	}
	err = (&organisationalunit.Reconciler{Common: setup.Common{Clock: o.Clock}, Metrics: units}).SetupWithManager(mgr, lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of units: %w", err)
	}
	if err := addServiceLevels(mgr, lead, o); err != nil {
		return err
	}
	if err := addProjects(mgr, lead, o); err != nil {
		return err
	}
	if err := addGovernance(mgr, lead, o); err != nil {
		return err
	}
	return addAudit(ctx, mgr, lead, o)
}

// AddIndexes adds the indexes of the cache that more than one controller reads.
// Add does so by itself.
func AddIndexes(ctx context.Context, indexer client.FieldIndexer) error {
	return gather.AddIndexes(ctx, indexer)
}

// addGovernance adds the controllers of the policy and of exemptions.
func addGovernance(mgr ctrl.Manager, lead *leadership.Leadership, o Options) error {
	rule, err := metrics.NewCentralisation(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of the rule: %w", err)
	}
	err = (&governance.PolicyReconciler{Common: setup.Common{Clock: o.Clock}, Metrics: rule}).SetupWithManager(mgr, lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of policies: %w", err)
	}
	err = (&governance.ExemptionReconciler{Common: setup.Common{Clock: o.Clock}, Metrics: rule}).SetupWithManager(mgr, lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of exemptions: %w", err)
	}
	return nil
}

// addAudit adds the controller that audits.
func addAudit(ctx context.Context, mgr ctrl.Manager, lead *leadership.Leadership, o Options) error {
	findings, err := metrics.NewFindings(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of the audit: %w", err)
	}
	err = (&audit.Reconciler{Metrics: findings, Clock: o.Clock}).SetupWithManager(ctx, mgr, lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of the audit: %w", err)
	}
	return nil
}

// witness returns a function that reaches an address, or nil if there is none.
func witness(address string) func(context.Context) error {
	if address == "" {
		return nil
	}
	dialer := &net.Dialer{KeepAlive: -1}
	return func(ctx context.Context) error {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return c.Close()
	}
}

// logGap tells those who run the operator of a time that nobody observed.
func logGap(log logr.Logger) func(observe.Gap) {
	return func(g observe.Gap) {
		if g.To.IsZero() {
			log.Info("nothing is observed", "reason", g.Reason, "from", g.From)
			return
		}
		log.Info("nothing was observed", "reason", g.Reason, "from", g.From, "to", g.To)
	}
}
