// SPDX-License-Identifier: Apache-2.0

package application

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

const (
	// maxWalk bounds how many Applications are visited in search of a cycle.
	maxWalk = 4096
	// maxNamedDependents is how many dependents are named in status.
	maxNamedDependents = 5
)

// dependencyKey is the Application that a dependency names.
func dependencyKey(namespace string, d *v1alpha1.Dependency) types.NamespacedName {
	if d.Namespace != "" {
		namespace = string(d.Namespace)
	}
	return types.NamespacedName{Namespace: namespace, Name: string(d.Name)}
}

// gatherDependencies looks at the Applications that this one needs. One that
// needs this one in turn is left out of the judgement: two that wait for each
// other would never come back.
func (r *Reconciler) gatherDependencies(ctx context.Context, s *scope) error {
	for i := range s.app.Spec.Dependencies {
		d := &s.app.Spec.Dependencies[i]
		key := dependencyKey(s.app.Namespace, d)
		app := &v1alpha1.Application{}
		err := r.Client.Get(ctx, key, app, client.UnsafeDisableDeepCopy)
		if apierrors.IsNotFound(err) {
			s.miss(fmt.Sprintf("spec.dependencies[%d]", i), "Application", key)
			continue
		}
		if err != nil {
			return err
		}
		w := &walk{client: r.Client, target: s.key(), seen: map[types.NamespacedName]bool{}}
		way, err := w.from(ctx, key)
		if err != nil {
			return err
		}
		if way != nil {
			s.unusable = append(s.unusable, problem{
				reason:  v1alpha1.ReasonDependencyCycle,
				message: "the application needs itself: " + route(s.app.Namespace, append([]types.NamespacedName{s.key()}, way...)),
			})
			continue
		}
		s.dependencies = append(s.dependencies, dependencyPart(s.app.Namespace, d, app))
	}
	return nil
}

// dependencyPart is a dependency as the judge of the operational state sees
// it. The Application at the root is named; of another namespace only its name
// and state are told.
func dependencyPart(namespace string, d *v1alpha1.Dependency, app *v1alpha1.Application) state.Part {
	root := client.ObjectKeyFromObject(app)
	through := ""
	if c := app.Status.Cause; c != nil && c.Kind == v1alpha1.CauseDependency {
		through = qualified(namespace, root)
		root.Name = c.Name
		if c.Namespace != "" {
			root.Namespace = string(c.Namespace)
		}
	}
	p := state.Part{
		Kind:      v1alpha1.CauseDependency,
		Name:      root.Name,
		Essential: d.Strength != v1alpha1.DependencySoft,
		State:     v1alpha1.ComponentUnknown,
		Reason:    string(app.Status.OperationalState),
	}
	if root.Namespace != namespace {
		p.Namespace = root.Namespace
	}
	if app.Status.Since != nil {
		p.Since = app.Status.Since.Time
	}
	switch app.Status.OperationalState {
	case v1alpha1.StateOperational, v1alpha1.StateDegraded:
		p.State, p.Reason = v1alpha1.ComponentUp, ""
	case v1alpha1.StateOutage:
		p.State, p.Message = v1alpha1.ComponentDown, "is out"
	case v1alpha1.StateMaintenance:
		p.State, p.InMaintenance, p.Message = v1alpha1.ComponentDown, true, "is in maintenance"
	}
	if p.State != v1alpha1.ComponentDown {
		return p
	}
	switch {
	case through != "":
		p.Message += ", and " + through + " needs it"
	case root.Namespace == namespace && app.Status.Cause != nil && app.Status.Cause.Message != "":
		p.Message += ": " + app.Status.Cause.Message
	}
	return p
}

// walk searches the graph of dependencies for a way back to one Application.
type walk struct {
	client client.Reader
	target types.NamespacedName
	// seen are Applications that were visited already.
	seen map[types.NamespacedName]bool
}

// from returns a way from an Application to the target, both included, or nil
// if there is none within maxWalk Applications.
func (w *walk) from(ctx context.Context, key types.NamespacedName) ([]types.NamespacedName, error) {
	if key == w.target {
		return []types.NamespacedName{key}, nil
	}
	if w.seen[key] || len(w.seen) >= maxWalk {
		return nil, nil
	}
	w.seen[key] = true
	app := &v1alpha1.Application{}
	if err := w.client.Get(ctx, key, app, client.UnsafeDisableDeepCopy); err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	for i := range app.Spec.Dependencies {
		way, err := w.from(ctx, dependencyKey(key.Namespace, &app.Spec.Dependencies[i]))
		if err != nil {
			return nil, err
		}
		if way != nil {
			return append([]types.NamespacedName{key}, way...), nil
		}
	}
	return nil, nil
}

// route writes a way as people read it.
func route(namespace string, way []types.NamespacedName) string {
	names := make([]string, len(way))
	for i, key := range way {
		names[i] = qualified(namespace, key)
	}
	return strings.Join(names, " → ")
}

// qualified names an object as seen from a namespace.
func qualified(namespace string, key types.NamespacedName) string {
	if key.Namespace == namespace || key.Namespace == "" {
		return key.Name
	}
	return key.String()
}

// gatherDependents counts the Applications that need this one, and names the
// first few of its own namespace.
func (r *Reconciler) gatherDependents(ctx context.Context, s *scope) error {
	var list v1alpha1.ApplicationList
	err := r.Client.List(ctx, &list, client.MatchingFields{indexDependency: s.key().String()}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return nil
	}
	s.dependents = &v1alpha1.Dependents{Count: int32(min(len(list.Items), 1<<31-1))}
	for i := range list.Items {
		if list.Items[i].Namespace == s.app.Namespace {
			s.dependents.Names = append(s.dependents.Names, v1alpha1.ObjectName(list.Items[i].Name))
		}
	}
	slices.SortFunc(s.dependents.Names, cmp.Compare)
	if len(s.dependents.Names) > maxNamedDependents {
		s.dependents.Names = s.dependents.Names[:maxNamedDependents]
	}
	return nil
}

// maxSettling is how long at most an Application waits for what it needs to be
// judged first, so that one cause that brings many down is named from the start
// instead of being written in later.
const maxSettling = time.Second

// settling returns how long an Application waits: the longer, the more of what
// it needs stands below each other.
func (r *Reconciler) settling(ctx context.Context, key types.NamespacedName) time.Duration {
	left := 64
	depth := r.depth(ctx, key, 3, &left)
	return maxSettling - maxSettling>>depth
}

// depth is how many Applications stand below each other that one needs, as far
// as limit; at most left are looked at.
func (r *Reconciler) depth(ctx context.Context, key types.NamespacedName, limit int, left *int) int {
	app := &v1alpha1.Application{}
	if limit == 0 || *left == 0 || r.Client.Get(ctx, key, app, client.UnsafeDisableDeepCopy) != nil {
		return 0
	}
	*left--
	deepest := 0
	for i := range app.Spec.Dependencies {
		deepest = max(deepest, 1+r.depth(ctx, dependencyKey(key.Namespace, &app.Spec.Dependencies[i]), limit-1, left))
	}
	return min(deepest, limit)
}
