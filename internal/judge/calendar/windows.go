// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"

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
	m, errs := NewMaintenance(windows)
	for _, w := range m.windows {
		occurrence, change := w.at(now)
		next = Earliest(next, change)
		if occurrence != nil && (open == nil || occurrence.End.After(open.End)) {
			open = occurrence
		}
	}
	return open, next, errs
}

// at returns the occurrence of a window that is open at now, if any, and the
// next moment at which that changes. Of occurrences that overlap it is the
// latest, whose end counts.
func (w *window) at(now time.Time) (*Window, time.Time) {
	start, next := w.start, time.Time{}
	if w.recurrence != nil {
		start, next = w.recurrence.around(now)
	} else if now.Before(start) {
		return nil, start
	}
	end := start.Add(w.length)
	if start.IsZero() || !now.Before(end) {
		return nil, next
	}
	return &Window{Name: w.name, Reason: w.reason, Start: start, End: end}, Earliest(end, next)
}
