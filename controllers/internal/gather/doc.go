// SPDX-License-Identifier: Apache-2.0

// Package gather collects from the cache what more than one controller has
// judged.
package gather
