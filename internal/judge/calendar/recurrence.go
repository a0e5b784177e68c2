// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// mostOpenings is how many times a day a recurring window may open: every
// quarter of an hour. Windows that overlap or touch count as one.
const mostOpenings = 96

// Masks of cron's fields; its highest bit says that a field is "*".
const (
	everyHourMask = 1<<24 - 1
	starMask      = 1 << 63
)

// yearsBetween is how long a schedule that happens at all can take to happen
// again: from one 29 February to the next.
const yearsBetween = 8

// recurrence is when a recurring window opens, by the clocks of its zone.
//
// A schedule for certain hours follows the clock: it opens once where the clock
// shows its time twice, at the first, and where the clock is moved past its
// time, when it is moved. A schedule for every hour follows the hours as they
// pass, so that one hour's work stays an hour apart on every day.
type recurrence struct {
	zone   *time.Location
	length int64
	cron   *cron.SpecSchedule
	// starts within a day, in seconds since midnight.
	starts []int64
	// openings that begin on a day on which no clock is moved, likewise; the
	// last ones may end on a later day.
	openings Spans
}

func newRecurrence(w *v1alpha1.MaintenanceWindow, length time.Duration) (*recurrence, *WindowError) {
	zone, err := loadZone(string(w.TimeZone))
	if err != nil {
		return nil, &WindowError{Field: "timeZone", Detail: fmt.Sprintf("%q is not in the time zone database; Europe/Berlin is", w.TimeZone)}
	}
	// Only the fields are read; with a zone before them, none can be among them.
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse("CRON_TZ=UTC " + w.Schedule)
	schedule, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return nil, &WindowError{Field: "schedule", Detail: fmt.Sprintf("%q is not a schedule of five cron fields, such as \"0 18 * * 2\": %v", w.Schedule, err)}
	}
	r := &recurrence{zone: zone, length: int64(length / time.Second), cron: schedule}
	for minute := range int64(24 * 60) {
		if 1<<(minute/60)&schedule.Hour != 0 && 1<<(minute%60)&schedule.Minute != 0 {
			r.starts = append(r.starts, minute*60)
			r.openings = r.openings.join(Span{minute * 60, minute*60 + r.length})
		}
	}
	if len(r.openings) > mostOpenings {
		return nil, &WindowError{Field: "schedule", Detail: fmt.Sprintf("%q opens %d times a day for %s each; at most %d times is possible", w.Schedule, len(r.openings), w.Duration, mostOpenings)}
	}
	if !r.happens() {
		return nil, &WindowError{Field: "schedule", Detail: fmt.Sprintf("%q never happens", w.Schedule)}
	}
	return r, nil
}

// on says whether the window opens on the day. As cron has it, a day of the
// month and a day of the week that are both given mean either.
func (r *recurrence) on(number int64) bool {
	date := dateOf(number)
	if 1<<date.Month()&r.cron.Month == 0 {
		return false
	}
	ofMonth, ofWeek := 1<<date.Day()&r.cron.Dom != 0, 1<<date.Weekday()&r.cron.Dow != 0
	if (r.cron.Dom|r.cron.Dow)&starMask != 0 {
		return ofMonth && ofWeek
	}
	return ofMonth || ofWeek
}

// happens says whether there is any day on which it opens.
func (r *recurrence) happens() bool {
	for number := range int64(yearsBetween * 366) {
		if r.on(number) {
			return true
		}
	}
	return false
}

// startsOn appends the moments at which the window opens on a day.
func (r *recurrence) startsOn(moments []int64, c *clock, number int64) []int64 {
	if !r.on(number) {
		return moments
	}
	midnight := number * day
	if r.cron.Hour&everyHourMask != everyHourMask || c.plain(midnight, day) {
		for _, start := range r.starts {
			moments = append(moments, c.first(midnight+start))
		}
		return moments
	}
	for c.seek(midnight - apart); ; c.seek(c.to) {
		for _, start := range r.starts {
			if at := midnight + start - c.offset; c.from <= at && at < c.to {
				moments = append(moments, at)
			}
		}
		if c.to > midnight+day+apart {
			return moments
		}
	}
}

// within returns the time of the window within the span.
func (r *recurrence) within(span Span) Spans {
	all := known()
	span = Span{max(span.From, all.From), min(span.To, all.To)}
	if span.From >= span.To {
		return nil
	}
	c := clockOf(r.zone)
	var spans []Span
	var moments []int64
	for number, end := c.dayAt(span.From-r.length)-1, c.dayAt(span.To)+1; number <= end; number++ {
		if !r.on(number) {
			continue
		}
		if midnight := number * day; c.plain(midnight, day) {
			for _, opening := range r.openings {
				spans = append(spans, Span{midnight + opening.From - c.offset, midnight + opening.To - c.offset})
			}
			continue
		}
		moments = r.startsOn(moments[:0], c, number)
		for _, at := range moments {
			spans = append(spans, Span{at, at + r.length})
		}
	}
	return Union(spans...).Clip(span)
}

// around returns when the window opened last, at now or before, as far as it
// can still be open, and when it opens next, after now; zero if it does not.
func (r *recurrence) around(now time.Time) (last, next time.Time) {
	c := clockOf(r.zone)
	at := now.Unix()
	var moments []int64
	today := c.dayAt(at)
	for number := c.dayAt(at-r.length) - 1; number <= today+1; number++ {
		moments = r.startsOn(moments, c, number)
	}
	for number := today + 2; len(moments) == 0 || slices.Max(moments) <= at; number++ {
		if number > today+yearsBetween*366 {
			break
		}
		moments = r.startsOn(moments, c, number)
	}
	for _, moment := range moments {
		start := time.Unix(moment, 0).In(now.Location())
		if moment <= at {
			if last.Before(start) {
				last = start
			}
		} else {
			next = Earliest(next, start)
		}
	}
	return last, next
}
