// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// stream is a watch that is open. Of each object it passes on what is kept.
type stream struct {
	from watch.Interface
	to   chan watch.Event
	done chan struct{}
	stop sync.Once
}

// open passes a watch on, and tells the feed of it and of its end.
func (l *follower) open(from watch.Interface) *stream {
	s := &stream{from: from, to: make(chan watch.Event), done: make(chan struct{})}
	l.do(func() { l.opened(s) })
	l.watcher.running.Go(func() {
		defer close(s.to)
		defer l.do(func() { l.closed(s) })
		defer from.Stop()
		for event := range from.ResultChan() {
			event.Object = l.pass(event)
			select {
			case s.to <- event:
			case <-s.done:
				return
			}
		}
	})
	return s
}

// pass returns what is passed on of an event.
func (l *follower) pass(event watch.Event) runtime.Object {
	u, ok := event.Object.(*unstructured.Unstructured)
	if !ok {
		return event.Object // why the watch ends
	}
	if event.Type == watch.Added || event.Type == watch.Modified {
		return l.keep(u)
	}
	m := &item{}
	m.Namespace, m.Name, m.ResourceVersion, m.Annotations = u.GetNamespace(), u.GetName(), u.GetResourceVersion(), u.GetAnnotations()
	return m
}

// Stop implements watch.Interface.
func (s *stream) Stop() {
	s.stop.Do(func() {
		close(s.done)
		s.from.Stop()
	})
}

// ResultChan implements watch.Interface.
func (s *stream) ResultChan() <-chan watch.Event { return s.to }

// brief is what a message says of an error.
func brief(err error) string { return endpoint.Printable(err.Error(), maxCause) }

// maxCause bounds it, in bytes.
const maxCause = 100
