// SPDX-License-Identifier: Apache-2.0

package project

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/project/tally"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// Reconciler tells in the status of each Project how far it has come. It works
// once SetupWithManager was called.
type Reconciler struct {
	setup.Common
	// Metrics of projects; nil means that there are none.
	Metrics *metrics.Projects

	index *tally.Index
	pace  *pace.Pacer
}

// limits of how often a Project is written for what happens around it. A spec
// that was not seen before waits for nothing.
var limits = pace.Limits{Settle: 200 * time.Millisecond, Burst: 3, Spacing: 5 * time.Second}

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=projects;handovers;applications;organisationalunits;governancepolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=projects/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile gathers what a Project is judged by, has it judged, and tells how
// far it has come.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	before := &v1alpha1.Project{}
	if err := r.Client.Get(ctx, req.NamespacedName, before, client.UnsafeDisableDeepCopy); apierrors.IsNotFound(err) {
		r.pace.Forget(req.NamespacedName)
		r.Metrics.Forget(req.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read project: %w", err)
	}
	wait := r.pace.Begin(req.NamespacedName)
	if seen := before.Status.ObservedGeneration == before.Generation; seen && wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	s, err := r.gather(ctx, before)
	if err != nil {
		return ctrl.Result{}, err
	}
	p := before.DeepCopy()
	s.tell(p)
	r.Metrics.Set(req.NamespacedName, s.standing(p))

	wrote, err := status.Patch(ctx, r.Client, before, p)
	if apierrors.IsInvalid(err) {
		s.unwritable(p, before, err)
		r.Metrics.Set(req.NamespacedName, s.standing(p))
		wrote, err = status.Patch(ctx, r.Client, before, p)
	}
	if err != nil {
		return queue.Refused(err, limits.Settle, "write status of project")
	}
	if wrote {
		r.pace.Wrote(req.NamespacedName)
		r.announce(before, p)
	}
	return ctrl.Result{RequeueAfter: s.wait(wait)}, nil
}
