// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
)

// cacheRounds are few, since memory varies little.
const cacheRounds = 3

var cacheRow = row{
	name: "cache",
	about: fmt.Sprintf(`Memory of a cached Application: live heap after garbage collection with %d Applications as the
operator leaves them, and with the account of each at its full length (32 outages, 13 periods), without that of the same
process with none, divided by their number. Ours is the cache of the operator's manager with all kinds that it watches and all
indexes of its controllers, which do not run; the limit is a cache of controller-runtime that holds Applications and accounts
only, without their managedFields. At the start: the operator's own binary, of
which the most resident memory until it is at rest (VmHWM) is compared with the median in the minute after.`, fleetSize),
	measure: measureCache,
}

func measureCache(ctx context.Context, b *bench) (lines []line, err error) {
	defer func() { err = errors.Join(err, b.dropFleet()) }()
	r, err := b.fleetAtRest(ctx)
	if err != nil {
		return nil, err
	}
	f := b.fleet
	b.say("cache: filling the accounts of %d Applications", f.size)
	if err := f.fillHistories(ctx); err != nil {
		return nil, fmt.Errorf("full histories: %w", err)
	}
	c := comparison{
		what:   "cache: memory of an Application",
		ours:   side{leg: cacheLeg(f, true)},
		theirs: side{"bare cache", cacheLeg(f, false)},
		figure: figure{func(s *sample) float64 { return s.Values[perApplication] }, size},
		goal:   atMost(1.3),
	}
	t, err := b.takeTurns(ctx, c, min(b.rounds, cacheRounds))
	if err != nil {
		return nil, err
	}
	peak := absolute("start: peak of resident memory", r.startPeak/r.rss, func(v float64) string { return number(v) + " ×" },
		fmt.Sprintf("%s at the start, %s at rest", mebibytes(r.startPeak), mebibytes(r.rss)), atMost(1.3))
	return []line{
		t.line(c), peak,
		absolute("start: until all are reconciled", r.reconciled.Seconds(), seconds, fmt.Sprintf("%d Applications", f.size), goal{}),
		absolute("start: until all are judged for the first time", r.first.Seconds(), seconds,
			fmt.Sprintf("%d Applications, created in %s; %s writes each", f.size, short(f.created), number(r.firstWrites)), goal{}),
	}, nil
}

// perApplication is the name of the value of a sample.
const perApplication = "bytes"

// caches is what the worker "cache" is told.
type caches struct {
	// Kubeconfig is a file that says who it is.
	Kubeconfig string
	// Ours: the operator's cache.
	Ours bool
	// Empty: no object is selected.
	Empty bool
}

// cacheLeg has one cache filled, and one of the same kind left empty.
func cacheLeg(f *fleet, ours bool) leg {
	heap := func(ctx context.Context, empty bool) (float64, error) {
		c, err := begin(ctx, "cache", caches{Kubeconfig: f.operatorConfig, Ours: ours, Empty: empty})
		if err != nil {
			return 0, err
		}
		got, err := c.window(0)
		if err != nil {
			return 0, err
		}
		return got.Values[perApplication], c.end()
	}
	return func(ctx context.Context) (*sample, error) {
		none, err := heap(ctx, true)
		if err != nil {
			return nil, err
		}
		all, err := heap(ctx, false)
		return &sample{
			Operations: int64(f.size), Values: map[string]float64{perApplication: (all - none) / float64(f.size)},
		}, err
	}
}

// cacheWorker fills a cache, and returns how large the heap is.
func cacheWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[caches](args)
	if err != nil {
		return nil, err
	}
	options := cache.Options{Scheme: controllers.Scheme(), DefaultTransform: cache.TransformStripManagedFields()}
	if task.Ours {
		options = controllers.CacheOptions()
	}
	if task.Empty {
		options.DefaultLabelSelector = labels.SelectorFromSet(labels.Set{"example.org/none": "true"})
	}
	held, err := task.open(ctx, options)
	if err != nil {
		return nil, err
	}
	go func() {
		// Then it is not filled, which is noticed.
		_ = held.Start(ctx)
	}()
	synced, cancel := context.WithTimeout(ctx, settlesAtLeast)
	defer cancel()
	if !held.WaitForCacheSync(synced) {
		return nil, errors.New("the cache was not filled")
	}
	return func(context.Context, time.Duration) (*sample, error) {
		for range 3 {
			runtime.GC()
		}
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		// Until here nothing of it is garbage.
		runtime.KeepAlive(held)
		return &sample{Operations: 1, Values: map[string]float64{perApplication: float64(stats.HeapAlloc)}}, nil
	}, nil
}

// open returns a cache that is not started yet, and that will hold what it
// should.
func (t *caches) open(ctx context.Context, options cache.Options) (cache.Cache, error) {
	config, err := readConfig(t.Kubeconfig)
	if err != nil {
		return nil, err
	}
	if !t.Ours {
		held, err := cache.New(config, options)
		if err != nil {
			return nil, err
		}
		for _, kind := range []client.Object{&v1alpha1.Application{}, &v1alpha1.AvailabilityRecord{}} {
			if _, err := held.GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
				return nil, err
			}
		}
		return held, nil
	}
	mgr, err := newManager(config, options)
	if err != nil {
		return nil, err
	}
	// This adds the indexes. The manager is never started, nor is what it has.
	if err := controllers.Add(ctx, mgr, controllers.Options{Namespace: operatorNamespace, Concurrency: 1, Registerer: prometheus.NewRegistry()}); err != nil {
		return nil, err
	}
	for _, kind := range []client.Object{
		&v1alpha1.Application{}, &v1alpha1.AvailabilityRecord{}, &v1alpha1.OrganisationalUnit{}, &v1alpha1.Project{}, &v1alpha1.ServiceLevel{},
		&v1alpha1.GovernancePolicy{}, &v1alpha1.Exemption{}, &v1alpha1.Handover{}, &corev1.Namespace{}, &corev1.Secret{},
	} {
		if _, err := mgr.GetCache().GetInformer(ctx, kind, cache.BlockUntilSynced(false)); err != nil {
			return nil, err
		}
	}
	return mgr.GetCache(), nil
}
