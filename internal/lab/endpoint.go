// SPDX-License-Identifier: Apache-2.0

package lab

import "time"

// Behaviour is how an endpoint behaves by itself.
type Behaviour string

// Behaviours.
const (
	// Up answers as expected.
	Up Behaviour = "up"
	// Down fails in the way that a Fault names.
	Down Behaviour = "down"
	// Flaps is up until it is told to flap (Lab.Flap), then goes down once for
	// a while, and comes back.
	Flaps Behaviour = "flaps"
	// Slow answers as expected, but late.
	Slow Behaviour = "slow"
	// Degraded answers, of a System, that something is not well: what, a Fault
	// names.
	Degraded Behaviour = "degraded"
)

// Fault is the way in which an endpoint fails on purpose.
type Fault string

// Faults.
const (
	// Refused: nothing listens on the port, with dns neither UDP nor TCP.
	Refused Fault = "refused"
	// Status500: an HTTP server answers with status 500.
	Status500 Fault = "status-500"
	// NotServing: a gRPC server says that its service is not serving.
	NotServing Fault = "not-serving"
	// ExpiredCertificate: the certificate expired yesterday.
	ExpiredCertificate Fault = "expired-certificate"
)

// Endpoint is what the lab answers for.
type Endpoint struct {
	// Namespace and Application that declare it, and its Name there.
	Namespace, Application, Name string
	// URL at which it is asked, on 127.0.0.1; of dns the name that is asked
	// for.
	URL string
	// ServerName for which its certificate is valid; empty means the URL's
	// host. Only where TLS is used.
	ServerName string
	// StartTLS: smtp, imap or ldap is to be secured by STARTTLS.
	StartTLS bool
	// Service whose health is asked for, of grpc and grpcs; empty means the
	// server as a whole.
	Service string
	// DNS is what is asked and answered, of dns.
	DNS DNS
	// System that it is, if it is none of the Application's endpoints but what
	// the Application runs on.
	System *System
	// Behaviour of the endpoint.
	Behaviour Behaviour
	// Fault of an endpoint that is Down or Degraded; empty otherwise.
	Fault Fault
	// Delay of a Slow endpoint's answers.
	Delay time.Duration
	// Notice is the time within which somebody who asks as declared has seen
	// that it went down: threshold times interval. Zero if nobody knows.
	Notice time.Duration
}

// String names the endpoint as the control interface does.
func (e Endpoint) String() string { return e.Namespace + "/" + e.Application + "/" + e.Name }

// DNS is what a name server is asked, and what it answers.
type DNS struct {
	// Server is 127.0.0.1 and the port at which it is asked.
	Server string
	// Type of the records, such as MX; empty means A.
	Type string
	// Values of the records as a zone file has them, such as
	// "10 mail.example."; a TXT record may also be the bare text. Without any an A record holds
	// 127.0.0.1 and an AAAA record ::1; other types need a value.
	Values []string
}
