// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// The model knows no rules of daylight saving: it looks at what the clocks of a
// zone show, one second after the other.

const daySeconds = 86_400

// sample is what the clocks show at a moment.
type sample struct {
	at int64
	// wall is what they show, in seconds as if in UTC.
	wall int64
	// reached is the latest they ever showed until then, and toCome the earliest
	// that they will show from then on.
	reached, toCome int64
}

// day that has begun, by its number from 1970-01-01 on.
func (s sample) day() int64 { return floorDay(s.reached) }

func floorDay(wall int64) int64 {
	d := wall / daySeconds
	if wall%daySeconds < 0 {
		d--
	}
	return d
}

// zoneYear is a year in a zone, by the second for hours around each change of its
// clocks, and by the minute otherwise: nothing else happens but at full minutes.
type zoneYear struct {
	zone    string
	year    int
	changes int
	samples func() []sample
}

// zoneYears are looked at once for all tests.
var zoneYears = sync.OnceValue(newZoneYears)

// newZoneYears have clocks that are moved by an hour and by half of one, at night
// and at midnight, across midnight and past a whole day, and not at all.
func newZoneYears() []*zoneYear {
	years := []*zoneYear{
		{zone: "Europe/Berlin", year: 2026, changes: 2},
		{zone: "Europe/Berlin", year: 2027, changes: 2},
		{zone: "Europe/Berlin", year: 2040, changes: 2}, // a leap year by the rule for all to come
		{zone: "America/New_York", year: 2026, changes: 2},
		{zone: "Australia/Lord_Howe", year: 2026, changes: 2},
		{zone: "Australia/Lord_Howe", year: 2044, changes: 2},
		{zone: "Asia/Kolkata", year: 2026},
		{zone: "America/Asuncion", year: 2023, changes: 2},
		{zone: "Africa/Cairo", year: 2026, changes: 2},
		{zone: "America/Havana", year: 2026, changes: 2},
		{zone: "America/St_Johns", year: 2008, changes: 2},
		{zone: "Pacific/Apia", year: 2011, changes: 3},
	}
	for _, y := range years {
		y.samples = sync.OnceValue(y.look)
	}
	return years
}

// span is a bit more than the year.
func (y *zoneYear) span() calendar.Span {
	return calendar.Span{
		From: time.Date(y.year-1, time.December, 29, 0, 0, 0, 0, time.UTC).Unix(),
		To:   time.Date(y.year+1, time.January, 4, 0, 0, 0, 0, time.UTC).Unix(),
	}
}

func (y *zoneYear) location() *time.Location {
	zone, err := time.LoadLocation(y.zone)
	if err != nil {
		panic(err)
	}
	return zone
}

func (y *zoneYear) look() []sample {
	zone, span := y.location(), y.span()
	offset := func(at int64) int {
		_, offset := time.Unix(at, 0).In(zone).Zone()
		return offset
	}
	const around = 5 * 3600
	var samples []sample
	for at := span.From; at < span.To; {
		t := time.Unix(at, 0).In(zone)
		year, month, day := t.Date()
		hour, minute, second := t.Clock()
		samples = append(samples, sample{at: at, wall: time.Date(year, month, day, hour, minute, second, 0, time.UTC).Unix()})
		if offset(at-around) != offset(at+around) {
			at++
		} else {
			at += 60
		}
	}
	reached := samples[0].wall
	for i := range samples {
		reached = max(reached, samples[i].wall)
		samples[i].reached = reached
	}
	toCome := samples[len(samples)-1].wall
	for i, s := range slices.Backward(samples) {
		toCome = min(toCome, s.wall)
		samples[i].toCome = toCome
	}
	return samples
}

func TestTheModelSeesTheClocksMoved(t *testing.T) {
	for _, y := range zoneYears() {
		changes, seconds := 0, 0
		samples := y.samples()
		for i := 1; i < len(samples); i++ {
			passed := samples[i].at - samples[i-1].at
			if passed == 1 {
				seconds++
			}
			if samples[i].wall-samples[i-1].wall != passed {
				changes++
			}
		}
		if changes != y.changes || seconds < changes*5*3600 {
			t.Errorf("%s %d: the clocks are moved %d times, want %d; looked at %d s one by one", y.zone, y.year, changes, y.changes, seconds)
		}
	}
}

// modelShift is an entry's hours on a day.
type modelShift struct{ from, to int64 }

// modelHours are hours of service.
type modelHours struct {
	// shifts by the day of the week; Monday is 0.
	shifts [7][]modelShift
	// off by the number of the day.
	off map[int64]bool
}

// serves says for each sample whether there is service.
func (m modelHours) serves(samples []sample) []bool {
	serves := make([]bool, len(samples))
	for i, s := range samples {
		today := s.day()
		if m.off[today] {
			continue
		}
		// Of a day the clocks skipped, the one before counts as well.
		for day := today - 2; day <= today && !serves[i]; day++ {
			for _, shift := range m.shifts[(day+3)%7] {
				from, to := day*daySeconds+shift.from, day*daySeconds+shift.to
				// The clocks have shown the beginning, or later; and they show a
				// time before the end, or will show the end itself again.
				begun := s.reached >= from
				over := s.wall >= to && (i+1 == len(samples) || samples[i+1].toCome > to)
				if begun && !over {
					serves[i] = true
					break
				}
			}
		}
	}
	return serves
}

// checkSpans compares spans with what the model says at each sample, and what
// lies between two samples.
func checkSpans(t interface{ Fatalf(string, ...any) }, y *zoneYear, samples []sample, got calendar.Spans, want []bool) {
	checkCanonical(t, got)
	i := 0
	for k, s := range samples {
		for i < len(got) && got[i].To <= s.at {
			i++
		}
		holds := i < len(got) && got[i].From <= s.at
		if holds != want[k] {
			t.Fatalf("%s at %s: %t, want %t", y.zone, time.Unix(s.at, 0).In(y.location()), holds, want[k])
		}
		if holds && k+1 < len(samples) && got[i].To < samples[k+1].at || !holds && i < len(got) && k+1 < len(samples) && got[i].From < samples[k+1].at {
			t.Fatalf("%s between %d and %d: %v begins or ends at no full minute", y.zone, s.at, samples[k+1].at, got[i])
		}
	}
}

// statutory are the public holidays of Rhineland-Palatinate as the law lists
// them: Neujahr, Karfreitag, Ostermontag, 1. Mai, Christi Himmelfahrt,
// Pfingstmontag, Fronleichnam, Tag der Deutschen Einheit, Allerheiligen, erster
// und zweiter Weihnachtstag.
func statutory(year int) []v1alpha1.Date {
	return map[int][]v1alpha1.Date{
		2008: {"2008-01-01", "2008-03-21", "2008-03-24", "2008-05-01", "2008-05-01", "2008-05-12", "2008-05-22", "2008-10-03", "2008-11-01", "2008-12-25", "2008-12-26"},
		2011: {"2011-01-01", "2011-04-22", "2011-04-25", "2011-05-01", "2011-06-02", "2011-06-13", "2011-06-23", "2011-10-03", "2011-11-01", "2011-12-25", "2011-12-26"},
		2023: {"2023-01-01", "2023-04-07", "2023-04-10", "2023-05-01", "2023-05-18", "2023-05-29", "2023-06-08", "2023-10-03", "2023-11-01", "2023-12-25", "2023-12-26"},
		2024: {"2024-01-01", "2024-03-29", "2024-04-01", "2024-05-01", "2024-05-09", "2024-05-20", "2024-05-30", "2024-10-03", "2024-11-01", "2024-12-25", "2024-12-26"},
		2025: {"2025-01-01", "2025-04-18", "2025-04-21", "2025-05-01", "2025-05-29", "2025-06-09", "2025-06-19", "2025-10-03", "2025-11-01", "2025-12-25", "2025-12-26"},
		2026: {"2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25", "2026-06-04", "2026-10-03", "2026-11-01", "2026-12-25", "2026-12-26"},
		2027: {"2027-01-01", "2027-03-26", "2027-03-29", "2027-05-01", "2027-05-06", "2027-05-17", "2027-05-27", "2027-10-03", "2027-11-01", "2027-12-25", "2027-12-26"},
		2028: {"2028-01-01", "2028-04-14", "2028-04-17", "2028-05-01", "2028-05-25", "2028-06-05", "2028-06-15", "2028-10-03", "2028-11-01", "2028-12-25", "2028-12-26"},
		2038: {"2038-01-01", "2038-04-23", "2038-04-26", "2038-05-01", "2038-06-03", "2038-06-14", "2038-06-24", "2038-10-03", "2038-11-01", "2038-12-25", "2038-12-26"},
		2040: {"2040-01-01", "2040-03-30", "2040-04-02", "2040-05-01", "2040-05-10", "2040-05-21", "2040-05-31", "2040-10-03", "2040-11-01", "2040-12-25", "2040-12-26"},
		2044: {"2044-01-01", "2044-04-15", "2044-04-18", "2044-05-01", "2044-05-26", "2044-06-06", "2044-06-16", "2044-10-03", "2044-11-01", "2044-12-25", "2044-12-26"},
	}[year]
}

// dayNumber of a date, from 1970-01-01 on.
func dayNumber(date v1alpha1.Date) int64 {
	t, err := time.Parse(time.DateOnly, string(date))
	if err != nil {
		panic(err)
	}
	return t.Unix() / daySeconds
}
