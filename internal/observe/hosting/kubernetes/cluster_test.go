// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

func TestMain(m *testing.M) {
	os.Exit(controlplanetest.Run(m, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff}))
}

// operatorRole binds the role that the operator is installed with to a user.
func operatorRole(t *testing.T, admin kubernetes.Interface, user string) {
	t.Helper()
	text, err := os.ReadFile("../../../../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	role := &rbacv1.ClusterRole{}
	if err := yaml.UnmarshalStrict(text, role); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}
	if _, err := admin.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(
			admin.RbacV1().ClusterRoleBindings().Delete(ctx, role.Name, metav1.DeleteOptions{}),
			admin.RbacV1().ClusterRoles().Delete(ctx, role.Name, metav1.DeleteOptions{}),
		); err != nil {
			t.Error(err)
		}
	})
}

// startWatcher watches as a user until the test ends.
func startWatcher(t *testing.T, config *rest.Config) *cluster.Watcher {
	t.Helper()
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfigAndClient(config, h)
	if err != nil {
		t.Fatal(err)
	}
	mapper, err := apiutil.NewDynamicRESTMapper(config, h) // the manager's
	if err != nil {
		t.Fatal(err)
	}
	w := cluster.New(cluster.Options{Client: client, Mapper: mapper})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return w
}

// With the rights that the operator is installed with, workloads of Kubernetes'
// own kinds can be seen, and of others it is said what is missing.
func TestWorkloadsOfACluster(t *testing.T) {
	const user = "kdz:operator-that-looks-at-workloads"
	admin := kubernetes.NewForConfigOrDie(controlplanetest.Config(t))
	operatorRole(t, admin, user)
	config, err := controlplanetest.Shared(t).AddUser(user)
	if err != nil {
		t.Fatal(err)
	}
	ns, err := admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "hosting-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"app": "civento"}
	deployments := admin.AppsV1().Deployments(ns.Name)
	d, err := deployments.Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web", Labels: labels},
		Spec: appsv1.DeploymentSpec{Replicas: new(int32(2)), Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.example/x"}}},
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}

	w := startWatcher(t, config)
	source := NewSource(w)
	named, err := source.Systems(ns.Name, &v1alpha1.KubernetesHosting{Workloads: []v1alpha1.WorkloadReference{
		reference("apps/v1", "Deployment", "web"), reference("batch/v1", "Job", "import"), reference("v1", "Namespace", ns.Name),
		reference("example.org/v1", "Engine", "web"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	selected, err := source.Systems(ns.Name, &v1alpha1.KubernetesHosting{Selector: &metav1.LabelSelector{MatchLabels: labels}})
	if err != nil {
		t.Fatal(err)
	}
	systems := append(named, selected...)
	var queries []cluster.Query
	for _, s := range systems {
		queries = append(queries, s.Queries...)
	}
	w.Ensure(types.NamespacedName{Namespace: ns.Name, Name: "civento"}, queries)

	await := func(of System, reason string, outcome observe.Outcome) {
		t.Helper()
		var r observe.Result
		if err := wait.PollUntilContextTimeout(t.Context(), 20*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
			r = Read(of.Probe.Run(ctx))
			return r.Reason == reason && r.Outcome == outcome, nil
		}); err != nil {
			t.Fatalf("%s: %+v, want reason %q", of.Name, r, reason)
		}
	}
	web, rest, all := named[0], named[1:], selected[0]
	await(web, v1alpha1.ReasonWorkloadFailed, observe.OutcomeFailure)
	await(rest[0], v1alpha1.ReasonForbidden, observe.OutcomeInconclusive)
	await(rest[1], v1alpha1.ReasonInvalidSpec, observe.OutcomeInconclusive)
	await(rest[2], v1alpha1.ReasonNotInstalled, observe.OutcomeInconclusive)
	await(all, v1alpha1.ReasonWorkloadFailed, observe.OutcomeFailure)

	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 2, UpdatedReplicas: 2, ReadyReplicas: 1, AvailableReplicas: 1}
	if d, err = deployments.UpdateStatus(t.Context(), d, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(web, v1alpha1.ReasonWorkloadProgressing, observe.OutcomeSuccess)
	d.Status.ReadyReplicas, d.Status.AvailableReplicas = 2, 2
	if _, err = deployments.UpdateStatus(t.Context(), d, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(web, "", observe.OutcomeSuccess)
	await(all, "", observe.OutcomeSuccess)
	if err := deployments.Delete(t.Context(), "web", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	await(web, v1alpha1.ReasonWorkloadMissing, observe.OutcomeFailure)
	await(all, v1alpha1.ReasonFactMissing, observe.OutcomeInconclusive)
}
