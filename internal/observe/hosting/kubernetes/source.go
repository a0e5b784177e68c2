// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

const (
	// SelectorName is the name of the system that the workloads of a selector
	// are.
	SelectorName = "workloads"
	// maxName bounds the name of a system, in bytes.
	maxName = 253
	// maxKinds bounds how many kinds are remembered that somebody named.
	maxKinds = 1024
)

// Watcher is what a Source reads: a cluster.Watcher.
type Watcher interface {
	Objects(q cluster.Query) ([]*cluster.Object, *cluster.Problem)
}

// System is a part of an Application's hosting that is looked at by itself.
type System struct {
	// Name is "Deployment/web", or SelectorName.
	Name string
	// Queries that the Probe reads, for cluster.Watcher.Ensure.
	Queries []cluster.Query
	// Probe asks how the system stands. Its answer is understood by Read.
	Probe observe.Probe
}

// Source makes Systems of what is declared. It is safe for concurrent use.
type Source struct {
	watcher Watcher

	mu    sync.Mutex
	kinds map[schema.GroupVersionKind]*cluster.Kind
}

// NewSource returns a Source whose probes read a Watcher.
func NewSource(w Watcher) *Source {
	return &Source{watcher: w, kinds: map[schema.GroupVersionKind]*cluster.Kind{}}
}

// Systems returns those of an Application's namespace that are declared. The
// error names the fields that are wrong; the systems that are not are returned
// all the same.
func (s *Source) Systems(namespace string, h *v1alpha1.KubernetesHosting) ([]System, error) {
	if namespace == "" {
		return nil, errors.New("workloads are looked for in a namespace, but there is none")
	}
	if h.Selector != nil {
		one, err := s.selected(namespace, h.Selector)
		if err != nil {
			return nil, fmt.Errorf("selector: %w", err)
		}
		return []System{one}, nil
	}
	var systems []System
	var errs []error
	names := map[string]int{}
	for i := range h.Workloads {
		names[shortName(&h.Workloads[i])]++
	}
	for i := range h.Workloads {
		w := &h.Workloads[i]
		one, err := s.named(namespace, w)
		if err != nil {
			errs = append(errs, fmt.Errorf("workloads[%d]: %w", i, err))
			continue
		}
		if names[one.Name] > 1 {
			one.Name = w.Kind + " " + w.APIVersion + "/" + w.Name
		}
		one.Name = within(one.Name)
		systems = append(systems, one)
	}
	return systems, errors.Join(errs...)
}

// shortName is what a workload is called unless another has the same name.
func shortName(w *v1alpha1.WorkloadReference) string { return w.Kind + "/" + w.Name }

// within cuts a name that is too long so that it stays the only one.
func within(name string) string {
	if len(name) <= maxName {
		return name
	}
	digest := fmt.Sprintf("-%x", sha256.Sum256([]byte(name)))[:9]
	return name[:maxName-len(digest)] + digest
}

// named is the system of a workload that is named.
func (s *Source) named(namespace string, w *v1alpha1.WorkloadReference) (System, error) {
	group, err := schema.ParseGroupVersion(w.APIVersion)
	switch {
	case err != nil || group.Version == "":
		return System{}, fmt.Errorf(`apiVersion %q is neither a version such as "v1" nor a group and a version such as "apps/v1"`, w.APIVersion)
	case w.Kind == "" || w.Name == "":
		return System{}, errors.New("kind and name must not be empty")
	case group.Group == v1alpha1.GroupName:
		return System{}, fmt.Errorf("kind %s is no workload; name another Application under dependencies", w.Kind)
	case group.Group == "" && w.Kind == "Secret":
		return System{}, errors.New("kind Secret is no workload; name what runs, such as a Deployment")
	}
	q := cluster.Query{Kind: s.kind(group.WithKind(w.Kind)), Namespace: namespace, Name: w.Name}
	return s.system(shortName(w), q), nil
}

// selected is the system of the workloads that a selector matches.
func (s *Source) selected(namespace string, selector *metav1.LabelSelector) (System, error) {
	matching, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return System{}, err
	}
	apps := schema.GroupVersion{Group: "apps", Version: "v1"}
	var queries []cluster.Query
	for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet"} {
		queries = append(queries, cluster.Query{Kind: s.kind(apps.WithKind(kind)), Namespace: namespace, Selector: matching})
	}
	return s.system(SelectorName, queries...), nil
}

// system is what the queries ask for.
func (s *Source) system(name string, queries ...cluster.Query) System {
	return System{Name: name, Queries: queries, Probe: &probe{watcher: s.watcher, queries: queries, key: key(queries)}}
}

// key identifies the question of what is asked for.
func key(queries []cluster.Query) string {
	q := queries[0]
	if q.Name != "" {
		return fmt.Sprintf("kubernetes: %q %q %q %q", q.Namespace, q.Kind.GroupVersion(), q.Kind.Kind, q.Name)
	}
	return fmt.Sprintf("kubernetes: %q %q", q.Namespace, orEverything(q.Selector).String())
}

func orEverything(selector labels.Selector) labels.Selector {
	if selector == nil {
		return labels.Everything()
	}
	return selector
}

// kind returns the one Kind of workloads of a kind.
func (s *Source) kind(of schema.GroupVersionKind) *cluster.Kind {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.kinds[of]; k != nil {
		return k
	}
	if len(s.kinds) >= maxKinds {
		// Who declares anew asks for others then, and the old ones go.
		clear(s.kinds)
	}
	k := &cluster.Kind{GroupVersionKind: of, Extract: extract}
	s.kinds[of] = k
	return k
}
