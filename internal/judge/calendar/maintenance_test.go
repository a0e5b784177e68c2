// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

func maintenanceOf(t testing.TB, windows ...v1alpha1.MaintenanceWindow) *calendar.Maintenance {
	t.Helper()
	m, errs := calendar.NewMaintenance(windows)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return m
}

func TestMaintenanceWithin(t *testing.T) {
	span := func(from, to string) calendar.Span { return calendar.Span{From: at(t, from), To: at(t, to)} }
	patchDay := recurring("patch-day", "0 18 * * 2", "2h")
	inUTC := recurring("utc", "0 18 * * 2", "2h")
	inUTC.TimeZone = "UTC"
	inMainz := recurring("mainz", "0 18 * * 2", "2h")
	inMainz.TimeZone = ""
	tuesday := span("2026-11-03T00:00:00+01:00", "2026-11-04T00:00:00+01:00")
	tests := []struct {
		name    string
		windows []v1alpha1.MaintenanceWindow
		within  calendar.Span
		want    []calendar.Named
	}{
		{
			"each by its name, in the order of the list",
			[]v1alpha1.MaintenanceWindow{once("z", "2026-11-03T19:00:00+01:00", "3h"), once("never", "2026-12-03T19:00:00+01:00", "3h"), patchDay},
			tuesday,
			[]calendar.Named{
				{Name: "z", Spans: calendar.Spans{span("2026-11-03T19:00:00+01:00", "2026-11-03T22:00:00+01:00")}},
				{Name: "patch-day", Spans: calendar.Spans{span("2026-11-03T18:00:00+01:00", "2026-11-03T20:00:00+01:00")}},
			},
		},
		{
			"one that began before",
			[]v1alpha1.MaintenanceWindow{patchDay, once("once", "2026-11-03T12:00:00+01:00", "168h")},
			span("2026-11-03T19:00:00+01:00", "2026-11-03T19:30:00+01:00"),
			[]calendar.Named{
				{Name: "patch-day", Spans: calendar.Spans{span("2026-11-03T19:00:00+01:00", "2026-11-03T19:30:00+01:00")}},
				{Name: "once", Spans: calendar.Spans{span("2026-11-03T19:00:00+01:00", "2026-11-03T19:30:00+01:00")}},
			},
		},
		{
			"a week long, begun a week ago",
			[]v1alpha1.MaintenanceWindow{recurring("long", "0 0 1 11 *", "168h")},
			span("2026-11-07T23:00:00+01:00", "2026-12-01T00:00:00+01:00"),
			[]calendar.Named{{Name: "long", Spans: calendar.Spans{span("2026-11-07T23:00:00+01:00", "2026-11-08T00:00:00+01:00")}}},
		},
		{
			"in the window's zone",
			[]v1alpha1.MaintenanceWindow{inUTC, inMainz},
			tuesday,
			[]calendar.Named{
				{Name: "utc", Spans: calendar.Spans{span("2026-11-03T18:00:00Z", "2026-11-03T20:00:00Z")}},
				{Name: "mainz", Spans: calendar.Spans{span("2026-11-03T17:00:00Z", "2026-11-03T19:00:00Z")}},
			},
		},
		{
			"longer than its period",
			[]v1alpha1.MaintenanceWindow{recurring("daily", "0 3 * * *", "25h"), recurring("minutely", "* * * * *", "1m"), recurring("hourly", "7 * * * *", "1h")},
			span("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00"),
			[]calendar.Named{
				{Name: "daily", Spans: calendar.Spans{span("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00")}},
				{Name: "minutely", Spans: calendar.Spans{span("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00")}},
				{Name: "hourly", Spans: calendar.Spans{span("2026-10-01T00:00:00+02:00", "2026-11-01T00:00:00+01:00")}},
			},
		},
		{
			"at a time that does not exist: when the clocks are moved",
			[]v1alpha1.MaintenanceWindow{recurring("nightly", "30 2 * * *", "1h")},
			span("2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00"),
			[]calendar.Named{{Name: "nightly", Spans: calendar.Spans{span("2027-03-28T03:00:00+02:00", "2027-03-28T04:00:00+02:00")}}},
		},
		{
			"at a time that comes twice: at the first",
			[]v1alpha1.MaintenanceWindow{recurring("nightly", "30 2 * * *", "1h")},
			span("2027-10-31T00:00:00+02:00", "2027-11-01T00:00:00+01:00"),
			[]calendar.Named{{Name: "nightly", Spans: calendar.Spans{span("2027-10-31T02:30:00+02:00", "2027-10-31T02:30:00+01:00")}}},
		},
		{
			"every hour: at each that passes",
			[]v1alpha1.MaintenanceWindow{recurring("hourly", "30 * * * *", "10m")},
			span("2027-10-31T02:00:00+02:00", "2027-10-31T03:00:00+01:00"),
			[]calendar.Named{{Name: "hourly", Spans: calendar.Spans{
				span("2027-10-31T02:30:00+02:00", "2027-10-31T02:40:00+02:00"),
				span("2027-10-31T02:30:00+01:00", "2027-10-31T02:40:00+01:00"),
			}}},
		},
		{
			"whole seconds: each moment belongs to the second in which it lies",
			[]v1alpha1.MaintenanceWindow{once("once", "2026-11-03T12:00:00.7+01:00", "1.5s"), recurring("daily", "0 18 * * *", "1.9s")},
			tuesday,
			[]calendar.Named{
				{Name: "once", Spans: calendar.Spans{span("2026-11-03T12:00:00+01:00", "2026-11-03T12:00:02+01:00")}},
				{Name: "daily", Spans: calendar.Spans{span("2026-11-03T18:00:00+01:00", "2026-11-03T18:00:01+01:00")}},
			},
		},
		{"29 February, eight years after the last", []v1alpha1.MaintenanceWindow{recurring("leap", "0 0 29 2 *", "1h")}, span("2096-03-01T00:00:00Z", "2104-02-28T00:00:00Z"), nil},
		{"no time", []v1alpha1.MaintenanceWindow{patchDay}, calendar.Span{From: tuesday.To, To: tuesday.From}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, maintenanceOf(t, test.windows...).Within(test.within)); diff != "" {
				t.Error(diff)
			}
		})
	}
	var none *calendar.Maintenance
	if got := none.Within(tuesday); got != nil {
		t.Errorf("no maintenance has %v", got)
	}
}

func TestMaintenanceThatCannotBeUsed(t *testing.T) {
	local := recurring("zone", "0 18 * * 2", "2h")
	local.TimeZone = "Local"
	both := recurring("both", "0 18 * * 2", "2h")
	both.StartAt = "2026-11-03T18:00:00+01:00"
	tests := []struct {
		name  string
		given v1alpha1.MaintenanceWindow
		words []string
	}{
		{"30 February", recurring("a", "0 0 30 2 *", "2h"), []string{"maintenance[1].schedule", "0 0 30 2 *", "never"}},
		{"31 of the short months", recurring("a", "0 0 31 2,4,6,9,11 *", "2h"), []string{"maintenance[1].schedule", "never"}},
		{"six fields", recurring("a", "0 0 18 * * 2", "2h"), []string{"maintenance[1].schedule", "five cron fields"}},
		{"a name instead of fields", recurring("a", "@daily", "2h"), []string{"maintenance[1].schedule", "@daily"}},
		{"a zone in the schedule", recurring("a", "TZ=UTC 0 18 * * 2", "2h"), []string{"maintenance[1].schedule", "TZ=UTC"}},
		{"nothing but a zone", recurring("a", "TZ=UTC", "2h"), []string{"maintenance[1].schedule", "TZ=UTC"}},
		{"blanks", recurring("a", "         ", "2h"), []string{"maintenance[1].schedule"}},
		{"too often", recurring("a", "*/5 * * * *", "1m"), []string{"maintenance[1].schedule", "288 times a day", "96"}},
		{"every minute", recurring("a", "* * * * *", "59s"), []string{"maintenance[1].schedule", "1440 times a day", "59s"}},
		{"the machine's zone", local, []string{"maintenance[1].timeZone", "Local"}},
		{"both", both, []string{"maintenance[1].startAt", "schedule"}},
		{"neither", v1alpha1.MaintenanceWindow{Duration: "1h"}, []string{"maintenance[1].startAt"}},
		{"no duration", recurring("a", "0 18 * * 2", ""), []string{"maintenance[1].duration"}},
		{"under a second", recurring("a", "0 18 * * 2", "999ms"), []string{"maintenance[1].duration", "999ms", "1s"}},
		{"over a week", recurring("a", "0 18 * * 2", "169h"), []string{"maintenance[1].duration", "169h", "168h"}},
	}
	first, last := once("first", "2026-11-03T18:00:00+01:00", "2h"), once("last", "2026-11-03T18:00:00+01:00", "2h")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m, errs := calendar.NewMaintenance([]v1alpha1.MaintenanceWindow{first, test.given, last})
			if len(errs) != 1 {
				t.Fatalf("errors: %v", errs)
			}
			for _, words := range test.words {
				if !strings.Contains(errs[0].Error(), words) {
					t.Errorf("%q lacks %q", errs[0], words)
				}
			}
			got := m.Within(calendar.Span{From: at(t, "2026-11-03T00:00:00+01:00"), To: at(t, "2026-11-04T00:00:00+01:00")})
			if len(got) != 2 || got[0].Name != "first" || got[1].Name != "last" {
				t.Errorf("the others are %v", got)
			}
		})
	}
}

// field is a field of cron, and what it says in other words.
type field struct {
	text  string
	holds func(int) bool
}

func all(int) bool { return true }

func only(values ...int) func(int) bool {
	return func(v int) bool { return slices.Contains(values, v) }
}

// anySchedule is one of five fields, and whether it names a minute that a clock
// shows.
func anySchedule(t *rapid.T) (text string, everyHour bool, holds func(wall time.Time) bool) {
	pick := func(name string, fields ...field) field { return rapid.SampledFrom(fields).Draw(t, name) }
	minute := pick("minute", field{"0", only(0)}, field{"30", only(30)}, field{"15,45", only(15, 45)}, field{"*/20", only(0, 20, 40)}, field{"59", only(59)})
	hour := pick("hour", field{"*", all}, field{"0", only(0)}, field{"2", only(2)}, field{"1-3", only(1, 2, 3)}, field{"*/12", only(0, 12)}, field{"23", only(23)}, field{"0-23", all})
	dom := pick("day of month", field{"*", all}, field{"*", all}, field{"1,31", only(1, 31)}, field{"29", only(29)})
	month := pick("month", field{"*", all}, field{"*", all}, field{"3,10-12", only(3, 10, 11, 12)}, field{"feb", only(2)})
	dow := pick("day of week", field{"*", all}, field{"*", all}, field{"0", only(0)}, field{"5-6", only(5, 6)}, field{"TUE", only(2)})
	text = strings.Join([]string{minute.text, hour.text, dom.text, month.text, dow.text}, " ")
	return text, hour.text == "*" || hour.text == "0-23", func(wall time.Time) bool {
		onDay := dom.holds(wall.Day()) && dow.holds(int(wall.Weekday()))
		if dom.text != "*" && dow.text != "*" {
			onDay = dom.holds(wall.Day()) || dow.holds(int(wall.Weekday()))
		}
		return onDay && month.holds(int(wall.Month())) && hour.holds(wall.Hour()) && minute.holds(wall.Minute())
	}
}

// opens says for each sample whether a window opens.
func opens(samples []sample, everyHour bool, holds func(time.Time) bool) []bool {
	opens := make([]bool, len(samples))
	for i, s := range samples {
		// Each minute that the clocks show or are moved past for the first time.
		from, to := s.reached, s.reached
		if i > 0 {
			from = samples[i-1].reached + 1
		}
		if everyHour {
			// Each minute that they show, as often as they do.
			from, to = s.wall, s.wall
		}
		for wall := (from + 59) / 60 * 60; wall <= to && !opens[i]; wall += 60 {
			opens[i] = holds(time.Unix(wall, 0).UTC())
		}
	}
	return opens
}

// TestMaintenanceAgainstTheClock compares recurring windows with a model that
// looks at the clock at each moment, and with what is said to be open.
func TestMaintenanceAgainstTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SampledFrom(zoneYears()).Draw(t, "year")
		schedule, everyHour, holds := anySchedule(t)
		length := int64(rapid.SampledFrom([]int{1, 10, 60, 61, 90, 25 * 60, 168 * 60}).Draw(t, "length")) * 60
		w := recurring("w", schedule, (time.Duration(length) * time.Second).String())
		w.TimeZone = v1alpha1.TimeZone(y.zone)
		m, errs := calendar.NewMaintenance([]v1alpha1.MaintenanceWindow{w})
		if len(errs) == 1 && strings.Contains(schedule, " 31 feb ") {
			return
		}
		if len(errs) > 0 {
			t.Fatal(errs)
		}

		samples := y.samples()
		// What opened before the first sample is not known to the model.
		known := samples[0].at + length
		start, open := int64(math.MinInt64/2), make([]bool, 0, len(samples))
		first := 0
		for i, opens := range opens(samples, everyHour, holds) {
			if opens {
				start = samples[i].at
			}
			if samples[i].at < known {
				first = i + 1
			}
			open = append(open, samples[i].at < start+length)
		}
		span := calendar.Span{From: samples[first].at, To: y.span().To}
		got := calendar.Spans(nil)
		for _, named := range m.Within(span) {
			got = named.Spans
		}
		checkSpans(t, y, samples[first:], got, open[first:])

		at := rapid.SampledFrom(samples[first:]).Draw(t, "at").at
		now, _, _ := calendar.Open([]v1alpha1.MaintenanceWindow{w}, time.Unix(at, 0))
		if (now != nil) != got.Contains(at) {
			t.Fatalf("at %d %v is open, and %t counted", at, now, got.Contains(at))
		}
	})
}

// TestMaintenanceIsBounded asks for all time there is.
func TestMaintenanceIsBounded(t *testing.T) {
	m := maintenanceOf(t, recurring("minutely", "* * * * *", "168h"), recurring("six-hourly", "0 */6 * * *", "1s"))
	got := m.Within(calendar.Span{From: math.MinInt64, To: math.MaxInt64})
	if len(got) != 2 || len(got[0].Spans) != 1 {
		t.Fatalf("%d windows", len(got))
	}
	if most := 257 * 366 * 4; len(got[1].Spans) > most {
		t.Errorf("%d openings, more than %d", len(got[1].Spans), most)
	}
	if next := m.Within(calendar.Span{From: math.MaxInt64 - 1, To: math.MaxInt64}); next != nil {
		t.Errorf("%v at the end of time", next)
	}
}

// TestNothingPanics hands in what no schema let pass.
func TestNothingPanics(t *testing.T) {
	schedule := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-0-9*/,?@=A-Z ]{0,24}`), rapid.StringMatching(`([-0-9*/,?]{1,4} ){4}[-0-9*/,?]{1,4}`))
	rapid.Check(t, func(t *rapid.T) {
		w := recurring("w", schedule.Draw(t, "schedule"), rapid.SampledFrom([]string{"1s", "1h", "168h", "-1h", "9999999h", ""}).Draw(t, "duration"))
		w.TimeZone = v1alpha1.TimeZone(rapid.OneOf(rapid.Just(""), rapid.Just("Africa/Cairo"), rapid.String()).Draw(t, "zone"))
		w.StartAt = v1alpha1.Moment(rapid.OneOf(rapid.Just(""), rapid.String()).Draw(t, "start"))
		m, _ := calendar.NewMaintenance([]v1alpha1.MaintenanceWindow{w})
		at := rapid.Int64().Draw(t, "at")
		m.Within(calendar.Span{From: at, To: max(at, at+daySeconds)})
		calendar.Open([]v1alpha1.MaintenanceWindow{w}, time.Unix(at, 0))

		hours, _ := calendar.NewHours(&v1alpha1.ServiceHours{
			TimeZone: w.TimeZone,
			Weekly: []v1alpha1.WeeklyHours{{
				Days: []v1alpha1.Weekday{"Monday"},
				From: v1alpha1.TimeOfDay(rapid.OneOf(rapid.Just("07:00"), rapid.String()).Draw(t, "from")),
				To:   v1alpha1.TimeOfDay(rapid.OneOf(rapid.Just("18:00"), rapid.String()).Draw(t, "to")),
			}},
			ClosuresOn: []v1alpha1.Date{v1alpha1.Date(rapid.OneOf(rapid.Just("2026-12-24"), rapid.String()).Draw(t, "closure"))},
		})
		hours.Seconds(calendar.Span{From: at, To: max(at, at+daySeconds)})
		calendar.Day(hours.Location(), at)
	})
}
