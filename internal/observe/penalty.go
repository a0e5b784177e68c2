// SPDX-License-Identifier: Apache-2.0

package observe

import "time"

// How long a question rests after our credentials were rejected: doubling from
// the first to the last. Directory services lock an account after three to five
// failures within half an hour to an hour.
const (
	firstPenalty = 15 * time.Minute
	lastPenalty  = 6 * time.Hour
)

// Penalty returns how long credentials rest that were rejected so many times in
// a row, for probes that keep their own account of it.
func Penalty(rejections int) time.Duration {
	if rejections <= 0 {
		return 0
	}
	rest := firstPenalty
	for range rejections - 1 {
		if rest *= 2; rest >= lastPenalty {
			return lastPenalty
		}
	}
	return rest
}

// penaltyFor returns how long a question rests after so many rejections.
func penaltyFor(rejections uint8) int64 { return int64(Penalty(int(rejections))) }

// refusal is what is remembered of a question that nobody wants any more, so
// that deleting and creating its owner does not put it again too early.
type refusal struct {
	until   int64
	penalty uint8
}

// refusals are kept until they are over. The zero value is empty.
type refusals struct {
	byKey   map[string]refusal
	pruneAt int // how many there may be before the old ones are looked for
}

const refusalsKept = 1024

func (r *refusals) add(key string, kept refusal, now int64) {
	if r.byKey == nil {
		r.byKey, r.pruneAt = map[string]refusal{}, refusalsKept
	}
	if len(r.byKey) >= r.pruneAt {
		for key, old := range r.byKey {
			if old.until <= now {
				delete(r.byKey, key)
			}
		}
		r.pruneAt = max(refusalsKept, 2*len(r.byKey))
	}
	r.byKey[key] = kept
}

// rejected is the result that stands for an earlier one with rejected
// credentials.
func rejected() Result {
	return Result{
		Outcome: OutcomeInconclusive,
		Class:   ClassTarget,
		Reason:  ReasonCredentialsRejected,
		Message: "The target rejected the credentials; the question is put again later or with other credentials.",
	}
}

// punish lets the question rest after its credentials were rejected.
func (e *Engine) punish(q *question, now instant) {
	if q.penalty < 1<<7 {
		q.penalty++
	}
	e.dues.move(q.place, now.mono+penaltyFor(q.penalty))
}

// rememberPenalty is called when the question ends.
func (e *Engine) rememberPenalty(q *question, now instant) {
	if q.penalty > 0 {
		e.refusals.add(q.key, refusal{until: e.dues.at(q.place), penalty: q.penalty}, now.mono)
	}
}

// recallPenalty gives a new question the rest of the penalty that it had when it
// ended, and returns when that is over.
func (e *Engine) recallPenalty(q *question, now instant) {
	kept, found := e.refusals.byKey[q.key]
	if !found || kept.until <= now.mono {
		return
	}
	q.penalty = kept.penalty
	e.dues.add(q, kept.until)
}

// seedPenalty lets a question rest whose credentials were rejected before this
// process began: an operator that keeps crashing must not lock an account
// either. Whether the credentials are others by now nobody knows.
func (e *Engine) seedPenalty(c *check, seed *Observation, now instant) {
	q := c.question
	if q == nil || q.asked || q.penalty > 0 || q.stage != stageIdle || len(q.checks) > 1 ||
		seed.State != StateUnknown || seed.Reason != ReasonCredentialsRejected {
		return
	}
	rest := penaltyFor(1)
	if !seed.CheckedAt.IsZero() {
		rest = min(rest, wallNanos(seed.CheckedAt)+rest-now.wall)
	}
	if rest <= 0 {
		return
	}
	q.penalty = 1
	e.dues.move(q.place, now.mono+rest)
}
