// SPDX-License-Identifier: Apache-2.0

// Package servers runs servers for tests, on free ports of the loopback
// interface: real ones of Debian (nginx, nsd, Exim, Dovecot, slapd, sshd,
// Prometheus and its node exporter), certification authorities with whatever
// certificates a test needs, and name servers that answer as a test wants. A
// server ends with its test.
//
// It is for tests only. It never skips a test: what is not installed fails it,
// and the message says which script installs it.
package servers
