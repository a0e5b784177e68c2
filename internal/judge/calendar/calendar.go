// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"
	_ "time/tzdata" // days are counted in Europe/Berlin wherever the operator runs
)

// Zone is the name of the time zone in which days are counted.
const Zone = "Europe/Berlin"

// location is loaded once; the binary carries the database, so it is there.
var location = mustLoad(Zone)

func mustLoad(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(fmt.Sprintf("time zone database lacks %s: %v", name, err))
	}
	return l
}

// Location is the time zone in which days are counted.
func Location() *time.Location { return location }

// EndOfDay returns the first moment after a day ("2026-03-31") in
// Europe/Berlin. It is an error if the text is no day of the calendar, such as
// 2026-02-30.
func EndOfDay(day string) (time.Time, error) {
	start, err := StartOfDay(day)
	if err != nil {
		return time.Time{}, err
	}
	return start.AddDate(0, 0, 1), nil
}

// StartOfDay returns the first moment of a day ("2026-03-31") in
// Europe/Berlin. It is an error if the text is no day of the calendar.
func StartOfDay(day string) (time.Time, error) {
	t, err := time.ParseInLocation(time.DateOnly, day, location)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is not a day of the calendar, such as 2026-03-31", day)
	}
	return t, nil
}

// Earliest returns the earliest of the moments that are not zero, or zero if
// all are.
func Earliest(moments ...time.Time) time.Time {
	var earliest time.Time
	for _, m := range moments {
		if !m.IsZero() && (earliest.IsZero() || m.Before(earliest)) {
			earliest = m
		}
	}
	return earliest
}
