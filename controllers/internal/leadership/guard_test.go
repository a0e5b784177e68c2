// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/controllers/internal/queue"
)

// workload is a guarded controller with its queue. Each object is asked for
// again and again, and is to be written after it was asked for last.
type workload struct {
	guarded *Guarded
	queue   queue.Queue

	mu sync.Mutex
	// asked and written are by object: how often it was asked for, and as of
	// which of these it was written. looked is as of which inner saw it.
	asked, written, looked map[int]int
}

func newWorkload(l *Leadership, following bool) *workload {
	w := &workload{
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Millisecond, time.Second)),
		asked: map[int]int{}, written: map[int]int{}, looked: map[int]int{},
	}
	w.guarded = l.Guard(reconcile.Func(func(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		n, err := strconv.Atoi(req.Name)
		if err != nil {
			return reconcile.Result{}, err
		}
		w.looked[n] = w.asked[n]
		err = l.write(ctx, func(context.Context) error {
			w.written[n] = w.asked[n]
			return nil
		})
		if err != nil {
			return reconcile.Result{}, fmt.Errorf("write: %w", err)
		}
		return reconcile.Result{}, nil
	}), following)
	_ = w.guarded.Source().Start(context.Background(), w.queue)
	return w
}

// request has an object reconciled.
func (w *workload) request(t interface{ Fatal(...any) }, n int) {
	w.mu.Lock()
	w.asked[n]++
	w.mu.Unlock()
	w.queue.Add(named(n))
	w.drain(t)
}

func named(n int) reconcile.Request {
	var req reconcile.Request
	req.Name = strconv.Itoa(n)
	return req
}

// drain reconciles all that is in the queue.
func (w *workload) drain(t interface{ Fatal(...any) }) {
	for w.queue.Len() > 0 {
		w.one(t)
	}
}

func (w *workload) one(t interface{ Fatal(...any) }) {
	req, _ := w.queue.Get()
	defer w.queue.Done(req)
	if _, err := w.guarded.Reconcile(context.Background(), req); err != nil {
		t.Fatal(err)
	}
}

// held returns a Leadership that the test wins and loses the lease for.
func held(t interface{ Fatal(...any) }) (*Leadership, *clocktesting.FakeClock) {
	clock := clocktesting.NewFakeClock(time.Now())
	l, err := New(Options{Lock: newLock(&memoryLease{}, "a"), Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	return l, clock
}

// win has the lease renewed, or won, and taken over.
func win(l *Leadership, transitions int) {
	l.wrote(l.o.Clock.Now(), "a", term{transitions: transitions})
	select {
	case <-l.won:
		l.lead(context.Background())
	default:
	}
}

// Whatever the order of requests and of leaders: each object is written as of
// when it was asked for last, and what is to be done on every replica is done at
// once.
func TestNothingThatIsRememberedIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, clock := held(t)
		following := rapid.Bool().Draw(t, "following")
		w := newWorkload(l, following)
		transitions := 0
		t.Repeat(map[string]func(*rapid.T){
			"request": func(t *rapid.T) {
				n := rapid.IntRange(0, 4).Draw(t, "object")
				leads := l.Leads()
				w.request(t, n)
				if leads && w.written[n] != w.asked[n] {
					t.Fatalf("object %d was not written though this replica leads", n)
				}
				if following && w.looked[n] != w.asked[n] {
					t.Fatalf("object %d was not looked at though every replica has to", n)
				}
				if !leads && !following && w.looked[n] == w.asked[n] {
					t.Fatalf("object %d was looked at for nothing", n)
				}
			},
			"renewed": func(*rapid.T) { win(l, transitions) },
			"another led": func(*rapid.T) {
				transitions += 2
				win(l, transitions)
			},
			"lost": func(*rapid.T) { l.lose("test") },
			"late": func(t *rapid.T) {
				clock.Step(time.Duration(rapid.IntRange(1, 20).Draw(t, "seconds")) * time.Second)
			},
			"": func(t *rapid.T) {
				if missing := w.complete(); missing != "" && l.Leads() && w.queue.Len() == 0 {
					t.Fatal(missing)
				}
			},
		})
		win(l, transitions)
		w.drain(t)
		if missing := w.complete(); missing != "" {
			t.Fatal(missing)
		}
		w.queue.ShutDown()
	})
}

// complete says what is missing, "" if nothing is.
func (w *workload) complete() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for n, asked := range w.asked {
		if w.written[n] != asked {
			return fmt.Sprintf("object %d was asked for %d times and written as of %d", n, asked, w.written[n])
		}
	}
	return ""
}

// The same while everything happens at once.
func TestNothingIsLostAtOnce(t *testing.T) {
	l, _ := held(t)
	w := newWorkload(l, false)
	var asking, working sync.WaitGroup
	for i := range 4 {
		asking.Go(func() {
			for n := range 2000 {
				w.mu.Lock()
				w.asked[n%50+50*i]++
				w.mu.Unlock()
				w.queue.Add(named(n%50 + 50*i))
			}
		})
		working.Go(func() {
			for {
				req, ended := w.queue.Get()
				if ended {
					return
				}
				if _, err := w.guarded.Reconcile(t.Context(), req); err != nil {
					t.Error(err)
				}
				w.queue.Done(req)
			}
		})
	}
	asking.Go(func() {
		for transitions := range 500 {
			win(l, transitions)
			l.lose("test")
		}
	})
	asking.Wait()
	win(l, 1000)
	err := wait.PollUntilContextTimeout(t.Context(), time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) {
		return w.complete() == "", nil
	})
	if err != nil {
		t.Error(w.complete())
	}
	w.queue.ShutDown()
	working.Wait()
}

// What inner says beside the refusal holds, and so do its own errors.
func TestResultsPassTheGuard(t *testing.T) {
	l, _ := held(t)
	want := reconcile.Result{RequeueAfter: time.Minute}
	failure := fmt.Errorf("refused: %w", ErrNotLeading)
	g := l.Guard(reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) { return want, failure }), true)
	if got, err := g.Reconcile(t.Context(), named(1)); got != want || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	failure = context.DeadlineExceeded
	if _, err := g.Reconcile(t.Context(), named(1)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
