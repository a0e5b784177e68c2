// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
)

// inUseError says that somebody else has a port.
type inUseError struct{ port, user string }

func (e *inUseError) Error() string {
	return fmt.Sprintf("port %s of 127.0.0.1 is in use, and %s needs it: is another demo running? "+
		"See who has it with `ss -ltunp 'sport = :%s'` or `lsof -i :%s`, end that, and start again", e.port, e.user, e.port, e.port)
}

// listen listens on an address of loopback, for somebody.
func listen(address, user string) (*listener, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", address)
	if err != nil {
		return nil, noPort(address, user, err)
	}
	return &listener{Listener: l, conns: map[*conn]struct{}{}}, nil
}

// listener remembers the connections that it has accepted, so that it can end
// them all, at whatever they are: the servers of libraries wait for some.
type listener struct {
	net.Listener

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended bool
}

// conn is a connection that its listener remembers until it is closed.
type conn struct {
	net.Conn
	listener *listener
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	raw, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &conn{raw, l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		_ = raw.Close() // nobody has used it
		return nil, net.ErrClosed
	}
	l.conns[c] = struct{}{}
	return c, nil
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// end closes the listener and all its connections.
func (l *listener) end() {
	_ = l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
	for c := range l.conns {
		_ = c.Conn.Close()
	}
}

// listenPacket listens for UDP on an address of loopback, for somebody.
func listenPacket(address, user string) (net.PacketConn, error) {
	c, err := (&net.ListenConfig{}).ListenPacket(context.Background(), "udp4", address)
	if err != nil {
		return nil, noPort(address, user, err)
	}
	return c, nil
}

// noPort says why somebody cannot listen.
func noPort(address, user string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address) // it was parsed a moment ago
		return &inUseError{port, user}
	}
	return fmt.Errorf("%s needs to listen on %s: %w", user, address, err)
}

// sumUp joins errors, and says of many ports in use only once what to do.
func sumUp(errs []error) error {
	const most = 8
	var ports []string
	var others []error
	for _, err := range errs {
		if inUse, ok := errors.AsType[*inUseError](err); ok {
			ports = append(ports, inUse.port)
			continue
		}
		others = append(others, err)
	}
	if len(ports) < 2 {
		return errors.Join(errs...)
	}
	named := strings.Join(ports[:min(len(ports), most)], ", ")
	if n := len(ports) - most; n > 0 {
		named += fmt.Sprintf(" and %d more", n)
	}
	return errors.Join(append(others, fmt.Errorf("ports %s of 127.0.0.1 are in use, and the lab needs them: is another demo running? "+
		"See who has them with `ss -ltunp` or `lsof -i :%s`, end that, and start again", named, ports[0]))...)
}
