// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// firstRound tells when every Application that there was at the start has been
// looked at once, so that the observer knows of all its checks. The zero value
// is ready for use.
type firstRound struct {
	mu sync.Mutex
	// seen before it was known which there are.
	seen map[types.NamespacedName]bool
	// left are those that there were at the start and that were not looked at.
	left map[types.NamespacedName]bool
	// over is called once, when none is left.
	over func()
}

// begin says which there are.
func (r *firstRound) begin(keys []types.NamespacedName, over func()) {
	r.mu.Lock()
	r.left, r.over = map[types.NamespacedName]bool{}, over
	for _, key := range keys {
		if !r.seen[key] {
			r.left[key] = true
		}
	}
	r.seen = nil
	r.mu.Unlock()
	r.settle()
}

// done says that one was looked at.
func (r *firstRound) done(key types.NamespacedName) {
	r.mu.Lock()
	switch {
	case r.left != nil:
		delete(r.left, key)
	case r.over == nil:
		if r.seen == nil {
			r.seen = map[types.NamespacedName]bool{}
		}
		r.seen[key] = true
	}
	r.mu.Unlock()
	r.settle()
}

// settle calls over if none is left.
func (r *firstRound) settle() {
	r.mu.Lock()
	over := r.over
	ended := r.left != nil && len(r.left) == 0
	if ended {
		r.left = nil
	}
	r.mu.Unlock()
	if ended {
		over()
	}
}

// start begins the first round once the cache holds all Applications.
func (r *Reconciler) start(ctx context.Context, synced func(context.Context) bool) error {
	if !synced(ctx) {
		return nil
	}
	var list v1alpha1.ApplicationList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return err
	}
	keys := make([]types.NamespacedName, len(list.Items))
	for i := range list.Items {
		keys[i] = client.ObjectKeyFromObject(&list.Items[i])
	}
	r.round.begin(keys, r.Observer.Seal)
	<-ctx.Done()
	return nil
}
