// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/organisationalunit/rollup"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/tell/status"
)

// setStatus sets all of a unit's status from what was rolled up and judged.
// Nothing moves that did not change, now least of all.
func setStatus(u *v1alpha1.OrganisationalUnit, s rollup.Snapshot, v state.UnitVerdict, now time.Time) {
	u.Status.ObservedGeneration = u.Generation
	u.Status.Applications = s.Applications
	u.Status.Centralisation = s.Centralisation
	setState(u, v, now)
	setReady(u, s, now)
	setAvailable(u, v, now)
}

// setState sets the operational state; since moves only with the state.
func setState(u *v1alpha1.OrganisationalUnit, v state.UnitVerdict, now time.Time) {
	if u.Status.OperationalState != v.State || u.Status.Since == nil {
		u.Status.Since = &metav1.Time{Time: now}
	}
	u.Status.OperationalState = v.State
	u.Status.Cause = v.Cause
}

// setReady sets Ready, Reconciling and Stalled.
func setReady(u *v1alpha1.OrganisationalUnit, s rollup.Snapshot, now time.Time) {
	readiness := status.Readiness{
		Reason:  v1alpha1.ReasonSucceeded,
		Message: "the unit stands in the tree, and its Applications are counted",
	}
	switch {
	case u.DecodingError != "":
		readiness = status.Readiness{
			Stalled: true,
			Reason:  v1alpha1.ReasonUndecodable,
			Message: "what is stored does not fit the types of its kind: " + u.DecodingError,
		}
	case u.Spec.ParentRef != nil && u.Spec.ParentRef.Name == "":
		readiness = status.Readiness{
			Stalled: true,
			Reason:  v1alpha1.ReasonInvalidSpec,
			Message: "spec.parentRef.name is empty: name the unit above, or remove parentRef; until then nothing above counts what is here",
		}
	case s.Cycle != nil:
		readiness = status.Readiness{
			Stalled: true,
			Reason:  v1alpha1.ReasonParentCycle,
			Message: "the unit is above itself: " + strings.Join(s.Cycle, " → ") + "; change spec.parentRef of one of them",
		}
	case s.MissingParent != "":
		readiness = status.Readiness{
			Reconciling: true,
			Reason:      v1alpha1.ReasonReferenceNotFound,
			Message:     fmt.Sprintf("OrganisationalUnit %q, named by spec.parentRef, does not exist; until it does nothing above counts what is here", s.MissingParent),
		}
	}
	status.SetReadiness(u, readiness, now)
}

// setAvailable sets Available, which carries the unit's health.
func setAvailable(u *v1alpha1.OrganisationalUnit, v state.UnitVerdict, now time.Time) {
	message := v.Cause
	if message == "" {
		message = "no Application is out or degraded"
	}
	available := metav1.ConditionUnknown
	switch v.State {
	case v1alpha1.StateOperational, v1alpha1.StateDegraded:
		available = metav1.ConditionTrue
	case v1alpha1.StateOutage:
		available = metav1.ConditionFalse
	}
	status.Set(u, v1alpha1.ConditionAvailable, available, string(v.State), message, now)
}
