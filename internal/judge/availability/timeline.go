// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// stretch is a time in which the indicator stood still.
type stretch struct {
	calendar.Span
	state v1alpha1.IndicatorState
	// check and cause of Down.
	check string
	cause *v1alpha1.Cause
}

// step is a moment from which on a part is in a state that is known.
type step struct {
	at int64
	Change
}

// track is a part and what is known of it after a moment.
type track struct {
	part  *Part
	steps []step
	// before the first step: known is whether its state is known.
	known  bool
	before Change
}

// timeline tells how the indicator stood in [from, now), and how it stands at
// now: the last stretch begins at now and is empty.
func (s *Scope) timeline(from, now int64, current *v1alpha1.CurrentAccount, fresh bool) []stretch {
	tracks := s.tracks(from, now, fresh)
	stored := standing(current)
	var marks []int64
	for i := range tracks {
		for _, st := range tracks[i].steps {
			marks = append(marks, st.at)
		}
	}
	marks = append(marks, now)
	slices.Sort(marks)
	marks = slices.Compact(marks)

	all := []stretch{{Span: calendar.Span{From: from}, state: stored.state, check: stored.check, cause: stored.cause}}
	for i, at := range marks {
		if at == from {
			all = all[:0]
		}
		next := combine(tracks, at, stored)
		next.From = at
		if i == len(marks)-1 {
			next = s.settle(tracks, next, stored)
		}
		all = append(all, next)
	}
	for i := range all {
		all[i].To = now
		if i+1 < len(all) {
			all[i].To = all[i+1].From
		}
	}
	return s.inService(all, current, now)
}

// standing is what the account says of the indicator.
func standing(current *v1alpha1.CurrentAccount) stretch {
	st := stretch{state: current.State}
	if o := current.OpenOutage; o != nil {
		st.check, st.cause = o.Check, o.Cause
	}
	return st
}

// tracks are the parts that were judged, and when they changed after a moment.
// What a part has been for longer is known of it; if that may not have
// concerned the indicator, it is from now on.
func (s *Scope) tracks(from, now int64, fresh bool) []track {
	var tracks []track
	for i := range s.Parts {
		p := &s.Parts[i]
		if p.Pending {
			continue
		}
		t := track{part: p}
		floor := p.Floor.Unix()
		for _, c := range p.Changes {
			at := min(max(c.At.Unix(), floor), now)
			if at <= from {
				t.known, t.before = true, c
				continue
			}
			if n := len(t.steps); n > 0 && t.steps[n-1].at == at {
				t.steps[n-1].Change = c
				continue
			}
			t.steps = append(t.steps, step{at, c})
		}
		if len(p.Changes) == 0 {
			at := min(max(unixOf(p.Standing.At), floor), now)
			switch {
			case fresh || s.Respecified:
				t.steps = []step{{now, p.Standing}}
			case at <= from:
				t.known, t.before = true, p.Standing
			default:
				t.steps = []step{{at, p.Standing}}
			}
		}
		tracks = append(tracks, t)
	}
	return tracks
}

// unixOf is a moment in Unix seconds; long ago if there is none.
func unixOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// at is how a part stood at a moment, if that is known.
func (t *track) at(moment int64) (Change, bool) {
	for i := len(t.steps) - 1; i >= 0; i-- {
		if t.steps[i].at <= moment {
			return t.steps[i].Change, true
		}
	}
	return t.before, t.known
}

// combine tells how the indicator stood at a moment: down if any part was, else
// as the account says if a part is not known yet, else unobserved or slow if any
// part was, else up.
func combine(tracks []track, at int64, stored stretch) stretch {
	unknown, unobserved, slow := len(tracks) == 0, false, false
	for i := range tracks {
		c, known := tracks[i].at(at)
		switch {
		case !known:
			unknown = true
		case c.State == v1alpha1.IndicatorDown:
			return stretch{state: c.State, check: tracks[i].part.Check, cause: c.Cause}
		case c.State == v1alpha1.IndicatorUnobserved:
			unobserved = true
		case c.State == v1alpha1.IndicatorSlow:
			slow = true
		}
	}
	switch {
	case unknown:
		return stored
	case unobserved:
		return stretch{state: v1alpha1.IndicatorUnobserved}
	case slow:
		return stretch{state: v1alpha1.IndicatorSlow}
	default:
		return stretch{state: v1alpha1.IndicatorUp}
	}
}

// settle says how the indicator stands at the present moment, when nothing is
// left to be known. Where nothing was judged nobody observes it; an outage whose
// check is to be judged anew goes on unobserved.
func (s *Scope) settle(tracks []track, now, stored stretch) stretch {
	if len(tracks) == 0 {
		return stretch{Span: now.Span, state: v1alpha1.IndicatorUnobserved}
	}
	if now.state != v1alpha1.IndicatorDown && stored.state == v1alpha1.IndicatorDown {
		for i := range s.Parts {
			if s.Parts[i].Pending && s.Parts[i].Check == stored.check {
				return stretch{Span: now.Span, state: v1alpha1.IndicatorUnobserved}
			}
		}
	}
	return now
}

// grace is how long a new Application may take until it is counted, though it
// has not answered yet.
const grace = 24 * 60 * 60

// inService cuts off the time in which the Application is not in service: it is
// planned or retired, or it is new and has not answered for the first time.
func (s *Scope) inService(all []stretch, current *v1alpha1.CurrentAccount, now int64) []stretch {
	const out = v1alpha1.IndicatorNotInService
	if s.Lifecycle != v1alpha1.LifecycleOperating && s.Lifecycle != v1alpha1.LifecyclePhasingOut {
		// It was in service until now.
		all[len(all)-1] = stretch{Span: calendar.Span{From: now, To: now}, state: out}
		return all
	}
	if current.State != out {
		return all
	}
	begins := current.Since.Unix() + grace
	for _, st := range all {
		if st.state == v1alpha1.IndicatorUp || st.state == v1alpha1.IndicatorSlow {
			begins = min(begins, st.From)
			break
		}
	}
	if s.Respecified && begins > now-1 {
		begins = now + grace
	}
	var served []stretch
	for _, st := range all {
		if st.From >= begins {
			served = append(served, st)
			continue
		}
		if st.To > begins {
			served = append(served, stretch{Span: calendar.Span{From: st.From, To: begins}, state: out})
			st.From = begins
			served = append(served, st)
			continue
		}
		served = append(served, stretch{Span: st.Span, state: out})
	}
	return served
}

// unseen are the gaps within a span, as they are for an Application: what was
// seen to change in it ends a gap, unless the cluster forgot it.
func (s *Scope) unseen(within calendar.Span, current *v1alpha1.CurrentAccount) calendar.Spans {
	var since int64
	switch current.State {
	case v1alpha1.IndicatorUp, v1alpha1.IndicatorSlow, v1alpha1.IndicatorDown:
		since = current.Since.Unix()
	}
	var spans []calendar.Span
	for _, g := range s.Gaps {
		span := calendar.Span{From: g.From.Unix(), To: within.To}
		if !g.To.IsZero() {
			span.To = g.To.Unix()
		}
		if span.To <= within.From || span.From >= within.To {
			continue
		}
		if !g.Whole {
			if since > span.From {
				continue // the state that is recorded was seen in it
			}
			span.To = s.firstChange(span)
		}
		spans = append(spans, span)
	}
	return calendar.Union(spans...).Clip(within)
}

// firstChange is when this process saw a part change first within a gap; its end
// if it did not.
func (s *Scope) firstChange(gap calendar.Span) int64 {
	first := gap.To
	for i := range s.Parts {
		p := &s.Parts[i]
		for _, c := range p.Changes {
			if at := c.At.Unix(); !c.At.Before(p.Floor) && at > gap.From && at < first && c.State != v1alpha1.IndicatorUnobserved {
				first = at
			}
		}
	}
	return first
}
