// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/tell/status"
)

const (
	// action of an Event: what the controller was about.
	action = "Judge"
	// maxNote bounds the note of an Event, in bytes; the API server refuses more
	// than 1024.
	maxNote = 1000
	// reasonVoid is the reason of an Event about a signature that does not count.
	reasonVoid = "SignOffVoid"
)

// announce tells of what was just written: another stage, and signatures that do
// not count, each once. What a Handover begins with is no news.
func (r *Reconciler) announce(before, after *v1alpha1.Handover) {
	if before.Status.Stage == "" {
		return
	}
	if was, is := before.Status.Stage, after.Status.Stage; was != is {
		kind := corev1.EventTypeNormal
		if acceptance.CompareStages(is, was) < 0 {
			kind = corev1.EventTypeWarning // it was thrown back
		}
		note := fmt.Sprintf("from %s to %s", was, is)
		if c := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionHandedOver); c != nil {
			note += ": " + c.Message
		}
		r.event(after, kind, string(is), note)
	}
	for i := range after.Status.SignOffs {
		if s := &after.Status.SignOffs[i]; s.Void && !void(before, s.Name) {
			r.event(after, corev1.EventTypeWarning, reasonVoid,
				fmt.Sprintf("SignOff %s of %s for %s does not count: %s", s.Name, s.SignedBy, s.Role, s.Message))
		}
	}
}

func (r *Reconciler) event(h *v1alpha1.Handover, kind, reason, note string) {
	r.Recorder.Eventf(h, nil, kind, reason, action, "%s", status.Shorten(note, maxNote))
}

// void says whether a signature was told of as one that does not count.
func void(h *v1alpha1.Handover, name v1alpha1.ObjectName) bool {
	for i := range h.Status.SignOffs {
		if s := &h.Status.SignOffs[i]; s.Name == name {
			return s.Void
		}
	}
	return false
}
