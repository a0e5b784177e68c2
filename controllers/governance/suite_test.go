// SPDX-License-Identifier: Apache-2.0

package governance_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		return errors.Join(
			controlplane.InstallCRDs(ctx, cp.Config, "../../config/crd/bases"),
			restrain(ctx, cp.Config),
		)
	}))
}

// operatorUser is who the operators of the tests are.
const operatorUser = "the-operator"

// operatorNamespace is where they keep their ledger, as config/ names it.
const operatorNamespace = "system"

// restrain gives the operator the rights of its role, and has nobody without the
// operator's right write a status.
func restrain(ctx context.Context, cfg *rest.Config) error {
	c, err := client.New(cfg, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return err
	}
	for _, file := range []string{"manager/namespace.yaml", "rbac/role.yaml", "rbac/leader_ledger_role.yaml", "admission/status.yaml"} {
		content, err := os.ReadFile("../../config/" + file)
		if err != nil {
			return err
		}
		for document := range strings.SplitSeq(string(content), "\n---\n") {
			o := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
				return err
			}
			if err := c.Create(ctx, o); err != nil {
				return err
			}
		}
	}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: operatorUser}}
	return errors.Join(c.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "operator"}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "operator"},
	}), c.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: operatorNamespace, Name: "ledger"}, Subjects: subjects,
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "ledger"},
	}))
}

// patience bounds how long a condition is awaited.
const patience = 60 * time.Second

// shifted is a clock that runs, from a moment that the test chooses, or stands
// still there.
type shifted struct {
	clock.RealClock
	mu     sync.Mutex
	offset time.Duration
	still  time.Time
}

func (c *shifted) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still.IsZero() {
		return c.still
	}
	return c.RealClock.Now().Add(c.offset)
}

func (c *shifted) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// set lets the clock run from a moment on.
func (c *shifted) set(from time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.still = from.Sub(c.RealClock.Now()), time.Time{}
}

// hold lets the clock stand still at a moment. What waits for a later one goes
// on to look, and finds that it has not come.
func (c *shifted) hold(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still = at
}

// world is a namespace of a test, and an operator that runs in it. What has no
// namespace is left as it was found.
type world struct {
	*testing.T
	client    client.Client
	namespace string
	unit      string
	clock     *shifted
	// registry of the operator that runs.
	registry *prometheus.Registry
	// writes of status that the operators of the test made.
	writes atomic.Int64
	kill   func()
}

// newWorld makes a namespace that belongs to a unit. No operator runs yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	name := "t-" + rand.String(8)
	w := &world{T: t, client: c, namespace: name, unit: name, clock: &shifted{}, kill: func() {}}
	w.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelUnit: name}}})
	w.createUnit(name, v1alpha1.UnitOffice, "")
	t.Cleanup(func() {
		w.kill()
		ctx := context.Background()
		if err := errors.Join(
			c.DeleteAllOf(ctx, &v1alpha1.Application{}, client.InNamespace(name)),
			c.DeleteAllOf(ctx, &v1alpha1.Exemption{}, client.InNamespace(name)),
			c.DeleteAllOf(ctx, &v1alpha1.OrganisationalUnit{}),
			c.DeleteAllOf(ctx, &v1alpha1.GovernancePolicy{}),
			c.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}),
		); err != nil {
			t.Error(err)
		}
	})
	return w
}

// start starts an operator, whole, that has seen nothing yet.
func (w *world) start() {
	w.Helper()
	cfg, err := controlplanetest.Shared(w).AddUser(operatorUser)
	if err != nil {
		w.Fatal(err)
	}
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPatch && strings.HasSuffix(req.URL.Path, "/status") {
				w.writes.Add(1)
			}
			return next.RoundTrip(req)
		})
	})
	skip := true
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		Scheme: controllers.Scheme(), Cache: controllers.CacheOptions(), Logger: logr.Discard(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
		Controller: config.Controller{SkipNameValidation: &skip},
	})
	if err != nil {
		w.Fatal(err)
	}
	w.registry = prometheus.NewRegistry()
	ctx, cancel := context.WithCancel(context.Background())
	err = controllers.Add(ctx, mgr, controllers.Options{Namespace: operatorNamespace, Concurrency: 4, Clock: w.clock, Registerer: w.registry})
	if err != nil {
		cancel()
		w.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- mgr.Start(ctx) }()
	w.kill = func() {
		cancel()
		if err := <-stopped; err != nil {
			w.Error("the manager ended with", err)
		}
		w.kill = func() {}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (w *world) create(o client.Object) {
	w.Helper()
	if err := w.client.Create(w.Context(), o); err != nil {
		w.Fatalf("create %T %s: %v", o, o.GetName(), err)
	}
}

func (w *world) remove(o client.Object) {
	w.Helper()
	if err := w.client.Delete(w.Context(), o); err != nil {
		w.Fatalf("delete %T %s: %v", o, o.GetName(), err)
	}
}

// change changes an object as a user would.
func change[T client.Object](w *world, o T, mutate func(T)) {
	w.Helper()
	if err := w.client.Get(w.Context(), client.ObjectKeyFromObject(o), o); err != nil {
		w.Fatal(err)
	}
	before := o.DeepCopyObject().(client.Object)
	mutate(o)
	if err := w.client.Patch(w.Context(), o, client.MergeFrom(before)); err != nil {
		w.Fatalf("change %T %s: %v", o, o.GetName(), err)
	}
}

// await waits until an object is as the test wants it. What keeps it from that
// is told by want, which returns "" when all is well.
func await[T client.Object](w *world, o T, want func(T) string) T {
	w.Helper()
	last := "never read"
	err := wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if err := w.client.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			last = err.Error()
			return false, client.IgnoreNotFound(err)
		}
		last = want(o)
		return last == "", nil
	})
	if err != nil {
		w.Fatalf("%T %s: %s\n%+v", o, o.GetName(), last, o)
	}
	return o
}

// awaitEvent waits for an Event.
func (w *world) awaitEvent(kind, reason, about string) {
	w.Helper()
	var list eventsv1.EventList
	err := wait.PollUntilContextTimeout(w.Context(), 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		if err := w.client.List(ctx, &list); err != nil {
			return false, err
		}
		for i := range list.Items {
			if e := &list.Items[i]; e.Type == kind && e.Reason == reason && e.Regarding.Name == about {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		w.Fatalf("no %s event %s about %s: %v", kind, reason, about, err)
	}
}

// gauge returns the value of a series with these labels, and whether there is
// one.
func (w *world) gauge(name string, labels map[string]string) (float64, bool) {
	w.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, series := range family.GetMetric() {
			same := len(series.GetLabel()) == len(labels)
			for _, pair := range series.GetLabel() {
				same = same && labels[pair.GetName()] == pair.GetValue()
			}
			if same {
				return series.GetGauge().GetValue(), true
			}
		}
	}
	return 0, false
}

// looked awaits that the operator that runs now has compiled the policy, and
// looked once at the Exemptions and Applications of these names.
func (w *world) looked(exemptions, applications []string) {
	w.Helper()
	err := wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		_, all := w.gauge("kdz_centralisation_policy_compiled_timestamp_seconds", nil)
		for _, name := range exemptions {
			_, told := w.gauge("kdz_centralisation_exemption_expiry_timestamp_seconds", map[string]string{"namespace": w.namespace, "exemption": name})
			all = all && told
		}
		for _, name := range applications {
			_, told := w.gauge("kdz_application_state", map[string]string{"namespace": w.namespace, "application": name, "state": "Unknown"})
			all = all && told
		}
		return all, nil
	})
	if err != nil {
		w.Fatal("the operator did not look at everything:", err)
	}
}
