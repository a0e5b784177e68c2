// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// thirteenMonths is an account that rested for thirteen months under a full
// calendar, with 500 outages since.
func thirteenMonths(tb testing.TB) availability.Scope {
	spec := officeHours()
	spec.ServiceHours.ClosuresOn = []v1alpha1.Date{"2026-12-24", "2026-12-31", "2027-12-24", "2027-05-07"}
	s := running(tb, scopeOf(tb, "office-hours", spec), at("2026-10-01"))
	began, step := at("2026-10-01 08:00"), 395*24*time.Hour/500
	for i := range 500 {
		start := began.Add(time.Duration(i) * step)
		s.Parts[0].Changes = append(s.Parts[0].Changes, change(start, down), change(start.Add(37*time.Minute), up))
	}
	s.Now = at("2027-11-01")
	return *s
}

// BenchmarkThirteenMonths is what the whole account costs.
func BenchmarkThirteenMonths(b *testing.B) {
	s := thirteenMonths(b)
	b.ReportAllocs()
	for b.Loop() {
		if j := availability.Judge(s); len(j.Ended) != 500 || len(j.Booked) != 13 {
			b.Fatalf("%d outages ended, %d months are booked", len(j.Ended), len(j.Booked))
		}
	}
}

// BenchmarkAtRest is what an account costs of which nothing is to be written.
func BenchmarkAtRest(b *testing.B) {
	s := running(b, scopeOf(b, "office-hours", officeHours()), at("2026-11-01"))
	s.Now = at("2026-11-20 12:00")
	b.ReportAllocs()
	for b.Loop() {
		if availability.Judge(*s).Write {
			b.Fatal("it is written at rest")
		}
	}
}

// BenchmarkTotals is what a scrape costs for each Application.
func BenchmarkTotals(b *testing.B) {
	s := running(b, scopeOf(b, "office-hours", officeHours()), at("2026-11-01"))
	b.ReportAllocs()
	for b.Loop() {
		availability.Totals(s.Record, s.Agreements["office-hours"], at("2026-11-20 12:00"))
	}
}
