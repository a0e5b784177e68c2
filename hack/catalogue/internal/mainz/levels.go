// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// zone is the time zone of every agreement.
const zone = "Europe/Berlin"

// hoursPattern is one part of service hours: "Monday-Friday 08:00-16:00".
var hoursPattern = regexp.MustCompile(`^([A-Z][a-z]+)(?:-([A-Z][a-z]+))? ([0-9]{2}:[0-9]{2})-([0-9]{2}:[0-9]{2})$`)

// weekdays in their order.
var weekdays = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

// buildServiceLevels makes the agreements. None of them is published, so each
// is an example as a whole, and none has a decision.
func (b *builder) buildServiceLevels() {
	for _, row := range b.tables[fileServiceLevels] {
		id := row.Cell("id")
		if !validName(id.Value) {
			b.fail(id, "%q is no name; write one of a-z, 0-9 and -, at most %d characters", id.Value, maxName)
			continue
		}
		if _, double := b.levels[id.Value]; double {
			b.fail(id, "the service level %q is already in the table; keep one line", id.Value)
			continue
		}
		l := &v1alpha1.ServiceLevel{
			TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "ServiceLevel"},
			ObjectMeta: metav1.ObjectMeta{Name: id.Value},
		}
		l.Spec.DisplayName = b.text(row.Cell("name_de"), row.Cell("name_en"))
		b.availability(l, row)
		b.serviceHours(l, row)
		b.promises(l, row)
		var m marks
		m.example("spec")
		m.annotate(l)
		b.levels[id.Value] = l
	}
}

// availability reads what was agreed on availability.
func (b *builder) availability(l *v1alpha1.ServiceLevel, row table.Row) {
	a := v1alpha1.AvailabilityObjective{
		Objective:       v1alpha1.Percentage(row.Get("objective")),
		MinimumCoverage: v1alpha1.Percentage(row.Get("minimum_coverage")),
	}
	for _, header := range []string{"objective", "minimum_coverage", "latency_objective"} {
		if c := row.Cell(header); !percentage.MatchString(c.Value) && (header == "objective" || !c.Empty()) {
			b.fail(c, "%q is no percentage; write a number of 0 to 100 with a point, such as 99.5", c.Value)
		}
	}
	window := row.Cell("window")
	if rolling, ok := strings.CutPrefix(window.Value, "rolling "); ok {
		window.Value = rolling
		a.Window.Rolling = b.duration(window)
	} else if b.oneOf(window, "Month", "Quarter", "Year") {
		a.Window.Calendar = v1alpha1.CalendarPeriod(window.Value)
	}
	l.Spec.Availability = a
}

// percentage is a decimal number of 0 to 100.
var percentage = regexp.MustCompile(`^(100(\.0+)?|[0-9]{1,2}(\.[0-9]{1,5})?)$`)

// serviceHours reads when the agreement holds; "always" is no restriction.
func (b *builder) serviceHours(l *v1alpha1.ServiceLevel, row table.Row) {
	hours := row.Cell("hours")
	if hours.Value == "always" {
		return
	}
	h := &v1alpha1.ServiceHours{TimeZone: zone}
	for _, part := range list(hours) {
		m := hoursPattern.FindStringSubmatch(part)
		days := daysBetween(m)
		if days == nil || m[3] >= m[4] {
			b.fail(hours, "%q are no service hours; write always, or parts such as Monday-Friday 08:00-16:00 with ; between them", part)
			return
		}
		h.Weekly = append(h.Weekly, v1alpha1.WeeklyHours{Days: days, From: v1alpha1.TimeOfDay(m[3]), To: v1alpha1.TimeOfDay(m[4])})
	}
	if c := row.Cell("holidays"); !c.Empty() && b.oneOf(c, "DE-RP", "None") {
		h.Holidays = v1alpha1.HolidayCalendar(c.Value)
	}
	for _, value := range list(row.Cell("closures")) {
		c := row.Cell("closures")
		c.Value = value
		on, exact := b.day(c)
		if !exact {
			b.fail(c, "%q is not a single day; write days such as 2026-12-24 with ; between them", value)
		}
		h.ClosuresOn = append(h.ClosuresOn, on)
	}
	l.Spec.ServiceHours = h
}

// daysBetween returns the days that a match of hoursPattern names.
func daysBetween(m []string) []v1alpha1.Weekday {
	if m == nil {
		return nil
	}
	last := m[2]
	if last == "" {
		last = m[1]
	}
	var days []v1alpha1.Weekday
	for _, d := range weekdays {
		if d == m[1] || days != nil {
			days = append(days, v1alpha1.Weekday(d))
		}
		if d == last && days != nil {
			return days
		}
	}
	return nil
}

// promises reads maintenance, latency, backup, recovery and support.
func (b *builder) promises(l *v1alpha1.ServiceLevel, row table.Row) {
	if c := row.Cell("patch_schedule"); !c.Empty() {
		l.Spec.Maintenance = []v1alpha1.MaintenanceWindow{{
			Name: "patch-day", Schedule: c.Value, TimeZone: zone,
			Duration: b.duration(row.Cell("patch_duration")), Reason: "Patch day",
		}}
	}
	if c := row.Cell("latency_threshold"); !c.Empty() {
		l.Spec.Latency = &v1alpha1.LatencyObjective{Threshold: b.duration(c), Objective: v1alpha1.Percentage(row.Get("latency_objective"))}
	}
	if c := row.Cell("backup_max_age"); !c.Empty() {
		l.Spec.Backup = &v1alpha1.BackupObjective{MaxAge: b.duration(c), RestoreTestMaxAge: b.duration(row.Cell("restore_test_max_age"))}
	}
	if c := row.Cell("max_outage"); !c.Empty() {
		l.Spec.Recovery = &v1alpha1.RecoveryObjective{MaxOutage: b.duration(c)}
	}
	for _, part := range list(row.Cell("support")) {
		c := row.Cell("support")
		words := strings.Fields(part)
		if len(words) != 3 {
			b.fail(c, "%q is no support promise; write priority, response and resolution, such as P1 30m 4h", part)
			continue
		}
		response, resolution := c, c
		response.Value, resolution.Value = words[1], words[2]
		l.Spec.Support = append(l.Spec.Support, v1alpha1.SupportObjective{
			Priority: v1alpha1.SupportPriority(words[0]), Response: b.duration(response), Resolution: b.duration(resolution),
		})
	}
}
