// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// firstSuccessWithin is how long a new Application may take until it counts.
const firstSuccessWithin = 24 * 60 * 60

// piece is a time in which the indicator shows one thing. It lasts until the
// next one.
type piece struct {
	from int64
	// state that the indicator shows.
	state v1alpha1.IndicatorState
	// class of what was seen: state, or Unobserved in a gap.
	class v1alpha1.IndicatorState
	// check that is down, and the cause of it.
	check string
	cause *v1alpha1.Cause
	kind  v1alpha1.CauseKind
	// removed: the check on which an outage is open is no more.
	removed bool
}

// timeline derives the state of the indicator since the account was advanced
// last.
type timeline struct {
	s *Scope
	// span from asOf to now.
	span   calendar.Span
	tracks []track
	// stored state, since when, and the check of the outage that is open.
	stored v1alpha1.IndicatorState
	since  int64
	open   string
	// fresh: nothing was ever counted.
	fresh bool
	// entry is the moment from which on it is in service.
	entry int64
	// ghost: what is stored holds until now, whatever the parts show, since what
	// it rests on is not among them.
	ghost bool
	// blind is when nobody saw anything, and doubtful when what the account says
	// was not seen either: it can have been written in a gap.
	blind, doubtful calendar.Spans
	// unsettled is the next moment of which something is known already.
	unsettled int64
}

// newTimeline reads what was seen.
func newTimeline(s *Scope, cur *v1alpha1.CurrentAccount, fresh bool, now int64) *timeline {
	t := &timeline{
		s: s, span: calendar.Span{From: cur.Accumulators.AsOf.Unix(), To: now},
		stored: cur.State, since: cur.Since.Unix(), fresh: fresh, unsettled: never,
	}
	if cur.OpenOutage != nil {
		t.open = cur.OpenOutage.Check
	}
	var gaps, doubts []calendar.Span
	for i := range s.Gaps {
		g := t.gap(&s.Gaps[i])
		gaps = append(gaps, g)
		if s.Gaps[i].Whole || t.since < g.From || t.stored == v1alpha1.IndicatorUnobserved {
			doubts = append(doubts, g)
		}
	}
	t.blind, t.doubtful = calendar.Union(gaps...).Clip(t.span), calendar.Union(doubts...).Clip(t.span)
	for i := range s.Parts {
		if p := &s.Parts[i]; !p.Pending {
			t.tracks = append(t.tracks, track{part: p, steps: t.steps(p), blind: t.blindness(p)})
		}
	}
	t.entry = t.inService()
	t.ghost = t.unexplained()
	return t
}

// inService returns the moment from which on an Application counts that did
// not: a new one from its first success, or 24 hours after it began to operate;
// another one from now on.
func (t *timeline) inService() int64 {
	switch {
	case t.stored != v1alpha1.IndicatorNotInService:
		return t.span.From
	case !t.fresh:
		return t.span.To
	}
	limit := max(t.since+firstSuccessWithin, t.span.From)
	for _, moment := range t.moments() {
		if moment > limit {
			break
		}
		state, _, _ := t.known(moment)
		if state == v1alpha1.IndicatorUp || state == v1alpha1.IndicatorSlow {
			return moment
		}
	}
	return limit
}

// unexplained reports whether what is stored rests on something that is not
// among the parts: the check of an outage that is open, everything, or whatever
// was unseen or slow although the parts that are left were better by then. Who
// removes an endpoint makes nothing better of the time before. (What came about
// in the very second of the account is known to be later.)
func (t *timeline) unexplained() bool {
	if t.stored == v1alpha1.IndicatorNotInService {
		return false
	}
	if len(t.tracks) == 0 || t.open != "" && !slices.ContainsFunc(t.tracks, t.isOpen) {
		return true
	}
	state, known, _ := t.known(t.span.From)
	if t.stored == v1alpha1.IndicatorDown || !known || rank(state) >= rank(t.stored) {
		return false
	}
	for i := range t.tracks {
		if s := t.tracks[i].at(t.span.From); s != nil && s.at == t.span.From && t.since == s.at {
			return false
		}
	}
	return true
}

func (t *timeline) isOpen(k track) bool { return k.part.Check == t.open }

// moments at which something can change, from asOf to now.
func (t *timeline) moments() []int64 {
	moments := []int64{t.span.From, t.span.To}
	add := func(m int64) {
		if m > t.span.From && m < t.span.To {
			moments = append(moments, m)
		}
	}
	add(t.entry)
	edges := func(spans calendar.Spans) {
		for _, s := range spans {
			add(s.From)
			add(s.To)
		}
	}
	edges(t.blind)
	for i := range t.tracks {
		for _, s := range t.tracks[i].steps {
			add(s.at)
		}
		edges(t.tracks[i].blind)
	}
	slices.Sort(moments)
	return slices.Compact(moments)
}

// rank orders states by what decides: any that is down, else any unseen, else
// any slow.
func rank(state v1alpha1.IndicatorState) int {
	switch state {
	case v1alpha1.IndicatorDown:
		return 3
	case v1alpha1.IndicatorUp:
		return 0
	case v1alpha1.IndicatorSlow:
		return 1
	default:
		return 2
	}
}

func worse(a, b v1alpha1.IndicatorState) v1alpha1.IndicatorState {
	if a == "" || rank(b) > rank(a) {
		return b
	}
	return a
}

// known returns the worst state that the parts show, whether all of them show
// any, and the class of it. The state is empty if none does.
func (t *timeline) known(moment int64) (state v1alpha1.IndicatorState, all bool, class v1alpha1.IndicatorState) {
	all = true
	for i := range t.tracks {
		k := &t.tracks[i]
		s := k.at(moment)
		if s == nil {
			all = false
			continue
		}
		state = worse(state, s.state)
		if len(k.blind) > 0 && k.blind.Contains(moment) {
			class = worse(class, v1alpha1.IndicatorUnobserved)
		} else {
			class = worse(class, s.state)
		}
	}
	return state, all, class
}

// pieces returns what the indicator showed, and last what it shows from now on.
func (t *timeline) pieces() []piece {
	moments := t.moments()
	pieces := make([]piece, 0, len(moments))
	open := t.open
	for _, m := range moments {
		var p piece
		switch {
		case t.entry > m:
			p = piece{state: v1alpha1.IndicatorNotInService, class: v1alpha1.IndicatorNotInService}
		case m == t.span.To:
			p = t.present(open)
		default:
			p = t.past(m)
		}
		p.from = m
		if p.state == v1alpha1.IndicatorDown {
			t.culprit(&p, open)
			open = p.check
		} else if p.state != v1alpha1.IndicatorUnobserved {
			open = ""
		}
		pieces = append(pieces, p)
	}
	return pieces
}

// past returns what the indicator showed at a moment before now. Where a part
// says nothing yet the account knows best.
func (t *timeline) past(m int64) piece {
	state, all, class := t.known(m)
	word := t.ghost || !all && t.stored != v1alpha1.IndicatorNotInService
	if word && !t.ghost && t.stored == v1alpha1.IndicatorDown {
		// The account names the check that is down, and no other.
		word = slices.ContainsFunc(t.tracks, func(k track) bool { return t.isOpen(k) && k.at(m) == nil })
	}
	if word {
		// A part that was judged for the first time stays out until then.
		doubtful := (t.ghost || state == "") && t.doubtful.Contains(m)
		state = worse(state, t.stored)
		if doubtful {
			class = worse(class, v1alpha1.IndicatorUnobserved)
		} else {
			class = worse(class, t.stored)
		}
	}
	if state == "" {
		state, class = v1alpha1.IndicatorUnobserved, v1alpha1.IndicatorUnobserved
	}
	return piece{state: state, class: class}
}

// present returns what the indicator shows from now on.
func (t *timeline) present(open string) piece {
	switch t.s.Lifecycle {
	case v1alpha1.LifecyclePlanned, v1alpha1.LifecycleRetired:
		return piece{state: v1alpha1.IndicatorNotInService, class: v1alpha1.IndicatorNotInService}
	}
	p := t.past(t.span.To)
	if t.ghost {
		state, all, _ := t.known(t.span.To)
		if state == "" || !all && t.stored == v1alpha1.IndicatorUnobserved {
			state = worse(state, v1alpha1.IndicatorUnobserved)
		}
		p = piece{state: state, class: state}
	}
	if p.state == v1alpha1.IndicatorDown || open == "" {
		return p
	}
	pending, there := false, false
	for i := range t.s.Parts {
		if t.s.Parts[i].Check == open {
			there, pending = true, t.s.Parts[i].Pending
		}
	}
	if pending {
		p.state, p.class = v1alpha1.IndicatorUnobserved, v1alpha1.IndicatorUnobserved
	}
	p.removed = !there
	return p
}

// culprit names the check that is down: that of the outage that is open as long
// as it is, else the first.
func (t *timeline) culprit(p *piece, open string) {
	for i := range t.tracks {
		k := &t.tracks[i]
		s := k.at(p.from)
		if s == nil || s.state != v1alpha1.IndicatorDown {
			continue
		}
		if k.part.Check == open || p.check == "" {
			p.check, p.cause, p.kind = k.part.Check, s.cause, k.part.Kind
		}
		if k.part.Check == open {
			return
		}
	}
	// The account says so: the check that it names is no longer seen, or not
	// yet.
	if open != "" && (p.check == "" || t.vouched(p.from)) {
		p.check = open
	}
}

// vouched reports whether at the moment it is the account that says what is
// down.
func (t *timeline) vouched(m int64) bool {
	if t.stored != v1alpha1.IndicatorDown || t.open == "" {
		return false
	}
	if t.ghost && m < t.span.To {
		return true
	}
	return slices.ContainsFunc(t.tracks, func(k track) bool { return t.isOpen(k) && k.at(m) == nil })
}
