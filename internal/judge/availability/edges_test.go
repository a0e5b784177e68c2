// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// TestWhatIsKnownLate: what came about before the account was written, and
// became known only after, counts from the account on; of another process, from
// its floor on.
func TestWhatIsKnownLate(t *testing.T) {
	tests := []struct {
		name   string
		stored v1alpha1.IndicatorState
		change availability.Change
		floor  string
		want   string
	}{
		{"down before the account", up, change(at("2026-11-10 11:59:50"), down), "", "2026-11-10 12:00"},
		{"down before the floor", up, change(at("2026-11-10 11:59:50"), down), "2026-11-10 12:01", "2026-11-10 12:01"},
		{"down after the floor", up, change(at("2026-11-10 12:02"), down), "2026-11-10 12:01", "2026-11-10 12:02"},
		{"up before the account", down, change(at("2026-11-10 11:59:50"), up), "", "2026-11-10 12:00"},
		{"down that nobody had seen", unobserved, change(at("2026-11-10 11:59:50"), down), "", "2026-11-10 12:00"},
		// Who removes what was not seen does not make it seen.
		{"up that nobody had seen", unobserved, change(at("2026-11-10 11:59:50"), up), "", "2026-11-10 12:05"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := dayUp(t)
			if test.stored != up {
				s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-10 11:00"), test.stored))
				judge(t, s, at("2026-11-10 11:00"))
			}
			s.Now = at("2026-11-10 12:00")
			s.Record = reread(t, availability.Judge(*s).Record)
			s.Parts = []availability.Part{web(test.change)}
			if test.floor != "" {
				s.Parts[0].Floor = at(test.floor)
			}
			j := judge(t, s, at("2026-11-10 12:05"))
			if c := j.Record.Current; !j.Write || c.State != test.change.State || !c.Since.Time.Equal(at(test.want)) {
				t.Errorf("it is %s since %s, want %s since %s", c.State, c.Since, test.change.State, test.want)
			}
		})
	}
}

// TestInAndOutOfService: however often an Application is taken out of service
// and back in a month, what is agreed is the time in which it was in service,
// and the segments are bounded.
func TestInAndOutOfService(t *testing.T) {
	s := dayUp(t)
	for i := range 40 {
		now := at("2026-11-02").Add(time.Duration(i) * 6 * time.Hour)
		s.Lifecycle = v1alpha1.LifecycleRetired
		judge(t, s, now)
		s.Lifecycle = v1alpha1.LifecycleOperating
		judge(t, s, now.Add(time.Hour))
	}
	c := s.Record.Current
	var whole int64
	for _, segment := range c.Segments {
		whole += segment.Agreed
	}
	if want := int64(30*86400 - 40*3600); whole != want || len(c.Segments) > 32 {
		t.Errorf("%d seconds are agreed in %d segments, want %d", whole, len(c.Segments), want)
	}
	if d := c.Budget - (30*86400-40*3600)/1000; d < -32 || d > 0 {
		t.Errorf("the budget is %d", c.Budget)
	}
}

// TestRollingWindow: days leave a rolling window at midnight, which is written
// in its turn.
func TestRollingWindow(t *testing.T) {
	spec := aroundTheClock()
	spec.Availability.Window = v1alpha1.AvailabilityWindow{Rolling: "2160h"}
	spec.Recovery = nil
	s := running(t, scopeOf(t, "level", spec), at("2026-06-01"))
	if n := len(s.Record.Days); n != 89 || s.Record.Current.Period != "2160h" {
		t.Fatalf("%d days before the account are not observed in %s", n, s.Record.Current.Period)
	}
	s.Spread = 3 * time.Hour
	judge(t, s, at("2026-10-01"))
	for day := range 90 {
		began := at("2026-10-01 10:00").AddDate(0, 0, day)
		s.Parts[0].Changes = append(s.Parts[0].Changes[:1], change(began, down), change(began.Add(time.Minute), up))
		judge(t, s, began.Add(time.Hour))
	}
	c := s.Record.Current
	if len(s.Record.Days) != 90 || c.Accumulators.Charged != 90*60 || c.Accumulators.Unobserved != 0 || !c.StartAt.Time.Equal(at("2026-10-01")) || c.Result != v1alpha1.ResultMet {
		t.Fatalf("%d days, %+v", len(s.Record.Days), c)
	}
	if j := judge(t, s, at("2026-12-30 02:59")); j.Write || !j.Next.Equal(at("2026-12-30 03:00")) {
		t.Errorf("that a day left is written at once, or at %s", j.Next)
	}
	j := judge(t, s, at("2026-12-30 03:00"))
	if !j.Write || !j.Booking || accumulators(j).Charged != 89*60 || len(j.Record.Periods) != 0 {
		t.Errorf("then the account is %+v", j.Record.Current)
	}
	// Another window closes it.
	s.Agreements["level"] = agreementOf(t, "level", revised{longAgo(), spec}, revised{at("2026-12-31"), aroundTheClock()})
	j = judge(t, s, at("2026-12-31"))
	if len(j.Record.Days) != 0 || len(j.Booked) != 1 || j.Booked[0].Period != "20261002T000000/20261231T000000" || j.Booked[0].Charged != 89*60 || j.Record.Current.Period != "2026-12" {
		t.Errorf("booked are %+v", j.Booked)
	}
}

// TestAccountsThatRestedTooLong are begun anew, as lost.
func TestAccountsThatRestedTooLong(t *testing.T) {
	s := dayUp(t)
	if j := judge(t, s, at("2033-01-15")); !j.Write || j.Record.HistoryLostAt == nil || j.Record.Current.Period != "2033-01" || accumulators(j).Unobserved != 14*86400 {
		t.Errorf("after years it is %+v", j.Record)
	}
}
