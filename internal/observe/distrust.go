// SPDX-License-Identifier: Apache-2.0

package observe

import "unicode/utf8"

// Distrust makes the engine blind for a reason of its own, such as a clock that
// is wrong, until Trust is called: no result counts meanwhile, nor one of a
// check that began before Trust. The message is a sentence for people. A second
// call changes only the message.
func (e *Engine) Distrust(message string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.sight
	for len(message) > MaxMessageLength {
		_, size := utf8.DecodeLastRuneInString(message)
		message = message[:len(message)-size]
	}
	s.distrust = message
	if s.distrusted {
		return
	}
	now := e.now()
	e.darken(now, now)
	s.distrusted, s.distrustedSince = true, now
	e.tellGap("Results are not trusted; outages are not judged meanwhile",
		Gap{From: wallTime(now.wall), Reason: GapDistrusted})
}

// Trust ends what Distrust began.
func (e *Engine) Trust() {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := &e.sight
	if !s.distrusted {
		return
	}
	now := e.now()
	s.distrusted, s.trusted = false, now.mono
	s.lighten(now)
	e.tellGap("Results are trusted again",
		Gap{From: wallTime(s.distrustedSince.wall), To: wallTime(now.wall), Reason: GapDistrusted})
	// These are not asked again for long.
	for q, result := range s.rejections {
		if q.stage != stageGone && q.penalty > 0 {
			e.deliverDoubt(q, &answer{start: now, result: result}, now)
		}
	}
	s.rejections = nil
	e.rouseFor(now)
}

// dark reports whether no result counts, for whatever reason.
func (s *sight) dark() bool { return s.blind || s.distrusted }

// counts reports whether an answer may count of which the asking began then.
func (s *sight) counts(start instant) bool { return !s.distrusted && start.mono >= s.trusted }

// reject keeps for Trust that our credentials were rejected.
func (s *sight) reject(q *question, r *Result) {
	if s.rejections == nil {
		s.rejections = map[*question]Result{}
	}
	s.rejections[q] = *r
}

// darken is called before the engine becomes blind or distrusted as of since.
// What overlaps or touches is one darkness.
func (e *Engine) darken(since, now instant) {
	s := &e.sight
	if !s.dark() {
		e.unknownAt = now.mono
	}
	if !s.dark() && since.mono > s.darkEnded.mono || since.mono < s.darkSince.mono {
		s.darkSince = since
	}
}

// lighten is called after the engine ceased to be blind or distrusted.
func (s *sight) lighten(now instant) {
	if !s.dark() {
		s.darkEnded = now
	}
}

// darkness returns why no result counts, as it is shown of a check; empty if
// results count.
func (s *sight) darkness() (reason, message string) {
	switch {
	case s.blind:
		return ReasonBlind, "Nothing at all could be reached for five minutes; the fault is likely the operator's own connection."
	case s.distrusted:
		return ReasonDistrusted, s.distrust
	default:
		return "", ""
	}
}

// tellGap tells a gap, and keeps the watermark before it until it is told.
func (e *Engine) tellGap(message string, gap Gap) {
	e.untold = append(e.untold, wallNanos(gap.From))
	e.outbox.push(func() {
		e.options.Logger.Info(message, "reason", gap.Reason, "from", gap.From, "to", gap.To)
		e.options.OnGap(gap)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.untold = e.untold[1:]
	})
}
