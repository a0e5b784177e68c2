// SPDX-License-Identifier: Apache-2.0

// Package governance holds the controllers of GovernancePolicies and of
// Exemptions.
//
// The one compiles the policy named default: it writes into its status which
// units provide IT, how each unit is treated, and until when each name is
// exempt (internal/judge/centralisation says so). Admission reads that and
// nothing else, so that it holds while the operator is down. It is written anew
// when a unit, an exemption or the policy changes, and at the moment at which an
// exemption begins or ends; of the fleet the status counts the verdicts, from
// what the watch of Applications tells. A fleet at rest writes nothing.
//
// The other tells how each Exemption stands, and makes it Ready only once
// admission knows of it.
//
// Neither judges Applications (their own controller does) or lists them.
package governance
