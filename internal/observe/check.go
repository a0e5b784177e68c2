// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"fmt"
	"slices"
	"time"
)

const (
	// coverIntervals is for how many intervals from its start a result speaks.
	coverIntervals = 2
	// sweepLimit is how long at most a new check waits for its first turn.
	sweepLimit = int64(time.Minute)
	// patience is how often in a row another reason or a later certificate must
	// be seen before it is shown.
	patience = 3
)

// note is what the last result said that was not a success.
type note struct {
	reason, message string
	step            Step
	doubtful        bool // inconclusive rather than failed
	impaired        bool // a success, but one that shows a fault
}

// stateCode is a State in one byte: there are very many checks.
type stateCode uint8

const (
	codePending stateCode = iota
	codeUp
	codeDegraded
	codeDown
	codeUnknown
)

var statesByCode = [...]State{
	codePending: StatePending, codeUp: StateUp, codeDegraded: StateDegraded, codeDown: StateDown, codeUnknown: StateUnknown,
}

func (c stateCode) state() State { return statesByCode[c] }

// codeOf returns the code of a State; that of Pending if there is none such.
func codeOf(s State) stateCode { return stateCode(max(slices.Index(statesByCode[:], s), 0)) }

// shown is the part of a check that a reader records.
type shown struct {
	since       int64
	certificate int64
	reason      string
	state       stateCode
}

// check is one Check of one subscriber: what its owner asked for, what its
// results amount to, and what is shown of it. It knows nothing of when and how
// it is asked.
type check struct {
	subscriber *subscriber
	question   *question // nil if it cannot be put at present
	name       string
	streak     streak
	limits     limits
	interval   int64
	phase      uint64
	due        int64 // monotonic; results of checks begun before it are not its own
	cover      int64 // monotonic; when silence becomes Unknown
	checkedAt  int64
	latency    int64
	last       *note
	reader     *answerReader // nil if a success is a success
	shown      shown
	message    string
	history    *history // nil if all changes are settled
	earliest   int64    // wall; when the next change can have come about
	place      int32    // in the engine's timeline of lapses
	failed     int32    // in the engine's timeline of unfinished streaks
	drift      uint16
	later      uint8 // in a row that a later certificate was seen
	step       Step
	granted    bool // covered on credit since the last definite result
	attested   bool // Unknown, but it has had a definite result since
	decided    bool // it has had a definite result in this process
	answered   bool // or any other
	awaited    bool // its answer is waited for
}

func (c *check) setPlace(place int32) { c.place = place }

// sweep is how long at most the check waits until it is first asked.
func (c *check) sweep() int64 { return min(c.interval, sweepLimit) }

// credit is until when a check is covered that is about to be asked anew.
func (c *check) credit(now instant) int64 {
	return now.mono + c.sweep() + coverIntervals*c.interval
}

// begin gives a new check its first state, from the seed if there is one.
func (c *check) begin(seed *Observation, now instant) {
	c.due, c.cover, c.granted = now.mono, c.credit(now), true
	c.shown = shown{state: codePending, since: now.wall, reason: ReasonNotYetJudged}
	c.message = "Too few checks have had a result."
	if seed == nil {
		return
	}
	switch seed.State {
	case StateUp, StateDegraded, StateDown, StateUnknown:
		c.shown.state, c.shown.reason = codeOf(seed.State), seed.Reason
		c.message, c.step = seed.Message, seed.Step
	case StatePending:
	}
	if !seed.Since.IsZero() {
		c.shown.since = wallNanos(seed.Since)
		c.earliest = c.shown.since
	}
	c.shown.certificate = wallNanos(seed.CertificateNotAfter)
	c.checkedAt, c.latency = wallNanos(seed.CheckedAt), int64(seed.Latency)
	c.streak = seeded(c.shown.state.state(), c.shown.reason, c.shown.since)
}

// reset prepares the check for another question: what is known counts as
// recorded earlier, so that an open outage stays open until it is decided.
func (c *check) reset(now instant) {
	c.streak.restart()
	c.due, c.last, c.drift, c.later = now.mono, nil, 0, 0
	c.grant(now)
}

// grant covers the check until it can have been asked anew; once only between
// two definite results.
func (c *check) grant(now instant) {
	if c.granted {
		return
	}
	c.granted = true
	c.cover = max(c.cover, c.credit(now))
}

// setInterval changes the interval. The last result now covers two of the new
// ones, and no less than the check needs to be asked anew.
func (c *check) setInterval(interval, offset int64, now instant) {
	was := c.cover
	c.cover += coverIntervals * (interval - c.interval)
	c.interval = interval
	c.due = min(nextPhase(c.phase, interval, offset, now.mono), c.due)
	if c.cover < was {
		c.cover = max(c.cover, min(was, c.credit(now)))
	}
}

// setLimits changes the thresholds and reports whether something shown changed.
func (c *check) setLimits(l limits, now instant) bool {
	before := c.shown
	c.limits = l
	if (c.streak.run < 0 || c.reader != nil) && (c.last == nil || c.last.doubtful) {
		return false // nobody remembers what was found: the next result decides
	}
	if c.streak.settle(l, now.wall) && c.shown.state != codeUnknown {
		c.show(c.streak.since)
		c.record(&before, now.wall)
	}
	return c.shown != before
}

// receive takes a definite answer, and reports whether something shown changed.
func (c *check) receive(a *answer, offset int64) bool {
	before, said := c.shown, c.message
	if a.start.mono < c.due {
		// Asked on behalf of somebody else between two of our own turns: it
		// does not count, but nobody can say that nobody looked.
		if c.shown.state != codeUnknown {
			c.cover = max(c.cover, a.start.mono+coverIntervals*c.interval)
		}
		return false
	}
	c.due = nextPhase(c.phase, c.interval, offset, a.start.mono)
	c.cover = max(c.cover, a.start.mono+coverIntervals*c.interval)
	c.granted, c.decided = false, true
	c.checkedAt = a.start.wall
	failed := a.result.Outcome == OutcomeFailure
	c.remember(a, failed)
	c.seeCertificate(&a.result)
	verdictBefore := c.streak.verdict()
	changed := c.streak.feed(reading{at: a.start.wall, failed: failed, slow: a.result.Slow || a.result.Degraded}, c.limits)
	c.attest(a.start.wall)
	c.conclude(a, verdictBefore, changed)
	if c.shown == before {
		return c.message != said
	}
	c.record(&before, a.start.wall)
	return true
}

// remember keeps of an answer what may have to be told later.
func (c *check) remember(a *answer, failed bool) {
	if !failed {
		c.last, c.latency = nil, int64(a.result.Latency)
		if !a.result.Degraded {
			return
		}
	}
	c.last = &note{reason: a.result.Reason, message: a.result.Message, step: a.result.Step, impaired: !failed}
}

// conclude shows the verdict after a definite answer.
func (c *check) conclude(a *answer, before verdict, changed bool) {
	v := c.streak.verdict()
	moved := v.state() != before.state()
	if c.shown.state != codeUnknown {
		if changed {
			c.show(c.streak.since)
		} else {
			c.reconsiderReason(v)
		}
		return
	}
	// Out of Unknown lead a new verdict, or evidence for the old one.
	failed := a.result.Outcome == OutcomeFailure
	switch {
	case moved || v == verdictDown && failed:
	case v == verdictFlapping || (v == verdictUp || v == verdictSlow) && !failed:
		// Nobody knows that it was up while nobody looked.
		c.streak.since = max(c.streak.since, a.start.wall)
	default:
		return
	}
	c.show(c.streak.since)
}

// show shows the streak's verdict, as of since.
func (c *check) show(since int64) {
	v := c.streak.verdict()
	c.drift = 0
	c.shown.state, c.shown.reason = codeOf(v.state()), ""
	if since != 0 {
		c.shown.since = since
	}
	c.message, c.step = "", StepNone
	switch v {
	case verdictNone:
		c.shown.reason, c.message = ReasonNotYetJudged, "Too few checks have had a result."
	case verdictSlow:
		if c.last != nil && c.last.impaired {
			c.showNote()
			return
		}
		c.shown.reason = ReasonSlow
		c.message = fmt.Sprintf("Answers take longer than agreed, the latest %s.",
			time.Duration(c.latency).Round(time.Millisecond))
	case verdictFlapping:
		c.shown.reason, c.message = ReasonFlapping, "At least 5 of the last 20 checks failed, but not in a row."
		if c.last != nil {
			c.step = c.last.step
		}
	case verdictDown:
		c.showNote()
	case verdictUp:
	}
}

// showNote shows what the last result said that was not a success.
func (c *check) showNote() {
	if c.last == nil {
		return
	}
	c.shown.reason, c.message, c.step = c.last.reason, c.last.message, c.last.step
}

// reconsiderReason shows another reason for an unchanged state if it keeps
// coming up. A target that fails in two ways by turns is not news each time.
func (c *check) reconsiderReason(v verdict) {
	fits := v == verdictDown || v == verdictSlow && c.last != nil && c.last.impaired || c.shown.state == codeUnknown
	if !fits || c.last == nil {
		return
	}
	if c.last.reason == c.shown.reason && (c.reader == nil || c.last.message == c.message) {
		c.drift = 0
		return
	}
	c.drift++
	if c.drift >= patience {
		c.drift = 0
		c.showNote()
	}
}

// seeCertificate notes when the certificate expires that the target presented.
func (c *check) seeCertificate(r *Result) {
	seen := wallNanos(r.CertificateNotAfter)
	known := c.shown.certificate
	switch {
	case seen == 0 && r.Outcome == OutcomeFailure, seen == known:
		// A check that failed before the handshake says nothing of it.
		if seen == known {
			c.later = 0
		}
	case seen != 0 && (known == 0 || seen < known):
		c.shown.certificate, c.later = seen, 0
	default:
		c.later++
		if c.later >= patience {
			c.shown.certificate, c.later = seen, 0
		}
	}
}

// doubt takes an answer that decides nothing, and reports whether something
// shown changed.
func (c *check) doubt(a *answer) bool {
	before, said := c.shown, c.message
	c.checkedAt = a.start.wall
	c.last = &note{reason: a.result.Reason, message: a.result.Message, step: a.result.Step, doubtful: true}
	switch {
	case c.shown.state == codeUnknown && (a.result.Reason != ReasonCredentialsRejected || c.shown.reason == a.result.Reason):
		c.reconsiderReason(verdictNone)
	case a.result.Reason == ReasonCredentialsRejected:
		c.lose(a.start.wall)
		c.showNote()
		c.record(&before, a.start.wall)
	}
	return c.shown != before || c.message != said
}

// lapse makes the check Unknown because nothing covers it any more since the
// given wall time, and reports whether something shown changed. A reason is
// given if the fault is our own.
func (c *check) lapse(since int64, reason, message string) bool {
	if c.shown.state == codeUnknown {
		return false
	}
	before := c.shown
	c.lose(since)
	switch {
	case reason != "":
		c.shown.reason, c.message = reason, message
	case c.last != nil && c.last.doubtful:
		c.showNote()
	default:
		c.shown.reason = ReasonNoRecentResult
		c.message = "No check has had a result for two intervals."
	}
	c.record(&before, since)
	return true
}

// lose makes the check Unknown as of since.
func (c *check) lose(since int64) {
	if c.shown.state != codeUnknown {
		c.shown.state, c.shown.since = codeUnknown, max(since, c.shown.since)
	}
	c.step, c.drift = StepNone, 0
}

// observation returns what is shown, as a copy.
func (c *check) observation() Observation {
	return Observation{
		Name:                c.name,
		State:               c.shown.state.state(),
		Since:               wallTime(c.shown.since),
		Reason:              c.shown.reason,
		Message:             c.message,
		Step:                c.step,
		Latency:             time.Duration(c.latency),
		CertificateNotAfter: wallTime(c.shown.certificate),
		CheckedAt:           wallTime(c.checkedAt),
		Facts:               c.facts(),
		Changes:             c.unsettled(),
	}
}
