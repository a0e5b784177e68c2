// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/observe"
)

// testPatience is how long a test waits for what must come.
const testPatience = 30 * time.Second

func TestWhoAskedForWhatChangedIsWoken(t *testing.T) {
	w := newWorld(t, "")
	kind := configMaps()
	byName := Query{Kind: kind, Namespace: w.namespace, Name: "a"}
	byLabel := Query{Kind: kind, Namespace: w.namespace, Selector: selector("x")}
	all := Query{Kind: kind, Namespace: w.namespace}
	w.put("a", "1", "x")
	if got := w.ask(all); got[0] != v1alpha1.ReasonAwaitingFirstResult {
		t.Errorf("before anybody asked: %q", got)
	}
	w.ensure("by-name", byName)
	w.ensure("by-label", byLabel)
	w.ensure("all", all)
	w.awaitWoken("all", "by-label", "by-name")
	w.awaitObjects(0, byName, "a=1")

	steps := []struct {
		name  string
		do    func()
		woken []string
		label []string // what is found by label
	}{
		{"another appears", func() { w.put("b", "1", "y") }, []string{"all"}, []string{"a=1"}},
		{"and is labelled", func() { w.put("b", "1", "x") }, []string{"all", "by-label"}, []string{"a=1", "b=1"}},
		{"and changes", func() { w.put("b", "2", "x") }, []string{"all", "by-label"}, []string{"a=1", "b=2"}},
		{"one loses its label", func() { w.put("a", "1", "y") }, []string{"all", "by-label", "by-name"}, []string{"b=2"}},
		{"one goes", func() { w.remove("a") }, []string{"all", "by-name"}, []string{"b=2"}},
		{"and the other", func() { w.remove("b") }, []string{"all", "by-label"}, nil},
	}
	for _, step := range steps {
		step.do()
		w.awaitWoken(step.woken...)
		w.awaitObjects(0, byLabel, step.label...)
	}

	// What is not kept of an object wakes nobody: the next wake is that of the
	// change after it.
	w.put("a", "1", "x")
	w.awaitWoken("all", "by-label", "by-name")
	_, err := w.admin.CoreV1().ConfigMaps(w.namespace).Patch(t.Context(), "a", types.MergePatchType, []byte(`{"data":{"other":"1"}}`), metav1.PatchOptions{})
	w.must(err)
	w.put("z", "1", "z")
	w.awaitWoken("all")
	w.awaitWatches(0, 1)
}

func TestNothingIsWatchedThatNobodyWants(t *testing.T) {
	w := newWorld(t, "")
	kind := configMaps()
	q := Query{Kind: kind, Namespace: w.namespace}
	w.put("a", "1", "x")
	w.ensure("first", q)
	w.ensure("second", q)
	w.awaitObjects(0, q, "a=1")
	w.awaitWatches(0, 1)

	w.watcher.Forget(types.NamespacedName{Namespace: w.namespace, Name: "first"})
	w.clock.Step(2 * grace)
	w.awaitObjects(0, q, "a=1")
	w.awaitWatches(0, 1)

	// Who comes back in time finds what was kept.
	w.ensure("second")
	w.clock.Step(grace / 2)
	w.ensure("second", q)
	w.clock.Step(2 * grace)
	w.awaitObjects(0, q, "a=1")

	w.ensure("second")
	w.awaitWatches(tick, 0)
	w.await(tick, func() string {
		w.watcher.mu.RLock()
		defer w.watcher.mu.RUnlock()
		if n := len(w.watcher.feeds) + len(w.watcher.resources) + len(w.watcher.subscribers); n > 0 {
			return fmt.Sprintf("%d things are still kept", n)
		}
		return ""
	})
	if got := w.ask(q); got[0] != v1alpha1.ReasonAwaitingFirstResult {
		t.Errorf("after all have gone: %q", got)
	}
}

func TestAKindIsPickedUpWhenItIsInstalled(t *testing.T) {
	w := newWorld(t, "")
	q := Query{Kind: backups(), Namespace: w.namespace}
	w.ensure("app", q)
	w.awaitObjects(0, q, v1alpha1.ReasonNotInstalled)
	w.awaitWoken("app")
	for range 3 {
		w.clock.Step(recheck)
		w.awaitObjects(0, q, v1alpha1.ReasonNotInstalled)
	}
	_, p := w.watcher.Objects(q)
	if want := "The cluster does not know Backup (velero.io/v1); it is picked up when it is installed."; p.Message != want {
		t.Errorf("message %q, want %q", p.Message, want)
	}

	const definition = "backups.velero.io"
	definitions := w.dynamic.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	resource := w.dynamic.Resource(schema.GroupVersionResource{Group: "velero.io", Version: "v1", Resource: "backups"}).Namespace(w.namespace)
	for range 2 {
		w.must(controlplane.InstallCRDs(t.Context(), controlplanetest.Config(t), "testdata/velero-backups.yaml"))
		w.await(0, func() string { // the API server tells of it a moment later
			if _, lists, err := w.admin.Discovery().ServerGroupsAndResources(); err != nil || !slices.ContainsFunc(lists, func(l *metav1.APIResourceList) bool { return l.GroupVersion == "velero.io/v1" }) {
				return "velero.io is not served"
			}
			return ""
		})
		w.awaitObjects(0, q, v1alpha1.ReasonNotInstalled) // nothing was asked since
		w.clock.Step(recheck + tick)
		w.awaitObjects(0, q)
		w.awaitWoken("app")
		b := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": map[string]any{"name": "nightly"}, "status": map[string]any{"phase": "Completed"},
		}}
		_, err := resource.Create(t.Context(), b, metav1.CreateOptions{})
		w.must(err)
		w.awaitObjects(0, q, "nightly=Completed")

		w.must(definitions.Delete(t.Context(), definition, metav1.DeleteOptions{}))
		w.awaitObjects(time.Second, q, v1alpha1.ReasonNotInstalled)
		w.awaitWoken("app")
		w.await(0, func() string {
			if _, err := definitions.Get(t.Context(), definition, metav1.GetOptions{}); err == nil {
				return definition + " is still there"
			}
			return ""
		})
	}
	if n := w.says("The kind is not installed"); n != 3 {
		t.Errorf("it was said %d times that the kind is not installed", n)
	}
}

func TestWhatMayNotBeReadIsReadWhenItMay(t *testing.T) {
	const user = "kdz:reads-little"
	w := newWorld(t, user)
	w.put("a", "1", "x")
	q := Query{Kind: configMaps(), Namespace: w.namespace}
	w.ensure("app", q)
	w.awaitObjects(0, q, v1alpha1.ReasonForbidden)
	w.awaitWoken("app")
	_, p := w.watcher.Objects(q)
	want := fmt.Sprintf("The operator may not list configmaps in namespace %s: a Role and a RoleBinding there must grant get, list and watch to its ServiceAccount.", w.namespace)
	if p.Message != want {
		t.Errorf("message %q, want %q", p.Message, want)
	}

	roles := w.admin.RbacV1().Roles(w.namespace)
	role := &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "reads"}, Rules: []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"list"}},
	}}
	_, err := roles.Create(t.Context(), role, metav1.CreateOptions{})
	w.must(err)
	_, err = w.admin.RbacV1().RoleBindings(w.namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reads"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reads"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
	}, metav1.CreateOptions{})
	w.must(err)
	w.await(10*time.Second, func() string {
		if _, p := w.watcher.Objects(q); p == nil || !strings.Contains(p.Message, "may not watch configmaps") {
			return fmt.Sprintf("it may list, and the problem is %v", p)
		}
		return ""
	})

	role.Rules[0].Verbs = []string{"list", "watch"}
	_, err = roles.Update(t.Context(), role, metav1.UpdateOptions{})
	w.must(err)
	w.awaitObjects(10*time.Second, q, "a=1")
	w.put("a", "2", "x")
	w.awaitObjects(0, q, "a=2")
	if n := w.says("Objects may not be read"); n != 2 {
		t.Errorf("it was said %d times that objects may not be read", n)
	}
}

func TestABrokenWatchIsToldAfterAMinute(t *testing.T) {
	w := newWorld(t, "")
	q := Query{Kind: configMaps(), Namespace: w.namespace}
	w.put("a", "1", "x")
	w.ensure("app", q)
	w.awaitObjects(0, q, "a=1")
	w.awaitWoken("app")

	// A short break passes unnoticed.
	w.line.cut()
	w.awaitWatches(0, 0)
	w.put("b", "1", "x")
	w.clock.Step(patience / 2)
	w.awaitObjects(0, q, "a=1")
	w.line.mend()
	w.awaitObjects(time.Second, q, "a=1", "b=1")
	w.awaitWoken("app")

	w.line.cut()
	w.awaitWatches(0, 0)
	w.awaitObjects(5*time.Second, q, observe.ReasonNoRecentResult)
	w.await(tick, func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.woken) == 0 {
			return "nobody was told"
		}
		clear(w.woken)
		return ""
	})
	_, p := w.watcher.Objects(q)
	if !strings.Contains(p.Message, "has not been seen in namespace "+w.namespace+" since 2026-03-02T08:0") {
		t.Errorf("message %q", p.Message)
	}
	w.remove("a")
	w.line.mend()
	w.awaitObjects(time.Second, q, "b=1")
	w.awaitWoken("app")
}

// Who cannot stream reads pages, and keeps of each only what matters.
func TestListsAreReadInPages(t *testing.T) {
	w := newWorld(t, "")
	w.line.refuse = func(r *http.Request) *http.Response {
		if !r.URL.Query().Has("sendInitialEvents") {
			return nil
		}
		return &http.Response{
			StatusCode: http.StatusUnprocessableEntity, Status: "422", Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
			Body: io.NopCloser(strings.NewReader(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422}`)),
		}
	}
	const many = 2*pageSize + 1
	for i := range many {
		w.put(fmt.Sprintf("c-%03d", i), "1", "x")
	}
	q := Query{Kind: configMaps(), Namespace: w.namespace}
	w.ensure("app", q)
	w.await(0, func() string {
		if n := len(w.ask(q)); n != many {
			return fmt.Sprintf("%d objects, want %d: %q", n, many, w.ask(q)[0])
		}
		return ""
	})
	w.line.mu.Lock()
	defer w.line.mu.Unlock()
	if len(w.line.lists) != 3 {
		t.Errorf("read by %q, want three pages", w.line.lists)
	}
}

func TestManyWatchesShareConnections(t *testing.T) {
	w := newWorld(t, "")
	kind := configMaps()
	var queries []Query
	for i := range 10 * requests {
		queries = append(queries, Query{Kind: kind, Namespace: fmt.Sprintf("%s-%d", w.namespace, i)})
	}
	w.ensure("app", queries...)
	w.awaitWatches(0, len(queries))
	w.line.mu.Lock()
	defer w.line.mu.Unlock()
	if w.line.dials > 2*requests {
		t.Errorf("%d connections were opened for %d watches, want no more than %d", w.line.dials, len(queries), 2*requests)
	}
}

func TestAnObjectThatCannotBeReadIsLeftOut(t *testing.T) {
	w := newWorld(t, "")
	q := Query{Kind: configMaps(), Namespace: w.namespace}
	w.put("a", "1", "x")
	w.put("b", "panic", "x")
	w.ensure("app", q)
	w.awaitObjects(0, q, "a=1")
	w.put("a", "panic", "x")
	w.awaitObjects(0, q)
	w.put("b", "2", "x")
	w.awaitObjects(0, q, "b=2")
	if n := w.says("An object is left out"); n != 1 {
		t.Errorf("it was said %d times that an object is left out", n)
	}
}

func TestAKindWithoutNamespacesIsRefusedInOne(t *testing.T) {
	w := newWorld(t, "")
	kind := &Kind{GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "Namespace"}, Extract: func(*unstructured.Unstructured) any { return nil }}
	q := Query{Kind: kind, Namespace: w.namespace, Name: "x"}
	w.ensure("app", q)
	w.awaitObjects(0, q, v1alpha1.ReasonInvalidSpec)
	w.awaitWoken("app")
	whole := Query{Kind: kind, Name: w.namespace}
	w.ensure("app", q, whole)
	w.awaitObjects(0, whole, w.namespace+"=<nil>")
}
