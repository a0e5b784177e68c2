// SPDX-License-Identifier: Apache-2.0

// Package rollup keeps in memory what every OrganisationalUnit knows of the
// Applications that it, or a unit below it, operates, supports or answers for.
//
// It is incremental. A changed Application costs as many steps as there are
// units above it; a moved unit costs its own subtree; nothing ever walks all
// Applications. Per Application it remembers what it last contributed and to
// which units, so that a contribution is taken back exactly as it was given.
// Per unit it keeps counts, and an order of those Applications only that are
// out, degraded or unknown, whose first is the cause of the unit's state.
//
// The tree is as the units declare it, broken where it cannot be followed: a
// parent that does not exist rolls nothing up until it appears, and a unit that
// is on a cycle rolls up itself and what hangs below it, but is rolled up by
// nobody. An Application that names a unit that does not exist is remembered
// and counted when the unit appears.
//
// The package does no I/O, has no clock, writes no status and does not judge:
// what the counts mean is for internal/judge/state.
package rollup
