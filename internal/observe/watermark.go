// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"cmp"
	"slices"
	"strings"
)

// Watermark returns up to when everything that was seen is settled. While the
// engine is blind or distrusted it stands still, and while there is a Gap that
// OnGap was not told of. It never goes back, not even when the clock is set
// back.
func (e *Engine) Watermark() Watermark {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	// Should the loop be late, what it would notice must not be passed over.
	e.watchClocks(now)
	pending, at := e.openStreaks()
	at = min(at, now.wall, e.unsettled.next(), e.unjudged(now))
	if e.sight.dark() {
		at = min(at, e.sight.darkSince.wall)
	}
	for _, from := range e.untold {
		at = min(at, from)
	}
	e.told = max(e.told, at)
	return Watermark{At: wallTime(e.told), Pending: pending}
}

// openStreaks returns the streaks of failures that a change to Down may come of
// that began before the next watermark, and of those that came of one already
// and are not settled the ones that began before the last. There are at most
// MaxPending, oldest first. The second value is when the first of those left
// out began; never if none is.
func (e *Engine) openStreaks() ([]Pending, int64) {
	var open []Pending
	finished := map[*check]bool{}
	e.unsettled.before(e.told, func(h *history) {
		if p, found := h.openStreak(e.told); found {
			open = append(open, p)
			finished[h.check] = true
		}
	})
	for _, f := range e.failing.earliest(MaxPending + 1) {
		if !finished[f.check] {
			open = append(open, f.pending(f.streak.first, -f.streak.run))
		}
	}
	slices.SortFunc(open, func(a, b Pending) int {
		return cmp.Or(
			a.FirstFailure.Compare(b.FirstFailure),
			strings.Compare(a.Subscriber.Namespace, b.Subscriber.Namespace),
			strings.Compare(a.Subscriber.Name, b.Subscriber.Name),
			strings.Compare(a.Check, b.Check),
		)
	})
	if len(open) <= MaxPending {
		return open, never
	}
	return open[:MaxPending:MaxPending], wallNanos(open[MaxPending].FirstFailure)
}

// unjudged returns the wall time of the first thing that was due or was seen and
// is not judged yet; never if there is none.
func (e *Engine) unjudged(now instant) int64 {
	at := e.outstanding.first()
	if due := min(e.dues.next(), e.lapses.next()); due < now.mono {
		at = min(at, now.wallAt(due))
	}
	for _, list := range e.sight.open {
		for i := range list {
			at = min(at, list[i].answer.start.wall, list[i].question.silentSince(now))
		}
	}
	return at
}

// silentSince returns the wall time since when the first of the question's
// checks is covered no more although it is not called Unknown yet; never if
// there is none.
func (q *question) silentSince(now instant) int64 {
	cover := now.mono
	for _, c := range q.checks {
		if c.shown.state != codeUnknown {
			cover = min(cover, c.cover)
		}
	}
	if cover == now.mono {
		return never
	}
	return now.wallAt(cover)
}

// wallAt returns the wall time of the given monotonic time, as of now.
func (now instant) wallAt(mono int64) int64 { return now.wall - (now.mono - mono) }

// outstanding are the due times that were not judged yet, in their order. The
// zero value is empty.
type outstanding struct{ dues fifo[dueTime] }

// dueTime is a time at which a question was due.
type dueTime struct {
	question *question
	mono     int64
	wall     int64 // the same, by the wall clock of that time
}

// open reports whether it was not judged yet.
func (d *dueTime) open() bool {
	q := d.question
	if q.queued != d.mono {
		return false
	}
	switch q.stage {
	case stageWaiting, stageReady:
		return true
	case stageRunning:
		return !q.run.judged
	default:
		return false
	}
}

// push adds a due time. Behind an old one that is open may be many that are not:
// they are sorted out when they are more than those that are.
func (o *outstanding) push(d dueTime, open int) {
	if o.dues.len() > 2*open+1024 {
		var kept fifo[dueTime]
		for o.dues.len() > 0 {
			if old := o.dues.pop(); old.open() {
				kept.push(old)
			}
		}
		o.dues = kept
	}
	o.first()
	o.dues.push(d)
}

// first returns the wall time of the first that is open; never if none is.
func (o *outstanding) first() int64 {
	for o.dues.len() > 0 {
		if d := o.dues.peek(); d.open() {
			return d.wall
		}
		o.dues.pop()
	}
	return never
}
