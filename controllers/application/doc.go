// SPDX-License-Identifier: Apache-2.0

// Package application keeps the status of Applications true: it hands their
// checks to the observer, gathers what was seen, has it judged, and writes the
// judgement down when it differs from what is written.
//
// reconciler.go reads as a table of contents; scope.go and the gather files
// collect; status.go alone sets status and conditions; watches.go says what
// wakes the controller, and why.
package application
