// SPDX-License-Identifier: Apache-2.0

// Package status writes what was judged into the status of an object. It sets
// conditions by one set of rules and patches only what differs; it decides
// nothing.
package status

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Conditioned is an object that has conditions in its status.
type Conditioned interface {
	client.Object
	GetConditions() []metav1.Condition
	SetConditions([]metav1.Condition)
}

// maxMessage bounds the message of a condition, in bytes; the API server
// refuses more than 32768.
const maxMessage = 1024

// Set sets a condition of the object's present generation. The time of its
// last transition moves only when the status of the condition changes.
func Set(o Conditioned, conditionType string, s metav1.ConditionStatus, reason, message string, now time.Time) {
	conditions := o.GetConditions()
	meta.SetStatusCondition(&conditions, metav1.Condition{
		Type:               conditionType,
		Status:             s,
		Reason:             reason,
		Message:            Shorten(message, maxMessage),
		ObservedGeneration: o.GetGeneration(),
		LastTransitionTime: metav1.NewTime(now),
	})
	o.SetConditions(conditions)
}

// Remove removes a condition.
func Remove(o Conditioned, conditionType string) {
	conditions := o.GetConditions()
	if meta.RemoveStatusCondition(&conditions, conditionType) {
		o.SetConditions(conditions)
	}
}

// Readiness is what the conditions Ready, Reconciling and Stalled say together.
type Readiness struct {
	// Reason and Message of all that are set.
	Reason, Message string
	// Stalled: a person must mend the spec.
	Stalled bool
	// Reconciling: something is not there yet, and it will heal by itself.
	Reconciling bool
	// Unjudged: it is only a first result that is missing, so Ready is
	// Unknown rather than False.
	Unjudged bool
}

// SetReadiness sets Ready, Reconciling and Stalled so that they never
// contradict each other (kstatus).
func SetReadiness(o Conditioned, r Readiness, now time.Time) {
	switch {
	case r.Stalled:
		Set(o, v1alpha1.ConditionReady, metav1.ConditionFalse, r.Reason, r.Message, now)
		Set(o, v1alpha1.ConditionStalled, metav1.ConditionTrue, r.Reason, r.Message, now)
		Remove(o, v1alpha1.ConditionReconciling)
	case r.Reconciling:
		ready := metav1.ConditionFalse
		if r.Unjudged {
			ready = metav1.ConditionUnknown
		}
		Set(o, v1alpha1.ConditionReady, ready, r.Reason, r.Message, now)
		Set(o, v1alpha1.ConditionReconciling, metav1.ConditionTrue, r.Reason, r.Message, now)
		Remove(o, v1alpha1.ConditionStalled)
	default:
		Set(o, v1alpha1.ConditionReady, metav1.ConditionTrue, r.Reason, r.Message, now)
		Remove(o, v1alpha1.ConditionReconciling)
		Remove(o, v1alpha1.ConditionStalled)
	}
}

// Patch writes the status of after if after differs from before, which it was
// copied from. The write carries the resourceVersion, so that it fails with a
// conflict when somebody else was faster. It reports whether it wrote; after has
// the new resourceVersion then.
//
// The API server is asked to answer with the metadata alone: we know the rest,
// and both sides are spared to encode and to decode it.
func Patch(ctx context.Context, c client.Client, before, after client.Object) (bool, error) {
	return patch(c, before, after, func(answer client.Object, p client.Patch) error {
		return c.Status().Patch(ctx, answer, p)
	})
}

// Write writes an object that has no status of its own, like Patch.
func Write(ctx context.Context, c client.Client, before, after client.Object) (bool, error) {
	return patch(c, before, after, func(answer client.Object, p client.Patch) error {
		return c.Patch(ctx, answer, p)
	})
}

func patch(c client.Client, before, after client.Object, send func(client.Object, client.Patch) error) (bool, error) {
	if equality.Semantic.DeepEqual(before, after) {
		return false, nil
	}
	data, err := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}).Data(after)
	if err != nil {
		return false, err
	}
	kind, err := c.GroupVersionKindFor(after)
	if err != nil {
		return false, err
	}
	answer := &metav1.PartialObjectMetadata{}
	answer.SetGroupVersionKind(kind)
	answer.SetNamespace(after.GetNamespace())
	answer.SetName(after.GetName())
	if err := send(answer, client.RawPatch(types.MergePatchType, data)); err != nil {
		return false, err
	}
	after.SetResourceVersion(answer.GetResourceVersion())
	return true, nil
}

// Shorten cuts a text to at most limit bytes at the end of a rune, and shows
// that it did so.
func Shorten(s string, limit int) string {
	const ellipsis = "…"
	switch {
	case len(s) <= limit:
		return s
	case limit < len(ellipsis):
		return ""
	}
	cut := 0
	for i := range s {
		if i > limit-len(ellipsis) {
			break
		}
		cut = i
	}
	return s[:cut] + ellipsis
}
