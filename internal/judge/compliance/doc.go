// SPDX-License-Identifier: Apache-2.0

// Package compliance judges what an auditor asks of: the verdict on each
// Application, and beside it what is owed (a handover, an agreement, a decision)
// and what runs out (a contract, a plan, an examination), projects that are led
// from elsewhere, late or standing still, and workloads that nobody answers for.
// It is pure: it is handed all that is known, and the present moment. How far a
// project or a handover has come it takes from their status.
package compliance
