// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// TestFurthest: the stage decides, then the name, and never the order.
func TestFurthest(t *testing.T) {
	stages := []v1alpha1.HandoverStage{"", "Rejected", "Preparing", "Verifying", "AwaitingSignOff", "EarlyLifeSupport", "Completed"}
	var all []*v1alpha1.Handover
	for _, stage := range stages {
		for _, name := range []string{"b", "a"} {
			all = append(all, &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: name}, Status: v1alpha1.HandoverStatus{Stage: stage}})
		}
	}
	for n := 2; n <= len(all); n += 2 {
		rapid.Check(t, func(t *rapid.T) {
			listed := append(rapid.Permutation(all[:n]).Draw(t, "listed"), nil)
			if h := acceptance.Furthest(listed); h.Status.Stage != stages[n/2-1] || h.Name != "a" {
				t.Fatalf("%s in %s", h.Name, h.Status.Stage)
			}
		})
	}
	if h := acceptance.Furthest(nil); h != nil {
		t.Errorf("%+v of none", h)
	}
}
