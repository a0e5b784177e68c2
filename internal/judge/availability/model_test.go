// SPDX-License-Identifier: Apache-2.0

package availability_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// What the model knows of a second by an agreement: each is a byte.
const (
	outside   byte = iota // outside service hours
	agreed                // within them
	inWindow1             // within them, in the first window of the agreement
	inWindow2             // within them, in the second
)

// almanac is what an agreement says of each second of some months, read off a
// clock second by second, and how much of each there was up to then.
type almanac struct {
	first   int64
	class   []byte
	hours   []int32
	patched []int32
}

// rule is an agreement as the model reads it, in words of a wall clock.
type rule struct {
	name    v1alpha1.ObjectName
	spec    v1alpha1.ServiceLevelSpec
	service func(weekday time.Weekday, day string, second int) bool
	window1 func(weekday time.Weekday, second int) bool
	window2 func(weekday time.Weekday, second int) bool
}

const hour = 3600

func isHoliday(day string) bool {
	switch day {
	case "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25", "2026-06-04",
		"2026-10-03", "2026-11-01", "2026-12-25", "2026-12-26":
		return true
	}
	return false
}

// rules are the agreements of the simulations.
func rules() []rule {
	never := func(time.Weekday, int) bool { return false }
	always := func(time.Weekday, string, int) bool { return true }
	office := officeHours()
	office.ServiceHours.ClosuresOn = []v1alpha1.Date{"2026-10-30", "2026-12-24", "2026-12-31"}
	office.Maintenance = []v1alpha1.MaintenanceWindow{
		{Name: "patch-day", Schedule: "0 17 * * 2", TimeZone: "Europe/Berlin", Duration: "3h"},
		{Name: "lunch", Schedule: "30 11 * * 1-5", TimeZone: "Europe/Berlin", Duration: "1h"},
	}
	office.Recovery.MaxOutage = "1h30m"
	shift := aroundTheClock()
	shift.Availability.Objective, shift.Recovery.MaxOutage = "99", "20m"
	shift.ServiceHours = &v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{
		{Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}, From: "20:00", To: "06:00"},
	}}
	shift.Maintenance = []v1alpha1.MaintenanceWindow{{Name: "backup", Schedule: "0 23 * * *", TimeZone: "Europe/Berlin", Duration: "90m"}}
	clock := aroundTheClock()
	rolling := aroundTheClock()
	rolling.Availability = v1alpha1.AvailabilityObjective{Objective: "99.5", Window: v1alpha1.AvailabilityWindow{Rolling: "48h"}, MinimumCoverage: "80"}
	rolling.Maintenance = shift.Maintenance
	night := func(_ time.Weekday, s int) bool { return s >= 23*hour || s < hour/2 }
	return []rule{
		{"around-the-clock", clock, always, never, never},
		{
			"office", office,
			func(w time.Weekday, day string, s int) bool {
				if w == time.Saturday || w == time.Sunday || isHoliday(day) || day == "2026-10-30" || day == "2026-12-24" || day == "2026-12-31" {
					return false
				}
				return s >= 7*hour && (w == time.Friday && s < 15*hour || w != time.Friday && s < 18*hour)
			},
			func(w time.Weekday, s int) bool { return w == time.Tuesday && s >= 17*hour && s < 20*hour },
			func(w time.Weekday, s int) bool {
				return w != time.Saturday && w != time.Sunday && s >= 11*hour+hour/2 && s < 12*hour+hour/2
			},
		},
		{"shift", shift, func(_ time.Weekday, _ string, s int) bool { return s >= 20*hour || s < 6*hour }, night, never},
		{"rolling", rolling, always, night, never},
	}
}

// almanacOf reads a rule off the clock from one moment to another.
func almanacOf(r *rule, from, to time.Time) *almanac {
	n := int(to.Unix() - from.Unix())
	a := &almanac{first: from.Unix(), class: make([]byte, n), hours: make([]int32, n+1), patched: make([]int32, n+1)}
	zone := from.Location()
	for i := 0; i < n; {
		// A quarter of an hour never crosses a change of the clock.
		t := time.Unix(a.first+int64(i), 0).In(zone)
		h, m, s := t.Clock()
		second, day, weekday := h*hour+m*60+s, t.Format(time.DateOnly), t.Weekday()
		for end := min(n, i+900-(m*60+s)%900); i < end; i++ {
			if r.service(weekday, day, second) {
				a.class[i] = agreed
				switch {
				case r.window1(weekday, second):
					a.class[i] = inWindow1
				case r.window2(weekday, second):
					a.class[i] = inWindow2
				}
			}
			a.hours[i+1], a.patched[i+1] = a.hours[i], a.patched[i]
			if a.class[i] != outside {
				a.hours[i+1]++
			}
			if a.class[i] >= inWindow1 {
				a.patched[i+1]++
			}
			second++
		}
	}
	return a
}

func (a *almanac) between(sums []int32, from, to int64) int64 {
	return int64(sums[to-a.first]) - int64(sums[from-a.first])
}

func (a *almanac) of(from, to int64) []byte { return a.class[from-a.first : to-a.first] }

// almanacs of all rules for some months, read at once.
func almanacs(t testing.TB, from, to time.Time) ([]rule, []*almanac) {
	t.Helper()
	given := rules()
	read := make([]*almanac, len(given))
	var wait sync.WaitGroup
	for i := range given {
		wait.Go(func() { read[i] = almanacOf(&given[i], from, to) })
	}
	wait.Wait()
	return given, read
}

// count of a byte.
func count(seconds []byte, b byte) int64 { return int64(bytes.Count(seconds, []byte{b})) }
