// SPDX-License-Identifier: Apache-2.0

// Package api proves the resource model on a real API server: that each rule
// of each kind lets pass what it should and refuses what it should, with words
// that help; that defaults, columns and field selectors are there; that the
// acceptance examples and the YAML of docs/spec apply; and that an object
// stored before a rule existed neither hides the others nor becomes
// untouchable.
//
// The package holds tests and nothing else. It must not be imported, and it
// must not test what a controller or an admission policy does.
package api
