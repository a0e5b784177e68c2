// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// count puts the seconds up to a moment into the one class to which they
// belong: not in service, outside service hours, maintenance, unobserved,
// outage or up, whichever is first.
func (a *account) count(to int64, class v1alpha1.IndicatorState) {
	if !a.inService() {
		return
	}
	seconds := to - a.at
	acc, open := &a.cur.Accumulators, a.cur.OpenOutage
	switch {
	case class == v1alpha1.IndicatorDown:
		acc.Raw += seconds
		if open != nil {
			open.RawSeconds += seconds
		}
	case open != nil:
		open.UnobservedSeconds += seconds
	}
	if a.terms == nil {
		return
	}
	if a.clock == nil {
		a.clock = newClock(a.terms, a.own, calendar.Span{From: a.at, To: a.now})
	}
	hours, net := a.clock.hours.seconds(a.at, to), a.clock.net.seconds(a.at, to)
	acc.Agreed += hours
	acc.Maintenance += hours - net
	a.rec.Totals.Agreed += hours
	switch class {
	case v1alpha1.IndicatorUnobserved:
		acc.Unobserved += net
		a.rec.Totals.Unobserved += net
		a.note(0, net, 0)
	case v1alpha1.IndicatorSlow:
		acc.Slow += net
		a.note(0, 0, net)
	case v1alpha1.IndicatorDown:
		a.charge(to, hours, net)
	}
}

// charge charges an outage up to a moment, with so many seconds of service and
// so many of them outside maintenance.
func (a *account) charge(to, hours, net int64) {
	acc, open := &a.cur.Accumulators, a.cur.OpenOutage
	if open == nil {
		return
	}
	span := calendar.Span{From: a.at, To: to}
	charged := net
	if net > 0 && len(a.excuses) > 0 {
		charged -= a.excused(open, span)
	}
	acc.Charged += charged
	acc.Excluded += to - a.at - charged
	a.rec.Totals.Charged += charged
	open.ChargedSeconds += charged
	a.note(charged, 0, 0)
	exclude(open, "ServiceHours", string(a.level), to-a.at-hours)
	if hours > net {
		for i := range a.clock.windows {
			w := &a.clock.windows[i]
			exclude(open, "Maintenance", w.name, w.seconds(a.at, to))
		}
	}
	if charged > 0 {
		a.recovery(open)
	}
	if a.rolling() || open.StartAt.Unix() >= a.cur.StartAt.Unix() {
		acc.Longest = max(acc.Longest, open.ChargedSeconds)
	} else {
		// It is the first of this period, so all that is charged is its own.
		acc.Longest = max(acc.Longest, min(acc.Charged, open.ChargedSeconds))
	}
}

// recovery notes when an outage has cost more than one may.
func (a *account) recovery(open *v1alpha1.Outage) {
	if !open.RecoveryBreached && open.ChargedSeconds > a.maxOutage(open) {
		open.RecoveryBreached = true
		a.cur.Accumulators.RecoveryBreaches++
	}
}

// maxOutage is how many seconds may be charged for an outage, by the revision
// at its start.
func (a *account) maxOutage(open *v1alpha1.Outage) int64 {
	if a.agreement == nil {
		return never
	}
	t := a.agreement.terms(max(a.agreement.at(open.StartAt.Unix()), 0))
	return t.maxOutage
}

// excused returns the seconds of a span that are charged to nobody, as a
// dependency is the cause of them.
func (a *account) excused(open *v1alpha1.Outage, span calendar.Span) int64 {
	left := a.clock.net.spans.Clip(span)
	var sum int64
	for i := range a.excuses {
		taken := left.Intersect(a.excuses[i].Spans)
		if len(taken) == 0 {
			continue
		}
		seconds := taken.Seconds()
		exclude(open, "Dependency", a.excuses[i].Name, seconds)
		sum += seconds
		left = left.Subtract(taken)
		if spans := a.excuses[i].Spans; spans[len(spans)-1].To < a.now {
			a.news.excuse = true
		}
	}
	return sum
}
