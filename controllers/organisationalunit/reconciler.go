// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/organisationalunit/rollup"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// Reconciler tells in the status of each OrganisationalUnit how its
// Applications stand. It works once SetupWithManager was called.
type Reconciler struct {
	setup.Common
	// Metrics of units; nil means that there are none.
	Metrics *metrics.Units

	index *rollup.Index
	pace  *pace.Pacer
}

// limits of how often a unit is written. An outage must be seen at the top
// within a second of the Application's own status.
var limits = pace.Limits{Settle: 200 * time.Millisecond, Burst: 3, Spacing: 5 * time.Second}

// action of an Event: what the controller was about when the state changed.
const action = "RollUp"

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=organisationalunits,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=organisationalunits/status,verbs=patch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=applications,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings the status of one unit up to what the index holds.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if wait := r.pace.Begin(req.NamespacedName); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	unit := &v1alpha1.OrganisationalUnit{}
	if err := r.Client.Get(ctx, req.NamespacedName, unit); apierrors.IsNotFound(err) {
		r.pace.Forget(req.NamespacedName)
		r.Metrics.Forget(req.Name)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read unit: %w", err)
	}
	totals, known := r.index.Snapshot(unit.Name)
	if !known || totals.UID != unit.UID || totals.Generation != unit.Generation {
		return ctrl.Result{}, nil // the watch is about to tell the index, which queues the unit again
	}

	verdict := state.Unit(totals.Applications, totals.Worst)
	r.Metrics.Judged(unit.Name, verdict.State, totals.Applications)

	before := unit.DeepCopy()
	setStatus(unit, totals, verdict, r.Clock.Now())
	wrote, err := status.Patch(ctx, r.Client, before, unit)
	if err != nil {
		return queue.Refused(err, limits.Settle, "write status of unit")
	}
	if wrote {
		r.pace.Wrote(req.NamespacedName)
		r.Metrics.Wrote(unit.Name)
		r.announce(before, unit)
	}
	return ctrl.Result{}, nil
}

// announce records an Event if the state of a unit changed. That a new unit is
// Operational is no news.
func (r *Reconciler) announce(before, after *v1alpha1.OrganisationalUnit) {
	from, to := before.Status.OperationalState, after.Status.OperationalState
	if from == to || (from == "" && to == v1alpha1.StateOperational) {
		return
	}
	if to == v1alpha1.StateOperational {
		r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, string(to), action, "the unit is Operational again, after %s", from)
		return
	}
	r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, string(to), action, "%s", after.Status.Cause)
}
