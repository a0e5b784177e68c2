// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"
)

// Bounds on those who ask, so that none keeps the lab busy.
const (
	idleTimeout   = 30 * time.Second
	headerTimeout = 5 * time.Second
	// acceptPause is how long nobody is let in after that failed, for want of
	// files, say.
	acceptPause = 50 * time.Millisecond
)

// errClosed says that nothing is served any more.
var errClosed = errors.New("the lab is closed")

// server is what answers on an open port.
type server interface {
	// close closes the port at once, and ends all connections. It does not
	// wait for those who answer at the moment: they may wait for Lab.mu, which
	// the caller holds.
	close()
}

// port is a port of 127.0.0.1 and what is served there.
type port struct {
	number  uint16
	scheme  string
	targets []*target
	lab     *Lab

	// server that listens; nil while the port is closed. Guarded by Lab.mu.
	server server
}

// check returns why the targets cannot share the port.
func (p *port) check() error {
	if len(p.targets) < 2 {
		return nil
	}
	for _, t := range p.targets {
		e := t.first()
		if e.Fault == Refused {
			return fmt.Errorf("%s at %s: cannot refuse connections on a port that others answer on", e, e.URL)
		}
		if e.Fault == ExpiredCertificate && slices.ContainsFunc(p.targets, func(o *target) bool {
			return o.serverName == t.serverName && o.first().Fault != ExpiredCertificate
		}) {
			return fmt.Errorf("%s at %s: shares its certificate with others, for which it has not expired", e, e.URL)
		}
	}
	return nil
}

// works is whether anything on the port answers. The caller holds the lock.
func (p *port) works() bool {
	return slices.ContainsFunc(p.targets, func(t *target) bool { return t.condition != away })
}

// isOpen is whether the port is open. The caller holds the lock.
func (p *port) isOpen() bool { return p.server != nil }

// address is where the port is.
func (p *port) address() string {
	return net.JoinHostPort(loopback.String(), strconv.Itoa(int(p.number)))
}

// open listens and serves. The caller holds the lock.
func (p *port) open() error {
	select {
	case <-p.lab.closed:
		return errClosed
	default:
	}
	if p.scheme == schemeICMP {
		p.server = kernel{}
		return nil
	}
	l, err := listen(p.address(), p.targets[0].first().String())
	if err != nil {
		return err
	}
	switch p.scheme {
	case schemeHTTP, schemeHTTPS:
		p.server = p.serveHTTP(l, p.tlsConfig())
	case schemeGRPC, schemeGRPCS:
		p.server = p.serveGRPC(l, p.tlsConfig())
	case schemeDNS:
		p.server, err = p.serveDNS(l)
	default:
		p.server = p.serveStream(l, p.tlsConfig())
	}
	return err
}

// shut closes the port and all connections. The caller holds the lock.
func (p *port) shut() {
	if p.server != nil {
		p.server.close()
		p.server = nil
	}
}
