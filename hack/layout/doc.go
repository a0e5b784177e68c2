// SPDX-License-Identifier: Apache-2.0

// Package layout has no code, only tests of what no compiler checks: that
// PROJECT, the generated CRDs, the kustomizations and the roles name the same
// kinds, that nobody is granted what only the operator may do, and that every
// Go file and package says what it is.
//
// It reads files of the repository and must not know what any kind means.
package layout
