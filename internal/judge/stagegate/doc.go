// SPDX-License-Identifier: Apache-2.0

// Package stagegate judges how far a project has come. Its stage is computed
// from evidence, never set by hand: from what people recorded in the spec, from
// the handovers of what it delivers, and from its parts. It reads a Scope and
// does nothing else; the present moment is in the Scope.
package stagegate
