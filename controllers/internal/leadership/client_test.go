// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// Every way to write is closed while another leads, and none to read.
func TestGateClosesEveryWrite(t *testing.T) {
	direct, err := client.New(controlplanetest.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, _ := held(t)
	c := l.Client(direct)
	o := &corev1.ConfigMap{}
	o.Namespace, o.Name = "default", "gate"
	patch := client.RawPatch("application/merge-patch+json", []byte(`{}`))
	ctx := t.Context()
	writes := map[string]func() error{
		"create":             func() error { return c.Create(ctx, o) },
		"update":             func() error { return c.Update(ctx, o) },
		"patch":              func() error { return c.Patch(ctx, o, patch) },
		"apply":              func() error { return c.Apply(ctx, nil) },
		"delete":             func() error { return c.Delete(ctx, o) },
		"delete all":         func() error { return c.DeleteAllOf(ctx, o) },
		"status create":      func() error { return c.Status().Create(ctx, o, o) },
		"status update":      func() error { return c.Status().Update(ctx, o) },
		"status patch":       func() error { return c.Status().Patch(ctx, o, patch) },
		"status apply":       func() error { return c.Status().Apply(ctx, nil) },
		"subresource create": func() error { return c.SubResource("scale").Create(ctx, o, o) },
		"subresource update": func() error { return c.SubResource("scale").Update(ctx, o) },
		"subresource patch":  func() error { return c.SubResource("scale").Patch(ctx, o, patch) },
		"subresource apply":  func() error { return c.SubResource("scale").Apply(ctx, nil) },
	}
	for name, write := range writes {
		if err := write(); !errors.Is(err, ErrNotLeading) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var all corev1.ConfigMapList
	if err := c.List(ctx, &all, client.InNamespace("default")); err != nil {
		t.Errorf("list: %v", err)
	}
	win(l, 0)
	if err := c.Create(ctx, o); err != nil {
		t.Errorf("create by the leader: %v", err)
	}
	if err := c.Patch(ctx, o, patch); err != nil {
		t.Errorf("patch by the leader: %v", err)
	}
	if err := c.Delete(ctx, o); err != nil {
		t.Errorf("delete by the leader: %v", err)
	}
}

// Only the leader tells: in Events, and in metrics of what is judged.
func TestOnlyTheLeaderTells(t *testing.T) {
	l, _ := held(t)
	told := events.NewFakeRecorder(10)
	registry := prometheus.NewRegistry()
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "kdz_test", Help: "Of a test."})
	if err := errors.Join(registry.Register(l.Collector()), l.Registerer(registry).Register(gauge)); err != nil {
		t.Fatal(err)
	}
	say := func() (int, int, float64) {
		l.Recorder(told).Eventf(&corev1.ConfigMap{}, nil, "Normal", "Test", "Test", "hello")
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		leads, n := -1.0, 0
		for _, family := range families {
			switch family.GetName() {
			case "kdz_leader":
				leads = family.GetMetric()[0].GetGauge().GetValue()
			case "kdz_test":
				n++
			}
		}
		return len(told.Events), n, leads
	}
	if e, n, leads := say(); e != 0 || n != 0 || leads != 0 {
		t.Errorf("one that follows: %d Events, %d metrics, leads %v", e, n, leads)
	}
	win(l, 0)
	if e, n, leads := say(); e != 1 || n != 1 || leads != 1 {
		t.Errorf("the leader: %d Events, %d metrics, leads %v", e, n, leads)
	}
	if !l.Registerer(registry).Unregister(gauge) {
		t.Error("what was registered cannot be taken back")
	}
}

// Nil always leads, and wraps nothing.
func TestNilLeads(t *testing.T) {
	var l *Leadership
	told := events.NewFakeRecorder(1)
	registry := prometheus.NewRegistry()
	l.OnTakeover(func() { t.Error("nobody takes over") })
	if !l.Leads() || l.Client(nil) != nil || l.Recorder(told) != events.EventRecorder(told) || l.Registerer(registry) != prometheus.Registerer(registry) {
		t.Error("nil stands in the way")
	}
	passed := 0
	g := l.Guard(reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		passed++
		return reconcile.Result{}, nil
	}), false)
	if _, err := g.Reconcile(t.Context(), named(1)); err != nil || passed != 1 {
		t.Errorf("a request passed %d times, %v", passed, err)
	}
}
