// SPDX-License-Identifier: Apache-2.0

package leadership

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}))
}

// stalling is a lock whose renewals hang while it is told to.
type stalling struct {
	resourcelock.Interface
	gate sync.RWMutex
}

func (s *stalling) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.Interface.Get(ctx)
}

func (s *stalling) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	return s.Interface.Update(ctx, record)
}

// writer is a replica that writes, without pause, how often it has led.
type writer struct {
	leadership *Leadership
	lock       *stalling
	reader     client.Client
	client     client.Client
	identity   string
	object     client.ObjectKey

	mu    sync.Mutex
	terms int
	// refused and written are how often.
	refused, written int
}

// term numbers what is written, in order, whoever writes it: Lead reads the
// last number and adds one.
func (w *writer) lead(ctx context.Context, _ bool) error {
	var o corev1.ConfigMap
	if err := w.reader.Get(ctx, w.object, &o); err != nil {
		return err
	}
	last, err := strconv.Atoi(o.Data["term"])
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.terms = last + 1
	return nil
}

// write writes the term without asking whether another has changed it, so that
// nothing but the gate keeps a stale write away.
func (w *writer) write(ctx context.Context) {
	o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.object.Namespace, Name: w.object.Name}}
	err := w.client.Patch(ctx, o, w)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err == nil:
		w.written++
	case errors.Is(err, ErrNotLeading):
		w.refused++
	}
}

// Type implements client.Patch.
func (w *writer) Type() types.PatchType { return types.MergePatchType }

// Data implements client.Patch. It is called when the write has passed the gate.
func (w *writer) Data(client.Object) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Appendf(nil, `{"data":{"term":"%d","by":%q}}`, w.terms, w.identity), nil
}

func (w *writer) counts() (written, refused int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written, w.refused
}

func (w *writer) run(ctx context.Context) {
	for ctx.Err() == nil {
		w.write(ctx)
	}
}

// Two replicas write against each other on a real API server. The one that leads
// stalls, the other leads, and in all that was stored no write of the first
// follows one of the second, until the first leads again.
func TestStaleWritesNeverArrive(t *testing.T) {
	config := controlplanetest.Config(t)
	config.QPS = -1
	c, err := client.NewWithWatch(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	object := client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "terms"}
	o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: object.Name}, Data: map[string]string{"term": "0"}}
	if err := c.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	changes, err := c.Watch(t.Context(), &corev1.ConfigMapList{}, client.InNamespace(object.Namespace), client.MatchingFields{"metadata.name": object.Name})
	if err != nil {
		t.Fatal(err)
	}
	defer changes.Stop()

	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	start := func(identity string) *writer {
		w := &writer{identity: identity, object: object, reader: c}
		w.lock = &stalling{Interface: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: object.Namespace, Name: "writers"}, Client: clients.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: identity},
		}}
		w.leadership, err = New(Options{
			Lock: w.lock, Lead: w.lead,
			LeaseDuration: 2 * time.Second, RenewDeadline: 1200 * time.Millisecond, RetryPeriod: 200 * time.Millisecond,
		})
		if err != nil {
			t.Fatal(err)
		}
		w.client = w.leadership.Client(c)
		running.Go(func() {
			if err := w.leadership.Start(ctx); err != nil {
				t.Error(identity, err)
			}
		})
		running.Go(func() { w.run(ctx) })
		return w
	}
	await := func(what string, done func() bool) {
		t.Helper()
		err := wait.PollUntilContextTimeout(t.Context(), 5*time.Millisecond, 20*time.Second, true, func(context.Context) (bool, error) { return done(), nil })
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	first := start("first")
	await("the first leads", first.leadership.Leads)
	second := start("second")
	for leader, other := first, second; ; leader, other = other, leader {
		before, _ := other.counts()
		leader.lock.gate.Lock()
		await("the other writes", func() bool { n, _ := other.counts(); return n > before+20 })
		leader.lock.gate.Unlock()
		if leader == second {
			break
		}
	}
	cancel()
	running.Wait()
	last, err := clients.CoordinationV1().Leases(object.Namespace).Get(t.Context(), "writers", metav1.GetOptions{})
	if err != nil || *last.Spec.HolderIdentity != "" {
		t.Errorf("the lease was not given back: %+v, %v", last.Spec, err)
	}

	// The end of what was stored.
	if err := c.Delete(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	highest, stale, seen := 0, 0, 0
	for change := range changes.ResultChan() {
		if change.Type == "DELETED" {
			break
		}
		term, err := strconv.Atoi(change.Object.(*corev1.ConfigMap).Data["term"])
		if err != nil {
			t.Fatal(err)
		}
		if seen++; term < highest {
			stale++
		}
		highest = max(highest, term)
	}
	if stale > 0 || highest != 3 {
		t.Errorf("%d stale writes among %d that changed something; the last term is %d", stale, seen, highest)
	}
	for _, w := range []*writer{first, second} {
		if written, refused := w.counts(); written == 0 || refused == 0 {
			t.Errorf("%s wrote %d times and was refused %d times", w.identity, written, refused)
		}
	}
}
