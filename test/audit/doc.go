// SPDX-License-Identifier: Apache-2.0

// Package audit has no code, only a test that runs the commands of
// docs/audit.md, with the real kubectl against a real API server, and compares
// what they print with what the document says.
package audit
