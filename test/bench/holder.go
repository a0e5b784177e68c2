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
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/project"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// holding is what the worker "projects" is told.
type holding struct {
	// Kubeconfig is a file that says who it is.
	Kubeconfig string
	// Ours: the controller, and not only a cache.
	Ours bool
	// Count is how many there are; 0 has it select none.
	Count int
}

// projectsWorker holds Projects, and returns how large the heap is once all are
// judged.
func projectsWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[holding](args)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, err
	}
	options := cache.Options{DefaultTransform: cache.TransformStripManagedFields()}
	if task.Ours {
		options = controllers.CacheOptions()
	}
	if task.Count == 0 {
		options.ByObject = map[client.Object]cache.ByObject{
			&v1alpha1.Project{}: {Label: labels.SelectorFromSet(labels.Set{"example.org/none": "true"})},
		}
	}
	mgr, err := newManager(config, options)
	if err != nil {
		return nil, err
	}
	told := prometheus.NewRegistry()
	projects, err := metrics.NewProjects(told)
	if err != nil {
		return nil, err
	}
	if task.Ours {
		err = (&project.Reconciler{Metrics: projects}).SetupWithManager(mgr, nil, controller.Options{})
	} else {
		_, err = mgr.GetCache().GetInformer(ctx, &v1alpha1.Project{}, cache.BlockUntilSynced(false))
	}
	if err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		return nil, errors.Join(errors.New("the cache was not filled"), <-ended)
	}
	if task.Ours {
		err = eventually(ctx, 50*time.Millisecond, settlesAtLeast, "judged", func() (bool, error) {
			n, err := sumOf(told, "kdz_projects")
			return n == float64(task.Count), err
		})
		if err != nil {
			return nil, fmt.Errorf("the controller of Projects: %w", err)
		}
	}
	return func(context.Context, time.Duration) (*sample, error) {
		for range 3 {
			runtime.GC()
		}
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		// Until here nothing of it is garbage.
		runtime.KeepAlive(mgr)
		return &sample{Operations: 1, Values: map[string]float64{heapValue: float64(stats.HeapAlloc)}}, nil
	}, nil
}
