// SPDX-License-Identifier: Apache-2.0

package pace

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// WriteLimits are how often each of many objects is written.
type WriteLimits struct {
	// Burst is how many writes of an object may follow each other directly;
	// each comes back after Spacing.
	Burst int
	// Spacing lies between two writes of an object once the burst is spent.
	Spacing time.Duration
	// Minor is how long a minor change waits for one that is not, to be written
	// together with it.
	Minor time.Duration
}

// Writes says whether an object may be written now, or how long what is to be
// written has to wait. Who asks comes again after that time, and finds what is
// to be written then, so that of several changes the last is never lost. An
// object at rest costs nothing. Writes is safe for concurrent use; of one object
// only one is to ask at a time.
type Writes struct {
	limits WriteLimits

	mu      sync.Mutex
	objects map[types.NamespacedName]*writing
	// swept is when objects at rest were dropped.
	swept time.Time
}

// writing of an object.
type writing struct {
	bucket bucket
	// minorSince is since when there is a minor change to be written; zero if
	// there is none.
	minorSince time.Time
}

// NewWrites returns Writes of objects none of which was written yet.
func NewWrites(l WriteLimits) *Writes {
	return &Writes{limits: l, objects: map[types.NamespacedName]*writing{}}
}

// Wait says that an object differs from what is stored: by a minor change,
// which nobody acts on, or by more. It returns 0 if it may be written now, and
// else for how long not.
func (w *Writes) Wait(key types.NamespacedName, minor bool, now time.Time) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sweep(now)

	o := w.objects[key]
	if o == nil {
		if !minor {
			return 0
		}
		o = w.open(key)
	}
	wait := o.bucket.wait(now, w.limits.Burst, w.limits.Spacing)
	if !minor {
		return wait
	}
	if o.minorSince.IsZero() || o.minorSince.After(now) {
		o.minorSince = now
	}
	return max(wait, o.minorSince.Add(w.limits.Minor).Sub(now))
}

// Wrote says that an object was written, so that nothing is left to be.
func (w *Writes) Wrote(key types.NamespacedName, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sweep(now)

	o := w.objects[key]
	if o == nil {
		o = w.open(key)
	}
	o.minorSince = time.Time{}
	o.bucket.take(now, w.limits.Spacing)
}

// Settled says that an object is as it is stored: a minor change that waited
// was taken back.
func (w *Writes) Settled(key types.NamespacedName, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sweep(now)

	if o := w.objects[key]; o != nil {
		o.minorSince = time.Time{}
	}
}

// Forget drops an object that is gone.
func (w *Writes) Forget(key types.NamespacedName) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.objects, key)
}

func (w *Writes) open(key types.NamespacedName) *writing {
	o := &writing{}
	w.objects[key] = o
	return o
}

// sweep drops the objects at rest, once in the time in which a bucket fills.
// The others move to another map, since one that was large stays so.
func (w *Writes) sweep(now time.Time) {
	fills := time.Duration(w.limits.Burst) * w.limits.Spacing
	if since := now.Sub(w.swept); since >= 0 && since < fills {
		return
	}
	w.swept = now
	kept := map[types.NamespacedName]*writing{}
	for key, o := range w.objects {
		if !o.bucket.full(now) || !o.minorSince.IsZero() {
			kept[key] = o
		}
	}
	w.objects = kept
}
