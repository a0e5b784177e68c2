// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

// linuxHosts looks at the hosts of Linux and at nothing else. What they say a
// test tells the observer.
type linuxHosts struct{}

func (linuxHosts) Checks(_ string, h *v1alpha1.Hosting, _ time.Duration, secrets endpoint.Secrets) []hosting.Check {
	var checks []hosting.Check
	if h.SAP != nil {
		_, err := secrets(h.SAP.CredentialsSecretRef.Name)
		checks = append(checks, hosting.Check{Name: "P01/00 on sapapp1", Field: "spec.hosting.sap.instances[0]", Err: &endpoint.SecretError{
			Name: h.SAP.CredentialsSecretRef.Name, Reason: endpoint.SecretNotFound, Err: err,
		}})
	}
	if h.Linux != nil {
		for _, host := range h.Linux.Hosts {
			checks = append(checks, hosting.Check{
				Name: host.Name, Probe: silentProbe(host.Name), Queries: []cluster.Query{{Namespace: host.Name}},
			})
		}
	}
	return checks
}

// silentProbe is a question that nobody asks.
type silentProbe string

func (p silentProbe) Key() string                      { return string(p) }
func (p silentProbe) Target() string                   { return string(p) }
func (silentProbe) Run(context.Context) observe.Result { return observe.Result{} }

// fakeCluster remembers what is to be watched, and has the objects that a test
// shows it.
type fakeCluster struct {
	mu      sync.Mutex
	queries map[types.NamespacedName][]cluster.Query
	shown   []*unstructured.Unstructured
}

func (f *fakeCluster) show(u *unstructured.Unstructured) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.shown = append(f.shown, u)
}

func (f *fakeCluster) Objects(q cluster.Query) (found []*cluster.Object, _ *cluster.Problem) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, u := range f.shown {
		if u.GetNamespace() == q.Namespace && u.GetName() == q.Name {
			found = append(found, &cluster.Object{Namespace: q.Namespace, Name: q.Name, Facts: q.Kind.Extract(u)})
		}
	}
	return found, nil
}

func (f *fakeCluster) Ensure(key types.NamespacedName, queries []cluster.Query) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.queries == nil {
		f.queries = map[types.NamespacedName][]cluster.Query{}
	}
	f.queries[key] = queries
}

func (f *fakeCluster) Forget(key types.NamespacedName) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.queries, key)
}

func (f *fakeCluster) watched(key types.NamespacedName) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.queries[key])
}

func onLinux(a *v1alpha1.Application, hosts ...string) {
	a.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformLinux, Linux: &v1alpha1.LinuxHosting{}}
	for _, h := range hosts {
		a.Spec.Hosting.Linux.Hosts = append(a.Spec.Hosting.Linux.Hosts, v1alpha1.MetricsHost{
			Name: h, MetricsURL: v1alpha1.HTTPURL("http://" + h + ":9100/metrics"),
		})
	}
}

// sees has the system of an Application be in a state.
func (w *world) sees(app, system string, s observe.State, reason, message string, facts any) {
	w.Helper()
	w.observer.see(w.key(app), observe.Observation{
		Name: "hosting:" + system, State: s, Since: w.clock.Now(), Reason: reason, Message: message, Facts: facts,
	})
}

func TestHosting(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("batch")
	onLinux(app, "web01", "web02")
	w.Create(app)
	full := hosting.System{Total: 9, Components: []hosting.Component{{Name: "/srv", State: v1alpha1.ComponentDegraded, Message: "97 % used"}}}

	w.sees("batch", "web01", observe.StateUp, "", "", hosting.System{Total: 9})
	got := w.inState("batch", v1alpha1.StateOperational)
	if c := got.Status.Hosting; c == nil || len(c.Systems) != 2 || c.Systems[1].Reason != v1alpha1.ReasonAwaitingFirstResult {
		t.Errorf("before web02 was seen: %+v", c)
	}
	w.sees("batch", "web02", observe.StateUp, "", "", nil)
	w.hasCondition("batch", v1alpha1.ConditionHostingHealthy, metav1.ConditionTrue, v1alpha1.ReasonAllUp)
	w.hasCondition("batch", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	if n := w.cluster.watched(w.key("batch")); n != 2 {
		t.Errorf("%d queries are watched, want those of two hosts", n)
	}

	w.sees("batch", "web01", observe.StateDegraded, v1alpha1.ReasonFilesystemFull, "web01: /srv is 97 % full (limit 95 %)", full)
	got = w.inState("batch", v1alpha1.StateDegraded)
	since := metav1.NewTime(w.clock.Now())
	want := &v1alpha1.HostingStatus{
		State: v1alpha1.ComponentDegraded, Since: &since,
		Systems: []v1alpha1.SystemStatus{
			{
				Name: "web01", State: v1alpha1.ComponentDegraded, Since: &since, Reason: v1alpha1.ReasonFilesystemFull,
				Message: "web01: /srv is 97 % full (limit 95 %)", ComponentsTotal: 9,
				Components: []v1alpha1.ComponentStatus{{Name: "/srv", State: v1alpha1.ComponentDegraded, Message: "97 % used"}},
			},
			{Name: "web02", State: v1alpha1.ComponentUp, Since: &since},
		},
	}
	if diff := cmp.Diff(want, got.Status.Hosting); diff != "" {
		t.Errorf("hosting (-want +got):\n%s", diff)
	}
	if c := got.Status.Cause; c == nil || c.Kind != v1alpha1.CauseHosting || c.Name != "web01" {
		t.Errorf("cause: %+v", c)
	}
	w.hasCondition("batch", v1alpha1.ConditionHostingHealthy, metav1.ConditionFalse, v1alpha1.ReasonHostingDegraded)

	w.clock.SetTime(w.clock.Now().Add(time.Minute))
	w.sees("batch", "web02", observe.StateDown, v1alpha1.ReasonUnitState, "web02: unit nginx.service is failed, should be active", nil)
	got = w.inState("batch", v1alpha1.StateOutage)
	if got.Status.Cause.Name != "web02" || !got.Status.Since.Time.Equal(w.clock.Now()) {
		t.Errorf("since %s, cause: %+v", got.Status.Since, got.Status.Cause)
	}
	w.hasCondition("batch", v1alpha1.ConditionHostingHealthy, metav1.ConditionFalse, v1alpha1.ReasonHostingDown)

	w.sees("batch", "web02", observe.StateDown, v1alpha1.ReasonInstanceStopped, "web02: stopped", nil)
	w.await("batch", func(a *v1alpha1.Application) string {
		if a.Status.Hosting.Systems[1].State != v1alpha1.ComponentStopped {
			return "web02 is not told as stopped"
		}
		return ""
	})
}

// TestHostingBesideEndpoints: a host that cannot be looked at says nothing about
// an Application of which endpoints show that it can be used; one that is seen
// to be down does.
func TestHostingBesideEndpoints(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("shop")
	onLinux(app, "web01")
	w.Create(app)
	w.observer.see(w.key("shop"), up("web", w.clock.Now()))
	w.sees("shop", "web01", observe.StateUnknown, "ConnectionRefused", "web01: the connection was refused", nil)
	w.hasCondition("shop", v1alpha1.ConditionHostingHealthy, metav1.ConditionUnknown, "ConnectionRefused")
	w.inState("shop", v1alpha1.StateOperational)

	w.sees("shop", "web01", observe.StateDown, v1alpha1.ReasonUnitState, "web01: unit nginx.service is failed, should be active", nil)
	w.inState("shop", v1alpha1.StateOutage)
	w.change("shop", func(a *v1alpha1.Application) { a.Spec.Hosting = nil })
	got := w.inState("shop", v1alpha1.StateOperational)
	if got.Status.Hosting != nil || w.cluster.watched(w.key("shop")) != 0 {
		t.Errorf("without hosting: %+v", got.Status.Hosting)
	}
}

// TestHostingSurvivesARestart: what status says of systems is what a new operator
// begins with, components included.
func TestHostingSurvivesARestart(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("batch")
	onLinux(app, "web01")
	w.Create(app)
	w.sees("batch", "web01", observe.StateDegraded, v1alpha1.ReasonFilesystemFull, "web01: /srv is 97 % full (limit 95 %)",
		hosting.System{Total: 9, Components: []hosting.Component{{Name: "/srv", State: v1alpha1.ComponentDegraded, Message: "97 % used"}}})
	before := w.inState("batch", v1alpha1.StateDegraded)
	w.hasCondition("batch", v1alpha1.ConditionHostingHealthy, metav1.ConditionFalse, v1alpha1.ReasonHostingDegraded)
	w.kill()
	w.start()
	w.change("batch", func(a *v1alpha1.Application) { a.Spec.Description = "as before" })
	after := w.await("batch", func(*v1alpha1.Application) string { return "" })
	if diff := cmp.Diff(before.Status.Hosting, after.Status.Hosting); diff != "" {
		t.Errorf("hosting after a restart (-before +after):\n%s", diff)
	}
}

func TestHostingWhoseSecretIsMissing(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("sap")
	app.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformSAP, SAP: &v1alpha1.SAPHosting{
		SystemID: "P01", Instances: []v1alpha1.SAPInstance{{Host: "sapapp1", Number: "00"}},
		CredentialsSecretRef: &v1alpha1.SecretReference{Name: "sapcontrol"},
	}}
	w.Create(app)
	w.hasCondition("sap", v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
	w.hasCondition("sap", v1alpha1.ConditionHostingHealthy, metav1.ConditionUnknown, v1alpha1.ReasonReferenceNotFound)
	w.inState("sap", v1alpha1.StateUnknown)
}
