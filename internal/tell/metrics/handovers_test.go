// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

func TestHandovers(t *testing.T) {
	r := prometheus.NewRegistry()
	m, err := NewHandovers(r)
	if err != nil {
		t.Fatal(err)
	}
	set := func(name string, stage v1alpha1.HandoverStage, onSchedule metav1.ConditionStatus) {
		h := &v1alpha1.Handover{}
		h.Status.Stage = stage
		h.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionOnSchedule, Status: onSchedule}}
		m.Set(types.NamespacedName{Namespace: "amt-33", Name: name}, h)
	}
	set("a", v1alpha1.HandoverVerifying, metav1.ConditionTrue)
	set("b", v1alpha1.HandoverVerifying, metav1.ConditionFalse)
	set("c", v1alpha1.HandoverVerifying, metav1.ConditionFalse)
	set("c", v1alpha1.HandoverCompleted, metav1.ConditionTrue)
	set("unjudged", "", metav1.ConditionFalse)
	set("gone", v1alpha1.HandoverRejected, metav1.ConditionFalse)
	m.Forget(types.NamespacedName{Namespace: "amt-33", Name: "gone"})

	got := series(t, r)
	for _, stage := range handoverStages {
		want := map[v1alpha1.HandoverStage]float64{v1alpha1.HandoverVerifying: 2, v1alpha1.HandoverCompleted: 1}[stage]
		overdue := map[v1alpha1.HandoverStage]float64{v1alpha1.HandoverVerifying: 1}[stage]
		if n, found := got["kdz_handovers stage="+string(stage)]; !found || n != want {
			t.Errorf("%s: %v Handovers (%t), want %v", stage, n, found, want)
		}
		if n, found := got["kdz_handovers_overdue stage="+string(stage)]; !found || n != overdue {
			t.Errorf("%s: %v Handovers overdue (%t), want %v", stage, n, found, overdue)
		}
	}
	if _, err := NewHandovers(r); err == nil {
		t.Error("the metrics were registered twice")
	}
	var none *Handovers
	none.Set(types.NamespacedName{}, &v1alpha1.Handover{})
	none.Forget(types.NamespacedName{})
}
