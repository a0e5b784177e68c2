// SPDX-License-Identifier: Apache-2.0

// Package acceptance judges how far a handover has come: which checks hold and
// since when, who signed what, and what is missing. It reads a Scope and does
// nothing else; the present moment is in the Scope.
//
// Until all required roles have signed, everything is judged anew each time: the
// checks by the Applications' conditions, the criteria by their days, the
// signatures by the hash of the present content. From then on what was signed
// stays as it was told, and only early-life support is judged. Of the status it
// reads no more than the stage, since when results are so, which signatures
// counted, and when early-life support began.
//
// Values that cannot be used hold the handover where it is, and are named in
// what is missing. Messages name moments, never ages, so that a status is written
// when something happens. docs/adr/0013-what-a-signature-is-for.md says what was
// decided and why.
//
// It also computes the content hash that a SignOff must carry, so that a person
// can compute it without the cluster.
package acceptance
