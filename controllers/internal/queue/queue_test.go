// SPDX-License-Identifier: Apache-2.0

package queue

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/controllers/internal/pace"
)

// recorder is a queue that writes down what is added to it.
type recorder struct {
	Queue
	added []string
}

func (r *recorder) Add(req reconcile.Request) { r.added = append(r.added, req.String()) }

func (r *recorder) AddAfter(req reconcile.Request, after time.Duration) {
	r.added = append(r.added, fmt.Sprint(req, " after ", after))
}

// prioritised is a queue that also writes down what is to wait for others.
type prioritised struct {
	recorder
}

func (p *prioritised) AddWithOpts(o priorityqueue.AddOpts, requests ...reconcile.Request) {
	for _, req := range requests {
		p.added = append(p.added, fmt.Sprint(req, " at ", *o.Priority))
	}
}

func (p *prioritised) GetWithPriority() (reconcile.Request, int, bool) {
	return reconcile.Request{}, 0, true
}

func TestFeed(t *testing.T) {
	type namespace = *corev1.Namespace
	named := func(name string) namespace { return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}} }
	var got []string
	note := func(what string) func(namespace, Queue) {
		return func(n namespace, _ Queue) { got = append(got, what+" "+n.Name) }
	}
	h, q := Feed(note("set"), note("remove")), &recorder{}
	h.Create(t.Context(), event.TypedCreateEvent[namespace]{Object: named("created"), IsInInitialList: true}, q)
	h.Update(t.Context(), event.TypedUpdateEvent[namespace]{ObjectOld: named("old"), ObjectNew: named("new")}, q)
	h.Delete(t.Context(), event.TypedDeleteEvent[namespace]{Object: named("deleted")}, q)
	h.Generic(t.Context(), event.TypedGenericEvent[namespace]{Object: named("other")}, q)
	if diff := cmp.Diff([]string{"set created", "set new", "remove deleted", "set other"}, got); diff != "" {
		t.Errorf("fed (-want +got):\n%s", diff)
	}
}

// TestAtPace: what is queued is not queued again before it was reconciled, and
// what was just written waits for longer.
func TestAtPace(t *testing.T) {
	limits := pace.Limits{Settle: time.Second, Burst: 1, Spacing: time.Minute}
	p := pace.New(clocktesting.NewFakePassiveClock(time.Now()), limits)
	q := &recorder{}
	project := types.NamespacedName{Namespace: "amt-10", Name: "dms"}
	AtPace(q, p, append(Named("gold", "silver", "gold"), project)...)
	AtPace(q, p, Named("gold")...)
	p.Begin(project)
	p.Wrote(project)
	AtPace(q, p, project)
	want := []string{"/gold after 1s", "/silver after 1s", "amt-10/dms after 1s", "amt-10/dms after 1m0s"}
	if diff := cmp.Diff(want, q.added); diff != "" {
		t.Errorf("added (-want +got):\n%s", diff)
	}
}

func TestBehind(t *testing.T) {
	requests := []reconcile.Request{{NamespacedName: types.NamespacedName{Name: "a"}}, {NamespacedName: types.NamespacedName{Name: "b"}}}
	plain, p := &recorder{}, &prioritised{}
	Behind(plain, requests...)
	Behind(p, requests...)
	if diff := cmp.Diff([]string{"/a", "/b"}, plain.added); diff != "" {
		t.Errorf("added to a queue without priorities (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"/a at -100", "/b at -100"}, p.added); diff != "" {
		t.Errorf("added to a queue with priorities (-want +got):\n%s", diff)
	}
}

func TestRefused(t *testing.T) {
	units := schema.GroupResource{Group: "kdz.mainz.de", Resource: "organisationalunits"}
	down := errors.New("connection refused")
	tests := map[string]struct {
		err   error
		after time.Duration
		fails error
	}{
		"another hand was faster": {err: apierrors.NewConflict(units, "kdz-16", errors.New("changed")), after: time.Second},
		"it is gone":              {err: apierrors.NewNotFound(units, "kdz-16")},
		"anything else":           {err: down, fails: down},
		"a wrapped conflict":      {err: fmt.Errorf("patch: %w", apierrors.NewConflict(units, "kdz-16", errors.New("changed"))), after: time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			result, err := Refused(tc.err, time.Second, "write status of unit")
			if want := (ctrl.Result{RequeueAfter: tc.after}); result != want || !errors.Is(err, tc.fails) {
				t.Errorf("%+v, %v; want %+v, %v", result, err, want, tc.fails)
			}
			if err != nil && err.Error() != "write status of unit: connection refused" {
				t.Errorf("error %q", err)
			}
		})
	}
}
