// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/observe"
)

// noon is when tests begin.
var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// at is some seconds after noon.
func at(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}

// cluster stores ConfigMaps as an API server does.
type cluster struct {
	client.Client // nil: nothing else is asked

	mu      sync.Mutex
	stored  map[string]corev1.ConfigMap
	version int
	// down: nothing can be reached. lost: what is written arrives, and the
	// answer gets lost.
	down, lost bool
	writes     []string
}

func newCluster() *cluster { return &cluster{stored: map[string]corev1.ConfigMap{}} }

var configMaps = schema.GroupResource{Resource: "configmaps"}

func (c *cluster) Get(_ context.Context, key client.ObjectKey, o client.Object, _ ...client.GetOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down {
		return errors.New("connection refused")
	}
	found, ok := c.stored[key.Name]
	if !ok {
		return apierrors.NewNotFound(configMaps, key.Name)
	}
	found.DeepCopyInto(o.(*corev1.ConfigMap))
	return nil
}

func (c *cluster) Create(_ context.Context, o client.Object, _ ...client.CreateOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, found := c.stored[o.GetName()]; found {
		return apierrors.NewAlreadyExists(configMaps, o.GetName())
	}
	return c.put(o)
}

func (c *cluster) Update(_ context.Context, o client.Object, _ ...client.UpdateOption) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.stored[o.GetName()]
	switch {
	case !ok:
		return apierrors.NewNotFound(configMaps, o.GetName())
	case found.ResourceVersion != o.GetResourceVersion():
		return apierrors.NewConflict(configMaps, o.GetName(), errors.New("changed"))
	}
	return c.put(o)
}

func (c *cluster) put(o client.Object) error {
	if c.down {
		return errors.New("connection refused")
	}
	c.version++
	o.SetResourceVersion(strconv.Itoa(c.version))
	c.stored[o.GetName()] = *o.(*corev1.ConfigMap).DeepCopy()
	c.writes = append(c.writes, o.GetName())
	if c.lost {
		return errors.New("connection reset")
	}
	return nil
}

// snapshot is a backup; restore brings it back, with other resourceVersions.
func (c *cluster) snapshot() map[string]corev1.ConfigMap {
	c.mu.Lock()
	defer c.mu.Unlock()
	backup := map[string]corev1.ConfigMap{}
	for name, o := range c.stored {
		backup[name] = *o.DeepCopy()
	}
	return backup
}

func (c *cluster) restore(backup map[string]corev1.ConfigMap) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored = backup
}

// beat is the heartbeat as it is stored.
func (c *cluster) beat(t *testing.T) heartbeat.Beat {
	t.Helper()
	var b heartbeat.Beat
	o := c.stored[heartbeat.Name]
	if err := heartbeat.Decode(&o, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// gaps are those that are stored.
func (c *cluster) gaps(t *testing.T) []gap {
	t.Helper()
	o, found := c.stored[heartbeat.GapsName]
	if !found {
		return nil
	}
	var l heartbeat.Gaps
	if err := heartbeat.Decode(&o, &l); err != nil {
		t.Fatal(err)
	}
	return l.Gaps
}

// fakeObserver says what it is told to.
type fakeObserver struct {
	mu        sync.Mutex
	watermark observe.Watermark
	swept     time.Time
	settled   time.Time
	resumed   []observe.Pending
	distrust  []string
	trusted   int
}

func (f *fakeObserver) Watermark() observe.Watermark {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.watermark
}

func (f *fakeObserver) SettleBefore(at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.settled = at
}
func (f *fakeObserver) Resume(s []observe.Pending) { f.resumed = s }
func (f *fakeObserver) Swept() (time.Time, bool)   { return f.swept, !f.swept.IsZero() }
func (f *fakeObserver) Distrust(m string)          { f.distrust = append(f.distrust, m) }
func (f *fakeObserver) Trust()                     { f.trusted++ }

// process is a replica: a ledger with all around it.
type process struct {
	*Ledger
	t        *testing.T
	cluster  *cluster
	clock    *clocktesting.FakeClock
	observer *fakeObserver
	leads    bool
	changed  int
	said     []string
	ahead    time.Duration
}

func newProcess(t *testing.T, c *cluster, identity string, now time.Time) *process {
	t.Helper()
	p := &process{t: t, cluster: c, clock: clocktesting.NewFakeClock(now), observer: &fakeObserver{}}
	p.Ledger = New(Options{
		Client: c, Namespace: "kdz-system", Identity: identity, Observer: p.observer,
		Leads: func() bool { return p.leads }, Changed: func() { p.changed++ },
		Skew:  func() (time.Duration, bool) { return p.ahead, true },
		Clock: p.clock, Logger: p.logger(),
	})
	return p
}

func (p *process) logger() logr.Logger {
	return funcr.New(func(_, args string) { p.said = append(p.said, args) }, funcr.Options{})
}

// lead has it take over.
func (p *process) lead(unchanged bool) {
	p.t.Helper()
	if err := p.Lead(p.t.Context(), unchanged); err != nil {
		p.t.Fatal(err)
	}
	p.leads = true
}

// see lets the time go by, with everything seen and settled until then.
func (p *process) see(until time.Time, streaks ...observe.Pending) {
	p.t.Helper()
	p.clock.SetTime(until)
	p.observer.mu.Lock()
	p.observer.watermark = observe.Watermark{At: until, Pending: streaks}
	p.observer.mu.Unlock()
	p.turn(p.t.Context())
}

// sweep says that everything was looked at.
func (p *process) sweep(at time.Time) { p.observer.swept = at }

func (p *process) wantRecorded(want time.Time) {
	p.t.Helper()
	if got := p.cluster.beat(p.t).Recorded; !got.Equal(want) || !p.Recorded().Equal(want) {
		p.t.Errorf("recorded until %s, and said to be until %s; want %s", got, p.Recorded(), want)
	}
}

func (p *process) wantGaps(want ...availability.Gap) {
	p.t.Helper()
	if got := p.Gaps(); !slices.EqualFunc(got, want, func(a, b availability.Gap) bool {
		return a.From.Equal(b.From) && a.To.Equal(b.To) && a.Whole == b.Whole
	}) {
		p.t.Errorf("gaps are %v, want %v", got, want)
	}
}

var web = types.NamespacedName{Namespace: "amt-33", Name: "portal"}
