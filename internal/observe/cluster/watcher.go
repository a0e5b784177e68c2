// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// grace is for how long objects are watched that nobody wants any more: who
	// declares anew soon wants them again.
	grace = time.Minute
	// patience is for how long a watch may be broken before what is kept counts
	// as too old.
	patience = time.Minute
	// tick is how often to look whether one of these is over.
	tick = 5 * time.Second
	// requests is how many may wait for the API server's answer at once. More
	// would open a connection each at the start, before the first can be shared.
	requests = 16
)

// Options of a Watcher.
type Options struct {
	// Client lists and watches. Required.
	Client dynamic.Interface
	// Mapper finds the resource of a kind. If it can be reset, as
	// restmapper.DeferredDiscoveryRESTMapper can, it is before a kind counts as
	// not installed. One that asks anew by itself, as the manager's does, serves
	// as well. Required.
	Mapper meta.RESTMapper
	// Clock tells for how long a watch is broken and when to try again; nil means
	// the system's.
	Clock clock.WithTicker
	// Logger is told what cannot be read, once, and when it can be again.
	Logger logr.Logger
	// Wake is called, one call at a time and outside of all locks, when Objects
	// would answer one of a subscriber's queries differently: an object came,
	// changed or went, or a Problem did. Subscribers for whom that happens again
	// while Wake is busy are told once. Nil means nobody listens.
	Wake func(types.NamespacedName)
}

// Watcher keeps what its subscribers ask for of the cluster. All methods may be
// called at any time and from any goroutine.
type Watcher struct {
	options Options
	mapper  meta.RESTMapperWithContext
	started atomic.Bool
	kick    chan struct{} // the loop has to look again
	running sync.WaitGroup
	slots   chan struct{} // taken by each request that waits for its answer

	mu          sync.RWMutex
	feeds       map[feedKey]*feed
	subscribers map[types.NamespacedName][]feedKey
	resources   map[schema.GroupVersionKind]*resource
	wakes       wakes
}

// New returns a Watcher that watches nothing before Start.
func New(options Options) *Watcher {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	return &Watcher{
		options:     options,
		mapper:      meta.ToRESTMapperWithContext(options.Mapper),
		kick:        make(chan struct{}, 1),
		slots:       make(chan struct{}, requests),
		feeds:       map[feedKey]*feed{},
		subscribers: map[types.NamespacedName][]feedKey{},
		resources:   map[schema.GroupVersionKind]*resource{},
		wakes:       wakes{pending: map[types.NamespacedName]bool{}, signal: make(chan struct{}, 1)},
	}
}

// errStarted is what Start returns the second time.
var errStarted = errors.New("cluster: the watcher was already started")

// Start watches until ctx is done, and returns when everything that it started
// has ended. It can be called once. It is a manager.Runnable.
func (w *Watcher) Start(ctx context.Context) error {
	if !w.started.CompareAndSwap(false, true) {
		return errStarted
	}
	ctx, cancel := context.WithCancel(ctx)
	defer w.running.Wait()
	defer cancel()
	w.running.Go(func() { w.tell(ctx) })
	w.loop(ctx)
	return nil
}

// NeedLeaderElection reports false: every replica watches, so that a new leader
// knows how things are.
func (w *Watcher) NeedLeaderElection() bool { return false }

// Ensure makes the subscriber's queries those given. It is cheap when nothing
// changed, does no I/O and starts no goroutine.
func (w *Watcher) Ensure(subscriber types.NamespacedName, queries []Query) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wanted := map[feedKey][]Query{}
	for _, q := range queries {
		key := feedKey{q.Kind, q.Namespace}
		wanted[key] = append(wanted[key], q)
	}
	for _, key := range w.subscribers[subscriber] {
		if _, ok := wanted[key]; !ok {
			w.leave(subscriber, key)
		}
	}
	if len(wanted) == 0 {
		delete(w.subscribers, subscriber)
		return
	}
	keys := make([]feedKey, 0, len(wanted))
	for key, queries := range wanted {
		keys = append(keys, key)
		w.join(subscriber, key, queries)
	}
	w.subscribers[subscriber] = keys
}

// Forget ends all queries of the subscriber, who is not woken any more.
func (w *Watcher) Forget(subscriber types.NamespacedName) {
	w.Ensure(subscriber, nil)
	w.wakes.drop(subscriber)
}

// enter waits until a request may be sent; false means that the context ended
// first.
func (w *Watcher) enter(ctx context.Context) bool {
	select {
	case w.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// exit says that a request was answered.
func (w *Watcher) exit() { <-w.slots }

// join has a subscriber want objects of a feed.
func (w *Watcher) join(subscriber types.NamespacedName, key feedKey, queries []Query) {
	f := w.feeds[key]
	if f == nil {
		f = &feed{watcher: w, feedKey: key, subscribers: map[types.NamespacedName][]Query{}, objects: map[string]*Object{}}
		w.feeds[key] = f
		w.again()
	}
	f.subscribers[subscriber], f.unwanted = queries, time.Time{}
}

// leave has a subscriber want nothing of a feed any more.
func (w *Watcher) leave(subscriber types.NamespacedName, key feedKey) {
	f := w.feeds[key]
	delete(f.subscribers, subscriber)
	if len(f.subscribers) == 0 {
		f.unwanted = w.options.Clock.Now()
	}
}

// Objects returns those that a query of a subscriber asks for, sorted by name
// (and namespace, where it asks for the whole cluster), or why nothing is known
// of them. It reads what is kept, and so never waits for the cluster. Nobody
// changes the objects; the slice is the caller's.
func (w *Watcher) Objects(q Query) ([]*Object, *Problem) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	f := w.feeds[feedKey{q.Kind, q.Namespace}]
	if f == nil {
		return nil, awaiting(q.Kind, q.Namespace, "")
	}
	if p := f.trouble(w.options.Clock.Now()); p != nil {
		return nil, p
	}
	if q.Name != "" && q.Namespace != "" {
		if o := f.objects[q.Name]; o != nil {
			return []*Object{o}, nil
		}
		return nil, nil
	}
	var found []*Object
	for _, o := range f.objects {
		if q.matches(o) {
			found = append(found, o)
		}
	}
	slices.SortFunc(found, func(a, b *Object) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.Namespace, b.Namespace)
	})
	return found, nil
}

// awaiting is the Problem of who asks too early.
func awaiting(k *Kind, namespace, hindrance string) *Problem {
	return &Problem{v1alpha1.ReasonAwaitingFirstResult, k.String() + " has not been listed" + place(namespace) + " yet" + because(hindrance) + "."}
}

// place says where.
func place(namespace string) string {
	if namespace == "" {
		return " in the cluster"
	}
	return " in namespace " + namespace
}

// because says why, if that is known.
func because(hindrance string) string {
	if hindrance == "" {
		return ""
	}
	return ": " + hindrance
}
