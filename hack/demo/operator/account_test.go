// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/tools/clientcmd"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	install := func(ctx context.Context, cp *controlplane.ControlPlane) error {
		return controlplane.InstallCRDs(ctx, cp.Config, "../../../config/crd/bases")
	}
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, install))
}

func newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}

// The account can do what the operator needs, and nothing that it does not.
func TestAccountHasTheRightsOfAnInstallation(t *testing.T) {
	cp := controlplanetest.Shared(t)
	admin, err := client.New(cp.Config, client.Options{Scheme: newScheme()})
	if err != nil {
		t.Fatal(err)
	}
	root, err := Root(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	account, err := Install(t.Context(), admin, cp.KubectlPath(), root)
	if err != nil {
		t.Fatal(err)
	}
	if got := account.String(); got != "kdz-system/kdz-operator" {
		t.Errorf("account %s", got)
	}
	credentials, err := NewCredentials(t.Context(), cp.Config, account, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", credentials.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	operator, err := client.New(config, client.Options{Scheme: newScheme()})
	if err != nil {
		t.Fatal(err)
	}
	if err := operator.List(t.Context(), &v1alpha1.ApplicationList{}); err != nil {
		t.Errorf("list Applications: %v", err)
	}
	unit := &v1alpha1.OrganisationalUnit{}
	unit.Name, unit.Spec.Number, unit.Spec.Type, unit.Spec.DisplayName.DE = "a", "1", v1alpha1.UnitOffice, "Amt 1"
	secret := &corev1.Secret{}
	secret.Namespace, secret.Name = "default", "a"
	for what, err := range map[string]error{
		"create a unit":    operator.Create(t.Context(), unit),
		"create a Secret":  operator.Create(t.Context(), secret),
		"list ConfigMaps":  operator.List(t.Context(), &corev1.ConfigMapList{}),
		"delete Projects":  operator.DeleteAllOf(t.Context(), &v1alpha1.Project{}, client.InNamespace("default")),
		"list ServiceAcc.": operator.List(t.Context(), &corev1.ServiceAccountList{}),
	} {
		if !apierrors.IsForbidden(err) {
			t.Errorf("%s: %v, want Forbidden", what, err)
		}
	}
}

func TestCredentialsAreRenewed(t *testing.T) {
	cp := controlplanetest.Shared(t)
	admin, err := client.New(cp.Config, client.Options{Scheme: newScheme()})
	if err != nil {
		t.Fatal(err)
	}
	account := &corev1.ServiceAccount{}
	account.Namespace, account.GenerateName = "default", "renewed-"
	if err := admin.Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	credentials, err := NewCredentials(t.Context(), cp.Config, client.ObjectKeyFromObject(account), dir)
	if err != nil {
		t.Fatal(err)
	}
	token := func() string {
		content, err := os.ReadFile(filepath.Join(dir, "operator.token"))
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	first := token()
	ctx, cancel := context.WithCancel(t.Context())
	clock := clocktesting.NewFakeClock(time.Now())
	ended := make(chan error, 1)
	go func() { ended <- credentials.Keep(ctx, clock) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for token() == first {
		select {
		case <-t.Context().Done():
			t.Fatal("not renewed")
		case <-tick.C:
			if clock.HasWaiters() {
				clock.Step(tokenRenewal)
			}
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestInstallRefusesWhatIsNoInstallation(t *testing.T) {
	cp := controlplanetest.Shared(t)
	admin, err := client.New(cp.Config, client.Options{Scheme: newScheme()})
	if err != nil {
		t.Fatal(err)
	}
	const account = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: NAME, namespace: default}\n"
	for _, c := range []struct{ name, kustomization, resources, want string }{
		{"no account", "resources: [r.yaml]", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", "has no ServiceAccount"},
		{
			"two accounts", "resources: [r.yaml]",
			strings.ReplaceAll(account, "NAME", "one") + "---\n" + strings.ReplaceAll(account, "NAME", "two"),
			"has two ServiceAccounts, default/one and default/two",
		},
		{"no kustomization", "resources: [none.yaml]", "", "none.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			folder := filepath.Join(root, "config", "default")
			if err := os.MkdirAll(folder, 0o700); err != nil {
				t.Fatal(err)
			}
			for name, content := range map[string]string{"kustomization.yaml": c.kustomization, "r.yaml": c.resources} {
				if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Install(t.Context(), admin, cp.KubectlPath(), root); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestRootOutsideOfACheckout(t *testing.T) {
	t.Chdir(t.TempDir())
	if root, err := Root(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "this works in a checkout of kdz.mainz.de/operator only") {
		t.Errorf("%q, %v", root, err)
	}
}
