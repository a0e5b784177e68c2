// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestNamespacesAreStripped: there may be thousands, and what others write into
// their annotations may be long.
func TestNamespacesAreStripped(t *testing.T) {
	ns := &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{
			Name: "amt-33", ResourceVersion: "7", Labels: map[string]string{"kdz.mainz.de/unit": "amt-33"},
			Annotations: map[string]string{"long": "text"}, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "somebody"}},
		},
		Spec:   corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
	got, err := stripNamespace(ns)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: "amt-33", ResourceVersion: "7", Labels: map[string]string{"kdz.mainz.de/unit": "amt-33"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is left of it (-want +got):\n%s", diff)
	}
}
