// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"
	"time"

	"k8s.io/utils/ptr"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// oldest is how long an account may have rested, in seconds. What is older is
// none.
const oldest = 5 * 366 * 24 * 60 * 60

// Judge advances an account to the present moment.
//
// While nothing is to be written, the summary and the sentences tell of the
// account as it is stored, so that they stay as they are.
func Judge(s Scope) Judgement {
	a, course := begin(&s)
	if a == nil {
		return untouched(&s)
	}
	a.run(course.pieces())
	return a.judge(course)
}

// Removed advances the account of an Application that was deleted: from now on
// nobody observes it. It returns nil if there is nothing to write. Outages that
// ended until then are on top of the record's list.
func Removed(s Scope) *v1alpha1.AvailabilityRecord {
	if s.Record == nil || s.Record.Current == nil || s.Record.Current.State == v1alpha1.IndicatorNotInService {
		return nil
	}
	s.UID = s.Record.ApplicationUID
	a, course := begin(&s)
	if a == nil {
		return nil
	}
	pieces := course.pieces()
	last := &pieces[len(pieces)-1]
	if last.state != v1alpha1.IndicatorNotInService {
		*last = piece{from: last.from, state: v1alpha1.IndicatorUnobserved, class: v1alpha1.IndicatorUnobserved}
	}
	a.run(pieces)
	if j := a.judge(course); j.Write {
		Append(j.Record, j.Ended)
		return j.Record
	}
	return nil
}

// begin takes up an account, or begins one. It returns none if nothing is to be
// counted: there is no account and none is to be, the one that there is cannot
// be read, or the clock was set back.
func begin(s *Scope) (*account, *timeline) {
	now := s.Now.Unix()
	stored := s.Record
	if stored != nil && stored.DecodingError != "" {
		return nil, nil
	}
	planned := s.Lifecycle == v1alpha1.LifecyclePlanned || s.Lifecycle == v1alpha1.LifecycleRetired
	lost := stored == nil && s.Accounted
	if stored != nil && stored.Current != nil {
		asOf := stored.Current.Accumulators.AsOf.Unix()
		switch {
		case now < asOf:
			return nil, nil
		case now-asOf > oldest && stored.Current.State != v1alpha1.IndicatorNotInService:
			lost = true
		case planned && fresh(stored):
			return nil, nil
		default:
			a := load(s, now)
			return a, newTimeline(s, a.cur, fresh(a.rec), now)
		}
	}
	if planned {
		return nil, nil
	}
	return found(s, now, lost)
}

// found begins an account. One of an Application that ran before counts from
// the beginning of the period, in which nobody observed it until now.
func found(s *Scope, now int64, lost bool) (*account, *timeline) {
	rec := s.Record.DeepCopy()
	if rec == nil {
		rec = &v1alpha1.AvailabilityRecord{}
	}
	a := &account{s: s, rec: rec, now: now, at: now, cur: &v1alpha1.CurrentAccount{}}
	rec.Current, rec.Days = a.cur, nil
	a.news = news{begun: true, due: never}
	a.level = a.reference()
	a.resolve(now)
	a.window = a.agreement.window(a.revision)
	a.setPeriod()
	if lost {
		rec.HistoryLostAt = new(stamp(now))
	}
	since, start := now, a.agreement.since(a.revision, a.period.Span.From)
	a.cur.State = v1alpha1.IndicatorNotInService
	if lost || s.Origin != v1alpha1.OriginProject {
		since, a.at = start, start
		a.resolve(start)
		a.cur.State = v1alpha1.IndicatorUnobserved
	}
	a.cur.Since = stamp(since)
	a.open(start)
	a.cur.Accumulators.AsOf = stamp(since)
	if since == now {
		return a, newTimeline(s, a.cur, fresh(rec), now)
	}
	// What the parts say counts from now on.
	a.advance(now, v1alpha1.IndicatorUnobserved)
	a.turn(now)
	a.booked = nil
	a.cur.Accumulators.AsOf = stamp(now)
	return a, newTimeline(s, a.cur, false, now)
}

// run advances an account over what the indicator showed.
func (a *account) run(pieces []piece) {
	outages := 0
	for i := range pieces {
		if pieces[i].state == v1alpha1.IndicatorDown {
			outages++
		}
	}
	a.ended = make([]v1alpha1.Outage, 0, outages)
	for i := range pieces {
		last := i+1 == len(pieces)
		a.become(pieces[i], last)
		if !last {
			a.advance(pieces[i+1].from, pieces[i].class)
		}
	}
}

// judge says what became of an account, and what is to be done about it.
func (a *account) judge(course *timeline) Judgement {
	happened := a.settle()
	j := Judgement{Record: a.rec, Ended: a.ended, Booked: a.booked, Result: a.told()}
	for i := range a.s.Outside {
		j.Ended = append(j.Ended, *a.s.Outside[i].DeepCopy())
	}
	slices.SortStableFunc(j.Ended, func(x, y v1alpha1.Outage) int {
		return ptr.Deref(x.EndAt, x.StartAt).Compare(ptr.Deref(y.EndAt, y.StartAt).Time)
	})
	j.BudgetLow = a.inService() && a.low()
	j.RecoveryBreached = a.cur.OpenOutage != nil && a.cur.OpenOutage.RecoveryBreached

	urgent, settled := a.verdict()
	later := !happened && !urgent && (a.news.rolled || settled)
	j.Write = happened || urgent || later
	if later && a.news.due != never {
		j.Booking = a.now >= a.news.due
		j.Write = j.Booking
	}
	told := a.rec
	if !j.Write && a.s.Record != nil {
		told = a.s.Record
		j.Result = toldOf(told.Current)
		if later {
			j.Record, j.Booked, j.BudgetLow = told.DeepCopy(), nil, a.wasLow()
		}
	}
	j.Summary = a.summary(told)
	j.Reason, j.Message = a.sentences(told)
	j.Next = a.next(course, later && !j.Write)
	return j
}

// settle brings an account to an end that was advanced to now, and reports
// whether anything happened that is to be written at once.
func (a *account) settle() bool {
	seen, changed := see(a.rec.Maintenance, a.s.Maintenance, a.now)
	if changed {
		a.rec.Maintenance = seen
		a.own, a.clock = newSeenWindows(seen), nil
	}
	if !a.inService() && len(a.cur.Segments) == 0 {
		a.await()
	}
	a.finish(a.now, a.now)
	a.excusedNow()
	another := a.rec.ApplicationUID != a.s.UID
	a.rec.ApplicationUID = a.s.UID
	n := &a.news
	return n.begun || n.state || n.terms || n.excuse || changed || another || len(a.s.Outside) > 0
}

// told is the result as it is told: none for what is not in service.
func (a *account) told() v1alpha1.ServiceLevelResult { return toldOf(a.cur) }

func toldOf(cur *v1alpha1.CurrentAccount) v1alpha1.ServiceLevelResult {
	if cur.State == v1alpha1.IndicatorNotInService {
		return ""
	}
	return cur.Result
}

// low reports whether less than a tenth of the budget is left.
func (a *account) low() bool {
	return whole(a.cur) > 0 && a.budget().low(a.cur.Accumulators.Charged)
}

// wasLow reports whether less than a tenth of the budget was left by the account
// as it is stored.
func (a *account) wasLow() bool {
	stored := *a
	stored.cur = a.s.Record.Current
	return stored.inService() && stored.low()
}

// excusedNow says of an outage that lasts whether it is charged at present.
func (a *account) excusedNow() {
	open := a.cur.OpenOutage
	if open == nil {
		return
	}
	charged := a.cur.State != v1alpha1.IndicatorDown || !a.isExcused()
	if ptr.Deref(open.Charged, true) != charged {
		a.news.excuse = true
	}
	open.Charged = &charged
}

// isExcused reports whether an outage would not be charged at present.
func (a *account) isExcused() bool {
	return slices.ContainsFunc(a.s.Excuses, func(e Excuse) bool {
		return e.From.Unix() <= a.now && (e.To.IsZero() || e.To.Unix() > a.now)
	})
}

// verdict compares the result with what is stored: urgent is what must be known
// at once, settled whether anything else changed. At the beginning of a period
// nothing is broken yet.
func (a *account) verdict() (urgent, settled bool) {
	stored := a.s.Record
	if stored == nil || stored.Current == nil || !a.inService() {
		return false, false
	}
	was := stored.Current
	before, low := was.Result, a.wasLow()
	if a.news.rolled && !a.rolling() {
		before, low = v1alpha1.ResultMet, false
	}
	open := a.cur.OpenOutage
	known := was.OpenOutage != nil && was.OpenOutage.RecoveryBreached
	urgent = a.cur.Result == v1alpha1.ResultBreached && before != v1alpha1.ResultBreached ||
		a.low() && !low ||
		open != nil && open.RecoveryBreached && !known
	if settled = a.cur.Result != was.Result; settled && a.rolling() && a.slid(was.Accumulators.AsOf.Unix()) {
		a.wait(shift(a.window.zone, a.now, 0).From)
	}
	return urgent, settled
}

// slid reports whether a rolling window has moved since a moment.
func (a *account) slid(since int64) bool {
	return since < shift(a.window.zone, a.now, 0).From
}

// untouched judges an account of which nothing is counted.
func untouched(s *Scope) Judgement {
	j := Judgement{Record: s.Record.DeepCopy()}
	switch {
	case s.Record != nil && s.Record.DecodingError != "":
		j.Reason = v1alpha1.ReasonHistoryLost
		j.Message = "the account cannot be read, and nothing is written over it: " + s.Record.DecodingError
	case s.Record == nil || s.Record.Current == nil:
		j.Reason, j.Message = notCounted(s.Lifecycle)
	case s.Now.Unix() < s.Record.Current.Accumulators.AsOf.Unix():
		return setBack(s)
	default:
		// It was planned again before it counted for the first time.
		j.Record.Current, j.Write = nil, true
		j.Reason, j.Message = notCounted(s.Lifecycle)
	}
	return j
}

// setBack judges an account that is ahead of the clock: it stays as it is until
// the clock has caught up.
func setBack(s *Scope) Judgement {
	then := *s
	then.Now = s.Record.Current.Accumulators.AsOf.Time
	a := load(&then, then.Now.Unix())
	j := Judgement{Record: s.Record.DeepCopy(), Next: then.Now, Result: a.told()}
	j.BudgetLow = a.inService() && a.low()
	j.RecoveryBreached = a.cur.OpenOutage != nil && a.cur.OpenOutage.RecoveryBreached
	j.Summary = a.summary(s.Record)
	j.Reason, j.Message = a.sentences(s.Record)
	return j
}

// moment of a deadline; zero if it does not come.
func moment(at int64) time.Time {
	if at == never {
		return time.Time{}
	}
	return time.Unix(at, 0)
}
