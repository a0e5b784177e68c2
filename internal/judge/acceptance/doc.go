// SPDX-License-Identifier: Apache-2.0

// Package acceptance judges how far a handover has come: which checks hold and
// since when, who signed what, and what is missing. It reads a Scope and does
// nothing else; the present moment is in the Scope.
//
// It also computes the content hash that a SignOff must carry, so that a person
// can compute it without the cluster.
package acceptance
