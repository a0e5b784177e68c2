// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// kind of a workload.
type kind struct {
	schema.GroupVersionResource
	name string
	// optional: not every cluster serves it.
	optional bool
}

// kinds of workloads, by what the policy calls them.
var kinds = map[v1alpha1.WorkloadResource]kind{
	"deployments":  {schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, "Deployment", false},
	"statefulsets": {schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "statefulsets"}, "StatefulSet", false},
	"daemonsets":   {schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "daemonsets"}, "DaemonSet", false},
	"cronjobs":     {schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "cronjobs"}, "CronJob", false},
	"ingresses":    {schema.GroupVersionResource{Group: "networking.k8s.io", Version: "v1", Resource: "ingresses"}, "Ingress", false},
	"httproutes":   {schema.GroupVersionResource{Group: "gateway.networking.k8s.io", Version: "v1", Resource: "httproutes"}, "HTTPRoute", true},
}

// watch of one kind of workload, in all namespaces, by metadata alone. It is no
// part of the manager's cache: that cannot do without what a cluster does not
// serve, and would keep more of each object.
type watch struct {
	informer cache.SharedIndexInformer
	stop     context.CancelFunc
	// failed: it could not be read when last tried, and nobody waits for it.
	failed atomic.Bool
}

// settled says whether all is there that can be.
func (w *watch) settled() bool { return w.informer.HasSynced() || w.failed.Load() }

// watch watches workloads until it is stopped, or the context ends.
func (s *surroundings) watch(ctx context.Context, resource v1alpha1.WorkloadResource) *watch {
	ctx, stop := context.WithCancel(ctx)
	informer := metadatainformer.NewFilteredMetadataInformer(s.metadata, kinds[resource].GroupVersionResource, metav1.NamespaceAll, 0,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}, nil).Informer()
	w := &watch{informer: informer, stop: stop}

	// None of these fails before the informer runs.
	_ = informer.SetTransform(slim)
	_ = informer.SetWatchErrorHandlerWithContext(func(ctx context.Context, r *cache.Reflector, err error) {
		if !informer.HasSynced() && !w.failed.Swap(true) {
			s.log.Error(err, "workloads cannot be read, and are not audited until they can", "resource", resource)
			s.again()
			return
		}
		cache.DefaultWatchErrorHandler(ctx, r, err)
	})
	_, _ = informer.AddEventHandler(cache.ResourceEventHandlerDetailedFuncs{
		AddFunc: func(o any, initial bool) { s.concerns(o, initial) },
		UpdateFunc: func(before, after any) {
			a, b := workloadOf(resource, before), workloadOf(resource, after)
			if a != b {
				s.concerns(after, false)
			}
		},
		DeleteFunc: func(o any) {
			if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
				o = gone.Obj
			}
			s.concerns(o, false)
		},
	})
	s.running.Go(func() { informer.RunWithContext(ctx) })
	s.running.Go(func() {
		if cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
			s.again() // who waited for it need not any more
		}
	})
	return w
}

// concerns puts the namespace of a workload on the agenda.
func (s *surroundings) concerns(o any, behind bool) {
	if m, ok := o.(*metav1.PartialObjectMetadata); ok {
		s.agenda.soon(m.Namespace, behind)
	}
}

// workloads returns those of a namespace, as far as they can be seen.
func (s *surroundings) workloads(namespace string, of []v1alpha1.WorkloadResource) []compliance.Workload {
	s.mu.Lock()
	watches := make(map[v1alpha1.WorkloadResource]*watch, len(of))
	for _, resource := range of {
		if w := s.watches[resource]; w != nil {
			watches[resource] = w
		}
	}
	s.mu.Unlock()

	var all []compliance.Workload
	for resource, w := range watches {
		// It fails only if there is no such index.
		found, _ := w.informer.GetIndexer().ByIndex(cache.NamespaceIndex, namespace)
		for _, o := range found {
			all = append(all, workloadOf(resource, o))
		}
	}
	return all
}

// workloadOf is what is judged of a workload.
func workloadOf(resource v1alpha1.WorkloadResource, o any) compliance.Workload {
	k := kinds[resource]
	w := compliance.Workload{APIVersion: k.GroupVersion().String(), Kind: k.name, Resource: resource}
	if m, ok := o.(*metav1.PartialObjectMetadata); ok {
		w.Name, w.UID = m.Name, m.UID
		w.Application = m.Labels[v1alpha1.LabelApplication]
		w.Owned = metav1.GetControllerOfNoCopy(m) != nil
	}
	return w
}

// slim keeps of a workload what is judged: its name, its label and that it is
// owned.
func slim(o any) (any, error) {
	m, ok := o.(*metav1.PartialObjectMetadata)
	if !ok {
		return o, nil
	}
	kept := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: m.Namespace, Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion,
	}}
	if name := m.Labels[v1alpha1.LabelApplication]; name != "" {
		kept.Labels = map[string]string{v1alpha1.LabelApplication: name}
	}
	if owner := metav1.GetControllerOfNoCopy(m); owner != nil {
		kept.OwnerReferences = []metav1.OwnerReference{{Kind: owner.Kind, Name: owner.Name, Controller: owner.Controller}}
	}
	return kept, nil
}
