// SPDX-License-Identifier: Apache-2.0

package project

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/tell/status"
)

const (
	// action of an Event: what the controller was about.
	action = "Judge"
	// maxNote bounds the note of an Event, in bytes; the API server refuses more
	// than 1024.
	maxNote = 1000
)

// announce tells of what was just written: that the stage changed, that the
// Project fell behind its schedule or beyond its budget, or came back, and that
// somebody must mend its spec. How a Project stands that is seen for the first
// time is no news: a catalogue that is applied tells nobody anything.
func (r *Reconciler) announce(before, after *v1alpha1.Project) {
	if before.Status.Stage == "" {
		return
	}
	if from, to := before.Status.Stage, after.Status.Stage; from != to {
		r.event(after, corev1.EventTypeNormal, string(to), "the project is "+string(to)+", after "+string(from))
	}
	another := overdue(after) > overdue(before)
	for _, t := range []string{v1alpha1.ConditionOnSchedule, v1alpha1.ConditionWithinBudget} {
		was, is := meta.FindStatusCondition(before.Status.Conditions, t), meta.FindStatusCondition(after.Status.Conditions, t)
		switch {
		case holds(is, metav1.ConditionFalse) && (!holds(was, metav1.ConditionFalse) || another && t == v1alpha1.ConditionOnSchedule):
			r.event(after, corev1.EventTypeWarning, is.Reason, is.Message)
		case holds(was, metav1.ConditionFalse) && holds(is, metav1.ConditionTrue):
			r.event(after, corev1.EventTypeNormal, is.Reason, is.Message)
		}
	}
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionStalled)
	is := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionStalled)
	if is != nil && (was == nil || was.Reason != is.Reason) {
		r.event(after, corev1.EventTypeWarning, is.Reason, is.Message)
	}
}

// overdue counts the milestones of a Project that are.
func overdue(p *v1alpha1.Project) int32 {
	if p.Status.Milestones == nil {
		return 0
	}
	return p.Status.Milestones.Overdue
}

func holds(c *metav1.Condition, value metav1.ConditionStatus) bool {
	return c != nil && c.Status == value
}

func (r *Reconciler) event(p *v1alpha1.Project, kind, reason, note string) {
	r.Recorder.Eventf(p, nil, kind, reason, action, "%s", status.Shorten(note, maxNote))
}
