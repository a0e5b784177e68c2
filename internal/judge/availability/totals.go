// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"time"

	"k8s.io/utils/ptr"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Totals returns the totals of an account at a moment at or after its
// accumulators.asOf, for counters that never decrease: what is stored, and the
// time since in the state that is stored, by the agreement of the record's last
// segment. Nothing is charged in a gap, of which the caller passes those that
// may lie after asOf, in order. Nothing is allocated while the state is Up or
// Slow, or no maintenance windows were agreed.
func Totals(record *v1alpha1.AvailabilityRecord, agreement *Agreement, at time.Time, gaps ...Gap) v1alpha1.AccountTotals {
	return totalsAt(record, agreement, at, gaps, false)
}

// SeenTotals is Totals where a gap after accumulators.asOf is unobserved, as the
// next write of the account will have it. A counter may not say so, since what
// this process knows of the time of a gap can still take some of it back.
func SeenTotals(record *v1alpha1.AvailabilityRecord, agreement *Agreement, at time.Time, gaps ...Gap) v1alpha1.AccountTotals {
	return totalsAt(record, agreement, at, gaps, true)
}

// totalsAt returns totals at a moment, in which gaps are unobserved or not.
func totalsAt(record *v1alpha1.AvailabilityRecord, agreement *Agreement, at time.Time, gaps []Gap, unseen bool) v1alpha1.AccountTotals {
	totals := record.Totals
	cur := record.Current
	if cur == nil || agreement == nil || cur.State == v1alpha1.IndicatorNotInService || len(cur.Segments) == 0 {
		return totals
	}
	segment := &cur.Segments[len(cur.Segments)-1]
	if segment.ServiceLevel != agreement.name {
		return totals
	}
	from, end := cur.Accumulators.AsOf.Unix(), at.Unix()
	revision := agreement.of(segment.Generation, from)
	for from < end {
		to := min(agreement.after(revision, from), end)
		if t := agreement.terms(revision); t != nil && from < to {
			span := calendar.Span{From: from, To: to}
			totals.Agreed += t.hours.Seconds(span)
			switch {
			case cur.State == v1alpha1.IndicatorUnobserved:
				totals.Unobserved += t.net(record, span)
			case cur.State == v1alpha1.IndicatorDown && cur.OpenOutage != nil && ptr.Deref(cur.OpenOutage.Charged, true):
				totals.Charged += t.seen(record, span, gaps)
			}
			if unseen && cur.State != v1alpha1.IndicatorUnobserved {
				totals.Unobserved += t.net(record, span) - t.seen(record, span, gaps)
			}
		}
		from = to
		revision++
	}
	return totals
}

// net returns the agreed seconds of a span outside maintenance.
func (t *terms) net(record *v1alpha1.AvailabilityRecord, span calendar.Span) int64 {
	if !t.windows && len(record.Maintenance) == 0 {
		return t.hours.Seconds(span)
	}
	return newClock(t, newSeenWindows(record.Maintenance), span).net.seconds(span.From, span.To)
}

// seen is net without what lies in a gap.
func (t *terms) seen(record *v1alpha1.AvailabilityRecord, span calendar.Span, gaps []Gap) int64 {
	var sum int64
	for i := range gaps {
		from, to := gaps[i].From.Unix(), span.To
		if !gaps[i].To.IsZero() {
			to = gaps[i].To.Unix()
		}
		if to <= span.From || from >= span.To {
			continue
		}
		if span.From < from {
			sum += t.net(record, calendar.Span{From: span.From, To: from})
		}
		span.From = max(span.From, to)
	}
	if span.From >= span.To {
		return sum
	}
	return sum + t.net(record, span)
}
