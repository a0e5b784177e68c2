// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		return controlplane.InstallCRDs(ctx, cp.Config, filepath.Join("..", "..", "config", "crd", "bases"))
	}))
}

// patience is how long a test waits for what must come; it passes as soon as
// it does.
const patience = 30 * time.Second

// world is the API server as a test sees it, with a namespace of its own.
type world struct {
	testing.TB
	client    client.WithWatch
	namespace string
}

func testScheme(tb testing.TB) *runtime.Scheme {
	tb.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		tb.Fatal(err)
	}
	return scheme
}

// newWorld returns a world without units, and leaves none behind.
func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := client.NewWithWatch(controlplanetest.Config(t), client.Options{Scheme: testScheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "units-"}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, client: c, namespace: ns.Name}
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(
			c.DeleteAllOf(ctx, &v1alpha1.Application{}, client.InNamespace(ns.Name)),
			c.DeleteAllOf(ctx, &v1alpha1.OrganisationalUnit{}),
			c.Delete(ctx, ns),
		); err != nil {
			t.Error(err)
		}
	})
	return w
}

// must ends the test on an error.
func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// createUnit creates a unit below another, or at the top.
func (w *world) createUnit(name, parent string) {
	w.Helper()
	u := newUnit(name, parent)
	u.Generation = 0
	w.must(w.client.Create(w.Context(), u))
}

// createApplication creates an Application that the units operate, answer for
// and support, in this order. One alone does both of the first.
func (w *world) createApplication(name string, units ...string) {
	w.Helper()
	w.must(w.client.Create(w.Context(), w.application(name, units...)))
}

func (w *world) application(name string, units ...string) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}
	a.Spec.DisplayName.DE = name
	a.Spec.Origin = v1alpha1.OriginExisting
	a.Spec.Lifecycle = v1alpha1.LifecycleOperating
	a.Spec.Protection = &v1alpha1.Protection{Availability: v1alpha1.ProtectionHigh}
	a.Spec.Operation.Provider = v1alpha1.ProviderKDZ
	ref := func(unit string) v1alpha1.UnitReference {
		return v1alpha1.UnitReference{Name: v1alpha1.ObjectName(unit)}
	}
	a.Spec.Operation.UnitRef = new(ref(units[0]))
	a.Spec.Responsible.UnitRef = ref(units[min(1, len(units)-1)])
	if len(units) > 2 {
		a.Spec.Operation.SupportUnitRef = new(ref(units[2]))
	}
	return a
}

// setState writes the status of an Application as its own controller would.
func (w *world) setState(name string, s v1alpha1.OperationalState, message string) {
	w.Helper()
	a := &v1alpha1.Application{}
	a.Name, a.Namespace = name, w.namespace
	before := a.DeepCopy()
	a.Status.OperationalState = s
	a.Status.Centralisation = v1alpha1.VerdictCompliant
	a.Status.Since = new(metav1.Now())
	if message != "" {
		a.Status.Cause = &v1alpha1.Cause{Kind: v1alpha1.CauseEndpoint, Name: "portal", Message: message}
	}
	w.must(w.client.Status().Patch(w.Context(), a, client.MergeFrom(before)))
}

// setParent moves a unit below another, or to the top.
func (w *world) setParent(name, parent string) {
	w.Helper()
	u := w.unit(name)
	before := u.DeepCopy()
	u.Spec.ParentRef = nil
	if parent != "" {
		u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
	}
	w.must(w.client.Patch(w.Context(), u, client.MergeFrom(before)))
}

func (w *world) unit(name string) *v1alpha1.OrganisationalUnit {
	w.Helper()
	u := &v1alpha1.OrganisationalUnit{}
	w.must(w.client.Get(w.Context(), client.ObjectKey{Name: name}, u))
	return u
}

// await returns a unit as soon as it is as wanted; otherwise it ends the test
// and says what was missing.
func (w *world) await(name string, wanted func(*v1alpha1.OrganisationalUnit) string) *v1alpha1.OrganisationalUnit {
	w.Helper()
	var u *v1alpha1.OrganisationalUnit
	missing := ""
	err := wait.PollUntilContextTimeout(w.Context(), 10*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		u = w.unit(name)
		missing = wanted(u)
		return missing == "", nil
	})
	if err != nil {
		w.Fatalf("unit %s: %s; its status is %+v", name, missing, u.Status)
	}
	return u
}

// operator is one run of the controller.
type operator struct {
	world    *world
	recorder *events.FakeRecorder
	registry *prometheus.Registry
	// stop ends the run and returns when it has.
	stop func()

	mu     sync.Mutex
	writes map[string]int
	// refuse makes the writes of a unit fail that many times.
	refuse map[string]int
}

// startOperator runs the controller until the test, or stop, ends it.
func (w *world) startOperator() *operator {
	w.Helper()
	config := controlplanetest.Config(w)
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: testScheme(w), Logger: logr.Discard(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	w.must(err)
	cached, err := client.NewWithWatch(config, client.Options{
		Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), Cache: &client.CacheOptions{Reader: mgr.GetCache()},
	})
	w.must(err)

	o := &operator{
		world: w, recorder: events.NewFakeRecorder(4096), registry: prometheus.NewRegistry(),
		writes: map[string]int{}, refuse: map[string]int{},
	}
	unitMetrics, err := metrics.NewUnits(o.registry)
	w.must(err)
	r := &Reconciler{Common: setup.Common{Recorder: o.recorder}, Metrics: unitMetrics}
	r.Client = interceptor.NewClient(cached, interceptor.Funcs{SubResourcePatch: o.count})
	w.must(r.SetupWithManager(mgr, nil, controller.Options{SkipNameValidation: new(true)}))

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	o.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.Errorf("the manager ended with %v", err)
		}
	})
	w.Cleanup(o.stop)
	return o
}

// count lets a write of a unit's status through and counts it if it succeeds,
// or refuses it.
func (o *operator) count(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
	o.mu.Lock()
	refuse := o.refuse[obj.GetName()] > 0
	if refuse {
		o.refuse[obj.GetName()]--
	}
	o.mu.Unlock()
	if refuse {
		return errors.New("refused by the test")
	}
	if err := c.SubResource(sub).Patch(ctx, obj, p, opts...); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writes[obj.GetName()]++
	return nil
}

// written returns how often the status of units was written; of all units if
// none is named.
func (o *operator) written(units ...string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	if len(units) == 0 {
		for _, each := range o.writes {
			n += each
		}
	}
	for _, unit := range units {
		n += o.writes[unit]
	}
	return n
}

// metric returns the value of a series of a unit, and whether there is one; the
// state may be left empty.
func (o *operator) metric(name, unit, state string) (float64, bool) {
	o.world.Helper()
	families, err := o.registry.Gather()
	o.world.must(err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, series := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range series.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			if labels["unit"] == unit && labels["state"] == state {
				return series.GetGauge().GetValue() + series.GetCounter().GetValue(), true
			}
		}
	}
	return 0, false
}

// awaitThat waits until something holds.
func (w *world) awaitThat(what string, holds func() bool) {
	w.Helper()
	err := wait.PollUntilContextTimeout(w.Context(), 10*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		return holds(), nil
	})
	if err != nil {
		w.Fatalf("did not come to be: %s", what)
	}
}
