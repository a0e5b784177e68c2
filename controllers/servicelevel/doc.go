// SPDX-License-Identifier: Apache-2.0

// Package servicelevel is the controller of ServiceLevels: it records what was
// agreed since when, and tells in the status of every agreement how the
// Applications under it stand.
//
// What was agreed is recorded as a revision when a spec is first seen, at once
// and before anything else: accounts are kept by the revisions alone, so that
// nothing acts before it was seen. The counts come from the watches of
// Applications and of AvailabilityRecords, which feed a tally in memory (package
// tally); an agreement is written at most once in five seconds, however much
// happens under it, and a fleet at rest writes nothing. Nothing is written
// before everything that is stored was counted.
//
// It must not list Applications or records, must not write anything but the
// status of ServiceLevels, and must not judge accounts: it takes them as the
// controller of Applications wrote them.
package servicelevel
