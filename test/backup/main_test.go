// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	judge "kdz.mainz.de/operator/internal/judge/backup"
	"kdz.mainz.de/operator/internal/observe/backup"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff}))
}

// world is an Application's namespace in a real API server, its sources, and a
// watcher of what they need.
type world struct {
	*testing.T
	client    dynamic.Interface
	mapper    *restmapper.DeferredDiscoveryRESTMapper
	clock     *clocktesting.FakeClock
	watcher   *cluster.Watcher
	namespace string
	policy    *v1alpha1.ObservationPolicy
	backup    *v1alpha1.Backup
	// now of the judgement.
	now time.Time
}

func newWorld(t *testing.T, sources ...v1alpha1.BackupSource) *world {
	config := controlplanetest.Config(t)
	client := dynamic.NewForConfigOrDie(config)
	found := memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(config))
	w := &world{
		T: t, client: client, mapper: restmapper.NewDeferredDiscoveryRESTMapper(found), clock: clocktesting.NewFakeClock(time.Now()),
		now: time.Now().Truncate(time.Second), backup: &v1alpha1.Backup{MaxAge: "26h", Sources: sources},
	}
	ns, err := kubernetes.NewForConfigOrDie(config).CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "payroll-"}}, metav1.CreateOptions{})
	w.must(err)
	w.namespace = ns.Name
	// Velero may be anywhere, here too.
	w.policy = &v1alpha1.ObservationPolicy{VeleroNamespace: v1alpha1.NamespaceName(ns.Name)}
	w.watcher = cluster.New(cluster.Options{
		Client: client, Mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(discovery.NewDiscoveryClientForConfigOrDie(config))), Clock: w.clock,
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.watcher.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		w.must(<-ended)
	})
	w.watcher.Ensure(types.NamespacedName{Namespace: w.namespace, Name: "payroll"}, backup.Queries(w.namespace, sources, w.policy))
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// put creates an object, with its status.
func (w *world) put(document string, args ...any) {
	w.Helper()
	u := &unstructured.Unstructured{}
	w.must(yaml.UnmarshalStrict(fmt.Appendf(nil, document, args...), &u.Object))
	kind := u.GroupVersionKind()
	mapping, err := w.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		w.mapper.Reset()
		mapping, err = w.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	}
	w.must(err)
	objects := w.client.Resource(mapping.Resource).Namespace(w.namespace)
	status, told := u.Object["status"]
	_, err = objects.Create(w.Context(), u, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
	w.must(err)
	if !told {
		return
	}
	stored, err := objects.Get(w.Context(), u.GetName(), metav1.GetOptions{})
	w.must(err)
	if is, _ := stored.Object["status"].(map[string]any); len(is) > 0 {
		return // the kind has no separate status
	}
	stored.Object["status"] = status
	_, err = objects.UpdateStatus(w.Context(), stored, metav1.UpdateOptions{FieldValidation: metav1.FieldValidationStrict})
	w.must(err)
}

// verdict is what is to be told now.
func (w *world) verdict() judge.Verdict {
	var evidence []judge.Evidence
	for _, e := range backup.Read(&backup.Look{Namespace: w.namespace, Sources: w.backup.Sources, Policy: w.policy, Objects: w.watcher, Now: w.now}) {
		evidence = append(evidence, judge.Evidence(e))
	}
	return judge.Judge(&judge.Scope{Backup: w.backup, Evidence: evidence, Now: w.now})
}

// await waits until each source shows a state for a reason, told as
// "name: State, Reason".
func (w *world) await(want string) judge.Verdict {
	w.Helper()
	return w.awaitThat(want, func(v *judge.Verdict) bool {
		got := ""
		for _, s := range v.Sources {
			got += fmt.Sprintf("%s: %s, %s\n", s.Name, s.State, s.Reason)
		}
		return got == want
	})
}

// awaitThat waits until the verdict is as wanted, while the watcher's clock goes
// on.
func (w *world) awaitThat(want string, holds func(*judge.Verdict) bool) judge.Verdict {
	w.Helper()
	var v judge.Verdict
	err := wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		if v = w.verdict(); holds(&v) {
			return true, nil
		}
		w.clock.Step(time.Second)
		return false, nil
	})
	if err != nil {
		w.Fatalf("want %q, got %+v", want, v)
	}
	return v
}

// uninstall removes the systems, so that they can be installed later.
func (w *world) uninstall() {
	w.Helper()
	definitions := w.client.Resource(schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"})
	w.must(definitions.DeleteCollection(w.Context(), metav1.DeleteOptions{}, metav1.ListOptions{}))
	w.must(wait.PollUntilContextTimeout(w.Context(), 20*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		left, err := definitions.List(ctx, metav1.ListOptions{})
		return err == nil && len(left.Items) == 0, err
	}))
}

// ago is a moment so long before now, as an object tells it.
func (w *world) ago(d time.Duration) string { return w.now.Add(-d).UTC().Format(time.RFC3339) }
