// SPDX-License-Identifier: Apache-2.0

// Package lab answers for the endpoints of a catalogue: real servers on
// 127.0.0.1 that speak HTTP, HTTPS, TLS and TCP, some of which fail on purpose.
// The demo and the end-to-end tests observe them.
//
// [ReadTable] reads how each endpoint is to behave, [Plan] joins that with the
// Applications that declare the endpoints, and [Serve] serves them. A person
// stops and starts them through a control interface over HTTP
// (Options.Control), a program through [Lab.Stop] and [Lab.Start].
//
// # What stopped looks like
//
// A port is open as long as anything on it works. When nothing does it is
// closed, connections included, and new ones are refused: as on a host whose
// server was stopped. Where others on the port work, it is as behind a load
// balancer whose backend is gone:
//
//   - http and https: status 503;
//   - tls, told apart by the server name that the client asks for: the
//     connection is closed during the handshake, without an answer;
//   - tcp: several endpoints on one port are one server, and stop together.
//
// The package listens on loopback only. It must not know what an endpoint's
// state means for an Application, and it talks to no API server.
package lab
