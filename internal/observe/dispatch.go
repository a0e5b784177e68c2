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
	references int         // questions and runs
	running    int
	ready      int
	network    network // in which it was seen last
	answered   bool    // it ever did
	timedOut   bool    // connecting to it did, the last time
}

// run is one asking of a question.
type run struct {
	question *question
	due      int64 // monotonic
	start    instant
	mark     lagMark
	context  context.Context
	cancel   context.CancelFunc
	place    int32 // in the engine's timeline of deadlines
	unproven bool  // takes a place of the unproven half of the pool
	judged   bool  // its result is not waited for any more
}

func (r *run) setPlace(place int32) { r.place = place }

// overrunGrace is how long after its deadline a run may return.
const overrunGrace = int64(time.Second)

// pool says which runs may begin. At most half of it is for questions that are
// likely to hold their place for long (timed out last time) or might (never
// answered); the other half is always there for those known to be well.
type pool struct {
	size     int
	running  int
	unproven int // of those running
	proven   fifo[*question]
	fresh    fifo[*question] // never asked
	suspect  fifo[*question] // timed out the last time
	taken    fifo[*run]      // has a place, and waits for a worker
	looking  int             // workers that are about to look for a run
	parked   int             // workers that sleep
	odd      bool            // whose turn it is, fresh or suspect
}

// fifo is a queue. The zero value is empty.
type fifo[T any] struct {
	items []T
	head  int
}

func (f *fifo[T]) len() int { return len(f.items) - f.head }

func (f *fifo[T]) push(item T) { f.items = append(f.items, item) }

func (f *fifo[T]) peek() T { return f.items[f.head] }

func (f *fifo[T]) pop() T {
	var none T
	item := f.items[f.head]
	f.items[f.head] = none
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	} else if f.head > 1024 && f.head > len(f.items)/2 {
		f.items = slices.Delete(f.items, 0, f.head)
		f.head = 0
	}
	return item
}

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
	q.target.queue = append(q.target.queue, q)
	e.queued++
	e.promote(q.target)
}

// promote hands questions that wait for the target to the pool, as many as the
// target may be asked at once.
func (e *Engine) promote(t *target) {
	for _, q := range t.queue {
		if t.running+t.ready >= e.options.PerTarget {
			return
		}
		if q.stage != stageWaiting {
			continue
		}
		q.stage = stageReady
		t.ready++
		switch {
		case q.timedOut || t.timedOut:
			e.pool.suspect.push(q)
		case !q.asked && !t.answered:
			e.pool.fresh.push(q)
		default:
			e.pool.proven.push(q)
		}
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
			return
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
}

// choose returns the question that runs next, nil if none may. Of two queues
// that may be served the one goes first whose question waits longer.
func (p *pool) choose() (q *question, unproven bool) {
	proven := head(&p.proven)
	var queue *fifo[*question]
	if p.unproven < p.size/2 {
		queue = p.unprovenQueue()
	}
	switch {
	case proven == nil && queue == nil:
		return nil, false
	case queue == nil || proven != nil && proven.queued <= queue.peek().queued:
		return p.proven.pop(), false
	default:
		p.odd = !p.odd
		return queue.pop(), true
	}
}

// unprovenQueue returns the queue of unproven questions whose turn it is, nil
// if there are none. New questions and those that time out take turns.
func (p *pool) unprovenQueue() *fifo[*question] {
	fresh, suspect := head(&p.fresh), head(&p.suspect)
	switch {
	case fresh == nil && suspect == nil:
		return nil
	case suspect == nil || fresh != nil && p.odd:
		return &p.fresh
	default:
		return &p.suspect
	}
}

// head returns the first question of the queue that still waits, dropping those
// that were answered or withdrawn meanwhile; nil if there is none.
func head(f *fifo[*question]) *question {
	for f.len() > 0 {
		if q := f.peek(); q.stage == stageReady {
			return q
		}
		f.pop()
	}
	return nil
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
	e.deadlines.add(r, now.mono+q.timeout+overrunGrace)
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
	t.running--
	if r.place != nowhere {
		e.deadlines.remove(r.place)
	}
	q.run = nil
	if q.stage == stageRunning {
		q.stage = stageIdle
		if !r.judged && e.context.Err() == nil {
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
	if result.Outcome == OutcomeFailure && (result.Class == ClassLocal || e.lag.lagged(r.mark)) {
		if result.Class != ClassLocal {
			result.Reason, result.Message = ReasonSchedulingLag, "The operator itself was held up during the check."
		}
		result.Outcome, result.Class = OutcomeInconclusive, ClassLocal
	}
	e.metrics.count(result.Outcome)
	timedOut := result.Outcome != OutcomeSuccess && now.mono-r.start.mono >= q.timeout/2
	q.timedOut = timedOut
	if result.Class != ClassLocal {
		connecting := result.Step == StepResolve || result.Step == StepConnect
		t.timedOut = timedOut && connecting
		t.answered = t.answered || result.Outcome == OutcomeSuccess
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
