// SPDX-License-Identifier: Apache-2.0

package backup

import "time"

// Skew is how far ahead of the operator's clock another may be.
const Skew = 5 * time.Minute

// Evidence is what one source shows. A time that is zero is not known, or there
// is no such thing.
type Evidence struct {
	// Source is the name of the source.
	Source string
	// Subject is what the source names, for people: `Velero schedule "nightly"`.
	Subject string

	// Reason, if anything of the success cannot be told, is why: one of
	// v1alpha1's, or that of a check. Message says what would be right.
	Reason, Message string

	// SuccessName is the object that the newest success is, if it is one.
	SuccessName string
	// SuccessAt is when the newest success began, and SuccessEndedAt when it
	// ended. It is at most Skew after the moment of the look.
	SuccessAt, SuccessEndedAt time.Time
	// AheadAt is when the first success began that began more than Skew after
	// the look.
	AheadAt time.Time
	// ExpiresAt is when the newest success is deleted.
	ExpiresAt time.Time
	// NextRunAt is when the schedule has the run that follows the newest
	// success.
	NextRunAt time.Time
	// Unproven, if something that calls itself a newer success does not count,
	// says in a sentence why.
	Unproven string

	// FailureName is the newest run that failed, or succeeded in part, if that
	// was after the newest success; FailureAt is when it began.
	FailureName string
	FailureAt   time.Time
	// FailurePhase is what the system calls it, such as PartiallyFailed.
	FailurePhase string
	// FailingSince is when the first such run after the newest success began.
	FailingSince time.Time

	// Paused: the schedule starts nothing.
	Paused bool
	// Fault is the reason why what is kept cannot be relied on, one of
	// v1alpha1's, and FaultMessage says what is wrong.
	Fault, FaultMessage string

	// RestoreTestAt is when the newest successful restore test began, and
	// RestoreTestTook how long it took; negative if that is not known.
	RestoreTestAt   time.Time
	RestoreTestTook time.Duration
	// RestoreTestReason and RestoreTestMessage are like Reason and Message, of
	// restore tests.
	RestoreTestReason, RestoreTestMessage string
}
