// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/screen"
)

// world is what the API server tells, kept by watching.
type world struct {
	cache cache.Cache
	// changed holds something when anything has changed.
	changed chan struct{}
}

func newWorld(c *rest.Config) (*world, error) {
	all, err := cache.New(c, cache.Options{Scheme: scheme(), DefaultTransform: cache.TransformStripManagedFields()})
	if err != nil {
		return nil, fmt.Errorf("watch the API server: %w", err)
	}
	return &world{cache: all, changed: make(chan struct{}, 1)}, nil
}

// projects are only counted.
func projects() *metav1.PartialObjectMetadata {
	p := &metav1.PartialObjectMetadata{}
	p.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Project"))
	return p
}

// run watches until ctx ends.
func (w *world) run(ctx context.Context) error {
	notify := toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { w.notify() },
		UpdateFunc: func(any, any) { w.notify() },
		DeleteFunc: func(any) { w.notify() },
	}
	for _, kind := range []client.Object{&v1alpha1.OrganisationalUnit{}, &v1alpha1.Application{}, projects()} {
		informer, err := w.cache.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err == nil {
			_, err = informer.AddEventHandler(notify)
		}
		if err != nil {
			return fmt.Errorf("watch the API server: %w", err)
		}
	}
	return w.cache.Start(ctx)
}

func (w *world) notify() {
	select {
	case w.changed <- struct{}{}:
	default: // whoever looks has not looked yet
	}
}

// snapshot is what is known at the moment.
func (w *world) snapshot(ctx context.Context) (screen.Snapshot, error) {
	var units v1alpha1.OrganisationalUnitList
	var applications v1alpha1.ApplicationList
	counted := &metav1.PartialObjectMetadataList{}
	counted.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("ProjectList"))
	for _, list := range []client.ObjectList{&units, &applications, counted} {
		if err := w.cache.List(ctx, list); err != nil {
			return screen.Snapshot{}, fmt.Errorf("what the API server tells: %w", err)
		}
	}
	return screen.Snapshot{Units: units.Items, Applications: applications.Items, Projects: len(counted.Items)}, nil
}
