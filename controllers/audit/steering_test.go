// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
)

// tell writes a status as the controller of the kind would.
func tell[T client.Object](w *world, o T, change func()) {
	w.Helper()
	before := o.DeepCopyObject().(client.Object)
	change()
	w.Must(w.Client.Status().Patch(w.Context(), o, client.MergeFrom(before)))
}

// condition of a status.
func condition(kind string, status metav1.ConditionStatus, reason string) []metav1.Condition {
	return []metav1.Condition{{Type: kind, Status: status, Reason: reason, Message: reason, LastTransitionTime: metav1.Time{Time: now}}}
}

// TestHowProjectsGoIsTold: what a project's controller finds, a handover whose
// day passes, and a project that nobody has heard of for long, in a namespace
// without a single Application.
func TestHowProjectsGoIsTold(t *testing.T) {
	w := newWorld(t)
	// An old project, so that the moment of its creation, which no test can set,
	// does not count.
	project := &v1alpha1.Project{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "dms"},
		Spec: v1alpha1.ProjectSpec{
			DisplayName: v1alpha1.LocalisedText{DE: "DMS"}, OfficeRef: v1alpha1.UnitReference{Name: "amt-33"},
			Lead:     &v1alpha1.ProjectLead{Name: "Lead", UnitRef: &v1alpha1.UnitReference{Name: "amt-10"}},
			Recorded: &v1alpha1.RecordedStage{Stage: v1alpha1.StageInImplementation, AsOfOn: "2026-09-30", Source: "Status report"},
		},
	}
	handover := &v1alpha1.Handover{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "dms"},
		Spec: v1alpha1.HandoverSpec{
			ProjectRef:        v1alpha1.ProjectReference{Name: "dms"},
			OperationsUnitRef: v1alpha1.UnitReference{Name: "kdz-16"},
			ApplicationRefs:   []v1alpha1.ApplicationReference{{Name: "dms", Namespace: "elsewhere"}},
			DueOn:             "2026-11-30",
		},
	}
	w.Create(project, handover)
	tell(w, project, func() {
		project.Status.Stage = v1alpha1.StageInImplementation
		project.Status.Conditions = condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonContradiction)
	})
	w.start()
	w.awaitTold("Project/dms Contradiction fail medium")
	tell(w, project, func() {
		project.Status.Conditions = condition(v1alpha1.ConditionOnSchedule, metav1.ConditionFalse, v1alpha1.ReasonMilestoneOverdue)
	})
	w.awaitTold("Project/dms MilestoneOverdue fail medium")
	tell(w, project, func() {
		project.Status.Conditions = condition(v1alpha1.ConditionOnSchedule, metav1.ConditionTrue, v1alpha1.ReasonOnSchedule)
	})
	w.awaitTold()

	w.clock.SetTime(time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC))
	w.awaitTold("Handover/dms HandoverOverdue fail medium")
	tell(w, handover, func() { handover.Status.Stage = v1alpha1.HandoverEarlyLifeSupport })
	w.awaitTold()

	w.clock.SetTime(time.Date(2026, 12, 30, 12, 0, 0, 0, time.UTC))
	w.awaitTold("Project/dms ProjectStale warn low")
	controllertest.Alter(w.World, project, func(p *v1alpha1.Project) {
		p.Spec.Milestones = []v1alpha1.Milestone{{Name: "pilot", DueOn: "2026-12-31", CompletedOn: "2026-12-20"}}
	})
	w.awaitTold()
}
