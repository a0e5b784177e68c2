// SPDX-License-Identifier: Apache-2.0

package servicelevel

import (
	"context"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/servicelevel/tally"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// Reconciler records the revisions of ServiceLevels and tells how the
// Applications under them stand. It works once SetupWithManager was called.
type Reconciler struct {
	setup.Common
	// Metrics of agreements; nil means that there are none.
	Metrics *metrics.ServiceLevels

	index *tally.Index
	pace  *pace.Pacer
}

// limits of how often an agreement is written for what happens under it. A spec
// that was not seen before waits for nothing.
var limits = pace.Limits{Settle: 200 * time.Millisecond, Burst: 1, Spacing: 5 * time.Second}

// action of an Event: what the controller was about.
const action = "Count"

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=servicelevels;applications;availabilityrecords,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=servicelevels/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile brings the status of one agreement up to its spec and the tally.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	before := &v1alpha1.ServiceLevel{}
	if err := r.Client.Get(ctx, req.NamespacedName, before, client.UnsafeDisableDeepCopy); apierrors.IsNotFound(err) {
		r.pace.Forget(req.NamespacedName)
		r.Metrics.Forget(req.Name)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read service level: %w", err)
	}
	wait := r.pace.Begin(req.NamespacedName)
	if seen := before.Status.ObservedGeneration == before.Generation; seen && wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}

	counted := r.index.Snapshot(req.Name)
	r.Metrics.Set(req.Name, standing(before, &counted))
	level := before.DeepCopy()
	now := r.Clock.Now()
	record(level, now)
	setStatus(level, &counted, now)

	wrote, err := status.Patch(ctx, r.Client, before, level)
	if apierrors.IsInvalid(err) && len(level.Status.Revisions) > 0 {
		setUnrecorded(level, before.Status.Revisions, err, now)
		wrote, err = status.Patch(ctx, r.Client, before, level)
	}
	if err != nil {
		return queue.Refused(err, limits.Settle, "write status of service level")
	}
	if wrote {
		r.pace.Wrote(req.NamespacedName)
		r.announce(before, level)
	}
	return ctrl.Result{RequeueAfter: wait}, nil
}

// record records what was agreed if that is not the last revision already. Of
// what cannot be decoded nobody knows what was agreed, so that the last one
// goes on.
func record(level *v1alpha1.ServiceLevel, now time.Time) {
	if level.DecodingError != "" {
		return
	}
	if revisions, another := availability.AddRevision(level, now); another {
		level.Status.Revisions = revisions
	}
}

// standing is what the metrics tell of an agreement.
func standing(level *v1alpha1.ServiceLevel, s *tally.Snapshot) metrics.LevelStanding {
	told := metrics.LevelStanding{
		Results: map[v1alpha1.ServiceLevelResult]int32{
			v1alpha1.ResultMet:              s.Met,
			v1alpha1.ResultBreached:         s.Breached,
			v1alpha1.ResultInsufficientData: s.InsufficientData,
			"":                              s.Applications - s.Accounted(),
		},
		Objective:    ratio(level.Spec.Availability.Objective),
		Availability: ratio(s.Lowest),
	}
	if s.Budget > 0 {
		told.BudgetLeft = new(float64(s.Left) / float64(s.Budget))
	}
	return told
}

// ratio returns a percentage as a ratio; nil if it is none.
func ratio(p v1alpha1.Percentage) *float64 {
	v, err := strconv.ParseFloat(string(p), 64)
	if err != nil {
		return nil
	}
	return new(v / 100)
}

// announce records an Event if Applications begin, or cease, to break an
// agreement.
func (r *Reconciler) announce(before, after *v1alpha1.ServiceLevel) {
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
	is := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
	broken := func(c *metav1.Condition) bool { return c != nil && c.Status == metav1.ConditionFalse }
	switch {
	case broken(is) && !broken(was):
		r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, action, "%s", is.Message)
	case broken(was) && !broken(is):
		r.Recorder.Eventf(after, nil, corev1.EventTypeNormal, is.Reason, action, "no Application breaks the agreement any more: %s", is.Message)
	}
}
