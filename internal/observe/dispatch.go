// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"slices"
	"time"
)

// target is one "host:port" and the questions put to it.
type target struct {
	name       string
	queue      []*question // waiting and ready, in the order in which they came
	network    network     // in which it was seen last
	references int32       // questions and runs
	running    int32
	ready      int32
	answered   bool // it ever accepted a connection
	timedOut   bool // connecting to it did, the last time
}

// run is one asking of a question.
type run struct {
	question *question
	due      int64 // monotonic
	start    instant
	mark     lagMark
	context  context.Context
	cancel   context.CancelFunc
	deadline int64 // monotonic; when its Probe has overrun
	place    int32 // in the engine's timeline of deadlines
	unproven bool  // takes a place of the unproven half of the pool
	judged   bool  // its result is not waited for any more
	broken   bool  // it was broken off to make room
}

func (r *run) setPlace(place int32) { r.place = place }

// heldUp reports whether the run began so late that it can outlast the interval
// of its question although it keeps its timeout.
func (r *run) heldUp(now instant) bool {
	began := now.mono
	if r.cancel != nil {
		began = r.start.mono
	}
	return began-r.due > r.question.interval-r.question.timeout
}

const (
	// overrunGrace is how long after its deadline a run may return.
	overrunGrace = int64(time.Second)
	// A run takes unusually long that takes so many times what the last success
	// took, and so long at least.
	unusual     = 4
	unusualFrom = int64(time.Second)
)

// targetOf returns the target of that name.
func (e *Engine) targetOf(name string) *target {
	t := e.targets[name]
	if t == nil {
		t = &target{name: name, network: networkOf(name)}
		e.targets[name] = t
	}
	return t
}

// releaseTarget drops one reference.
func (e *Engine) releaseTarget(t *target) {
	if t.references--; t.references == 0 {
		delete(e.targets, t.name)
	}
}

// ask puts a question in the queue that is due since the given time.
func (e *Engine) ask(q *question, due int64) {
	q.queued, q.stage = due, stageWaiting
	t := q.target
	t.queue = append(t.queue, q)
	e.queued++
	e.promote(t)
	if t.doubtful() && t.ready == 1 && len(t.queue) == 2 {
		e.pool.add(t.queue[0]) // it has company now: to the lane of the crowded
	}
}

// doubtful reports whether it may well be that the target does not even accept
// connections: it never did, or did not the last time.
func (t *target) doubtful() bool { return t.timedOut || !t.answered }

// limit returns how many checks may run at once against the target. Of one that
// does not even accept connections one tells us all there is to know.
func (e *Engine) limit(t *target) int {
	if t.doubtful() {
		return 1
	}
	return e.options.PerTarget
}

// promote hands questions that wait for the target to the pool, as many as the
// target may be asked at once.
func (e *Engine) promote(t *target) {
	for _, q := range t.queue {
		if int(t.running+t.ready) >= e.limit(t) {
			return
		}
		if q.stage != stageWaiting {
			continue
		}
		q.stage = stageReady
		t.ready++
		e.pool.add(q)
	}
}

// unqueue takes a question out of its target's queue.
func (t *target) unqueue(q *question) {
	i := slices.Index(t.queue, q)
	if i < 0 {
		return
	}
	if q.stage == stageReady {
		t.ready--
	}
	// What leaves is near the front: move what is before it, not after.
	copy(t.queue[1:i+1], t.queue[:i])
	t.queue[0] = nil
	if t.queue = t.queue[1:]; len(t.queue) == 0 {
		t.queue = nil
	}
}

// dispatch begins as many runs as the pool has places for.
func (e *Engine) dispatch() {
	for e.pool.running < e.pool.size && e.context.Err() == nil {
		q, unproven := e.pool.choose()
		if q == nil {
			break
		}
		q.target.unqueue(q)
		e.queued--
		q.stage = stageRunning
		r := &run{question: q, due: q.queued, unproven: unproven, place: nowhere}
		q.run = r
		q.target.running++
		q.target.references++
		e.pool.running++
		if unproven {
			e.pool.unproven++
		}
		e.pool.taken.push(r)
		e.starter()
	}
	e.pool.makeRoom()
}

// begin is called by the worker that takes the run. It reports false if nobody
// wants the answer any more, or the engine ends.
func (e *Engine) begin(r *run, now instant) bool {
	q := r.question
	if q.stage == stageGone || e.context.Err() != nil {
		return false
	}
	r.start = now
	r.mark = e.lag.mark()
	r.context, r.cancel = context.WithTimeout(e.context, time.Duration(q.timeout))
	q.asked = true
	r.deadline = now.mono + q.timeout + overrunGrace
	at := r.deadline
	if !r.unproven {
		at = min(at, now.mono+max(unusualFrom, unusual*int64(q.usual)*int64(time.Millisecond)))
	}
	e.deadlines.add(r, at)
	e.metrics.late.Observe(time.Duration(now.mono - r.due).Seconds())
	return true
}

// end is called when the Probe has returned.
func (e *Engine) end(r *run, result Result, now instant) {
	q := r.question
	t := q.target
	if r.cancel != nil {
		r.cancel()
	}
	e.pool.running--
	if r.unproven {
		e.pool.unproven--
	}
	if r.broken {
		e.pool.breaking--
	}
	t.running--
	if r.place != nowhere {
		e.deadlines.remove(r.place)
	}
	q.run = nil
	if q.stage == stageRunning {
		q.stage = stageIdle
		switch {
		case r.judged || e.context.Err() != nil:
		case r.broken && result.Outcome != OutcomeSuccess:
			q.timedOut = true
			e.ask(q, r.due)
		default:
			e.judgeRun(r, result, now)
		}
	}
	e.promote(t)
	e.releaseTarget(t)
}

// judgeRun judges the result of a run, for everybody whom it answers.
func (e *Engine) judgeRun(r *run, result Result, now instant) {
	q := r.question
	t := q.target
	e.excuse(r, &result, now)
	e.metrics.count(result.Outcome)
	timedOut := result.Outcome != OutcomeSuccess && now.mono-r.start.mono >= q.timeout/2
	q.timedOut = timedOut
	if result.Outcome == OutcomeSuccess {
		q.usual = uint32((now.mono - r.start.mono) / int64(time.Millisecond))
	}
	if result.Class != ClassLocal {
		connecting := result.Step == StepResolve || result.Step == StepConnect
		t.timedOut = timedOut && connecting
		t.answered = t.answered || result.Outcome == OutcomeSuccess || result.Step > StepConnect
	}
	if seen := networkOf(result.Address); seen.known() {
		t.network = seen
	}
	a := answer{start: r.start, result: result}
	e.judge(q, &a, now)
	if result.Outcome == OutcomeFailure && (result.Step == StepResolve || result.Step == StepConnect) {
		e.share(t, &a, now)
	}
}

// excuse takes back what a result holds against the target if the fault is, or
// may be, our own.
func (e *Engine) excuse(r *run, result *Result, now instant) {
	lagged := e.lag.lagged(r.mark, time.Duration(now.mono-r.start.mono))
	switch {
	case result.Outcome == OutcomeSuccess:
		result.Slow = result.Slow && !lagged
	case result.Outcome != OutcomeFailure:
	case result.Class == ClassLocal:
		result.Outcome = OutcomeInconclusive
	case lagged:
		result.Outcome, result.Class = OutcomeInconclusive, ClassLocal
		result.Reason, result.Message = ReasonSchedulingLag, "The operator itself was held up during the check."
	}
}

// share gives the answer of one check that could not connect to all that wait
// to connect to the same target. For each of them it counts as begun when it
// was due, if that was later.
func (e *Engine) share(t *target, a *answer, now instant) {
	waiting := t.queue
	t.queue, t.ready = nil, 0
	e.queued -= len(waiting)
	for _, q := range waiting {
		q.stage, q.asked = stageIdle, true
		shared := *a
		if late := q.queued - a.start.mono; late > 0 {
			shared.start.mono += late
			shared.start.wall += late
		}
		e.metrics.count(a.result.Outcome)
		e.judge(q, &shared, now)
	}
}

// withdraw is for a question that nobody wants answered any more.
func (e *Engine) withdraw(q *question) {
	switch q.stage {
	case stageWaiting, stageReady:
		q.target.unqueue(q)
		e.queued--
		e.promote(q.target)
	case stageRunning:
		if q.run.cancel != nil {
			q.run.cancel()
		}
	case stageIdle, stageGone:
	}
	q.stage = stageGone
	e.releaseTarget(q.target)
}
