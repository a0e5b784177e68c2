// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func once(name, start, length string) v1alpha1.MaintenanceWindow {
	return v1alpha1.MaintenanceWindow{Name: v1alpha1.ItemName(name), StartAt: v1alpha1.Moment(start), Duration: v1alpha1.Duration(length)}
}

func recurring(name, schedule, length string) v1alpha1.MaintenanceWindow {
	return v1alpha1.MaintenanceWindow{Name: v1alpha1.ItemName(name), Schedule: schedule, TimeZone: "Europe/Berlin", Duration: v1alpha1.Duration(length)}
}

func TestOpen(t *testing.T) {
	patchDay := recurring("patch", "0 18 * * 2", "2h") // Tuesdays, 18:00
	tests := []struct {
		name    string
		windows []v1alpha1.MaintenanceWindow
		now     string
		open    string
		next    string
	}{
		{"before", []v1alpha1.MaintenanceWindow{once("a", "2026-11-03T18:00:00+01:00", "2h")}, "2026-11-03T17:59:59+01:00", "", "2026-11-03T18:00:00+01:00"},
		{"at its start", []v1alpha1.MaintenanceWindow{once("a", "2026-11-03T18:00:00+01:00", "2h")}, "2026-11-03T18:00:00+01:00", "a", "2026-11-03T20:00:00+01:00"},
		{"at its end", []v1alpha1.MaintenanceWindow{once("a", "2026-11-03T18:00:00+01:00", "2h")}, "2026-11-03T20:00:00+01:00", "", ""},
		{"recurring, before", []v1alpha1.MaintenanceWindow{patchDay}, "2026-11-02T12:00:00+01:00", "", "2026-11-03T18:00:00+01:00"},
		{"recurring, within", []v1alpha1.MaintenanceWindow{patchDay}, "2026-11-03T19:59:59+01:00", "patch", "2026-11-03T20:00:00+01:00"},
		{"recurring, after", []v1alpha1.MaintenanceWindow{patchDay}, "2026-11-03T20:00:00+01:00", "", "2026-11-10T18:00:00+01:00"},
		{"18:00 stays 18:00 in summer", []v1alpha1.MaintenanceWindow{patchDay}, "2026-07-07T18:00:00+02:00", "patch", "2026-07-07T20:00:00+02:00"},
		{"of two that are open the one that ends last", []v1alpha1.MaintenanceWindow{patchDay, once("b", "2026-11-03T17:00:00+01:00", "5h")}, "2026-11-03T19:00:00+01:00", "b", "2026-11-03T20:00:00+01:00"},
		{"occurrences that overlap", []v1alpha1.MaintenanceWindow{recurring("hourly", "0 * * * *", "90m")}, "2026-11-03T19:15:00+01:00", "hourly", "2026-11-03T20:00:00+01:00"},
		{"none", nil, "2026-11-03T19:15:00+01:00", "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			open, next, errs := calendar.Open(test.windows, moment(t, test.now))
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if name := nameOf(open); name != test.open {
				t.Errorf("open is %q, want %q", name, test.open)
			}
			switch {
			case test.next == "" && !next.IsZero():
				t.Errorf("next is %s, want never", next)
			case test.next != "" && !next.Equal(moment(t, test.next)):
				t.Errorf("next is %s, want %s", next, test.next)
			}
		})
	}
}

func nameOf(w *calendar.Window) string {
	if w == nil {
		return ""
	}
	return w.Name
}

func TestWindowsThatCannotBeUsed(t *testing.T) {
	badZone := recurring("zone", "0 18 * * 2", "2h")
	badZone.TimeZone = "Europe/Mainz"
	tests := []struct {
		name  string
		given v1alpha1.MaintenanceWindow
		words []string
	}{
		{"duration in days", once("a", "2026-11-03T18:00:00+01:00", "2d"), []string{"maintenance[1].duration", "2d", "2h"}},
		{"negative duration", once("a", "2026-11-03T18:00:00+01:00", "-2h"), []string{"maintenance[1].duration"}},
		{"no moment", once("a", "tomorrow", "2h"), []string{"maintenance[1].startAt", "tomorrow"}},
		{"no schedule", recurring("a", "every tuesday", "2h"), []string{"maintenance[1].schedule", "every tuesday"}},
		{"never happens", recurring("a", "0 0 30 2 *", "2h"), []string{"maintenance[1].schedule", "never"}},
		{"no zone", badZone, []string{"maintenance[1].timeZone", "Europe/Mainz"}},
	}
	good := once("good", "2026-11-03T18:00:00+01:00", "2h")
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			open, _, errs := calendar.Open([]v1alpha1.MaintenanceWindow{good, test.given}, moment(t, "2026-11-03T19:00:00+01:00"))
			if len(errs) != 1 {
				t.Fatalf("errors: %v", errs)
			}
			for _, words := range test.words {
				if !strings.Contains(errs[0].Error(), words) {
					t.Errorf("%q lacks %q", errs[0], words)
				}
			}
			if nameOf(open) != "good" {
				t.Error("a window that cannot be used keeps another from being used")
			}
		})
	}
}

// TestNextIsWhenItChanges compares Open with itself, second by second: between
// now and next nothing changes.
func TestNextIsWhenItChanges(t *testing.T) {
	// Around both changes of the clock.
	starts := []time.Time{
		time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC),
	}
	rapid.Check(t, func(t *rapid.T) {
		start := rapid.SampledFrom(starts).Draw(t, "start")
		windows := []v1alpha1.MaintenanceWindow{
			recurring("night", rapid.SampledFrom([]string{"30 2 * * *", "0 * * * *", "*/45 1-4 * * *", "0 22 * * 6,0"}).Draw(t, "schedule"), rapid.SampledFrom([]string{"10m", "1h", "3h"}).Draw(t, "length")),
			once("once", start.Add(time.Duration(rapid.IntRange(0, 86400).Draw(t, "once"))*time.Second).Format(time.RFC3339), "1h"),
		}
		now := start.Add(time.Duration(rapid.IntRange(0, 86400).Draw(t, "now")) * time.Second)
		open, next, errs := calendar.Open(windows, now)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if open != nil && (now.Before(open.Start) || !now.Before(open.End)) {
			t.Fatalf("%s is not within [%s, %s)", now, open.Start, open.End)
		}
		limit := next
		if next.IsZero() || next.Sub(now) > 6*time.Hour {
			limit = now.Add(6 * time.Hour)
		}
		for at := now.Add(time.Second); at.Before(limit); at = at.Add(7 * time.Second) {
			then, _, _ := calendar.Open(windows, at)
			if nameOf(then) != nameOf(open) {
				t.Fatalf("at %s %q is open, at %s already %q, though the next change is said to be at %s", now, nameOf(open), at, nameOf(then), next)
			}
		}
	})
}

func TestDays(t *testing.T) {
	end, err := calendar.EndOfDay("2026-10-25") // 25 hours long
	if err != nil || !end.Equal(moment(t, "2026-10-26T00:00:00+01:00")) {
		t.Errorf("end of day %s, %v", end, err)
	}
	start, err := calendar.StartOfDay("2026-10-25")
	if err != nil || end.Sub(start) != 25*time.Hour {
		t.Errorf("the day is %s long, %v", end.Sub(start), err)
	}
	for _, bad := range []string{"2026-02-30", "30.03.2026", ""} {
		if _, err := calendar.EndOfDay(bad); err == nil {
			t.Errorf("%q passes for a day", bad)
		}
	}
}
