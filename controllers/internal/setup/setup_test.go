// SPDX-License-Identifier: Apache-2.0

package setup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
)

// run runs a controller that is added by add, until the test ends. Its manager
// has no API server, and needs none as long as nothing is read from the cache;
// its queue tells done of each request that was handled.
func run(t *testing.T, lead *leadership.Leadership, done chan<- string, add func(*setup.Controller) error) {
	t.Helper()
	newQueue := func(_ string, limiter workqueue.TypedRateLimiter[reconcile.Request]) queue.Queue {
		return &telling{workqueue.NewTypedRateLimitingQueue(limiter), done}
	}
	nowhere := &rest.Config{Host: "https://192.0.2.1"}
	controllertest.Start(t, nowhere, ctrl.Options{}, func(_ context.Context, mgr ctrl.Manager) error {
		return add(&setup.Controller{
			Name: rand.String(8), Workers: 2, Manager: mgr, Leadership: lead,
			Options: controller.Options{NewQueue: newQueue},
		})
	})
}

// telling is a queue that tells which requests were handled.
type telling struct {
	queue.Queue
	done chan<- string
}

func (q *telling) Done(req reconcile.Request) {
	q.Queue.Done(req)
	q.done <- req.Name
}

// unelected is a replica that competes for a lease and has not won it.
func unelected(t *testing.T) *leadership.Leadership {
	t.Helper()
	lead, err := leadership.New(leadership.Options{Lock: &resourcelock.LeaseLock{LockConfig: resourcelock.ResourceLockConfig{Identity: "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	return lead
}

// next returns the next request that was handled.
func next(t *testing.T, done <-chan string) string {
	t.Helper()
	select {
	case name := <-done:
		return name
	case <-time.After(time.Minute):
		t.Fatal("nothing more was handled")
		return ""
	}
}

// asking is a source that asks for objects.
func asking(names ...string) source.Source {
	return source.Func(func(_ context.Context, q queue.Queue) error {
		for _, key := range queue.Named(names...) {
			q.Add(reconcile.Request{NamespacedName: key})
		}
		return nil
	})
}

func TestComplete(t *testing.T) {
	run(t, unelected(t), nil, func(c *setup.Controller) error {
		var o setup.Common
		c.Complete(&o)
		if err := o.Client.Create(t.Context(), &corev1.Namespace{}); !errors.Is(err, leadership.ErrNotLeading) {
			t.Errorf("without the lease it wrote: %v", err)
		}
		if o.Clock != (clock.RealClock{}) || o.Recorder == nil {
			t.Errorf("clock %v, recorder %v", o.Clock, o.Recorder)
		}

		given := setup.Common{
			Client:   client.NewNamespacedClient(o.Client, "a"),
			Clock:    clocktesting.NewFakePassiveClock(o.Clock.Now()),
			Recorder: events.NewFakeRecorder(1),
		}
		o = given
		if c.Complete(&o); o != given {
			t.Errorf("what was given was replaced: %+v", o)
		}
		return nil
	})
}

// TestAdd: all that the watches ask for is reconciled, as many at a time as
// there are workers, and what fails once more.
func TestAdd(t *testing.T) {
	done := make(chan string, 3)
	both, failed := make(chan string), false
	reconciler := reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		if failed {
			return reconcile.Result{}, nil
		}
		// Whoever comes first waits for the other.
		select {
		case both <- req.Name:
			return reconcile.Result{}, nil
		case <-both:
			failed = true
			return reconcile.Result{}, errors.New("refused")
		case <-ctx.Done():
			return reconcile.Result{}, ctx.Err()
		}
	})
	run(t, nil, done, func(c *setup.Controller) error { return c.Add(reconciler, asking("a"), asking("b")) })
	handled := map[string]int{}
	for range 3 {
		handled[next(t, done)]++
	}
	if handled["a"]+handled["b"] != 3 || handled["a"] == 0 || handled["b"] == 0 {
		t.Errorf("handled: %v, want one of them once and the other twice", handled)
	}
}

// TestAddGuards: a replica that does not lead reconciles nothing.
func TestAddGuards(t *testing.T) {
	done := make(chan string, 1)
	reconciler := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		t.Error("it was reconciled")
		return reconcile.Result{}, nil
	})
	run(t, unelected(t), done, func(c *setup.Controller) error { return c.Add(reconciler, asking("a")) })
	next(t, done)
}

// TestAddSaysWhichController: what cannot be set up is named.
func TestAddSaysWhichController(t *testing.T) {
	run(t, nil, nil, func(c *setup.Controller) error {
		c.Options.SkipNameValidation = new(false)
		nothing := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil })
		if err := c.Add(nothing); err != nil {
			return err
		}
		if err := c.Add(nothing); err == nil || !strings.HasPrefix(err.Error(), "set up controller "+c.Name+": ") {
			t.Errorf("the same controller once more: %v", err)
		}
		return nil
	})
}
