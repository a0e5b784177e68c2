// SPDX-License-Identifier: Apache-2.0

package governance_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../../config/crd/bases", restrain))
}

// operatorUser is who the operators of the tests are.
const operatorUser = "the-operator"

// operatorNamespace is where they keep their ledger, as config/ names it.
const operatorNamespace = "system"

// restrain gives the operator the rights of its role, and has nobody without the
// operator's right write a status.
func restrain(ctx context.Context, cp *controlplane.ControlPlane) error {
	c, err := client.New(cp.Config, client.Options{Scheme: controllers.Scheme()})
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

// world is a namespace of a test, and an operator that runs in it. What has no
// namespace is left as it was found.
type world struct {
	*controllertest.World
	unit  string
	clock *controllertest.ShiftedClock
	// registry of the operator that runs.
	registry *prometheus.Registry
	// writes of status that the operators of the test made.
	writes atomic.Int64
	kill   func()
}

// newWorld makes a namespace that belongs to a unit. No operator runs yet.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: &controllertest.ShiftedClock{}, World: controllertest.NewWorld(t, "t-",
		&v1alpha1.Application{}, &v1alpha1.Exemption{}, &v1alpha1.OrganisationalUnit{}, &v1alpha1.GovernancePolicy{})}
	w.unit = w.Namespace
	w.SetUnit(w.Namespace, w.unit)
	w.createUnit(w.unit, v1alpha1.UnitOffice, "")
	return w
}

// start starts an operator, whole, that has seen nothing yet.
func (w *world) start() {
	w.Helper()
	cfg, err := controlplanetest.Shared(w).AddUser(operatorUser)
	w.Must(err)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			if req.Method == http.MethodPatch && strings.HasSuffix(req.URL.Path, "/status") {
				w.writes.Add(1)
			}
			return next.RoundTrip(req)
		})
	})
	w.registry = prometheus.NewRegistry()
	options := controllers.Options{Namespace: operatorNamespace, Concurrency: 4, Clock: w.clock, Registerer: w.registry}
	w.kill = controllertest.Start(w, cfg, ctrl.Options{Cache: controllers.CacheOptions()}, func(ctx context.Context, mgr ctrl.Manager) error {
		return controllers.Add(ctx, mgr, options)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (w *world) remove(o client.Object) {
	w.Helper()
	w.Must(w.Client.Delete(w.Context(), o))
}

// metric is of the operator that runs.
func (w *world) metric(name string, labels ...string) (float64, bool) {
	w.Helper()
	return controllertest.Metric(w, w.registry, name, labels...)
}

// looked awaits that the operator that runs now has compiled the policy, and
// looked once at the Exemptions and Applications of these names.
func (w *world) looked(exemptions, applications []string) {
	w.Helper()
	controllertest.AwaitThat(w, "the operator looked at everything", func() bool {
		_, all := w.metric("kdz_centralisation_policy_compiled_timestamp_seconds")
		for _, name := range exemptions {
			_, told := w.metric("kdz_centralisation_exemption_expiry_timestamp_seconds", "namespace", w.Namespace, "exemption", name)
			all = all && told
		}
		for _, name := range applications {
			_, told := w.metric("kdz_application_state", "namespace", w.Namespace, "application", name, "state", "Unknown")
			all = all && told
		}
		return all
	})
}
