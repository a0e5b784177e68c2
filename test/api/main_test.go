// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// crdFolder holds the definitions as they are installed everywhere else.
const crdFolder = "../../config/crd/bases"

// rulesNamespace holds the valid objects of testdata/valid.
const rulesNamespace = "rules"

func TestMain(m *testing.M) {
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, setUp))
}

// setUp installs the definitions and creates the namespace of the valid
// objects.
func setUp(ctx context.Context, cp *controlplane.ControlPlane) error {
	if err := controlplane.InstallCRDs(ctx, cp.Config, crdFolder); err != nil {
		return err
	}
	c, err := newClient(cp)
	if err != nil {
		return err
	}
	return c.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: rulesNamespace}})
}

// newClient makes a client that may do everything, and that asks the server to
// refuse fields that it does not know.
func newClient(cp *controlplane.ControlPlane) (client.Client, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, v1alpha1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	c, err := client.New(cp.Config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, err
	}
	return client.WithFieldValidation(c, metav1.FieldValidationStrict), nil
}

// admin is a client of the API server that the tests share.
func admin(tb testing.TB) client.Client {
	tb.Helper()
	c, err := newClient(controlplanetest.Shared(tb))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
