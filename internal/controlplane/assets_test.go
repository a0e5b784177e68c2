// SPDX-License-Identifier: Apache-2.0

package controlplane_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"kdz.mainz.de/operator/internal/controlplane"
)

// builtAssets is the folder of the cache.
func builtAssets(t *testing.T) string {
	t.Helper()
	dir, err := controlplane.Assets(t.Context(), os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// link makes a folder with links to some of the built programs.
func link(t *testing.T, programs ...string) string {
	t.Helper()
	real, dir := builtAssets(t), t.TempDir()
	for _, name := range programs {
		if err := os.Symlink(filepath.Join(real, name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAssetsOfTheEnvironment(t *testing.T) {
	withoutManager := link(t, "etcd", "kube-apiserver", "kubectl")
	notExecutable := link(t, "etcd", "kube-apiserver")
	if err := os.WriteFile(filepath.Join(notExecutable, "kubectl"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		dir  string
		want string // in the error; "" for none
	}{
		"what is built here":         {dir: builtAssets(t)},
		"what setup-envtest fetches": {dir: withoutManager},
		"half of it":                 {dir: link(t, "kubectl"), want: "has no etcd, no kube-apiserver ("},
		"not executable":             {dir: notExecutable, want: "has no kubectl ("},
		"no such folder":             {dir: filepath.Join(t.TempDir(), "gone"), want: "has no etcd, no kube-apiserver, no kubectl ("},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBEBUILDER_ASSETS", tt.dir)
			got, err := controlplane.Assets(t.Context(), nil)
			switch {
			case tt.want == "" && (err != nil || got != tt.dir):
				t.Errorf("Assets() = %s, %v, want %s", got, err, tt.dir)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), tt.dir)):
				t.Errorf("Assets() = %v, want an error with %q and %q", err, tt.want, tt.dir)
			}
		})
	}
}

// TestWithoutControllerManager starts what setup-envtest fetches.
func TestWithoutControllerManager(t *testing.T) {
	assets := link(t, "etcd", "kube-apiserver", "kubectl")
	_, err := controlplane.Start(t.Context(), controlplane.Options{Assets: assets, ControllerManager: controlplane.ControllerManagerRequired})
	if err == nil || !strings.Contains(err.Error(), "has no kube-controller-manager") {
		t.Errorf("it is required and there is none: %v", err)
	}
	cp := start(t, controlplane.Options{Assets: assets})
	if cp.HasControllerManager() {
		t.Error("HasControllerManager() = true")
	}
	c, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		t.Fatal(err)
	}
	// With the admission of ServiceAccounts it would be refused: no default one.
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "pod"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Image: "none"}}},
	}
	if _, err := c.CoreV1().Pods("default").Create(t.Context(), pod, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
}
