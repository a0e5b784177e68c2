// SPDX-License-Identifier: Apache-2.0

package handover

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
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/availability"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// Reconciler tells how far each Handover has come. It works once
// SetupWithManager was called.
type Reconciler struct {
	setup.Common
	// Gaps are the times that nobody observed, in order; nil means that there
	// are none.
	Gaps func() []availability.Gap
	// Metrics of handovers; nil means that there are none.
	Metrics *metrics.Handovers
	// Pace is how often a Handover is written; zero means the default.
	Pace pace.WriteLimits

	writes *pace.Writes
}

const (
	// conflictDelay is how long to wait for the cache after a conflict.
	conflictDelay = 100 * time.Millisecond
	// supportLook is how often the availability in early-life support is looked
	// at that grows by the mere passing of time.
	supportLook = 24 * time.Hour
	// longestWait is after which time a Handover is looked at in any case, which
	// bounds the time to a day that is centuries away.
	longestWait = 8760 * time.Hour
)

// defaultPace lets what somebody acts on pass four times at once, and then every
// 10 s; a change of messages waits a minute.
var defaultPace = pace.WriteLimits{Burst: 4, Spacing: 10 * time.Second, Minor: time.Minute}

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=handovers;signoffs;projects;applications;availabilityrecords;organisationalunits;servicelevels;governancepolicies,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=handovers/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile gathers what one Handover is judged by, has it judged and tells it.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	before := &v1alpha1.Handover{}
	if err := r.Client.Get(ctx, req.NamespacedName, before, client.UnsafeDisableDeepCopy); apierrors.IsNotFound(err) {
		r.writes.Forget(req.NamespacedName)
		r.Metrics.Forget(req.NamespacedName)
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read handover: %w", err)
	}
	s := newScope(before, r.Clock.Now())
	if err := r.gather(ctx, s); err != nil {
		return ctrl.Result{}, err
	}
	if s.judge(); s.verdict != nil {
		if err := r.gatherAccounts(ctx, s); err != nil {
			return ctrl.Result{}, err
		}
	}
	s.tell()
	r.Metrics.Set(req.NamespacedName, s.handover)
	if wait := r.hold(s); wait > 0 {
		s.at(s.now.Add(wait))
		return ctrl.Result{RequeueAfter: s.wait()}, nil
	}
	return r.write(ctx, s)
}

// write stores what was judged.
func (r *Reconciler) write(ctx context.Context, s *scope) (ctrl.Result, error) {
	wrote, err := status.Patch(ctx, r.Client, s.before, s.handover)
	if apierrors.IsInvalid(err) {
		s.refuse(err)
		wrote, err = status.Patch(ctx, r.Client, s.before, s.handover)
	}
	if err != nil {
		return queue.Refused(err, conflictDelay, "write status of handover")
	}
	if wrote {
		r.writes.Wrote(s.key(), s.now)
		r.announce(s.before, s.handover)
	}
	return ctrl.Result{RequeueAfter: s.wait()}, nil
}

// judge has the handover judged, unless something cannot be read by which it is:
// then it stays as it is told.
func (s *scope) judge() {
	if s.unreadable != "" {
		return
	}
	s.verdict = acceptance.Judge(&s.in)
	s.at(s.verdict.Next)
	if s.supported() && s.lost {
		s.at(s.now.Add(supportLook))
	}
}

// at notes a moment at which the judgement can change.
func (s *scope) at(moment time.Time) { s.next = calendar.Earliest(s.next, moment) }

// wait returns how long to wait for the next moment at which the judgement can
// change by the mere passing of time; zero means for ever.
func (s *scope) wait() time.Duration {
	if s.next.IsZero() {
		return 0
	}
	// One millisecond on: at the moment itself, not before it.
	return min(max(s.next.Sub(s.now), 0), longestWait) + time.Millisecond
}
