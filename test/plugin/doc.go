// SPDX-License-Identifier: Apache-2.0

// Package plugin has no code, only a test that builds the kubectl plugin, runs
// the commands of docs/kubectl.md with the real kubectl against a real API
// server, and compares what they print with what the document says.
package plugin
