// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestPeriodAt(t *testing.T) {
	tests := []struct {
		name         string
		kind         v1alpha1.CalendarPeriod
		zone, at     string
		want         string
		wFrom, wTo   string
		lastsSeconds int64
	}{
		{"month", v1alpha1.CalendarMonth, "Europe/Berlin", "2026-11-15T12:00:00+01:00", "2026-11", "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00", 2_592_000},
		{"its first second", v1alpha1.CalendarMonth, "Europe/Berlin", "2026-10-31T23:00:00Z", "2026-11", "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00", 2_592_000},
		{"the last before", v1alpha1.CalendarMonth, "Europe/Berlin", "2026-10-31T22:59:59Z", "2026-10", "2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00", 2_682_000},
		{"an hour less", v1alpha1.CalendarMonth, "Europe/Berlin", "2027-03-28T12:00:00+02:00", "2027-03", "2027-03-01T00:00:00+01:00", "2027-04-01T00:00:00+02:00", 2_674_800},
		{"quarter", v1alpha1.CalendarQuarter, "Europe/Berlin", "2026-12-31T23:59:59+01:00", "2026-Q4", "2026-10-01T00:00:00+02:00", "2027-01-01T00:00:00+01:00", 92*daySeconds + 3600},
		{"first quarter", v1alpha1.CalendarQuarter, "Europe/Berlin", "2026-12-31T23:00:00Z", "2027-Q1", "2027-01-01T00:00:00+01:00", "2027-04-01T00:00:00+02:00", 90*daySeconds - 3600},
		{"second quarter", v1alpha1.CalendarQuarter, "UTC", "2027-06-30T23:59:59Z", "2027-Q2", "2027-04-01T00:00:00Z", "2027-07-01T00:00:00Z", 91 * daySeconds},
		{"third quarter", v1alpha1.CalendarQuarter, "UTC", "2027-07-01T00:00:00Z", "2027-Q3", "2027-07-01T00:00:00Z", "2027-10-01T00:00:00Z", 92 * daySeconds},
		{"year", v1alpha1.CalendarYear, "Europe/Berlin", "2028-02-29T12:00:00+01:00", "2028", "2028-01-01T00:00:00+01:00", "2029-01-01T00:00:00+01:00", 366 * daySeconds},
		{"the year has begun in Mainz only", v1alpha1.CalendarYear, "America/New_York", "2027-01-01T00:00:00+01:00", "2026", "2026-01-01T00:00:00-05:00", "2027-01-01T00:00:00-05:00", 365 * daySeconds},
		{"without a zone", v1alpha1.CalendarMonth, "", "2026-10-31T23:00:00Z", "2026-11", "2026-11-01T00:00:00+01:00", "2026-12-01T00:00:00+01:00", 2_592_000},
		{"begins with a midnight that does not exist", v1alpha1.CalendarMonth, "America/Asuncion", "2023-10-01T01:00:00-03:00", "2023-10", "2023-10-01T04:00:00Z", "2023-11-01T00:00:00-03:00", 31*daySeconds - 3600},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var in *time.Location
			if test.zone != "" {
				in = zone(t, test.zone)
			}
			got := calendar.PeriodAt(test.kind, in, at(t, test.at))
			want := calendar.Period{Name: test.want, Span: calendar.Span{From: at(t, test.wFrom), To: at(t, test.wTo)}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if lasts := got.Span.To - got.Span.From; lasts != test.lastsSeconds {
				t.Errorf("%d s, want %d", lasts, test.lastsSeconds)
			}
		})
	}
}

func TestDay(t *testing.T) {
	tests := []struct {
		name, zone, at string
		date           v1alpha1.Date
		hours          float64
	}{
		{"an ordinary day", "Europe/Berlin", "2026-11-02T00:00:00+01:00", "2026-11-02", 24},
		{"its last second", "Europe/Berlin", "2026-11-02T22:59:59Z", "2026-11-02", 24},
		{"an hour less", "Europe/Berlin", "2027-03-28T01:00:00Z", "2027-03-28", 23},
		{"an hour more", "Europe/Berlin", "2027-10-31T01:00:00Z", "2027-10-31", 25},
		{"half an hour less", "Australia/Lord_Howe", "2026-10-04T12:00:00+11:00", "2026-10-04", 23.5},
		{"without a midnight", "Africa/Cairo", "2026-04-24T12:00:00+03:00", "2026-04-24", 23},
		{"with two", "America/Havana", "2026-11-01T00:30:00-05:00", "2026-11-01", 25},
		{"it had begun, and its clock fell back into the day before", "America/St_Johns", "2008-11-02T03:00:00Z", "2008-11-02", 25},
		{"the day before one that was skipped", "Pacific/Apia", "2011-12-29T23:59:59-10:00", "2011-12-29", 24},
		{"the day after it", "Pacific/Apia", "2011-12-31T00:00:00+14:00", "2011-12-31", 24},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			date, span := calendar.Day(zone(t, test.zone), at(t, test.at))
			if date != test.date {
				t.Errorf("it is %s, want %s", date, test.date)
			}
			if hours := float64(span.To-span.From) / 3600; hours != test.hours {
				t.Errorf("the day has %v h, want %v", hours, test.hours)
			}
		})
	}
}

// TestPeriodsFollowEachOther: every moment is in exactly one period of a kind,
// and a day, a month and a quarter are within one of the next kind.
func TestPeriodsFollowEachOther(t *testing.T) {
	names := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Asuncion", "Africa/Cairo", "America/Havana", "America/St_Johns", "Pacific/Apia", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		in, err := time.LoadLocation(rapid.SampledFrom(names).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := rapid.Int64Range(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()).Draw(t, "at")
		_, inner := calendar.Day(in, at)
		for _, kind := range []v1alpha1.CalendarPeriod{v1alpha1.CalendarMonth, v1alpha1.CalendarQuarter, v1alpha1.CalendarYear} {
			period := calendar.PeriodAt(kind, in, at)
			if at < period.Span.From || at >= period.Span.To {
				t.Fatalf("%d is not within %v", at, period)
			}
			if inner.From < period.Span.From || inner.To > period.Span.To {
				t.Fatalf("%v is not within %v", inner, period)
			}
			for _, edge := range []int64{period.Span.From, period.Span.To - 1} {
				if same := calendar.PeriodAt(kind, in, edge); same != period {
					t.Fatalf("%d is in %v, not in %v", edge, same, period)
				}
			}
			if next := calendar.PeriodAt(kind, in, period.Span.To); next.Span.From != period.Span.To || next.Name <= period.Name {
				t.Fatalf("%v follows %v", next, period)
			}
			inner = period.Span
		}
	})
}

func TestPeriodsAtTheEndsOfTime(t *testing.T) {
	for at, name := range map[int64]string{math.MinInt64: "0001-01", time.Time{}.Unix(): "0001-01", math.MaxInt64: "9999-12"} {
		if got := calendar.PeriodAt(v1alpha1.CalendarMonth, nil, at); got.Name != name {
			t.Errorf("%d is in %s, want %s", at, got.Name, name)
		}
	}
}
