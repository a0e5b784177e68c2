// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// errAway ends the handshake of a client that asks for what is not there.
var errAway = errors.New("the server is away")

// errClosed says that nothing is served any more.
var errClosed = errors.New("the lab is closed")

// port is a port of 127.0.0.1 and what is served there.
type port struct {
	number  uint16
	scheme  string
	targets []*target
	lab     *Lab

	// server that listens; nil while the port is closed. Guarded by Lab.mu.
	server interface{ close() }
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

// open listens and serves. The caller holds the lock.
func (p *port) open() error {
	select {
	case <-p.lab.closed:
		return errClosed
	default:
	}
	listener, err := listen(net.JoinHostPort(loopback.String(), strconv.Itoa(int(p.number))), p.targets[0].first().String())
	if err != nil {
		return err
	}
	switch p.scheme {
	case schemeHTTP:
		p.server = p.serveHTTP(listener, nil)
	case schemeHTTPS:
		p.server = p.serveHTTP(listener, p.tlsConfig())
	case schemeTLS:
		p.server = p.serveStream(listener, p.tlsConfig())
	default:
		p.server = p.serveStream(listener, nil)
	}
	return nil
}

// shut closes the port and all connections. The caller holds the lock.
func (p *port) shut() {
	if p.server != nil {
		p.server.close()
		p.server = nil
	}
}

// tlsConfig answers each client as the server whose name it asks for; whoever
// asks for none that there is gets the first.
func (p *port) tlsConfig() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			p.lab.mu.RLock()
			defer p.lab.mu.RUnlock()
			t := p.named(hello.ServerName)
			if p.scheme == schemeTLS && t.condition == away {
				_ = hello.Conn.Close() // before an alert says more than a dead server would
				return nil, errAway
			}
			return &tls.Config{
				MinVersion:   tls.VersionTLS12,
				Certificates: []tls.Certificate{*t.certificate()},
				NextProtos:   []string{"http/1.1"},
			}, nil
		},
	}
}

// named is the first target of a server name, or the first of all.
func (p *port) named(serverName string) *target {
	for _, t := range p.targets {
		if t.serverName == strings.ToLower(serverName) {
			return t
		}
	}
	return p.targets[0]
}

// webServer serves HTTP.
type webServer struct {
	server   *http.Server
	listener net.Listener
}

func (s webServer) close() {
	_ = s.listener.Close() // at once, even if the server has not looked at it yet
	_ = s.server.Close()
}

func (p *port) serveHTTP(listener net.Listener, config *tls.Config) webServer {
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	s := webServer{listener: listener, server: &http.Server{
		Handler:           http.HandlerFunc(p.answer),
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          log.New(io.Discard, "", 0), // who asks wrongly learns it from the answer
	}}
	p.lab.running.Go(func() { _ = s.server.Serve(listener) }) // returns when it is closed
	return s
}

// answer answers a request as the target of its path.
func (p *port) answer(w http.ResponseWriter, r *http.Request) {
	t := p.asked(r)
	if t == nil {
		http.Error(w, "nothing of the lab is at "+r.URL.Path, http.StatusNotFound)
		return
	}
	p.lab.mu.RLock()
	now := t.condition
	p.lab.mu.RUnlock()
	switch {
	case now == away:
		http.Error(w, t.first().String()+" is stopped", http.StatusServiceUnavailable)
		return
	case now == erring:
		http.Error(w, t.first().String()+" fails on purpose", http.StatusInternalServerError)
		return
	case t.first().Behaviour == Slow:
		timer := time.NewTimer(t.first().Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "ok\n") // a client that is gone needs no answer
}

// asked is the target of a request: the one of its path and server name, or
// else the first of its path; nil if there is none.
func (p *port) asked(r *http.Request) *target {
	var found *target
	for _, t := range p.targets {
		switch {
		case t.path != r.URL.Path:
		case r.TLS != nil && t.serverName == strings.ToLower(r.TLS.ServerName):
			return t
		case found == nil:
			found = t
		}
	}
	return found
}

// streamServer accepts connections, with TLS or without, and holds them until
// the client goes.
type streamServer struct {
	listener net.Listener
	config   *tls.Config
	running  *sync.WaitGroup

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
}

func (p *port) serveStream(listener net.Listener, config *tls.Config) *streamServer {
	s := &streamServer{listener: listener, config: config, running: &p.lab.running, conns: map[net.Conn]struct{}{}}
	s.running.Go(s.accept)
	return s
}

func (s *streamServer) accept() {
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(acceptPause)
		case !s.keep(conn):
			_ = conn.Close()
			return
		}
		s.running.Go(func() { s.hold(conn) })
	}
}

// keep remembers a connection, unless the server is closed.
func (s *streamServer) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[conn] = struct{}{}
	}
	return !s.closed
}

// hold waits until the client goes, for a while, and reads nothing but that.
func (s *streamServer) hold(conn net.Conn) {
	defer func() {
		_ = conn.Close()
		s.mu.Lock()
		delete(s.conns, conn)
		s.mu.Unlock()
	}()
	if err := conn.SetDeadline(time.Now().Add(idleTimeout)); err != nil {
		return
	}
	stream := conn
	if s.config != nil {
		stream = tls.Server(conn, s.config)
	}
	_, _ = io.Copy(io.Discard, stream) // ends with the connection, however that ends
}

func (s *streamServer) close() {
	_ = s.listener.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close()
	}
}
