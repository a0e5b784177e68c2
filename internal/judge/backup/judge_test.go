// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/backup"
)

// now is a Friday in winter, at noon in Mainz.
var now = time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

const day = 24 * time.Hour

// declared is a backup with sources of these names.
func declared(names ...string) *v1alpha1.Backup {
	b := &v1alpha1.Backup{MaxAge: "26h"}
	for _, name := range names {
		b.Sources = append(b.Sources, v1alpha1.BackupSource{Name: v1alpha1.ItemName(name), Velero: &v1alpha1.ScheduleSource{ScheduleName: name}})
	}
	return b
}

// well is a source whose newest success began so long ago.
func well(name string, age time.Duration) backup.Evidence {
	return backup.Evidence{Source: name, Subject: `Velero schedule "` + name + `"`, SuccessAt: ago(age), RestoreTestTook: -1}
}

// with returns evidence that was changed.
func with(e backup.Evidence, change func(*backup.Evidence)) backup.Evidence {
	change(&e)
	return e
}

func failing(e *backup.Evidence) {
	e.FailureName, e.FailureAt, e.FailurePhase, e.FailingSince = "files-20261120020000", ago(10*time.Hour), "PartiallyFailed", ago(34*time.Hour)
}

func blind(e *backup.Evidence) {
	e.SuccessAt, e.Reason, e.Message = time.Time{}, v1alpha1.ReasonForbidden, "may not list backups.velero.io"
}

// TestOneSource: what a source shows, and what that means.
func TestOneSource(t *testing.T) {
	tests := map[string]struct {
		evidence backup.Evidence
		state    v1alpha1.BackupState
		status   metav1.ConditionStatus
		reason   string
		message  string // of the source
		next     time.Time
	}{
		"current": {
			well("files", 10*time.Hour), "Current", "True", "Current",
			`Velero schedule "files": newest success began 2026-11-20 02:00 CET, too old from 2026-11-21 04:00 CET on`, now.Add(16 * time.Hour),
		},
		"a second before it is too old": {well("files", 26*time.Hour-time.Second), "Current", "True", "Current", "", now.Add(time.Second)},
		"too old": {
			well("files", 26*time.Hour), "Overdue", "False", "Overdue",
			`Velero schedule "files": newest success began 2026-11-19 10:00 CET, older than 26h since 2026-11-20 12:00 CET`,
			time.Time{},
		},
		"too old, for it took long": {
			with(well("files", 30*time.Hour), func(e *backup.Evidence) { e.SuccessEndedAt = ago(20 * time.Hour) }), "Overdue", "False", "Overdue",
			`Velero schedule "files": newest success began 2026-11-19 06:00 CET and ended 2026-11-19 16:00 CET, older than 26h since 2026-11-20 08:00 CET`,
			time.Time{},
		},
		"a clock that is a little ahead": {well("files", -5*time.Minute), "Current", "True", "Current", "", now.Add(26*time.Hour + 5*time.Minute)},
		"yet to come": {
			with(well("files", time.Hour), func(e *backup.Evidence) { e.AheadAt = now.Add(time.Hour) }), "Unknown", "Unknown", "TimeInFuture",
			`Velero schedule "files": it tells a success that began 2026-11-20 13:00 CET, which is yet to come: set the clock right that told it`, now.Add(55 * time.Minute),
		},
		"failing": {
			with(well("files", 58*time.Hour), failing), "Failed", "False", "Failed",
			`Velero schedule "files": files-20261120020000 PartiallyFailed, began 2026-11-20 02:00 CET, failing since 2026-11-19 02:00 CET; newest success began 2026-11-18 02:00 CET`,
			time.Time{},
		},
		"failing from the first": {
			with(well("files", 0), func(e *backup.Evidence) { failing(e); e.SuccessAt = time.Time{} }), "Failed", "False", "Failed",
			`Velero schedule "files": files-20261120020000 PartiallyFailed, began 2026-11-20 02:00 CET, failing since 2026-11-19 02:00 CET; no success is known`,
			time.Time{},
		},
		"failed once, and young enough": {
			with(well("files", 11*time.Hour), failing), "Failed", "False", "Failed", "", now.Add(15 * time.Hour),
		},
		"nothing seen": {
			backup.Evidence{Source: "files", Subject: "CronJob \"dump\""},
			"Unknown", "Unknown", "NoSuccessSeen",
			`CronJob "dump": no success was seen`,
			time.Time{},
		},
		"nothing borne out": {
			backup.Evidence{Source: "files", Subject: "K8up", Unproven: "b1 is said to have succeeded"},
			"Unknown", "Unknown", "NoSuccessSeen",
			`K8up: no success was seen; b1 is said to have succeeded`,
			time.Time{},
		},
		"forbidden": {
			with(well("files", 0), blind), "Unknown", "Unknown", "Forbidden", `Velero schedule "files": may not list backups.velero.io`, time.Time{},
		},
		"forbidden in part, and too old": {
			with(well("files", 30*time.Hour), func(e *backup.Evidence) { e.Reason, e.Message = "Forbidden", "x" }), "Overdue", "False", "Overdue", "", time.Time{},
		},
		"paused": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.Paused = true }), "Current", "False", "BackupPaused",
			`Velero schedule "files": it is paused; newest success began 2026-11-20 02:00 CET, too old from 2026-11-21 04:00 CET on`, now.Add(16 * time.Hour),
		},
		"paused and too old": {
			with(well("files", 27*time.Hour), func(e *backup.Evidence) { e.Paused = true }), "Overdue", "False", "Overdue",
			`Velero schedule "files": newest success began 2026-11-19 09:00 CET, older than 26h since 2026-11-20 11:00 CET; it is paused`,
			time.Time{},
		},
		"deleted before the next run": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.ExpiresAt, e.NextRunAt = now.Add(2*time.Hour), now.Add(14*time.Hour) }), "Current", "False", "BackupExpires",
			`Velero schedule "files": newest success began 2026-11-20 02:00 CET and is deleted from 2026-11-20 14:00 CET on, before the next run at 2026-11-21 02:00 CET: keep backups for longer`, now.Add(2 * time.Hour),
		},
		"deleted": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.ExpiresAt = now }), "Overdue", "False", "BackupExpires",
			`Velero schedule "files": newest success began 2026-11-20 02:00 CET and expired 2026-11-20 12:00 CET`, now.Add(16 * time.Hour),
		},
		"deleted when the next run begins": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.ExpiresAt, e.NextRunAt = now.Add(14*time.Hour), now.Add(14*time.Hour) }), "Current", "False", "BackupExpires", "", now.Add(14 * time.Hour),
		},
		"what was yet to come has begun": {
			with(well("files", 58*time.Hour), func(e *backup.Evidence) {
				failing(e)
				e.AheadAt, e.ExpiresAt, e.NextRunAt = now.Add(5*time.Minute), ago(time.Hour), now
			}), "Current", "True", "Current",
			`Velero schedule "files": newest success began 2026-11-20 12:05 CET, too old from 2026-11-21 14:05 CET on`, now.Add(26*time.Hour + 5*time.Minute),
		},
		"kept for a month": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.ExpiresAt, e.NextRunAt = now.Add(30*day), now.Add(14*time.Hour) }), "Current", "True", "Current", "", now.Add(16 * time.Hour),
		},
		"storage out of reach": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.Fault, e.FaultMessage = "StorageUnavailable", "location Unavailable" }), "Failed", "False", "StorageUnavailable",
			`Velero schedule "files": location Unavailable; newest success began 2026-11-20 02:00 CET`, now.Add(16 * time.Hour),
		},
		"a restore that takes too long": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.RestoreTestAt, e.RestoreTestTook = ago(day), 4*time.Hour+time.Second }), "Current", "False", "RestoreTooSlow",
			`Velero schedule "files": the newest restore test, begun 2026-11-19 12:00 CET, took 4h0m1s, longer than the agreed 4h0m0s`, now.Add(16 * time.Hour),
		},
		"a restore that takes as long as agreed": {
			with(well("files", 10*time.Hour), func(e *backup.Evidence) { e.RestoreTestAt, e.RestoreTestTook = ago(day), 4*time.Hour }), "Current", "True", "Current", "", now.Add(16 * time.Hour),
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			v := backup.Judge(&backup.Scope{Backup: declared("files"), Evidence: []backup.Evidence{tc.evidence}, RecoveryTime: 4 * time.Hour, Now: now})
			if v.State != tc.state || v.Status != tc.status || v.Reason != tc.reason || !v.Next.Equal(tc.next) {
				t.Errorf("got %s, %s, %s, next %v; want %s, %s, %s, next %v\n%s", v.State, v.Status, v.Reason, v.Next, tc.state, tc.status, tc.reason, tc.next, v.Message)
			}
			s := v.Sources[0]
			if s.State != tc.state || s.Reason != tc.reason || tc.message != "" && s.Message != tc.message {
				t.Errorf("the source is %s, %s\n got %s\nwant %s", s.State, s.Reason, s.Message, tc.message)
			}
		})
	}
}

// TestTheWorstDecides: one source never vouches for another, and none hides
// another.
func TestTheWorstDecides(t *testing.T) {
	current := well("a", time.Hour)
	paused := with(current, func(e *backup.Evidence) { e.Paused = true })
	unknown, overdue, failed := with(current, blind), well("a", 27*time.Hour), with(well("a", 58*time.Hour), failing)
	order := []struct {
		evidence backup.Evidence
		state    v1alpha1.BackupState
		reason   string
	}{
		{current, "Current", "Current"},
		{paused, "Current", "BackupPaused"},
		{unknown, "Unknown", "Forbidden"},
		{overdue, "Overdue", "Overdue"},
		{failed, "Failed", "Failed"},
	}
	for i, one := range order {
		for k, other := range order {
			worse := order[max(i, k)]
			a, b := one.evidence, other.evidence
			b.Source = "b"
			v := backup.Judge(&backup.Scope{Backup: declared("a", "b"), Evidence: []backup.Evidence{a, b}, Now: now})
			if v.State != worse.state || v.Reason != worse.reason {
				t.Errorf("%s and %s are %s, %s", one.reason, other.reason, v.State, v.Reason)
			}
			if told := strings.Count(v.Message, "a: ") + strings.Count(v.Message, "b: "); told != min(i, 1)+min(k, 1) {
				t.Errorf("%s and %s: told of %d in %q", one.reason, other.reason, told, v.Message)
			}
		}
	}
}

// TestTheWhole: as old as its oldest part.
func TestTheWhole(t *testing.T) {
	s := &backup.Scope{Backup: declared("a", "b"), Evidence: []backup.Evidence{
		with(well("a", 10*time.Hour), func(e *backup.Evidence) { e.RestoreTestAt, e.RestoreTestTook = ago(2*day), time.Hour }),
		with(well("b", time.Hour), func(e *backup.Evidence) { e.RestoreTestAt = ago(day) }),
	}, Now: now}
	v := backup.Judge(s)
	want := backup.Verdict{
		State: "Current", Status: "True", Reason: "Current",
		Message:         "the newest success of each of 2 sources began 2026-11-20 02:00 CET or later, the next has to begin before 2026-11-21 04:00 CET; the newest restore test began 2026-11-19 12:00 CET",
		NewestSuccessAt: new(metav1.NewTime(ago(10 * time.Hour))), DueAt: new(metav1.NewTime(now.Add(16 * time.Hour))),
		NewestRestoreTestAt: new(metav1.NewTime(ago(day))), Next: now.Add(16 * time.Hour),
	}
	v.Sources = nil
	if diff := cmp.Diff(want, v); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	s.Evidence[1].SuccessAt = time.Time{}
	if v := backup.Judge(s); v.NewestSuccessAt != nil || v.DueAt == nil || v.Sources[0].NewestSuccessAt == nil {
		t.Errorf("a part without any success: %+v", v)
	}
}

func TestLimits(t *testing.T) {
	tests := map[string]struct {
		backup *v1alpha1.Backup
		state  v1alpha1.BackupState
		status metav1.ConditionStatus
		reason string
		words  string
	}{
		"no age was agreed": {
			&v1alpha1.Backup{Sources: declared("files").Sources}, "Current", "True", "Current", "no maxAge was agreed",
		},
		"an age of no length": {
			&v1alpha1.Backup{MaxAge: "0h", Sources: declared("files").Sources}, "Unknown", "Unknown", "InvalidSpec", `maxAge "0h" is no duration above 0s`,
		},
		"an age that is none": {
			&v1alpha1.Backup{RestoreTestMaxAge: "30d", Sources: declared("files").Sources}, "Unknown", "Unknown", "InvalidSpec", `restoreTestMaxAge "30d"`,
		},
		"none is required": {
			&v1alpha1.Backup{NotRequiredReason: "it holds no data"}, "NotRequired", "True", "NotRequired", "it holds no data",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			v := backup.Judge(&backup.Scope{Backup: tc.backup, Evidence: []backup.Evidence{well("files", 1000*day)}, Now: now})
			if v.State != tc.state || v.Status != tc.status || v.Reason != tc.reason || !strings.Contains(v.Message, tc.words) || !v.Next.IsZero() {
				t.Errorf("got %+v", v)
			}
		})
	}
}
