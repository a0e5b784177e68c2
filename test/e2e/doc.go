// SPDX-License-Identifier: Apache-2.0

// Package e2e runs the operator as its users do: the binary that is shipped, as
// a process of its own, with the rights that config/rbac gives it, against a
// real API server and real servers on loopback. It holds nothing but tests.
//
// What a test says of time it takes from a watch, and asserts only what is
// promised; everything else that it measures it logs. It must not look into the
// operator: what cannot be seen through the API, the metrics, the log or /proc,
// a user cannot see either.
package e2e
