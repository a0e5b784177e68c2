// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/judge/calendar"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// ExemptionReconciler tells how each Exemption stands. It works once
// SetupWithManager was called.
type ExemptionReconciler struct {
	setup.Common
	// Metrics of the rule; nil means that there are none.
	Metrics *metrics.Centralisation

	sightings sightings
}

const (
	// defaultNotice is how long before its end an Exemption is Expiring, unless
	// the policy says otherwise.
	defaultNotice = 1440 * time.Hour
	// admissionDelay is how much later than the operator an API server may see
	// what was compiled. Both watch the policy.
	admissionDelay = time.Second
	// conflictDelay is how long to wait for the cache after a conflict.
	conflictDelay = 100 * time.Millisecond
	// actionJudge is the action that an Event on an Exemption names.
	actionJudge = "Judge"
)

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=governancepolicies;exemptions;applications,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=exemptions/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile gathers what there is to know of one Exemption and tells how it
// stands.
func (r *ExemptionReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	before := &v1alpha1.Exemption{}
	if err := r.Client.Get(ctx, req.NamespacedName, before, client.UnsafeDisableDeepCopy); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("read exemption: %w", err)
	}
	s, err := r.gather(ctx, before)
	if err != nil {
		return ctrl.Result{}, err
	}
	e := before.DeepCopy()
	s.tell(e)

	wrote, err := status.Patch(ctx, r.Client, before, e)
	if err != nil {
		return queue.Refused(err, conflictDelay, "write status of exemption")
	}
	if wrote {
		r.announce(s, before, e)
	}
	r.Metrics.SetExemption(req.NamespacedName, e.Status.State, s.standing.Until)
	return ctrl.Result{RequeueAfter: s.wait()}, nil
}

// gather collects from the cache all by which an Exemption is told.
func (r *ExemptionReconciler) gather(ctx context.Context, e *v1alpha1.Exemption) (*exemptionScope, error) {
	s := &exemptionScope{now: r.Clock.Now()}
	if e.DecodingError != "" {
		return s, nil // nothing is known of what it says
	}
	policy := &v1alpha1.GovernancePolicy{}
	switch err := r.Client.Get(ctx, theDefault, policy, client.UnsafeDisableDeepCopy); {
	case err == nil:
		s.policy = policy
	case !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("read policy: %w", err)
	}
	app := &v1alpha1.Application{}
	switch err := r.Client.Get(ctx, applicationOf(e), app, client.UnsafeDisableDeepCopy); {
	case err == nil:
		s.application = app
	case !apierrors.IsNotFound(err):
		return nil, fmt.Errorf("read application: %w", err)
	}
	s.standing, s.unusable = centralisation.StandingOf(e, noticeOf(s.policy), s.now)
	s.seenAt = r.sightings.see(client.ObjectKeyFromObject(e), s.compiled(e), s.now)
	return s, nil
}

// applicationOf names the Application that an Exemption is for.
func applicationOf(e *v1alpha1.Exemption) types.NamespacedName {
	return types.NamespacedName{Namespace: e.Namespace, Name: string(e.Spec.ApplicationRef.Name)}
}

// noticeOf returns how long before its end an Exemption is Expiring.
func noticeOf(policy *v1alpha1.GovernancePolicy) time.Duration {
	if policy == nil {
		return defaultNotice
	}
	notice, err := time.ParseDuration(string(policy.Spec.Centralisation.ExpiryNotice))
	if err != nil {
		return defaultNotice // absent, or stored before there was a pattern
	}
	return notice
}

// announce tells of what was just written.
func (r *ExemptionReconciler) announce(s *exemptionScope, before, after *v1alpha1.Exemption) {
	name := after.Spec.ApplicationRef.Name
	if before.Status.State != after.Status.State {
		switch last := after.Spec.ExpiresOn; after.Status.State {
		case v1alpha1.ExemptionActive:
			r.event(after, corev1.EventTypeNormal, string(after.Status.State), "Application %s is exempt until the end of %s", name, last)
		case v1alpha1.ExemptionExpiring:
			r.event(after, corev1.EventTypeWarning, string(after.Status.State), "Application %s is exempt until the end of %s only: have the KDZ provide it until then, or ask the DigIT steering round for a new Exemption", name, last)
		case v1alpha1.ExemptionExpired:
			r.event(after, corev1.EventTypeWarning, string(after.Status.State), "Application %s is no longer exempt: %s was the last day", name, last)
		case v1alpha1.ExemptionUnneeded:
			r.event(after, corev1.EventTypeNormal, string(after.Status.State), "Application %s is no longer decentral, or gone", name)
		}
	}
	if s.reused != "" && !strings.Contains(readyMessage(before), s.reused) {
		r.event(after, corev1.EventTypeWarning, v1alpha1.ReasonExemptionReused, "%s", s.reused)
	}
}

func (r *ExemptionReconciler) event(e *v1alpha1.Exemption, kind, reason, note string, args ...any) {
	r.Recorder.Eventf(e, nil, kind, reason, actionJudge, note, args...)
}

// forget drops all that is held of an Exemption that is gone.
func (r *ExemptionReconciler) forget(key types.NamespacedName) {
	r.sightings.see(key, false, time.Time{})
	r.Metrics.ForgetExemption(key)
}

// wait returns how long to wait for the next moment at which the Exemption
// stands otherwise by the mere passing of time; zero means for ever.
func (s *exemptionScope) wait() time.Duration {
	next := calendar.Earliest(s.standing.Next, s.knownAt)
	if next.IsZero() {
		return 0
	}
	// One millisecond on: at the moment itself, not before it.
	return max(next.Sub(s.now), 0) + time.Millisecond
}

// sightings remembers since when the compiled policy is seen to contain each
// Exemption that it does. The zero value is ready for use.
type sightings struct {
	mu    sync.Mutex
	since map[types.NamespacedName]time.Time
}

// see takes note of whether the policy contains an Exemption now, and returns
// since when it does without a break; zero if it does not.
func (s *sightings) see(key types.NamespacedName, contained bool, now time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !contained {
		delete(s.since, key)
		return time.Time{}
	}
	since, seen := s.since[key]
	if !seen {
		since = now
		if s.since == nil {
			s.since = map[types.NamespacedName]time.Time{}
		}
		s.since[key] = since
	}
	return since
}
