// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// book is an account that is being advanced.
type book struct {
	scope  *Scope
	record *v1alpha1.AvailabilityRecord
	now    int64
	own    []ownWindow
	ended  []v1alpha1.Outage
	booked []v1alpha1.AccountPeriod
	// changed: something happened that is to be stored.
	changed bool
	// left: a day with something to be noted has left the rolling window.
	left int64
}

func at(unix int64) metav1.Time { return metav1.NewTime(time.Unix(unix, 0).UTC()) }

// level that governs the account; empty for none.
func (b *book) level() v1alpha1.ObjectName {
	if n := len(b.record.Current.Segments); n > 0 {
		return b.record.Current.Segments[n-1].ServiceLevel
	}
	return ""
}

// revision that governs the account at a moment; nil for none.
func (b *book) revision(moment int64) *revision {
	return b.scope.Agreements[b.level()].at(moment)
}

// open begins an account that does not exist yet.
func (b *book) open() {
	began := b.now
	state := v1alpha1.IndicatorNotInService
	level := b.scope.Level
	if b.scope.Agreements[level] == nil {
		level = ""
	}
	r := b.scope.Agreements[level].at(b.now)
	if b.scope.Accounted || b.scope.Origin != v1alpha1.OriginProject {
		// It ran before anybody looked, for nobody knows how long.
		began = periodAt(r, b.now).Span.From
		if r != nil && r.days > 0 {
			began = windowStart(r, b.now)
		}
		state = v1alpha1.IndicatorUnobserved
	} else {
		for i := range b.scope.Parts {
			for _, c := range b.scope.Parts[i].Changes {
				began = min(began, c.At.Unix())
			}
		}
	}
	if b.scope.Accounted {
		lost := at(b.now)
		b.record.HistoryLostAt = &lost
	}
	b.record.Current = &v1alpha1.CurrentAccount{
		State: state, Since: at(began), Accumulators: v1alpha1.Accumulators{AsOf: at(began)},
		Segments: []v1alpha1.AccountSegment{{From: at(began), ServiceLevel: level}},
	}
	b.begin(began)
	b.changed = true
}

// advance counts up to the present moment.
func (b *book) advance(stretches []stretch) {
	c := b.record.Current
	for _, st := range stretches {
		b.turn(st)
		for from := st.From; from < st.To; {
			to := min(st.To, b.boundary(from))
			b.count(calendar.Span{From: from, To: to}, st)
			from = to
			c.Accumulators.AsOf = at(from)
			b.pass(from)
		}
	}
	c.Accumulators.AsOf = at(b.now)
	b.roll()
}

// boundary is the next moment after from at which something else governs: the
// end of a period or of a day, or another revision.
func (b *book) boundary(from int64) int64 {
	c := b.record.Current
	r := b.revision(from)
	next := b.end(from)
	if r != nil && r.days > 0 {
		_, day := calendar.Day(r.zone(), from)
		next = day.To
	}
	if revised, ok := b.scope.Agreements[b.level()].after(from); ok {
		next = min(next, revised)
	}
	if r == nil && len(c.Segments) == 0 {
		return next
	}
	return next
}

// count counts a time that one revision governs.
func (b *book) count(span calendar.Span, st stretch) {
	c := b.record.Current
	r := b.revision(span.From)
	n := (&counter{
		terms:  terms{level: b.level(), revision: r, own: b.own},
		unseen: b.scope.unseen(span, c), excuses: b.scope.Excuses, now: b.now,
	}).count(stretch{Span: span, state: st.state, check: st.check, cause: st.cause}, c.OpenOutage)
	a := &c.Accumulators
	a.Agreed += n.agreed
	a.Charged += n.charged
	a.Unobserved += n.unobserved
	a.Raw += n.raw
	a.Excluded += n.raw - n.charged
	a.Maintenance += n.maintenance
	a.Slow += n.slow
	b.record.Totals.Agreed += n.agreed
	b.record.Totals.Charged += n.charged
	b.record.Totals.Unobserved += n.unobserved
	if o := c.OpenOutage; o != nil {
		a.Longest = max(a.Longest, o.ChargedSeconds)
		if r != nil && r.maxOutage > 0 && o.ChargedSeconds > r.maxOutage && !o.RecoveryBreached {
			o.RecoveryBreached = true
			a.RecoveryBreaches++
			b.changed = true
		}
	}
	if r != nil && r.days > 0 {
		b.note(r, span, n)
	}
}

// turn has the indicator be in another state.
func (b *book) turn(st stretch) {
	c := b.record.Current
	if c.State == st.state && (st.state != v1alpha1.IndicatorDown || c.OpenOutage != nil) {
		if st.cause != nil && c.OpenOutage != nil && c.OpenOutage.Cause == nil {
			c.OpenOutage.Cause = st.cause
		}
		return
	}
	was := c.State
	c.State, c.Since = st.state, at(st.From)
	b.changed = true
	switch st.state {
	case v1alpha1.IndicatorDown:
		if c.OpenOutage == nil {
			yes := true
			c.OpenOutage = &v1alpha1.Outage{Check: checkOf(st), StartAt: at(st.From), Charged: &yes, Cause: st.cause}
			c.Accumulators.Outages++
			b.noteOutage(st.From)
		}
	case v1alpha1.IndicatorUp, v1alpha1.IndicatorSlow:
		b.finish(st.From, b.endReason())
	case v1alpha1.IndicatorNotInService:
		b.finish(st.From, v1alpha1.EndedOutOfService)
		b.leave(st.From)
	case v1alpha1.IndicatorUnobserved:
		if o := c.OpenOutage; o != nil && b.vanished(o.Check) {
			b.finish(st.From, v1alpha1.EndedEndpointRemoved)
		}
	}
	if was == v1alpha1.IndicatorNotInService && st.state != was {
		b.enter(st.From)
	}
}

// checkOf names what shows an outage.
func checkOf(st stretch) string {
	if st.check == "" {
		return "unknown"
	}
	return st.check
}

// vanished says whether a check is no longer a part of the indicator.
func (b *book) vanished(check string) bool {
	for i := range b.scope.Parts {
		if b.scope.Parts[i].Check == check {
			return false
		}
	}
	return true
}

// endReason is why an outage ended that is over: that what showed it was
// removed, or simply that it is up.
func (b *book) endReason() string {
	if o := b.record.Current.OpenOutage; o != nil && b.vanished(o.Check) {
		return v1alpha1.EndedEndpointRemoved
	}
	return ""
}

// end1 ends the outage that lasts, if there is one.
func (b *book) finish(moment int64, reason string) {
	c := b.record.Current
	if c.OpenOutage == nil {
		return
	}
	o := *c.OpenOutage
	end := at(moment)
	o.EndAt, o.EndReason = &end, reason
	b.ended = append(b.ended, o)
	c.OpenOutage = nil
}

// known takes over the maintenance windows that are declared.
func (b *book) known() {
	if sameWindows(b.record.Maintenance, b.scope.Maintenance) {
		return
	}
	var next []v1alpha1.SeenWindow
	for i := range b.scope.Maintenance {
		w := b.scope.Maintenance[i]
		seen := v1alpha1.SeenWindow{SeenAt: at(b.now), Window: w}
		if k := findWindow(b.record.Maintenance, &w); k >= 0 {
			seen.SeenAt = b.record.Maintenance[k].SeenAt
		}
		seen.Window.Reason = ""
		next = append(next, seen)
	}
	b.record.Maintenance = next
	b.changed = true
}
