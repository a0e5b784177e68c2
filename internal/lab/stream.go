// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"
)

// streamServer accepts connections and talks on each, until the client goes or
// its time is up.
type streamServer struct{ listener *listener }

func (s streamServer) close() { s.listener.end() }

// serveStream serves the protocols whose talk is ours. config is nil without
// TLS.
func (p *port) serveStream(l *listener, config *tls.Config) streamServer {
	talk := p.talk(config)
	p.lab.running.Go(func() {
		for {
			conn, err := l.Accept()
			switch {
			case errors.Is(err, net.ErrClosed):
				return
			case err != nil:
				time.Sleep(acceptPause)
			default:
				p.lab.running.Go(func() { serveConn(conn, talk) })
			}
		}
	})
	return streamServer{l}
}

// serveConn talks on a connection, for a while.
func serveConn(conn net.Conn, talk func(net.Conn)) {
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(idleTimeout)); err != nil {
		return
	}
	talk(conn)
}

// talk is how the port talks on a connection.
func (p *port) talk(config *tls.Config) func(net.Conn) {
	var speak func(*exchange)
	switch p.scheme {
	case schemeSMTP, schemeSMTPS:
		speak = talkSMTP
	case schemeIMAP, schemeIMAPS:
		speak = talkIMAP
	case schemeLDAP, schemeLDAPS:
		speak = talkLDAP
	case schemeSSH:
		key := p.targets[0].hostKey
		speak = func(x *exchange) { talkSSH(x, key) }
	default:
		speak = hold
	}
	atOnce := schemes[p.scheme].tls == atOnce
	return func(conn net.Conn) {
		x := &exchange{conn: conn, config: config}
		if atOnce && x.secure() != nil {
			return
		}
		speak(x)
		_ = x.conn.Close() // with TLS this says goodbye first
	}
}

// exchange is one connection, which may come to be secured.
type exchange struct {
	conn net.Conn
	// config of TLS; nil if there is none.
	config *tls.Config
	// secured: conn speaks TLS.
	secured bool
}

// offersTLS is whether STARTTLS is to be had now.
func (x *exchange) offersTLS() bool { return x.config != nil && !x.secured }

// secure has the connection speak TLS from now on.
func (x *exchange) secure() error {
	conn := tls.Server(x.conn, x.config)
	x.conn, x.secured = conn, true
	return conn.HandshakeContext(context.Background()) // the connection has a deadline
}

// hold waits until the client goes, and reads nothing but that.
func hold(x *exchange) {
	_, _ = io.Copy(io.Discard, x.conn) // ends with the connection, however that ends
}
