// SPDX-License-Identifier: Apache-2.0

// Package availability keeps the account of an Application: which seconds of
// what was agreed it was down, which nobody saw, and what that means for the
// agreement.
//
// It is pure: what was seen, what was agreed and the present moment are passed
// in, and the account as it is to be stored is returned. It counts in whole
// seconds; a moment belongs to the second in which it lies.
//
// An account is the sums up to a moment and the state that holds from then on.
// To advance it is to classify the seconds since, so it does not matter how
// often that is done, and at rest nothing has to be stored. Four things follow:
//
//   - Nothing gets better afterwards. What was written as unobserved or slow
//     stays so until the moment at which something else is known; who removes
//     the endpoint that nobody saw changes nothing of the time before.
//   - Of an agreement that is no more nobody knows what it would have said. The
//     period is closed at the moment up to which the account was advanced, and
//     the account goes on without an agreement.
//   - A rolling window holds whole local days. What is charged, unobserved and
//     slow in it is kept by day; raw, excluded and maintenance seconds, outages
//     and the longest of them are counted since the window is used.
//   - An outage rests on one check at a time. When that recovers while another
//     is down, it goes on under the name of the other.
package availability
