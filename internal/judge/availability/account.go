// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// account is a record while it is advanced.
type account struct {
	s   *Scope
	rec *v1alpha1.AvailabilityRecord
	cur *v1alpha1.CurrentAccount
	// at is the moment up to which seconds are counted, now the one up to which
	// they are to be.
	at, now int64
	// level by which is judged, empty if by none, and its agreement, revision,
	// terms (nil if there are none) and when the next revision begins.
	level     v1alpha1.ObjectName
	agreement *Agreement
	revision  int
	terms     *terms
	revised   int64
	// window over which is counted, and when its period ends.
	window window
	period calendar.Period
	// clock by the terms; nil until it is asked.
	clock *clock
	// own windows of the Application, and its excuses.
	own     seenWindows
	excuses []calendar.Named
	ended   []v1alpha1.Outage
	booked  []v1alpha1.AccountPeriod
	// news is what happened.
	news news
}

// news is what happened while an account was advanced.
type news struct {
	// begun anew; the state changed, or what is down; a revision or the
	// reference did; an outage was excused, or is no more.
	begun, state, terms, excuse bool
	// rolled: a period ended, or days left a rolling window.
	rolled bool
	// due is when that is to be written.
	due int64
}

// inService reports whether anything is counted.
func (a *account) inService() bool { return a.cur.State != v1alpha1.IndicatorNotInService }

// rolling reports whether is counted over a rolling window.
func (a *account) rolling() bool { return a.window.rolling != "" }

// fresh reports whether a record has never counted anything.
func fresh(rec *v1alpha1.AvailabilityRecord) bool {
	return len(rec.Current.Segments) == 0 && len(rec.Periods) == 0
}

// load takes up an account where it was left.
func load(s *Scope, now int64) *account {
	rec := s.Record.DeepCopy()
	a := &account{s: s, rec: rec, cur: rec.Current, at: rec.Current.Accumulators.AsOf.Unix(), now: now}
	a.news.due = never
	a.own = newSeenWindows(rec.Maintenance)
	a.excuse()
	segment := a.lastSegment()
	switch {
	case segment == nil && !a.inService():
		a.level = a.reference()
		a.resolve(a.at)
		a.window = a.agreement.window(a.revision)
	case segment == nil:
		a.resolve(a.at)
		a.window = unagreed()
	default:
		a.takeUp(segment)
	}
	a.setPeriod()
	if !a.inService() {
		a.terms, a.revised = nil, never
	}
	return a
}

// lastSegment returns the last segment that an agreement governs; nil if there
// is none or, while it is in service, if none governs it.
func (a *account) lastSegment() *v1alpha1.AccountSegment {
	for i := len(a.cur.Segments) - 1; i >= 0; i-- {
		if a.cur.Segments[i].ServiceLevel != "" {
			return &a.cur.Segments[i]
		}
		if a.inService() {
			return nil
		}
	}
	return nil
}

// takeUp goes on with the agreement that governed an account. If that is no
// more, nobody knows what was agreed since the account stood last: the period
// is closed there, with what it holds, and the account goes on without.
func (a *account) takeUp(segment *v1alpha1.AccountSegment) {
	a.level = segment.ServiceLevel
	if a.agreement = a.s.Agreements[a.level]; a.agreement == nil {
		a.orphan()
		return
	}
	a.revision = a.agreement.of(segment.Generation, a.at)
	a.terms = a.agreement.terms(a.revision)
	a.revised = a.agreement.after(a.revision, a.at)
	a.window = a.agreement.window(a.revision)
	a.setPeriod()
	if a.inService() && a.terms != nil && segment.Generation != a.terms.generation {
		// The revision was dropped, so the next one holds for its time.
		segment.Generation = a.terms.generation
		a.measure(segment, segment.From.Unix(), a.until())
	}
}

// orphan closes the period of an agreement that is no more.
func (a *account) orphan() {
	if n := len(a.cur.Segments); a.inService() {
		last := &a.cur.Segments[n-1]
		left := a.cur.Accumulators.Agreed
		for i := range n - 1 {
			left -= a.cur.Segments[i].Agreed
		}
		left = min(max(left, 0), last.Agreed)
		last.Budget, last.Agreed = share(left, last.Budget, last.Agreed), left
	}
	a.window = unagreed()
	a.close(a.at, "")
	a.level, a.rec.Days = "", nil
	a.resolve(a.at)
	a.setPeriod()
	a.open(a.at)
	a.news.terms = true
}

// reference returns the agreement by which is to be judged from now on: that to
// which the Application refers, or none as long as there is none of that name.
func (a *account) reference() v1alpha1.ObjectName {
	if a.s.Agreements[a.s.Level] == nil {
		return ""
	}
	return a.s.Level
}

// resolve looks up the terms that hold at a moment.
func (a *account) resolve(at int64) {
	a.agreement, a.revision, a.revised, a.clock = nil, -1, never, nil
	if a.level != "" {
		a.agreement = a.s.Agreements[a.level]
		a.revision = a.agreement.at(at)
		a.revised = a.agreement.after(a.revision, at)
	}
	a.terms = a.agreement.terms(a.revision)
}

// setPeriod finds the period in which the account stands; a rolling window has
// none that ends.
func (a *account) setPeriod() {
	if a.rolling() {
		a.period = calendar.Period{Name: string(a.window.rolling), Span: calendar.Span{From: a.windowStart(a.at), To: never}}
		return
	}
	a.period = calendar.PeriodAt(a.window.calendar, a.window.zone, a.at)
}

// excuse reads when outages are not charged.
func (a *account) excuse() {
	for i := range a.s.Excuses {
		e := &a.s.Excuses[i]
		span := calendar.Span{From: e.From.Unix(), To: a.now}
		if !e.To.IsZero() {
			span.To = min(e.To.Unix(), a.now)
		}
		a.excuses = append(a.excuses, calendar.Named{Name: e.Name, Spans: calendar.Union(span)})
	}
}

// become lets the indicator show what it does from a moment on. What ends
// belongs to the period before, what begins to the one after.
func (a *account) become(p piece, last bool) {
	open := a.cur.OpenOutage
	switch {
	case open == nil:
	case p.state == v1alpha1.IndicatorNotInService:
		a.end(p.from, v1alpha1.EndedOutOfService)
	case p.removed:
		a.end(p.from, v1alpha1.EndedEndpointRemoved)
	case p.state != v1alpha1.IndicatorDown && p.state != v1alpha1.IndicatorUnobserved:
		a.end(p.from, "")
	}
	a.turn(p.from)
	if last {
		a.refer(p.from)
	}
	if p.state != a.cur.State {
		a.news.state = true
		was := a.cur.State
		a.cur.State, a.cur.Since = p.state, stamp(p.from)
		switch v1alpha1.IndicatorNotInService {
		case was:
			a.enter(p.from)
		case p.state:
			a.leave(p.from)
		}
	}
	if p.state == v1alpha1.IndicatorDown {
		a.begin(&p)
	}
}

// advance counts up to a moment what is of one class.
func (a *account) advance(to int64, class v1alpha1.IndicatorState) {
	for {
		a.turn(a.at)
		if a.at >= to {
			return
		}
		stop := min(to, a.period.Span.To, a.revised)
		if a.rolling() && (class != v1alpha1.IndicatorUp || a.cur.OpenOutage != nil) {
			_, day := calendar.Day(a.window.zone, a.at)
			stop = min(stop, day.To)
		}
		a.count(stop, class)
		a.at = stop
		if stop >= to {
			return
		}
	}
}

// turn ends the periods and revisions that are over at a moment.
func (a *account) turn(at int64) {
	for {
		end := a.period.Span.To
		switch {
		case end <= at && end <= a.revised:
			a.book(end)
		case a.revised <= at:
			a.revise(a.revised)
		default:
			return
		}
	}
}

// book closes a period at its end and begins the next.
func (a *account) book(end int64) {
	a.at = end
	if a.close(end, a.period.Name) {
		a.news.rolled = true
		a.wait(end)
	}
	a.setPeriod()
	a.open(end)
}

// revise goes on by the next revision of the agreement.
func (a *account) revise(at int64) {
	a.news.terms = true
	a.at = at
	a.cut(at)
	a.revision++
	a.terms, a.clock = a.agreement.terms(a.revision), nil
	a.revised = a.agreement.after(a.revision, at)
	a.rewindow(at)
}

// rewindow begins a segment, and before that a new period if it is counted over
// another window from now on.
func (a *account) rewindow(at int64) {
	next := a.agreement.window(a.revision)
	if next.equal(a.window) {
		a.window = next
		a.segment(at)
		return
	}
	a.close(at, "")
	a.window, a.rec.Days = next, nil
	a.setPeriod()
	a.open(at)
}

// refer goes on by the agreement to which the Application refers now.
func (a *account) refer(at int64) {
	if level := a.reference(); a.inService() && level != a.level {
		a.news.terms = true
		a.cut(at)
		a.close(at, "")
		a.level, a.rec.Days = level, nil
		a.resolve(at)
		a.window = a.agreement.window(a.revision)
		a.setPeriod()
		a.open(at)
	}
}

// enter begins to count what was not in service.
func (a *account) enter(at int64) {
	was := a.window
	level, counted := a.level, len(a.cur.Segments) > 0
	a.level = a.reference()
	a.resolve(at)
	next := a.agreement.window(a.revision)
	if counted && next.equal(was) && level == a.level {
		a.window = next
		a.segment(at)
		return
	}
	if counted {
		a.close(at, "")
		a.rec.Days = nil
	}
	a.window = next
	a.setPeriod()
	a.open(at)
	if !counted && !a.rolling() {
		a.cur.StartAt = stamp(a.agreement.since(a.revision, a.period.Span.From))
	}
}

// await names the period in which an account stands of which nothing was counted
// yet.
func (a *account) await() {
	a.level, a.at = a.reference(), a.now
	a.resolve(a.now)
	a.window = a.agreement.window(a.revision)
	a.setPeriod()
	a.cur.Period, a.cur.StartAt = a.period.Name, stamp(a.agreement.since(a.revision, a.period.Span.From))
	a.terms, a.revised = nil, never
}

// leave stops counting.
func (a *account) leave(at int64) {
	a.cut(at)
	a.terms, a.clock, a.revised = nil, nil, never
	a.add(v1alpha1.AccountSegment{From: stamp(at)})
}
