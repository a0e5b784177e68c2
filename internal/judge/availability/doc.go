// SPDX-License-Identifier: Apache-2.0

// Package availability keeps the account of an Application: which seconds of
// what was agreed it was down, which nobody saw, and what that means for the
// agreement.
//
// It is pure: what was seen, what was agreed and the present moment are passed
// in, and the account as it is to be stored is returned. It counts in whole
// seconds; a moment belongs to the second in which it lies.
package availability
