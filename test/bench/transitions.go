// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/application"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting/systems"
	prometheussource "kdz.mainz.de/operator/internal/observe/prometheus"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// readConfig reads a kubeconfig file. As in the operator, the API server's own
// fairness decides how fast its user may be.
func readConfig(file string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	return config, nil
}

// newManager returns a manager with the operator's cache, that serves nothing.
func newManager(config *rest.Config, options cache.Options) (ctrl.Manager, error) {
	ctrl.SetLogger(logr.Discard())
	return ctrl.NewManager(config, ctrl.Options{
		Scheme: controllers.Scheme(), Cache: options,
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
}

// told is an observer that sees what it was told last.
type told struct {
	mu     sync.RWMutex
	latest map[types.NamespacedName]observe.Observation
}

// Ensure implements application.Observer.
func (*told) Ensure(observe.Subscriber, []observe.Check) {}

// Forget implements application.Observer.
func (*told) Forget(types.NamespacedName) {}

// Observations implements application.Observer.
func (t *told) Observations(key types.NamespacedName) []observe.Observation {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if o, found := t.latest[key]; found {
		return []observe.Observation{o}
	}
	return nil
}

// Settle implements application.Observer.
func (*told) Settle(types.NamespacedName, []observe.Observation) {}

// Seal implements application.Observer.
func (*told) Seal() {}

// tell has all endpoints be up, or down, from now on.
func (t *told) tell(keys []types.NamespacedName, down bool) {
	now := time.Now()
	seen := observe.Observation{Name: "web", State: observe.StateUp, Since: now, CertificateNotAfter: now.AddDate(1, 0, 0)}
	if down {
		seen.State, seen.Step = observe.StateDown, observe.StepConnect
		seen.Reason, seen.Message = "ConnectionRefused", "the connection was refused: 192.0.2.17:443"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		t.latest[key] = seen
	}
}

// empty is a ledger in which nothing stands.
type empty struct{}

// Gaps implements application.Ledger.
func (empty) Gaps() []availability.Gap { return nil }

// Floor implements application.Ledger.
func (empty) Floor(types.NamespacedName, string) time.Time { return time.Time{} }

// Now implements application.Ledger.
func (empty) Now() time.Time { return time.Now() }

// single tells of each transition in an Event of its own, however many there
// are: what a transition costs is to be measured, not what is saved.
type single struct{ recorder events.EventRecorder }

// Transition implements application.Announcer.
func (s single) Transition(app *v1alpha1.Application, _ v1alpha1.OperationalState, warn bool, note string) {
	kind := corev1.EventTypeNormal
	if warn {
		kind = corev1.EventTypeWarning
	}
	s.recorder.Eventf(app, nil, kind, string(app.Status.OperationalState), "Judge", "%s", note)
}

// reconciler is the controller of Applications, whose observer we are.
type reconciler struct {
	scribe   *scribe
	observer *told
	waker    *application.Waker
	down     bool
}

// reconcilerWorker runs the controller. It records what it writes to one
// Application.
func reconcilerWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[transitions](args)
	if err != nil {
		return nil, err
	}
	r := &reconciler{
		scribe:   &scribe{task: &task, specimen: applicationName(task.Count)},
		observer: &told{latest: map[types.NamespacedName]observe.Observation{}},
		waker:    &application.Waker{},
	}
	stars, extras := task.cast()
	r.observer.tell(append(stars, extras...), false)
	if err := r.start(ctx, &task); err != nil {
		return nil, err
	}
	r.scribe.record(phaseFirst)
	all := int64(len(stars) + len(extras))
	if err := r.scribe.await(ctx, all, all, 0); err != nil {
		return nil, fmt.Errorf("first judgement: %w", err)
	}
	for _, phase := range []string{phaseDown, phaseUp} {
		r.scribe.record(phase)
		if _, err := r.flip(ctx, extras); err != nil {
			return nil, fmt.Errorf("rehearse %s: %w", phase, err)
		}
	}
	r.scribe.record("")
	return func(ctx context.Context, _ time.Duration) (*sample, error) { return r.flip(ctx, stars) }, nil
}

// cast returns those that are counted, and those to rehearse with.
func (t *transitions) cast() (stars, extras []types.NamespacedName) {
	for n := range t.Count + rehearsed {
		key := types.NamespacedName{Namespace: t.Namespace, Name: applicationName(n)}
		if n < t.Count {
			stars = append(stars, key)
		} else {
			extras = append(extras, key)
		}
	}
	return stars, extras
}

// start starts a manager with the controller as the operator has it, which sees
// one namespace only.
func (r *reconciler) start(ctx context.Context, task *transitions) error {
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return err
	}
	config.Wrap(r.scribe.wrap)
	options := controllers.CacheOptions()
	options.DefaultNamespaces = map[string]cache.Config{task.Namespace: {}}
	mgr, err := newManager(config, options)
	if err != nil {
		return err
	}
	if err := controllers.AddIndexes(ctx, mgr.GetFieldIndexer()); err != nil {
		return err
	}
	numbers, err := metrics.NewApplications(prometheus.NewRegistry())
	if err != nil {
		return err
	}
	recorder := mgr.GetEventRecorder("kdz-operator")
	prober := endpoint.NewFactory(endpoint.Options{
		Egress: endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil),
	})
	// It is never started: nobody asks it for anything.
	objects := cluster.New(cluster.Options{})
	err = (&application.Reconciler{
		Client: mgr.GetClient(), APIReader: mgr.GetAPIReader(), Observer: r.observer,
		Ledger: empty{}, Announcer: single{recorder},
		Prober: prober, Indicators: prometheussource.NewSource(prometheussource.Options{Dial: prober.Dial}),
		Hosting: systems.NewFactory(systems.Options{Endpoints: prober, Watcher: objects}), Cluster: objects,
		Recorder: recorder, Metrics: numbers, Clock: clock.RealClock{},
	}).SetupWithManager(ctx, mgr, r.waker, nil, inFlight)
	if err != nil {
		return err
	}
	go func() {
		// Then nothing is written, which is noticed.
		_ = mgr.Start(ctx)
	}()
	return nil
}

// flip has Applications change, and waits until all is written.
func (r *reconciler) flip(ctx context.Context, keys []types.NamespacedName) (*sample, error) {
	accounts, patches, events, refused := r.scribe.accounts.Load(), r.scribe.patches.Load(), r.scribe.events.Load(), r.scribe.refused.Load()
	began := time.Now()
	r.down = !r.down
	r.observer.tell(keys, r.down)
	for _, key := range keys {
		r.waker.Wake(key)
	}
	n := int64(len(keys))
	err := r.scribe.await(ctx, accounts+n, patches+n, events+n)
	return &sample{
		Operations: n, Wall: time.Since(began),
		Values: map[string]float64{
			accountWrites: float64(r.scribe.accounts.Load() - accounts),
			statusPatches: float64(r.scribe.patches.Load() - patches),
			eventWrites:   float64(r.scribe.events.Load() - events),
			conflicts:     float64(r.scribe.refused.Load() - refused),
		},
	}, err
}
