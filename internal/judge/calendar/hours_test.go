// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// officeHours are those of the agreement office-hours.
func officeHours() *v1alpha1.ServiceHours {
	return &v1alpha1.ServiceHours{
		TimeZone: "Europe/Berlin",
		Weekly: []v1alpha1.WeeklyHours{
			{Days: []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday"}, From: "07:00", To: "18:00"},
			{Days: []v1alpha1.Weekday{"Friday"}, From: "07:00", To: "15:00"},
		},
		Holidays: v1alpha1.HolidaysRhinelandPalatinate,
	}
}

func hoursOf(t testing.TB, h *v1alpha1.ServiceHours) *calendar.Hours {
	t.Helper()
	hours, err := calendar.NewHours(h)
	if err != nil {
		t.Fatal(err)
	}
	return hours
}

func at(t testing.TB, s string) int64 {
	t.Helper()
	m, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return m.Unix()
}

// TestS11 counts what was agreed: office hours (Monday to Thursday 07:00 to
// 18:00, Friday to 15:00, without holidays) in November 2026 and May 2027, and
// service around the clock in the months in which the clocks are moved.
func TestS11AgreedSeconds(t *testing.T) {
	tests := []struct {
		name   string
		hours  *v1alpha1.ServiceHours
		within string
		agreed int64
	}{
		{"office hours, November", officeHours(), "2026-11-15T12:00:00+01:00", 788_400},
		{"office hours, May with five holidays", officeHours(), "2027-05-01T00:00:00+02:00", 669_600},
		{"around the clock, an hour less", nil, "2027-03-31T23:59:59+02:00", 2_674_800},
		{"around the clock, an hour more", nil, "2027-10-01T00:00:00+02:00", 2_682_000},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			hours := hoursOf(t, test.hours)
			month := calendar.PeriodAt(v1alpha1.CalendarMonth, hours.Location(), at(t, test.within))
			if got := hours.Seconds(month.Span); got != test.agreed {
				t.Errorf("%d s are agreed in %s, want %d", got, month.Name, test.agreed)
			}
			if got := hours.Spans(month.Span).Seconds(); got != test.agreed {
				t.Errorf("the spans of %s have %d s, want %d", month.Name, got, test.agreed)
			}
		})
	}
}

// TestS11NightShift counts a shift of 22:00 to 06:00 over the nights on which the
// clocks are moved: 7 h in spring and 9 h in autumn.
func TestS11NightShift(t *testing.T) {
	everyDay := []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	hours := hoursOf(t, &v1alpha1.ServiceHours{Weekly: []v1alpha1.WeeklyHours{{Days: everyDay, From: "22:00", To: "06:00"}}})
	tests := []struct {
		name, from, to string
		want           calendar.Spans
	}{
		{"spring", "2027-03-27T12:00:00+01:00", "2027-03-28T12:00:00+02:00", calendar.Spans{{at(t, "2027-03-27T22:00:00+01:00"), at(t, "2027-03-28T06:00:00+02:00")}}},
		{"autumn", "2027-10-30T12:00:00+02:00", "2027-10-31T12:00:00+01:00", calendar.Spans{{at(t, "2027-10-30T22:00:00+02:00"), at(t, "2027-10-31T06:00:00+01:00")}}},
	}
	for i, length := range []int64{7 * 3600, 9 * 3600} {
		test := tests[i]
		t.Run(test.name, func(t *testing.T) {
			got := hours.Spans(calendar.Span{From: at(t, test.from), To: at(t, test.to)})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if got.Seconds() != length {
				t.Errorf("%d s, want %d", got.Seconds(), length)
			}
		})
	}
}

func TestHoursThatCannotBeUsed(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*v1alpha1.ServiceHours)
		words []string
	}{
		{"zone", func(h *v1alpha1.ServiceHours) { h.TimeZone = "Europe/Mainz" }, []string{"serviceHours.timeZone: ", "Europe/Mainz", "Europe/Berlin"}},
		{"the machine's zone", func(h *v1alpha1.ServiceHours) { h.TimeZone = "Local" }, []string{"serviceHours.timeZone: ", "Local"}},
		{"holidays", func(h *v1alpha1.ServiceHours) { h.Holidays = "DE-HE" }, []string{"serviceHours.holidays: ", "DE-HE", "DE-RP"}},
		{"no hours", func(h *v1alpha1.ServiceHours) { h.Weekly = nil }, []string{"serviceHours.weekly: "}},
		{"from", func(h *v1alpha1.ServiceHours) { h.Weekly[1].From = "7:00" }, []string{"serviceHours.weekly[1].from: ", `"7:00"`, "07:00"}},
		{"from the end", func(h *v1alpha1.ServiceHours) { h.Weekly[1].From = "24:00" }, []string{"serviceHours.weekly[1].from: ", "24:00"}},
		{"to", func(h *v1alpha1.ServiceHours) { h.Weekly[1].To = "24:01" }, []string{"serviceHours.weekly[1].to: ", "24:01", "24:00"}},
		{"minutes", func(h *v1alpha1.ServiceHours) { h.Weekly[1].To = "15:60" }, []string{"serviceHours.weekly[1].to: ", "15:60"}},
		{"nothing between", func(h *v1alpha1.ServiceHours) { h.Weekly[1].To = "07:00" }, []string{"serviceHours.weekly[1].to: ", "07:00", "00:00 to 24:00"}},
		{"no days", func(h *v1alpha1.ServiceHours) { h.Weekly[1].Days = nil }, []string{"serviceHours.weekly[1].days: ", "Monday"}},
		{"a day", func(h *v1alpha1.ServiceHours) { h.Weekly[0].Days[2] = "Mittwoch" }, []string{"serviceHours.weekly[0].days[2]: ", "Mittwoch"}},
		{"a closure", func(h *v1alpha1.ServiceHours) { h.ClosuresOn = []v1alpha1.Date{"2026-12-24", "2026-02-30"} }, []string{"serviceHours.closuresOn[1]: ", "2026-02-30"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			given := officeHours()
			test.spoil(given)
			hours, err := calendar.NewHours(given)
			if err == nil || hours != nil {
				t.Fatalf("passes: %v", err)
			}
			for _, words := range test.words {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q lacks %q", err, words)
				}
			}
		})
	}
}
