// SPDX-License-Identifier: Apache-2.0

package application

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// behindDelay is how long to wait before the cache is looked at again that
	// does not show our own write yet.
	behindDelay = 20 * time.Millisecond
	// ownWriteWithin is how long to wait for that in all. The cache may never
	// show it: where the API server was restored from a backup, what we wrote
	// last is gone. Then what the cache holds is judged.
	ownWriteWithin = 2 * time.Second
)

// ownWrites remembers which version of each object this process itself wrote
// last, until the cache shows it. Without this, a check that answers
// while the status of its Application is being written has that judged from the
// status before, which the API server refuses as a conflict: 7 of 10
// Applications, when many appear at once. The zero value is ready for use.
type ownWrites struct {
	mu      sync.Mutex
	written map[types.NamespacedName]ownWrite
}

type ownWrite struct {
	version string
	at      time.Time
}

// wrote notes that we wrote an object, which has the new version.
func (w *ownWrites) wrote(o client.Object, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.written == nil {
		w.written = map[types.NamespacedName]ownWrite{}
	}
	w.written[client.ObjectKeyFromObject(o)] = ownWrite{version: o.GetResourceVersion(), at: now}
}

// shown drops what is remembered of an object that the cache shows as we wrote
// it, or as somebody did later. It says whether it is as we wrote it.
func (w *ownWrites) shown(o client.Object) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := client.ObjectKeyFromObject(o)
	own, found := w.written[key]
	if found && !older(o.GetResourceVersion(), own.version) {
		delete(w.written, key)
	}
	return found && own.version == o.GetResourceVersion()
}

// behind says whether an object as the cache holds it is older than what
// we wrote last, and whether that is worth waiting for.
func (w *ownWrites) behind(o client.Object, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := client.ObjectKeyFromObject(o)
	own, found := w.written[key]
	if !found {
		return false
	}
	if older(o.GetResourceVersion(), own.version) && now.Sub(own.at) < ownWriteWithin {
		return true
	}
	delete(w.written, key)
	return false
}

// older says whether a version comes before another. Versions that cannot be
// compared say nothing.
func older(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err == nil && order < 0
}

// forget drops what is remembered of an object.
func (w *ownWrites) forget(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.written, key)
}
