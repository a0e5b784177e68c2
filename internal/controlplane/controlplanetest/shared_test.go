// SPDX-License-Identifier: Apache-2.0

package controlplanetest_test

import (
	"context"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

const installed = "installed-by-setup"

func TestMain(m *testing.M) {
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, install))
}

// install leaves a namespace that can be created once only.
func install(ctx context.Context, cp *controlplane.ControlPlane) error {
	c, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: installed}}
	_, err = c.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	return err
}

func TestSetUpOnceForAllTests(t *testing.T) {
	for _, name := range []string{"first", "second", "third"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := kubernetes.NewForConfig(controlplanetest.Config(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.CoreV1().Namespaces().Get(t.Context(), installed, metav1.GetOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfigIsACopy(t *testing.T) {
	mine := controlplanetest.Config(t)
	mine.Host = "https://127.0.0.1:1"
	if got := controlplanetest.Config(t).Host; got == mine.Host {
		t.Errorf("Config(t).Host = %s, changed by another test", got)
	}
}
