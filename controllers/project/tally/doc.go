// SPDX-License-Identifier: Apache-2.0

// Package tally keeps in memory what a Project is judged by beside its own spec:
// the projects that are parts of it and those that must come first, the
// handovers of what it delivers, the online services that Applications offer,
// the units that lead projects, and the policy.
//
// It is fed what these objects say, one at a time, and says which Projects are
// to be judged anew for it: nothing is ever listed. It decides nothing of what
// it keeps, and neither reads nor writes anything.
package tally
