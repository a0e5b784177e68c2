// SPDX-License-Identifier: Apache-2.0

// Package project is the controller of Projects: it tells in the status of each
// how far it has come as the evidence says, and what a person must do next.
//
// A Project is judged by its own spec, by the policy, and by what surrounds it:
// its parts, the projects that must come first, the handovers of what it
// delivers, the online services that Applications offer, and the tree of units.
// The watches of all these feed a tally in memory (package tally), which says
// whom a change concerns; nobody else is looked at. What the mere passing of
// time brings, a milestone that is overdue, is told at its moment, and nothing
// is asked before.
//
// It must not list objects, must not write anything but the status of Projects,
// and must not decide on a stage: package stagegate does.
package project
