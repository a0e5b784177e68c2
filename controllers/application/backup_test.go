// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// heartbeat is the Lease of a backup job that was renewed at a moment.
func heartbeat(namespace, name string, renewed time.Time) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"renewTime": renewed.UTC().Format(metav1.RFC3339Micro)},
	}}
	u.SetNamespace(namespace)
	u.SetName(name)
	return u
}

func (w *world) inBackupState(name string, want v1alpha1.BackupState) *v1alpha1.Application {
	w.Helper()
	return w.await(name, func(a *v1alpha1.Application) string {
		if a.Status.Backup == nil || a.Status.Backup.State != want {
			return "its backup is not " + string(want)
		}
		return ""
	})
}

func TestBackup(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("payroll")
	app.Spec.Backup = &v1alpha1.Backup{MaxAge: "26h", Sources: []v1alpha1.BackupSource{
		{Name: "database", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "backup-payroll"}},
	}}
	w.Create(app)
	w.observer.see(w.key("payroll"), up("web", w.clock.Now()))
	w.hasCondition("payroll", v1alpha1.ConditionBackedUp, metav1.ConditionUnknown, v1alpha1.ReasonSourceNotFound)

	renewed := w.clock.Now().Add(-2 * time.Hour)
	w.cluster.show(heartbeat(w.Namespace, "backup-payroll", renewed))
	w.observer.wake(w.key("payroll"))
	got := w.inBackupState("payroll", v1alpha1.BackupCurrent)
	b := got.Status.Backup
	if b.NewestSuccessAt == nil || !b.NewestSuccessAt.Time.Equal(renewed) || b.DueAt == nil || !b.DueAt.Time.Equal(renewed.Add(26*time.Hour)) {
		t.Errorf("newest success %v, due %v", b.NewestSuccessAt, b.DueAt)
	}
	w.hasCondition("payroll", v1alpha1.ConditionBackedUp, metav1.ConditionTrue, v1alpha1.ReasonBackupCurrent)

	// A second before its time it is young enough; then it is not.
	w.clock.SetTime(renewed.Add(26*time.Hour - time.Second))
	w.observer.wake(w.key("payroll"))
	w.change("payroll", func(a *v1alpha1.Application) { a.Spec.Description = "looked at once more" })
	w.inBackupState("payroll", v1alpha1.BackupCurrent)
	w.clock.SetTime(renewed.Add(26 * time.Hour))
	w.observer.wake(w.key("payroll"))
	w.inBackupState("payroll", v1alpha1.BackupOverdue)
	w.hasCondition("payroll", v1alpha1.ConditionBackedUp, metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue)
	// It could not come back, but it works.
	w.inState("payroll", v1alpha1.StateOperational)

	w.change("payroll", func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleRetired })
	got = w.inState("payroll", v1alpha1.StateRetired)
	if got.Status.Backup != nil {
		t.Errorf("the backup of what is retired: %+v", got.Status.Backup)
	}
}

// TestBackupByAgreement: where the Application says nothing of age, its agreement
// does.
func TestBackupByAgreement(t *testing.T) {
	w := newWorld(t)
	level := &v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: w.Namespace}}
	level.Spec.DisplayName.EN = "nightly"
	level.Spec.Availability = v1alpha1.AvailabilityObjective{
		Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Calendar: v1alpha1.CalendarMonth}, MinimumCoverage: "95",
	}
	level.Spec.Backup = &v1alpha1.BackupObjective{MaxAge: "1h"}
	w.Create(level)
	t.Cleanup(func() { w.Must(w.Client.Delete(context.WithoutCancel(t.Context()), level)) })
	w.cluster.show(heartbeat(w.Namespace, "backup-payroll", w.clock.Now().Add(-2*time.Hour)))
	app := w.newWeb("payroll")
	app.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level.Name)}
	app.Spec.Backup = &v1alpha1.Backup{Sources: []v1alpha1.BackupSource{
		{Name: "database", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "backup-payroll"}},
	}}
	w.Create(app)
	w.inBackupState("payroll", v1alpha1.BackupOverdue)
}

func TestNoBackupIsRequired(t *testing.T) {
	w := newWorld(t)
	app := w.newWeb("portal")
	app.Spec.Backup = &v1alpha1.Backup{NotRequiredReason: "it holds no data"}
	w.Create(app)
	w.inBackupState("portal", v1alpha1.BackupNotRequired)
	w.hasCondition("portal", v1alpha1.ConditionBackedUp, metav1.ConditionTrue, v1alpha1.ReasonBackupNotRequired)
}
