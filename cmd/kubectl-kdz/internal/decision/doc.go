// SPDX-License-Identifier: Apache-2.0

// Package decision shows what a body decides on and drafts its decision on a
// Project. It is pure: objects and the present day are passed in, and text or a
// patch is returned.
package decision
