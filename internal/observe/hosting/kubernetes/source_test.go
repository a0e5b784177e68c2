// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

func TestSystemsAreNamed(t *testing.T) {
	long := strings.Repeat("x", 253)
	h := &v1alpha1.KubernetesHosting{Workloads: []v1alpha1.WorkloadReference{
		reference("apps/v1", "Deployment", "web"),
		reference("example.org/v1", "Deployment", "web"),
		reference("apps/v1", "Deployment", long),
		reference("apps/v1", "DaemonSet", "web"),
		reference("v1", "Secret", "web"),
		reference("a/b/c", "Deployment", "web2"),
		reference("kdz.mainz.de/v1alpha1", "Application", "civento"),
	}}
	systems, err := NewSource(kept{}).Systems("civento", h)
	want := []string{"Deployment apps/v1/web", "Deployment example.org/v1/web", "Deployment/" + long[:233] + "-", "DaemonSet/web"}
	if len(systems) != len(want) {
		t.Fatalf("%d systems, want %d", len(systems), len(want))
	}
	keys := map[string]bool{}
	for i, s := range systems {
		if !strings.HasPrefix(s.Name, want[i]) || len(s.Name) > maxName {
			t.Errorf("system %q, want %q", s.Name, want[i])
		}
		keys[s.Probe.Key()] = true
		if s.Probe.Target() != "kubernetes API" || s.Queries[0].Namespace != "civento" {
			t.Errorf("%s is asked of %q, in namespace %q", s.Name, s.Probe.Target(), s.Queries[0].Namespace)
		}
	}
	if len(keys) != len(want) {
		t.Errorf("the keys %v are not all different", keys)
	}
	for _, says := range []string{"workloads[4]: kind Secret is no workload", `workloads[5]: apiVersion "a/b/c" is neither`, "workloads[6]: kind Application is no workload"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want one that says %q", err, says)
		}
	}
}

func TestASelectorIsOneSystem(t *testing.T) {
	s := NewSource(kept{})
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}
	systems, err := s.Systems("civento", &v1alpha1.KubernetesHosting{Selector: selector})
	if err != nil || len(systems) != 1 || systems[0].Name != SelectorName {
		t.Fatalf("systems %v, error %v", systems, err)
	}
	var kinds []string
	for _, q := range systems[0].Queries {
		kinds = append(kinds, q.Kind.Kind)
	}
	if want := []string{"Deployment", "StatefulSet", "DaemonSet"}; !slices.Equal(kinds, want) {
		t.Errorf("kinds %q, want %q", kinds, want)
	}
	// Who asks the same shares the watch and the answer.
	again, err := s.Systems("civento", &v1alpha1.KubernetesHosting{Selector: selector.DeepCopy()})
	if err != nil || again[0].Probe.Key() != systems[0].Probe.Key() || again[0].Queries[0].Kind != systems[0].Queries[0].Kind {
		t.Errorf("the same is asked as something else: %v, error %v", again, err)
	}
	elsewhere, err := s.Systems("other", &v1alpha1.KubernetesHosting{Selector: selector})
	if err != nil || elsewhere[0].Probe.Key() == systems[0].Probe.Key() {
		t.Errorf("another namespace is asked for as if it were the same, error %v", err)
	}
	bad := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Like"}}}
	if _, err := s.Systems("civento", &v1alpha1.KubernetesHosting{Selector: bad}); err == nil || !strings.HasPrefix(err.Error(), "selector: ") {
		t.Errorf("error %v, want one that names the selector", err)
	}
	if _, err := s.Systems("", &v1alpha1.KubernetesHosting{Selector: selector}); err == nil {
		t.Error("workloads of the whole cluster are looked for")
	}
}

func TestKindsThatAreRememberedAreBounded(t *testing.T) {
	s := NewSource(kept{})
	for i := range 2 * maxKinds {
		h := &v1alpha1.KubernetesHosting{Workloads: []v1alpha1.WorkloadReference{reference("example.org/v1", fmt.Sprintf("Kind%d", i), "web")}}
		if _, err := s.Systems("civento", h); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.kinds); n > maxKinds {
		t.Errorf("%d kinds are remembered, want no more than %d", n, maxKinds)
	}
}
