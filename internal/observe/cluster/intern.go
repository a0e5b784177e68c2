// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/labels"
)

// maxInterned bounds how many texts and how many sets of labels are remembered
// to be shared. Beyond that it begins anew; what is shared stays so.
const maxInterned = 4096

// interner has objects share labels: thousands of backups have the same few.
type interner struct {
	mu    sync.Mutex
	texts map[string]string
	sets  map[string]map[string]string
}

// labels returns those that are wanted, or all if none are named.
func (i *interner) labels(all map[string]string, wanted []string) map[string]string {
	keys := wanted
	if len(wanted) == 0 {
		if keys = slices.Sorted(maps.Keys(all)); len(keys) > MaxLabels {
			keys = keys[:MaxLabels]
		}
	}
	kept := make(map[string]string, len(keys))
	for _, key := range keys {
		if value, ok := all[key]; ok {
			kept[key] = value
		}
	}
	if len(kept) == 0 {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	id := labels.Set(kept).String()
	if shared, ok := i.sets[id]; ok {
		return shared
	}
	if i.sets == nil || len(i.sets) >= maxInterned {
		i.sets = map[string]map[string]string{}
	}
	shared := make(map[string]string, len(kept))
	for key, value := range kept {
		shared[i.text(key)] = i.text(value)
	}
	i.sets[id] = shared
	return shared
}

// text returns the one copy of a text.
func (i *interner) text(s string) string {
	if shared, ok := i.texts[s]; ok {
		return shared
	}
	if i.texts == nil || len(i.texts) >= maxInterned {
		i.texts = map[string]string{}
	}
	i.texts[s] = s
	return s
}
