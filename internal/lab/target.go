// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"golang.org/x/crypto/ssh"

	"kdz.mainz.de/operator/internal/lab/sapcontrol"
)

// condition is how a target behaves at the moment.
type condition int

const (
	// working: it answers as expected.
	working condition = iota
	// away: it does not answer.
	away
	// erring: it answers, as the fault of its scheme says, that it is not well.
	erring
	// expired: its certificate has expired.
	expired
	// ailing: it is a system, and answers that something is not well.
	ailing
)

// target is one server, as far as those who ask can tell servers apart.
type target struct {
	address
	port      *port
	endpoints []Endpoint
	// valid and outdated are its certificates; nil without TLS.
	valid, outdated *tls.Certificate
	// certified is the server name of the certificates.
	certified string
	// hostKey of ssh.
	hostKey ssh.Signer
	// records of dns.
	records []dns.RR
	// instance of SAP.
	instance *sapcontrol.Instance

	// condition, and whether a person set it; guarded by Lab.mu.
	condition condition
	byHand    bool
}

// newTarget makes the target of an endpoint that is the first at its address.
func (l *Lab) newTarget(a address, p *port, e Endpoint) (*target, error) {
	t := &target{address: a, port: p}
	switch {
	case e.Behaviour == Degraded:
		t.condition = ailing
	case e.Behaviour != Down:
	case e.Fault == Refused:
		t.condition = away
	case e.Fault == ExpiredCertificate:
		t.condition = expired
	default:
		t.condition = erring
	}
	if a.scheme == schemeSSH {
		var err error
		if t.hostKey, err = newHostKey(); err != nil {
			return nil, err
		}
	}
	return t, l.add(t, e)
}

// add has a target answer for an endpoint too.
func (l *Lab) add(t *target, e Endpoint) error {
	if t.scheme == schemeDNS {
		records, err := e.DNS.records(t.question)
		if err != nil {
			return err
		}
		for _, r := range records {
			if !slices.ContainsFunc(t.records, func(o dns.RR) bool { return dns.IsDuplicate(o, r) }) {
				t.records = append(t.records, r)
			}
		}
	}
	if t.secures(e) {
		if err := l.certify(t, e); err != nil {
			return err
		}
	}
	t.endpoints = append(t.endpoints, e)
	return nil
}

// certify gives a target the certificates that an endpoint wants to see.
func (l *Lab) certify(t *target, e Endpoint) error {
	if t.valid != nil {
		if !strings.EqualFold(t.certified, e.ServerName) {
			return fmt.Errorf("is the same server as %s, whose certificate is for %q, not %q", t.first(), t.certified, e.ServerName)
		}
		return nil
	}
	var err error
	t.certified = e.ServerName
	if t.valid, err = l.authority.issue(e.ServerName, false); err != nil {
		return err
	}
	if t.condition == expired {
		t.outdated, err = l.authority.issue(e.ServerName, true)
	}
	return err
}

// first is the endpoint that the target was made for; its others behave alike.
func (t *target) first() Endpoint { return t.endpoints[0] }

// certificate that the target presents. The caller holds the lock.
func (t *target) certificate() *tls.Certificate {
	if t.condition == expired {
		return t.outdated
	}
	return t.valid
}

// statuses of the target's endpoints. The caller holds the lock.
func (t *target) statuses() []Status {
	s := Status{Works: t.condition == working}
	switch t.condition {
	case working:
		s.Message = t.presence()
	case away:
		s.Message = "down: " + t.absence()
	case erring:
		s.Message = "down: " + t.error()
	case expired:
		s.Message = "down: its certificate expired yesterday"
	case ailing:
		s.Message = "degraded: " + string(t.first().Fault)
	}
	all := make([]Status, len(t.endpoints))
	for i, e := range t.endpoints {
		all[i] = s
		all[i].Endpoint = e
	}
	return all
}

// presence says what a target does that works.
func (t *target) presence() string {
	switch {
	case t.scheme == schemeICMP:
		return "up: " + kernelAnswers
	case t.first().Behaviour == Slow:
		return fmt.Sprintf("slow: answers after %s", t.first().Delay)
	default:
		return "up"
	}
}

// absence says what a target does that is away. The caller holds the lock.
func (t *target) absence() string {
	switch {
	case !t.port.works():
		return "connections are refused"
	case !saysAway(t.scheme):
		return "closes the connection during the handshake"
	case t.scheme == schemeDNS:
		return "answers with SERVFAIL"
	case t.scheme == schemeGRPC || t.scheme == schemeGRPCS:
		return "answers with status UNAVAILABLE"
	default:
		return "answers with status 503"
	}
}

// error says what a target does that is erring.
func (t *target) error() string {
	if schemes[t.scheme].own == NotServing {
		return "answers that it is not serving"
	}
	return "answers with status 500"
}
