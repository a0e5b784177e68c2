// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"errors"
	"math"
	"time"
)

const (
	day  = 24 * 60 * 60
	week = 7 * day
	// apart is more than any zone is, or ever was, apart from UTC.
	apart = 16 * 60 * 60
	// leap is more than any clock was ever moved at once: by a day, where the
	// date line was moved.
	leap = 26 * 60 * 60
)

// What lies before the first year or after the last has no calendar: neither
// hours of service nor recurring windows. So whatever is asked is bounded.
const (
	firstYear = 1970
	yearsKept = 256
)

// known is the span of the years that have a calendar, in every zone.
func known() Span {
	return Span{
		From: dayOf(firstYear, time.January, 1)*day - apart,
		To:   dayOf(firstYear+yearsKept, time.January, 1)*day + apart,
	}
}

// dayOf numbers days from 1970-01-01 on.
func dayOf(year int, month time.Month, dayOfMonth int) int64 {
	return time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC).Unix() / day
}

// dateOf is the day of that number, at midnight in UTC.
func dateOf(number int64) time.Time { return time.Unix(number*day, 0).UTC() }

// loadZone returns a zone of the database; empty means Europe/Berlin.
func loadZone(name string) (*time.Location, error) {
	switch name {
	case "", Zone:
		return location, nil
	case "Local":
		return nil, errors.New("it would mean whatever machine happens to read it")
	}
	return time.LoadLocation(name)
}

// clock turns what the clocks of a zone show into moments. What they show is
// given in seconds as if they were in UTC: day number × 86,400 + seconds of the
// day. It remembers between which two changes it was asked last, so it is not
// for concurrent use.
type clock struct {
	zone *time.Location
	// In [from, to) the clocks are ahead of UTC by offset.
	from, to, offset int64
}

func clockOf(zone *time.Location) *clock {
	c := &clock{zone: zone}
	c.seek(0)
	return c
}

// seek goes to the time between two changes that holds the moment.
func (c *clock) seek(at int64) {
	t := time.Unix(at, 0).In(c.zone)
	_, offset := t.Zone()
	c.from, c.to, c.offset = math.MinInt64/2, math.MaxInt64/2, int64(offset)
	from, to := t.ZoneBounds()
	if !from.IsZero() {
		c.from = from.Unix()
	}
	if !to.IsZero() {
		c.to = to.Unix()
	}
	if c.to <= at {
		// Where a rule tells the changes of all years to come, the time package
		// has every year end after 365 days, too early by the last of a leap year.
		c.to = at - at%day + day
	}
}

// plain says whether no clock is moved anywhere near the given time, so that
// offset holds for all of it.
func (c *clock) plain(local, length int64) bool {
	far := func() bool { return local-c.offset-leap >= c.from && local+length-c.offset+leap <= c.to }
	if far() {
		return true
	}
	c.seek(local)
	return far()
}

// first is when the clocks show the time for the first time. If they never do,
// it is when they are moved past it.
func (c *clock) first(local int64) int64 {
	if c.plain(local, 0) {
		return local - c.offset
	}
	for c.seek(local - apart); ; c.seek(c.to) {
		if at := local - c.offset; at < c.to {
			return max(at, c.from)
		}
	}
}

// last is when the clocks show the time for the last time. If they never do, it
// is when they are moved past it.
func (c *clock) last(local int64) int64 {
	if c.plain(local, 0) {
		return local - c.offset
	}
	last, found := int64(0), false
	for c.seek(local - apart); ; c.seek(c.to) {
		at := local - c.offset
		switch {
		case at >= c.to:
		case at >= c.from:
			last, found = at, true
		case !found:
			last, found = c.from, true
		}
		if c.to > local+apart {
			return last
		}
	}
}

// day is the span of a day: from its first moment to that of the next.
func (c *clock) day(number int64) Span {
	return Span{c.first(number * day), c.first((number + 1) * day)}
}

// dayAt is the number of the day that holds the moment. A moment outside of the
// years 1 to 9999, which have names, is taken for the nearest within.
func (c *clock) dayAt(at int64) int64 {
	at = min(max(at, dayOf(1, time.January, 2)*day), dayOf(9999, time.December, 30)*day)
	c.seek(at)
	local := at + c.offset
	number := local / day
	if local%day < 0 {
		number--
	}
	// Where clocks are moved back across midnight, they show the old day again;
	// the new one has begun all the same.
	for c.first((number+1)*day) <= at {
		number++
	}
	return number
}
