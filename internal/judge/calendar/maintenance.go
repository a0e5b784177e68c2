// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"fmt"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Bounds of a maintenance window.
const (
	shortestWindow = time.Second
	longestWindow  = 168 * time.Hour
)

// Maintenance is a list of maintenance windows, ready to be asked. It is
// immutable and safe for concurrent use. Nil means none.
type Maintenance struct{ windows []*window }

// Named is time that has a name: that of its window.
type Named struct {
	Name  string
	Spans Spans
}

// window is a maintenance window that can be used.
type window struct {
	name, reason string
	length       time.Duration
	// start of a window that happens once; recurrence of any other.
	start      time.Time
	recurrence *recurrence
}

// NewMaintenance compiles maintenance windows. One that cannot be used is left
// out and named among the errors.
func NewMaintenance(windows []v1alpha1.MaintenanceWindow) (*Maintenance, []*WindowError) {
	m := &Maintenance{}
	var errs []*WindowError
	for i := range windows {
		w, err := newWindow(&windows[i])
		if err != nil {
			err.Index = i
			errs = append(errs, err)
			continue
		}
		m.windows = append(m.windows, w)
	}
	return m, errs
}

func newWindow(w *v1alpha1.MaintenanceWindow) (*window, *WindowError) {
	length, err := time.ParseDuration(string(w.Duration))
	if err != nil || length < shortestWindow || length > longestWindow {
		return nil, &WindowError{Field: "duration", Detail: fmt.Sprintf("%q is not a duration of 1s to 168h, such as 2h", w.Duration)}
	}
	usable := &window{name: string(w.Name), reason: w.Reason, length: length}
	if w.Schedule != "" {
		if w.StartAt != "" {
			return nil, &WindowError{Field: "startAt", Detail: fmt.Sprintf("%q stands beside a schedule; a window has one of both", w.StartAt)}
		}
		recurrence, werr := newRecurrence(w, length)
		usable.recurrence = recurrence
		return usable, werr
	}
	usable.start, err = time.Parse(time.RFC3339, string(w.StartAt))
	if err != nil {
		return nil, &WindowError{Field: "startAt", Detail: fmt.Sprintf("%q is not a moment, such as 2026-03-31T18:00:00+02:00", w.StartAt)}
	}
	return usable, nil
}

// Within returns the time of each window within the span, in the order of the
// list; windows without any are left out. Occurrences of a window that overlap
// are one; a recurring window has none before 1970 or after 2225.
func (m *Maintenance) Within(span Span) []Named {
	if m == nil || span.From >= span.To {
		return nil
	}
	var named []Named
	for _, w := range m.windows {
		if spans := w.within(span); len(spans) > 0 {
			named = append(named, Named{Name: w.name, Spans: spans})
		}
	}
	return named
}

func (w *window) within(span Span) Spans {
	if w.recurrence != nil {
		return w.recurrence.within(span)
	}
	return Spans(nil).Union(Spans{{w.start.Unix(), w.start.Add(w.length).Unix()}}).Clip(span)
}
