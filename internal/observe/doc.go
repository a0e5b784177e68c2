// SPDX-License-Identifier: Apache-2.0

// Package observe looks at the world. Its engine asks each question at its
// time, once for everybody who wants the answer, and tells its subscribers
// only when an answer changes what they know.
//
// The package decides when to ask and when a streak of answers is enough to
// believe. It does not decide what an answer means for an Application: that
// is the matter of the judges, and neither imports the other. How a question
// is asked is the matter of one package a world: endpoint, hosting, backup.
//
// # When a question is asked
//
// At each wall time that is congruent to a hash of its owner's UID and the
// check's name modulo its interval: evenly spread, and at the same times after a
// restart and in another replica. New questions are asked ahead of that, at once
// if not many are new, and all within one interval or a minute. Questions with
// equal keys are one: it is asked at the shortest interval, and each subscriber
// counts the first answer that was asked for at or after its own due time. The
// others still prove that somebody looks.
//
// A bounded pool asks. One target has a few places in it, and one place while it
// does not even accept connections, since that answer serves all who wait for
// it. What timed out last time, or never answered yet, gets half of the pool. If
// something known to be well begins to hang while others wait, it is broken off
// and asked again in that half. A question has one run at a time; a due time
// that finds it still waiting is missed, which is OverCapacity, and silence, but
// never a failure.
//
// # What an answer is worth
//
// A failure of the target counts. A failure that the network between may be to
// blame for counts if another network (/24, /64) or the witness answers within
// 10 s after it; the witness is asked at once, so that an outage is not told
// late. An answer before the failure would prove little, since the line may have
// been cut in between: it serves only where there is no witness. If nothing
// answers at all we are blind: streaks freeze, a gap begins, and after five
// minutes the checks become Unknown one by one. A failure that is our own fault
// decides nothing. Our own fault is also any failure of a check that took longer
// than 250 ms while this process was held up for longer than that, by the
// measure of a heartbeat. Waiting for a place in the pool is no such lag: what is
// asked late is answered correctly all the same.
//
// An answer speaks for two intervals from the start of its check. After that the
// check is Unknown, however it was before: silence is never Up. What was
// recorded before this process began, or what is known of a check whose question
// changed, speaks until the check can have been asked anew and two intervals
// more, once.
//
// # What is told
//
// States begin when the first check of the streak that confirmed them began. Two
// things that could vary with each answer are held steady, so that a fleet in
// which nothing changes causes no writes: the reason of an unchanged state and a
// later expiry of a certificate are shown when they were seen three times in a
// row.
//
// # What is settled
//
// Each change of a check's state is kept with its moment until somebody says
// that it is recorded (Settle), so that an account misses none however late it
// is written. It is dated like the state, but never into a time in which the
// check was Unknown: that nobody saw.
//
// Watermark says up to when nothing is missing: everything that was due is
// judged, and every change is settled. A streak of failures does not hold it
// back. It is listed instead, until it is broken or the outage that comes of it
// is settled, and another process goes on with it (Resume). While nothing can be
// seen the watermark stands still, and until those who keep the account were
// told of a gap it does not pass it. It never goes back.
//
// Distrust makes the engine blind for a reason that it cannot know of itself,
// such as a clock that is wrong. No answer ends that, only Trust.
package observe
