// SPDX-License-Identifier: Apache-2.0

// Package audit tells what was found in openreports.io Reports, one or more for
// each namespace. It writes only what changed, and decides nothing.
package audit
