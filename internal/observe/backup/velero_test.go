// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// schedule of Velero that submitted a backup minutes ago.
const schedule = `
apiVersion: velero.io/v1
kind: Schedule
metadata: {name: nightly, namespace: velero}
spec: {schedule: 0 1 * * *, template: {includedNamespaces: [payroll, "tax-*"], ttl: 720h0m0s}}
status: {phase: Enabled, lastBackup: "2026-11-20T10:58:00Z"}
---
apiVersion: velero.io/v1
kind: BackupStorageLocation
metadata: {name: default, namespace: velero}
spec: {provider: aws, default: true, objectStorage: {bucket: b}}
status: {phase: Available}
`

// veleroBackup is a Backup of the schedule that began on a day of November.
func veleroBackup(day int, phase, extra string) string {
	return fmt.Sprintf(`
---
apiVersion: velero.io/v1
kind: Backup
metadata:
  name: nightly-202611%02[1]d010000
  namespace: velero
  creationTimestamp: "2026-11-%02[1]dT01:00:00Z"
  labels: {velero.io/schedule-name: nightly, velero.io/storage-location: default}
spec: {includedNamespaces: [payroll, "tax-*"], storageLocation: default, ttl: 720h0m0s %[3]s}
status: {phase: %[2]s, version: 1, startTimestamp: "2026-11-%02[1]dT01:00:03Z", completionTimestamp: "2026-11-%02[1]dT01:20:00Z", expiration: "2026-12-%02[1]dT01:00:03Z"}
`, day, phase, extra)
}

func veleroRestore(name, spec, phase string, day int) string {
	return fmt.Sprintf(`
---
apiVersion: velero.io/v1
kind: Restore
metadata: {name: %s, namespace: velero}
spec: {%s}
status: {phase: %s, startTimestamp: "2026-11-%02[4]dT09:00:00Z", completionTimestamp: "2026-11-%02[4]dT09:30:00Z"}
`, name, spec, phase, day)
}

func TestVelero(t *testing.T) {
	base := nothing(`Velero schedule "nightly"`)
	with := func(change func(*Evidence)) Evidence {
		e := base
		change(&e)
		return e
	}
	of := func(day int) Evidence {
		return with(func(e *Evidence) {
			e.SuccessName = fmt.Sprintf("nightly-202611%02d010000", day)
			e.SuccessAt, e.SuccessEndedAt = time.Date(2026, 11, day, 1, 0, 3, 0, time.UTC), time.Date(2026, 11, day, 1, 20, 0, 0, time.UTC)
			e.ExpiresAt, e.NextRunAt = time.Date(2026, 12, day, 1, 0, 3, 0, time.UTC), time.Date(2026, 11, day+1, 1, 0, 0, 0, time.UTC)
		})
	}
	from := func(e Evidence, change func(*Evidence)) Evidence {
		change(&e)
		return e
	}
	fails := func(phase string, newest, since int) func(*Evidence) {
		return func(e *Evidence) {
			e.FailureName, e.FailurePhase = fmt.Sprintf("nightly-202611%02d010000", newest), phase
			e.FailureAt, e.FailingSince = time.Date(2026, 11, newest, 1, 0, 3, 0, time.UTC), time.Date(2026, 11, since, 1, 0, 3, 0, time.UTC)
		}
	}
	doubt := func(reason, message string) Evidence {
		return with(func(e *Evidence) {
			e.Reason, e.Message, e.RestoreTestReason, e.RestoreTestMessage = reason, message, reason, message
		})
	}
	completed := veleroBackup(19, "Completed", "")
	tests := map[string]struct {
		objects string
		want    Evidence
	}{
		"no schedule":                                 {completed, doubt("SourceNotFound", `Velero schedule "nightly" does not exist`)},
		"a fresh lastBackup and nothing else":         {schedule, base},
		"a fresh lastBackup and an old success":       {schedule + veleroBackup(10, "Completed", ""), of(10)},
		"completed":                                   {schedule + veleroBackup(18, "Completed", "") + completed + veleroBackup(17, "Completed", ""), of(19)},
		"completed, failed, partially failed":         {schedule + veleroBackup(18, "Completed", "") + veleroBackup(20, "PartiallyFailed", "") + veleroBackup(19, "Failed", ""), from(of(18), fails("PartiallyFailed", 20, 19))},
		"failed, then completed":                      {schedule + veleroBackup(18, "Failed", "") + completed, of(19)},
		"failed validation":                           {schedule + completed + veleroBackup(20, "FailedValidation", ""), from(of(19), fails("FailedValidation", 20, 20))},
		"never succeeded":                             {schedule + veleroBackup(20, "Failed", ""), from(base, fails("Failed", 20, 20))},
		"one under way":                               {schedule + completed + veleroBackup(20, "InProgress", ""), of(19)},
		"one whose data are not there yet":            {schedule + completed + veleroBackup(20, "WaitingForPluginOperations", ""), of(19)},
		"one that is being deleted":                   {schedule + completed + veleroBackup(20, "Deleting", ""), of(19)},
		"another schedule's":                          {schedule + completed + strings.ReplaceAll(veleroBackup(20, "Failed", ""), "schedule-name: nightly", "schedule-name: hourly"), of(19)},
		"one in another namespace":                    {schedule + completed + strings.ReplaceAll(veleroBackup(20, "Failed", ""), "namespace: velero", "namespace: payroll"), of(19)},
		"one from when the namespace was not covered": {schedule + completed + strings.ReplaceAll(veleroBackup(20, "Completed", ""), "payroll", "portal"), of(19)},
		"one from when the namespace was left out":    {schedule + completed + veleroBackup(20, "Completed", ", excludedNamespaces: [payroll]"), of(19)},
		"one that never began": {schedule + completed + strings.ReplaceAll(veleroBackup(20, "FailedValidation", ""), "startTimestamp", "x"), from(of(19), func(e *Evidence) {
			fails("FailedValidation", 20, 20)(e)
			e.FailureAt, e.FailingSince = at("2026-11-20T01:00:00Z"), at("2026-11-20T01:00:00Z")
		})},
		"a success without a beginning": {schedule + completed + strings.ReplaceAll(veleroBackup(20, "Completed", ""), "startTimestamp", "x"), from(of(19), func(e *Evidence) { e.Unproven = "nightly-20261120010000 succeeded, but does not say when it began" })},
		"a beginning that is none": {schedule + strings.ReplaceAll(veleroBackup(20, "Completed", ""), "2026-11-20T01:00:03Z", "yesterday"), with(func(e *Evidence) {
			e.Unproven = `nightly-20261120010000 succeeded, but status.startTimestamp is "yesterday"; it has to be a time such as 2026-03-31T02:00:00Z`
			e.Reason, e.Message = "SourceUnreadable", e.Unproven
		})},
		"one that is yet to come": {schedule + completed + veleroBackup(21, "Completed", ""), from(of(19), func(e *Evidence) { e.AheadAt = at("2026-11-21T01:00:03Z") })},
		"a failure that is yet to come": {schedule + completed + strings.Replace(veleroBackup(20, "Failed", ""), "startTimestamp: \"2026-11-20", "startTimestamp: \"2030-11-20", 1), from(of(19), func(e *Evidence) {
			fails("Failed", 20, 20)(e)
			e.FailureAt, e.FailingSince = at("2026-11-20T01:00:00Z"), at("2026-11-20T01:00:00Z")
		})},
		"paused": {strings.Replace(schedule, "spec: {schedule", "spec: {paused: true, schedule", 1) + completed, from(of(19), func(e *Evidence) { e.Paused = true })},
		"a schedule that is not accepted": {strings.Replace(schedule, "Enabled", "FailedValidation", 1) + completed, from(of(19), func(e *Evidence) {
			e.Fault, e.FaultMessage = "Failed", "Velero does not accept the schedule (phase FailedValidation), and starts nothing"
		})},
		"a schedule that cannot be read": {strings.Replace(schedule, "0 1 * * *", "TZ=Europe/Berlin", 1) + completed, from(of(19), func(e *Evidence) { e.NextRunAt = time.Time{} })},
		"storage out of reach": {strings.Replace(schedule, "Available", "Unavailable", 1) + completed, from(of(19), func(e *Evidence) {
			e.Fault, e.FaultMessage = "StorageUnavailable", `BackupStorageLocation "default" is Unavailable`
		})},
		"storage out of reach before anything is there": {strings.Replace(schedule, "Available", "Unavailable", 1), with(func(e *Evidence) {
			e.Fault, e.FaultMessage = "StorageUnavailable", `BackupStorageLocation "default" is Unavailable`
		})},
		"storage that nobody checks": {strings.Replace(schedule, "Available", `""`, 1) + completed, of(19)},
		"storage that is gone": {strings.Replace(schedule, "name: default, namespace", "name: other, namespace", 1) + completed, from(of(19), func(e *Evidence) {
			e.Fault, e.FaultMessage = "StorageUnavailable", `BackupStorageLocation "default" does not exist`
		})},
		"no storage": {strings.Replace(schedule, "default: true", "default: false", 1), with(func(e *Evidence) {
			e.Fault, e.FaultMessage = "StorageUnavailable", "no BackupStorageLocation is the default"
		})},
		"a schedule of others":                           {strings.Replace(schedule, "payroll, ", "", 1) + completed, doubt("SourceNotCovering", `Velero schedule "nightly" does not back up namespace payroll: name a schedule whose template includes it`)},
		"a schedule that leaves it out":                  {strings.Replace(schedule, "template: {", `template: {excludedNamespaces: ["pay*"], `, 1) + completed, doubt("SourceNotCovering", `Velero schedule "nightly" does not back up namespace payroll: name a schedule whose template includes it`)},
		"a schedule of all":                              {strings.Replace(schedule, `[payroll, "tax-*"]`, `["*"]`, 1) + completed, of(19)},
		"a schedule that names none":                     {strings.Replace(schedule, `includedNamespaces: [payroll, "tax-*"],`, "", 1) + completed, of(19)},
		"restored":                                       {schedule + completed + veleroRestore("a", "backupName: nightly-20261119010000", "Completed", 19) + veleroRestore("b", "scheduleName: nightly", "Completed", 12), from(of(19), func(e *Evidence) { e.RestoreTestAt, e.RestoreTestTook = at("2026-11-19T09:00:00Z"), 30*time.Minute })},
		"restored from one that is gone":                 {schedule + veleroRestore("a", "backupName: nightly-20261101010000", "Completed", 19), with(func(e *Evidence) { e.RestoreTestAt, e.RestoreTestTook = at("2026-11-19T09:00:00Z"), 30*time.Minute })},
		"restored in part, elsewhere, or from another's": {schedule + completed + veleroRestore("a", "backupName: nightly-20261119010000", "PartiallyFailed", 19) + veleroRestore("b", "backupName: nightly-full-20261119010000", "Completed", 19) + veleroRestore("c", "backupName: nightly-20261119010000, includedNamespaces: [portal]", "Completed", 19), of(19)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := newStore(t, tc.objects).read(v1alpha1.BackupSource{Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}})
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestVeleroCannotBeRead: what cannot be read is told; what can is all the same.
func TestVeleroCannotBeRead(t *testing.T) {
	source := v1alpha1.BackupSource{Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}}
	problem := &cluster.Problem{Reason: v1alpha1.ReasonForbidden, Message: "may not list it."}
	for kind, want := range map[string]struct{ reason, tests string }{
		"Schedule":              {"Forbidden", "Forbidden"},
		"Backup":                {"Forbidden", ""},
		"BackupStorageLocation": {"Forbidden", ""},
		"Restore":               {"", "Forbidden"},
	} {
		s := newStore(t, schedule+veleroBackup(19, "Completed", ""))
		s.problems[kind] = problem
		got := s.read(source)
		if got.Reason != want.reason || got.RestoreTestReason != want.tests || want.reason != "" && got.Message != "may not list it" {
			t.Errorf("%s: %+v", kind, got)
		}
		if seen := !got.SuccessAt.IsZero(); seen != (kind == "BackupStorageLocation" || kind == "Restore") {
			t.Errorf("%s: success at %v", kind, got.SuccessAt)
		}
	}

	for name, tc := range map[string]struct {
		policy   *v1alpha1.ObservationPolicy
		schedule string
		reason   string
		words    string
	}{
		"no policy":                {nil, "nightly", v1alpha1.ReasonReferenceNotFound, "set spec.observation.veleroNamespace of GovernancePolicy"},
		"no namespace":             {&v1alpha1.ObservationPolicy{}, "nightly", v1alpha1.ReasonReferenceNotFound, "set spec.observation.veleroNamespace of GovernancePolicy"},
		"a name that no label has": {veleroPolicy, strings.Repeat("x", 64), v1alpha1.ReasonInvalidSpec, "velero.scheduleName"},
	} {
		sources := []v1alpha1.BackupSource{{Name: "a", Velero: &v1alpha1.ScheduleSource{ScheduleName: tc.schedule}}}
		got := Read(&Look{Namespace: "payroll", Sources: sources, Policy: tc.policy, Objects: newStore(t, schedule), Now: now})[0]
		if got.Reason != tc.reason || !strings.Contains(got.Message, tc.words) || got.RestoreTestReason != tc.reason {
			t.Errorf("%s: %+v", name, got)
		}
		if q := Queries("payroll", sources, tc.policy); len(q) != 0 {
			t.Errorf("%s: asks for %v", name, q)
		}
	}
}
