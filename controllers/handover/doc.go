// SPDX-License-Identifier: Apache-2.0

// Package handover is the controller of Handovers: it gathers what a handover is
// judged by, has it judged (package acceptance), and tells the stage, the checks,
// what the signatures are worth and what is missing.
//
// A Handover is looked at when something changes that it is judged by: its own
// spec and status, the SignOffs that name it, its project, its units, the policy,
// and of its Applications what the checks read. Messages are not among it: they
// change often, and go along when something else is told, or wait a minute. What
// time alone brings, a check that has held for long enough or the end of
// early-life support, is a deadline; nothing polls.
//
// How available an Application was in early-life support is the difference
// between the totals of its account now and as they stood when that began, which
// the status keeps. So the list of its outages, which the cache does not hold and
// which drops the oldest, is never read, nothing is read past the cache, and time
// that nobody observed counts as neither up nor down. Only service hours count,
// as in every account: an Application without an agreement has none, so nothing
// can be said of it. An outage is told when the account changes; that the share
// grows again by the mere passing of time is looked at once a day.
//
// It must not decide anything: that is for the judge. It writes nothing but the
// status of Handovers; what is handed over is told on Applications by their own
// controller, and on Projects by theirs.
package handover
