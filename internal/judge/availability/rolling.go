// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"cmp"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// day returns the bucket of a local day.
func (b *book) day(on v1alpha1.Date) *v1alpha1.AccountDay {
	i, found := slices.BinarySearchFunc(b.record.Days, on, func(d v1alpha1.AccountDay, on v1alpha1.Date) int { return cmp.Compare(d.On, on) })
	if !found {
		b.record.Days = slices.Insert(b.record.Days, i, v1alpha1.AccountDay{On: on})
	}
	return &b.record.Days[i]
}

// note adds what was counted to the bucket of its day.
func (b *book) note(r *revision, span calendar.Span, n sum) {
	if n.charged == 0 && n.unobserved == 0 && n.slow == 0 && n.raw == 0 {
		return
	}
	on, _ := calendar.Day(r.zone(), span.From)
	d := b.day(on)
	d.Charged += n.charged
	d.Unobserved += n.unobserved
	d.Slow += n.slow
	d.Raw += n.raw
	d.Maintenance += n.maintenance
}

// noteOutage counts an outage on the day on which it began.
func (b *book) noteOutage(moment int64) {
	if r := b.revision(moment); r != nil && r.days > 0 {
		on, _ := calendar.Day(r.zone(), moment)
		b.day(on).Outages++
	}
}

// roll sums up a rolling window as it is now, and drops what has left it. Where
// the account does not roll, no day is kept.
func (b *book) roll() {
	c := b.record.Current
	r := b.revision(b.now)
	if r == nil || r.days == 0 {
		b.record.Days = nil
		return
	}
	start := windowStart(r, b.now)
	first, _ := calendar.Day(r.zone(), start)
	if kept := slices.IndexFunc(b.record.Days, func(d v1alpha1.AccountDay) bool { return d.On >= first }); kept != 0 && len(b.record.Days) > 0 {
		if kept < 0 {
			kept = len(b.record.Days)
		}
		_, today := calendar.Day(r.zone(), b.now)
		b.left = today.From
		b.record.Days = slices.Clone(b.record.Days[kept:])
	}
	began := max(start, c.Segments[0].From.Unix())
	for i := range c.Segments {
		if c.Segments[i].ServiceLevel != "" {
			began = max(start, c.Segments[i].From.Unix())
			break
		}
	}
	a := v1alpha1.Accumulators{
		AsOf: c.Accumulators.AsOf, Longest: c.Accumulators.Longest, RecoveryBreaches: c.Accumulators.RecoveryBreaches,
		Agreed: r.hours.Seconds(calendar.Span{From: began, To: b.now}),
	}
	for i := range b.record.Days {
		d := &b.record.Days[i]
		a.Charged += d.Charged
		a.Unobserved += d.Unobserved
		a.Slow += d.Slow
		a.Raw += d.Raw
		a.Maintenance += d.Maintenance
		a.Outages += d.Outages
	}
	a.Excluded = a.Raw - a.Charged
	c.Accumulators, c.StartAt = a, at(began)
	_, today := calendar.Day(r.zone(), b.now)
	seg := b.segment(b.now, b.level())
	seg.From = at(began)
	seg.Agreed = r.hours.Seconds(calendar.Span{From: began, To: today.To})
	if budget, err := BudgetOf(r.objective, seg.Agreed); err == nil {
		seg.Budget = budget.Seconds()
	}
	c.Segments = []v1alpha1.AccountSegment{seg}
}

// firstToLeave is when the first day with something to be noted leaves the
// rolling window; 0 if none does.
func (b *book) firstToLeave(r *revision) int64 {
	if r == nil || r.days == 0 || len(b.record.Days) == 0 {
		return 0
	}
	on, err := time.ParseInLocation(time.DateOnly, string(b.record.Days[0].On), r.zone())
	if err != nil {
		return 0
	}
	_, day := calendar.Day(r.zone(), on.AddDate(0, 0, r.days).Unix())
	return day.From
}
