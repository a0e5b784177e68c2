// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// dayUp is an account around the clock that has been up since the first of
// November, as of a moment.
func dayUp(t *testing.T) *availability.Scope {
	t.Helper()
	return running(t, scopeOf(t, "level", aroundTheClock()), at("2026-11-01"))
}

func TestMessages(t *testing.T) {
	s := running(t, scopeOf(t, "level", officeHours()), at("2026-11-01"))
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-12 10:00"), down), change(at("2026-11-12 10:07"), up))
	j := judge(t, s, at("2026-11-12 15:30"))
	want := "99.87522 % of 99.5 % agreed so far in 2026-11; 58m42s of 1h5m42s budget left"
	if j.Reason != v1alpha1.ReasonMet || j.Message != want {
		t.Errorf("%s: %s; want %s", j.Reason, j.Message, want)
	}
	summary := &v1alpha1.ServiceLevelSummary{
		Period: "2026-11", AsOf: j.Record.Current.Accumulators.AsOf, AgreedSeconds: 788400, ChargedSeconds: 420,
		BudgetSeconds: 3942, BudgetLeftSeconds: 3522, Objective: "99.5", Availability: "99.87522", Result: v1alpha1.ResultMet,
	}
	if d := cmp.Diff(summary, j.Summary); d != "" {
		t.Error(d)
	}
	if n := size(t, j.Summary); n > 512 {
		t.Errorf("the summary takes up %d bytes", n)
	}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-13 08:00"), down))
	j = judge(t, s, at("2026-11-13 10:00"))
	if want := "1h1m18s more than the budget of 1h5m42s"; j.Reason != v1alpha1.ReasonBreached || !strings.Contains(j.Message, want) || !j.BudgetLow {
		t.Errorf("%s: %s; want %s", j.Reason, j.Message, want)
	}
	none := scopeOf(t, "level", officeHours())
	none.Level = ""
	if j := judge(t, running(t, none, at("2026-11-01")), at("2026-11-02")); j.Summary != nil || j.Reason != "" || j.Result != "" {
		t.Errorf("without an agreement: %+v", j)
	}
	none.Level, none.Record = "missing", nil
	if j := judge(t, running(t, none, at("2026-11-01")), at("2026-11-02")); j.Summary != nil || j.Reason != v1alpha1.ReasonNothingAgreed || !strings.Contains(j.Message, "missing") {
		t.Errorf("without the agreement: %+v", j)
	}
}

// TestDeadlines: the moment that is named is the first at which there is
// something to write.
func TestDeadlines(t *testing.T) {
	began := at("2026-11-10 12:00")
	tests := []struct {
		name  string
		setup func(*availability.Scope)
		next  time.Time
		check func(availability.Judgement) bool
	}{
		{"the time to recover is over", func(s *availability.Scope) {}, began.Add(time.Hour + time.Second), func(j availability.Judgement) bool { return j.RecoveryBreached }},
		{"little of the budget is left", func(s *availability.Scope) { withoutRecovery(t, s) }, began.Add(2333 * time.Second), func(j availability.Judgement) bool { return j.BudgetLow }},
		{"nothing of the budget is left", func(s *availability.Scope) {
			withoutRecovery(t, s)
			judge(t, s, began.Add(2333*time.Second))
		}, began.Add(2593 * time.Second), func(j availability.Judgement) bool { return j.Result == v1alpha1.ResultBreached }},
		{"too much is not observed", func(s *availability.Scope) {
			s.Parts[0].Changes[1].State = unobserved
		}, time.Time{}, func(j availability.Judgement) bool { return j.Result == v1alpha1.ResultInsufficientData }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := dayUp(t)
			s.Parts[0].Changes = append(s.Parts[0].Changes, change(began, down))
			if test.name == "the time to recover is over" {
				spec := aroundTheClock()
				spec.Availability.Objective = "90"
				s.Record = nil
				s.Agreements["level"] = agreementOf(t, "level", revised{longAgo(), spec})
				s.Parts[0].Changes = s.Parts[0].Changes[:1]
				judge(t, s, at("2026-11-01"))
				s.Parts[0].Changes = append(s.Parts[0].Changes, change(began, down))
			}
			test.setup(s)
			j := judge(t, s, maxTime(began, asOf(s)).Add(time.Second))
			if j := judge(t, s, j.Next.Add(-time.Second)); j.Write {
				t.Errorf("before %s there is something to write", j.Next)
			}
			if !test.next.IsZero() && !j.Next.Equal(test.next) {
				t.Errorf("the deadline is %s, want %s", j.Next, test.next)
			}
			after := judge(t, s, j.Next)
			if !after.Write || after.Booking || !test.check(after) {
				t.Errorf("at the deadline nothing happens: %+v", after)
			}
		})
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func asOf(s *availability.Scope) time.Time { return s.Record.Current.Accumulators.AsOf.Time }

// withoutRecovery agrees on nothing but availability.
func withoutRecovery(t *testing.T, s *availability.Scope) {
	t.Helper()
	spec := aroundTheClock()
	spec.Recovery = nil
	s.Agreements["level"] = agreementOf(t, "level", revised{longAgo(), spec})
}

// TestCoverageRecovers: what was not observed weighs less as time goes by.
func TestCoverageRecovers(t *testing.T) {
	s := scopeOf(t, "level", aroundTheClock())
	s.Parts = []availability.Part{web(change(at("2026-11-02"), up))}
	j := judge(t, &s, at("2026-11-02"))
	// One day of twenty.
	if want := at("2026-11-21"); j.Result != v1alpha1.ResultInsufficientData || !j.Next.Equal(want) {
		t.Fatalf("%s until %s, want %s", j.Result, j.Next, want)
	}
	if j := judge(t, &s, j.Next); !j.Write || j.Result != v1alpha1.ResultMet {
		t.Errorf("then it is %s", j.Result)
	}
}

func TestExcuses(t *testing.T) {
	s := dayUp(t)
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-10 12:00"), down))
	s.Excuses = []availability.Excuse{{Name: "state-portal", From: at("2026-11-10 11:59")}}
	j := judge(t, s, at("2026-11-10 12:00:10"))
	if ptr.Deref(j.Record.Current.OpenOutage.Charged, true) {
		t.Error("an outage that is excused is charged")
	}
	if got := availability.Totals(s.Record, s.Agreements["level"], at("2026-11-10 13:00")); got.Charged != 0 {
		t.Errorf("%d seconds are counted while it is excused", got.Charged)
	}
	if j := judge(t, s, at("2026-11-10 12:30")); j.Write {
		t.Error("something is written while nothing happens")
	}
	s.Excuses[0].To = at("2026-11-10 12:45")
	if j := judge(t, s, at("2026-11-10 12:46")); !j.Write {
		t.Error("it is not written that the excuse is over")
	}
	if got := availability.Totals(s.Record, s.Agreements["level"], at("2026-11-10 12:50")); got.Charged != 5*60 {
		t.Errorf("%d seconds are counted after the excuse", got.Charged)
	}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-10 13:00"), up))
	o := judge(t, s, at("2026-11-10 13:00")).Ended[0]
	want := []v1alpha1.Exclusion{{Kind: "Dependency", Name: "state-portal", Seconds: 45 * 60}}
	if d := cmp.Diff(want, o.Exclusions); d != "" || o.ChargedSeconds != 15*60 || !*o.Charged {
		t.Errorf("the outage is %+v: %s", o, d)
	}
}

// TestChangedAndRemovedEndpoints: a changed URL keeps an open outage open until
// something is known; removing the endpoint ends it.
func TestChangedAndRemovedEndpoints(t *testing.T) {
	s := dayUp(t)
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-10 12:00"), down))
	judge(t, s, at("2026-11-10 12:00:10"))
	other := availability.Part{Check: "other", Kind: v1alpha1.CauseEndpoint, Changes: []availability.Change{change(at("2026-11-01"), up)}}
	s.Parts = []availability.Part{{Check: "web", Pending: true}, other}
	j := judge(t, s, at("2026-11-10 12:10"))
	if !j.Write || j.Record.Current.State != unobserved || j.Record.Current.OpenOutage == nil || accumulators(j).Charged != 600 {
		t.Fatalf("with another URL it is %+v", j.Record.Current)
	}
	removed := *s
	removed.Parts = []availability.Part{other}
	j = availability.Judge(at2(removed, at("2026-11-10 12:20")))
	if len(j.Ended) != 1 || j.Ended[0].EndReason != v1alpha1.EndedEndpointRemoved || j.Ended[0].UnobservedSeconds != 600 || j.Record.Current.State != up {
		t.Errorf("removed it ends as %+v", j.Ended)
	}
	s.Parts[0] = web(change(at("2026-11-10 12:20"), down))
	j = judge(t, s, at("2026-11-10 12:21"))
	if o := j.Record.Current.OpenOutage; o == nil || o.ChargedSeconds != 660 || o.UnobservedSeconds != 600 || accumulators(j).Outages != 1 {
		t.Errorf("it is not one outage: %+v", o)
	}
	s.Lifecycle = v1alpha1.LifecycleRetired
	j = judge(t, s, at("2026-11-10 12:30"))
	if len(j.Ended) != 1 || j.Ended[0].EndReason != v1alpha1.EndedOutOfService || j.Record.Current.State != notCounted || j.Reason != v1alpha1.ReasonNotCounted || j.Summary != nil {
		t.Errorf("retired it is %+v, ended have %+v", j.Record.Current, j.Ended)
	}
	// What was agreed for the month ends with it.
	if whole := j.Record.Current.Segments[0].Agreed; whole != int64(at("2026-11-10 12:30").Sub(at("2026-11-01"))/time.Second) {
		t.Errorf("%d seconds are agreed", whole)
	}
	j = judge(t, s, at("2027-03-01"))
	if len(j.Booked) != 1 || j.Booked[0].Period != "2026-11" || !j.Next.IsZero() {
		t.Errorf("booked are %+v, next %s", j.Booked, j.Next)
	}
}

func at2(s availability.Scope, now time.Time) availability.Scope {
	s.Now = now
	return s
}

// TestNewApplications: a new one counts from its first success, or 24 hours
// after it began to operate.
func TestNewApplications(t *testing.T) {
	fresh := scopeOf(t, "level", aroundTheClock())
	fresh.Origin = v1alpha1.OriginProject
	fresh.Parts = []availability.Part{{Check: "web", Pending: true}}
	first := fresh
	j := judge(t, &first, at("2026-11-10 12:00"))
	if !j.Write || j.Record.Current.State != notCounted || !j.Next.Equal(at("2026-11-11 12:00")) || j.Reason != v1alpha1.ReasonNotCounted {
		t.Fatalf("it begins as %+v, next %s", j.Record.Current, j.Next)
	}
	first.Parts = []availability.Part{web(change(at("2026-11-10 12:01"), down), change(at("2026-11-10 15:00"), up))}
	j = judge(t, &first, at("2026-11-10 15:00:05"))
	if accumulators(j).Agreed != 5 || accumulators(j).Outages != 0 || j.Record.Current.Segments[0].Agreed != int64(at("2026-12-01").Sub(at("2026-11-10 15:00"))/time.Second) {
		t.Errorf("after the first success the account is %+v", j.Record.Current)
	}
	never := fresh
	judge(t, &never, at("2026-11-10 12:00"))
	never.Parts = []availability.Part{web(change(at("2026-11-10 12:01"), down))}
	j = judge(t, &never, at("2026-11-11 13:00"))
	if acc := accumulators(j); acc.Charged != 3600 || !j.Record.Current.OpenOutage.StartAt.Time.Equal(at("2026-11-11 12:00")) {
		t.Errorf("without any success it is %+v", j.Record.Current)
	}
	planned := fresh
	judge(t, &planned, at("2026-11-10 12:00"))
	planned.Lifecycle = v1alpha1.LifecyclePlanned
	if j := judge(t, &planned, at("2026-11-10 13:00")); !j.Write || planned.Record.Current != nil {
		t.Errorf("planned again it is %+v", planned.Record)
	}
	if j := judge(t, &planned, at("2026-11-10 14:00")); j.Write || !j.Next.IsZero() {
		t.Error("a planned Application is written again")
	}
	planned.Lifecycle = v1alpha1.LifecycleOperating
	if j := judge(t, &planned, at("2026-12-10 14:00")); !j.Next.Equal(at("2026-12-11 14:00")) {
		t.Errorf("it counts from %s on", j.Next)
	}
	unborn := fresh
	unborn.Lifecycle = v1alpha1.LifecyclePlanned
	if j := judge(t, &unborn, at("2026-11-10")); j.Record != nil || j.Write {
		t.Error("a planned Application has an account")
	}
}

// TestReferences: another agreement closes the period, under a name of its own.
func TestReferences(t *testing.T) {
	s := dayUp(t)
	s.Agreements["office"] = agreementOf(t, "office", revised{longAgo(), officeHours()})
	s.Level = "office"
	j := judge(t, s, at("2026-11-16 10:30"))
	if !j.Write || len(j.Booked) != 1 || j.Booked[0].Period != "20261101T000000/20261116T103000" || j.Booked[0].ServiceLevel != "level" {
		t.Fatalf("booked are %+v", j.Booked)
	}
	if j.Booked[0].Agreed != int64(at("2026-11-16 10:30").Sub(at("2026-11-01"))/time.Second) || j.Booked[0].Budget != 1333 {
		t.Errorf("booked is %+v", j.Booked[0])
	}
	if c := j.Record.Current; c.Period != "2026-11" || !c.StartAt.Time.Equal(at("2026-11-16 10:30")) || c.Accumulators.Agreed != 0 {
		t.Errorf("the account is %+v", c)
	}
	// The agreement is deleted: what was known is closed, and the account goes
	// on without.
	judge(t, s, at("2026-12-01"))
	asOf := asOf(s)
	delete(s.Agreements, "office")
	j = judge(t, s, at("2026-12-03"))
	if c := j.Record.Current; !j.Write || len(c.Segments) != 1 || c.Segments[0].ServiceLevel != "" || c.Result != "" || j.Summary != nil {
		t.Errorf("without the agreement the account is %+v", c)
	}
	if !asOf.Equal(at("2026-12-01")) || len(j.Record.Periods) != 2 {
		t.Errorf("the periods are %+v", j.Record.Periods)
	}
}

// TestBookings: the end of a period alone waits for its turn.
func TestBookings(t *testing.T) {
	s := dayUp(t)
	s.Spread = 2 * time.Hour
	before := judge(t, s, at("2026-11-30 23:59:59"))
	if !before.Next.Equal(at("2026-12-01 02:00")) || before.Write {
		t.Errorf("before the end it is judged again at %s", before.Next)
	}
	wait := judge(t, s, at("2026-12-01 01:00"))
	if wait.Write || wait.Booking || wait.Summary.Period != "2026-11" || !wait.Next.Equal(at("2026-12-01 02:00")) || len(wait.Booked) != 0 {
		t.Errorf("while it waits: %+v", wait)
	}
	early := *s
	early.Parts = []availability.Part{web(change(at("2026-11-01"), up), change(at("2026-12-01 00:30"), down))}
	if j := judge(t, &early, at("2026-12-01 01:00")); !j.Write || j.Booking || len(j.Booked) != 1 || accumulators(j).Charged != 1800 || j.Booked[0].Charged != 0 {
		t.Errorf("with an outage: %+v", j)
	}
	j := judge(t, s, at("2026-12-01 02:00"))
	if !j.Write || !j.Booking || len(j.Booked) != 1 || j.Summary.Period != "2026-12" || accumulators(j).Agreed != 7200 {
		t.Errorf("when it is due: %+v", j)
	}
	// An outage across midnight is split.
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-12-31 23:50"), down), change(at("2027-01-01 00:20"), up))
	j = judge(t, s, at("2027-01-01 03:00"))
	if p := j.Booked[0]; p.Charged != 600 || p.Outages != 1 || p.Longest != 600 || *p.MTTR != 600 || *p.MTBF != 31*86400-600 {
		t.Errorf("December is %+v", p)
	}
	if acc := accumulators(j); acc.Charged != 1200 || acc.Outages != 1 || acc.Longest != 1200 || j.Ended[0].ChargedSeconds != 1800 {
		t.Errorf("January is %+v", acc)
	}
	if d := s.Record.Current.Accumulators; d.Charged > s.Record.Totals.Charged {
		t.Error("more is charged in a month than in all")
	}
	// Down for years: the newest thirteen are kept.
	j = judge(t, s, at("2028-06-01 12:00"))
	if len(j.Booked) != 17 || len(j.Record.Periods) != 13 || j.Record.Periods[0].Period != "2028-05" {
		t.Errorf("%d are booked, %d kept", len(j.Booked), len(j.Record.Periods))
	}
}

// TestWhatIsWritten: who it is, what lies outside, and what was deleted.
func TestWhatIsWritten(t *testing.T) {
	s := dayUp(t)
	outside := v1alpha1.Outage{Check: "supporting", StartAt: metav1.NewTime(at("2026-11-02 10:00")), EndAt: new(metav1.NewTime(at("2026-11-02 11:00"))), Charged: new(false)}
	s.Outside = []v1alpha1.Outage{outside}
	if j := judge(t, s, at("2026-11-03")); !j.Write || len(s.Record.Outages) != 1 || accumulators(j).Outages != 0 {
		t.Errorf("an outage outside of the indicator: %+v", j)
	}
	s.Outside = nil
	s.UID = "another"
	if j := judge(t, s, at("2026-11-03")); !j.Write || s.Record.ApplicationUID != "another" {
		t.Errorf("created anew it is %+v", j.Record)
	}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-04"), down))
	judge(t, s, at("2026-11-04"))
	gone := availability.Removed(at2(*s, at("2026-11-05")))
	if gone == nil || gone.Current.State != unobserved || gone.Current.OpenOutage == nil || gone.Current.Accumulators.Charged != 86400 {
		t.Fatalf("deleted it is %+v", gone)
	}
	back := *s
	back.Record, back.Parts = gone, []availability.Part{web(change(at("2026-11-06"), up))}
	j := judge(t, &back, at("2026-11-06"))
	if acc := accumulators(j); acc.Charged != 86400 || acc.Unobserved != 86400 || len(j.Ended) != 1 || j.Ended[0].UnobservedSeconds != 86400 {
		t.Errorf("back again it is %+v", acc)
	}
	gone.Current.State = notCounted
	if availability.Removed(availability.Scope{Record: gone, Now: at("2026-11-07")}) != nil || availability.Removed(availability.Scope{Now: at("2026-11-07")}) != nil {
		t.Error("of what was not counted the deletion is written")
	}
	broken := *s
	broken.Record = s.Record.DeepCopy()
	broken.Record.DecodingError = "current: not a map"
	if j := judge(t, &broken, at("2026-11-08")); j.Write || !strings.Contains(j.Message, "not a map") {
		t.Errorf("what cannot be read is written over: %+v", j)
	}
}

// TestTotals: counters go on while nothing is written, and agree with what is
// written in the end.
func TestTotals(t *testing.T) {
	s := running(t, scopeOf(t, "office", officeHours()), at("2026-11-03 06:00"))
	agreement := s.Agreements["office"]
	if got := testing.AllocsPerRun(100, func() { availability.Totals(s.Record, agreement, asOf(s).Add(48*time.Hour)) }); got != 0 {
		t.Errorf("%v allocations", got)
	}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-03 17:00"), down))
	judge(t, s, at("2026-11-03 17:00:10"))
	gap := availability.Gap{From: at("2026-11-04 08:00"), To: at("2026-11-04 08:10")}
	var last v1alpha1.AccountTotals
	for now := at("2026-11-03 16:00"); now.Before(at("2026-11-04 12:00")); now = now.Add(7 * time.Minute) {
		got := availability.Totals(s.Record, agreement, now, gap)
		if got.Agreed < last.Agreed || got.Charged < last.Charged || got.Unobserved < last.Unobserved {
			t.Fatalf("at %s the totals decrease to %+v", now, got)
		}
		last = got
	}
	s.Gaps = []availability.Gap{gap}
	s.Parts[0].Changes = append(s.Parts[0].Changes, change(at("2026-11-04 12:00"), up))
	before := availability.Totals(s.Record, agreement, at("2026-11-04 12:00"), gap)
	seen := availability.SeenTotals(s.Record, agreement, at("2026-11-04 12:00"), gap)
	j := judge(t, s, at("2026-11-04 12:00"))
	if got := j.Record.Totals; got != seen {
		t.Errorf("written is %+v, seen were %+v", got, seen)
	}
	if got := j.Record.Totals; got.Charged != before.Charged || got.Agreed != before.Agreed || got.Charged != 6*3600-600 {
		t.Errorf("written is %+v, counted were %+v", got, before)
	}
	// Up, too, nobody saw what lies in a gap.
	s.Record, gap = j.Record, availability.Gap{From: at("2026-11-04 13:00"), To: at("2026-11-04 13:20")}
	if got := availability.SeenTotals(s.Record, agreement, at("2026-11-04 14:00"), gap).Unobserved - j.Record.Totals.Unobserved; got != 20*60 {
		t.Errorf("%d s were not seen of a gap of 20 minutes", got)
	}
	if got := availability.Totals(&v1alpha1.AvailabilityRecord{}, nil, at("2026-11-04")); got != (v1alpha1.AccountTotals{}) {
		t.Errorf("nothing comes to %+v", got)
	}
}
