// SPDX-License-Identifier: Apache-2.0

// Package agreed says what an agreement means for an Application under it: what
// holds where the Application says nothing itself, and what it has to declare.
//
// It is pure and changes nothing that is passed in. What an Application achieves
// is no business of it: see package availability.
package agreed
