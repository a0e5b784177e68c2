// SPDX-License-Identifier: Apache-2.0

package application

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/status"
)

// Announcer tells of changes of the operational state. It is safe for
// concurrent use and does not block.
type Announcer interface {
	// Transition tells that an Application is in another state than it was.
	Transition(app *v1alpha1.Application, from v1alpha1.OperationalState, warn bool, note string)
}

// actionJudge is the action that an Event names: the operator judged anew.
const actionJudge = "Judge"

// maxNote bounds the note of an Event, in bytes; the API server refuses more
// than 1024.
const maxNote = 1000

// announce tells of transitions that were just written.
func (r *Reconciler) announce(s *scope) {
	before, after := s.before.Status, s.app.Status
	if before.OperationalState != after.OperationalState {
		r.Metrics.Transition(after.OperationalState)
		// The first judgement of an Application that is well is no news.
		if before.OperationalState != "" || alarming(after.OperationalState) {
			available := meta.FindStatusCondition(after.Conditions, v1alpha1.ConditionAvailable)
			note := string(after.OperationalState)
			if available.Message != "" {
				note += ": " + available.Message
			}
			r.Announcer.Transition(s.app, before.OperationalState, alarming(after.OperationalState), note)
		}
	}
	r.announceVerdict(s)
	for _, t := range []string{v1alpha1.ConditionCertificatesValid, v1alpha1.ConditionContractsValid} {
		if c, turned := turnedTo(before.Conditions, after.Conditions, t, metav1.ConditionFalse); turned {
			r.event(s.app, true, c.Reason, c.Message)
		}
	}
	if c, turned := turnedTo(before.Conditions, after.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue); turned {
		r.event(s.app, true, c.Reason, c.Message)
	}
}

// announceVerdict tells that an Application breaks the rule from now on, or
// does so no more.
func (r *Reconciler) announceVerdict(s *scope) {
	was, is := s.before.Status.Centralisation, s.app.Status.Centralisation
	switch {
	case was == is:
	case is == v1alpha1.VerdictViolating:
		r.event(s.app, true, string(is), s.centralised.Message())
	case was == v1alpha1.VerdictViolating:
		r.event(s.app, false, string(is), "no longer Violating: "+s.centralised.Message())
	}
}

func (r *Reconciler) event(app *v1alpha1.Application, warn bool, reason, note string) {
	kind := corev1.EventTypeNormal
	if warn {
		kind = corev1.EventTypeWarning
	}
	r.Recorder.Eventf(app, nil, kind, reason, actionJudge, "%s", status.Shorten(note, maxNote))
}

func alarming(s v1alpha1.OperationalState) bool {
	return s == v1alpha1.StateOutage || s == v1alpha1.StateDegraded
}

// turnedTo says whether a condition took a value that it did not have before.
func turnedTo(before, after []metav1.Condition, conditionType string, value metav1.ConditionStatus) (*metav1.Condition, bool) {
	is, was := meta.FindStatusCondition(after, conditionType), meta.FindStatusCondition(before, conditionType)
	return is, is != nil && is.Status == value && (was == nil || was.Status != value)
}
