// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Hours are hours of service, ready to be asked. They are immutable and safe
// for concurrent use. Nil means always, in Europe/Berlin.
type Hours struct{}

// HoursError says which field of service hours cannot be used, and why.
type HoursError struct {
	// Field within the service hours, such as weekly[1].from.
	Field string
	// Detail says what is wrong and what would be right.
	Detail string
}

// Error implements error.
func (e *HoursError) Error() string { return "serviceHours." + e.Field + ": " + e.Detail }

// NewHours compiles hours of service; nil gives nil, which means always.
func NewHours(h *v1alpha1.ServiceHours) (*Hours, *HoursError) { panic("not built yet") }

// Location is the time zone in which the hours are read.
func (h *Hours) Location() *time.Location { panic("not built yet") }

// Spans returns the hours of service within the span.
func (h *Hours) Spans(within Span) Spans { panic("not built yet") }

// Seconds returns how long they are within the span. It is cheap for long spans
// as well.
func (h *Hours) Seconds(within Span) int64 { panic("not built yet") }

// After returns the moment at which the given number of seconds of service have
// passed since from: the first t for which Seconds of [from, t) is n; false if
// that is not before limit.
func (h *Hours) After(from, n, limit int64) (int64, bool) { panic("not built yet") }
