// SPDX-License-Identifier: Apache-2.0

// Package exporter asks exporters on hosts, such as node_exporter, for their
// metrics in the Prometheus text format (version 0.0.4), and hands the few that
// are wanted to whoever knows what they mean: packages linux and windows.
//
// Whatever keeps an answer from coming, or from being understood, decides
// nothing: that monitoring is out of order is no outage of a host. So a probe is
// never a failure. Its reasons are those of package endpoint, and
// v1alpha1.ReasonFactMissing where an answer tells none of what is wanted. A
// redirect is not followed.
//
// # What is read
//
// Of an answer only the lines of wanted families reach the parser; all others
// are passed over unread, so that a million series cost time, and little memory.
// Families are gauges, counters or untyped; histograms and summaries, and names
// in quotes, which the format does not have in this version, are not read. The
// bounds are constants of this package; what exceeds them, ends too early, or is
// not the format, decides nothing.
//
// A connection over TLS is kept for the next question, since handshakes cost
// both sides. Any other is not: hosts are many, and asked once a minute.
package exporter
