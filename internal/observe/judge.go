// SPDX-License-Identifier: Apache-2.0

package observe

import "time"

// answer is a Result and when the asking began.
type answer struct {
	start  instant
	result Result
}

// judge decides what an answer is worth, and tells it to all who want it.
func (e *Engine) judge(q *question, a *answer, now instant) {
	r := &a.result
	if answers(r) {
		e.see(q.target, now)
	}
	switch {
	case r.Outcome == OutcomeSuccess:
		q.penalty = 0
		e.deliver(q, a, now)
	case r.Outcome == OutcomeFailure && r.Class == ClassPath:
		e.weigh(q, a, now)
	case r.Outcome == OutcomeFailure:
		e.deliver(q, a, now)
	default:
		if r.Reason == ReasonCredentialsRejected {
			e.punish(q, now)
		}
		e.deliverDoubt(q, a, now)
	}
}

// answers reports whether the result shows that packets came back: then the
// way to the target's network works.
func answers(r *Result) bool {
	return !r.Unasked && (r.Outcome == OutcomeSuccess || r.Class == ClassTarget && r.Step != StepResolve)
}

// deliver tells a definite answer to all who want it.
func (e *Engine) deliver(q *question, a *answer, now instant) {
	if a.start.mono <= q.decided || !e.sight.counts(a.start) {
		return // a newer answer has overtaken it, or it is not trusted
	}
	q.decided = a.start.mono
	for _, c := range q.checks {
		if e.hand(c, a) {
			e.changed(c.subscriber)
		}
		e.follow(c)
		e.heard(c, now)
	}
}

// deliverDoubt tells an inconclusive answer to all who want one.
func (e *Engine) deliverDoubt(q *question, a *answer, now instant) {
	if !e.sight.counts(a.start) {
		if a.result.Reason == ReasonCredentialsRejected {
			e.sight.reject(q, &a.result)
		}
		return
	}
	for _, c := range q.checks {
		if c.doubt(a) {
			e.changed(c.subscriber)
		}
		e.follow(c)
		e.heard(c, now)
	}
}

// advance does everything that is due now, and begins the runs that it may.
func (e *Engine) advance(now instant) {
	e.watchClocks(now)
	for e.dues.next() <= now.mono {
		e.due(e.dues.first(), now)
	}
	for e.deadlines.next() <= now.mono {
		r := e.deadlines.first()
		if now.mono >= r.deadline {
			e.overran(r, now)
			continue
		}
		e.pool.long.push(r)
		e.deadlines.move(r.place, r.deadline)
	}
	if e.sight.uneasy() && e.tickAt <= now.mono {
		e.tickAt = now.mono + int64(time.Second)
		e.lookAround(now)
	}
	e.lapseSilent(now)
	e.capacity.settle(e, now)
	e.dispatch()
}

// next returns when advance has something to do again; now at the earliest.
func (e *Engine) next(now instant) int64 {
	at := min(e.dues.next(), e.deadlines.next(), e.capacity.next())
	if e.sight.uneasy() {
		at = min(at, e.tickAt)
	}
	return max(now.mono, min(at, e.nextLapse()))
}

// due puts the question in the queue, and back in the timeline for its next
// time. A time at which it still waits or runs is missed: one run at a time.
func (e *Engine) due(q *question, now instant) {
	at := e.dues.next()
	following := nextPhase(q.phase, q.interval, e.offset, now.mono)
	if following-now.mono < q.interval/10 {
		following += q.interval // it is asked off its phase, and just before it
	}
	e.dues.move(q.place, following)
	missed := (now.mono - at) / q.interval
	inPhase := at-q.queued > q.interval*9/10 // else it is asked ahead of its time
	switch q.stage {
	case stageIdle:
		e.ask(q, at)
		e.outstanding.push(dueTime{q, at, now.wallAt(at)}, e.queued+e.pool.running)
	case stageWaiting, stageReady:
		if !inPhase {
			break
		}
		missed++
		if !e.sight.blind && !e.sight.doubting() { // else it is the line, not the work
			e.capacity.exceeded(e, q, now)
		}
	case stageRunning:
		if !inPhase {
			break
		}
		missed++
		if q.run.heldUp(now) && !e.sight.blind && !e.sight.doubting() {
			e.capacity.exceeded(e, q, now)
		}
	case stageGone:
	}
	e.metrics.missed.Add(float64(missed))
	e.capacity.missed += uint64(missed)
}

// overran judges a run whose Probe ignores its timeout. It keeps its place in
// the pool until it returns, and its result is dropped then.
func (e *Engine) overran(r *run, now instant) {
	e.deadlines.remove(r.place)
	r.judged = true
	q := r.question
	if q.stage == stageGone {
		return
	}
	q.timedOut = true
	e.metrics.count(OutcomeInconclusive)
	e.judge(q, &answer{start: r.start, result: Result{
		Outcome: OutcomeInconclusive,
		Class:   ClassLocal,
		Reason:  ReasonProbeOverran,
		Message: "The check did not end within its timeout, by a fault of the operator.",
		Latency: time.Duration(now.mono - r.start.mono),
	}}, now)
	e.outbox.push(func() {
		e.options.Logger.Info("A probe ignores its timeout", "target", q.target.name, "timeout", time.Duration(q.timeout))
	})
}

// lapseIfSilent makes the check Unknown if nothing covers it any more.
func (e *Engine) lapseIfSilent(c *check, now instant) {
	if e.coveredUntil(c) <= now.mono && !e.sight.dark() && !e.sight.doubting() && c.lapse(now.wallAt(c.cover), "", "") {
		e.changed(c.subscriber)
		e.follow(c)
	}
}

// coveredUntil returns when silence makes the check Unknown. Failures that wait
// for proof that the path works hold it off, but never for long; being blind
// moved it: nobody's fault but ours.
func (e *Engine) coveredUntil(c *check) int64 {
	if e.sight.covers(c.cover) {
		c.cover = max(c.cover, e.sight.darkEnded.mono+coverIntervals*c.interval)
	}
	if c.question != nil && c.question.undecided > 0 {
		return c.cover + int64(proofWindow) + int64(2*time.Second)
	}
	return c.cover
}

// lapseSilent makes Unknown what nothing covers any more. In the dark nothing
// is, for five minutes, and then only slowly; nor while we may turn out to be.
func (e *Engine) lapseSilent(now instant) {
	for e.nextLapse() <= now.mono {
		c := e.lapses.first()
		if until := e.coveredUntil(c); until > now.mono {
			e.lapses.move(c.place, until)
			continue
		}
		since := now.wallAt(c.cover)
		if e.sight.dark() {
			since = max(since, e.sight.darkSince.wall)
		}
		if reason, message := e.sight.darkness(); c.lapse(since, reason, message) {
			e.changed(c.subscriber)
			e.follow(c)
			e.unknownAt = now.mono + int64(time.Second)/unknownRate
		}
		// Being Unknown it has nothing to lose until its next result.
		e.lapses.move(c.place, now.mono+c.interval)
	}
}

// nextLapse returns when the next check may become Unknown.
func (e *Engine) nextLapse() int64 {
	at := e.lapses.next()
	if e.sight.doubting() {
		return never // for some 10 s: lookAround decides
	}
	if e.sight.dark() && at != never {
		at = max(at, e.sight.darkSince.mono+int64(blindPatience), e.unknownAt)
	}
	return at
}
