// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

const (
	// maxPeriods that are over and are kept.
	maxPeriods = 13
	// maxSegments of a period.
	maxSegments = 32
)

// open begins a period. An outage that lasts goes on in it.
func (a *account) open(at int64) {
	a.cur.Period, a.cur.StartAt = a.period.Name, stamp(at)
	a.cur.Segments = nil
	a.cur.Accumulators = v1alpha1.Accumulators{}
	if a.cur.OpenOutage != nil {
		a.cur.Accumulators.Outages = 1
	}
	if a.inService() {
		a.segment(at)
	}
}

// close puts the period that ends on top of those that are over, under the name
// or else under that of its time, and reports whether it was one to note: not
// if nothing was in service, nor if it is a part of a period in which nothing
// was agreed and nothing went wrong.
func (a *account) close(at int64, name string) bool {
	a.finish(at, at-1)
	from := a.cur.StartAt.Unix()
	acc := &a.cur.Accumulators
	if at <= from || len(a.cur.Segments) == 0 {
		return false
	}
	if name == "" && acc.Agreed == 0 && acc.Raw == 0 && acc.Outages == 0 {
		return false
	}
	over := a.over(at, name)
	a.booked = append(a.booked, over)
	a.rec.Periods = slices.Insert(a.rec.Periods, 0, over)
	a.rec.Periods = a.rec.Periods[:min(len(a.rec.Periods), maxPeriods)]
	return true
}

// over returns the account of a period that ends.
func (a *account) over(at int64, name string) v1alpha1.AccountPeriod {
	acc := &a.cur.Accumulators
	from := a.cur.StartAt
	over := v1alpha1.AccountPeriod{
		Period: a.unique(name, from.Unix(), at), StartAt: &from, EndAt: new(stamp(at)),
		ServiceLevel: a.governed(), Objective: a.cur.Objective, Availability: a.cur.Availability,
		Agreed: acc.Agreed, Charged: acc.Charged, Unobserved: acc.Unobserved, Excluded: acc.Excluded,
		Budget: a.cur.Budget, Result: a.cur.Result, Outages: acc.Outages, Longest: acc.Longest,
		Raw: acc.Raw, Maintenance: acc.Maintenance, Slow: acc.Slow, RecoveryBreaches: acc.RecoveryBreaches,
	}
	if acc.Outages > 0 {
		over.MTTR = new(acc.Raw / int64(acc.Outages))
		if acc.Agreed > 0 && !a.rolling() {
			over.MTBF = new(max(acc.Agreed-acc.Charged-acc.Unobserved, 0) / int64(acc.Outages))
		}
	}
	return over
}

// governed returns the agreement that governed the end of the period.
func (a *account) governed() v1alpha1.ObjectName {
	for _, v := range slices.Backward(a.cur.Segments) {
		if level := v.ServiceLevel; level != "" {
			return level
		}
	}
	return ""
}

// unique returns the name of a period, or of its time where that is not enough.
func (a *account) unique(name string, from, to int64) string {
	const basic = "20060102T150405"
	taken := func(n string) bool {
		return slices.ContainsFunc(a.rec.Periods, func(p v1alpha1.AccountPeriod) bool { return p.Period == n })
	}
	if name != "" && !taken(name) {
		return name
	}
	zone := a.window.zone
	name = time.Unix(from, 0).In(zone).Format(basic) + "/" + time.Unix(to, 0).In(zone).Format(basic)
	if !taken(name) {
		return name
	}
	// An hour that a clock shows twice.
	return time.Unix(from, 0).UTC().Format(basic) + "Z/" + time.Unix(to, 0).UTC().Format(basic)
}

// segment begins a segment by the terms that hold.
func (a *account) segment(at int64) {
	next := v1alpha1.AccountSegment{From: stamp(at), ServiceLevel: a.level}
	if a.terms != nil {
		next.Generation = a.terms.generation
	}
	a.add(next)
	a.measure(&a.cur.Segments[len(a.cur.Segments)-1], at, a.until())
}

// until is the end of the time over which is counted.
func (a *account) until() int64 {
	if a.rolling() {
		_, day := calendar.Day(a.window.zone, a.at)
		return day.To
	}
	return a.period.Span.To
}

// add appends a segment. If there are too many, the two oldest become one.
func (a *account) add(next v1alpha1.AccountSegment) {
	segments := a.cur.Segments
	if n := len(segments); n > 0 && !segments[n-1].From.Before(&next.From) {
		segments = segments[:n-1]
	}
	if len(segments) >= maxSegments {
		segments[1].From = segments[0].From
		segments[1].Agreed += segments[0].Agreed
		segments[1].Budget += segments[0].Budget
		segments = segments[1:]
	}
	a.cur.Segments = append(segments, next)
}

// cut ends the last segment at a moment.
func (a *account) cut(at int64) {
	n := len(a.cur.Segments)
	if n == 0 {
		return
	}
	last := &a.cur.Segments[n-1]
	if last.From.Unix() >= at {
		a.cur.Segments = a.cur.Segments[:n-1]
		return
	}
	a.measure(last, last.From.Unix(), at)
}

// measure says what was agreed in a segment from one moment to another.
func (a *account) measure(segment *v1alpha1.AccountSegment, from, to int64) {
	t := a.termsOf(segment)
	if t == nil {
		segment.Agreed, segment.Budget = 0, 0
		return
	}
	segment.Agreed = t.hours.Seconds(calendar.Span{From: from, To: to})
	segment.Budget = t.budget(segment.Agreed).Seconds()
}

// budget of so many agreed seconds.
func (t *terms) budget(agreed int64) Budget { return Budget(t.allowed * agreed) }

// termsOf returns the terms that govern a segment; nil if there are none, or if
// the agreement is no more.
func (a *account) termsOf(segment *v1alpha1.AccountSegment) *terms {
	agreement := a.s.Agreements[segment.ServiceLevel]
	if agreement == nil || segment.ServiceLevel == "" {
		return nil
	}
	return agreement.terms(agreement.of(segment.Generation, segment.From.Unix()))
}

// budget returns the budget of all segments: exact where the terms of a
// segment are known, else as it was stored.
func (a *account) budget() Budget {
	var sum Budget
	for i := range a.cur.Segments {
		segment := &a.cur.Segments[i]
		if t := a.termsOf(segment); t != nil && segment.Generation == t.generation {
			sum += t.budget(segment.Agreed)
		} else {
			sum += Budget(segment.Budget * hundred)
		}
	}
	return sum
}

// finish says how the account stands at a moment up to which it was counted. A
// rolling window is that of the day on which the given second lies.
func (a *account) finish(at, second int64) {
	if a.rolling() {
		a.slide(at, second)
	}
	cur, acc := a.cur, &a.cur.Accumulators
	acc.AsOf = stamp(at)
	budget := a.budget()
	cur.Budget = budget.Seconds()
	cur.BudgetLeft = cur.Budget - acc.Charged
	cur.Objective = a.objective()
	cur.Availability = availabilityOf(acc.Agreed, acc.Unobserved, acc.Charged)
	cur.Result = ""
	if whole(cur) > 0 {
		cur.Result = result(budget, acc, a.minimum())
	}
}

// whole returns the agreed seconds of the whole period.
func whole(cur *v1alpha1.CurrentAccount) int64 {
	var sum int64
	for i := range cur.Segments {
		sum += cur.Segments[i].Agreed
	}
	return sum
}

func result(budget Budget, acc *v1alpha1.Accumulators, minimum int64) v1alpha1.ServiceLevelResult {
	switch {
	case budget.exceededBy(acc.Charged):
		return v1alpha1.ResultBreached
	case !covered(acc.Agreed, acc.Unobserved, minimum):
		return v1alpha1.ResultInsufficientData
	default:
		return v1alpha1.ResultMet
	}
}

// minimum coverage by the last terms that govern the period, in units of
// 10⁻⁵ %.
func (a *account) minimum() int64 {
	for i := len(a.cur.Segments) - 1; i >= 0; i-- {
		if t := a.termsOf(&a.cur.Segments[i]); t != nil {
			return t.coverage
		}
	}
	return defaultCoverage
}

// objective of the one revision that governs the whole period; empty if there
// are several.
func (a *account) objective() v1alpha1.Percentage {
	var only *terms
	for i := range a.cur.Segments {
		t := a.termsOf(&a.cur.Segments[i])
		switch {
		case t == nil && a.cur.Segments[i].Agreed > 0:
			return ""
		case t == nil:
		case only != nil && only != t:
			return ""
		default:
			only = t
		}
	}
	if only == nil {
		return ""
	}
	return only.objective
}
