// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// changed returns evidence with changes made to it.
func changed(e Evidence, changes ...func(*Evidence)) Evidence {
	for _, change := range changes {
		change(&e)
	}
	return e
}

func success(began, ended string) func(*Evidence) {
	return func(e *Evidence) {
		e.SuccessAt = at(began)
		if ended != "" {
			e.SuccessEndedAt = at(ended)
		}
	}
}

func failure(name, phase, newest, since string) func(*Evidence) {
	return func(e *Evidence) {
		e.FailureName, e.FailurePhase, e.FailureAt, e.FailingSince = name, phase, at(newest), at(since)
	}
}

func tested(began string, took time.Duration) func(*Evidence) {
	return func(e *Evidence) { e.RestoreTestAt, e.RestoreTestTook = at(began), took }
}

func doubted(reason, message string) func(*Evidence) {
	return func(e *Evidence) { e.Reason, e.Message = reason, message }
}

// expect reads each and compares.
type expectation struct {
	objects string
	source  v1alpha1.BackupSource
	want    Evidence
}

func expect(t *testing.T, tests map[string]expectation) {
	t.Helper()
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, newStore(t, tc.objects).read(tc.source)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func lease(name, times string) string {
	return fmt.Sprintf(`
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: {name: %s, namespace: payroll}
spec: {holderIdentity: backup, %s}
`, name, times)
}

func TestHeartbeat(t *testing.T) {
	source := v1alpha1.BackupSource{Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "offsite"}}
	both := v1alpha1.BackupSource{Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "offsite", RestoreTestLeaseName: "test"}}
	base := nothing(`heartbeat Lease "offsite"`)
	beat := lease("offsite", `acquireTime: "2026-11-20T01:00:00.000000Z", renewTime: "2026-11-20T03:00:00.500000+01:00"`)
	succeeded := success("2026-11-20T01:00:00Z", "2026-11-20T02:00:00.5Z")
	expect(t, map[string]expectation{
		"both ends":            {beat, source, changed(base, succeeded)},
		"the end":              {lease("offsite", `renewTime: "2026-11-20T02:00:00.000000Z"`), source, changed(base, success("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z"))},
		"the next has begun":   {lease("offsite", `acquireTime: "2026-11-20T10:00:00Z", renewTime: "2026-11-20T02:00:00Z"`), source, changed(base, success("2026-11-20T02:00:00Z", "2026-11-20T02:00:00Z"))},
		"never renewed":        {lease("offsite", `acquireTime: "2026-11-20T10:00:00Z"`), source, base},
		"no Lease":             {lease("other", ""), source, changed(base, doubted("SourceNotFound", `heartbeat Lease "offsite" does not exist`))},
		"no time":              {lease("offsite", `renewTime: now`), source, changed(base, doubted("SourceUnreadable", `spec.renewTime is "now"; it has to be a time such as 2026-03-31T02:00:00Z`))},
		"no text":              {lease("offsite", `renewTime: {a: b}`), source, changed(base, doubted("SourceUnreadable", `spec.renewTime is "map[a:b]"; it has to be a time such as 2026-03-31T02:00:00Z`))},
		"a little ahead":       {lease("offsite", `renewTime: "2026-11-20T11:05:00Z"`), source, changed(base, success("2026-11-20T11:05:00Z", "2026-11-20T11:05:00Z"))},
		"ahead":                {lease("offsite", `renewTime: "2026-11-20T11:05:00.000001Z"`), source, changed(base, func(e *Evidence) { e.AheadAt = at("2026-11-20T11:05:00.000001Z") })},
		"a restore test":       {beat + lease("test", `acquireTime: "2026-11-01T08:00:00Z", renewTime: "2026-11-01T09:30:00Z"`), both, changed(base, succeeded, tested("2026-11-01T08:00:00Z", 90*time.Minute))},
		"a test's end":         {beat + lease("test", `renewTime: "2026-11-01T09:30:00Z"`), both, changed(base, succeeded, tested("2026-11-01T09:30:00Z", -1))},
		"a test that is ahead": {beat + lease("test", `renewTime: "2027-11-01T09:30:00Z"`), both, changed(base, succeeded)},
		"no test yet":          {beat, both, changed(base, succeeded)},
		"a test without a time": {beat + lease("test", `renewTime: "1"`), both, changed(base, succeeded, func(e *Evidence) {
			e.RestoreTestReason, e.RestoreTestMessage = "SourceUnreadable", `Lease test: spec.renewTime is "1"; it has to be a time such as 2026-03-31T02:00:00Z`
		})},
	})
}

func cronJob(name, spec, status string) string {
	return fmt.Sprintf(`
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: %s, namespace: payroll}
spec: {schedule: 0 1 * * *, %s}
status: {%s}
`, name, spec, status)
}

func TestCronJob(t *testing.T) {
	source := v1alpha1.BackupSource{CronJob: &v1alpha1.CronJobSource{Name: "dump"}}
	both := v1alpha1.BackupSource{CronJob: &v1alpha1.CronJobSource{Name: "dump", RestoreTestName: "restore"}}
	base := nothing(`CronJob "dump"`)
	done := `lastScheduleTime: "2026-11-20T01:00:00Z", lastSuccessfulTime: "2026-11-20T01:40:00Z"`
	succeeded := success("2026-11-20T01:00:00Z", "2026-11-20T01:40:00Z")
	next := `lastScheduleTime: "2026-11-20T01:00:00Z", lastSuccessfulTime: "2026-11-19T01:40:00Z"`
	before := success("2026-11-19T01:40:00Z", "2026-11-19T01:40:00Z")
	expect(t, map[string]expectation{
		"done":             {cronJob("dump", "", done), source, changed(base, succeeded)},
		"the next runs":    {cronJob("dump", "", next+`, active: [{name: dump-1}]`), source, changed(base, before)},
		"the next failed":  {cronJob("dump", "", next), source, changed(base, before, failure("dump", "ended without success", "2026-11-20T01:00:00Z", "2026-11-20T01:00:00Z"))},
		"the first failed": {cronJob("dump", "", `lastScheduleTime: "2026-11-20T01:00:00Z"`), source, changed(base, failure("dump", "ended without success", "2026-11-20T01:00:00Z", "2026-11-20T01:00:00Z"))},
		"never ran":        {cronJob("dump", "", ""), source, base},
		"run by hand":      {cronJob("dump", "", `lastSuccessfulTime: "2026-11-20T01:40:00Z"`), source, changed(base, success("2026-11-20T01:40:00Z", "2026-11-20T01:40:00Z"))},
		"suspended":        {cronJob("dump", "suspend: true", done), source, changed(base, succeeded, func(e *Evidence) { e.Paused = true })},
		"no CronJob":       {cronJob("other", "", done), source, changed(base, doubted("SourceNotFound", `CronJob "dump" does not exist`))},
		"no time":          {cronJob("dump", "", "lastSuccessfulTime: 12"), source, changed(base, doubted("SourceUnreadable", `status.lastSuccessfulTime is "12"; it has to be a time such as 2026-03-31T02:00:00Z`))},
		"a restore test":   {cronJob("dump", "", done) + cronJob("restore", "", `lastScheduleTime: "2026-11-01T01:00:00Z", lastSuccessfulTime: "2026-11-01T02:00:00Z"`), both, changed(base, succeeded, tested("2026-11-01T01:00:00Z", time.Hour))},
		"a test failed":    {cronJob("dump", "", done) + cronJob("restore", "", `lastScheduleTime: "2026-11-08T01:00:00Z", lastSuccessfulTime: "2026-11-01T02:00:00Z"`), both, changed(base, succeeded, tested("2026-11-01T02:00:00Z", -1))},
		"no test yet":      {cronJob("dump", "", done), both, changed(base, succeeded)},
	})
}

func snapshot(name, created, status string) string {
	return fmt.Sprintf(`
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshot
metadata: {name: %s, namespace: payroll, labels: {app: payroll}, creationTimestamp: "%s"}
spec: {source: {persistentVolumeClaimName: data}}
status: {%s}
`, name, created, status)
}

func TestVolumeSnapshot(t *testing.T) {
	source := v1alpha1.BackupSource{VolumeSnapshot: &v1alpha1.SnapshotSource{Selector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "payroll"}}}}
	wrong := v1alpha1.BackupSource{VolumeSnapshot: &v1alpha1.SnapshotSource{Selector: metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "app", Operator: "Like"}}}}}
	base := nothing("VolumeSnapshots app=payroll")
	ready := snapshot("s1", "2026-11-19T01:00:00Z", `readyToUse: true, creationTime: "2026-11-19T01:00:01Z"`)
	of := changed(base, success("2026-11-19T01:00:01Z", ""), func(e *Evidence) { e.SuccessName = "s1" })
	expect(t, map[string]expectation{
		"ready":                     {ready, source, of},
		"not ready yet":             {ready + snapshot("s2", "2026-11-20T01:00:00Z", `readyToUse: false, creationTime: "2026-11-20T01:00:01Z"`), source, of},
		"readiness is not known":    {ready + snapshot("s2", "2026-11-20T01:00:00Z", `creationTime: "2026-11-20T01:00:01Z"`), source, of},
		"the time is not known":     {ready + snapshot("s2", "2026-11-20T01:00:00Z", `readyToUse: true, creationTime: null`), source, changed(of, func(e *Evidence) { e.Unproven = "s2 succeeded, but does not say when it began" })},
		"an old one is of no time":  {ready + snapshot("s0", "2026-11-18T01:00:00Z", `readyToUse: true`), source, of},
		"an error":                  {ready + snapshot("s2", "2026-11-20T01:00:00Z", `readyToUse: false, error: {message: no space, time: "2026-11-20T01:00:05Z"}`), source, changed(of, failure("s2", "has an error", "2026-11-20T01:00:00Z", "2026-11-20T01:00:00Z"))},
		"an error that passed":      {ready + snapshot("s0", "2026-11-18T01:00:00Z", `error: {message: no space}`), source, of},
		"one that is being deleted": {ready + strings.Replace(snapshot("s2", "2026-11-20T01:00:00Z", `readyToUse: true, creationTime: "2026-11-20T01:00:01Z"`), "labels:", `deletionTimestamp: "2026-11-20T02:00:00Z", labels:`, 1), source, of},
		"others":                    {ready + strings.Replace(snapshot("s2", "2026-11-20T01:00:00Z", `readyToUse: true, creationTime: "2026-11-20T01:00:01Z"`), "app: payroll", "app: portal", 1), source, of},
		"none":                      {"", source, base},
		"no selector":               {ready, wrong, changed(nothing(""), doubted("InvalidSpec", `volumeSnapshot.selector: "Like" is not a valid label selector operator`), func(e *Evidence) { e.RestoreTestReason, e.RestoreTestMessage = e.Reason, e.Message })},
	})
}

func cnpg(name, cluster, status string) string {
	return fmt.Sprintf(`
---
apiVersion: postgresql.cnpg.io/v1
kind: Backup
metadata: {name: %s, namespace: payroll, creationTimestamp: "2026-11-20T01:00:00Z"}
spec: {method: barmanObjectStore, cluster: {name: %s}}
status: {%s}
`, name, cluster, status)
}

func TestCloudNativePG(t *testing.T) {
	database := func(condition string) string {
		return fmt.Sprintf(`
apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: db, namespace: payroll}
spec: {instances: 3}
status:
  lastSuccessfulBackup: "2026-11-20T10:00:00Z"
  conditions: [{type: Ready, status: "True"}, {type: ContinuousArchiving, status: "%s", reason: ContinuousArchivingFailing}]
`, condition)
	}
	source := v1alpha1.BackupSource{CloudNativePG: &v1alpha1.ClusterSource{ClusterName: "db"}}
	base := nothing(`CloudNativePG cluster "db"`)
	done := cnpg("b1", "db", `phase: completed, startedAt: "2026-11-19T01:00:01Z", stoppedAt: "2026-11-19T01:10:00Z"`)
	of := changed(base, success("2026-11-19T01:00:01Z", "2026-11-19T01:10:00Z"), func(e *Evidence) { e.SuccessName = "b1" })
	expect(t, map[string]expectation{
		"completed":                           {database("True") + done, source, of},
		"what the cluster says is no success": {database("True"), source, base},
		"under way":                           {database("True") + done + cnpg("b2", "db", `phase: running, startedAt: "2026-11-20T01:00:01Z"`), source, of},
		"failed":                              {database("True") + done + cnpg("b2", "db", `phase: failed, startedAt: "2026-11-20T01:00:01Z", error: x`), source, changed(of, failure("b2", "failed", "2026-11-20T01:00:01Z", "2026-11-20T01:00:01Z"))},
		"never began":                         {database("True") + done + cnpg("b2", "db", `phase: walArchivingFailing`), source, changed(of, failure("b2", "walArchivingFailing", "2026-11-20T01:00:00Z", "2026-11-20T01:00:00Z"))},
		"another's":                           {database("True") + done + cnpg("b2", "other", `phase: failed, startedAt: "2026-11-20T01:00:01Z"`), source, of},
		"does not archive": {database("False") + done, source, changed(of, func(e *Evidence) {
			e.Fault, e.FaultMessage = "ArchivingFailed", "it does not archive its log (ContinuousArchiving is False), so that nothing after the newest backup can be restored"
		})},
		"no cluster": {done, source, changed(of, doubted("SourceNotFound", `CloudNativePG cluster "db" does not exist`))},
	})
}

func k8up(kind, name, created, status string) string {
	return fmt.Sprintf(`
---
apiVersion: k8up.io/v1
kind: %s
metadata:
  name: %s
  namespace: payroll
  creationTimestamp: "%s"
  ownerReferences: [{apiVersion: k8up.io/v1, kind: Schedule, name: daily, controller: true}]
spec: {}
status: {conditions: [%s]}
`, kind, name, created, status)
}

func TestK8up(t *testing.T) {
	const daily = `
apiVersion: k8up.io/v1
kind: Schedule
metadata: {name: daily, namespace: payroll}
spec: {backup: {schedule: "@daily-random"}, prune: {schedule: "@weekly"}}
status: {effectiveSchedules: [{jobType: prune, generatedSchedule: 7 7 * * 0}, {jobType: backup, generatedSchedule: 30 1 * * *}]}
`
	kept := func(date string) string {
		return "\n---\napiVersion: k8up.io/v1\nkind: Snapshot\nmetadata: {name: s" + date[8:10] + ", namespace: payroll}\nspec: {id: abc, date: \"" + date + "\"}\n"
	}
	well := func(when string) string {
		return `{type: Progressing, status: "False", reason: Finished}, {type: PreBackupPodReady, status: "True", reason: Ready}, {type: Completed, status: "True", reason: Succeeded, lastTransitionTime: "` + when + `"}`
	}
	const bad = `{type: Completed, status: "True", reason: Failed, lastTransitionTime: "2026-11-20T01:40:00Z"}`
	source := v1alpha1.BackupSource{K8up: &v1alpha1.ScheduleSource{ScheduleName: "daily"}}
	base := nothing(`K8up schedule "daily"`)
	done := k8up("Backup", "b19", "2026-11-19T01:30:00Z", well("2026-11-19T01:40:00Z"))
	proof := kept("2026-11-19T01:31:00Z")
	of := changed(base, success("2026-11-19T01:30:00Z", "2026-11-19T01:40:00Z"), func(e *Evidence) { e.SuccessName, e.NextRunAt = "b19", at("2026-11-20T01:30:00Z") })
	today := k8up("Backup", "b20", "2026-11-20T01:30:00Z", well("2026-11-20T01:40:00Z"))
	hollow := func(e *Evidence) { e.Unproven = "b20 is said to have succeeded, but no Snapshot is as new" }
	expect(t, map[string]expectation{
		"succeeded":                    {daily + done + proof, source, of},
		"succeeded without a snapshot": {daily + today, source, changed(base, hollow)},
		"succeeded, but the snapshot is the day before's": {daily + done + proof + today, source, changed(of, hollow)},
		"a snapshot that is yet to come proves nothing":   {daily + done + proof + today + kept("2027-11-20T01:31:00Z"), source, changed(of, hollow)},
		"under way":               {daily + done + proof + k8up("Backup", "b20", "2026-11-20T01:30:00Z", `{type: Progressing, status: "True", reason: Started}`), source, of},
		"failed":                  {daily + done + proof + k8up("Backup", "b20", "2026-11-20T01:30:00Z", bad), source, changed(of, failure("b20", "Failed", "2026-11-20T01:30:00Z", "2026-11-20T01:30:00Z"))},
		"failed before it began":  {daily + done + proof + k8up("Backup", "b20", "2026-11-20T01:30:00Z", `{type: PreBackupPodReady, status: "False", reason: RetrievalFailed}, `+well("2026-11-20T01:40:00Z")), source, changed(of, failure("b20", "RetrievalFailed", "2026-11-20T01:30:00Z", "2026-11-20T01:30:00Z"))},
		"nothing to do before it": {daily + k8up("Backup", "b19", "2026-11-19T01:30:00Z", `{type: PreBackupPodReady, status: "False", reason: NoPreBackupPodsFound}, `+well("2026-11-19T01:40:00Z")) + proof, source, of},
		"another schedule's":      {daily + done + proof + strings.ReplaceAll(k8up("Backup", "b20", "2026-11-20T01:30:00Z", bad), "name: daily", "name: hourly"), source, of},
		"no schedule":             {done + proof, source, changed(base, doubted("SourceNotFound", `K8up schedule "daily" does not exist`))},
		"a schedule that prunes":  {strings.Replace(daily, "backup: {", "archive: {", 1) + done + proof, source, changed(base, doubted("SourceNotCovering", `K8up schedule "daily" backs up nothing: it has no spec.backup`))},
		"restored":                {daily + done + proof + strings.ReplaceAll(k8up("Restore", "r", "2026-11-10T08:00:00Z", well("2026-11-10T08:20:00Z")), "name: daily", "name: daily"), source, changed(of, tested("2026-11-10T08:00:00Z", 20*time.Minute))},
		"restored by hand":        {daily + done + proof + strings.ReplaceAll(k8up("Restore", "r", "2026-11-10T08:00:00Z", well("2026-11-10T08:20:00Z")), "kind: Schedule", "kind: Person"), source, changed(of, tested("2026-11-10T08:00:00Z", 20*time.Minute))},
		"restored by another":     {daily + done + proof + strings.ReplaceAll(k8up("Restore", "r", "2026-11-10T08:00:00Z", well("2026-11-10T08:20:00Z")), "name: daily", "name: hourly"), source, of},
		"a restore that failed":   {daily + done + proof + k8up("Restore", "r", "2026-11-10T08:00:00Z", bad), source, of},
	})

	// Without either, nobody knows what a success is worth.
	for _, kind := range []string{"Backup", "Snapshot"} {
		s := newStore(t, daily+done+proof)
		s.problems[kind] = &cluster.Problem{Reason: v1alpha1.ReasonNotInstalled, Message: "not installed"}
		if diff := cmp.Diff(changed(base, doubted("NotInstalled", "not installed")), s.read(source)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}
