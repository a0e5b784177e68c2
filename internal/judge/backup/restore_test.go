// SPDX-License-Identifier: Apache-2.0

package backup_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/backup"
)

// TestRestoreTests: the newest of all sources counts.
func TestRestoreTests(t *testing.T) {
	tested := func(name string, age time.Duration) backup.Evidence {
		return with(well(name, time.Hour), func(e *backup.Evidence) { e.RestoreTestAt, e.RestoreTestTook = ago(age), time.Hour })
	}
	unread := with(well("b", time.Hour), func(e *backup.Evidence) {
		e.RestoreTestReason, e.RestoreTestMessage = v1alpha1.ReasonForbidden, "may not list restores.velero.io"
	})
	snapshots := []v1alpha1.BackupSource{{Name: "a", VolumeSnapshot: &v1alpha1.SnapshotSource{}}, {Name: "b", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "b"}}}
	tests := map[string]struct {
		evidence []backup.Evidence
		sources  []v1alpha1.BackupSource
		state    v1alpha1.BackupState
		reason   string
		words    string
		next     time.Time
	}{
		"young enough in one": {[]backup.Evidence{tested("a", 99*day), tested("b", 2*day)}, nil, "Current", "Current", "2026-11-18 12:00 CET", now.Add(25 * time.Hour)},
		"too old tomorrow":    {[]backup.Evidence{tested("a", 30*day-time.Hour), well("b", time.Hour)}, nil, "Current", "Current", "", now.Add(time.Hour)},
		"too old": {
			[]backup.Evidence{tested("a", 99*day), tested("b", 30*day)},
			nil, "Overdue", "RestoreTestOverdue",
			"the newest successful restore test began 2026-10-21 13:00 CEST, older than 720h since 2026-11-20 12:00 CET", now.Add(25 * time.Hour),
		},
		"none": {[]backup.Evidence{well("a", time.Hour), well("b", time.Hour)}, nil, "Overdue", "RestoreTestOverdue", "no source shows a successful restore test; one is wanted every 720h", now.Add(25 * time.Hour)},
		"none can tell": {
			[]backup.Evidence{well("a", time.Hour), well("b", time.Hour)},
			snapshots, "Overdue", "RestoreTestOverdue",
			"none can: declare what tells of them", now.Add(25 * time.Hour),
		},
		"one cannot be read":             {[]backup.Evidence{well("a", time.Hour), unread}, nil, "Unknown", "Forbidden", "b: restore tests: may not list restores.velero.io", now.Add(25 * time.Hour)},
		"one cannot be read, one is old": {[]backup.Evidence{tested("a", 99*day), unread}, nil, "Unknown", "Forbidden", "restore tests", now.Add(25 * time.Hour)},
		"one cannot be read, one is new": {[]backup.Evidence{tested("a", day), unread}, nil, "Current", "Current", "", now.Add(25 * time.Hour)},
		"yet to come":                    {[]backup.Evidence{tested("a", -time.Hour), well("b", time.Hour)}, nil, "Overdue", "RestoreTestOverdue", "no source shows", now.Add(55 * time.Minute)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			b := declared("a", "b")
			b.RestoreTestMaxAge = "720h"
			if tc.sources != nil {
				b.Sources = tc.sources
			}
			v := backup.Judge(&backup.Scope{Backup: b, Evidence: tc.evidence, Now: now})
			if v.State != tc.state || v.Reason != tc.reason || !v.Next.Equal(tc.next) || !strings.Contains(v.Message, tc.words) {
				t.Errorf("got %s, %s, next %v: %s", v.State, v.Reason, v.Next, v.Message)
			}
			for _, s := range v.Sources {
				if s.State != "Current" {
					t.Errorf("restore tests are no matter of source %s: %+v", s.Name, s)
				}
			}
		})
	}
}

// TestRestoreTestsAreRemembered: Velero and K8up delete what tells of a test with
// the backup that was restored. The test took place all the same.
func TestRestoreTestsAreRemembered(t *testing.T) {
	previous := &v1alpha1.BackupStatus{Sources: []v1alpha1.BackupSourceStatus{
		{Name: "a", State: "Current", NewestRestoreTestAt: new(metav1.NewTime(ago(60 * day))), RestoreTestSeconds: new(int64(18000))},
	}}
	heartbeat := v1alpha1.BackupSource{Name: "a", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "a", RestoreTestLeaseName: "b"}}
	newer := with(well("a", time.Hour), func(e *backup.Evidence) { e.RestoreTestAt, e.RestoreTestTook = ago(day), time.Minute })
	older := with(newer, func(e *backup.Evidence) { e.RestoreTestAt = ago(90 * day) })
	waiting := with(well("a", time.Hour), func(e *backup.Evidence) { e.RestoreTestReason = v1alpha1.ReasonAwaitingFirstResult })
	tests := map[string]struct {
		source   v1alpha1.BackupSource
		evidence backup.Evidence
		at       time.Time
		seconds  int64
		reason   string
	}{
		"gone":                 {declared("a").Sources[0], well("a", time.Hour), ago(60 * day), 18000, "RestoreTooSlow"},
		"another since":        {declared("a").Sources[0], newer, ago(day), 60, "Current"},
		"an older one is left": {declared("a").Sources[0], older, ago(60 * day), 18000, "RestoreTooSlow"},
		"a Lease that is gone": {heartbeat, well("a", time.Hour), time.Time{}, 0, "RestoreTestOverdue"},
		"a Lease not seen yet": {heartbeat, waiting, ago(60 * day), 18000, "RestoreTooSlow"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			b := &v1alpha1.Backup{MaxAge: "26h", RestoreTestMaxAge: "4380h", Sources: []v1alpha1.BackupSource{tc.source}}
			v := backup.Judge(&backup.Scope{Backup: b, Evidence: []backup.Evidence{tc.evidence}, RecoveryTime: 4 * time.Hour, Previous: previous, Now: now})
			if v.Reason != tc.reason {
				t.Errorf("reason %s, want %s", v.Reason, tc.reason)
			}
			if tc.at.IsZero() {
				if v.NewestRestoreTestAt != nil || v.RestoreTestSeconds != nil {
					t.Errorf("remembered %v", v.NewestRestoreTestAt)
				}
				return
			}
			if v.NewestRestoreTestAt == nil || !v.NewestRestoreTestAt.Time.Equal(tc.at) || *v.RestoreTestSeconds != tc.seconds || !v.Sources[0].NewestRestoreTestAt.Time.Equal(tc.at) {
				t.Errorf("got %v, %v", v.NewestRestoreTestAt, v.RestoreTestSeconds)
			}
		})
	}
}

// TestNothingKnownYet: who begins to look tells what was told before, and goes on
// with the time.
func TestNothingKnownYet(t *testing.T) {
	waiting := backup.Evidence{Source: "a", Reason: v1alpha1.ReasonAwaitingFirstResult, Message: "nothing is known yet", RestoreTestTook: -1, RestoreTestReason: v1alpha1.ReasonAwaitingFirstResult}
	b := declared("a")
	for name, e := range map[string]backup.Evidence{
		"current": well("a", time.Hour), "failed": with(well("a", 58*time.Hour), failing), "overdue": well("a", 30*time.Hour),
		"unknown": with(well("a", 0), blind), "paused": with(well("a", time.Hour), func(e *backup.Evidence) { e.Paused = true }),
	} {
		before := backup.Judge(&backup.Scope{Backup: b, Evidence: []backup.Evidence{e}, Now: now})
		status := &v1alpha1.BackupStatus{State: before.State, Sources: before.Sources}
		after := backup.Judge(&backup.Scope{Backup: b, Evidence: []backup.Evidence{waiting}, Previous: status, Now: now})
		if after.State != before.State || after.Status != before.Status || after.Reason != before.Reason || after.Message != before.Message || !after.Next.Equal(before.Next) {
			t.Errorf("%s:\nwas %+v\nis  %+v", name, before, after)
		}
	}

	tested := declared("a")
	tested.RestoreTestMaxAge = "720h"
	for name, e := range map[string]backup.Evidence{
		"never tested":   well("a", time.Hour),
		"tested too old": with(well("a", time.Hour), func(e *backup.Evidence) { e.RestoreTestAt = ago(60 * day) }),
		"tested":         with(well("a", time.Hour), func(e *backup.Evidence) { e.RestoreTestAt = ago(6 * day) }),
		"unread": with(well("a", time.Hour), func(e *backup.Evidence) {
			e.RestoreTestReason, e.RestoreTestMessage = v1alpha1.ReasonAwaitingFirstResult, "nothing is known yet"
		}),
	} {
		before := backup.Judge(&backup.Scope{Backup: tested, Evidence: []backup.Evidence{e}, Now: now})
		waiting.RestoreTestMessage = "nothing is known yet"
		after := backup.Judge(&backup.Scope{Backup: tested, Evidence: []backup.Evidence{waiting}, Now: now, Previous: &v1alpha1.BackupStatus{State: before.State, Sources: before.Sources}})
		if after.State != before.State || after.Reason != before.Reason || after.Message != before.Message || !after.Next.Equal(before.Next) {
			t.Errorf("%s:\nwas %+v\nis  %+v", name, before, after)
		}
	}

	status := &v1alpha1.BackupStatus{State: v1alpha1.BackupCurrent, Sources: backup.Judge(&backup.Scope{Backup: b, Evidence: []backup.Evidence{well("a", time.Hour)}, Now: now}).Sources}
	v := backup.Judge(&backup.Scope{Backup: b, Evidence: []backup.Evidence{waiting}, Previous: status, Now: now.Add(25 * time.Hour)})
	if v.State != "Overdue" || v.Reason != "Overdue" {
		t.Errorf("a day later: %+v", v)
	}
	if v := backup.Judge(&backup.Scope{Backup: b, Evidence: []backup.Evidence{waiting}, Now: now}); v.State != "Unknown" || v.Reason != v1alpha1.ReasonAwaitingFirstResult {
		t.Errorf("nothing was told before: %+v", v)
	}
}
