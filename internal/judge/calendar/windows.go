// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Window is a maintenance window that is open.
type Window struct {
	// Name of the window.
	Name string
	// Reason as the window declares it.
	Reason string
	// Start and End of this occurrence; the window is open in [Start, End).
	Start, End time.Time
}

// WindowError says which window of a list cannot be used, and why.
type WindowError struct {
	// Index of the window in its list.
	Index int
	// Field within the window.
	Field string
	// Detail says what is wrong and what would be right.
	Detail string
}

// Error implements error.
func (e *WindowError) Error() string {
	return fmt.Sprintf("maintenance[%d].%s: %s", e.Index, e.Field, e.Detail)
}

// Open returns the window of the list that is open at now, and when that can
// change next: the earliest start or end of any window after now, zero if
// there is none. Of several open windows it returns the one that ends last.
//
// A window that cannot be used is left out and named among the errors; the
// others are judged all the same.
func Open(windows []v1alpha1.MaintenanceWindow, now time.Time) (open *Window, next time.Time, errs []*WindowError) {
	for i := range windows {
		w, change, err := occurrence(&windows[i], now)
		if err != nil {
			err.Index = i
			errs = append(errs, err)
			continue
		}
		next = Earliest(next, change)
		if w != nil && (open == nil || w.End.After(open.End)) {
			open = w
		}
	}
	return open, next, errs
}

// occurrence returns the occurrence of a window that is open at now, if any,
// and the next moment at which that changes.
func occurrence(w *v1alpha1.MaintenanceWindow, now time.Time) (*Window, time.Time, *WindowError) {
	length, err := time.ParseDuration(string(w.Duration))
	if err != nil || length <= 0 {
		return nil, time.Time{}, &WindowError{Field: "duration", Detail: fmt.Sprintf("%q is not a duration above 0s, such as 2h", w.Duration)}
	}
	if w.Schedule == "" {
		start, err := time.Parse(time.RFC3339, string(w.StartAt))
		if err != nil {
			return nil, time.Time{}, &WindowError{Field: "startAt", Detail: fmt.Sprintf("%q is not a moment, such as 2026-03-31T18:00:00+02:00", w.StartAt)}
		}
		return within(w, start, length, now, time.Time{})
	}
	schedule, werr := parseSchedule(w)
	if werr != nil {
		return nil, time.Time{}, werr
	}
	// The latest occurrence that began at or before now is the last that the
	// schedule yields from length before now on; overlapping occurrences of
	// one window make one long opening, of which the latest end counts.
	start := schedule.Next(now.Add(-length))
	if start.IsZero() {
		return nil, time.Time{}, &WindowError{Field: "schedule", Detail: fmt.Sprintf("%q never happens", w.Schedule)}
	}
	for following := schedule.Next(start); !following.IsZero() && !following.After(now); following = schedule.Next(start) {
		start = following
	}
	return within(w, start, length, now, schedule.Next(now))
}

// within places now relative to [start, start+length).
func within(w *v1alpha1.MaintenanceWindow, start time.Time, length time.Duration, now, following time.Time) (*Window, time.Time, *WindowError) {
	end := start.Add(length)
	switch {
	case now.Before(start):
		return nil, start, nil
	case now.Before(end):
		return &Window{Name: string(w.Name), Reason: w.Reason, Start: start, End: end}, Earliest(end, following), nil
	default:
		return nil, following, nil
	}
}

// parseSchedule reads the five cron fields of a window in its time zone.
func parseSchedule(w *v1alpha1.MaintenanceWindow) (cron.Schedule, *WindowError) {
	zone := string(w.TimeZone)
	if zone == "" {
		zone = Zone
	}
	if _, err := time.LoadLocation(zone); err != nil {
		return nil, &WindowError{Field: "timeZone", Detail: fmt.Sprintf("%q is not in the time zone database; Europe/Berlin is", zone)}
	}
	schedule, err := cron.ParseStandard("CRON_TZ=" + zone + " " + w.Schedule)
	if err != nil {
		return nil, &WindowError{Field: "schedule", Detail: fmt.Sprintf("%q is not a schedule of five cron fields, such as \"0 18 * * 2\": %v", w.Schedule, err)}
	}
	return schedule, nil
}
