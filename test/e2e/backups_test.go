// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// heartbeatAge is how old the backup may be of the copy of example 04.
	heartbeatAge = 15 * time.Second
	// overdueWithin is how long after its deadline a backup is told as overdue.
	overdueWithin = 5*time.Second + patience
	// evidenceWithin is how long it takes until new evidence is told.
	evidenceWithin = 10*time.Second + patience
)

// backupIs says what is missing until the backup of an Application is in a
// state, and says these words of its only source.
func backupIs(state v1alpha1.BackupState, words ...string) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		b := a.Status.Backup
		if b == nil || b.State != state || len(b.Sources) != 1 {
			return fmt.Sprintf("backup is %+v, want %s", b, state)
		}
		for _, word := range words {
			if s := b.Sources[0]; !strings.Contains(s.Reason+" "+s.Message, word) {
				return fmt.Sprintf("the source %+v does not say %q", s, word)
			}
		}
		return ""
	}
}

// saved is a copy of example 04 of which only the backup is looked at, by one
// source.
func (p *plane) saved(name string, maxAge time.Duration, source v1alpha1.BackupSource) *v1alpha1.Application {
	p.t.Helper()
	app := p.copyOf("04-application-sap.yaml", name)
	app.Spec.Hosting, app.Spec.ServiceLevelRef = nil, nil
	app.Spec.Backup.MaxAge, app.Spec.Backup.Sources = v1alpha1.Duration(maxAge.String()), []v1alpha1.BackupSource{source}
	return app
}

// testHeartbeat: a backup is overdue when its deadline passes, though nothing
// happens then.
func testHeartbeat(p *plane) {
	t, name := p.t, "backup-copy"
	app := p.saved(name, heartbeatAge, v1alpha1.BackupSource{Name: "database", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: name}})
	apps := p.lookAtApplications(app.Namespace)
	p.create(app)
	apps.await(0, settleWithin, name, "Unknown", backupIs(v1alpha1.BackupUnknown, v1alpha1.ReasonSourceNotFound))

	mark := apps.mark()
	began := time.Now()
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: app.Namespace, Name: name}}
	lease.Spec.RenewTime = new(metav1.NewMicroTime(began))
	p.create(lease)
	apps.await(mark, evidenceWithin, name, "current", backupIs(v1alpha1.BackupCurrent))
	due := began.Add(heartbeatAge)
	overdue := apps.await(mark, time.Until(due)+overdueWithin, name, "overdue", backupIs(v1alpha1.BackupOverdue))
	late := overdue.at.Sub(due)
	t.Logf("overdue %.2f s after its deadline (bound %s)", late.Seconds(), overdueWithin-patience)
	if late < 0 || late > overdueWithin {
		t.Errorf("overdue was told %s after its deadline", late)
	}
	row := p.rowOf(name)
	if !strings.Contains(row, "Overdue") {
		t.Errorf("kubectl get itapp -A -o wide does not show the backup: %s", row)
	}

	mark = apps.mark()
	lease.Spec.RenewTime = new(metav1.NewMicroTime(time.Now()))
	if err := p.admin.Update(t.Context(), lease); err != nil {
		t.Fatal(err)
	}
	apps.await(mark, evidenceWithin, name, "current again", backupIs(v1alpha1.BackupCurrent))
}

// rowOf is what kubectl shows of an Application when asked for all.
func (p *plane) rowOf(name string) string {
	p.t.Helper()
	out := p.kubectl("get", "itapp", "-A", "-o", "wide")
	for row := range strings.Lines(out) {
		if fields := strings.Fields(row); len(fields) > 1 && fields[1] == name {
			return row
		}
	}
	p.t.Errorf("kubectl get itapp -A -o wide does not show %s:\n%s", name, out)
	return ""
}

// letVeleroBeIn has the policy say where Velero is, and creates that namespace.
func (p *plane) letVeleroBeIn(namespace string) {
	p.t.Helper()
	p.newNamespace(namespace, "kdz-16")
	policy := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	patch := fmt.Appendf(nil, `{"spec":{"observation":{"veleroNamespace":%q}}}`, namespace)
	if err := p.admin.Patch(p.t.Context(), policy, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		p.t.Fatal(err)
	}
}

// testVelero: that Velero has submitted a backup is no success. Only one that is
// complete counts, and what fails after it is not mended by it.
func testVelero(p *plane) {
	const name, day = "velero-copy", 24 * time.Hour
	now := time.Now()
	ago := func(d time.Duration) string { return now.Add(-d).UTC().Format(time.RFC3339) }
	p.put(`{apiVersion: velero.io/v1, kind: BackupStorageLocation, metadata: {name: default, namespace: velero},
		spec: {provider: aws, default: true, objectStorage: {bucket: b}}, status: {phase: Available}}`)
	p.put(`{apiVersion: velero.io/v1, kind: Schedule, metadata: {name: nightly, namespace: velero},
		spec: {schedule: "0 1 * * *", template: {}}, status: {phase: Enabled, lastBackup: "%s"}}`, ago(time.Minute))
	app := p.saved(name, 26*time.Hour, v1alpha1.BackupSource{Name: "files", Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}})
	apps := p.lookAtApplications(app.Namespace)
	p.create(app)
	apps.await(0, settleWithin, name, "Unknown", backupIs(v1alpha1.BackupUnknown, v1alpha1.ReasonNoSuccessSeen))
	for _, run := range []struct {
		name, phase string
		age         time.Duration
		state       v1alpha1.BackupState
	}{
		{"nightly-1", "Completed", 3 * day, v1alpha1.BackupOverdue},
		{"nightly-2", "Completed", 25 * time.Hour, v1alpha1.BackupCurrent},
		{"nightly-3", "Failed", 2 * time.Hour, v1alpha1.BackupFailed},
		{"nightly-4", "PartiallyFailed", time.Hour, v1alpha1.BackupFailed},
		{"nightly-5", "Completed", time.Minute, v1alpha1.BackupCurrent},
	} {
		mark, began := apps.mark(), time.Now()
		p.put(`{apiVersion: velero.io/v1, kind: Backup, metadata: {name: "%s", namespace: velero, labels: {velero.io/schedule-name: nightly}},
			spec: {storageLocation: default, ttl: 720h0m0s},
			status: {phase: "%s", startTimestamp: "%s", completionTimestamp: "%s", expiration: "%s"}}`,
			run.name, run.phase, ago(run.age), ago(run.age), ago(run.age-30*day))
		var words []string
		if run.state == v1alpha1.BackupFailed {
			words = []string{run.name, run.phase}
		}
		told := apps.await(mark, evidenceWithin, name, string(run.state)+" by "+run.name, backupIs(run.state, words...))
		p.t.Logf("%s %s: %s after %.2f s", run.name, run.phase, run.state, told.at.Sub(began).Seconds())
	}
}

// put creates an object of a kind that has no Go type here, with its status.
func (p *plane) put(document string, args ...any) {
	p.t.Helper()
	o := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict(fmt.Appendf(nil, document, args...), &o.Object); err != nil {
		p.t.Fatal(err)
	}
	status := o.Object["status"]
	p.create(o)
	if told, _ := o.Object["status"].(map[string]any); len(told) > 0 {
		return // the kind has no separate status
	}
	o.Object["status"] = status
	if err := p.admin.Status().Update(p.t.Context(), o); err != nil {
		p.t.Fatalf("status of %s %s: %v", o.GetKind(), o.GetName(), err)
	}
}
