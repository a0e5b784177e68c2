// SPDX-License-Identifier: Apache-2.0

// Package backup judges by the evidence of an Application's sources whether it
// could come back. It is pure: what was seen is handed in (Scope), and so is the
// time.
//
// Each source is judged alone, and the worst decides, since each may be the only
// one that keeps its part: Failed, then Overdue, then Unknown, then Current. So a
// source that tells nothing never hides one that failed, and one that is well
// never vouches for another. Restore tests are judged over all sources, since
// few of them can tell of any: the newest one counts.
//
// The age of a success counts from its beginning, for the data is as old as
// that. It is too old exactly when it has reached maxAge. What a source shows
// that is not well, but does not touch what is kept now, leaves the state
// Current, and is told as a reason that makes the condition False: the schedule
// is paused, the newest success is deleted before the next run, a restore takes
// too long.
//
// Messages name moments, never ages, so that they stay the same until something
// happens.
package backup
