// SPDX-License-Identifier: Apache-2.0

package account

import (
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Seconds is a time in hours, minutes and seconds, such as "2h 7m 0s". A
// negative one has a minus in front.
func Seconds(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	h, m, s := n/3600, n/60%60, n%60
	switch {
	case h > 0:
		return fmt.Sprintf("%s%dh %dm %ds", sign, h, m, s)
	case m > 0:
		return fmt.Sprintf("%s%dm %ds", sign, m, s)
	default:
		return fmt.Sprintf("%s%ds", sign, s)
	}
}

// percent is part of whole in per cent with two decimals, rounded down, so that
// what is not all never looks like all.
func percent(part, whole int64) string {
	hundredths := part / whole * 10000
	hundredths += part % whole * 10000 / whole
	s := fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// left is what is left of a budget, in per cent of it where that says anything.
func left(rest, budget int64) string {
	if budget <= 0 || rest < 0 {
		return Seconds(rest)
	}
	return fmt.Sprintf("%s (%s %%)", Seconds(rest), percent(rest, budget))
}

// window says over what time an agreement is counted.
func window(w v1alpha1.AvailabilityWindow) string {
	switch {
	case w.Rolling != "":
		return "in the last " + string(w.Rolling)
	case w.Calendar != "":
		return "of each " + strings.ToLower(string(w.Calendar))
	default:
		return ""
	}
}

// Hours says in words when service was agreed.
func Hours(h *v1alpha1.ServiceHours) string {
	if h == nil {
		return "around the clock, every day"
	}
	var parts []string
	for _, w := range h.Weekly {
		hours := fmt.Sprintf("%s-%s", w.From, w.To)
		if w.To < w.From {
			hours += " of the next day"
		}
		if w.From == "00:00" && w.To == "24:00" {
			hours = "all day"
		}
		parts = append(parts, days(w.Days)+" "+hours)
	}
	words := strings.Join(parts, ", ")
	if h.Holidays == v1alpha1.HolidaysRhinelandPalatinate {
		words += "; not on public holidays of Rhineland-Palatinate"
	}
	if len(h.ClosuresOn) > 0 {
		closed := make([]string, 0, len(h.ClosuresOn))
		for _, day := range h.ClosuresOn {
			closed = append(closed, string(day))
		}
		slices.Sort(closed)
		words += "; closed on " + strings.Join(closed, ", ")
	}
	return words
}

// days joins days that follow one another: "Monday to Thursday, Saturday".
func days(given []v1alpha1.Weekday) string {
	week := []v1alpha1.Weekday{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	var runs []string
	for i := 0; i < len(week); i++ {
		if !slices.Contains(given, week[i]) {
			continue
		}
		first := i
		for i+1 < len(week) && slices.Contains(given, week[i+1]) {
			i++
		}
		switch i - first {
		case 0:
			runs = append(runs, string(week[first]))
		case 1:
			runs = append(runs, string(week[first]), string(week[i]))
		case 6:
			return "every day"
		default:
			runs = append(runs, fmt.Sprintf("%s to %s", week[first], week[i]))
		}
	}
	return strings.Join(runs, ", ")
}

// exclusion says what was subtracted from an outage, and why.
func exclusion(e v1alpha1.Exclusion) string {
	s := Seconds(e.Seconds)
	switch e.Kind {
	case "ServiceHours":
		s += " outside service hours"
		if e.Name != "" {
			s += " of " + e.Name
		}
	case "Maintenance":
		s += " in maintenance window " + e.Name
	case "Dependency":
		if e.Name == "" {
			return s + " while a dependency was down"
		}
		s += " while dependency " + e.Name + " was down"
	default:
		s += " for other grounds"
		if e.Name != "" {
			s += " (" + e.Name + ")"
		}
	}
	return s
}

// cause says in a few words why there was an outage.
func cause(c *v1alpha1.Cause) string {
	if c == nil {
		return "-"
	}
	name := c.Name
	if c.Namespace != "" {
		name = string(c.Namespace) + "/" + name
	}
	words := strings.TrimSpace(strings.ToLower(string(c.Kind)) + " " + name)
	switch {
	case c.Message != "":
		words += ": " + c.Message
	case c.Reason != "":
		words += ": " + c.Reason
	}
	return words
}

// ended says how an outage ended otherwise than by success.
func ended(reason string) string {
	switch reason {
	case v1alpha1.EndedEndpointRemoved:
		return "ended because the endpoint was removed"
	case v1alpha1.EndedOutOfService:
		return "ended because the Application went out of operation"
	default:
		return "ended as " + reason
	}
}
