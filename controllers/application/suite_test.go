// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/application"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		return controlplane.InstallCRDs(ctx, cp.Config, "../../config/crd/bases")
	}))
}

// patience bounds how long a condition is awaited.
const patience = 20 * time.Second

// world is a namespace of a test, and an operator that runs in it.
type world struct {
	t         *testing.T
	client    client.Client
	namespace string
	unit      string
	clock     *clocktesting.FakePassiveClock
	observer  *fakeObserver
	ledger    *fakeLedger
	stop      context.CancelFunc
	stopped   chan error
}

// newWorld makes a namespace and a unit, and starts an operator.
func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, client: c,
		namespace: "t-" + rand.String(8),
		clock:     clocktesting.NewFakePassiveClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)),
	}
	w.unit = w.namespace
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
	w.create(w.newUnit(w.unit))
	w.start()
	t.Cleanup(func() {
		w.kill()
		_ = c.Delete(context.Background(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}})
	})
	return w
}

// start starts an operator that has seen nothing yet.
func (w *world) start() {
	w.t.Helper()
	skip := true
	mgr, err := ctrl.NewManager(controlplanetest.Config(w.t), ctrl.Options{
		Scheme: controllers.Scheme(), Cache: controllers.CacheOptions(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	waker := &application.Waker{}
	w.observer = newFakeObserver()
	w.observer.wake = waker.Wake
	w.ledger = &fakeLedger{clock: w.clock}
	ctx, cancel := context.WithCancel(context.Background())
	applications, err := metrics.NewApplications(prometheus.NewRegistry())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := controllers.AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		cancel()
		w.t.Fatal(err)
	}
	err = (&application.Reconciler{
		Client: mgr.GetClient(), APIReader: mgr.GetAPIReader(),
		Observer: w.observer, Prober: endpoint.NewFactory(endpoint.Options{Egress: endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil)}),
		Ledger: w.ledger, Announcer: eventAnnouncer{mgr.GetEventRecorder("test")},
		// Their clock stands still as a rule.
		Pace:     pace.WriteLimits{Burst: 1000, Spacing: time.Second, Minor: time.Minute},
		Recorder: mgr.GetEventRecorder("test"), Metrics: applications, Clock: w.clock,
	}).SetupWithManager(ctx, mgr, waker, nil, 4)
	if err != nil {
		cancel()
		w.t.Fatal(err)
	}
	w.stop, w.stopped = cancel, make(chan error, 1)
	go func() { w.stopped <- mgr.Start(ctx) }()
}

// kill stops the operator and waits for its end.
func (w *world) kill() {
	w.t.Helper()
	if w.stop == nil {
		return
	}
	w.stop()
	w.stop = nil
	if err := <-w.stopped; err != nil {
		w.t.Error("the manager ended with", err)
	}
}

func (w *world) create(o client.Object) {
	w.t.Helper()
	if err := w.client.Create(w.t.Context(), o); err != nil {
		w.t.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

// change changes an Application as a user would, trying again on conflict.
func (w *world) change(name string, mutate func(*v1alpha1.Application)) {
	w.t.Helper()
	app := w.get(name)
	before := app.DeepCopy()
	mutate(app)
	if err := w.client.Patch(w.t.Context(), app, client.MergeFrom(before)); err != nil {
		w.t.Fatalf("change %s: %v", name, err)
	}
}

func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.namespace, Name: name}
}

func (w *world) get(name string) *v1alpha1.Application {
	w.t.Helper()
	app := &v1alpha1.Application{}
	if err := w.client.Get(w.t.Context(), w.key(name), app); err != nil {
		w.t.Fatalf("get %s: %v", name, err)
	}
	return app
}

// await waits until an Application is as the test wants it. What keeps it from
// that is told by want, which returns "" when all is well.
func (w *world) await(name string, want func(*v1alpha1.Application) string) *v1alpha1.Application {
	w.t.Helper()
	app := &v1alpha1.Application{}
	last := "never read"
	err := wait.PollUntilContextTimeout(w.t.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if err := w.client.Get(ctx, w.key(name), app); err != nil {
			last = err.Error()
			return false, client.IgnoreNotFound(err)
		}
		if app.Status.ObservedGeneration != app.Generation {
			last = fmt.Sprintf("generation %d, observed %d", app.Generation, app.Status.ObservedGeneration)
			return false, nil
		}
		last = want(app)
		return last == "", nil
	})
	if err != nil {
		w.t.Fatalf("%s: %s\nstatus: %+v", name, last, app.Status)
	}
	return app
}

// inState awaits an operational state.
func (w *world) inState(name string, state v1alpha1.OperationalState) *v1alpha1.Application {
	w.t.Helper()
	return w.await(name, func(a *v1alpha1.Application) string {
		if a.Status.OperationalState != state {
			return fmt.Sprintf("state is %s, want %s", a.Status.OperationalState, state)
		}
		return ""
	})
}

// hasCondition awaits a condition's status and reason.
func (w *world) hasCondition(name, conditionType string, value metav1.ConditionStatus, reason string) *metav1.Condition {
	w.t.Helper()
	app := w.await(name, func(a *v1alpha1.Application) string {
		c := meta.FindStatusCondition(a.Status.Conditions, conditionType)
		if c == nil || c.Status != value || c.Reason != reason {
			return fmt.Sprintf("condition %s is %+v, want %s %s", conditionType, c, value, reason)
		}
		return ""
	})
	return meta.FindStatusCondition(app.Status.Conditions, conditionType)
}

// lacksCondition awaits that a condition is absent.
func (w *world) lacksCondition(name, conditionType string) {
	w.t.Helper()
	w.await(name, func(a *v1alpha1.Application) string {
		if c := meta.FindStatusCondition(a.Status.Conditions, conditionType); c != nil {
			return fmt.Sprintf("condition %s is %+v, want none", conditionType, c)
		}
		return ""
	})
}

func (w *world) newUnit(name string) *v1alpha1.OrganisationalUnit {
	return &v1alpha1.OrganisationalUnit{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: v1alpha1.OrganisationalUnitSpec{
			Number: "16", Type: v1alpha1.UnitKDZ, DisplayName: v1alpha1.LocalisedText{EN: name},
		},
	}
}

// newApp is an Application that operates, without anything to look at.
func (w *world) newApp(name string) *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: name},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{EN: name},
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecycleOperating,
			Responsible: v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: v1alpha1.ObjectName(w.unit)}},
			Operation: v1alpha1.Operation{
				Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(w.unit)},
			},
		},
	}
}

// newWeb is an Application with an endpoint named web.
func (w *world) newWeb(name string) *v1alpha1.Application {
	app := w.newApp(name)
	app.Spec.Endpoints = []v1alpha1.Endpoint{{Name: "web", URL: "http://127.0.0.1:1/" + name, Interval: "5s"}}
	return app
}
