// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// TestS2OneOutageAcrossACrash: it fails at 12:00:00; the operator is killed when
// its heartbeat says 12:05:00, and its successor has seen everything at
// 12:06:05; it is up again at 12:10:00. That is one outage, with 535 seconds
// charged and 65 that nobody saw.
func TestS2OneOutageAcrossACrash(t *testing.T) {
	s := running(t, scopeOf(t, "around-the-clock", aroundTheClock()), at("2026-11-01"))
	s.Parts = []availability.Part{web(change(at("2026-11-01"), up), change(at("2026-11-03 12:00"), down))}
	if j := judge(t, s, at("2026-11-03 12:00:10")); !j.Write || j.Record.Current.State != down {
		t.Fatalf("the outage is not written: %+v", j)
	}
	s.Parts = []availability.Part{web(change(at("2026-11-03 12:00"), down))}
	s.Parts[0].Floor = at("2026-11-03 12:05")
	s.Gaps = []availability.Gap{{From: at("2026-11-03 12:05"), To: at("2026-11-03 12:06:05")}}
	if j := judge(t, s, at("2026-11-03 12:06:10")); j.Write {
		t.Error("a failover is written to an Application that is as it was")
	}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-03 12:10"), up))
	j := judge(t, s, at("2026-11-03 12:10:01"))
	if len(j.Ended) != 1 {
		t.Fatalf("%d outages ended", len(j.Ended))
	}
	o := j.Ended[0]
	if o.ChargedSeconds != 535 || o.UnobservedSeconds != 65 || o.RawSeconds != 535 || !o.StartAt.Time.Equal(at("2026-11-03 12:00")) || !o.EndAt.Time.Equal(at("2026-11-03 12:10")) {
		t.Errorf("the outage is %+v", o)
	}
	if acc := accumulators(j); acc.Charged != 535 || acc.Unobserved != 65 || acc.Outages != 1 || acc.Longest != 535 {
		t.Errorf("the account is %+v", acc)
	}
	if len(s.Record.Outages) != 1 || s.Record.Current.OpenOutage != nil {
		t.Errorf("stored are %+v, and open is %+v", s.Record.Outages, s.Record.Current.OpenOutage)
	}
}

// TestS5Restored: it is down from 05:50; the cluster's store is restored to
// 06:00, and everything has been seen again at 12:01. 600 seconds are charged,
// and the 21,660 that the cluster forgot are unobserved, whatever this process
// saw meanwhile.
func TestS5Restored(t *testing.T) {
	s := running(t, scopeOf(t, "around-the-clock", aroundTheClock()), at("2026-11-01"))
	s.Parts = []availability.Part{web(change(at("2026-11-01"), up), change(at("2026-11-03 05:50"), down))}
	judge(t, s, at("2026-11-03 05:50:15"))
	s.Parts = []availability.Part{web(change(at("2026-11-03 05:50"), down), change(at("2026-11-03 08:00"), down), change(at("2026-11-03 12:01"), up))}
	s.Parts[0].Floor = at("2026-11-03 06:00")
	s.Gaps = []availability.Gap{{From: at("2026-11-03 06:00"), To: at("2026-11-03 12:01"), Whole: true}}
	j := judge(t, s, at("2026-11-03 12:01:05"))
	if acc := accumulators(j); acc.Charged != 600 || acc.Unobserved != 21660 {
		t.Errorf("charged are %d seconds, unobserved %d", acc.Charged, acc.Unobserved)
	}
	if len(j.Ended) != 1 || j.Ended[0].ChargedSeconds != 600 || j.Ended[0].UnobservedSeconds != 21660 {
		t.Errorf("ended have %+v", j.Ended)
	}
}

// TestS5Recreated: an Application is created anew on the 16th of a month of 30
// days, and there is no account. Half of the time was not observed, and that is
// not called kept.
func TestS5Recreated(t *testing.T) {
	for _, accounted := range []bool{false, true} {
		s := scopeOf(t, "around-the-clock", aroundTheClock())
		s.Accounted = accounted
		s.Parts = []availability.Part{web(change(at("2026-11-16"), up))}
		j := judge(t, &s, at("2026-11-16"))
		if !j.Write || j.Result != v1alpha1.ResultInsufficientData {
			t.Fatalf("at first it is %q", j.Result)
		}
		if lost := j.Record.HistoryLostAt != nil; lost != accounted {
			t.Errorf("lost: %t, though accounted: %t", lost, accounted)
		}
		want := v1alpha1.ReasonInsufficientData
		if accounted {
			want = v1alpha1.ReasonHistoryLost
		}
		if j.Reason != want {
			t.Errorf("the reason is %s, want %s", j.Reason, want)
		}
		// At the end of the month the coverage is 50 per cent.
		j = judge(t, &s, at("2026-12-01"))
		if !j.Write || !j.Booking || len(j.Booked) != 1 {
			t.Fatalf("the month is not booked: %+v", j)
		}
		p := j.Booked[0]
		if p.Agreed != 30*86400 || p.Unobserved != 15*86400 || p.Result != v1alpha1.ResultInsufficientData || p.Availability != "100" {
			t.Errorf("booked is %+v", p)
		}
	}
}

// TestS8LateWindow: an outage lasts from 10 to 11, and at 12 somebody declares a
// maintenance window for that hour. It acts from then on only.
func TestS8LateWindow(t *testing.T) {
	s := running(t, scopeOf(t, "around-the-clock", aroundTheClock()), at("2026-11-01"))
	s.Parts = []availability.Part{web(change(at("2026-11-01"), up), change(at("2026-11-03 10:00"), down), change(at("2026-11-03 11:00"), up))}
	judge(t, s, at("2026-11-03 11:00:05"))
	s.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "late", StartAt: "2026-11-03T10:00:00+01:00", Duration: "1h"}}
	j := judge(t, s, at("2026-11-03 12:00"))
	if !j.Write || len(s.Record.Maintenance) != 1 || !s.Record.Maintenance[0].SeenAt.Time.Equal(at("2026-11-03 12:00")) {
		t.Fatalf("the window is not written: %+v", s.Record.Maintenance)
	}
	if acc := accumulators(j); acc.Charged != 3600 || acc.Maintenance != 0 || acc.Excluded != 0 {
		t.Errorf("the account is %+v", acc)
	}
	// The same if nobody looked until twelve.
	lazy := running(t, scopeOf(t, "around-the-clock", aroundTheClock()), at("2026-11-01"))
	lazy.Parts, lazy.Maintenance = s.Parts, s.Maintenance
	if acc := accumulators(judge(t, lazy, at("2026-11-03 12:00"))); acc.Charged != 3600 {
		t.Errorf("without a look until twelve %d seconds are charged", acc.Charged)
	}
}

// A window that cannot be used, such as of an object that is older than a rule,
// is not kept, and is no reason to write; those beside it are.
func TestUnusableWindowsAreNotKept(t *testing.T) {
	s := running(t, scopeOf(t, "around-the-clock", aroundTheClock()), at("2026-11-01"))
	days := v1alpha1.MaintenanceWindow{Name: "days", Schedule: "0 18 * * 2", Duration: "1d"}
	never := v1alpha1.MaintenanceWindow{Name: "never", Schedule: "0 18 31 2 *", TimeZone: "Europe/Berlin", Duration: "1h"}
	nowhere := v1alpha1.MaintenanceWindow{Name: "nowhere", Schedule: "0 18 * * 2", TimeZone: "Europe/Mainz", Duration: "1h"}
	good := v1alpha1.MaintenanceWindow{Name: "good", StartAt: "2026-11-04T10:00:00+01:00", Duration: "1h"}
	s.Maintenance = []v1alpha1.MaintenanceWindow{days, never, nowhere}
	if j := judge(t, s, at("2026-11-02 12:00")); j.Write {
		t.Errorf("written is %+v", j.Record.Maintenance)
	}
	s.Maintenance = []v1alpha1.MaintenanceWindow{days, good, nowhere}
	if j := judge(t, s, at("2026-11-03 12:00")); !j.Write || len(j.Record.Maintenance) != 1 || j.Record.Maintenance[0].Window != good {
		t.Errorf("written is %t: %+v, want the good one alone", j.Write, j.Record.Maintenance)
	}
	if j := judge(t, s, at("2026-11-03 12:01")); j.Write {
		t.Error("it is written again")
	}
	s.Maintenance = []v1alpha1.MaintenanceWindow{days}
	if j := judge(t, s, at("2026-11-03 12:02")); !j.Write || len(j.Record.Maintenance) != 0 {
		t.Errorf("written is %t: %+v, want none", j.Write, j.Record.Maintenance)
	}
}

// TestS8NewObjective: around the clock 99.5 is agreed, and 99.0 from 16 November
// on: the budget is 6,480 + 12,960 seconds.
func TestS8NewObjective(t *testing.T) {
	first, second := aroundTheClock(), aroundTheClock()
	first.Availability.Objective, second.Availability.Objective = "99.5", "99.0"
	s := scopeOf(t, "level", first)
	run := running(t, s, at("2026-11-01"))
	run.Agreements["level"] = agreementOf(t, "level", revised{longAgo(), first}, revised{at("2026-11-16"), second})
	j := judge(t, run, at("2026-11-20"))
	if !j.Write || j.Record.Current.Budget != 19440 || j.Summary.BudgetSeconds != 19440 || j.Summary.Objective != "" {
		t.Fatalf("the account is %+v", j.Record.Current)
	}
	if n := len(j.Record.Current.Segments); n != 2 || j.Record.Current.Segments[0].Budget != 6480 || j.Record.Current.Segments[1].Budget != 12960 {
		t.Errorf("the segments are %+v", j.Record.Current.Segments)
	}
}

// TestS11Budgets: what the agreements of the examples come to, in months with
// holidays and with nights on which clocks are moved.
func TestS11Budgets(t *testing.T) {
	tests := []struct {
		spec   v1alpha1.ServiceLevelSpec
		month  string
		agreed int64
		budget string
	}{
		{officeHours(), "2026-11-01", 788400, "3942"},
		{officeHours(), "2027-05-01", 669600, "3348"},
		{aroundTheClock(), "2027-03-01", 2674800, "2674.8"},
		{aroundTheClock(), "2027-10-01", 2682000, "2682"},
	}
	for _, test := range tests {
		s := running(t, scopeOf(t, "level", test.spec), at(test.month))
		segment := s.Record.Current.Segments[0]
		if segment.Agreed != test.agreed {
			t.Errorf("%s: %d seconds are agreed, want %d", test.month, segment.Agreed, test.agreed)
		}
		budget, err := availability.BudgetOf(test.spec.Availability.Objective, test.agreed)
		if err != nil || budget.String() != test.budget || s.Record.Current.Budget != budget.Seconds() {
			t.Errorf("%s: the budget is %s (%v), stored %d, want %s", test.month, budget, err, s.Record.Current.Budget, test.budget)
		}
		// It is broken by the first whole second above the budget.
		for extra, want := range []v1alpha1.ServiceLevelResult{v1alpha1.ResultMet, v1alpha1.ResultBreached} {
			began := at(test.month).AddDate(0, 0, 9).Add(9 * time.Hour)
			run := running(t, scopeOf(t, "level", test.spec), at(test.month))
			run.Parts[0].Changes = append(run.Parts[0].Changes, change(began, down))
			run.Parts[0].Changes = append(run.Parts[0].Changes, change(began.Add(time.Duration(budget.Seconds()+int64(extra))*time.Second), up))
			if j := judge(t, run, began.Add(8*time.Hour)); j.Result != want {
				t.Errorf("%s: with %d seconds charged it is %s", test.month, accumulators(j).Charged, j.Result)
			}
		}
	}
}

// TestS4ClockMoved: the clock is set back and forth by an hour. Nothing is
// negative, nothing above 100 per cent, and nothing counted twice.
func TestS4ClockMoved(t *testing.T) {
	s := running(t, scopeOf(t, "around-the-clock", aroundTheClock()), at("2026-11-01"))
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-02 12:00"), down))
	judge(t, s, at("2026-11-02 12:00:30"))
	stored := s.Record.DeepCopy()
	back := judge(t, s, at("2026-11-02 11:00"))
	if back.Write || back.Record.Current.Accumulators != stored.Current.Accumulators {
		t.Errorf("with the clock set back the account becomes %+v", back.Record.Current)
	}
	if !back.Next.Equal(stored.Current.Accumulators.AsOf.Time) {
		t.Errorf("it is judged again at %s", back.Next)
	}
	for _, now := range []string{"2026-11-02 12:30", "2026-11-02 11:30", "2026-11-02 13:30", "2026-11-02 12:45", "2026-11-02 13:45"} {
		j := judge(t, s, at(now))
		acc := accumulators(j)
		if acc.Charged < 0 || acc.Agreed < acc.Charged+acc.Unobserved || acc.Raw < acc.Charged || len(j.Summary.Availability) > 8 {
			t.Errorf("at %s the account is %+v", now, acc)
		}
	}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-02 14:00"), up))
	if acc := accumulators(judge(t, s, at("2026-11-02 15:00"))); acc.Charged != 2*3600 {
		t.Errorf("%d seconds are charged", acc.Charged)
	}
}
