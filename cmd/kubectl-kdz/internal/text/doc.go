// SPDX-License-Identifier: Apache-2.0

// Package text lays out what people read on a terminal: tables, moments, and
// what objects say, of which nothing reaches a terminal but printable text.
package text
