// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// TestFurther: handovers that have come further are listed before others.
func TestFurther(t *testing.T) {
	handover := func(namespace, name string, stage v1alpha1.HandoverStage) *v1alpha1.Handover {
		return &v1alpha1.Handover{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Status: v1alpha1.HandoverStatus{Stage: stage},
		}
	}
	order := []*v1alpha1.Handover{
		handover("b", "z", v1alpha1.HandoverCompleted),
		handover("b", "y", v1alpha1.HandoverEarlyLifeSupport),
		handover("b", "x", v1alpha1.HandoverAwaitingSignOff),
		handover("b", "w", v1alpha1.HandoverVerifying),
		handover("a", "v", v1alpha1.HandoverPreparing),
		handover("b", "a", v1alpha1.HandoverPreparing),
		handover("b", "b", v1alpha1.HandoverPreparing),
		handover("a", "a", v1alpha1.HandoverRejected),
		handover("a", "b", ""),
	}
	for i, a := range order {
		for j, b := range order {
			if got := acceptance.Further(a, b); got != (i < j) {
				t.Errorf("%s/%s %q further than %s/%s %q: %t", a.Namespace, a.Name, a.Status.Stage, b.Namespace, b.Name, b.Status.Stage, got)
			}
		}
	}
}
