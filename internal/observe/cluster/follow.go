// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/internalversion"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// pageSize is how many objects are read at once where the API server does
	// not stream lists.
	pageSize = 200
	// unbroken is how long no request must have failed for the next one to be
	// repeated soon again.
	unbroken = 2 * time.Minute
)

// backoff is between two attempts: 1 s at first, with the jitter a minute at
// most.
func backoff() *wait.Backoff {
	return &wait.Backoff{Duration: time.Second, Factor: 2, Jitter: 1, Steps: 6, Cap: 30 * time.Second}
}

// follower watches on behalf of a feed, from when the kind is known until it is
// not or nobody wants it. It is the ListerWatcher and the store of a reflector,
// between which objects are only what is kept of them.
type follower struct {
	*feed
	resource schema.GroupResource
	client   dynamic.ResourceInterface
	cancel   context.CancelFunc
	labels   interner
	panicked atomic.Bool // Extract did, and that was logged
}

// begin has a follower watch. The watcher's mutex is held.
func (f *feed) begin(ctx context.Context, resource schema.GroupVersionResource) {
	ctx, cancel := context.WithCancel(ctx)
	w := f.watcher
	l := &follower{feed: f, resource: resource.GroupResource(), client: w.options.Client.Resource(resource), cancel: cancel}
	if f.namespace != "" {
		l.client = w.options.Client.Resource(resource).Namespace(f.namespace)
	}
	f.follower = l
	w.running.Go(func() { l.run(ctx) })
}

// end has nobody watch. The watcher's mutex is held.
func (f *feed) end() {
	if f.follower != nil {
		f.follower.cancel()
		f.follower = nil
	}
}

// do does something to the feed, unless another follows it now.
func (l *follower) do(what func()) {
	l.watcher.mu.Lock()
	defer l.watcher.mu.Unlock()
	if l.follower == l {
		what()
	}
}

// run watches until the context ends or the kind is gone.
func (l *follower) run(ctx context.Context) {
	log, clk := l.watcher.options.Logger, l.watcher.options.Clock
	ctx = klog.NewContext(ctx, log)
	source := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{ListWithContextFunc: l.list, WatchFuncWithContext: l.watch}, l.watcher.options.Client)
	reflector := cache.NewReflectorWithOptions(source, nil, l, cache.ReflectorOptions{
		Logger: &log, Name: "cluster", TypeDescription: l.kind.String(), Clock: clk, Backoff: backoff(),
	})
	reflector.WatchListPageSize = pageSize
	delay := backoff().DelayWithReset(clk, unbroken)
	timer := clk.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		}
		if err := reflector.ListAndWatchWithContext(ctx); apierrors.IsNotFound(err) {
			l.do(func() { l.follower = nil })
			l.watcher.uninstalled(l.kind.GroupVersionKind)
			return
		}
		timer.Reset(delay())
	}
}

// list returns of a page of objects only what is kept.
func (l *follower) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if o.Continue == "" {
		// The newest list can be read in pages, one from the cache of the API
		// server only as a whole.
		o.ResourceVersion, o.ResourceVersionMatch = "", ""
	}
	if !l.watcher.enter(ctx) {
		return nil, ctx.Err()
	}
	page, err := l.client.List(ctx, o)
	l.watcher.exit()
	if err != nil {
		l.failed(ctx, "list", err)
		return nil, err
	}
	kept := &internalversion.List{Items: make([]runtime.Object, len(page.Items))}
	kept.ResourceVersion, kept.Continue, kept.RemainingItemCount = page.GetResourceVersion(), page.GetContinue(), page.GetRemainingItemCount()
	for i := range page.Items {
		kept.Items[i] = l.keep(&page.Items[i])
		page.Items[i].Object = nil
	}
	return kept, nil
}

// watch opens a stream of what is kept of objects.
func (l *follower) watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	if !l.watcher.enter(ctx) {
		return nil, ctx.Err()
	}
	from, err := l.client.Watch(ctx, o)
	l.watcher.exit()
	if err == nil {
		return l.open(from), nil
	}
	if o.SendInitialEvents == nil {
		l.failed(ctx, "watch", err)
		return nil, err
	}
	// A list is what is tried next. Of these two the reflector would wait first,
	// and not end meanwhile.
	if utilnet.IsConnectionRefused(err) || apierrors.IsTooManyRequests(err) {
		err = errors.New(err.Error())
	}
	return nil, err
}

// failed tells the feed why a request failed.
func (l *follower) failed(ctx context.Context, verb string, err error) {
	if ctx.Err() != nil {
		return
	}
	l.do(func() {
		if !apierrors.IsForbidden(err) {
			l.hindrance = brief(err)
			return
		}
		role := "a Role and a RoleBinding there"
		if l.namespace == "" {
			role = "a ClusterRole and a ClusterRoleBinding"
		}
		l.deny(&Problem{v1alpha1.ReasonForbidden, fmt.Sprintf("The operator may not %s %s%s: %s must grant get, list and watch to its ServiceAccount.",
			verb, l.resource, place(l.namespace), role)})
	})
}

// keep returns what is kept of an object.
func (l *follower) keep(u *unstructured.Unstructured) *item {
	m := &item{}
	m.Namespace, m.Name, m.ResourceVersion = u.GetNamespace(), u.GetName(), u.GetResourceVersion()
	facts, ok := l.extract(u)
	if !ok {
		return m
	}
	o := &Object{Namespace: m.Namespace, Name: m.Name, UID: u.GetUID(), Created: u.GetCreationTimestamp().Time, Facts: facts}
	if o.Namespace == l.namespace {
		o.Namespace = l.namespace // one copy for all
	}
	o.Labels = l.labels.labels(u.GetLabels(), l.kind.Labels)
	m.object = o
	return m
}

// extract returns the facts of an object, and whether there are any: what an
// object holds must not end more than that it is seen.
func (l *follower) extract(u *unstructured.Unstructured) (facts any, ok bool) {
	defer func() {
		if broken := recover(); broken != nil && !l.panicked.Swap(true) {
			l.watcher.options.Logger.Error(fmt.Errorf("panic: %v", broken), "An object is left out that could not be read by a fault of the operator; others may be",
				"kind", l.kind.String(), "namespace", u.GetNamespace(), "name", u.GetName(), "stack", string(debug.Stack()))
		}
	}()
	return l.kind.Extract(u), true
}

// item is what is kept of an object on its way from the API server to the feed.
type item struct {
	metav1.PartialObjectMetadata
	object *Object // nil if it could not be read
}

// Add implements cache.ReflectorStore.
func (l *follower) Add(o any) error { return l.Update(o) }

// Update implements cache.ReflectorStore.
func (l *follower) Update(o any) error {
	if m, ok := o.(*item); ok {
		l.do(func() { l.put(l.id(m.Namespace, m.Name), m.object) })
	}
	return nil
}

// Delete implements cache.ReflectorStore.
func (l *follower) Delete(o any) error {
	if m, ok := o.(*item); ok {
		l.do(func() { l.put(l.id(m.Namespace, m.Name), nil) })
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (l *follower) Replace(all []any, _ string) error {
	objects := make([]*Object, 0, len(all))
	for _, o := range all {
		if m, ok := o.(*item); ok && m.object != nil {
			objects = append(objects, m.object)
		}
	}
	l.do(func() { l.replace(objects) })
	return nil
}

// Resync implements cache.ReflectorStore.
func (l *follower) Resync() error { return nil }
