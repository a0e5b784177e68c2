// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
)

// Fault is the way in which an endpoint fails on purpose.
type Fault string

// Faults.
const (
	// Refused: nothing listens on the port.
	Refused Fault = "refused"
	// Status500: an HTTP server answers with status 500.
	Status500 Fault = "status-500"
	// ExpiredCertificate: the certificate expired yesterday.
	ExpiredCertificate Fault = "expired-certificate"
)

// Endpoint is what the lab answers for.
type Endpoint struct {
	// Namespace and Application that declare it, and its Name there.
	Namespace, Application, Name string
	// URL at which it is asked: http, https, tls or tcp, on 127.0.0.1.
	URL string
	// ServerName for which its certificate is valid; empty means the URL's
	// host. Of tls and https only.
	ServerName string
	// Behaviour of the endpoint.
	Behaviour Behaviour
	// Fault of an endpoint that is Down; empty otherwise.
	Fault Fault
	// Delay of a Slow endpoint's answers.
	Delay time.Duration
	// Notice is the time within which somebody who asks as declared has seen
	// that it went down: threshold times interval. Zero if nobody knows.
	Notice time.Duration
}

// String names the endpoint as the control interface does.
func (e Endpoint) String() string { return e.Namespace + "/" + e.Application + "/" + e.Name }

// The schemes that the lab serves.
const (
	schemeHTTP  = "http"
	schemeHTTPS = "https"
	schemeTCP   = "tcp"
	schemeTLS   = "tls"
)

// address is what can be told apart by those who serve: endpoints with the
// same address are one target.
type address struct {
	scheme     string
	port       uint16
	serverName string
	path       string
}

// locate checks an endpoint and says where it is served.
func locate(e Endpoint) (address, error) {
	u, err := url.Parse(e.URL)
	if err != nil {
		return address{}, err
	}
	a := address{scheme: strings.ToLower(u.Scheme)}
	if !slices.Contains([]string{schemeHTTP, schemeHTTPS, schemeTCP, schemeTLS}, a.scheme) {
		return a, fmt.Errorf("the lab serves http, https, tls and tcp, not %s", u.Scheme)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err != nil || ip != loopback {
		return a, fmt.Errorf("the lab serves %s only", loopback)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port < 1024 {
		return a, fmt.Errorf("the lab needs a port from 1024 to 65535 in the URL, not %q", u.Port())
	}
	a.port = uint16(port)
	if a.scheme == schemeTLS || a.scheme == schemeHTTPS {
		a.serverName = strings.ToLower(e.ServerName)
	}
	if a.scheme == schemeHTTP || a.scheme == schemeHTTPS {
		a.path = u.Path
		if a.path == "" {
			a.path = "/"
		}
	}
	return a, a.check(e)
}

// check returns why an endpoint cannot behave as it is to at its address.
func (a address) check(e Endpoint) error {
	withTLS := a.scheme == schemeTLS || a.scheme == schemeHTTPS
	withHTTP := a.scheme == schemeHTTP || a.scheme == schemeHTTPS
	switch e.Behaviour {
	case Up, Flaps:
	case Slow:
		if !withHTTP {
			return fmt.Errorf("%s cannot be slow: its check ends with the connection", a.scheme)
		}
		if e.Delay <= 0 {
			return fmt.Errorf("is slow, but there is no maxLatency that it could exceed")
		}
	case Down:
		switch {
		case e.Fault == Refused,
			e.Fault == Status500 && withHTTP,
			e.Fault == ExpiredCertificate && withTLS:
		case e.Fault == "":
			return fmt.Errorf("is down, but no fault says how")
		default:
			return fmt.Errorf("the fault %q is none that %s can have (%s, %s with http, %s with TLS)",
				e.Fault, a.scheme, Refused, Status500, ExpiredCertificate)
		}
		return nil
	default:
		return fmt.Errorf("behaviour %q is none of %s, %s, %s, %s", e.Behaviour, Up, Down, Flaps, Slow)
	}
	if e.Fault != "" {
		return fmt.Errorf("has the fault %q, but is not %s", e.Fault, Down)
	}
	return nil
}

// loopback is the only address on which the lab listens.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})
