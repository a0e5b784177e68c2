// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Period is a period of the calendar.
type Period struct {
	// Name of it: "2026-11", "2026-Q4" or "2026".
	Name string
	// Span from local midnight to local midnight.
	Span Span
}

// PeriodAt returns the period of that kind that holds the moment, in the time
// zone; nil means Europe/Berlin. A kind that there is not is read as a month.
func PeriodAt(kind v1alpha1.CalendarPeriod, zone *time.Location, at int64) Period {
	c := clockOf(orMainz(zone))
	year, month, _ := dateOf(c.dayAt(at)).Date()
	name, months := fmt.Sprintf("%04d-%02d", year, month), time.Month(1)
	switch kind {
	case v1alpha1.CalendarQuarter:
		months = 3
		month -= (month - 1) % months
		name = fmt.Sprintf("%04d-Q%d", year, (month-1)/months+1)
	case v1alpha1.CalendarYear:
		months, month = 12, time.January
		name = fmt.Sprintf("%04d", year)
	}
	return Period{Name: name, Span: Span{
		From: c.first(dayOf(year, month, 1) * day),
		To:   c.first(dayOf(year, month+months, 1) * day),
	}}
}

// Day returns the local day, such as 2026-11-02, that holds the moment, and its
// span: 23, 24 or 25 hours in Europe/Berlin, which nil means.
func Day(zone *time.Location, at int64) (v1alpha1.Date, Span) {
	c := clockOf(orMainz(zone))
	number := c.dayAt(at)
	return v1alpha1.Date(dateOf(number).Format(time.DateOnly)), c.day(number)
}

func orMainz(zone *time.Location) *time.Location {
	if zone == nil {
		return location
	}
	return zone
}
