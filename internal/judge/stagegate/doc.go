// SPDX-License-Identifier: Apache-2.0

// Package stagegate judges how far a project has come. Its stage is computed
// from evidence, never set by hand: from what people recorded in the spec, from
// the handovers of what it delivers, and from its parts. It reads a Scope and
// does nothing else; the present moment is in the Scope.
//
// The stages follow each other like gates, and each is passed only if the ones
// before it are: a commission counts for nothing as long as nobody approved the
// project. Between commission and acceptance each may be left out. Evidence
// counts from the day on that it names. Days that cannot both be right are told
// as contradictions, and no gate is passed by what is in doubt. What a paper
// asserts stands for all gates up to its stage.
//
// Messages name days, never ages, so that they stay the same until something
// happens. Lists are read without regard to their order.
package stagegate
