// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"
)

// loopback is the only address on which the lab listens.
var loopback = netip.AddrFrom4([4]byte{127, 0, 0, 1})

// address is what can be told apart by those who serve: endpoints with the
// same address are one target.
type address struct {
	scheme string
	// port is 0 for icmp, which has none.
	port uint16
	// serverName of a scheme that speaks TLS from the first byte.
	serverName string
	// path of http and https.
	path string
	// service of grpc and grpcs.
	service string
	// question of dns.
	question dns.Question
}

// locate checks an endpoint and says where it is served.
func locate(e Endpoint) (address, error) {
	u, err := url.Parse(e.URL)
	if err != nil {
		return address{}, err
	}
	a := address{scheme: strings.ToLower(u.Scheme)}
	s, known := schemes[a.scheme]
	if !known {
		return a, fmt.Errorf("the lab serves %s, not %s", strings.Join(schemeNames(), ", "), u.Scheme)
	}
	host, port, where := u.Hostname(), u.Port(), "the URL"
	if a.scheme == schemeDNS {
		if a.question, err = e.DNS.question(host); err != nil {
			return a, err
		}
		if host, port, err = net.SplitHostPort(e.DNS.Server); err != nil {
			return a, fmt.Errorf("the lab needs dns.server with a port: %w", err)
		}
		where = "dns.server"
	}
	if ip, err := netip.ParseAddr(host); err != nil || ip != loopback {
		return a, fmt.Errorf("the lab serves %s only", loopback)
	}
	if a.scheme == schemeICMP {
		return a, a.check(e)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number < 1024 {
		return a, fmt.Errorf("the lab needs a port from 1024 to 65535 in %s, not %q", where, port)
	}
	a.port = uint16(number)
	if s.tls == atOnce {
		a.serverName = strings.ToLower(e.ServerName)
	}
	switch a.scheme {
	case schemeHTTP, schemeHTTPS:
		a.path = u.Path
		if a.path == "" {
			a.path = "/"
		}
	case schemeGRPC, schemeGRPCS:
		a.service = e.Service
	}
	return a, a.check(e)
}

// secures is whether an endpoint at this address is asked over TLS.
func (a address) secures(e Endpoint) bool {
	switch schemes[a.scheme].tls {
	case never:
		return false
	case atOnce:
		return true
	default:
		return e.StartTLS
	}
}

// faults are those that an endpoint can have at this address.
func (a address) faults(e Endpoint) []Fault {
	if a.scheme == schemeICMP {
		return nil
	}
	possible := []Fault{Refused}
	if own := schemes[a.scheme].own; own != "" {
		possible = append(possible, own)
	}
	if a.secures(e) {
		possible = append(possible, ExpiredCertificate)
	}
	return possible
}

// check returns why an endpoint cannot behave as it is to at its address.
func (a address) check(e Endpoint) error {
	if e.System != nil {
		return e.System.check(a, e)
	}
	if a.scheme == schemeICMP && e.Behaviour != Up {
		return fmt.Errorf("is to be %q, but %s", e.Behaviour, kernelAnswers)
	}
	switch e.Behaviour {
	case Up, Flaps:
	case Slow:
		if a.path == "" {
			return fmt.Errorf("%s cannot be slow: only http and https can", a.scheme)
		}
		if e.Delay <= 0 {
			return fmt.Errorf("is slow, but there is no maxLatency that it could exceed")
		}
	case Down:
		if e.Fault == "" {
			return fmt.Errorf("is down, but no fault says how")
		}
		if possible := a.faults(e); !slices.Contains(possible, e.Fault) {
			return fmt.Errorf("the fault %q is none that %s can have here (%s)", e.Fault, a.scheme, join(possible))
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

func join(faults []Fault) string {
	names := make([]string, len(faults))
	for i, f := range faults {
		names[i] = string(f)
	}
	return strings.Join(names, ", ")
}
