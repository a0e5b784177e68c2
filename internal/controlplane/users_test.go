// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"path/filepath"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func client(t *testing.T, c *rest.Config) kubernetes.Interface {
	t.Helper()
	k, err := kubernetes.NewForConfig(c)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// namespace makes a namespace for one test.
func namespace(t *testing.T, admin kubernetes.Interface) string {
	t.Helper()
	ns, err := admin.CoreV1().Namespaces().Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ns.Name
}

// allowConfigMaps lets a subject list the ConfigMaps of a namespace.
func allowConfigMaps(t *testing.T, admin kubernetes.Interface, ns string, subject rbacv1.Subject) {
	t.Helper()
	role := &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{Verbs: []string{"list"}, APIGroups: []string{""}, Resources: []string{"configmaps"}}},
	}
	if _, err := admin.RbacV1().Roles(ns).Create(t.Context(), role, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Subjects:   []rbacv1.Subject{subject},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
	}
	if _, err := admin.RbacV1().RoleBindings(ns).Create(t.Context(), binding, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// wantOnlyConfigMaps tells whether c may list the ConfigMaps of a namespace,
// which the API server may need a moment to learn, and not the Secrets.
func wantOnlyConfigMaps(t *testing.T, c kubernetes.Interface, ns string) {
	t.Helper()
	await(t, "ConfigMaps may be listed", func() bool {
		_, err := c.CoreV1().ConfigMaps(ns).List(t.Context(), metav1.ListOptions{})
		if err != nil && !apierrors.IsForbidden(err) {
			t.Fatal(err)
		}
		return err == nil
	})
	if _, err := c.CoreV1().Secrets(ns).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("list Secrets: %v, want Forbidden", err)
	}
}

func TestAddUser(t *testing.T) {
	cp := controlplanetest.Shared(t)
	admin := client(t, cp.Config)
	ns := namespace(t, admin)
	config, err := cp.AddUser("erika", "gutenberg", "rlp")
	if err != nil {
		t.Fatal(err)
	}
	user := client(t, config)
	review, err := user.AuthenticationV1().SelfSubjectReviews().Create(t.Context(), &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	is := review.Status.UserInfo
	if is.Username != "erika" {
		t.Errorf("the user is %s, want erika", is.Username)
	}
	if got, want := sets.New(is.Groups...), sets.New("gutenberg", "rlp", "system:authenticated"); !got.Equal(want) {
		t.Errorf("her groups are %q, want %q", sets.List(got), sets.List(want))
	}
	if _, err := user.CoreV1().ConfigMaps(ns).List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("without a grant: %v, want Forbidden", err)
	}
	allowConfigMaps(t, admin, ns, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "gutenberg"})
	wantOnlyConfigMaps(t, user, ns)

	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(config, file); err != nil {
		t.Fatal(err)
	}
	read, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		t.Fatal(err)
	}
	wantOnlyConfigMaps(t, client(t, read), ns)
	if _, err := cp.AddUser(""); err == nil {
		t.Error("a user without a name was made")
	}
}

func TestNobodyWithoutACertificate(t *testing.T) {
	cp := controlplanetest.Shared(t)
	anonymous := client(t, rest.AnonymousClientConfig(cp.Config))
	if _, err := anonymous.CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("anonymous: %v, want Forbidden", err)
	}
	forged := rest.AnonymousClientConfig(cp.Config)
	forged.BearerToken = "forged"
	if _, err := client(t, forged).CoreV1().Namespaces().List(t.Context(), metav1.ListOptions{}); !apierrors.IsUnauthorized(err) {
		t.Errorf("forged token: %v, want Unauthorized", err)
	}
}

func TestServiceAccountConfig(t *testing.T) {
	cp := controlplanetest.Shared(t)
	admin := client(t, cp.Config)
	ns := namespace(t, admin)
	if _, err := cp.ServiceAccountConfig(t.Context(), ns, "operator"); !apierrors.IsNotFound(err) {
		t.Errorf("an account that does not exist: %v, want NotFound", err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "operator"}}
	if _, err := admin.CoreV1().ServiceAccounts(ns).Create(t.Context(), account, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	config, err := cp.ServiceAccountConfig(t.Context(), ns, "operator")
	if err != nil {
		t.Fatal(err)
	}
	allowConfigMaps(t, admin, ns, rbacv1.Subject{Kind: "ServiceAccount", Namespace: ns, Name: "operator"})
	wantOnlyConfigMaps(t, client(t, config), ns)

	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(config, file); err != nil {
		t.Fatal(err)
	}
	whoami := cp.Kubectl(t.Context(), "--kubeconfig", file, "auth", "whoami", "--output=jsonpath={.status.userInfo.username}")
	if out, err := whoami.CombinedOutput(); err != nil || string(out) != "system:serviceaccount:"+ns+":operator" {
		t.Errorf("kubectl auth whoami = %q, %v", out, err)
	}
}

// TestControllers tells whether the controllers work that plain envtest lacks.
func TestControllers(t *testing.T) {
	admin := client(t, controlplanetest.Shared(t).Config)
	t.Run("namespaces really go", func(t *testing.T) {
		t.Parallel()
		ns := namespace(t, admin)
		cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "content"}}
		if _, err := admin.CoreV1().ConfigMaps(ns).Create(t.Context(), cm, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := admin.CoreV1().Namespaces().Delete(t.Context(), ns, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		await(t, "the namespace is gone", func() bool {
			_, err := admin.CoreV1().Namespaces().Get(t.Context(), ns, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
	})
	t.Run("what has no owner left is collected", func(t *testing.T) {
		t.Parallel()
		configMaps := admin.CoreV1().ConfigMaps(namespace(t, admin))
		owner, err := configMaps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owner"}}, metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		owned := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "owned", OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID},
		}}}
		if _, err := configMaps.Create(t.Context(), owned, metav1.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := configMaps.Delete(t.Context(), owner.Name, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		await(t, "the owned one is gone", func() bool {
			_, err := configMaps.Get(t.Context(), owned.Name, metav1.GetOptions{})
			return apierrors.IsNotFound(err)
		})
	})
	t.Run("policies are type-checked", func(t *testing.T) {
		t.Parallel()
		policy, err := admin.AdmissionregistrationV1().ValidatingAdmissionPolicies().Create(t.Context(), mistypedPolicy(), metav1.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
		await(t, "a warning in the policy's status", func() bool {
			p, err := admin.AdmissionregistrationV1().ValidatingAdmissionPolicies().Get(t.Context(), policy.Name, metav1.GetOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return p.Status.TypeChecking != nil && len(p.Status.TypeChecking.ExpressionWarnings) == 1
		})
	})
}

// mistypedPolicy compares a number with a string.
func mistypedPolicy() *admissionregistrationv1.ValidatingAdmissionPolicy {
	return &admissionregistrationv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "mistyped-"},
		Spec: admissionregistrationv1.ValidatingAdmissionPolicySpec{
			MatchConstraints: &admissionregistrationv1.MatchResources{
				ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
					RuleWithOperations: admissionregistrationv1.RuleWithOperations{
						Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
						Rule:       admissionregistrationv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments"}},
					},
				}},
			},
			Validations: []admissionregistrationv1.Validation{{Expression: `object.spec.replicas == "three"`}},
		},
	}
}
