// SPDX-License-Identifier: Apache-2.0

package calendar

import (
	"cmp"
	"slices"
	"sort"
)

// Span is the time from From to before To, in whole Unix seconds. It is empty
// unless From is before To.
type Span struct{ From, To int64 }

// Spans are sorted, and neither empty, nor overlapping, nor touching each
// other. The zero value is no time at all.
type Spans []Span

// Union returns the time that any of the given spans holds. They may be in any
// order and overlap.
func Union(spans ...Span) Spans {
	sorted := spans
	if !slices.IsSortedFunc(spans, byFrom) {
		sorted = slices.Clone(spans)
		slices.SortFunc(sorted, byFrom)
	}
	union := make(Spans, 0, len(sorted))
	for _, s := range sorted {
		union = union.join(s)
	}
	return union.orZero()
}

// orZero returns the zero value for no time.
func (s Spans) orZero() Spans {
	if len(s) == 0 {
		return nil
	}
	return s
}

func byFrom(a, b Span) int { return cmp.Compare(a.From, b.From) }

// join appends a span that begins no earlier than the last one, and unites both
// if they overlap or touch.
func (s Spans) join(next Span) Spans {
	if next.From >= next.To {
		return s
	}
	if n := len(s); n > 0 && next.From <= s[n-1].To {
		s[n-1].To = max(s[n-1].To, next.To)
		return s
	}
	return append(s, next)
}

// Union returns the time that s or t holds.
func (s Spans) Union(t Spans) Spans {
	var union Spans
	for len(s) > 0 || len(t) > 0 {
		if len(t) == 0 || len(s) > 0 && s[0].From <= t[0].From {
			union, s = union.join(s[0]), s[1:]
		} else {
			union, t = union.join(t[0]), t[1:]
		}
	}
	return union
}

// Intersect returns the time that both hold.
func (s Spans) Intersect(t Spans) Spans {
	var both Spans
	for len(s) > 0 && len(t) > 0 {
		both = both.join(Span{max(s[0].From, t[0].From), min(s[0].To, t[0].To)})
		if s[0].To < t[0].To {
			s = s[1:]
		} else {
			t = t[1:]
		}
	}
	return both
}

// Subtract returns the time of s that t does not hold.
func (s Spans) Subtract(t Spans) Spans {
	var rest Spans
	for _, span := range s {
		for len(t) > 0 && t[0].To <= span.From {
			t = t[1:]
		}
		for _, hole := range t {
			if hole.From >= span.To {
				break
			}
			rest = rest.join(Span{span.From, hole.From})
			span.From = hole.To
		}
		rest = rest.join(span)
	}
	return rest
}

// Clip returns the time of s within the span.
func (s Spans) Clip(within Span) Spans { return s.appendWithin(nil, within) }

// appendWithin appends what s holds of a span that begins no earlier than the
// last of spans.
func (s Spans) appendWithin(spans Spans, within Span) Spans {
	first := sort.Search(len(s), func(i int) bool { return s[i].To > within.From })
	last := sort.Search(len(s), func(i int) bool { return s[i].From >= within.To }) - 1
	if first > last || within.From >= within.To {
		return spans
	}
	spans = spans.join(Span{max(s[first].From, within.From), min(s[first].To, within.To)})
	if first == last {
		return spans
	}
	spans = append(spans, s[first+1:last+1]...)
	end := &spans[len(spans)-1]
	end.To = min(end.To, within.To)
	return spans
}

// Seconds is how long they are together.
func (s Spans) Seconds() int64 {
	var sum int64
	for _, span := range s {
		sum += span.To - span.From
	}
	return sum
}

// Contains says whether they hold the second that begins at the moment.
func (s Spans) Contains(at int64) bool {
	i := sort.Search(len(s), func(i int) bool { return s[i].To > at })
	return i < len(s) && s[i].From <= at
}
