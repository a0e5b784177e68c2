// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// thirteenMonths are as long as an account looks back.
func thirteenMonths() calendar.Span {
	return calendar.Span{
		From: time.Date(2026, time.October, 15, 9, 30, 0, 0, time.UTC).Unix(),
		To:   time.Date(2027, time.November, 15, 9, 30, 0, 0, time.UTC).Unix(),
	}
}

func BenchmarkHoursSeconds(b *testing.B) {
	hours, span := hoursOf(b, officeHours()), thirteenMonths()
	b.ReportAllocs()
	for b.Loop() {
		hours.Seconds(span)
	}
}

func BenchmarkHoursSpans(b *testing.B) {
	hours, span := hoursOf(b, officeHours()), thirteenMonths()
	b.ReportAllocs()
	for b.Loop() {
		hours.Spans(span)
	}
}

func BenchmarkHoursAfter(b *testing.B) {
	hours, span := hoursOf(b, officeHours()), thirteenMonths()
	n := hours.Seconds(span) - 1
	b.ReportAllocs()
	for b.Loop() {
		hours.After(span.From, n, span.To)
	}
}

// BenchmarkHoursFirst is what the first question costs, with compiling.
func BenchmarkHoursFirst(b *testing.B) {
	given, span := officeHours(), thirteenMonths()
	b.ReportAllocs()
	for b.Loop() {
		hoursOf(b, given).Seconds(span)
	}
}

func BenchmarkMaintenanceWithin(b *testing.B) {
	span := thirteenMonths()
	for name, schedule := range map[string]string{"weekly": "0 18 * * 2", "quarter-hourly": "*/15 * * * *"} {
		m := maintenanceOf(b, recurring("w", schedule, "10m"))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				m.Within(span)
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	now := time.Unix(thirteenMonths().From, 0)
	windows := []v1alpha1.MaintenanceWindow{recurring("patch-day", "0 18 * * 2", "2h")}
	b.ReportAllocs()
	for b.Loop() {
		calendar.Open(windows, now)
	}
}

func BenchmarkPeriodAt(b *testing.B) {
	at := thirteenMonths().From
	b.ReportAllocs()
	for b.Loop() {
		calendar.PeriodAt(v1alpha1.CalendarMonth, nil, at)
	}
}
