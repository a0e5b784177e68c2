// SPDX-License-Identifier: Apache-2.0

// Package organisationalunit is the controller of OrganisationalUnits: it tells
// in the status of every unit how those Applications stand that the unit, or a
// unit below it, operates, supports or answers for. The status of unit kdz-16
// is thereby the operational state of the KDZ.
//
// The watches of units and Applications feed an index in memory (package
// rollup), which says what an event changes; only those units are reconciled.
// Reconciling a unit reads its totals from the index, judges them
// (internal/judge/state) and patches the status if it differs. No unit is
// written before everything that is stored was indexed, so that a restart of
// the operator in a fleet in which nothing changed writes nothing.
//
// It must not read Applications one by one or list them, must not write
// anything but the status of units, and must not judge Applications: it takes
// their status as their own controller wrote it.
package organisationalunit
