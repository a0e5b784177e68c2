// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// subscriber is a Subscriber and its checks, sorted by name.
type subscriber struct {
	key    types.NamespacedName
	uid    types.UID
	checks []*check
	dirty  bool // waits to be told
	gone   bool
}

// question is what is asked once for all checks that want the answer.
type question struct {
	key       string
	probe     Probe
	target    *target
	checks    []*check
	run       *run // nil unless running
	interval  int64
	timeout   int64
	phase     uint64
	queued    int64  // the due time for which it waits
	decided   int64  // when the newest delivered definite result began
	place     int32  // in the engine's timeline of dues
	usual     uint32 // ms that the last success took
	undecided uint16 // failures that wait for proof that the path works
	penalty   uint8  // how often in a row our credentials were rejected
	stage     stage
	asked     bool
	timedOut  bool // the last time
}

func (q *question) setPlace(place int32) { q.place = place }

// stage is where a question is on its way.
type stage uint8

const (
	stageIdle    stage = iota // until it is due
	stageWaiting              // for its target
	stageReady                // for the pool
	stageRunning
	stageGone // nobody wants to know any more
)

// wanted is a Check with what its Probe says of itself.
type wanted struct {
	Check
	key, target string
}

// prepare fills in defaults and asks each Probe for its key, outside of the
// lock. Nobody can rely on a Probe to be quick.
func prepare(checks []Check) []wanted {
	prepared := make([]wanted, 0, len(checks))
	for _, c := range checks {
		if slices.ContainsFunc(prepared, func(w wanted) bool { return w.Name == c.Name }) {
			continue
		}
		w := wanted{Check: c.withDefaults()}
		if c.Probe != nil {
			w.key, w.target = c.Probe.Key(), c.Probe.Target()
		}
		prepared = append(prepared, w)
	}
	slices.SortFunc(prepared, func(a, b wanted) int { return strings.Compare(a.Name, b.Name) })
	return prepared
}

// update makes the subscriber's checks those that are wanted. Both are sorted
// by name.
func (e *Engine) update(s *subscriber, all []wanted, now instant) {
	if len(s.checks) != len(all) || !slices.EqualFunc(s.checks, all, func(c *check, w wanted) bool { return c.name == w.Name }) {
		known := s.checks
		s.checks = make([]*check, 0, len(all))
		for i := range all {
			at, found := slices.BinarySearchFunc(known, all[i].Name, func(c *check, name string) int {
				return strings.Compare(c.name, name)
			})
			if found {
				s.checks = append(s.checks, known[at])
				known[at] = nil
				known = slices.Delete(known, at, at+1)
				continue
			}
			s.checks = append(s.checks, e.newCheck(s, &all[i], now))
		}
		for _, c := range known {
			e.remove(c, now)
		}
	}
	for i, c := range s.checks {
		e.adapt(c, &all[i], now)
	}
}

// newCheck returns a check that is not attached to a question yet.
func (e *Engine) newCheck(s *subscriber, w *wanted, now instant) *check {
	c := &check{
		subscriber: s,
		name:       w.Name,
		limits:     limitsOf(w),
		interval:   int64(w.Interval),
		phase:      phaseOf(s.uid, w.Name),
		place:      nowhere,
		failed:     nowhere,
	}
	c.begin(w.Seed, now)
	c.readWith(w.Read)
	if w.Seed != nil && c.reader != nil {
		c.reader.facts = w.Seed.Facts
	}
	e.lapses.add(c, c.cover)
	e.checks++
	e.attach(c, w, now)
	if w.Seed != nil {
		e.seedPenalty(c, w.Seed, now)
	}
	e.resume(c, now)
	return c
}

func limitsOf(w *wanted) limits {
	return limits{failures: int32(w.FailureThreshold), successes: int32(w.SuccessThreshold)}
}

// adapt makes a known check the one that is wanted.
func (e *Engine) adapt(c *check, w *wanted, now instant) {
	c.readWith(w.Read)
	if l := limitsOf(w); l != c.limits {
		if c.setLimits(l, now) {
			e.changed(c.subscriber)
		}
		e.follow(c)
	}
	if c.interval != int64(w.Interval) {
		c.setInterval(int64(w.Interval), e.offset, now)
		e.lapses.move(c.place, c.cover)
		if c.question != nil {
			e.retime(c.question, now)
		}
	}
	if c.question == nil && w.Probe == nil {
		return
	}
	if c.question != nil && w.Probe != nil && c.question.key == w.key {
		if c.question.timeout != int64(w.Timeout) {
			e.setTimeout(c.question, int64(w.Timeout))
		}
		return
	}
	e.detach(c, now)
	c.reset(now)
	e.follow(c)
	e.lapses.move(c.place, c.cover)
	e.attach(c, w, now)
	if c.question == nil {
		e.release(c, now)
	}
}

// attach lets the check take part in its question, which is put soon.
func (e *Engine) attach(c *check, w *wanted, now instant) {
	if w.Probe == nil {
		return
	}
	q := e.questions[w.key]
	if q == nil {
		q = &question{key: w.key, probe: w.Probe, target: e.targetOf(w.target), place: nowhere, decided: longAgo}
		q.target.references++
		e.questions[w.key] = q
		e.recallPenalty(q, now)
	}
	q.checks = append(q.checks, c)
	c.question = q
	e.attached++
	if q.timeout != int64(w.Timeout) {
		e.setTimeout(q, int64(w.Timeout))
	}
	e.retime(q, now)
	switch {
	case q.penalty > 0:
		checkedAt := c.checkedAt
		if c.doubt(&answer{start: now, result: rejected()}) {
			e.changed(c.subscriber)
			e.follow(c)
		}
		e.release(c, now)
		c.checkedAt = checkedAt // it was another's
	case q.run != nil:
		c.due = min(c.due, q.run.start.mono)
	case q.stage == stageIdle:
		e.dues.move(q.place, min(e.turn(c, now), e.dues.at(q.place)))
	}
}

// turn returns when a new check is asked for the first time: at once, if not
// many are new, else at its place in the sweep.
func (e *Engine) turn(c *check, now instant) int64 {
	slot := max(now.mono, e.sweepAt)
	place := now.mono + int64(c.phase%uint64(c.sweep()))
	if place < slot {
		return place
	}
	e.sweepAt = slot + int64(float64(time.Second)/e.options.StartupRate)
	return slot
}

// retime gives the question the interval and the place in time of the check
// that asks most often, and has it put no later than that asks for.
func (e *Engine) retime(q *question, now instant) {
	leader := q.checks[0]
	for _, c := range q.checks[1:] {
		if c.interval < leader.interval || c.interval == leader.interval && c.phase < leader.phase {
			leader = c
		}
	}
	if q.place != nowhere && q.interval == leader.interval && q.phase == leader.phase {
		return
	}
	q.interval, q.phase = leader.interval, leader.phase
	at := nextPhase(q.phase, q.interval, e.offset, now.mono)
	switch {
	case q.place == nowhere:
		e.dues.add(q, at)
	case q.penalty == 0 && at < e.dues.at(q.place):
		e.dues.move(q.place, at)
	}
}

// setTimeout changes the timeout of a question and keeps the longest of all.
func (e *Engine) setTimeout(q *question, timeout int64) {
	e.forgetTimeout(q)
	q.timeout = timeout
	e.timeouts[timeout]++
	if timeout > e.longest.Load() {
		e.longest.Store(timeout)
	}
}

func (e *Engine) forgetTimeout(q *question) {
	if q.timeout == 0 {
		return
	}
	if e.timeouts[q.timeout]--; e.timeouts[q.timeout] > 0 {
		return
	}
	delete(e.timeouts, q.timeout)
	longest := int64(0)
	for timeout := range e.timeouts {
		longest = max(longest, timeout)
	}
	e.longest.Store(longest)
}

// detach ends the check's part in its question. A question that nobody wants
// answered ends too.
func (e *Engine) detach(c *check, now instant) {
	q := c.question
	if q == nil {
		return
	}
	c.question = nil
	e.attached--
	q.checks = slices.DeleteFunc(q.checks, func(other *check) bool { return other == c })
	if len(q.checks) > 0 {
		e.retime(q, now)
		return
	}
	e.rememberPenalty(q, now)
	e.dues.remove(q.place)
	e.forgetTimeout(q)
	delete(e.questions, q.key)
	e.withdraw(q)
}

// remove ends a check.
func (e *Engine) remove(c *check, now instant) {
	e.detach(c, now)
	e.unfollow(c, now)
	e.lapses.remove(c.place)
	e.checks--
}

// drop ends all checks of a subscriber.
func (e *Engine) drop(s *subscriber, now instant) {
	for _, c := range s.checks {
		e.remove(c, now)
	}
	s.checks, s.gone = nil, true
	delete(e.subscribers, s.key)
}
