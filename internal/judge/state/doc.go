// SPDX-License-Identifier: Apache-2.0

// Package state judges how an Application, and a unit, stands: its operational
// state and since when, the cause at the root of it, whether its certificates
// and contracts hold, and when any of that can change by the mere passing of
// time.
//
// It is pure: what was seen and the present moment are passed in, and nothing
// is read or written.
package state
