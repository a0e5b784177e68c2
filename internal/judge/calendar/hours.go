// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Hours are hours of service, ready to be asked. They are immutable and safe
// for concurrent use. Nil means always, in Europe/Berlin.
//
// Hours begin when the clock shows their beginning for the first time, and end
// when it shows their end for the last time; a time that a clock is moved past
// is when it is moved. A holiday or a closure takes its local day away, whatever
// began before it. Before 1970 and after 2225 there is no service.
type Hours struct {
	zone *time.Location
	// weekly hours in seconds since the beginning of Monday; the last ones may
	// end in the week after.
	weekly   Spans
	holidays bool
	// closures by the number of their day, in order.
	closures []int64
	// years from firstYear on, each counted when it is first asked for.
	years [yearsKept]atomic.Pointer[serviceYear]
}

// HoursError says which field of service hours cannot be used, and why.
type HoursError struct {
	// Field within the service hours, such as weekly[1].from.
	Field string
	// Detail says what is wrong and what would be right.
	Detail string
}

// Error implements error.
func (e *HoursError) Error() string { return "serviceHours." + e.Field + ": " + e.Detail }

// NewHours compiles hours of service; nil gives nil, which means always. Entries
// that overlap are joined, and days that are named twice count once.
func NewHours(h *v1alpha1.ServiceHours) (*Hours, *HoursError) {
	if h == nil {
		return nil, nil
	}
	zone, err := loadZone(string(h.TimeZone))
	if err != nil {
		return nil, &HoursError{"timeZone", fmt.Sprintf("%q is not in the time zone database; Europe/Berlin is", h.TimeZone)}
	}
	hours := &Hours{zone: zone}
	switch h.Holidays {
	case v1alpha1.HolidaysRhinelandPalatinate:
		hours.holidays = true
	case v1alpha1.HolidaysNone, "":
	default:
		return nil, &HoursError{"holidays", fmt.Sprintf("%q is no calendar of holidays; DE-RP and None are", h.Holidays)}
	}
	if len(h.Weekly) == 0 {
		return nil, &HoursError{"weekly", "is empty: name at least one entry, or leave out serviceHours for service at all times"}
	}
	var weekly []Span
	for i := range h.Weekly {
		shifts, herr := shiftsOf(&h.Weekly[i], fmt.Sprintf("weekly[%d].", i))
		if herr != nil {
			return nil, herr
		}
		weekly = append(weekly, shifts...)
	}
	hours.weekly = Union(weekly...)
	for i, closure := range h.ClosuresOn {
		date, err := time.Parse(time.DateOnly, string(closure))
		if err != nil {
			return nil, &HoursError{fmt.Sprintf("closuresOn[%d]", i), fmt.Sprintf("%q is not a day of the calendar, such as 2026-12-24", closure)}
		}
		hours.closures = append(hours.closures, date.Unix()/day)
	}
	slices.Sort(hours.closures)
	return hours, nil
}

// shiftsOf returns an entry's hours within a week. Those that end before they
// begin end on the day after.
func shiftsOf(w *v1alpha1.WeeklyHours, field string) ([]Span, *HoursError) {
	from, ok := timeOfDay(w.From)
	if !ok || from == day {
		return nil, &HoursError{field + "from", fmt.Sprintf("%q is not a time of 00:00 to 23:59, such as 07:00", w.From)}
	}
	to, ok := timeOfDay(w.To)
	if !ok {
		return nil, &HoursError{field + "to", fmt.Sprintf("%q is not a time of 00:00 to 24:00, such as 18:00", w.To)}
	}
	if from == to {
		return nil, &HoursError{field + "to", fmt.Sprintf("%q is when the hours begin; a whole day is 00:00 to 24:00", w.To)}
	}
	if to < from {
		to += day
	}
	if len(w.Days) == 0 {
		return nil, &HoursError{field + "days", "is empty: name the days on which the hours begin, such as Monday"}
	}
	shifts := make([]Span, 0, len(w.Days))
	for i, name := range w.Days {
		weekday, ok := weekdayOf(name)
		if !ok {
			return nil, &HoursError{fmt.Sprintf("%sdays[%d]", field, i), fmt.Sprintf("%q is no day of the week, such as Monday", name)}
		}
		shifts = append(shifts, Span{weekday*day + from, weekday*day + to})
	}
	return shifts, nil
}

// timeOfDay returns the seconds since midnight of 00:00 to 24:00.
func timeOfDay(text v1alpha1.TimeOfDay) (int64, bool) {
	if text == "24:00" {
		return day, true
	}
	t, err := time.Parse("15:04", string(text))
	if err != nil || len(text) != len("15:04") {
		return 0, false
	}
	return int64(t.Hour())*60*60 + int64(t.Minute())*60, true
}

// weekdayOf numbers the days of the week from Monday on.
func weekdayOf(name v1alpha1.Weekday) (int64, bool) {
	for number := range int64(7) {
		if time.Weekday((number+1)%7).String() == string(name) {
			return number, true
		}
	}
	return 0, false
}

// Location is the time zone in which the hours are read.
func (h *Hours) Location() *time.Location {
	if h == nil {
		return location
	}
	return h.zone
}

// Spans returns the hours of service within the span.
func (h *Hours) Spans(within Span) Spans {
	if h == nil {
		return Union(within)
	}
	var spans Spans
	for year := range h.yearsOf(within) {
		spans = year.service.appendWithin(spans, within)
	}
	return spans
}

// Seconds returns how long they are within the span. It is cheap for long spans
// as well.
func (h *Hours) Seconds(within Span) int64 {
	if within.From >= within.To {
		return 0
	}
	if h == nil {
		return within.To - within.From
	}
	var sum int64
	for year := range h.yearsOf(within) {
		sum += year.until(within.To) - year.until(within.From)
	}
	return sum
}

// After returns the moment at which the given number of seconds of service have
// passed since from: the first t for which Seconds of [from, t) is n; false if
// that is not before limit.
func (h *Hours) After(from, n, limit int64) (int64, bool) {
	if from >= limit {
		return 0, false
	}
	if n <= 0 {
		return from, true
	}
	if h == nil {
		// Unsigned, a difference does not overflow.
		if uint64(n) >= uint64(limit)-uint64(from) {
			return 0, false
		}
		return from + n, true
	}
	for year := range h.yearsOf(Span{from, limit}) {
		before := year.until(from)
		if passed := year.total() - before; passed < n {
			n -= passed
			continue
		}
		at := year.after(before + n)
		return at, at < limit
	}
	return 0, false
}
