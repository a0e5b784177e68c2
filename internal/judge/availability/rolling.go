// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// A rolling window holds whole local days, today among them. What it holds of
// charged, unobserved and slow seconds is kept by day, and what was agreed is
// counted anew. All else is counted since the window is used.

// shift returns the span of the local day that is so many days after that of a
// moment.
func shift(zone *time.Location, at int64, days int) calendar.Span {
	_, today := calendar.Day(zone, at)
	year, month, day := time.Unix(at, 0).In(zone).Date()
	if days == 0 {
		return today
	}
	noon := time.Date(year, month, day+days, 12, 0, 0, 0, zone)
	_, span := calendar.Day(zone, noon.Unix())
	return span
}

// windowStart returns the beginning of the rolling window that holds a moment.
func (a *account) windowStart(at int64) int64 {
	return shift(a.window.zone, at, 1-a.window.days).From
}

// note adds seconds to the day of the moment at which the account stands.
func (a *account) note(charged, unobserved, slow int64) {
	if !a.rolling() || charged == 0 && unobserved == 0 && slow == 0 {
		return
	}
	on, _ := calendar.Day(a.window.zone, a.at)
	n := len(a.rec.Days)
	if n == 0 || a.rec.Days[n-1].On != on {
		a.rec.Days = append(a.rec.Days, v1alpha1.AccountDay{On: on})
		n++
	}
	today := &a.rec.Days[n-1]
	today.Charged += charged
	today.Unobserved += unobserved
	today.Slow += slow
}

// slide lets go of what is no longer within the window of a second, and adds up
// what is, up to a moment.
func (a *account) slide(at, second int64) {
	start := a.windowStart(second)
	first, _ := calendar.Day(a.window.zone, start)
	a.rec.Days = slices.DeleteFunc(a.rec.Days, func(d v1alpha1.AccountDay) bool {
		if d.On >= first {
			return false
		}
		a.left(d.On)
		return true
	})
	acc := &a.cur.Accumulators
	acc.Charged, acc.Unobserved, acc.Slow = 0, 0, 0
	for _, d := range a.rec.Days {
		acc.Charged += d.Charged
		acc.Unobserved += d.Unobserved
		acc.Slow += d.Slow
	}
	segments := a.cur.Segments
	for len(segments) > 1 && segments[1].From.Unix() <= start {
		segments = segments[1:]
	}
	end := shift(a.window.zone, second, 0).To
	acc.Agreed = 0
	for i := range segments {
		from, to := max(segments[i].From.Unix(), start), end
		segments[i].From = stamp(from)
		if i+1 < len(segments) {
			to = segments[i+1].From.Unix()
		}
		if t := a.termsOf(&segments[i]); t != nil {
			a.measure(&segments[i], from, to)
			acc.Agreed += t.hours.Seconds(calendar.Span{From: from, To: min(to, at)})
		}
	}
	a.cur.Segments = segments
	a.cur.StartAt = stamp(start)
	if len(segments) > 0 {
		a.cur.StartAt = segments[0].From
	}
}

// left notes that a day has left the window.
func (a *account) left(on v1alpha1.Date) {
	a.news.rolled = true
	noon, err := time.ParseInLocation(time.DateOnly+" 15", string(on)+" 12", a.window.zone)
	if err != nil {
		return
	}
	a.wait(shift(a.window.zone, noon.Unix(), a.window.days).From)
}

// wait lets the booking of what is over since a moment take its turn.
func (a *account) wait(since int64) {
	a.news.due = min(a.news.due, since+int64(max(a.s.Spread, 0)/time.Second))
}
