// SPDX-License-Identifier: Apache-2.0

package application

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// TestHandedOverUndecodable: of an Application that cannot be read nobody knows
// who delivers it, so that what was told stays.
func TestHandedOverUndecodable(t *testing.T) {
	app := &v1alpha1.Application{DecodingError: "spec: cannot unmarshal"}
	app.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionHandedOver, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonHandedOver}}
	s := newScope(app, time.Date(2027, 6, 15, 12, 0, 0, 0, time.UTC))
	s.judge()
	s.tell()
	if missing := controllertest.Condition(app, v1alpha1.ConditionHandedOver, metav1.ConditionTrue, v1alpha1.ReasonHandedOver); missing != "" {
		t.Error(missing)
	}
}

// TestWhichChangesOfAHandoverMatter: the stage, and what it hands over; nothing
// that it tells beside.
func TestWhichChangesOfAHandoverMatter(t *testing.T) {
	before := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-33", Name: "termine"}}
	before.Spec.ApplicationRefs = []v1alpha1.ApplicationReference{{Name: "a"}, {Namespace: "amt-10", Name: "b"}}
	before.Status.Stage = v1alpha1.HandoverVerifying
	for name, tc := range map[string]struct {
		change func(*v1alpha1.Handover)
		want   []string
	}{
		"results": {func(h *v1alpha1.Handover) {
			h.Status.Results = []v1alpha1.CheckResult{{Application: "a", Check: v1alpha1.CheckBackedUp}}
			h.Status.Missing = []v1alpha1.MissingItem{{Reason: v1alpha1.MissingCheck}}
			h.Spec.DueOn = "2027-03-31"
		}, nil},
		"the stage": {func(h *v1alpha1.Handover) { h.Status.Stage = v1alpha1.HandoverAwaitingSignOff }, []string{"amt-10/b", "amt-33/a"}},
		"another application": {func(h *v1alpha1.Handover) {
			h.Spec.ApplicationRefs = append(h.Spec.ApplicationRefs[:1:1], v1alpha1.ApplicationReference{Name: "c"})
		}, []string{"amt-10/b", "amt-33/a", "amt-33/c"}},
	} {
		q := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		after := before.DeepCopy()
		tc.change(after)
		handedOver().Update(t.Context(), event.UpdateEvent{ObjectOld: before, ObjectNew: after}, q)
		var got []string
		for q.Len() > 0 {
			request, _ := q.Get()
			got = append(got, request.String())
		}
		q.ShutDown()
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v are looked at, want %v", name, got, tc.want)
		}
	}
}
