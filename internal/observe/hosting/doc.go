// SPDX-License-Identifier: Apache-2.0

// Package hosting says what looking at a platform amounts to, whatever it is:
// systems with components. Each platform has a package of its own beside it.
package hosting
