// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// seen is one event of a watch, and when it came.
type seen[T client.Object] struct {
	at     time.Time
	kind   watch.EventType
	object T
}

// eye watches objects of one kind and keeps all that it saw.
type eye[T client.Object] struct {
	t       *testing.T
	mu      sync.Mutex
	events  []seen[T]
	changed chan struct{}
	broken  string
}

// look begins a watch that lasts until the test ends.
func look[T client.Object](p *plane, list client.ObjectList, options ...client.ListOption) *eye[T] {
	p.t.Helper()
	w, err := p.admin.Watch(p.t.Context(), list, options...)
	if err != nil {
		p.t.Fatalf("watch %T: %v", list, err)
	}
	e := &eye[T]{t: p.t, changed: make(chan struct{})}
	var reader sync.WaitGroup
	reader.Go(func() {
		for event := range w.ResultChan() {
			e.take(event)
		}
	})
	p.t.Cleanup(func() {
		w.Stop()
		reader.Wait()
	})
	return e
}

// lookAtApplications watches those of a namespace; "" means all.
func (p *plane) lookAtApplications(namespace string) *eye[*v1alpha1.Application] {
	p.t.Helper()
	return look[*v1alpha1.Application](p, &v1alpha1.ApplicationList{}, client.InNamespace(namespace))
}

// lookAtUnits watches all units.
func (p *plane) lookAtUnits() *eye[*v1alpha1.OrganisationalUnit] {
	p.t.Helper()
	return look[*v1alpha1.OrganisationalUnit](p, &v1alpha1.OrganisationalUnitList{})
}

func (e *eye[T]) take(event watch.Event) {
	now := time.Now()
	e.mu.Lock()
	defer e.mu.Unlock()
	if o, ok := event.Object.(T); ok {
		e.events = append(e.events, seen[T]{at: now, kind: event.Type, object: o})
	} else {
		e.broken = fmt.Sprintf("%s %v", event.Type, event.Object)
	}
	close(e.changed)
	e.changed = make(chan struct{})
}

// mark is now, for those who want only what comes later.
func (e *eye[T]) mark() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.events)
}

// from returns what was seen since the mark, and a channel that is closed when
// there is more.
func (e *eye[T]) from(mark int) ([]seen[T], <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.broken != "" {
		e.t.Error("the watch broke:", e.broken)
		e.broken = ""
	}
	return e.events[mark:], e.changed
}

// await returns the first event since the mark of which missing says nothing.
func (e *eye[T]) await(mark int, within time.Duration, name, what string, missing func(T) string) seen[T] {
	e.t.Helper()
	late := time.After(within)
	last := "it was not seen at all"
	for {
		events, more := e.from(mark)
		for _, s := range events {
			if s.object.GetName() != name || s.kind == watch.Deleted {
				continue
			}
			if last = missing(s.object); last == "" {
				return s
			}
		}
		select {
		case <-more:
		case <-late:
			e.t.Fatalf("%s is not %s after %s: %s", name, what, within, last)
		}
	}
}

// quiet fails the test if anything is written to the objects of that name ("":
// to any) within a time.
func (e *eye[T]) quiet(mark int, during time.Duration, name string) {
	e.t.Helper()
	over := time.After(during)
	for {
		events, more := e.from(mark)
		for _, s := range events {
			if name == "" || s.object.GetName() == name {
				e.t.Errorf("%s was written although nothing changed (%s, resourceVersion %s): %s",
					s.object.GetName(), s.kind, s.object.GetResourceVersion(), describe(s.object))
			}
		}
		mark += len(events)
		select {
		case <-more:
		case <-over:
			return
		}
	}
}

// latest is what was seen of an object last.
func (e *eye[T]) latest(name string) T {
	e.t.Helper()
	events, _ := e.from(0)
	for i := range events {
		if s := events[len(events)-1-i]; s.object.GetName() == name {
			return s.object
		}
	}
	e.t.Fatalf("%s was never seen", name)
	panic("unreachable")
}

// describe is the state of an object in a line.
func describe(o client.Object) string {
	switch o := o.(type) {
	case *v1alpha1.Application:
		return fmt.Sprintf("%s since %v, cause %+v, endpoints %+v, conditions %+v",
			o.Status.OperationalState, o.Status.Since, o.Status.Cause, o.Status.Endpoints, o.Status.Conditions)
	case *v1alpha1.OrganisationalUnit:
		return fmt.Sprintf("%+v", o.Status)
	default:
		return o.GetName()
	}
}

// is says what is missing until an Application is in a state.
func is(want v1alpha1.OperationalState) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		if a.Status.OperationalState == want {
			return ""
		}
		return describe(a)
	}
}

// unitCounts says what is missing until a unit counts so many Applications, all
// of them Compliant, and so many operational.
func unitCounts(total, operational int32) func(*v1alpha1.OrganisationalUnit) string {
	return func(u *v1alpha1.OrganisationalUnit) string {
		if n := u.Status.Applications; n.Total == total && n.Operational == operational && u.Status.Centralisation.Compliant == total {
			return ""
		}
		return describe(u)
	}
}

// unitIs says what is missing until a unit is in a state.
func unitIs(want v1alpha1.OperationalState) func(*v1alpha1.OrganisationalUnit) string {
	return func(u *v1alpha1.OrganisationalUnit) string {
		if u.Status.OperationalState == want {
			return ""
		}
		return describe(u)
	}
}
