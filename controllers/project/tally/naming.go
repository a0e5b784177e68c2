// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// set is a set of objects.
type set map[types.NamespacedName]struct{}

// add adds those of the objects that there are: an empty key names none.
func (s set) add(keys ...types.NamespacedName) {
	for _, key := range keys {
		if key.Name != "" {
			s[key] = struct{}{}
		}
	}
}

// all adds what is in another set.
func (s set) all(of set) {
	for key := range of {
		s[key] = struct{}{}
	}
}

// sorted returns the objects in order.
func (s set) sorted() []types.NamespacedName {
	if len(s) == 0 {
		return nil
	}
	keys := make([]types.NamespacedName, 0, len(s))
	for key := range s {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, compareKeys)
	return keys
}

func compareKeys(a, b types.NamespacedName) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// naming keeps who names something.
type naming[T comparable] map[T]set

// name takes note that somebody names things; unname takes that back. What is
// empty is named by nobody.
func (n naming[T]) name(who types.NamespacedName, what ...T) {
	var none T
	for _, w := range what {
		if w == none {
			continue
		}
		if n[w] == nil {
			n[w] = set{}
		}
		n[w].add(who)
	}
}

func (n naming[T]) unname(who types.NamespacedName, what ...T) {
	for _, w := range what {
		delete(n[w], who)
		if len(n[w]) == 0 {
			delete(n, w)
		}
	}
}
