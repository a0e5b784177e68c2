// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"fmt"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

const (
	// maxPeriods bounds the periods that are kept.
	maxPeriods = 13
	// maxSegments bounds the segments of a period; the oldest are joined.
	maxSegments = 32
)

// periodAt is the calendar period of a moment under a revision; the month, where
// there is none or it rolls.
func periodAt(r *revision, moment int64) calendar.Period {
	kind := v1alpha1.CalendarMonth
	if r != nil && r.window.Calendar != "" {
		kind = r.window.Calendar
	}
	return calendar.PeriodAt(kind, r.zone(), moment)
}

// windowStart is the first moment of a rolling window that ends on the day of a
// moment.
func windowStart(r *revision, moment int64) int64 {
	_, day := calendar.Day(r.zone(), moment)
	start := time.Unix(day.From, 0).In(r.zone()).AddDate(0, 0, 1-r.days)
	_, first := calendar.Day(r.zone(), start.Unix())
	return first.From
}

// begin begins a period at a moment, under the revision that governs it.
func (b *book) begin(moment int64) {
	c := b.record.Current
	r := b.revision(moment)
	c.Period, c.StartAt = periodAt(r, moment).Name, at(moment)
	if r != nil && r.days > 0 {
		c.Period = string(r.window.Rolling)
	}
	outages := int32(0)
	if c.OpenOutage != nil {
		outages = 1
	}
	c.Accumulators = v1alpha1.Accumulators{AsOf: at(moment), Outages: outages}
	c.Segments = []v1alpha1.AccountSegment{b.segment(moment, b.level())}
	b.measure()
}

// segment is one that begins at a moment.
func (b *book) segment(moment int64, level v1alpha1.ObjectName) v1alpha1.AccountSegment {
	s := v1alpha1.AccountSegment{From: at(moment), ServiceLevel: level}
	if r := b.scope.Agreements[level].at(moment); r != nil {
		s.Generation, s.Objective = r.generation, r.objective
	}
	return s
}

// end is when the period that holds a moment ends.
func (b *book) end(moment int64) int64 {
	r := b.revision(moment)
	if r != nil && r.days > 0 {
		_, day := calendar.Day(r.zone(), b.now)
		return max(day.To, moment+1)
	}
	return periodAt(r, moment).Span.To
}

// measure says what the last segment holds in agreed seconds up to the end of
// the period, and what it allows.
func (b *book) measure() {
	c := b.record.Current
	last := &c.Segments[len(c.Segments)-1]
	from := last.From.Unix()
	b.fix(last, b.end(max(from, c.Accumulators.AsOf.Unix())))
}

// fix says what a segment holds that ends at a moment.
func (b *book) fix(s *v1alpha1.AccountSegment, end int64) {
	s.Agreed, s.Budget = 0, 0
	r := b.scope.Agreements[s.ServiceLevel].at(s.From.Unix())
	if r == nil || b.record.Current.State == v1alpha1.IndicatorNotInService && end > b.record.Current.Since.Unix() {
		if r == nil {
			return
		}
		end = b.record.Current.Since.Unix()
	}
	s.Agreed = r.hours.Seconds(calendar.Span{From: s.From.Unix(), To: end})
	if budget, err := BudgetOf(r.objective, s.Agreed); err == nil {
		s.Budget = budget.Seconds()
	}
}

// pass does what is to be done when the account has come to a moment: another
// revision governs from now on, or the period is over.
func (b *book) pass(moment int64) {
	c := b.record.Current
	was, is := b.revision(moment-1), b.revision(moment)
	switch {
	case !sameWindow(was, is) && was != nil:
		b.close(moment)
		b.begin(moment)
		b.changed = true
	case was != is:
		b.revise(moment, b.level())
		b.changed = true
	}
	if (is == nil || is.days == 0) && moment > c.StartAt.Unix() && periodAt(is, moment).Span.From == moment && c.Accumulators.AsOf.Unix() == moment {
		b.closeAt(moment, periodAt(is, moment-1).Name)
		b.begin(moment)
	}
}

// revise begins another segment of the period.
func (b *book) revise(moment int64, level v1alpha1.ObjectName) {
	c := b.record.Current
	b.fix(&c.Segments[len(c.Segments)-1], moment)
	if last := &c.Segments[len(c.Segments)-1]; last.From.Unix() == moment || last.Agreed == 0 && last.ServiceLevel == "" {
		c.Segments = c.Segments[:len(c.Segments)-1]
	}
	c.Segments = append(c.Segments, b.segment(moment, level))
	if n := len(c.Segments) - maxSegments; n > 0 {
		// The oldest two become one: what they hold together stays true.
		c.Segments[1].From = c.Segments[0].From
		c.Segments[1].Agreed += c.Segments[0].Agreed
		c.Segments[1].Budget += c.Segments[0].Budget
		c.Segments[1].Objective = ""
		c.Segments = c.Segments[n:]
	}
	b.measure()
}

// leave ends what is agreed while the Application is out of service.
func (b *book) leave(moment int64) {
	c := b.record.Current
	b.fix(&c.Segments[len(c.Segments)-1], moment)
}

// enter begins a segment where it is in service again.
func (b *book) enter(moment int64) {
	b.revise(moment, b.level())
}

// refer has another agreement govern the account from now on.
func (b *book) refer() {
	level := b.scope.Level
	if b.scope.Agreements[level] == nil {
		level = ""
	}
	was := b.level()
	if level == was {
		return
	}
	b.changed = true
	if was == "" && (b.scope.Agreements[level].at(b.now) == nil || sameWindow(nil, nil) && b.sameMonth(level)) {
		// Nothing was agreed so far: the period goes on, and from now on it is.
		b.revise(b.now, level)
		return
	}
	b.close(b.now)
	b.record.Current.Segments = []v1alpha1.AccountSegment{{From: at(b.now), ServiceLevel: level}}
	b.begin(b.now)
}

// sameMonth says whether an agreement counts by the months in which an account
// without one is kept.
func (b *book) sameMonth(level v1alpha1.ObjectName) bool {
	r := b.scope.Agreements[level].at(b.now)
	return r != nil && r.days == 0 && periodAt(r, b.now) == periodAt(nil, b.now)
}

// close books the period that ends at a moment that is not its own, under a name
// that says from when to when it was.
func (b *book) close(moment int64) {
	c := b.record.Current
	if moment <= c.StartAt.Unix() {
		return
	}
	const basic = "20060102T150405"
	zone := b.revision(moment - 1).zone()
	name := fmt.Sprintf("%s/%s", c.StartAt.In(zone).Format(basic), time.Unix(moment, 0).In(zone).Format(basic))
	b.closeAt(moment, name)
}

// closeAt books the period that ends at a moment.
func (b *book) closeAt(moment int64, name string) {
	c := b.record.Current
	b.fix(&c.Segments[len(c.Segments)-1], moment)
	a := &c.Accumulators
	st := b.standing(moment - 1)
	start, end := c.StartAt, at(moment)
	p := v1alpha1.AccountPeriod{
		Period: name, StartAt: &start, EndAt: &end, ServiceLevel: b.level(), Objective: st.objective,
		Availability: st.availability, Result: st.result, Budget: st.budget.Seconds(),
		Agreed: a.Agreed, Charged: a.Charged, Unobserved: a.Unobserved, Excluded: a.Excluded, Raw: a.Raw,
		Maintenance: a.Maintenance, Slow: a.Slow, Outages: a.Outages, Longest: a.Longest, RecoveryBreaches: a.RecoveryBreaches,
	}
	if a.Outages > 0 {
		repair, between := a.Raw/int64(a.Outages), max(a.Agreed-a.Charged-a.Unobserved, 0)/int64(a.Outages)
		p.MTTR, p.MTBF = &repair, &between
	}
	b.booked = append(b.booked, p)
	periods := slices.DeleteFunc(b.record.Periods, func(k v1alpha1.AccountPeriod) bool { return k.Period == name })
	b.record.Periods = slices.Insert(periods, 0, p)
	if len(b.record.Periods) > maxPeriods {
		b.record.Periods = b.record.Periods[:maxPeriods]
	}
}
