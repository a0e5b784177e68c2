// SPDX-License-Identifier: Apache-2.0

package gather

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// TestHandedOver: what cannot be decoded hands over what its status tells of.
func TestHandedOver(t *testing.T) {
	h := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine"}}
	h.Spec.ApplicationRefs = []v1alpha1.ApplicationReference{{Name: "termine"}, {Namespace: "amt-10", Name: "civento"}}
	want := []types.NamespacedName{{Namespace: "amt-33", Name: "termine"}, {Namespace: "amt-10", Name: "civento"}}
	if diff := cmp.Diff(want, HandedOver(h)); diff != "" {
		t.Errorf("by its spec (-want +got):\n%s", diff)
	}
	h.Spec, h.DecodingError = v1alpha1.HandoverSpec{}, "spec: cannot unmarshal"
	h.Status.Results = []v1alpha1.CheckResult{{Application: "termine", Check: "BackedUp"}, {Application: "termine", Check: "Centralised"}}
	h.Status.EarlyLifeSupport = &v1alpha1.EarlyLifeSupportStatus{Accounts: []v1alpha1.SupportAccount{{Application: "termine"}, {Application: "amt-10/civento"}}}
	if diff := cmp.Diff(want, HandedOver(h)); diff != "" {
		t.Errorf("by its status (-want +got):\n%s", diff)
	}
}
