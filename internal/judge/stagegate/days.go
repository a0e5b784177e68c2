// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// day is a day that a field of the spec names.
type day struct {
	// field that names it.
	field string
	// text of the field.
	text v1alpha1.Date
	// at is when the day begins; zero if the field names none.
	at time.Time
	// reached is whether it has begun, so that what happened on it counts.
	reached bool
}

// known reports whether the field names a day of the calendar.
func (d *day) known() bool { return !d.at.IsZero() }

// before reports whether a day is before another one, both being known.
func (d *day) before(other *day) bool {
	return d.known() && other.known() && d.at.Before(other.at)
}

// String tells the field and the day.
func (d *day) String() string { return d.field + " " + string(d.text) }

// yetToCome reports whether the day is known and has not begun.
func (d *day) yetToCome() bool { return d.known() && !d.reached }

// optional reads a day that may be left out. What is no day of the calendar
// counts as absent and is reported; what is yet to come is looked at again when
// it begins.
func (j *judge) optional(field string, text v1alpha1.Date) day {
	d := j.due(field, text)
	if d.known() {
		j.until(d.at)
		d.reached = !d.at.After(j.Now)
	}
	return d
}

// required reads a day that must not be left out of the object it is in.
func (j *judge) required(field string, text v1alpha1.Date) day {
	if text == "" {
		j.doubt(noStage, field, fmt.Sprintf("%s is empty, so it counts as absent: enter the day, such as 2026-03-31", field))
	}
	return j.optional(field, text)
}

// due reads a day that something is due on: that it begins changes nothing.
func (j *judge) due(field string, text v1alpha1.Date) day {
	d := day{field: field, text: text}
	if text == "" {
		return d
	}
	at, err := calendar.StartOfDay(string(text))
	if err != nil {
		j.doubt(noStage, field, fmt.Sprintf("%s %q is no day of the calendar and counts as absent: enter one such as 2026-03-31", field, shorten(string(text), maxName)))
		return d
	}
	d.at = at
	return d
}

// daysBetween counts the whole days from one day to a later one.
func daysBetween(from, to time.Time) int32 {
	date := func(t time.Time) time.Time {
		y, m, d := t.In(calendar.Location()).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int32(date(to).Unix()/secondsPerDay - date(from).Unix()/secondsPerDay)
}

const secondsPerDay = 24 * 60 * 60

// isFuture reports whether a text names a day that has not begun.
func (j *judge) isFuture(text v1alpha1.Date) bool {
	at, err := calendar.StartOfDay(string(text))
	return err == nil && at.After(j.Now)
}
