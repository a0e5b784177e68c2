// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"iter"
	"sort"
	"time"

	"github.com/rickar/cal/v2/de"
)

// serviceYear is the service of a local year.
type serviceYear struct {
	// span of the year, from its first moment to that of the next.
	span Span
	// service within the span.
	service Spans
	// before is how many seconds of service of the year passed before each of
	// the spans, and at last before its end.
	before []int64
}

// total is how many seconds of service the year has.
func (y *serviceYear) total() int64 { return y.before[len(y.service)] }

// until is how many seconds of service of the year passed before the moment.
func (y *serviceYear) until(at int64) int64 {
	begun := sort.Search(len(y.service), func(i int) bool { return y.service[i].From >= at })
	if begun == 0 {
		return 0
	}
	last := y.service[begun-1]
	return y.before[begun-1] + min(at, last.To) - last.From
}

// after is the first moment before which n seconds of service of the year
// passed; it has at least as many, and n is above 0.
func (y *serviceYear) after(n int64) int64 {
	i := sort.Search(len(y.service), func(i int) bool { return y.before[i+1] >= n })
	return y.service[i].From + n - y.before[i]
}

// yearsOf yields the years that the span touches, as far as they have a
// calendar.
func (h *Hours) yearsOf(within Span) iter.Seq[*serviceYear] {
	return func(yield func(*serviceYear) bool) {
		all := known()
		from, to := max(within.From, all.From), min(within.To, all.To)
		if from >= to {
			return
		}
		first := max(0, time.Unix(from, 0).In(h.zone).Year()-firstYear)
		for i := first; i < yearsKept; i++ {
			year := h.years[i].Load()
			if year == nil {
				// Two that come at once count the same.
				year = h.count(firstYear + i)
				h.years[i].Store(year)
			}
			if year.span.From >= to || !yield(year) {
				return
			}
		}
	}
}

// count works out the service of a year.
func (h *Hours) count(number int) *serviceYear {
	c := clockOf(h.zone)
	newYear, next := dayOf(number, time.January, 1), dayOf(number+1, time.January, 1)
	year := &serviceYear{span: Span{c.first(newYear * day), c.first(next * day)}}

	// 1970-01-01 was a Thursday. The year begins within what began in the week
	// before its first one, at most.
	monday := newYear - (newYear+3)%7 - 7
	spans := make([]Span, 0, 54*len(h.weekly))
	for ; monday < next; monday += 7 {
		for _, s := range h.weekly {
			spans = append(spans, Span{c.first(monday*day + s.From), c.last(monday*day + s.To)})
		}
	}
	year.service = Union(spans...).Clip(year.span).Subtract(h.daysOff(c, number))

	year.before = make([]int64, 0, len(year.service)+1)
	var sum int64
	for _, s := range year.service {
		year.before = append(year.before, sum)
		sum += s.To - s.From
	}
	year.before = append(year.before, sum)
	return year
}

// daysOff are the days of a year on which there is no service.
func (h *Hours) daysOff(c *clock, year int) Spans {
	var off []Span
	if h.holidays {
		for _, number := range holidays(year) {
			off = append(off, c.day(number))
		}
	}
	from, to := dayOf(year, time.January, 1), dayOf(year+1, time.January, 1)
	for _, number := range h.closures {
		if from <= number && number < to {
			off = append(off, c.day(number))
		}
	}
	return Union(off...)
}

// holidays are the public holidays of Rhineland-Palatinate in a year, by the
// number of their day (Feiertagsgesetz Rheinland-Pfalz § 2). 24 and 31 December
// are none.
func holidays(year int) []int64 {
	numbers := make([]int64, 0, len(de.HolidaysRP))
	for _, holiday := range de.HolidaysRP {
		if on, _ := holiday.Calc(year); !on.IsZero() {
			numbers = append(numbers, dayOf(on.Date()))
		}
	}
	return numbers
}
