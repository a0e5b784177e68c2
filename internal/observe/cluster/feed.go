// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"maps"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// feedKey says what a feed is of.
type feedKey struct {
	kind      *Kind
	namespace string
}

// feed is what is kept of a kind in a namespace, and how far it can be trusted.
// The watcher's mutex guards all of it.
type feed struct {
	feedKey
	watcher     *Watcher
	subscribers map[types.NamespacedName][]Query
	objects     map[string]*Object

	unwanted time.Time // since when nobody wants it; zero if somebody does
	follower *follower // that watches; nil if none does

	listed    bool      // a list is complete
	stream    *stream   // that is open
	ready     bool      // both were so, and what is kept is what was seen last
	broken    time.Time // since when no stream is open; zero if one is
	told      bool      // that it has been broken for too long
	denied    *Problem  // that it may not be read
	hindrance string    // why the last request failed
}

// id is the key of an object among those of the feed.
func (f *feed) id(namespace, name string) string {
	if f.namespace != "" {
		return name
	}
	return namespace + "/" + name
}

// trouble is why nothing is known; nil if something is.
func (f *feed) trouble(now time.Time) *Problem {
	if r := f.watcher.resources[f.kind.GroupVersionKind]; r != nil {
		if r.problem != nil {
			return r.problem
		}
		if p := f.misplaced(r); p != nil {
			return p
		}
	}
	switch {
	case f.denied != nil:
		return f.denied
	case !f.ready:
		return awaiting(f.kind, f.namespace, f.hindrance)
	case f.outdated(now):
		return &Problem{observe.ReasonNoRecentResult, fmt.Sprintf("%s has not been seen%s since %s%s.",
			f.kind, place(f.namespace), f.broken.UTC().Format(time.RFC3339), because(f.hindrance))}
	}
	return nil
}

// misplaced is why a kind cannot be looked for in a namespace.
func (f *feed) misplaced(r *resource) *Problem {
	if r.mapping == nil || r.namespaced() || f.namespace == "" {
		return nil
	}
	return &Problem{v1alpha1.ReasonInvalidSpec, fmt.Sprintf("%s has no namespaces; name a kind whose objects are in namespace %s.", f.kind, f.namespace)}
}

// outdated says whether the watch has been broken for too long.
func (f *feed) outdated(now time.Time) bool {
	return !f.broken.IsZero() && now.Sub(f.broken) > patience
}

// replace takes over a complete list.
func (f *feed) replace(list []*Object) {
	before := f.objects
	f.objects = make(map[string]*Object, len(list))
	for _, o := range list {
		id := f.id(o.Namespace, o.Name)
		f.objects[id] = o
		f.changed(before[id], o)
		delete(before, id)
	}
	for o := range maps.Values(before) {
		f.changed(o, nil)
	}
	f.listed = true
	f.settle()
}

// put takes over one object; nil means that there is none, or none that could
// be read.
func (f *feed) put(id string, o *Object) {
	before := f.objects[id]
	if o == nil {
		delete(f.objects, id)
	} else {
		f.objects[id] = o
	}
	f.changed(before, o)
}

// changed wakes those who asked for an object as it was, or as it is.
func (f *feed) changed(before, after *Object) {
	if same(before, after) || !f.ready {
		return // who waits for the first list is woken by that
	}
	for subscriber, queries := range f.subscribers {
		for i := range queries {
			if queries[i].matches(before) || queries[i].matches(after) {
				f.watcher.wakes.add(subscriber)
				break
			}
		}
	}
}

// same says whether two objects are one to those who ask.
func same(a, b *Object) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.UID == b.UID && maps.Equal(a.Labels, b.Labels) && reflect.DeepEqual(a.Facts, b.Facts)
}

// opened says that a watch is open.
func (f *feed) opened(s *stream) {
	f.stream = s
	f.settle()
}

// closed says that a watch is open no more. Another may be meanwhile.
func (f *feed) closed(s *stream) {
	if f.stream != s {
		return
	}
	f.stream = nil
	if f.ready {
		f.broken = f.watcher.options.Clock.Now()
	}
}

// settle looks whether what is kept is complete and followed.
func (f *feed) settle() {
	if !f.listed || f.stream == nil {
		return
	}
	f.served()
	if f.denied != nil || f.told {
		f.watcher.options.Logger.Info("Objects can be read again", "kind", f.kind.String(), "namespace", f.namespace)
	}
	if !f.ready || f.told {
		f.wakeAll()
	}
	f.ready, f.broken, f.told, f.denied, f.hindrance = true, time.Time{}, false, nil, ""
}

// deny says that the feed may not be read. What was read is dropped.
func (f *feed) deny(p *Problem) {
	f.served()
	f.clear()
	if f.denied != nil && *f.denied == *p {
		return
	}
	f.denied = p
	f.watcher.options.Logger.Info("Objects may not be read", "kind", f.kind.String(), "namespace", f.namespace, "problem", p.Message)
	f.wakeAll()
}

// served says that the cluster knows the kind.
func (f *feed) served() {
	if r := f.watcher.resources[f.kind.GroupVersionKind]; r != nil && r.problem != nil {
		r.problem = nil
		f.watcher.options.Logger.Info("The kind is installed now", "kind", f.kind.String())
	}
}

// clear forgets all that was read.
func (f *feed) clear() {
	f.objects = map[string]*Object{}
	f.listed, f.stream, f.ready, f.broken, f.told = false, nil, false, time.Time{}, false
}

// wakeAll wakes all who ask for anything.
func (f *feed) wakeAll() {
	for subscriber := range f.subscribers {
		f.watcher.wakes.add(subscriber)
	}
}
