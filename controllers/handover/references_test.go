// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"context"
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// misses says what keeps a Handover from waiting for exactly so many references,
// of these fields.
func misses(fields ...string) func(*v1alpha1.Handover) string {
	return func(h *v1alpha1.Handover) string {
		if len(fields) == 0 {
			if c := meta.FindStatusCondition(h.Status.Conditions, v1alpha1.ConditionReconciling); c != nil {
				return "it still waits: " + c.Message
			}
			return controllertest.Condition(h, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
		}
		if missing := controllertest.Condition(h, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonReferenceNotFound); missing != "" {
			return missing
		}
		message := meta.FindStatusCondition(h.Status.Conditions, v1alpha1.ConditionReconciling).Message
		for _, field := range fields {
			if !strings.Contains(message, " of "+field+" does not exist") {
				return "message " + message + " lacks " + field
			}
		}
		if strings.Count(message, "does not exist") != len(fields) {
			return "message " + message + " says more"
		}
		return ""
	}
}

// TestReferences: what is missing is named, and heals when it appears, one after
// the other.
func TestReferences(t *testing.T) {
	w := newWorld(t)
	w.start()
	project, support := w.project("another-project"), w.unit("kdz-16-04")
	h, app := w.example()
	h.Spec.ProjectRef.Name = v1alpha1.ObjectName(project.Name)
	h.Spec.SupportUnitRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(support.Name)}
	h.Spec.StableFor = "0s"
	w.Create(h)
	w.await(h, in(v1alpha1.HandoverPreparing), misses("spec.projectRef", "spec.supportUnitRef", "spec.applicationRefs[0]"),
		lacks(v1alpha1.MissingApplication, "termine"))
	w.Create(app)
	w.await(h, in(v1alpha1.HandoverVerifying), misses("spec.projectRef", "spec.supportUnitRef"))
	w.Create(project)
	w.await(h, misses("spec.supportUnitRef"))
	w.Create(support)
	w.await(h, misses())
	w.passing(app, began)
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))

	// What goes is missing again.
	w.Must(w.Client.Delete(w.Context(), app))
	w.await(h, in(v1alpha1.HandoverPreparing), misses("spec.applicationRefs[0]"))
	w.Must(w.Client.Delete(w.Context(), project))
	w.await(h, misses("spec.projectRef", "spec.applicationRefs[0]"))
}

// TestCompleteNeedsNothing: what a complete Handover names may go.
func TestCompleteNeedsNothing(t *testing.T) {
	w := newWorld(t)
	o := w.start()
	h := w.handover(func(h *v1alpha1.Handover) { h.Spec.EarlyLifeSupport = nil })
	w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	w.signAll(h)
	w.await(h, in(v1alpha1.HandoverCompleted))
	w.unchanged(o, h, func() {
		_, app := w.example()
		w.Must(w.Client.Delete(w.Context(), app))
		w.Must(w.Client.Delete(w.Context(), w.project("online-terminvergabe")))
		w.Must(w.Client.Delete(w.Context(), w.unit("kdz-16-03-04")))
		w.Create(w.unit("kdz-16-03-04"), w.project("online-terminvergabe")) // those of the marker
	})
}

// TestOtherNamespace: a programme hands over Applications of several offices. Of
// another's, nothing is told but what its own conditions say.
func TestOtherNamespace(t *testing.T) {
	w := newWorld(t)
	w.start()
	office := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "office-"}}
	w.Create(office)
	h, app := w.example()
	app.Namespace = office.Name
	h.Spec.ApplicationRefs = []v1alpha1.ApplicationReference{{Name: "termine", Namespace: v1alpha1.NamespaceName(office.Name)}}
	h.Spec.StableFor = "0s"
	w.Create(app, h)
	t.Cleanup(func() {
		if err := errors.Join(w.Client.Delete(context.Background(), app), w.Client.Delete(context.Background(), office)); err != nil {
			t.Error(err)
		}
	})
	w.passing(app, began)
	got := w.await(h, in(v1alpha1.HandoverAwaitingSignOff))
	for _, r := range got.Status.Results {
		if r.Application != office.Name+"/termine" {
			t.Errorf("result of %s", r.Application)
		}
	}
	w.tell(app, func(a *v1alpha1.Application) {
		condition(a, v1alpha1.ConditionBackedUp, metav1.ConditionFalse, "BackupTooOld", "the last success was yesterday", began)
	})
	w.await(h, in(v1alpha1.HandoverVerifying), lacks(v1alpha1.MissingCheck, office.Name+"/termine: BackedUp does not hold: BackupTooOld: the last success was yesterday"))
}
