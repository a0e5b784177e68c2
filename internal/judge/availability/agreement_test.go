// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

func TestBudgetOf(t *testing.T) {
	tests := []struct {
		objective v1alpha1.Percentage
		agreed    int64
		want      string
	}{
		{"99.9", 2674800, "2674.8"},
		{"99.99999", 1, "0.0000001"},
		{"100", 86400, "0"},
		{"100.00000", 86400, "0"},
		{"0", 86400, "86400"},
		{"99.5", 788400, "3942"},
		{"99.95", 31536000, "15768"},
		{"5.00001", 3, "2.8499997"},
		{"99.9", -5, "0"},
	}
	for _, test := range tests {
		if b, err := availability.BudgetOf(test.objective, test.agreed); err != nil || b.String() != test.want {
			t.Errorf("%s %% of %d: %s, %v; want %s", test.objective, test.agreed, b, err, test.want)
		}
	}
	if s := availability.Budget(-15_000_000).String(); s != "-1.5" {
		t.Errorf("a negative budget reads %s", s)
	}
	for _, bad := range []v1alpha1.Percentage{"", "100.1", "101", "-1", "99,9", "99.", "99.999999", ".5", "+9", "1000", "9e1"} {
		if _, err := availability.BudgetOf(bad, 1); err == nil || !strings.Contains(err.Error(), "99.9") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestAddRevision(t *testing.T) {
	level := levelOf(t, "level", revised{at("2026-11-01"), officeHours()})
	if got, changed := availability.AddRevision(level, at("2026-11-02")); changed || len(got) != 1 {
		t.Errorf("the same spec is another revision: %+v", got)
	}
	level.Spec.Maintenance = officeHours().Maintenance
	level.Spec.Maintenance[0].Reason = "another reason"
	level.Spec.DisplayName.DE = "another name"
	if _, changed := availability.AddRevision(level, at("2026-11-02")); changed {
		t.Error("another reason is another revision")
	}
	for i := range 20 {
		level.Generation++
		level.Spec.Recovery = &v1alpha1.RecoveryObjective{MaxOutage: v1alpha1.Duration(fmt.Sprintf("%dh", i+5))}
		got, changed := availability.AddRevision(level, at("2026-11-03").Add(time.Duration(i)*time.Hour))
		if !changed {
			t.Fatalf("revision %d is none", i)
		}
		level.Status.Revisions = got
	}
	revisions := level.Status.Revisions
	if len(revisions) != 16 || !revisions[0].From.Time.Equal(at("2026-11-01")) || revisions[0].Spec.Recovery.MaxOutage != "9h" || revisions[15].Generation != 21 {
		t.Errorf("kept are %d, the oldest %+v, the newest %+v", len(revisions), revisions[0], revisions[15])
	}
	if n := len(revisions[15].Spec.Maintenance); n != 1 || revisions[15].Spec.Maintenance[0].Reason != "" {
		t.Errorf("the windows are %+v", revisions[15].Spec.Maintenance)
	}
	// Restored from a backup, with an old generation, and a clock set back.
	level.Generation, level.Spec.Recovery = 3, nil
	got, changed := availability.AddRevision(level, at("2026-11-01"))
	if last := got[15]; !changed || last.Generation != 22 || last.From.Before(&revisions[15].From) {
		t.Errorf("restored it is %+v", last)
	}
}

func TestAgreementsThatCannotBeUsedInFull(t *testing.T) {
	spec := officeHours()
	spec.Availability = v1alpha1.AvailabilityObjective{Objective: "many", MinimumCoverage: "most", Window: v1alpha1.AvailabilityWindow{Rolling: "1h"}}
	spec.ServiceHours.TimeZone, spec.ServiceHours.Holidays = "Europe/Mainz", "DE-XX"
	spec.ServiceHours.Weekly[1].From = "25:00"
	spec.ServiceHours.ClosuresOn = []v1alpha1.Date{"2026-02-30", "2026-11-02"}
	spec.Maintenance = append(spec.Maintenance, v1alpha1.MaintenanceWindow{Name: "bad", Schedule: "never", Duration: "1h"})
	spec.Recovery.MaxOutage = "long"
	agreement, errs := availability.NewAgreement(levelOf(t, "level", revised{longAgo(), spec}))
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	for _, want := range []string{
		`status.revisions[0].spec.availability.objective: "many"`, "availability.minimumCoverage", "availability.window.rolling", "serviceHours.timeZone",
		"serviceHours.holidays", "serviceHours.weekly[1].from", "serviceHours.closuresOn[0]", "maintenance[1].schedule", "recovery.maxOutage",
	} {
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("nothing is said of %s: %q", want, all)
		}
	}
	s := scopeOf(t, "level", officeHours())
	s.Agreements["level"] = agreement
	// Monday the 2nd is a closure; of the rest of November, Mondays to Thursdays
	// are left, in Berlin, with the patch day, and no outage is allowed.
	run := running(t, s, at("2026-11-01"))
	if got, want := run.Record.Current.Segments[0].Agreed, int64(16*11*3600); got != want || run.Record.Current.Budget != 0 || run.Record.Current.Period != "2026-11" {
		t.Errorf("judged is by %d seconds, want %d: %+v", got, want, run.Record.Current)
	}
	if agreement, errs := availability.NewAgreement(&v1alpha1.ServiceLevel{ObjectMeta: metav1.ObjectMeta{Name: "new"}, Spec: spec}); agreement != nil || errs != nil {
		t.Error("an agreement that was not recorded acts")
	}
	if agreement, _ := availability.NewAgreement(nil); agreement != nil {
		t.Error("no agreement is one")
	}
}
