// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/tls"
	"fmt"
)

// condition is how a target behaves at the moment.
type condition int

const (
	// working: it answers as expected.
	working condition = iota
	// away: it does not answer.
	away
	// erring: it answers with status 500.
	erring
	// expired: its certificate has expired.
	expired
)

// target is one server, as far as those who ask can tell servers apart.
type target struct {
	address
	port      *port
	endpoints []Endpoint
	// valid and outdated are its certificates; nil without TLS.
	valid, outdated *tls.Certificate

	// condition, and whether a person set it; guarded by Lab.mu.
	condition condition
	byHand    bool
}

// newTarget makes the target of an endpoint that is the first at its address.
func (l *Lab) newTarget(a address, p *port, e Endpoint) (*target, error) {
	t := &target{address: a, port: p, endpoints: []Endpoint{e}}
	switch {
	case e.Behaviour != Down:
	case e.Fault == Refused:
		t.condition = away
	case e.Fault == Status500:
		t.condition = erring
	case e.Fault == ExpiredCertificate:
		t.condition = expired
	}
	if a.scheme != schemeTLS && a.scheme != schemeHTTPS {
		return t, nil
	}
	var err error
	if t.valid, err = l.authority.issue(a.serverName, false); err != nil {
		return nil, err
	}
	if t.condition == expired {
		t.outdated, err = l.authority.issue(a.serverName, true)
	}
	return t, err
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
		s.Message = "up"
		if t.first().Behaviour == Slow {
			s.Message = fmt.Sprintf("slow: answers after %s", t.first().Delay)
		}
	case away:
		s.Message = "down: " + t.absence()
	case erring:
		s.Message = "down: answers with status 500"
	case expired:
		s.Message = "down: its certificate expired yesterday"
	}
	all := make([]Status, len(t.endpoints))
	for i, e := range t.endpoints {
		all[i] = s
		all[i].Endpoint = e
	}
	return all
}

// absence says what a target does that is away. The caller holds the lock.
func (t *target) absence() string {
	switch {
	case !t.port.works():
		return "connections are refused"
	case t.scheme == schemeTLS:
		return "closes the connection during the handshake"
	default:
		return "answers with status 503"
	}
}
