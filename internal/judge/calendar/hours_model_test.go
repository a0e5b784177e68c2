// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

var weekdays = []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// anyTime of a day in minutes, often one that is skipped or comes twice.
func anyTime() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64Range(0, 24*60),
		rapid.SampledFrom([]int64{0, 1, 30, 60, 90, 105, 120, 121, 135, 150, 179, 180, 22 * 60, 23 * 60, 23*60 + 1, 23*60 + 30, 24 * 60}),
	)
}

func clockText(minutes int64) v1alpha1.TimeOfDay {
	return v1alpha1.TimeOfDay(fmt.Sprintf("%02d:%02d", minutes/60, minutes%60))
}

// anyHours are hours of service in a year, and the model of them.
func anyHours(t *rapid.T, y *zoneYear) (*v1alpha1.ServiceHours, modelHours) {
	h := &v1alpha1.ServiceHours{TimeZone: v1alpha1.TimeZone(y.zone)}
	model := modelHours{off: map[int64]bool{}}
	for range rapid.IntRange(1, 3).Draw(t, "entries") {
		from := anyTime().Filter(func(m int64) bool { return m < 24*60 }).Draw(t, "from")
		to := anyTime().Filter(func(m int64) bool { return m != from }).Draw(t, "to")
		days := rapid.SliceOfN(rapid.SampledFrom(weekdays), 1, 7).Draw(t, "days")
		h.Weekly = append(h.Weekly, v1alpha1.WeeklyHours{Days: days, From: clockText(from), To: clockText(to)})
		if to < from {
			to += 24 * 60
		}
		for _, day := range days {
			weekday := slices.Index(weekdays, day)
			model.shifts[weekday] = append(model.shifts[weekday], modelShift{from * 60, to * 60})
		}
	}
	if rapid.Bool().Draw(t, "holidays") {
		h.Holidays = v1alpha1.HolidaysRhinelandPalatinate
		for _, date := range statutory(y.year) {
			model.off[dayNumber(date)] = true
		}
		// The samples end a few days after the year.
		model.off[dayNumber(v1alpha1.Date(fmt.Sprintf("%d-01-01", y.year+1)))] = true
	}
	for range rapid.IntRange(0, 3).Draw(t, "closures") {
		date := v1alpha1.Date(time.Date(y.year, 1, rapid.IntRange(-1, 368).Draw(t, "closure"), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		h.ClosuresOn = append(h.ClosuresOn, date)
		model.off[dayNumber(date)] = true
	}
	return h, model
}

// TestHoursAgainstTheClock compares hours of service with a model that looks at
// the clock at each moment.
func TestHoursAgainstTheClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SampledFrom(zoneYears()).Draw(t, "year")
		given, model := anyHours(t, y)
		hours, err := calendar.NewHours(given)
		if err != nil {
			t.Fatal(err)
		}
		checkSpans(t, y, y.samples(), hours.Spans(y.span()), model.serves(y.samples()))
	})
}

// TestSecondsAndAfterFitSpans holds Seconds and After against Spans, within a
// year and across several.
func TestSecondsAndAfterFitSpans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SampledFrom(zoneYears()).Draw(t, "year")
		given, _ := anyHours(t, y)
		hours, err := calendar.NewHours(given)
		if rapid.IntRange(0, 9).Draw(t, "always") == 0 {
			hours, err = calendar.NewHours(nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		span := y.span()
		wide := hours.Spans(calendar.Span{From: span.From - 500*daySeconds, To: span.To + 500*daySeconds})
		checkCanonical(t, wide)
		for range 20 {
			checkAsked(t, hours, wide, rapid.Int64Range(span.From-400*daySeconds, span.To+400*daySeconds))
		}
	})
}

func checkAsked(t *rapid.T, hours *calendar.Hours, wide calendar.Spans, moment *rapid.Generator[int64]) {
	asked := calendar.Span{From: moment.Draw(t, "from"), To: moment.Draw(t, "to")}
	want := wide.Clip(asked)
	if diff := cmp.Diff(want, hours.Spans(asked)); diff != "" {
		t.Fatalf("part of the spans (-want +got):\n%s", diff)
	}
	if got := hours.Seconds(asked); got != want.Seconds() {
		t.Fatalf("%d s, want %d", got, want.Seconds())
	}

	n := rapid.Int64Range(0, want.Seconds()+10).Draw(t, "n")
	if len(want) > 0 && rapid.Bool().Draw(t, "until the end of a span") {
		n = want[:rapid.IntRange(1, len(want)).Draw(t, "spans")].Seconds()
	}
	end, ok := hours.After(asked.From, n, asked.To)
	switch {
	case ok && (end < asked.From || end >= asked.To):
		t.Fatalf("%d is not within %v", end, asked)
	case ok && wide.Clip(calendar.Span{From: asked.From, To: end}).Seconds() != n:
		t.Fatalf("before %d there are not %d s of %v", end, n, want)
	case ok && n > 0 && !wide.Contains(end-1):
		t.Fatalf("%d s had passed before %d", n, end)
	case !ok && asked.From < asked.To && wide.Clip(calendar.Span{From: asked.From, To: asked.To - 1}).Seconds() >= n:
		t.Fatalf("%d s have passed before the limit in %v", n, want)
	}
}
