// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
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
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/queue"
)

// newController returns a controller whose manager has no API server, and whose
// queue tells done of each request that was handled. It needs no more than
// that as long as nothing is read from the cache.
func newController(t *testing.T, lead *leadership.Leadership, done chan<- string) Controller {
	t.Helper()
	mgr, err := ctrl.NewManager(&rest.Config{Host: "https://192.0.2.1"}, ctrl.Options{
		Logger: logr.Discard(), Metrics: metricsserver.Options{BindAddress: "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	newQueue := func(_ string, limiter workqueue.TypedRateLimiter[reconcile.Request]) queue.Queue {
		return &telling{workqueue.NewTypedRateLimitingQueue(limiter), done}
	}
	return Controller{
		Name: rand.String(8), Workers: 2, Manager: mgr, Leadership: lead,
		Options: controller.Options{NewQueue: newQueue},
	}
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

// start runs the controller's manager until the test ends.
func start(t *testing.T, c *Controller) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Manager.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
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
	c := newController(t, unelected(t), nil)
	var o Common
	c.Complete(&o)
	if err := o.Client.Create(t.Context(), &corev1.Namespace{}); !errors.Is(err, leadership.ErrNotLeading) {
		t.Errorf("without the lease it wrote: %v", err)
	}
	if o.Clock != (clock.RealClock{}) || o.Recorder == nil {
		t.Errorf("clock %v, recorder %v", o.Clock, o.Recorder)
	}

	given := Common{
		Client:   client.NewNamespacedClient(o.Client, "a"),
		Clock:    clocktesting.NewFakePassiveClock(o.Clock.Now()),
		Recorder: events.NewFakeRecorder(1),
	}
	o = given
	if c.Complete(&o); o != given {
		t.Errorf("what was given was replaced: %+v", o)
	}
}

// TestAdd: all that the watches ask for is reconciled, as many at a time as
// there are workers, and what fails once more.
func TestAdd(t *testing.T) {
	done := make(chan string, 3)
	c := newController(t, nil, done)
	both, failed := make(chan string), false
	err := c.Add(reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
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
	}), asking("a"), asking("b"))
	if err != nil {
		t.Fatal(err)
	}
	start(t, &c)
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
	c := newController(t, unelected(t), done)
	err := c.Add(reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
		t.Error("it was reconciled")
		return reconcile.Result{}, nil
	}), asking("a"))
	if err != nil {
		t.Fatal(err)
	}
	start(t, &c)
	next(t, done)
}

// TestAddSaysWhichController: what cannot be set up is named.
func TestAddSaysWhichController(t *testing.T) {
	c := newController(t, nil, nil)
	nothing := reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return reconcile.Result{}, nil })
	if err := c.Add(nothing); err != nil {
		t.Fatal(err)
	}
	if err := c.Add(nothing); err == nil || !strings.HasPrefix(err.Error(), "set up controller "+c.Name+": ") {
		t.Errorf("the same controller once more: %v", err)
	}
}
