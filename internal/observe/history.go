// SPDX-License-Identifier: Apache-2.0

package observe

import "slices"

// maxChanges is how many changes of a check are kept until they are settled.
const maxChanges = 512

// change is a Change as it is kept.
type change struct {
	at              int64 // wall
	first           int64 // of Down: the first failure of the streak; wall
	reason, message string
	count           int32 // of Down: the failures of the streak
	state           stateCode
}

// history holds the changes of a check that are not settled yet, oldest first
// and at least one. A check of which all is settled has none.
type history struct {
	check   *check
	changes []change
	merged  int64 // when the newest came about of those that are one with the first; 0 if none are
	place   int32 // in the engine's timeline of unsettled changes
}

func (h *history) setPlace(place int32) { h.place = place }

// add keeps one more change. If there are too many, the two oldest become one.
func (h *history) add(c change) {
	if len(h.changes) < maxChanges {
		h.changes = append(h.changes, c)
		return
	}
	first, second := h.changes[0], h.changes[1]
	h.merged = second.at
	if first.first == 0 {
		first.first, first.count = second.first, second.count
	}
	first.state, first.reason = codeUnknown, ReasonTooManyChanges
	first.message = "More changed than could be kept until it was recorded."
	h.changes[1] = first
	h.changes = append(h.changes[:0], h.changes[1:]...)
	h.changes = append(h.changes, c)
}

// settle drops what came about before the given wall time. Of the changes that
// are one it keeps those that did not.
func (h *history) settle(before int64) {
	settled := 0
	for settled < len(h.changes) && h.changes[settled].at < before {
		settled++
	}
	switch {
	case settled == 0:
		return
	case h.merged >= before:
		h.changes[0].at = before
		return
	}
	h.merged = 0
	h.changes = slices.Clone(h.changes[settled:])
}

// openStreak returns the first of the streaks that ended in a change to Down
// before the given wall time; false if there is none.
func (h *history) openStreak(before int64) (Pending, bool) {
	for i := range h.changes {
		c := &h.changes[i]
		if c.at >= before {
			break
		}
		if c.first != 0 {
			return h.check.pending(c.first, c.count), true
		}
	}
	return Pending{}, false
}

// pending returns a streak of failures of the check.
func (c *check) pending(first int64, count int32) Pending {
	return Pending{
		Subscriber:   c.subscriber.key,
		Check:        c.name,
		FirstFailure: wallTime(first),
		Count:        int(count),
	}
}

// record keeps it as a change if the check's state is not what it was before,
// or if slow became flapping or flapping slow, which came about at now.
func (c *check) record(before *shown, now int64) {
	at := c.shown.since
	if c.shown.state == before.state {
		if c.shown.state != codeDegraded || c.shown.reason == before.reason {
			return
		}
		at = now
	}
	at = max(at, c.earliest)
	// No two changes of a check have the same time: it is what settling knows
	// them by.
	c.earliest, c.attested = at+1, false
	turned := change{at: at, reason: c.shown.reason, message: c.message, state: c.shown.state}
	if c.shown.state == codeDown {
		turned.first, turned.count = c.streak.first, -c.streak.run
	}
	if c.history == nil {
		c.history = &history{check: c, place: nowhere}
	}
	c.history.add(turned)
}

// attest notes that a check that is Unknown has had a definite result: nothing
// that comes of it came about before the first result of its kind since.
func (c *check) attest(at int64) {
	if c.shown.state != codeUnknown || c.attested && c.streak.run != 1 && c.streak.run != -1 {
		return
	}
	c.earliest, c.attested = max(c.earliest, at), true
}

// unsettled returns the changes that are not settled yet, as a copy.
func (c *check) unsettled() []Change {
	if c.history == nil {
		return nil
	}
	changes := make([]Change, len(c.history.changes))
	for i := range changes {
		kept := &c.history.changes[i]
		changes[i] = Change{At: wallTime(kept.at), State: kept.state.state(), Reason: kept.reason, Message: kept.message}
	}
	return changes
}
