// SPDX-License-Identifier: Apache-2.0

// Package tally counts in memory, for each ServiceLevel, the Applications under
// it by how they stand: how many keep the agreement in the period that runs and
// kept it in those that are over, which stands worst, and which declare less
// than is required.
//
// It is fed what Applications and AvailabilityRecords say, one at a time, and
// remembers what each counts as, so that it is taken back exactly as it was
// given: nothing is ever listed. It decides nothing of what it counts, and
// neither reads nor writes anything.
package tally
