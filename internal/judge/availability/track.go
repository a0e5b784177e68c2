// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"sort"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// track is how a part was, and when nobody saw it.
type track struct {
	part  *Part
	steps []step
	blind calendar.Spans
}

// step is a change of a part, from the moment on at which it counts.
type step struct {
	at    int64
	state v1alpha1.IndicatorState
	cause *v1alpha1.Cause
}

// gap in whole seconds.
func (t *timeline) gap(g *Gap) calendar.Span {
	if g.To.IsZero() {
		return calendar.Span{From: g.From.Unix(), To: t.span.To}
	}
	return calendar.Span{From: g.From.Unix(), To: g.To.Unix()}
}

// steps returns the changes of a part from the moment on at which they count:
// no earlier than its floor, one a second, and in order.
func (t *timeline) steps(p *Part) []step {
	steps := make([]step, 0, len(p.Changes))
	earliest := p.Floor.Unix()
	for i := range p.Changes {
		c := &p.Changes[i]
		at := max(c.At.Unix(), earliest)
		if at > t.span.To {
			t.unsettled = min(t.unsettled, at)
			break
		}
		next := step{at: at, state: c.State, cause: c.Cause}
		if n := len(steps); n > 0 && steps[n-1].at == at {
			steps[n-1] = next
		} else {
			steps = append(steps, next)
		}
		earliest = at
	}
	return steps
}

// blindness returns when a part was not seen: the gaps, each up to the first
// definite change that this process saw in it, unless the cluster forgot even
// that.
func (t *timeline) blindness(p *Part) calendar.Spans {
	if len(t.blind) == 0 {
		return nil
	}
	var spans []calendar.Span
	for i := range t.s.Gaps {
		g := &t.s.Gaps[i]
		span := t.gap(g)
		if !g.Whole {
			if seen, ok := seenWithin(p.Changes, g); ok {
				span.To = min(span.To, max(seen.Unix(), p.Floor.Unix()))
			}
		}
		spans = append(spans, span)
	}
	return calendar.Union(spans...).Clip(t.span)
}

func seenWithin(changes []Change, g *Gap) (time.Time, bool) {
	for i := range changes {
		c := &changes[i]
		if c.At.Before(g.From) || c.State == v1alpha1.IndicatorUnobserved {
			continue
		}
		return c.At, g.To.IsZero() || c.At.Before(g.To)
	}
	return time.Time{}, false
}

// at returns how a part is at a moment; nil if only the account knows.
func (k *track) at(moment int64) *step {
	i := sort.Search(len(k.steps), func(i int) bool { return k.steps[i].at > moment })
	if i == 0 {
		return nil
	}
	return &k.steps[i-1]
}
