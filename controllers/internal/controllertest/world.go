// SPDX-License-Identifier: Apache-2.0

package controllertest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/tell/status"
)

// patience is how long a test waits for what must come; it passes as soon as
// it does.
const patience = 2 * time.Minute

// World is the API server as a test sees it, with a namespace of its own.
type World struct {
	testing.TB
	// Client of the administrator, without a cache.
	Client client.Client
	// Namespace of the test.
	Namespace string
}

// NewWorld returns a world with a new namespace, whose name begins so. When the
// test ends, it deletes the objects of the kinds given: those in the namespace,
// and all of a kind that has none.
func NewWorld(tb testing.TB, prefix string, kinds ...client.Object) *World {
	tb.Helper()
	c, err := client.New(controlplanetest.Config(tb), client.Options{Scheme: setup.Scheme()})
	if err != nil {
		tb.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix}}
	w := &World{TB: tb, Client: c}
	w.Create(ns)
	w.Namespace = ns.Name
	tb.Cleanup(func() {
		ctx := context.Background()
		var failed []error
		for _, kind := range kinds {
			failed = append(failed, c.DeleteAllOf(ctx, kind, client.InNamespace(ns.Name)))
		}
		if err := errors.Join(append(failed, c.Delete(ctx, ns))...); err != nil {
			tb.Error(err)
		}
	})
	return w
}

// Must ends the test on an error.
func (w *World) Must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Create creates objects.
func (w *World) Create(objects ...client.Object) {
	w.Helper()
	for _, o := range objects {
		if err := w.Client.Create(w.Context(), o); err != nil {
			w.Fatalf("create %T %s: %v", o, o.GetName(), err)
		}
	}
}

// SetUnit has a namespace belong to a unit.
func (w *World) SetUnit(namespace, unit string) {
	w.Helper()
	Alter(w, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, func(n *corev1.Namespace) {
		n.Labels = map[string]string{v1alpha1.LabelUnit: unit}
	})
}

// Get reads the object that o names; o stays as it is.
func Get[T client.Object](w *World, o T) T {
	w.Helper()
	stored, err := read(w, o)
	if err != nil {
		w.Fatalf("get %T %s: %v", o, o.GetName(), err)
	}
	return stored
}

func read[T client.Object](w *World, o T) (T, error) {
	stored := reflect.New(reflect.TypeFor[T]().Elem()).Interface().(T)
	return stored, w.Client.Get(w.Context(), client.ObjectKeyFromObject(o), stored)
}

// Alter changes the object that o names as its writer would.
func Alter[T client.Object](w *World, o T, change func(T)) {
	w.Helper()
	stored := Get(w, o)
	before := stored.DeepCopyObject().(client.Object)
	change(stored)
	if err := w.Client.Patch(w.Context(), stored, client.MergeFrom(before)); err != nil {
		w.Fatalf("change %T %s: %v", o, o.GetName(), err)
	}
}

// Await waits until nothing is missing; otherwise it ends the test and says
// what was.
func Await(tb testing.TB, missing func() string) {
	tb.Helper()
	if last := poll(tb, missing); last != "" {
		tb.Fatalf("after %s: %s", patience, last)
	}
}

// AwaitThat waits until something holds.
func AwaitThat(tb testing.TB, what string, holds func() bool) {
	tb.Helper()
	Await(tb, func() string {
		if holds() {
			return ""
		}
		return "it did not come to be that " + what
	})
}

// AwaitObject returns the object that o names as soon as it is as wanted; wanted
// returns what is missing.
func AwaitObject[T client.Object](w *World, o T, wanted func(T) string) T {
	w.Helper()
	var stored T
	last := poll(w, func() string {
		var err error
		switch stored, err = read(w, o); {
		case apierrors.IsNotFound(err):
			return "it is not there"
		case err != nil:
			w.Fatalf("get %T %s: %v", o, o.GetName(), err)
		}
		return wanted(stored)
	})
	if last != "" {
		w.Fatalf("after %s %T %s: %s\n%+v", patience, o, o.GetName(), last, stored)
	}
	return stored
}

// poll asks what is missing until it is nothing, or patience ends.
func poll(tb testing.TB, missing func() string) string {
	last := "it was never looked at"
	_ = wait.PollUntilContextTimeout(tb.Context(), 10*time.Millisecond, patience, true, func(context.Context) (bool, error) {
		last = missing()
		return last == "", nil
	})
	return last
}

// AwaitEvent waits for an Event about an object of the test's namespace, or one
// without a namespace.
func (w *World) AwaitEvent(eventType, reason, about string) {
	w.Helper()
	AwaitThat(w, fmt.Sprintf("there is a %s Event %s about %s", eventType, reason, about), func() bool {
		var list eventsv1.EventList
		w.Must(w.Client.List(w.Context(), &list))
		return slices.ContainsFunc(list.Items, func(e eventsv1.Event) bool {
			return e.Type == eventType && e.Reason == reason && e.Regarding.Name == about &&
				(e.Regarding.Namespace == w.Namespace || e.Regarding.Namespace == "")
		})
	})
}

// Condition says what keeps a condition of an object from having a status and a
// reason.
func Condition(o status.Conditioned, conditionType string, value metav1.ConditionStatus, reason string) string {
	c := meta.FindStatusCondition(o.GetConditions(), conditionType)
	if c == nil || c.Status != value || c.Reason != reason {
		return fmt.Sprintf("condition %s is %+v, want %s %s", conditionType, c, value, reason)
	}
	return ""
}
