// SPDX-License-Identifier: Apache-2.0

package openslo

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// startOfCalendar is a moment at which a month, a quarter and a year begin.
const startOfCalendar = "2020-01-01 00:00:00"

// layout of a calendar's startTime.
const layout = "2006-01-02 15:04:05"

// Lengths of a rolling window of a ServiceLevel, in minutes.
const (
	shortestWindow = 24 * 60
	longestWindow  = 90 * 24 * 60
)

// windowOf translates the window of a ServiceLevel.
func windowOf(level *v1alpha1.ServiceLevel) (TimeWindow, error) {
	w := level.Spec.Availability.Window
	if w.Rolling != "" {
		length, err := time.ParseDuration(string(w.Rolling))
		if err != nil {
			return TimeWindow{}, fmt.Errorf("spec.availability.window.rolling: %q is not a duration, such as 720h", w.Rolling)
		}
		short, ok := shorthand(length)
		if !ok {
			return TimeWindow{}, fmt.Errorf("spec.availability.window.rolling: OpenSLO has no window of %s: it must be whole minutes", w.Rolling)
		}
		return TimeWindow{Duration: short, IsRolling: true}, nil
	}
	durations := map[v1alpha1.CalendarPeriod]string{
		v1alpha1.CalendarMonth: "1M", v1alpha1.CalendarQuarter: "1Q", v1alpha1.CalendarYear: "1Y",
	}
	duration, ok := durations[w.Calendar]
	if !ok {
		return TimeWindow{}, fmt.Errorf("spec.availability.window.calendar: %q is not Month, Quarter or Year", w.Calendar)
	}
	return TimeWindow{Duration: duration, Calendar: &Calendar{StartTime: startOfCalendar, TimeZone: zoneOf(level.Spec.ServiceHours)}}, nil
}

func zoneOf(h *v1alpha1.ServiceHours) string {
	if h == nil || h.TimeZone == "" {
		return calendar.Zone
	}
	return string(h.TimeZone)
}

// shorthand is a duration as OpenSLO writes it: one number and one unit. It is
// false for what is not whole minutes.
func shorthand(d time.Duration) (string, bool) {
	switch {
	case d <= 0 || d%time.Minute != 0:
		return "", false
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour)), true
	case d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour), true
	default:
		return fmt.Sprintf("%dm", d/time.Minute), true
	}
}

// parseShorthand returns the number and the unit of a duration.
func parseShorthand(s string) (int, byte, error) {
	if len(s) >= 2 && len(s) <= 9 && strings.IndexByte("mhdwMQY", s[len(s)-1]) >= 0 {
		n, err := strconv.ParseUint(s[:len(s)-1], 10, 32)
		if err == nil && n > 0 {
			return int(n), s[len(s)-1], nil
		}
	}
	return 0, 0, fmt.Errorf("%q is not a duration of OpenSLO: a number and one of m, h, d, w, M, Q, Y, such as 30d", s)
}

// window translates the window of an SLO, and returns the time zone of a
// calendar window.
func window(windows []TimeWindow) (v1alpha1.AvailabilityWindow, string, *fieldError) {
	var none v1alpha1.AvailabilityWindow
	if len(windows) != 1 {
		return none, "", at("spec.timeWindow", "must have exactly one window, and has %d", len(windows))
	}
	w := windows[0]
	n, unit, err := parseShorthand(w.Duration)
	if err != nil {
		return none, "", at("spec.timeWindow[0].duration", "%v", err)
	}
	switch {
	case w.IsRolling && w.Calendar != nil:
		return none, "", at("spec.timeWindow[0].calendar", "a rolling window has none")
	case !w.IsRolling && w.Calendar == nil:
		return none, "", at("spec.timeWindow[0]", "must have isRolling: true or a calendar")
	case w.IsRolling:
		rolling, err := rollingWindow(w.Duration, n, unit)
		return v1alpha1.AvailabilityWindow{Rolling: rolling}, "", err
	}
	period, months := calendarPeriod(n, unit)
	if period == "" {
		return none, "", at("spec.timeWindow[0].duration", "a calendar window is 1M, 1Q or 1Y in a ServiceLevel; it has no %s", w.Duration)
	}
	start, err := time.Parse(layout, w.Calendar.StartTime)
	switch {
	case err != nil:
		return none, "", at("spec.timeWindow[0].calendar.startTime", "%q is not a moment such as %q", w.Calendar.StartTime, startOfCalendar)
	case start.Day() != 1 || int(start.Month()-1)%months != 0 || start.Hour()+start.Minute()+start.Second() != 0:
		return none, "", at("spec.timeWindow[0].calendar.startTime", "the %s of a ServiceLevel begins with that of the calendar, as at %q, and not at %q", strings.ToLower(string(period)), startOfCalendar, w.Calendar.StartTime)
	}
	zone := w.Calendar.TimeZone
	if _, err := time.LoadLocation(zone); err != nil || zone == "" || zone == "Local" {
		return none, "", at("spec.timeWindow[0].calendar.timeZone", "%q is not in the time zone database; Europe/Berlin is", zone)
	}
	return v1alpha1.AvailabilityWindow{Calendar: period}, zone, nil
}

// calendarPeriod is the period of a ServiceLevel that is as long, and in
// months; none if there is none.
func calendarPeriod(n int, unit byte) (v1alpha1.CalendarPeriod, int) {
	months := map[byte]int{'M': 1, 'Q': 3, 'Y': 12}[unit]
	if n > 12 {
		return "", 0
	}
	switch months * n {
	case 1:
		return v1alpha1.CalendarMonth, 1
	case 3:
		return v1alpha1.CalendarQuarter, 3
	case 12:
		return v1alpha1.CalendarYear, 12
	default:
		return "", 0
	}
}

func rollingWindow(given string, n int, unit byte) (v1alpha1.Duration, *fieldError) {
	units := map[byte]int{'m': 1, 'h': 60, 'd': 24 * 60, 'w': 7 * 24 * 60}
	one, ok := units[unit]
	if !ok {
		return "", at("spec.timeWindow[0].duration", "a rolling window of %s is not always equally long; write it in days, such as 30d", given)
	}
	minutes := n * one
	if minutes < shortestWindow || minutes > longestWindow {
		return "", at("spec.timeWindow[0].duration", "a rolling window of a ServiceLevel is 24h to 2160h (90d), and not %s", given)
	}
	if minutes%60 == 0 {
		return v1alpha1.Duration(fmt.Sprintf("%dh", minutes/60)), nil
	}
	return v1alpha1.Duration(fmt.Sprintf("%dh%dm", minutes/60, minutes%60)), nil
}
