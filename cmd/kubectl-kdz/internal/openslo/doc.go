// SPDX-License-Identifier: Apache-2.0

// Package openslo translates service levels to and from OpenSLO, version 1
// (https://github.com/OpenSLO/OpenSLO).
//
// An SLO of OpenSLO is about one service, a ServiceLevel is an agreement that
// many Applications refer to: each Application becomes a Service and an SLO.
// What OpenSLO has no field for is kept in annotations of the SLO, so that it
// comes back, and named to whoever translates. Nothing is dropped in silence.
//
// It is pure: it reads no cluster, and what it makes is applied by nobody.
package openslo
