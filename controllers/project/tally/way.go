// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"
)

// maxWalk bounds how many Projects are visited in search of a cycle.
const maxWalk = 10_000

// A project waits for another if it is complete only after it: for those that
// must come first, and for its own parts. One that waits for itself never
// becomes complete.

// awaits returns the projects that one waits for, in an order that does not
// depend on what happened.
func (x *Index) awaits(key types.NamespacedName) []types.NamespacedName {
	parts := x.parts[key].sorted()
	if p := x.projects[key]; p != nil && len(p.DependsOn) > 0 {
		return append(slices.Clone(p.DependsOn), parts...)
	}
	return parts
}

// walk visits what a project waits for, the nearest first, until it comes back
// to it. It returns from where it came to each, and whether it came back.
func (x *Index) walk(from types.NamespacedName) (came map[types.NamespacedName]types.NamespacedName, back bool) {
	came = map[types.NamespacedName]types.NamespacedName{}
	for next := []types.NamespacedName{from}; len(next) > 0 && len(came) < maxWalk; next = next[1:] {
		for _, to := range x.awaits(next[0]) {
			if _, seen := came[to]; seen || to.Name == "" {
				continue
			}
			came[to] = next[0]
			if to == from {
				return came, true
			}
			next = append(next, to)
		}
	}
	return came, false
}

// way returns the shortest way on which a project waits for itself, with itself
// at both ends; nil if it does not.
func (x *Index) way(from types.NamespacedName) []types.NamespacedName {
	came, back := x.walk(from)
	if !back {
		return nil
	}
	way := []types.NamespacedName{from}
	for at := came[from]; at != from; at = came[at] {
		way = append(way, at)
	}
	slices.Reverse(way)
	return append([]types.NamespacedName{from}, way...)
}

// ring returns the projects that wait for themselves through one; none if that
// one does not. Going back from it, all that wait for it are visited.
func (x *Index) ring(key types.NamespacedName) []types.NamespacedName {
	if _, back := x.walk(key); !back {
		return nil
	}
	waiting := set{}
	for next := []types.NamespacedName{key}; len(next) > 0 && len(waiting) < maxWalk; next = next[1:] {
		by := x.dependents[next[0]].sorted()
		if p := x.projects[next[0]]; p != nil {
			by = append(by, p.Parent)
		}
		for _, from := range by {
			if _, seen := waiting[from]; !seen && from.Name != "" {
				waiting.add(from)
				next = append(next, from)
			}
		}
	}
	return x.existing(waiting)
}
