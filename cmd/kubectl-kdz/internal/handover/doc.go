// SPDX-License-Identifier: Apache-2.0

// Package handover shows how far a handover has come as a person reads it, and
// drafts signatures. What holds and what counts was judged by the operator and
// stands in the status; this package judges nothing anew but the content hash,
// by which it knows whether the status is of the Handover as it is now.
//
// It is pure: objects and the present moment are passed in, and text is
// returned.
package handover
