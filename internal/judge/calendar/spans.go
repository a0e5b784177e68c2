// SPDX-License-Identifier: Apache-2.0

package calendar

// Span is the time from From to before To, in whole Unix seconds. It is empty
// unless From is before To.
type Span struct{ From, To int64 }

// Spans are sorted, and neither empty, nor overlapping, nor touching each
// other. The zero value is no time at all.
type Spans []Span

// Union returns the time that any of the given spans holds. They may be in any
// order and overlap.
func Union(spans ...Span) Spans { panic("not built yet") }

// Union returns the time that s or t holds.
func (s Spans) Union(t Spans) Spans { panic("not built yet") }

// Intersect returns the time that both hold.
func (s Spans) Intersect(t Spans) Spans { panic("not built yet") }

// Subtract returns the time of s that t does not hold.
func (s Spans) Subtract(t Spans) Spans { panic("not built yet") }

// Clip returns the time of s within the span.
func (s Spans) Clip(within Span) Spans { panic("not built yet") }

// Seconds is how long they are together.
func (s Spans) Seconds() int64 { panic("not built yet") }

// Contains says whether they hold the second that begins at the moment.
func (s Spans) Contains(at int64) bool { panic("not built yet") }
