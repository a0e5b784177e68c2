// SPDX-License-Identifier: Apache-2.0

// Package lab answers for the endpoints of a catalogue, and for what its
// Applications run on: real servers on 127.0.0.1 that speak every protocol there
// is a check for, some of which fail on purpose. The demo and the end-to-end
// tests observe them.
//
// [ReadTable] reads how each is to behave, [Plan] joins that with the
// Applications that declare them, and [Serve] serves them. [PlanHeartbeats] says
// when backup jobs succeed; whoever has an API server renews the Leases. A person
// stops and starts them through a control interface over HTTP
// (Options.Control), a program through [Lab.Stop] and [Lab.Start].
//
// # What is served
//
//   - http and https: a page for each path;
//   - tcp, tls: a connection that is held, in TLS after the handshake;
//   - dns, over UDP and TCP: the names that are declared, with the values that
//     are declared; other names do not exist;
//   - grpc and grpcs: the health service, for the services that are declared
//     and the server as a whole;
//   - smtp(s), imap(s): greeting, capabilities and farewell; no mail, no login;
//   - ldap(s): the root DSE for everybody, and nobody logs in;
//   - ssh: identification and key exchange, with a host key that is a new one
//     each time; nobody logs in.
//
// What Applications run on ([System]) is served over http too: the metrics of
// node_exporter and of windows_exporter, as far as the operator asks for them,
// and SAPControl (package sapcontrol). Several Applications may run on one
// system; so none of them stops it, but its own name does.
//
// smtp, imap and ldap offer STARTTLS to endpoints that declare TLS. Certificates
// are signed by the lab's own authority ([Lab.CA]).
//
// icmp is not served: the kernel answers for 127.0.0.1. So such an endpoint is
// always up; it can be neither stopped nor started, and cannot fail on purpose.
//
// # What stopped looks like
//
// A port is open as long as anything on it works. When nothing does it is
// closed, connections included, and new ones are refused: as on a host whose
// server was stopped. Of dns neither the TCP nor the UDP port is open then, so
// a question over UDP is answered by the kernel, that the port is unreachable.
// Where others on the port work, it is as behind a load balancer whose backend
// is gone:
//
//   - http and https, told apart by path and server name: status 503;
//   - grpc and grpcs, by service and server name: status UNAVAILABLE;
//   - dns, by name and type: SERVFAIL;
//   - tls, smtps, imaps and ldaps, by the server name that the client asks for:
//     the connection is closed during the handshake, without an answer;
//   - tcp, smtp, imap, ldap and ssh: several endpoints on one port are one
//     server, and stop together.
//
// The package listens on loopback only. It must not know what an endpoint's
// state means for an Application, and it talks to no API server.
package lab
