// SPDX-License-Identifier: Apache-2.0

// Package command has the commands of the kubectl plugin, a file each. A
// command reads flags and objects, and prints; what is shown and how things are
// translated is decided by packages without I/O. A command writes to the cluster
// only what a person confirmed who was shown it: a signature, or a decision.
package command
