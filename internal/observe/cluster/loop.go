// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// recheck is how often to look for a kind that is not installed. All that
	// are not are looked for at once, with one discovery, and only while somebody
	// wants them.
	recheck = 25 * time.Second
	// lookupTimeout bounds one look.
	lookupTimeout = 10 * time.Second
)

// resource is what is known of where the objects of a kind are.
type resource struct {
	mapping *meta.RESTMapping // nil if it is not known
	problem *Problem          // why it is not
	next    time.Time         // when to look, as long as it is not
}

func (r *resource) namespaced() bool { return r.mapping.Scope.Name() == meta.RESTScopeNameNamespace }

// loop looks again and again until the context ends.
func (w *Watcher) loop(ctx context.Context) {
	timer := w.options.Clock.NewTimer(tick)
	defer timer.Stop()
	for {
		w.survey(ctx)
		w.arrange(ctx)
		timer.Reset(tick)
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
		case <-w.kick:
		}
	}
}

// again has the loop look soon.
func (w *Watcher) again() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// survey finds where the objects of wanted kinds are.
func (w *Watcher) survey(ctx context.Context) {
	missing := w.missing()
	for _, reset := range []bool{false, true} {
		if len(missing) == 0 || ctx.Err() != nil {
			return
		}
		if reset {
			m, ok := w.options.Mapper.(meta.ResettableRESTMapper)
			if !ok {
				break
			}
			m.Reset()
		}
		var unknown []schema.GroupVersionKind
		for _, kind := range missing {
			mapping, err := w.lookUp(ctx, kind)
			if meta.IsNoMatchError(err) {
				unknown = append(unknown, kind)
				continue
			}
			w.learn(kind, mapping, err)
		}
		missing = unknown
	}
	for _, kind := range missing {
		w.uninstalled(kind)
	}
}

// lookUp asks the mapper, for as long as it takes at most.
func (w *Watcher) lookUp(ctx context.Context, kind schema.GroupVersionKind) (*meta.RESTMapping, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	return w.mapper.RESTMappingWithContext(ctx, kind.GroupKind(), kind.Version)
}

// missing are the kinds that are wanted, not known, and to be looked for now.
// Kinds that nobody wants are forgotten.
func (w *Watcher) missing() []schema.GroupVersionKind {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted := map[schema.GroupVersionKind]bool{}
	for key := range w.feeds {
		wanted[key.kind.GroupVersionKind] = true
	}
	for kind := range w.resources {
		if !wanted[kind] {
			delete(w.resources, kind)
		}
	}
	now := w.options.Clock.Now()
	var missing []schema.GroupVersionKind
	for kind := range wanted {
		r := w.resources[kind]
		if r == nil {
			r = &resource{}
			w.resources[kind] = r
		}
		if r.mapping == nil && !now.Before(r.next) {
			missing = append(missing, kind)
		}
	}
	return missing
}

// learn takes over what was found of a kind, or that nobody could say. That it
// is installed is believed when it can be read.
func (w *Watcher) learn(kind schema.GroupVersionKind, mapping *meta.RESTMapping, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.resources[kind]
	if err != nil {
		r.next = w.options.Clock.Now().Add(tick)
	} else {
		r.mapping = mapping
	}
	for f := range w.of(kind) {
		switch {
		case err != nil:
			f.hindrance = brief(err)
		case f.misplaced(r) != nil:
			f.wakeAll()
		}
	}
}

// uninstalled says that the cluster does not know a kind, or no longer.
func (w *Watcher) uninstalled(kind schema.GroupVersionKind) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.resources[kind]
	if r == nil {
		return // nobody wants it
	}
	known := r.problem != nil
	r.mapping, r.next = nil, w.options.Clock.Now().Add(recheck)
	r.problem = &Problem{
		v1alpha1.ReasonNotInstalled,
		fmt.Sprintf("The cluster does not know %s (%s); it is picked up when it is installed.", kind.Kind, kind.GroupVersion()),
	}
	if !known {
		w.options.Logger.Info("The kind is not installed", "kind", kind.String())
	}
	for f := range w.of(kind) {
		f.end()
		f.clear()
		f.denied = nil
		if !known {
			f.wakeAll()
		}
	}
}

// of are the feeds of a kind.
func (w *Watcher) of(kind schema.GroupVersionKind) iter.Seq[*feed] {
	return func(yield func(*feed) bool) {
		for key, f := range w.feeds {
			if key.kind.GroupVersionKind == kind && !yield(f) {
				return
			}
		}
	}
}

// arrange begins the watches that are wanted and can be, and ends those that
// nobody wants.
func (w *Watcher) arrange(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.options.Clock.Now()
	for key, f := range w.feeds {
		r := w.resources[key.kind.GroupVersionKind]
		switch {
		case !f.unwanted.IsZero() && now.Sub(f.unwanted) >= grace:
			f.end()
			delete(w.feeds, key)
		case f.follower == nil && r != nil && r.mapping != nil && f.misplaced(r) == nil:
			f.begin(ctx, r.mapping.Resource)
		case f.outdated(now) && !f.told:
			f.told = true
			w.options.Logger.Info("Objects have not been seen for too long", "kind", f.kind.String(), "namespace", f.namespace, "problem", f.hindrance)
			f.wakeAll()
		}
	}
}

// wakes are the subscribers to be woken.
type wakes struct {
	mu      sync.Mutex
	pending map[types.NamespacedName]bool
	signal  chan struct{}
}

func (s *wakes) add(subscriber types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending[subscriber] = true
	select {
	case s.signal <- struct{}{}:
	default:
	}
}

func (s *wakes) drop(subscriber types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, subscriber)
}

// take returns one that is to be woken.
func (s *wakes) take() (types.NamespacedName, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for subscriber := range s.pending {
		delete(s.pending, subscriber)
		return subscriber, true
	}
	return types.NamespacedName{}, false
}

// tell wakes subscribers until the context ends.
func (w *Watcher) tell(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wakes.signal:
		}
		for ctx.Err() == nil {
			subscriber, ok := w.wakes.take()
			if !ok {
				break
			}
			if w.options.Wake != nil {
				w.options.Wake(subscriber)
			}
		}
	}
}
