// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/application"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../../config/crd/bases"))
}

// world is a namespace of a test, and an operator that runs in it.
type world struct {
	*controllertest.World
	unit     string
	clock    *clocktesting.FakePassiveClock
	observer *fakeObserver
	ledger   *fakeLedger
	cluster  *fakeCluster
	// kill stops the operator and waits for its end.
	kill func()
}

// newWorld makes a namespace and a unit, and starts an operator.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		World: controllertest.NewWorld(t, "t-"),
		clock: clocktesting.NewFakePassiveClock(time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)),
	}
	w.unit = w.Namespace
	w.Create(w.newUnit(w.unit))
	w.start()
	return w
}

// start starts an operator that has seen nothing yet.
func (w *world) start() {
	w.Helper()
	waker := &application.Waker{}
	w.observer = newFakeObserver()
	w.observer.wake = waker.Wake
	w.ledger, w.cluster = &fakeLedger{clock: w.clock}, &fakeCluster{}
	options := ctrl.Options{Cache: controllers.CacheOptions()}
	w.kill = controllertest.Start(w, controlplanetest.Config(w), options, func(ctx context.Context, mgr ctrl.Manager) error {
		applications, err := metrics.NewApplications(prometheus.NewRegistry())
		if err != nil {
			return err
		}
		if err := controllers.AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
			return err
		}
		return (&application.Reconciler{
			Client: mgr.GetClient(), APIReader: mgr.GetAPIReader(),
			Observer: w.observer, Prober: endpoint.NewFactory(endpoint.Options{Egress: endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil)}),
			Hosting: linuxHosts{}, Cluster: w.cluster,
			Ledger: w.ledger, Announcer: eventAnnouncer{mgr.GetEventRecorder("test")},
			// Their clock stands still as a rule.
			Pace:     pace.WriteLimits{Burst: 1000, Spacing: time.Second, Minor: time.Minute},
			Recorder: mgr.GetEventRecorder("test"), Metrics: applications, Clock: w.clock,
		}).SetupWithManager(ctx, mgr, waker, nil, 4)
	})
}

// change changes an Application as a user would.
func (w *world) change(name string, mutate func(*v1alpha1.Application)) {
	w.Helper()
	controllertest.Alter(w.World, w.newApp(name), mutate)
}

func (w *world) key(name string) types.NamespacedName {
	return types.NamespacedName{Namespace: w.Namespace, Name: name}
}

func (w *world) get(name string) *v1alpha1.Application {
	w.Helper()
	return controllertest.Get(w.World, w.newApp(name))
}

// await waits until an Application is as the test wants it. What keeps it from
// that is told by want, which returns "" when all is well.
func (w *world) await(name string, want func(*v1alpha1.Application) string) *v1alpha1.Application {
	w.Helper()
	return controllertest.AwaitObject(w.World, w.newApp(name), func(a *v1alpha1.Application) string {
		if a.Status.ObservedGeneration != a.Generation {
			return fmt.Sprintf("generation %d, observed %d", a.Generation, a.Status.ObservedGeneration)
		}
		return want(a)
	})
}

// inState awaits an operational state.
func (w *world) inState(name string, state v1alpha1.OperationalState) *v1alpha1.Application {
	w.Helper()
	return w.await(name, func(a *v1alpha1.Application) string {
		if a.Status.OperationalState != state {
			return fmt.Sprintf("state is %s, want %s", a.Status.OperationalState, state)
		}
		return ""
	})
}

// hasCondition awaits a condition's status and reason.
func (w *world) hasCondition(name, conditionType string, value metav1.ConditionStatus, reason string) *metav1.Condition {
	w.Helper()
	app := w.await(name, func(a *v1alpha1.Application) string {
		return controllertest.Condition(a, conditionType, value, reason)
	})
	return meta.FindStatusCondition(app.Status.Conditions, conditionType)
}

// lacksCondition awaits that a condition is absent.
func (w *world) lacksCondition(name, conditionType string) {
	w.Helper()
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
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name},
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
