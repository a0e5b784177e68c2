// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// readings are written as a word: S success, L slow success, F failure; the
// n-th began at 100 × n.
func readings(word string) []reading {
	all := make([]reading, len(word))
	for i, letter := range word {
		all[i] = reading{at: int64(100 * (i + 1)), failed: letter == 'F', slow: letter == 'L'}
	}
	return all
}

func TestStreakVerdict(t *testing.T) {
	strict := limits{failures: 3, successes: 1}
	patient := limits{failures: 2, successes: 3}
	tests := []struct {
		name   string
		word   string
		limits limits
		want   verdict
		since  int64
	}{
		{"nothing known", "", strict, verdictNone, 0},
		{"first success", "S", strict, verdictUp, 100},
		{"failures alone do not judge early", "FF", strict, verdictNone, 0},
		{"an outage begins with the first failure of its streak", "SFFF", strict, verdictDown, 200},
		{"a broken streak does not count", "SFFSFFF", strict, verdictDown, 500},
		{"an outage goes on", "SFFFFFF", strict, verdictDown, 200},
		{"recovery begins with the success that ends it", "SFFFS", strict, verdictUp, 500},
		{"recovery begins with the first success of its streak", "FFSSS", patient, verdictUp, 300},
		{"two successes of three do not end an outage", "FFSSFSS", patient, verdictDown, 100},
		{"success is confirmed too", "SSS", patient, verdictUp, 100},
		{"one slow answer is none", "SLS", strict, verdictUp, 100},
		{"slow from the first slow answer", "SSLLL", strict, verdictSlow, 300},
		{"no longer slow from the first fast answer", "SLLLS", strict, verdictUp, 500},
		{"failures neither slow down nor speed up", "SLLFLF", strict, verdictSlow, 200},
		{"slow answers within an outage do not count", "FFLLL", patient, verdictUp, 300},
		{"but from the one that ends it", "FFLLLL", patient, verdictSlow, 500},
		{"down outweighs slow", "LLLFFF", strict, verdictDown, 400},
		{"an outage ends slowness", "LLLFFFS", strict, verdictUp, 700},
		{"four failures in twenty are not flapping", "SFSFSFSF", strict, verdictUp, 100},
		{"five are", "SFSFSFSFSF", strict, verdictFlapping, 1000},
		{"flapping stays above one failure in twenty", "SFSFSFSFSF" + "SSSSSSSSSSSSSSSSS", strict, verdictFlapping, 1000},
		{"and ends at one", "SFSFSFSFSF" + "SSSSSSSSSSSSSSSSSS", strict, verdictUp, 2800},
		{"failures of an outage are not flapping", "SFFFSFFFSFFFS", strict, verdictUp, 1300},
		{"flapping becomes an outage from its streak's first failure", "SFSFSFSFSFFF", strict, verdictDown, 1000},
		{"flapping before anything was confirmed", "FSFSFSFSF", limits{failures: 2, successes: 2}, verdictFlapping, 900},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var s streak
			for _, r := range readings(test.word) {
				before := s.verdict()
				if changed := s.feed(r, test.limits); changed != (s.verdict() != before) {
					t.Errorf("at %d: feed said changed = %t, verdict went from %d to %d", r.at, changed, before, s.verdict())
				}
			}
			if s.verdict() != test.want || s.since != test.since {
				t.Errorf("after %q: verdict %d since %d, want %d since %d", test.word, s.verdict(), s.since, test.want, test.since)
			}
		})
	}
}

func TestStreakKeepsCountingWhenLimitsChange(t *testing.T) {
	var s streak
	for _, r := range readings("SFF") {
		s.feed(r, limits{failures: 5, successes: 1})
	}
	if s.settle(limits{failures: 3, successes: 1}, 350) {
		t.Error("two failures are enough for a threshold of three")
	}
	if !s.settle(limits{failures: 2, successes: 1}, 350) || s.verdict() != verdictDown || s.since != 200 {
		t.Errorf("with a threshold of two: verdict %d since %d, want down since 200", s.verdict(), s.since)
	}
	if s.settle(limits{failures: 5, successes: 1}, 350) || s.verdict() != verdictDown {
		t.Error("a higher threshold ended a confirmed outage")
	}
}

func TestSeededStreak(t *testing.T) {
	l := limits{failures: 3, successes: 2}
	tests := []struct {
		name   string
		state  State
		reason string
		word   string
		want   verdict
		since  int64
	}{
		{"an outage goes on at the first failure", StateDown, "ConnectionRefused", "F", verdictDown, 7},
		{"and ends by a whole streak", StateDown, "ConnectionRefused", "S", verdictDown, 7},
		{"from its first success", StateDown, "ConnectionRefused", "SS", verdictUp, 100},
		{"up stays up", StateUp, "", "S", verdictUp, 7},
		{"an unfinished streak is not carried over", StateUp, "", "FF", verdictUp, 7},
		{"slow stays slow", StateDegraded, ReasonSlow, "S", verdictSlow, 7},
		{"flapping does not end with the first success", StateDegraded, ReasonFlapping, "SSSSSSSSSSSS", verdictFlapping, 7},
		{"but with twenty", StateDegraded, ReasonFlapping, "SSSSSSSSSSSSSSSSSSSS", verdictUp, 1900},
		{"unknown knows nothing", StateUnknown, ReasonBlind, "S", verdictNone, 7},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := seeded(test.state, test.reason, 7)
			for _, r := range readings(test.word) {
				s.feed(r, l)
			}
			if s.verdict() != test.want || s.since != test.since {
				t.Errorf("verdict %d since %d, want %d since %d", s.verdict(), s.since, test.want, test.since)
			}
		})
	}
}

// naive is the streak told as one would to a person: it keeps the whole history
// and counts anew each time.
type naive struct {
	history  []reading
	verdict  verdict
	since    int64
	up, down bool
	slow     bool
	flapping bool
	endedAt  int // readings up to the last one within an outage
}

// tail returns how many of the newest readings satisfy is, and when the first of
// them began. Readings for which skip holds are passed over.
func tail(history []reading, is, skip func(reading) bool) (count int32, first int64) {
	for _, r := range slices.Backward(history) {
		if skip(r) {
			continue
		}
		if !is(r) {
			break
		}
		count++
		first = r.at
	}
	return count, first
}

func (n *naive) feed(r reading, l limits) {
	n.history = append(n.history, r)
	none := func(reading) bool { return false }
	failed := func(r reading) bool { return r.failed }
	failures, firstFailure := tail(n.history, failed, none)
	successes, firstSuccess := tail(n.history, func(r reading) bool { return !r.failed }, none)
	before := n.verdict
	confirmed := int64(-1)
	if failures >= l.failures && !n.down {
		n.down, n.up, confirmed = true, false, firstFailure
	}
	if successes >= l.successes && !n.up {
		n.up, n.down, confirmed = true, false, firstSuccess
	}
	if n.down {
		n.slow, n.flapping, n.endedAt = false, false, len(n.history)
	}
	outside := n.history[n.endedAt:]
	slows, firstSlow := tail(outside, func(r reading) bool { return r.slow }, failed)
	fasts, firstFast := tail(outside, func(r reading) bool { return !r.slow }, failed)
	wasFlapping, began := n.flapping, r.at
	switch {
	case !n.slow && slows >= l.failures:
		n.slow, began = true, firstSlow
	case n.slow && fasts >= l.successes:
		n.slow, began = false, firstFast
	}
	recent := 0
	for _, r := range outside[max(0, len(outside)-windowSize):] {
		if r.failed {
			recent++
		}
	}
	n.flapping = recent >= flappingFrom || n.flapping && recent > flappingUntil
	if wasFlapping && !n.flapping {
		began = r.at
	}
	n.conclude(before, confirmed, began)
}

func (n *naive) conclude(before verdict, confirmed, began int64) {
	switch {
	case n.down:
		n.verdict = verdictDown
	case n.flapping:
		n.verdict = verdictFlapping
	case n.up && n.slow:
		n.verdict = verdictSlow
	case n.up:
		n.verdict = verdictUp
	default:
		n.verdict = verdictNone
	}
	if n.verdict.state() == before.state() {
		return
	}
	if confirmed >= 0 {
		began = confirmed
	}
	if n.verdict != verdictDown {
		began = max(began, n.since)
	}
	n.since = began
}

func TestStreakEqualsNaiveModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := limits{
			failures:  rapid.Int32Range(1, 6).Draw(t, "failureThreshold"),
			successes: rapid.Int32Range(1, 6).Draw(t, "successThreshold"),
		}
		letters := rapid.SampledFrom([]byte("SSSSLLLFFF"))
		word := rapid.SliceOfN(letters, 1, 120).Draw(t, "word")
		var s streak
		var model naive
		for i, r := range readings(string(word)) {
			s.feed(r, l)
			model.feed(r, l)
			if s.verdict() != model.verdict || s.since != model.since {
				t.Fatalf("after %q: verdict %d since %d, model says %d since %d",
					word[:i+1], s.verdict(), s.since, model.verdict, model.since)
			}
		}
	})
}
