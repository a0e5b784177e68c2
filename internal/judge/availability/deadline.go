// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// horizon is how far deadlines are looked for, in seconds. At it the account is
// judged again.
const horizon = 31 * 24 * 60 * 60

// next returns the first moment at which something can happen by itself.
func (a *account) next(course *timeline, waiting bool) time.Time {
	next := course.unsettled
	if waiting {
		next = min(next, a.news.due)
	}
	if !a.inService() {
		switch {
		case course.fresh:
			next = min(next, max(a.cur.Since.Unix()+firstSuccessWithin, a.now+1))
		case a.rolling() && len(a.rec.Days) > 0:
			next = min(next, shift(a.window.zone, a.now, 0).To)
		case !a.rolling() && len(a.cur.Segments) > 0:
			next = min(next, a.spread(a.period.Span.To))
		}
		return moment(next)
	}
	if a.revised != never {
		next = min(next, max(a.revised, a.now+1))
	}
	limit := a.now + horizon
	switch {
	case !a.rolling():
		limit = min(limit, a.period.Span.To)
		next = min(next, a.spread(a.period.Span.To))
	default:
		limit = min(limit, shift(a.window.zone, a.now, 0).To)
		if len(a.rec.Days) > 0 {
			next = min(next, limit)
		}
	}
	class := a.classNow(course)
	if class == v1alpha1.IndicatorDown || class == v1alpha1.IndicatorUnobserved {
		next = min(next, limit)
	}
	if a.terms != nil {
		next = min(next, a.deadline(class, limit))
	}
	return moment(next)
}

// spread is when the end of a period is written.
func (a *account) spread(end int64) int64 { return end + int64(max(a.s.Spread, 0)/time.Second) }

// classNow is the class of the present second, as far as the indicator says.
func (a *account) classNow(course *timeline) v1alpha1.IndicatorState {
	for i := range a.s.Gaps {
		g := &a.s.Gaps[i]
		if g.From.Unix() <= a.now && (g.To.IsZero() || g.To.Unix() > a.now) && !course.seenIn(g) {
			return v1alpha1.IndicatorUnobserved
		}
	}
	return a.cur.State
}

// seenIn reports whether what decides over the state was seen within a gap.
func (t *timeline) seenIn(g *Gap) bool {
	if g.Whole {
		return false
	}
	_, _, class := t.sighted(t.span.To, g)
	state, _, _ := t.known(t.span.To)
	return state != "" && class == state
}

// sighted is known, with every part unobserved that was not seen in a gap.
func (t *timeline) sighted(moment int64, g *Gap) (state v1alpha1.IndicatorState, all bool, class v1alpha1.IndicatorState) {
	all = true
	for i := range t.tracks {
		k := &t.tracks[i]
		s := k.at(moment)
		if s == nil {
			all = false
			continue
		}
		state = worse(state, s.state)
		if _, ok := seenWithin(k.part.Changes, g); ok {
			class = worse(class, s.state)
		} else {
			class = worse(class, v1alpha1.IndicatorUnobserved)
		}
	}
	return state, all, class
}

// deadline returns when the result changes, or something is exceeded, if the
// seconds from now on are all of one class.
func (a *account) deadline(class v1alpha1.IndicatorState, limit int64) int64 {
	acc := &a.cur.Accumulators
	at := int64(never)
	insufficient := a.cur.Result == v1alpha1.ResultInsufficientData
	switch class {
	case v1alpha1.IndicatorUnobserved:
		if a.cur.Result == v1alpha1.ResultMet {
			at = min(at, a.uncovered(limit))
		}
		if insufficient {
			// Agreed time in maintenance counts as observed.
			at = min(at, a.recovered(limit))
		}
		return at
	case v1alpha1.IndicatorDown:
		if a.isExcused() {
			break
		}
		budget := a.budget()
		for _, most := range []int64{budget.Seconds(), budget.mostBeforeLow()} {
			if acc.Charged <= most {
				at = min(at, a.charged(most+1-acc.Charged, limit))
			}
		}
		if open := a.cur.OpenOutage; open != nil && !open.RecoveryBreached {
			if most := a.maxOutage(open); most != never {
				at = min(at, a.charged(max(most+1-open.ChargedSeconds, 1), limit))
			}
		}
	}
	if insufficient {
		at = min(at, a.recovered(limit))
	}
	return at
}

// outsideMaintenance calls a function with each span from now to a limit that
// is not in maintenance, and whether one in maintenance follows; it stops when
// that returns false.
func (a *account) outsideMaintenance(limit int64, each func(calendar.Span) bool) {
	span := calendar.Span{From: a.now, To: limit}
	if span.From >= span.To {
		return
	}
	free := calendar.Union(span)
	if a.terms.windows {
		for _, w := range a.terms.maintenance.Within(span) {
			free = free.Subtract(w.Spans)
		}
	}
	for _, w := range a.own.within(span) {
		free = free.Subtract(w.Spans)
	}
	for _, s := range free {
		if !each(s) {
			return
		}
	}
}

// charged returns when so many seconds more are charged.
func (a *account) charged(seconds, limit int64) int64 {
	at := int64(never)
	a.outsideMaintenance(limit, func(s calendar.Span) bool {
		if in := a.terms.hours.Seconds(s); in < seconds {
			seconds -= in
			return true
		}
		// It is exceeded when the last of these seconds is over.
		if after, ok := a.terms.hours.After(s.From, seconds, s.To+1); ok {
			at = after
		}
		return false
	})
	return at
}

// uncovered returns when too little of the agreed time is observed, if no more
// of it is.
func (a *account) uncovered(limit int64) int64 {
	minimum := a.minimum()
	if minimum == 0 {
		return never
	}
	acc := &a.cur.Accumulators
	observed, agreed, last := acc.Agreed-acc.Unobserved, acc.Agreed, a.now
	at := int64(never)
	a.outsideMaintenance(limit, func(s calendar.Span) bool {
		maintained := a.terms.hours.Seconds(calendar.Span{From: last, To: s.From})
		observed, agreed, last = observed+maintained, agreed+maintained, s.To
		// The first number of seconds with observed × 100 % < minimum × agreed.
		missing := max(observed*hundred/minimum-agreed+1, 1)
		if in := a.terms.hours.Seconds(s); in < missing {
			agreed += in
			return true
		}
		if after, ok := a.terms.hours.After(s.From, missing, s.To+1); ok {
			at = after
		}
		return false
	})
	return at
}

// recovered returns the earliest moment at which enough of the agreed time is
// observed, if from now on all of it is.
func (a *account) recovered(limit int64) int64 {
	unseen := hundred - a.minimum()
	if unseen == 0 {
		return never
	}
	acc := &a.cur.Accumulators
	needed := (acc.Unobserved*hundred + unseen - 1) / unseen
	if at, ok := a.terms.hours.After(a.now, max(needed-acc.Agreed, 1), limit+1); ok {
		return at
	}
	return never
}
