// SPDX-License-Identifier: Apache-2.0

// Package hosting has what the packages below it share that look at what
// Applications run on: what a system tells of its parts (System), and how
// findings become a result (Conclude).
//
// A finding is Down, Degraded, Stopped or Unknown, and the worst decides: a
// Down makes the result a failure of the target, a Degraded or Stopped a success
// with a fault, an Unknown an inconclusive result. So a fault that is known is
// not hidden by a fact that is not. The message names the system and everything
// that was found, the worst first.
package hosting
