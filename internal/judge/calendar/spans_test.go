// SPDX-License-Identifier: Apache-2.0

package calendar_test

import (
	"math/bits"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/internal/judge/calendar"
)

// bitmap has a bit for each second from 0 to 63 that is held.
func bitmap(spans ...calendar.Span) uint64 {
	var b uint64
	for _, s := range spans {
		for at := s.From; at < s.To; at++ {
			b |= 1 << at
		}
	}
	return b
}

// anySpans are spans within 64 seconds, some of them empty or the wrong way
// round.
func anySpans() *rapid.Generator[[]calendar.Span] {
	second := rapid.Int64Range(0, 64)
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) calendar.Span {
		return calendar.Span{From: second.Draw(t, "from"), To: second.Draw(t, "to")}
	}), 0, 8)
}

// checkCanonical fails unless spans are as they are said to be.
func checkCanonical(t interface{ Fatalf(string, ...any) }, spans calendar.Spans) {
	for i, s := range spans {
		if s.From >= s.To || i > 0 && s.From <= spans[i-1].To {
			t.Fatalf("%v: span %d is empty, or not after the one before", spans, i)
		}
	}
}

func TestSpansAgainstABitmap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		givenA, givenB := anySpans().Draw(t, "a"), anySpans().Draw(t, "b")
		before := append([]calendar.Span(nil), givenA...)
		a, b := calendar.Union(givenA...), calendar.Union(givenB...)
		if diff := cmp.Diff(before, givenA); diff != "" && len(before) > 0 {
			t.Fatalf("the given spans were changed:\n%s", diff)
		}
		inA, inB := bitmap(givenA...), bitmap(givenB...)
		within := calendar.Span{From: rapid.Int64Range(0, 64).Draw(t, "from"), To: rapid.Int64Range(0, 64).Draw(t, "to")}
		for _, c := range []struct {
			name string
			got  calendar.Spans
			want uint64
		}{
			{"union of all", a, inA},
			{"union", a.Union(b), inA | inB},
			{"intersection", a.Intersect(b), inA & inB},
			{"difference", a.Subtract(b), inA &^ inB},
			{"clip", a.Clip(within), inA & bitmap(within)},
		} {
			checkCanonical(t, c.got)
			if got := bitmap(c.got...); got != c.want {
				t.Fatalf("%s of %v and %v within %v is %v", c.name, a, b, within, c.got)
			}
			if got, want := c.got.Seconds(), int64(bits.OnesCount64(c.want)); got != want {
				t.Fatalf("%s has %d s, want %d", c.name, got, want)
			}
			if c.want == 0 && c.got != nil {
				t.Fatalf("%s is no time, but not the zero value", c.name)
			}
		}
		for second := range int64(64) {
			if got, want := a.Contains(second), inA&(1<<second) != 0; got != want {
				t.Fatalf("%v contains %d: %t", a, second, got)
			}
		}
		if diff := cmp.Diff(calendar.Union(givenA...), a); diff != "" {
			t.Fatalf("asking changed the spans:\n%s", diff)
		}
	})
}
