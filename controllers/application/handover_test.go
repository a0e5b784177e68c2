// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// handOver creates a Handover of an Application.
func (w *world) handOver(namespace, name, application string) *v1alpha1.Handover {
	w.Helper()
	h := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	h.Spec.ProjectRef.Name = "project"
	h.Spec.OperationsUnitRef.Name = v1alpha1.ObjectName(w.unit)
	h.Spec.ApplicationRefs = []v1alpha1.ApplicationReference{{Name: v1alpha1.ObjectName(application)}}
	if namespace != w.Namespace {
		h.Spec.ApplicationRefs[0].Namespace = v1alpha1.NamespaceName(w.Namespace)
	}
	w.Create(h)
	w.Cleanup(func() { _ = client.IgnoreNotFound(w.Client.Delete(context.Background(), h)) })
	return h
}

// reach brings a Handover to a stage, as its controller would.
func (w *world) reach(h *v1alpha1.Handover, stage v1alpha1.HandoverStage) {
	w.Helper()
	stored := controllertest.Get(w.World, h)
	before := stored.DeepCopy()
	stored.Status.Stage = stage
	w.Must(w.Client.Status().Patch(w.Context(), stored, client.MergeFrom(before)))
}

// handedOver awaits what an Application says of its handover.
func (w *world) handedOver(value metav1.ConditionStatus, reason, words string) {
	w.Helper()
	c := w.hasCondition("a", v1alpha1.ConditionHandedOver, value, reason)
	if !strings.Contains(c.Message, words) {
		w.Errorf("message %q lacks %q", c.Message, words)
	}
}

// TestHandedOver: an Application that a project delivers says how far its
// handover has come, at each stage.
func TestHandedOver(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("a")
	app.Spec.Origin, app.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecyclePlanned
	w.Create(app)
	w.handedOver(metav1.ConditionUnknown, v1alpha1.ReasonNoHandover, "Planned")
	w.change("a", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleOperating })
	w.handedOver(metav1.ConditionFalse, v1alpha1.ReasonNoHandover, "no Handover names it")

	h := w.handOver(w.Namespace, "own", "a")
	w.handedOver(metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete, "Handover own was not judged yet")
	w.reach(h, v1alpha1.HandoverAwaitingSignOff)
	w.hasCondition("a", v1alpha1.ConditionHandedOver, metav1.ConditionFalse, v1alpha1.ReasonHandoverIncomplete)
	w.reach(h, v1alpha1.HandoverRejected)
	w.handedOver(metav1.ConditionFalse, v1alpha1.ReasonHandoverRejected, "Handover own: do what its status.missing says")

	// The furthest counts, of whatever namespace.
	office := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "office-"}}
	w.Create(office)
	other := w.handOver(office.Name, "other", "a")
	w.reach(other, v1alpha1.HandoverEarlyLifeSupport)
	w.handedOver(metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport, "Handover "+office.Name+"/other")
	w.reach(h, v1alpha1.HandoverCompleted)
	w.handedOver(metav1.ConditionTrue, v1alpha1.ReasonHandedOver, "Handover own is complete")

	// One that goes, or names another, hands over nothing.
	controllertest.Alter(w.World, h, func(h *v1alpha1.Handover) { h.Spec.ApplicationRefs[0].Name = "b" })
	w.handedOver(metav1.ConditionFalse, v1alpha1.ReasonInEarlyLifeSupport, office.Name+"/other")
	w.Must(w.Client.Delete(w.Context(), other))
	w.handedOver(metav1.ConditionFalse, v1alpha1.ReasonNoHandover, "no Handover names it")

	// What no project delivered is not handed over.
	w.Create(w.newApp("b"))
	w.hasCondition("b", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	w.lacksCondition("b", v1alpha1.ConditionHandedOver)
}
