// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
)

func saved(name string, b v1alpha1.Backup) v1alpha1.Application {
	a := application(name)
	a.Spec.Backup = &b
	return a
}

func beats(name string) []v1alpha1.BackupSource {
	return []v1alpha1.BackupSource{{
		Name: "database", Heartbeat: &v1alpha1.HeartbeatSource{LeaseName: "backup-" + name, RestoreTestLeaseName: "restore-test-" + name},
	}}
}

func TestPlanHeartbeats(t *testing.T) {
	levels := map[string]*v1alpha1.ServiceLevel{"office": {Spec: v1alpha1.ServiceLevelSpec{
		Backup: &v1alpha1.BackupObjective{MaxAge: "26h", RestoreTestMaxAge: "4380h"},
	}}}
	a, b := saved("a", v1alpha1.Backup{Sources: beats("a")}), saved("b", v1alpha1.Backup{MaxAge: "1h", Sources: beats("b")})
	a.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: "office"}
	apps := []v1alpha1.Application{
		a, b, application("none"), saved("stateless", v1alpha1.Backup{NotRequiredReason: "stateless"}),
		saved("cluster", v1alpha1.Backup{Sources: []v1alpha1.BackupSource{{Name: "files", Velero: &v1alpha1.ScheduleSource{ScheduleName: "nightly"}}}}),
	}
	rows, err := ReadTable(strings.NewReader("unit,application,source,max_age,not_required_reason,lab\n"+
		"16,a,database,,,overdue\n16,b,database,1h,,current\n16,stateless,,,stateless,\n"), "backup.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []Heartbeat{
		{Namespace: "kdz-16", Application: "a", Source: "database", Lease: "backup-a", RestoreTestLease: "restore-test-a", MaxAge: 26 * time.Hour, RestoreTestMaxAge: 4380 * time.Hour, Behaviour: Overdue},
		{Namespace: "kdz-16", Application: "b", Source: "database", Lease: "backup-b", RestoreTestLease: "restore-test-b", MaxAge: time.Hour, Behaviour: Current},
	}
	got, err := PlanHeartbeats(apps, levels, numbers, rows)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	want[0].Behaviour = Current
	got, err = PlanHeartbeats(apps, levels, numbers, nil)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error("without a table:", err, diff)
	}
	rows[0].Behaviour = Flaps
	rows[1].Source = "files"
	_, err = PlanHeartbeats(apps, levels, numbers, rows)
	for _, words := range []string{
		`backup.csv:2: database of a of unit 16: behaviour "flaps" is none of current, overdue`, "kdz-16/b/database: no row says how it behaves",
		"backup.csv:3: files of b of unit 16: no Application of the catalogue has it",
	} {
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %q", err, words)
		}
	}
}

// A backup that is current never gets too old, as long as somebody asks for the
// next one often enough; one that is overdue is so from the first.
func TestHeartbeatsKeepTheirWord(t *testing.T) {
	start := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, age := range []time.Duration{0, time.Hour, 26 * time.Hour, 50 * time.Hour} {
		current := Heartbeat{MaxAge: age, RestoreTestMaxAge: 40 * age, Behaviour: Current}
		last, renewed := current.First(start), 0
		for now := start; now.Before(start.Add(3 * max(age, agedUsually))); now = now.Add(time.Minute) {
			next, ok := current.Next(last, now)
			if ok {
				renewed++
			}
			if last = next; age > 0 && now.Sub(last.Began) >= age {
				t.Fatalf("maxAge %s: a success is %s old", age, now.Sub(last.Began))
			}
			if last.Ended.After(now) || last.Began.After(last.Ended) {
				t.Fatalf("maxAge %s: a success from %s to %s at %s", age, last.Began, last.Ended, now)
			}
		}
		if renewed == 0 {
			t.Errorf("maxAge %s: no success followed", age)
		}
		overdue := Heartbeat{MaxAge: age, Behaviour: Overdue}
		first := overdue.First(start)
		if _, ok := overdue.Next(first, start.Add(1000*time.Hour)); ok || start.Sub(first.Began) < age {
			t.Errorf("maxAge %s: overdue, but %s old or renewed", age, start.Sub(first.Began))
		}
		if test := current.RestoreTest(start); test.Ended.After(start) || age > 0 && start.Sub(test.Began) >= current.RestoreTestMaxAge {
			t.Errorf("maxAge %s: restore test %s", age, test)
		}
	}
}
