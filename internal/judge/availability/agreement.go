// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

const (
	// never is a moment that does not come.
	never = math.MaxInt64
	// defaultCoverage in units of 10⁻⁵ %.
	defaultCoverage = 95_00000
	// longestWindow of a rolling window, and the shortest, in hours.
	longestWindow, shortestWindow = 2160, 24
)

// Agreement is a ServiceLevel with all its revisions, ready for accounting. It
// is immutable and safe for concurrent use.
type Agreement struct {
	name v1alpha1.ObjectName
	// revisions, oldest first; there is at least one.
	revisions []terms
}

// terms are what a revision of an agreement says.
type terms struct {
	// from is the moment at which they begin to hold.
	from       int64
	generation int64
	// objective as it is written; what it allows and the coverage in units of
	// 10⁻⁵ %.
	objective   v1alpha1.Percentage
	allowed     int64
	coverage    int64
	window      window
	hours       *calendar.Hours
	maintenance *calendar.Maintenance
	// windows says whether there are any maintenance windows.
	windows bool
	// maxOutage is how many seconds may be charged for one outage.
	maxOutage int64
}

// window is the time over which is counted.
type window struct {
	// calendar period, or rolling and how many local days that is.
	calendar v1alpha1.CalendarPeriod
	rolling  v1alpha1.Duration
	days     int
	// zone whose midnights count.
	zone *time.Location
}

func (w window) equal(v window) bool {
	return w.calendar == v.calendar && w.rolling == v.rolling && w.zone.String() == v.zone.String()
}

// unagreed is the window where nothing was agreed.
func unagreed() window {
	return window{calendar: v1alpha1.CalendarMonth, zone: calendar.Location()}
}

// NewAgreement compiles an agreement by the revisions in its status; the last
// of them holds, whatever the spec says, since nothing acts before it was
// recorded. Without any it returns nil. A revision of which something cannot be
// used is judged by what can, and named in the errors.
//
// Of service hours that means without the entry that cannot be used, and at all
// times if none can; an objective that is none allows no outage; a window that
// is none is a month; a maintenance window or a longest outage that is none is
// left out; a coverage that is none is 95.
func NewAgreement(level *v1alpha1.ServiceLevel) (*Agreement, []error) {
	if level == nil || len(level.Status.Revisions) == 0 {
		return nil, nil
	}
	agreement := &Agreement{name: v1alpha1.ObjectName(level.Name)}
	var errs []error
	for i := range level.Status.Revisions {
		c := compiler{where: fmt.Sprintf("status.revisions[%d].spec.", i)}
		agreement.revisions = append(agreement.revisions, c.terms(&level.Status.Revisions[i]))
		errs = append(errs, c.errs...)
	}
	slices.SortStableFunc(agreement.revisions, func(a, b terms) int { return cmp.Compare(a.from, b.from) })
	return agreement, errs
}

// compiler gathers what is wrong with a revision.
type compiler struct {
	where string
	errs  []error
}

func (c *compiler) fault(field, format string, args ...any) {
	c.errs = append(c.errs, fmt.Errorf("%s%s: %s", c.where, field, fmt.Sprintf(format, args...)))
}

func (c *compiler) terms(r *v1alpha1.ServiceLevelRevision) terms {
	t := terms{from: r.From.Unix(), generation: r.Generation, maxOutage: never}
	t.hours = c.hours(r.Spec.ServiceHours)
	maintenance, werrs := calendar.NewMaintenance(r.Spec.Maintenance)
	t.maintenance, t.windows = maintenance, len(r.Spec.Maintenance) > 0
	for _, err := range werrs {
		c.fault(fmt.Sprintf("maintenance[%d].%s", err.Index, err.Field), "%s", err.Detail)
	}
	availability := &r.Spec.Availability
	t.objective = availability.Objective
	units, err := unitsOf(t.objective)
	if err != nil {
		c.fault("availability.objective", "%v", err)
		t.objective, units = "100", hundred
	}
	t.allowed = hundred - units
	t.coverage = defaultCoverage
	if availability.MinimumCoverage != "" {
		units, err := unitsOf(availability.MinimumCoverage)
		if err != nil {
			c.fault("availability.minimumCoverage", "%v", err)
		} else {
			t.coverage = units
		}
	}
	t.window = c.window(&availability.Window)
	t.window.zone = t.hours.Location()
	if r.Spec.Recovery != nil {
		longest, err := time.ParseDuration(string(r.Spec.Recovery.MaxOutage))
		if err != nil || longest < 0 {
			c.fault("recovery.maxOutage", "%q is not a duration such as 4h", r.Spec.Recovery.MaxOutage)
		} else {
			t.maxOutage = int64(longest / time.Second)
		}
	}
	return t
}

func (c *compiler) window(w *v1alpha1.AvailabilityWindow) window {
	if w.Rolling != "" {
		length, err := time.ParseDuration(string(w.Rolling))
		if err == nil && length >= shortestWindow*time.Hour && length <= longestWindow*time.Hour {
			return window{rolling: w.Rolling, days: int((length + 24*time.Hour - 1) / (24 * time.Hour))}
		}
		c.fault("availability.window.rolling", "%q is not a duration of 24h to 2160h, such as 720h", w.Rolling)
		return window{calendar: v1alpha1.CalendarMonth}
	}
	switch w.Calendar {
	case v1alpha1.CalendarMonth, v1alpha1.CalendarQuarter, v1alpha1.CalendarYear:
		return window{calendar: w.Calendar}
	}
	c.fault("availability.window.calendar", "%q is none of Month, Quarter and Year", w.Calendar)
	return window{calendar: v1alpha1.CalendarMonth}
}

// hours compiles service hours. What cannot be used is left out, one after the
// other, until the rest can.
func (c *compiler) hours(given *v1alpha1.ServiceHours) *calendar.Hours {
	usable := given.DeepCopy()
	for usable != nil {
		hours, err := calendar.NewHours(usable)
		if err == nil {
			return hours
		}
		c.fault("serviceHours."+err.Field, "%s", err.Detail)
		usable = without(usable, err.Field)
	}
	return nil
}

// without returns service hours without the field that cannot be used; nil if
// nothing is left.
func without(h *v1alpha1.ServiceHours, field string) *v1alpha1.ServiceHours {
	list, rest, _ := strings.Cut(field, "[")
	var index int
	_, err := fmt.Sscanf(rest, "%d]", &index)
	switch {
	case list == "timeZone" && h.TimeZone != "":
		h.TimeZone = ""
	case list == "holidays" && h.Holidays != "":
		h.Holidays = ""
	case list == "weekly" && err == nil && index < len(h.Weekly):
		h.Weekly = slices.Delete(h.Weekly, index, index+1)
	case list == "closuresOn" && err == nil && index < len(h.ClosuresOn):
		h.ClosuresOn = slices.Delete(h.ClosuresOn, index, index+1)
	default:
		return nil
	}
	return h
}

// at returns the index of the revision that holds at the moment; -1 if that was
// before the first.
func (a *Agreement) at(moment int64) int {
	for i, v := range slices.Backward(a.revisions) {
		if v.from <= moment {
			return i
		}
	}
	return -1
}

// of returns the index of the revision by which a segment is judged, as of the
// moment. Of a revision that was dropped the next one holds. -1 means that
// nothing was recorded yet.
func (a *Agreement) of(generation, moment int64) int {
	if generation == 0 {
		return -1
	}
	for i, v := range slices.Backward(a.revisions) {
		if v.generation == generation {
			return i
		}
	}
	return max(a.at(moment), 0)
}

// terms of a revision; nil for -1.
func (a *Agreement) terms(revision int) *terms {
	if a == nil || revision < 0 {
		return nil
	}
	return &a.revisions[revision]
}

// after returns when the revision after the given one begins to hold for an
// account that stands at the moment.
func (a *Agreement) after(revision int, moment int64) int64 {
	if a == nil || revision+1 >= len(a.revisions) {
		return never
	}
	return max(a.revisions[revision+1].from, moment)
}

// since returns from when on, at the earliest, is counted over the window of a
// revision.
func (a *Agreement) since(revision int, earliest int64) int64 {
	for i := revision; i > 0 && a.revisions[i].from > earliest; i-- {
		if !a.revisions[i-1].window.equal(a.revisions[i].window) {
			return a.revisions[i].from
		}
	}
	return earliest
}

// window over which is counted by a revision. Before the first it is the
// window of the first.
func (a *Agreement) window(revision int) window {
	if a == nil {
		return unagreed()
	}
	return a.revisions[max(revision, 0)].window
}
