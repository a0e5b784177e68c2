// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	os.Exit(controlplanetest.Run(m, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff}))
}

// configMaps is a kind that is always there. Of each the data is kept.
func configMaps() *Kind {
	return &Kind{
		GroupVersionKind: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"},
		Extract: func(u *unstructured.Unstructured) any {
			data, _, err := unstructured.NestedStringMap(u.Object, "data")
			if err != nil || data["panic"] != "" {
				panic("cannot be read")
			}
			return data["state"]
		},
	}
}

// backups is Velero's.
func backups() *Kind {
	return &Kind{
		GroupVersionKind: schema.GroupVersionKind{Group: "velero.io", Version: "v1", Kind: "Backup"},
		Extract: func(u *unstructured.Unstructured) any {
			phase, _, _ := unstructured.NestedString(u.Object, "status", "phase")
			return phase
		},
	}
}

// world is the API server as a test sees it, with a namespace of its own, and a
// watcher of it whose line can be cut.
type world struct {
	*testing.T
	line      *line
	admin     kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string
	clock     *clocktesting.FakeClock
	watcher   *Watcher

	mu    sync.Mutex
	woken map[string]int
	said  []string
}

// newWorld starts a watcher as the administrator, or as a user if one is named.
// At the end of the test the watcher must end, and leave nothing behind.
func newWorld(t *testing.T, user string) *world {
	t.Helper()
	config := controlplanetest.Config(t)
	w := &world{T: t, clock: clocktesting.NewFakeClock(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)), woken: map[string]int{}}
	w.admin, w.dynamic = kubernetes.NewForConfigOrDie(config), dynamic.NewForConfigOrDie(config)
	ns, err := w.admin.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "watched-"}}, metav1.CreateOptions{})
	w.must(err)
	w.namespace = ns.Name
	if user != "" {
		config, err = controlplanetest.Shared(t).AddUser(user)
		w.must(err)
	}
	w.start(config)
	return w
}

func (w *world) start(config *rest.Config) {
	w.Helper()
	before := goleak.IgnoreCurrent()
	w.line = &line{watches: map[string]int{}, conns: map[net.Conn]bool{}}
	config.Dial = w.line.dial
	config.Wrap(func(rt http.RoundTripper) http.RoundTripper { return &counted{rt, w.line} })
	h, err := rest.HTTPClientFor(config)
	w.must(err)
	client, err := dynamic.NewForConfigAndClient(config, h)
	w.must(err)
	d, err := discovery.NewDiscoveryClientForConfigAndClient(config, h)
	w.must(err)
	w.watcher = New(Options{
		Client: client,
		Mapper: restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d)),
		Clock:  w.clock,
		Logger: w.logger(),
		Wake: func(subscriber types.NamespacedName) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.woken[subscriber.Name]++
		},
	})
	ctx, cancel := context.WithCancel(w.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.watcher.Start(ctx) }()
	w.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			w.must(err)
		case <-time.NewTimer(testPatience).C:
			w.Error("the watcher does not end")
		}
		utilnet.CloseIdleConnectionsFor(h.Transport)
		w.line.cut()
		goleak.VerifyNone(w, before)
	})
}

func (w *world) logger() logr.Logger {
	return funcr.New(func(_, args string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.said = append(w.said, args)
	}, funcr.Options{})
}

// says counts how often something was logged.
func (w *world) says(what string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, line := range w.said {
		if strings.Contains(line, what) {
			n++
		}
	}
	return n
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// await waits until something is as it should be, while the clock goes on in
// steps. The condition says what is not yet.
func (w *world) await(step time.Duration, condition func() string) {
	w.Helper()
	var problem string
	err := wait.PollUntilContextTimeout(w.Context(), 10*time.Millisecond, time.Minute, true, func(context.Context) (bool, error) {
		if problem = condition(); problem != "" {
			w.clock.Step(step)
		}
		return problem == "", nil
	})
	if err != nil {
		w.Fatal(problem)
	}
}

// awaitObjects waits until a query is answered by objects, told as name=facts,
// or by a Problem, told as its reason.
func (w *world) awaitObjects(step time.Duration, q Query, want ...string) {
	w.Helper()
	w.await(step, func() string {
		if got := w.ask(q); !slices.Equal(got, want) {
			return fmt.Sprintf("got %q, want %q", got, want)
		}
		return ""
	})
}

// ask returns the answer to a query.
func (w *world) ask(q Query) []string {
	objects, problem := w.watcher.Objects(q)
	if problem != nil {
		return []string{problem.Reason}
	}
	var all []string
	for _, o := range objects {
		all = append(all, fmt.Sprintf("%s=%v", o.Name, o.Facts))
	}
	return all
}

// awaitWoken waits until exactly these were woken since it was asked last.
func (w *world) awaitWoken(want ...string) {
	w.Helper()
	w.await(0, func() string {
		w.mu.Lock()
		defer w.mu.Unlock()
		if got := slices.Sorted(maps.Keys(w.woken)); !slices.Equal(got, want) {
			return fmt.Sprintf("woken: %q, want %q", got, want)
		}
		clear(w.woken)
		return ""
	})
}

// awaitWatches waits until so many watches are open.
func (w *world) awaitWatches(step time.Duration, want int) {
	w.Helper()
	w.await(step, func() string {
		if got := w.line.open(); got != want {
			return fmt.Sprintf("%d watches are open, want %d", got, want)
		}
		return ""
	})
}

// ensure has a subscriber ask for something.
func (w *world) ensure(subscriber string, queries ...Query) {
	w.watcher.Ensure(types.NamespacedName{Namespace: w.namespace, Name: subscriber}, queries)
}

// put creates or changes a ConfigMap.
func (w *world) put(name, state, label string) {
	w.Helper()
	c := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": label}}, Data: map[string]string{"state": state}}
	if state == "panic" {
		c.Data["panic"] = "now"
	}
	_, err := w.admin.CoreV1().ConfigMaps(w.namespace).Update(w.Context(), c, metav1.UpdateOptions{})
	if err != nil {
		_, err = w.admin.CoreV1().ConfigMaps(w.namespace).Create(w.Context(), c, metav1.CreateOptions{})
	}
	w.must(err)
}

func (w *world) remove(name string) {
	w.Helper()
	w.must(w.admin.CoreV1().ConfigMaps(w.namespace).Delete(w.Context(), name, metav1.DeleteOptions{}))
}

func selector(label string) labels.Selector {
	return labels.SelectorFromSet(labels.Set{"app": label})
}

// line is the way to the API server. It can be cut, and counts the watches.
type line struct {
	mu      sync.Mutex
	conns   map[net.Conn]bool
	watches map[string]int
	lists   []string
	dials   int
	down    bool
	// refuse answers requests in place of the API server if it says so.
	refuse func(*http.Request) *http.Response
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	down := l.down
	l.mu.Unlock()
	if down {
		return nil, &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[conn] = true
	l.dials++
	return conn, nil
}

// cut closes all connections and accepts no more.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.conns {
		_ = conn.Close() // whatever it says, nothing passes
	}
	clear(l.conns)
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// open is how many watches are.
func (l *line) open() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, count := range l.watches {
		n += count
	}
	return n
}

// counted counts the watches that are open, and keeps what lists asked.
type counted struct {
	http.RoundTripper
	line *line
}

// WrappedRoundTripper lets idle connections be closed.
func (c *counted) WrappedRoundTripper() http.RoundTripper { return c.RoundTripper }

func (c *counted) RoundTrip(r *http.Request) (*http.Response, error) {
	c.line.mu.Lock()
	refuse, watches := c.line.refuse, r.URL.Query().Has("watch")
	if strings.HasSuffix(r.URL.Path, "/configmaps") && !watches {
		c.line.lists = append(c.line.lists, r.URL.RawQuery)
	}
	c.line.mu.Unlock()
	if refuse != nil {
		if answer := refuse(r); answer != nil {
			return answer, nil
		}
	}
	answer, err := c.RoundTripper.RoundTrip(r)
	if err == nil && watches && answer.StatusCode == http.StatusOK {
		answer.Body = c.line.count(r.URL.Path, answer.Body)
	}
	return answer, err
}

func (l *line) count(path string, body io.ReadCloser) io.ReadCloser {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.watches[path]++
	var once sync.Once
	return &closing{body, func() {
		once.Do(func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.watches[path]--
		})
	}}
}

type closing struct {
	io.ReadCloser
	closed func()
}

func (c *closing) Close() error {
	c.closed()
	return c.ReadCloser.Close()
}
