// SPDX-License-Identifier: Apache-2.0

package calendar

import (
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
// zone.
func PeriodAt(kind v1alpha1.CalendarPeriod, zone *time.Location, at int64) Period {
	panic("not built yet")
}

// Day returns the local day, such as 2026-11-02, that holds the moment, and its
// span: 23, 24 or 25 hours.
func Day(zone *time.Location, at int64) (v1alpha1.Date, Span) { panic("not built yet") }
