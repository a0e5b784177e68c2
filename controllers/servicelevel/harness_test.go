// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
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
const patience = 60 * time.Second

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

// newWorld returns a world without agreements, and leaves none behind.
func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := client.NewWithWatch(controlplanetest.Config(t), client.Options{Scheme: testScheme(t)})
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "levels-"}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, client: c, namespace: ns.Name}
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(
			c.DeleteAllOf(ctx, &v1alpha1.Application{}, client.InNamespace(ns.Name)),
			c.DeleteAllOf(ctx, &v1alpha1.AvailabilityRecord{}, client.InNamespace(ns.Name)),
			c.DeleteAllOf(ctx, &v1alpha1.ServiceLevel{}),
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

// agreement is one of 99.5 per cent a month that a body approved.
func agreement(name string, change ...func(*v1alpha1.ServiceLevel)) *v1alpha1.ServiceLevel {
	l := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: name}}
	l.Spec = v1alpha1.ServiceLevelSpec{
		DisplayName: v1alpha1.LocalisedText{EN: name},
		Availability: v1alpha1.AvailabilityObjective{
			Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}, MinimumCoverage: "95",
		},
		Decision: &v1alpha1.Decision{
			Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved,
			DecidedOn: "2026-03-12", Reference: "SR-2026-03", DecidedBy: "steering-round@example.org",
		},
	}
	for _, c := range change {
		c(l)
	}
	return l
}

// create creates objects.
func (w *world) create(objects ...client.Object) {
	w.Helper()
	for _, o := range objects {
		w.must(w.client.Create(w.Context(), o))
	}
}

// application is one that operates under an agreement.
func (w *world) application(name, level string, change ...func(*v1alpha1.Application)) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}
	a.Spec = v1alpha1.ApplicationSpec{
		DisplayName:     v1alpha1.LocalisedText{EN: name},
		Origin:          v1alpha1.OriginExisting,
		Lifecycle:       v1alpha1.LifecycleOperating,
		Responsible:     v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: "amt-33"}},
		Operation:       v1alpha1.Operation{Provider: v1alpha1.ProviderUndetermined},
		ServiceLevelRef: &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level)},
	}
	for _, c := range change {
		c(a)
	}
	return a
}

// noon is when the accounts of the tests were written.
var noon = metav1.NewTime(time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC))

// record is the account of an Application of 3942 seconds of budget, as the
// controller of Applications writes it.
func (w *world) record(name, level string, result v1alpha1.ServiceLevelResult, left int64, availability v1alpha1.Percentage) *v1alpha1.AvailabilityRecord {
	r := &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.namespace}}
	begin := metav1.NewTime(noon.Add(-15 * 24 * time.Hour))
	r.Current = &v1alpha1.CurrentAccount{
		Period: "2026-11", StartAt: begin, State: v1alpha1.IndicatorUp, Since: begin,
		Segments:     []v1alpha1.AccountSegment{{From: begin, ServiceLevel: v1alpha1.ObjectName(level), Generation: 1, Agreed: 788400, Budget: 3942}},
		Accumulators: v1alpha1.Accumulators{AsOf: noon, Agreed: 388400},
		Availability: availability, Budget: 3942, BudgetLeft: left, Result: result,
	}
	return r
}

// alter changes an object as its writer would.
func alter[T client.Object](w *world, o T, change func(T)) {
	w.Helper()
	w.must(w.client.Get(w.Context(), client.ObjectKeyFromObject(o), o))
	before := o.DeepCopyObject().(client.Object)
	change(o)
	w.must(w.client.Patch(w.Context(), o, client.MergeFrom(before)))
}

func (w *world) level(name string) *v1alpha1.ServiceLevel {
	w.Helper()
	l := &v1alpha1.ServiceLevel{}
	w.must(w.client.Get(w.Context(), client.ObjectKey{Name: name}, l))
	return l
}

// await returns an agreement as soon as it is as wanted; otherwise it ends the
// test and says what was missing.
func (w *world) await(name string, wanted func(*v1alpha1.ServiceLevel) string) *v1alpha1.ServiceLevel {
	w.Helper()
	var l *v1alpha1.ServiceLevel
	missing := ""
	err := wait.PollUntilContextTimeout(w.Context(), 10*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		l = w.level(name)
		missing = wanted(l)
		return missing == "", nil
	})
	if err != nil {
		w.Fatalf("agreement %s: %s; its status is %+v", name, missing, l.Status)
	}
	return l
}

// is says what keeps a condition from having a status and a reason.
func is(l *v1alpha1.ServiceLevel, conditionType string, status metav1.ConditionStatus, reason string) string {
	c := meta.FindStatusCondition(l.Status.Conditions, conditionType)
	if c == nil || c.Status != status || c.Reason != reason {
		return "condition " + conditionType + " is not " + string(status) + " " + reason
	}
	return ""
}

// operator is one run of the controller.
type operator struct {
	world    *world
	recorder *events.FakeRecorder
	registry *prometheus.Registry
	// writes of the status of agreements.
	writes atomic.Int64
	// stop ends the run and returns when it has.
	stop func()
}

// start runs the controller until the test, or stop, ends it.
func (w *world) start() *operator {
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

	o := &operator{world: w, recorder: events.NewFakeRecorder(4096), registry: prometheus.NewRegistry()}
	levelMetrics, err := metrics.NewServiceLevels(o.registry)
	w.must(err)
	r := &Reconciler{Common: setup.Common{Recorder: o.recorder}, Metrics: levelMetrics}
	r.Client = interceptor.NewClient(cached, interceptor.Funcs{
		SubResourcePatch: func(ctx context.Context, c client.Client, sub string, obj client.Object, p client.Patch, opts ...client.SubResourcePatchOption) error {
			// Counted before it can be seen.
			o.writes.Add(1)
			err := c.SubResource(sub).Patch(ctx, obj, p, opts...)
			if err != nil {
				o.writes.Add(-1)
			}
			return err
		},
	})
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

// gauge returns the value of a series of an agreement, and whether there is one;
// the result may be left empty.
func (o *operator) gauge(name, level, result string) (float64, bool) {
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
			if labels["servicelevel"] == level && labels["result"] == result {
				return series.GetGauge().GetValue(), true
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

// looked waits until this run has looked at an agreement.
func (o *operator) looked(level string) {
	o.world.Helper()
	o.world.awaitThat("agreement "+level+" was looked at", func() bool {
		_, told := o.gauge("kdz_servicelevel_objective_ratio", level, "")
		return told
	})
}
