// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// TestRest: neither a restart nor what does not matter writes anything.
func TestRest(t *testing.T) {
	w := newWorld(t)
	w.pace.Minor = time.Hour
	o := w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.sign(h, "lead", v1alpha1.RoleProjectLead, lead)
	w.await(h, tells("lead", ""))
	w.unchanged(o, h, func() {
		_, app := w.example()
		w.tell(app, func(a *v1alpha1.Application) {
			for i := range a.Status.Conditions {
				a.Status.Conditions[i].Message = "another word"
			}
			a.Status.OperationalState = v1alpha1.StateOperational
		})
		controllertest.Alter(w.World, w.project("online-terminvergabe"), func(p *v1alpha1.Project) { p.Spec.DisplayName.DE = "Termine" })
		controllertest.Alter(w.World, w.unit("kdz-16-03-04"), func(u *v1alpha1.OrganisationalUnit) { u.Spec.DisplayName.DE = "KDZ" })
	})
	// Looked at anew, it finds other words, which wait.
	before := controllertest.Get(w.World, h)
	o = w.restart(o, time.Minute)
	w.settled()
	if diff := cmp.Diff(before.Status, controllertest.Get(w.World, h).Status); diff != "" || o.Written(h.Name) != 0 {
		t.Errorf("%d writes after a restart (-before +after):\n%s", o.Written(h.Name), diff)
	}
	// They go along when something else is told.
	w.sign(h, "operations", v1alpha1.RoleOperations, "operations@example.org")
	got := w.await(h, tells("operations", ""))
	if message := got.Status.Results[0].Message; message != "AsTold: another word" || o.Written(h.Name) != 1 {
		t.Errorf("after %d writes the first result says %q", o.Written(h.Name), message)
	}
}

// TestWordsAreTold: a minute later, if nothing else is.
func TestWordsAreTold(t *testing.T) {
	w := newWorld(t)
	o := w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	_, app := w.example()
	w.tell(app, func(a *v1alpha1.Application) { a.Status.Conditions[0].Message = "another word" })
	w.restart(o, 0)
	w.await(h, func(h *v1alpha1.Handover) string {
		if message := h.Status.Results[0].Message; message != "AsTold: another word" {
			return "the first result says " + message
		}
		return ""
	})
}

// TestAnotherHand: what another hand writes into the status is put right.
func TestAnotherHand(t *testing.T) {
	w := newWorld(t)
	w.start()
	h := w.handover()
	right := w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	tell(w, h, func(h *v1alpha1.Handover) {
		h.Status.ContentHash = "v1:" + v1alpha1.ContentHash(strings.Repeat("0", 64))
		h.Status.Stage = v1alpha1.HandoverRejected
		h.Status.Missing = nil
		h.Status.SignOffs = []v1alpha1.SignOffSummary{{Name: "forged", Role: v1alpha1.RoleOperations, Outcome: v1alpha1.SignOffAccepted, SignedBy: "nobody"}}
		meta.SetStatusCondition(&h.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionHandedOver, Status: metav1.ConditionTrue, Reason: "Forged", Message: "done"})
	})
	got := w.await(h, in(v1alpha1.HandoverAwaitingSignOff), is(v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete))
	if got.Status.ContentHash != right.Status.ContentHash || len(got.Status.SignOffs) != 0 {
		t.Errorf("after another hand: %+v", got.Status)
	}
	if diff := cmp.Diff(right.Status.Missing, got.Status.Missing); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

// TestFailedWrite: what could not be written is written later, from what is
// known then.
func TestFailedWrite(t *testing.T) {
	w := newWorld(t)
	o := w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	o.Refuse(h.Name, 2)
	w.sign(h, "lead", v1alpha1.RoleProjectLead, lead)
	w.await(h, tells("lead", ""))
}

// TestOverdue: the day passes, and that is told without anybody asking.
func TestOverdue(t *testing.T) {
	w := newWorld(t)
	// The last day ends at midnight in Europe/Berlin.
	w.clock.Set(time.Date(2027, 3, 31, 21, 59, 58, 0, time.UTC))
	o := w.start()
	h := w.handover()
	w.await(h, is(v1alpha1.ConditionOnSchedule, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule))
	w.await(h, is(v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonOverdue))
	controllertest.AwaitThat(w, "it is counted as overdue", func() bool {
		n, _ := o.Metric("kdz_handovers_overdue", "stage", "AwaitingSignOff")
		return n == 1
	})
	w.Must(w.Client.Delete(w.Context(), h))
	controllertest.AwaitThat(w, "it is counted no more", func() bool {
		n, _ := o.Metric("kdz_handovers")
		return n == 0
	})
}

// number lets the definition of Handovers take a number as a duration, as one of
// another time might have, and returns what takes that back.
func (w *world) number() (back func()) {
	w.Helper()
	definition := &unstructured.Unstructured{}
	definition.SetAPIVersion("apiextensions.k8s.io/v1")
	definition.SetKind("CustomResourceDefinition")
	w.Must(w.Client.Get(w.Context(), client.ObjectKey{Name: "handovers.kdz.mainz.de"}, definition))
	versions, _, err := unstructured.NestedSlice(definition.Object, "spec", "versions")
	w.Must(err)
	field := []string{"schema", "openAPIV3Schema", "properties", "spec", "properties", "stableFor"}
	set := func(schema map[string]any) {
		w.Helper()
		w.Must(w.Client.Get(w.Context(), client.ObjectKey{Name: "handovers.kdz.mainz.de"}, definition))
		w.Must(unstructured.SetNestedMap(versions[0].(map[string]any), schema, field...))
		w.Must(unstructured.SetNestedSlice(definition.Object, versions, "spec", "versions"))
		w.Must(w.Client.Update(w.Context(), definition))
	}
	was, found, err := unstructured.NestedMap(versions[0].(map[string]any), field...)
	if w.Must(err); !found {
		w.Must(errors.New("the definition of Handovers has no spec.stableFor"))
	}
	set(map[string]any{"x-kubernetes-int-or-string": true})
	return func() { set(was) }
}

// TestUndecodable: of what cannot be read nobody knows what was signed, so that
// all goes on as it was; and somebody is told where.
func TestUndecodable(t *testing.T) {
	w := newWorld(t)
	o := w.start()
	h := w.handover()
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.sign(h, "lead", v1alpha1.RoleProjectLead, lead)
	right := w.await(h, tells("lead", ""))

	back := w.number()
	set := func(stableFor string) {
		t.Helper()
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"stableFor":`+stableFor+`}}`))
		controllertest.AwaitThat(w, "the definition takes "+stableFor, func() bool {
			return w.Client.Patch(w.Context(), h.DeepCopy(), patch) == nil
		})
	}
	set("5")
	back()
	got := w.await(h, is(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonUndecodable),
		is(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonUndecodable))
	if c := meta.FindStatusCondition(got.Status.Conditions, v1alpha1.ConditionStalled); !strings.Contains(c.Message, "stableFor") {
		t.Errorf("Stalled does not say where: %s", c.Message)
	}
	same := func(h *v1alpha1.Handover) v1alpha1.HandoverStatus {
		st := *h.Status.DeepCopy()
		st.Conditions, st.ObservedGeneration = nil, 0
		return st
	}
	if diff := cmp.Diff(same(right), same(got)); diff != "" {
		t.Errorf("what was told (-before +after):\n%s", diff)
	}
	w.unchanged(o, h, func() {
		w.sign(right, "operations", v1alpha1.RoleOperations, "operations@example.org")
	})
	set(`"0s"`)
	w.await(h, is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded), tells("operations", ""), tells("lead", ""))
}
