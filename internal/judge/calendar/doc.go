// SPDX-License-Identifier: Apache-2.0

// Package calendar says what time it is in terms of what was agreed: whether a
// maintenance window is open, when a day in Mainz ends, when something of that
// kind changes next.
//
// It is pure: the present moment is passed in, and nothing is read or written.
package calendar
