// SPDX-License-Identifier: Apache-2.0

// Package endpoint asks what answers over the network: it turns an Endpoint of
// an Application into an observe.Probe. The scheme of the URL chooses the
// check: http(s), tcp, tls, dns, icmp, grpc(s), smtp(s), imap(s), ldap(s), ssh.
// An Egress decides where checks may connect.
//
// The addresses of a name are kept for 30 seconds, except in dns checks, so a
// fault of a name may be seen that much later.
//
// A check asks exactly once, over a new connection (a connection that is kept
// open hides faults of name, route and certificate; so one is kept only for
// HTTP where the endpoint says so, for minutes), reads a bounded part of the
// answer, and says at which step it failed, for which stable reason, and where
// the cause may lie.
//
// The package looks and does not judge. It keeps no history, knows no
// threshold, no interval and no Application, never repeats a question (but one
// that a kept connection swallowed), and never decides that something is down.
// It does not read Secrets either: who calls it has read them, and says so by
// the Secrets function. No message of a Result or an error holds a credential,
// or text that a server chose after it was sent one.
package endpoint
