// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/audit"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/tell/audit/audittest"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../../config/crd/bases", func(ctx context.Context, cp *controlplane.ControlPlane) error {
		crds, err := audittest.CRDs(ctx)
		if err != nil {
			return err
		}
		if err := controlplane.InstallCRDs(ctx, cp.Config, crds); err != nil {
			return err
		}
		return grant(ctx, cp.Config)
	}))
}

// user that the operator runs as: it may do what the operator's own role
// grants, and nothing else.
const user = "kdz-operator-of-the-tests"

// grant binds the operator's role to the user.
func grant(ctx context.Context, c *rest.Config) error {
	admin, err := client.New(c, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return err
	}
	return bind(ctx, admin, user, func(*rbacv1.PolicyRule) bool { return true })
}

// bind binds those rules of the operator's role to a user that are to be kept.
func bind(ctx context.Context, admin client.Client, name string, keep func(*rbacv1.PolicyRule) bool) error {
	content, err := os.ReadFile("../../config/rbac/role.yaml")
	if err != nil {
		return err
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(content, role); err != nil {
		return err
	}
	role.Name = name
	role.Rules = slices.DeleteFunc(role.Rules, func(r rbacv1.PolicyRule) bool { return !keep(&r) })
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
	}
	return errors.Join(admin.Create(ctx, role), admin.Create(ctx, binding))
}

// labelManagedBy is on every report of ours.
const labelManagedBy = "app.kubernetes.io/managed-by"

// now is a Sunday in winter.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a namespace of a unit, a policy, and an operator that audits.
type world struct {
	*controllertest.World
	clock *clocktesting.FakeClock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{clock: clocktesting.NewFakeClock(now), World: controllertest.NewWorld(t, "audit-",
		&v1alpha1.GovernancePolicy{}, &v1alpha1.ServiceLevel{}, &v1alpha1.OrganisationalUnit{})}
	w.SetUnit(w.Namespace, "amt-33")
	w.setPolicy(&v1alpha1.GovernancePolicy{
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName},
		Spec: v1alpha1.GovernancePolicySpec{
			Centralisation: v1alpha1.CentralisationPolicy{ProviderUnitRef: v1alpha1.UnitReference{Name: "kdz-16"}},
			Projects:       &v1alpha1.ProjectPolicy{LeadUnitRef: &v1alpha1.UnitReference{Name: "amt-10"}},
		},
	})
	return w
}

// newNamespace makes a namespace that goes with the test.
func (w *world) newNamespace(labels map[string]string) string {
	w.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "audit-", Labels: labels}}
	w.Create(ns)
	w.Cleanup(func() { _ = w.Client.Delete(context.Background(), ns) })
	return ns.Name
}

// setPolicy creates a policy as its controller would compile it.
func (w *world) setPolicy(p *v1alpha1.GovernancePolicy) {
	w.Helper()
	w.Create(p)
	before := p.DeepCopy()
	p.Status.CompiledAt = &metav1.Time{Time: now}
	p.Status.ProviderUnits = []v1alpha1.ObjectName{"kdz-16"}
	p.Status.UnitTreatments = map[string]v1alpha1.Treatment{"schulen": v1alpha1.TreatmentExempt}
	w.Must(w.Client.Status().Patch(w.Context(), p, client.MergeFrom(before)))
}

// changePolicy changes the policy as a user would.
func (w *world) changePolicy(change func(*v1alpha1.GovernancePolicy)) {
	w.Helper()
	controllertest.Alter(w.World, &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}, change)
}

// application is one that is provided by the KDZ under a decided level.
func (w *world) application(name string) *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name},
		Spec: v1alpha1.ApplicationSpec{
			DisplayName: v1alpha1.LocalisedText{DE: name},
			Origin:      v1alpha1.OriginExisting,
			Lifecycle:   v1alpha1.LifecyclePlanned,
			Responsible: v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: "amt-33"}},
			Operation:   v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: &v1alpha1.UnitReference{Name: "kdz-16"}},
		},
	}
}

// createAll creates many objects at once.
func (w *world) createAll(objects []client.Object) {
	w.Helper()
	const writers = 8
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			for i := writer; i < len(objects); i += writers {
				if err := w.Client.Create(w.Context(), objects[i]); err != nil {
					w.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// operator is one run of the controller.
type operator struct {
	registry *prometheus.Registry
	// stop ends the run and returns when it has.
	stop func()

	mu     sync.Mutex
	writes map[string]int
	said   []string
}

// start runs the controller until the test, or stop, ends it.
func (w *world) start() *operator {
	w.Helper()
	return w.startAs(user)
}

// startAs runs the controller with the rights of a user.
func (w *world) startAs(user string) *operator {
	w.Helper()
	o := &operator{registry: prometheus.NewRegistry(), writes: map[string]int{}}
	config, err := controlplanetest.Shared(w).AddUser(user)
	w.Must(err)
	options := ctrl.Options{
		Cache:  controllers.CacheOptions(),
		Logger: funcr.New(func(_, line string) { o.log(line) }, funcr.Options{}),
	}
	o.stop = controllertest.Start(w, config, options, func(ctx context.Context, mgr ctrl.Manager) error {
		counted, err := controllertest.Intercept(mgr, o.counting())
		if err != nil {
			return err
		}
		findings, err := metrics.NewFindings(o.registry)
		if err != nil {
			return err
		}
		r := &audit.Reconciler{Client: counted, Metrics: findings, Clock: w.clock}
		return r.SetupWithManager(ctx, mgr, nil, controller.Options{})
	})
	return o
}

func (o *operator) log(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = append(o.said, line)
}

// says counts lines of the log that hold a text.
func (o *operator) says(text string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, line := range o.said {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// counting counts the writes of reports.
func (o *operator) counting() interceptor.Funcs {
	return interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.CreateOption) error {
			o.count(obj)
			return c.Create(ctx, obj, opts...)
		},
		Update: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.UpdateOption) error {
			o.count(obj)
			return c.Update(ctx, obj, opts...)
		},
		Delete: func(ctx context.Context, c client.WithWatch, obj client.Object, opts ...client.DeleteOption) error {
			o.count(obj)
			return c.Delete(ctx, obj, opts...)
		},
	}
}

func (o *operator) count(obj client.Object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writes[obj.GetNamespace()]++
}

// written is how often reports of a namespace were written or deleted.
func (o *operator) written(namespace string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writes[namespace]
}

// metric sums the findings of a policy and rule.
func (o *operator) metric(t *testing.T, policy, rule string) float64 {
	t.Helper()
	sum, _ := controllertest.Metric(t, o.registry, "kdz_audit_findings", "policy", policy, "rule", rule)
	return sum
}

// await waits until something holds, while the clock goes on by a second at a
// time. What keeps it from that is told by missing, which returns "" when all
// is well.
func (w *world) await(missing func() string) {
	w.Helper()
	controllertest.Await(w, func() string {
		w.clock.Step(time.Second)
		return missing()
	})
}

// reports of a namespace.
func (w *world) reports(namespace string) []openreports.Report {
	w.Helper()
	var list openreports.ReportList
	w.Must(w.Client.List(w.Context(), &list, client.InNamespace(namespace), client.MatchingLabels{labelManagedBy: "kdz-operator"}))
	return list.Items
}

// short is a result as "Kind/name rule result severity".
func short(r *openreports.ReportResult) string {
	return fmt.Sprintf("%s/%s %s %s %s", r.Subjects[0].Kind, r.Subjects[0].Name, r.Rule, r.Result, r.Severity)
}

// told is what the reports of a namespace say, sorted.
func (w *world) told(namespace string) []string {
	w.Helper()
	var all []string
	for _, r := range w.reports(namespace) {
		for i := range r.Results {
			all = append(all, short(&r.Results[i]))
		}
	}
	slices.Sort(all)
	return all
}

// awaitTold waits until the reports of the world's namespace say exactly that.
func (w *world) awaitTold(want ...string) {
	w.Helper()
	slices.Sort(want)
	w.await(func() string {
		if got := w.told(w.Namespace); !slices.Equal(got, want) {
			return fmt.Sprintf("told is\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		return ""
	})
}
