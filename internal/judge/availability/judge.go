// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"encoding/json"
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Judge advances an account to the present moment.
func Judge(s Scope) Judgement {
	b, fresh := s.book()
	stored := s.Record
	from := b.record.Current.Accumulators.AsOf.Unix()
	b.now = max(b.now, from)
	b.advance(s.timeline(from, b.now, b.record.Current, fresh))
	b.known()
	b.refer()
	if b.record.ApplicationUID != s.UID {
		b.record.ApplicationUID = s.UID
		b.changed = true
	}
	st := b.conclude()
	b.ended = append(b.ended, s.Outside...)
	j := Judgement{Record: b.record, Ended: b.ended, Booked: b.booked, Result: st.result, BudgetLow: st.low}
	j.RecoveryBreached = b.record.Current.OpenOutage != nil && b.record.Current.OpenOutage.RecoveryBreached
	b.decide(&j, stored)
	if !j.Write {
		j.Record, j.Ended, j.Booked = stored, nil, nil
		j.Result, j.BudgetLow = stored.Current.Result, false
	}
	j.Summary = summary(j.Record.Current)
	j.Reason, j.Message = explain(j.Record)
	return j
}

// book is the account as it is stored, or a new one; fresh says which.
func (s *Scope) book() (b *book, fresh bool) {
	b = &book{scope: s, now: s.Now.Unix(), record: &v1alpha1.AvailabilityRecord{}}
	if s.Record != nil {
		b.record = s.Record.DeepCopy()
	}
	b.own = ownWindows(b.record.Maintenance)
	fresh = b.record.Current == nil
	if fresh {
		b.open()
	}
	return b, fresh
}

// decide says whether the account is to be written, and when to look again.
func (b *book) decide(j *Judgement, stored *v1alpha1.AvailabilityRecord) {
	var was *v1alpha1.CurrentAccount
	if stored != nil {
		was = stored.Current
	}
	is := b.record.Current
	j.Write = b.changed || was == nil || len(b.ended) > 0 ||
		slices.ContainsFunc(b.scope.Excuses, func(e Excuse) bool { return !e.To.IsZero() })
	if was != nil && len(b.booked) == 0 {
		low := was.Result != "" && was.Budget > 0 && was.Accumulators.Charged*10 > was.Budget*9
		j.Write = j.Write || was.Result != is.Result || j.BudgetLow && !low
	}
	if was != nil && len(b.booked) > 0 {
		j.Write = j.Write || is.Result == v1alpha1.ResultBreached
	}
	j.Next = b.next()
	if j.Write {
		return
	}
	due := int64(0)
	switch {
	case len(b.booked) > 0:
		due = b.booked[0].EndAt.Unix()
	case b.left > 0:
		due = b.left
	default:
		return
	}
	spread := time.Unix(due, 0).Add(b.scope.Spread).UTC()
	if b.scope.Now.Before(spread) {
		j.Next = calendar.Earliest(j.Next, spread)
		return
	}
	j.Write, j.Booking = true, true
}

// next is when the account has to be judged again though nothing happens.
func (b *book) next() time.Time {
	c := b.record.Current
	r := b.revision(b.now)
	var marks []int64
	if r == nil || r.days == 0 {
		end := b.end(b.now)
		marks = append(marks, end+int64(b.scope.Spread/time.Second)+1)
	}
	if c.State == v1alpha1.IndicatorNotInService {
		if b.scope.Lifecycle == v1alpha1.LifecycleOperating || b.scope.Lifecycle == v1alpha1.LifecyclePhasingOut {
			marks = append(marks, c.Since.Unix()+grace+1)
		}
	} else if r != nil {
		marks = append(marks, b.deadlines(r)...)
	}
	if first := b.firstToLeave(r); first > 0 {
		marks = append(marks, first+int64(b.scope.Spread/time.Second)+1)
	}
	var next time.Time
	for _, m := range marks {
		if m > b.now {
			next = calendar.Earliest(next, time.Unix(m, 0).UTC())
		}
	}
	return next
}

// deadlines are the moments at which the result changes if the indicator stays
// as it is.
func (b *book) deadlines(r *revision) []int64 {
	c := b.record.Current
	a := &c.Accumulators
	limit := b.end(b.now)
	var marks []int64
	after := func(n int64, maintained bool) {
		if t, ok := b.after(r, n, limit, maintained); n > 0 && ok {
			marks = append(marks, t)
		}
	}
	s := b.standing(b.now)
	if o := c.OpenOutage; o != nil && c.State == v1alpha1.IndicatorDown {
		after(s.budget.Seconds()-a.Charged+1, false)
		after((s.budget/10*9).Seconds()-a.Charged+1, false)
		if r.maxOutage > 0 && !o.RecoveryBreached {
			after(r.maxOutage-o.ChargedSeconds+1, false)
		}
	}
	if r.coverage == 0 {
		return marks
	}
	if c.State == v1alpha1.IndicatorUnobserved {
		// (A-U)/(A+d) < c, so d > (A-U)/c - A.
		after((a.Agreed-a.Unobserved)*int64(whole)/int64(r.coverage)-a.Agreed, true)
		after((a.Agreed-a.Unobserved)*int64(whole)/int64(r.coverage)-a.Agreed+1, true)
		return marks
	}
	if a.Unobserved > 0 && s.result == v1alpha1.ResultInsufficientData && r.coverage < whole {
		// (A+d-U)/(A+d) >= c, so A+d >= U/(1-c).
		enough := (a.Unobserved*int64(whole) + int64(whole-r.coverage) - 1) / int64(whole-r.coverage)
		after(enough-a.Agreed, true)
	}
	return marks
}

// after is the moment at which so many more seconds of service have passed, in
// maintenance or not, if that is before limit.
func (b *book) after(r *revision, n, limit int64, maintained bool) (int64, bool) {
	t := terms{level: b.level(), revision: r, own: b.own}
	more := n
	for range 64 {
		moment, ok := r.hours.After(b.now, more, limit)
		if !ok || maintained {
			return moment, ok
		}
		within := calendar.Span{From: b.now, To: moment}
		charge := t.service(within)
		for _, w := range t.windows(within) {
			charge = charge.Subtract(w.Spans)
		}
		missing := n - charge.Seconds()
		if missing <= 0 {
			return moment, true
		}
		more += missing
	}
	return b.now + n, true
}

// Removed advances the account of an Application that was deleted: from now on
// nobody observes it. It returns nil if there is nothing to write.
func Removed(s Scope) *v1alpha1.AvailabilityRecord {
	if s.Record == nil || s.Record.Current == nil || s.Record.Current.State == v1alpha1.IndicatorUnobserved ||
		s.Record.Current.State == v1alpha1.IndicatorNotInService {
		return nil
	}
	s.Parts, s.Lifecycle = nil, v1alpha1.LifecycleOperating
	if o := s.Record.Current.OpenOutage; o != nil {
		// It is not known whether it ends.
		s.Parts = []Part{{Check: o.Check, Pending: true}}
	}
	s.Level, s.UID, s.Outside = governing(s.Record), s.Record.ApplicationUID, nil
	s.Maintenance = declared(s.Record)
	return Judge(s).Record
}

func governing(r *v1alpha1.AvailabilityRecord) v1alpha1.ObjectName {
	if n := len(r.Current.Segments); n > 0 {
		return r.Current.Segments[n-1].ServiceLevel
	}
	return ""
}

func declared(r *v1alpha1.AvailabilityRecord) []v1alpha1.MaintenanceWindow {
	windows := make([]v1alpha1.MaintenanceWindow, len(r.Maintenance))
	for i := range r.Maintenance {
		windows[i] = r.Maintenance[i].Window
	}
	return windows
}

const (
	// maxOutages bounds the outages that are listed.
	maxOutages = 32
	// maxRecord bounds an account, in bytes of JSON.
	maxRecord = 32 << 10
)

// Append puts outages that ended on top of a record's list, which is to be
// whole, and drops what is too many or too much.
func Append(record *v1alpha1.AvailabilityRecord, ended []v1alpha1.Outage) {
	for _, o := range ended {
		record.Outages = slices.Insert(record.Outages, 0, o)
	}
	drop := func(n int) {
		record.Outages = record.Outages[:len(record.Outages)-n]
		record.Dropped += int64(n)
	}
	if n := len(record.Outages) - maxOutages; n > 0 {
		drop(n)
	}
	for len(record.Outages) > 0 {
		data, err := json.Marshal(record)
		if err != nil || len(data) <= maxRecord-1024 { // the server adds metadata of its own
			return
		}
		drop(1)
	}
}

// Totals returns the totals of an account at a moment at or after its
// accumulators.asOf, for counters that never decrease: what is stored, and the
// time since in the state that is stored. Nothing is allocated.
func Totals(record *v1alpha1.AvailabilityRecord, agreement *Agreement, moment time.Time) v1alpha1.AccountTotals {
	t := record.Totals
	c := record.Current
	if c == nil || c.State == v1alpha1.IndicatorNotInService {
		return t
	}
	from, to := c.Accumulators.AsOf.Unix(), moment.Unix()
	for from < to {
		r := agreement.at(from)
		until := to
		if revised, ok := agreement.after(from); ok {
			until = min(until, revised)
		}
		if r != nil {
			n := r.hours.Seconds(calendar.Span{From: from, To: until})
			t.Agreed += n
			if c.State == v1alpha1.IndicatorDown || c.State == v1alpha1.IndicatorUnobserved {
				n = (&terms{revision: r}).charged(calendar.Span{From: from, To: until}, n)
			}
			switch c.State {
			case v1alpha1.IndicatorDown:
				t.Charged += n
			case v1alpha1.IndicatorUnobserved:
				t.Unobserved += n
			}
		}
		from = until
	}
	return t
}

// charged are the agreed seconds of a span that are not maintenance.
func (t *terms) charged(span calendar.Span, agreed int64) int64 {
	if t.revision.maintenance == nil {
		return agreed
	}
	charge := t.service(span)
	for _, w := range t.windows(span) {
		charge = charge.Subtract(w.Spans)
	}
	return charge.Seconds()
}
