// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// officeHours are those of the agreement office-hours.
func officeHours() *v1alpha1.ServiceHours {
	return &v1alpha1.ServiceHours{
		TimeZone: "Europe/Berlin",
		Weekly: []v1alpha1.WeeklyHours{
			{Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday"}, From: "07:00", To: "18:00"},
			{Days: []v1alpha1.Weekday{"Friday"}, From: "07:00", To: "15:00"},
		},
		Holidays: v1alpha1.HolidaysRhinelandPalatinate,
	}
}

func hoursOf(t testing.TB, h *v1alpha1.ServiceHours) *calendar.Hours {
	t.Helper()
	hours, err := calendar.NewHours(h)
	if err != nil {
		t.Fatal(err)
	}
	return hours
}

func at(t testing.TB, s string) int64 {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m.Unix()
}

// TestS11 counts what was agreed: office hours (Monday to Thursday 07:00 to
// 18:00, Friday to 15:00, without holidays) in November 2026 and May 2027, and
// service around the clock in the months in which the clocks are moved.
func TestS11AgreedSeconds(t *testing.T) {
	tests := []struct {
		name   string
		hours  *v1alpha1.ServiceHours
		within string
		agreed int64
	}{
		{"office hours, November", officeHours(), "2026-11-15T12:00:00+01:00", 788_400},
		{"office hours, May, on three days of which there are holidays", officeHours(), "2027-05-01T00:00:00+02:00", 669_600},
		{"around the clock, an hour less", nil, "2027-03-31T23:59:59+02:00", 2_674_800},
		{"around the clock, an hour more", nil, "2027-10-01T00:00:00+02:00", 2_682_000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hours := hoursOf(t, test.hours)
			month := calendar.PeriodAt(v1alpha1.CalendarMonth, hours.Location(), at(t, test.within))
			if got := hours.Seconds(month.Span); got != test.agreed {
				t.Errorf("%d s are agreed in %s, want %d", got, month.Name, test.agreed)
			}
			if got := hours.Spans(month.Span).Seconds(); got != test.agreed {
				t.Errorf("the spans of %s have %d s, want %d", month.Name, got, test.agreed)
			}
		})
	}
}

// TestS11NightShift counts a shift of 22:00 to 06:00 over the nights on which the
// clocks are moved: 7 h in spring and 9 h in autumn.
func TestS11NightShift(t *testing.T) {
	everyDay := []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	hours := hoursOf(t, &v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{{Days: everyDay, From: "22:00", To: "06:00"}}})
	tests := []struct {
		name, from, to string
		want           calendar.Spans
	}{
		{"spring", "2027-03-27T12:00:00+01:00", "2027-03-28T12:00:00+02:00", calendar.Spans{{at(t, "2027-03-27T22:00:00+01:00"), at(t, "2027-03-28T06:00:00+02:00")}}},
		{"autumn", "2027-10-30T12:00:00+02:00", "2027-10-31T12:00:00+01:00", calendar.Spans{{at(t, "2027-10-30T22:00:00+02:00"), at(t, "2027-10-31T06:00:00+01:00")}}},
	}
	for i, length := range []int64{7 * 3600, 9 * 3600} {
		test := tests[i]
		t.Run(test.name, func(t *testing.T) {
			got := hours.Spans(calendar.Span{From: at(t, test.from), To: at(t, test.to)})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if got.Seconds() != length {
				t.Errorf("%d s, want %d", got.Seconds(), length)
			}
		})
	}
}

func TestHours(t *testing.T) {
	weekly := func(from, to v1alpha1.TimeOfDay, days ...v1alpha1.Weekday) v1alpha1.WeeklyHours {
		return v1alpha1.WeeklyHours{Days: days, From: from, To: to}
	}
	span := func(from, to string) calendar.Span { return calendar.Span{From: at(t, from), To: at(t, to)} }
	tests := []struct {
		name   string
		hours  v1alpha1.ServiceHours
		within calendar.Span
		want   calendar.Spans
	}{
		{
			"whole days that follow each other are one, and a year's end is nothing",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("00:00", "24:00", weekdays...)}},
			span("2020-06-01T12:00:00Z", "2027-06-01T12:00:00Z"),
			calendar.Spans{span("2020-06-01T12:00:00Z", "2027-06-01T12:00:00Z")},
		},
		{
			"until 00:00 is until 24:00",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("20:00", "00:00", "Sunday")}},
			span("2026-11-01T00:00:00+01:00", "2026-11-03T00:00:00+01:00"),
			calendar.Spans{span("2026-11-01T20:00:00+01:00", "2026-11-02T00:00:00+01:00")},
		},
		{
			"entries that overlap or touch are joined, and days named twice count once",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("12:00", "18:00", "Monday", "Monday"), weekly("08:00", "12:00", "Monday"), weekly("10:00", "14:00", "Monday")}},
			span("2026-11-01T00:00:00+01:00", "2026-11-04T00:00:00+01:00"),
			calendar.Spans{span("2026-11-02T08:00:00+01:00", "2026-11-02T18:00:00+01:00")},
		},
		{
			"a holiday takes exactly its day, both of the shift that crosses into it and of the one that crosses out",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("22:00", "06:00", weekdays...)}, Holidays: v1alpha1.HolidaysRhinelandPalatinate},
			span("2026-10-31T12:00:00+01:00", "2026-11-02T12:00:00+01:00"),
			calendar.Spans{span("2026-10-31T22:00:00+01:00", "2026-11-01T00:00:00+01:00"), span("2026-11-02T00:00:00+01:00", "2026-11-02T06:00:00+01:00")},
		},
		{
			"so does a closure; 24 December is no holiday",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("00:00", "24:00", weekdays...)}, Holidays: v1alpha1.HolidaysRhinelandPalatinate, ClosuresOn: []v1alpha1.Date{"2026-12-31", "2026-12-28", "2026-12-28"}},
			span("2026-12-24T00:00:00+01:00", "2027-01-03T00:00:00+01:00"),
			calendar.Spans{
				span("2026-12-24T00:00:00+01:00", "2026-12-25T00:00:00+01:00"),
				span("2026-12-27T00:00:00+01:00", "2026-12-28T00:00:00+01:00"),
				span("2026-12-29T00:00:00+01:00", "2026-12-31T00:00:00+01:00"),
				span("2027-01-02T00:00:00+01:00", "2027-01-03T00:00:00+01:00"),
			},
		},
		{
			"hours in a time that does not exist are none",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("02:00", "03:00", "Sunday")}},
			span("2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00"),
			nil,
		},
		{
			"hours that begin in a time that does not exist begin when the clocks are moved",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("02:30", "04:00", "Sunday")}},
			span("2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00"),
			calendar.Spans{span("2027-03-28T03:00:00+02:00", "2027-03-28T04:00:00+02:00")},
		},
		{
			"hours in a time that comes twice last from its first to its second",
			v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{weekly("02:15", "02:30", "Sunday")}},
			span("2027-10-31T00:00:00+02:00", "2027-11-01T00:00:00+01:00"),
			calendar.Spans{span("2027-10-31T02:15:00+02:00", "2027-10-31T02:30:00+01:00")},
		},
		{
			"in their own zone",
			v1alpha1.ServiceHours{TimeZone: "America/New_York", Weekly: []v1alpha1.WeeklyHours{weekly("09:00", "17:00", "Monday")}},
			span("2026-11-01T00:00:00Z", "2026-11-08T00:00:00Z"),
			calendar.Spans{span("2026-11-02T09:00:00-05:00", "2026-11-02T17:00:00-05:00")},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, hoursOf(t, &test.hours).Spans(test.within)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestHolidays holds the holidays of the library against those of the law: with
// service at all times, they are all that is missing.
func TestHolidays(t *testing.T) {
	hours := hoursOf(t, &v1alpha1.ServiceHours{
		Weekly:   []v1alpha1.WeeklyHours{{Days: weekdays, From: "00:00", To: "24:00"}},
		Holidays: v1alpha1.HolidaysRhinelandPalatinate,
	})
	for _, year := range []int{2008, 2023, 2024, 2025, 2026, 2027, 2028, 2038, 2040, 2044} {
		var off []v1alpha1.Date
		for noon := time.Date(year, 1, 1, 12, 0, 0, 0, hours.Location()); noon.Year() == year; noon = noon.AddDate(0, 0, 1) {
			date, span := calendar.Day(hours.Location(), noon.Unix())
			switch hours.Seconds(span) {
			case 0:
				off = append(off, date)
			case span.To - span.From:
			default:
				t.Errorf("%s is left out in part", date)
			}
		}
		if diff := cmp.Diff(slices.Compact(statutory(year)), off); diff != "" {
			t.Errorf("holidays of %d (-law +library):\n%s", year, diff)
		}
	}
}

// TestNoHoursAreAlways: nil is service at all times.
func TestNoHoursAreAlways(t *testing.T) {
	var always *calendar.Hours
	if got := always.Location().String(); got != calendar.Zone {
		t.Errorf("the zone is %s", got)
	}
	if got, want := always.Spans(calendar.Span{From: 5, To: 9}), (calendar.Spans{{From: 5, To: 9}}); !cmp.Equal(got, want) {
		t.Errorf("spans %v, want %v", got, want)
	}
	if got := always.Spans(calendar.Span{From: 9, To: 5}); got != nil {
		t.Errorf("no time has %v", got)
	}
	if got := always.Seconds(calendar.Span{From: 9, To: 5}); got != 0 {
		t.Errorf("no time has %d s", got)
	}
	if got, ok := always.After(5, 3, 9); !ok || got != 8 {
		t.Errorf("after 3 s it is %d, %t", got, ok)
	}
	if got, ok := always.After(5, 4, 9); ok {
		t.Errorf("%d is before the limit", got)
	}
	if got, ok := always.After(5, math.MaxInt64, math.MaxInt64); ok {
		t.Errorf("%d is before the limit", got)
	}
}

func TestAfter(t *testing.T) {
	hours := hoursOf(t, officeHours())
	const monday, friday = 11 * 3600, 8 * 3600
	tests := []struct {
		name, from  string
		n           int64
		limit, want string
	}{
		{"within a day", "2026-11-02T00:00:00+01:00", 1, "2027-01-01T00:00:00+01:00", "2026-11-02T07:00:01+01:00"},
		{"begun within hours", "2026-11-02T17:00:00+01:00", 3601, "2027-01-01T00:00:00+01:00", "2026-11-03T07:00:01+01:00"},
		{"when a day's hours end, not when the next begin", "2026-11-02T00:00:00+01:00", monday, "2027-01-01T00:00:00+01:00", "2026-11-02T18:00:00+01:00"},
		{"the last second of a year, which a holiday follows", "2026-12-31T07:00:00+01:00", monday, "2028-01-01T00:00:00+01:00", "2026-12-31T18:00:00+01:00"},
		{"in the year after", "2026-12-31T07:00:00+01:00", monday + 1, "2028-01-01T00:00:00+01:00", "2027-01-04T07:00:01+01:00"},
		{"over a weekend", "2026-11-06T00:00:00+01:00", friday + 1, "2027-01-01T00:00:00+01:00", "2026-11-09T07:00:01+01:00"},
		{"nothing", "2026-11-07T12:00:00+01:00", 0, "2027-01-01T00:00:00+01:00", "2026-11-07T12:00:00+01:00"},
		{"not before the limit", "2026-11-02T00:00:00+01:00", 60, "2026-11-02T07:01:00+01:00", ""},
		{"just before it", "2026-11-02T00:00:00+01:00", 59, "2026-11-02T07:01:00+01:00", "2026-11-02T07:00:59+01:00"},
		{"a limit that has passed", "2026-11-02T12:00:00+01:00", 0, "2026-11-02T12:00:00+01:00", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, ok := hours.After(at(t, test.from), test.n, at(t, test.limit))
			if ok != (test.want != "") || ok && got != at(t, test.want) {
				t.Errorf("%s, %t, want %q", time.Unix(got, 0).In(hours.Location()).Format(time.RFC3339), ok, test.want)
			}
		})
	}
}

// TestHoursAreBounded asks for all time there is.
func TestHoursAreBounded(t *testing.T) {
	hours := hoursOf(t, officeHours())
	all := calendar.Span{From: math.MinInt64, To: math.MaxInt64}
	spans := hours.Spans(all)
	if got, want := hours.Seconds(all), spans.Seconds(); got != want || len(spans) > 257*366 {
		t.Errorf("%d s, and %d in %d spans", got, want, len(spans))
	}
	if first, last := spans[0].From, spans[len(spans)-1].To; first < at(t, "1970-01-01T00:00:00Z") || last > at(t, "2226-01-01T00:00:00Z") {
		t.Errorf("from %d to %d", first, last)
	}
	if got, ok := hours.After(0, math.MaxInt64, math.MaxInt64); ok {
		t.Errorf("all time has passed at %d", got)
	}
	for _, outside := range []calendar.Span{{From: math.MinInt64, To: math.MinInt64 + 9}, {From: math.MaxInt64 - 9, To: math.MaxInt64}} {
		if got := hours.Seconds(outside); got != 0 {
			t.Errorf("%d s within %v", got, outside)
		}
	}
}

// TestHoursAskedAtOnce asks the same hours from several sides.
func TestHoursAskedAtOnce(t *testing.T) {
	shared := hoursOf(t, officeHours())
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			alone := hoursOf(t, officeHours())
			for year := 2020 + i; year < 2040; year++ {
				span := calendar.PeriodAt(v1alpha1.CalendarYear, shared.Location(), time.Date(year, 7, 1, 0, 0, 0, 0, time.UTC).Unix()).Span
				if got, want := shared.Seconds(span), alone.Seconds(span); got != want {
					t.Errorf("%d: %d s, want %d", year, got, want)
				}
			}
		})
	}
	group.Wait()
}

func TestHoursThatCannotBeUsed(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*v1alpha1.ServiceHours)
		words []string
	}{
		{"zone", func(h *v1alpha1.ServiceHours) { h.TimeZone = "Europe/Mainz" }, []string{"serviceHours.timeZone: ", "Europe/Mainz", "Europe/Berlin"}},
		{"the machine's zone", func(h *v1alpha1.ServiceHours) { h.TimeZone = "Local" }, []string{"serviceHours.timeZone: ", "Local"}},
		{"holidays", func(h *v1alpha1.ServiceHours) { h.Holidays = "DE-HE" }, []string{"serviceHours.holidays: ", "DE-HE", "DE-RP"}},
		{"no hours", func(h *v1alpha1.ServiceHours) { h.Weekly = nil }, []string{"serviceHours.weekly: "}},
		{"from", func(h *v1alpha1.ServiceHours) { h.Weekly[1].From = "7:00" }, []string{"serviceHours.weekly[1].from: ", `"7:00"`, "07:00"}},
		{"from the end", func(h *v1alpha1.ServiceHours) { h.Weekly[1].From = "24:00" }, []string{"serviceHours.weekly[1].from: ", "24:00"}},
		{"to", func(h *v1alpha1.ServiceHours) { h.Weekly[1].To = "24:01" }, []string{"serviceHours.weekly[1].to: ", "24:01", "24:00"}},
		{"minutes", func(h *v1alpha1.ServiceHours) { h.Weekly[1].To = "15:60" }, []string{"serviceHours.weekly[1].to: ", "15:60"}},
		{"nothing between", func(h *v1alpha1.ServiceHours) { h.Weekly[1].To = "07:00" }, []string{"serviceHours.weekly[1].to: ", "07:00", "00:00 to 24:00"}},
		{"no days", func(h *v1alpha1.ServiceHours) { h.Weekly[1].Days = nil }, []string{"serviceHours.weekly[1].days: ", "Monday"}},
		{"a day", func(h *v1alpha1.ServiceHours) { h.Weekly[0].Days[2] = "Mittwoch" }, []string{"serviceHours.weekly[0].days[2]: ", "Mittwoch"}},
		{"a closure", func(h *v1alpha1.ServiceHours) { h.ClosuresOn = []v1alpha1.Date{"2026-12-24", "2026-02-30"} }, []string{"serviceHours.closuresOn[1]: ", "2026-02-30"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			given := officeHours()
			test.spoil(given)
			hours, err := calendar.NewHours(given)
			if err == nil || hours != nil {
				t.Fatalf("passes: %v", err)
			}
			for _, words := range test.words {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q lacks %q", err, words)
				}
			}
		})
	}
}
