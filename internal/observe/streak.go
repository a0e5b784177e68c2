// SPDX-License-Identifier: Apache-2.0

package observe

import "math/bits"

// The window by which flapping is told.
const (
	windowSize    = 20
	windowMask    = 1<<windowSize - 1
	flappingFrom  = 5 // failures in the window that begin it
	flappingUntil = 1 // failures in the window that end it
	seededWindow  = 1<<flappingFrom - 1
	streakLimit   = 1 << 30
)

// verdict is what the definite results of a check amount to.
type verdict uint8

const (
	verdictNone verdict = iota // too few to tell
	verdictUp
	verdictSlow
	verdictFlapping
	verdictDown
)

// state in which a verdict is shown.
func (v verdict) state() State {
	switch v {
	case verdictUp:
		return StateUp
	case verdictSlow, verdictFlapping:
		return StateDegraded
	case verdictDown:
		return StateDown
	default:
		return StatePending
	}
}

// limits are the thresholds of a check; both at least 1.
type limits struct{ failures, successes int32 }

// reading is a definite result: success (slow or not) or failure, and the wall
// time at which its check began, in nanoseconds.
type reading struct {
	at     int64
	failed bool
	slow   bool
}

// streak turns readings into a verdict. It knows nothing of silence, of doubt
// and of clocks: only definite results reach it, in order.
//
// A failure streak of the failure threshold confirms Down, which began with
// the streak's first failure; a success streak of the success threshold
// confirms Up, which began with its first success. Slowness has thresholds of
// its own of the same size: so many slow successes in a row begin it, so many
// that were not slow end it, and failures in between count for neither; within
// an outage nothing counts as slow. Flapping
// counts the failures of the last 20 readings outside of confirmed outages.
type streak struct {
	first     int64  // when the current streak of successes or failures began
	paceFirst int64  // when the current streak of slow or fast successes began
	since     int64  // when the verdict's state began
	run       int32  // successes in a row if positive, failures if negative
	pace      int32  // fast successes in a row if positive, slow if negative
	window    uint32 // the last 20 readings, newest lowest, 1 = failure
	up        bool   // successes were confirmed last
	down      bool   // failures were confirmed last
	slow      bool
	flapping  bool
}

// seeded returns the streak of a check that was in the given state before this
// process began. An unfinished streak is not carried over.
func seeded(state State, reason string, since int64) streak {
	s := streak{since: since}
	switch state {
	case StateUp:
		s.up = true
	case StateDegraded:
		s.up = true
		if reason == ReasonFlapping {
			s.flapping, s.window = true, seededWindow
		} else {
			s.slow = true
		}
	case StateDown:
		s.down = true
	case StatePending, StateUnknown:
	}
	return s
}

// verdict of all readings so far.
func (s *streak) verdict() verdict {
	switch {
	case s.down:
		return verdictDown
	case s.flapping:
		return verdictFlapping
	case s.slow && s.up:
		return verdictSlow
	case s.up:
		return verdictUp
	default:
		return verdictNone
	}
}

// feed takes the next reading and reports whether the verdict is another one
// now.
func (s *streak) feed(r reading, l limits) bool {
	s.window = s.window << 1 & windowMask
	if r.failed {
		if s.run >= 0 {
			s.run, s.first = 0, r.at
		}
		s.run = max(s.run-1, -streakLimit)
		s.window |= 1
	} else {
		if s.run <= 0 {
			s.run, s.first = 0, r.at
		}
		s.run = min(s.run+1, streakLimit)
		s.feedPace(r)
	}
	return s.settle(l, r.at)
}

// feedPace counts a success as slow or fast.
func (s *streak) feedPace(r reading) {
	if r.slow {
		if s.pace >= 0 {
			s.pace, s.paceFirst = 0, r.at
		}
		s.pace = max(s.pace-1, -streakLimit)
		return
	}
	if s.pace <= 0 {
		s.pace, s.paceFirst = 0, r.at
	}
	s.pace = min(s.pace+1, streakLimit)
}

// settle draws the conclusions from what was counted, at the wall time now, and
// reports whether the verdict changed. It is also called when only the limits
// changed.
func (s *streak) settle(l limits, now int64) bool {
	before := s.verdict()
	confirmed := s.confirm(l)
	if s.down {
		s.window, s.flapping = 0, false
		s.slow, s.pace = false, 0
	}
	slowed, recovered := s.settlePace(l)
	steadied := s.settleFlapping()
	after := s.verdict()
	if after.state() == before.state() {
		return after != before
	}
	began := now
	switch {
	case confirmed:
		began = s.first
	case slowed && after != verdictNone, recovered && !steadied:
		began = s.paceFirst
	}
	if after != verdictDown {
		began = max(began, s.since)
	}
	s.since = began
	return true
}

// confirm ends or begins an outage if a streak suffices for it.
func (s *streak) confirm(l limits) bool {
	switch {
	case -s.run >= l.failures && !s.down:
		s.down, s.up = true, false
	case s.run >= l.successes && !s.up:
		s.up, s.down = true, false
	default:
		return false
	}
	return true
}

// settlePace begins or ends slowness if a streak suffices for it.
func (s *streak) settlePace(l limits) (slowed, recovered bool) {
	switch {
	case !s.slow && -s.pace >= l.failures:
		s.slow, slowed = true, true
	case s.slow && s.pace >= l.successes:
		s.slow, recovered = false, true
	}
	return slowed, recovered
}

// settleFlapping begins or ends flapping by the window, and reports whether it
// ended.
func (s *streak) settleFlapping() (steadied bool) {
	failures := bits.OnesCount32(s.window)
	if !s.flapping {
		s.flapping = failures >= flappingFrom
		return false
	}
	s.flapping = failures > flappingUntil
	return !s.flapping
}

// resume continues a streak of failures that began elsewhere. What follows from
// it settle says.
func (s *streak) resume(first int64, count int32) {
	s.run, s.first = -count, first
	s.window |= 1<<min(count, windowSize) - 1
}

// restart is for another question under the same name: what was confirmed
// stays until the new question confirms something else, and nothing that was
// merely counted is carried over.
func (s *streak) restart() {
	reason := ""
	if s.flapping {
		reason = ReasonFlapping
	}
	*s = seeded(s.verdict().state(), reason, s.since)
}
