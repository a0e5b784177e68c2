// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// abort ends a connection with a reset.
func abort(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// TestStaleConnections: what happens to a kept connection between two checks, or
// when it is used again.
func TestStaleConnections(t *testing.T) {
	const late = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
	type is struct {
		want                  want
		connections, requests int32
	}
	replaced := is{success, 2, 3}
	unnoticed := is{success, 2, 2}
	for _, c := range []struct {
		name string
		// after is what the server does when it has answered the first
		// request, again when it got the second over the same connection.
		after, again func(conn net.Conn)
		want         is
	}{
		{"closed meanwhile", closeConn, nil, unnoticed},
		{"reset meanwhile", abort, nil, unnoticed},
		{"said farewell meanwhile", func(c net.Conn) { _, _ = io.WriteString(c, late); closeConn(c) }, nil, unnoticed},
		{"answered again meanwhile", func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 503 Down\r\n\r\n") }, nil, unnoticed},
		{"sent a byte meanwhile", func(c net.Conn) { _, _ = c.Write([]byte{0}) }, nil, unnoticed},

		{"closed when asked", nil, closeConn, replaced},
		{"reset when asked", nil, abort, replaced},
		{"farewell when asked", nil, func(c net.Conn) { _, _ = io.WriteString(c, late) }, replaced},

		{"half an answer", nil, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: b\r\n"); closeConn(c) }, is{failed(observe.StepRequest, ReasonConnectionClosed), 1, 2}},
		{"no HTTP", nil, func(c net.Conn) { _, _ = io.WriteString(c, "220 mail\r\n"); closeConn(c) }, is{failed(observe.StepRequest, ReasonProtocolError), 1, 2}},
		{"down", nil, func(c net.Conn) { _, _ = io.WriteString(c, "HTTP/1.1 503 Down\r\n\r\n"); closeConn(c) }, is{failed(observe.StepExpectation, ReasonUnexpectedStatus), 1, 2}},
		{"silent", nil, func(net.Conn) {}, is{failed(observe.StepRequest, ReasonResponseTimeout), 1, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			checked, done := make(chan struct{}), make(chan struct{})
			s := startPatient(t, nil, func(u turn) bool {
				if u.connection == 1 && u.nth == 2 {
					if c.again != nil {
						c.again(u.conn)
					}
					return true
				}
				ok := u.says(okEmpty)
				if u.connection == 1 && c.after != nil {
					// Not before the first check has put the connection away.
					<-checked
					c.after(u.conn)
					close(done)
				}
				return ok
			})
			e := lasting("http://" + s.address + "/")
			if c.name == "silent" {
				e.Timeout = "500ms"
			}
			p := probeOf(t, NewFactory(Options{}), e, nil)
			checkProbe(t, p, success)
			if c.after != nil {
				close(checked)
				<-done
			}
			checkProbe(t, p, c.want.want)
			s.saw(t, c.want.connections, c.want.requests)
		})
	}
}

func closeConn(conn net.Conn) { _ = conn.Close() }

// TestStaleOnlyOnce: if the new connection fails as well, it is the server's
// fault.
func TestStaleOnlyOnce(t *testing.T) {
	s := startPatient(t, nil, func(u turn) bool { return u.connection == 1 && u.nth == 1 && u.says(okEmpty) })
	p := probeOf(t, NewFactory(Options{}), lasting("http://"+s.address+"/"), nil)
	checkProbe(t, p, success)
	checkProbe(t, p, failed(observe.StepRequest, ReasonConnectionClosed))
	s.saw(t, 2, 3)
}

// TestStaleAndGone: a fault that shows when the connection is opened anew.
func TestStaleAndGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err == nil {
			readRequest(conn)
			_, _ = io.WriteString(conn, okEmpty)
			closeQuietly(l)
			readRequest(conn)
			closeQuietly(conn)
		}
		served <- err
	}()
	p := probeOf(t, NewFactory(Options{}), lasting("http://"+l.Addr().String()+"/"), nil)
	checkProbe(t, p, success)
	r := checkProbe(t, p, failed(observe.StepConnect, ReasonConnectionRefused))
	if r.Address != "" {
		t.Errorf("address is %q, and nothing was connected to", r.Address)
	}
	if err := <-served; err != nil {
		t.Fatal(err)
	}
}

// TestForgottenConnection: somebody on the way swallows what is sent over a kept
// connection. The check finds out soon enough to ask over a new one.
func TestForgottenConnection(t *testing.T) {
	var first atomic.Pointer[net.TCPConn]
	s := startPatient(t, nil, func(u turn) bool {
		if u.connection == 1 {
			first.Store(u.conn.(*net.TCPConn))
		}
		return u.says(okEmpty)
	})
	e := lasting("http://" + s.address + "/")
	e.Timeout = "8s"
	p := probeOf(t, NewFactory(Options{}), e, nil)
	checkProbe(t, p, success)
	swallow(t, first.Load())
	r := checkProbe(t, p, success)
	s.saw(t, 2, 2)
	if r.Latency > 6*time.Second {
		t.Errorf("it took %v", r.Latency)
	}
}

// swallow lets the system drop each packet that comes for a connection, without
// acknowledging it.
func swallow(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	fd, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var attached error
	if err := fd.Control(func(s uintptr) {
		nothing := []syscall.SockFilter{{Code: syscall.BPF_RET | syscall.BPF_K, K: 0}}
		attached = syscall.AttachLsf(int(s), nothing) //nolint:staticcheck // it does what is wanted, and x/sys is no dependency
	}); err != nil || attached != nil {
		t.Fatal(err, attached)
	}
}

// TestAnswersWithinTLS: text that nobody asked for hides in the buffers of TLS.
func TestAnswersWithinTLS(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	config := &tls.Config{
		Certificates: []tls.Certificate{root.Issue(t, servers.Certificate{})}, MinVersion: tls.VersionTLS12,
		DynamicRecordSizingDisabled: true,
	}
	// All in one record, and so long that the reader takes the end of the body
	// past its own buffer.
	body := strings.Repeat("x", 10_000)
	head := okHead + "Content-Length: 10000\r\n\r\n"
	for name, extra := range map[string]string{"none": "", "an answer": "HTTP/1.1 503 Down\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			s := startPatient(t, config, func(u turn) bool { return u.says(head + body + extra) })
			e := lasting("https://" + s.address + "/")
			e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
			p := probeOf(t, NewFactory(Options{}), e, secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())})))
			for range 3 {
				checkProbe(t, p, success)
			}
			if extra == "" {
				s.saw(t, 1, 3)
			} else {
				s.saw(t, 3, 3)
			}
		})
	}
}

// TestKeepAliveIsCancelled: a check that is called off leaves nothing.
func TestKeepAliveIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s := startPatient(t, nil, func(u turn) bool {
		if u.connection == 1 && u.nth == 2 {
			cancel()
			return true
		}
		return u.says(okEmpty)
	})
	f := NewFactory(Options{})
	p := probeOf(t, f, lasting("http://"+s.address+"/"), nil)
	checkProbe(t, p, success)
	r := p.Run(ctx)
	sound(t, r)
	if r.Reason != ReasonCancelled {
		t.Errorf("result is %+v", r)
	}
	if n := f.keeper.lines.Len(); n != 0 {
		t.Errorf("%d connections are kept", n)
	}
	awaitThat(t, func() bool { return s.ended.Load() == 1 })
	checkProbe(t, p, success)
	s.saw(t, 2, 3)
}

// TestConnectionsWithoutSocket: of a connection that cannot be looked at nobody
// knows whether it is as it was left.
func TestConnectionsWithoutSocket(t *testing.T) {
	s := startPatient(t, nil, func(u turn) bool { return u.says(okEmpty) })
	var open atomic.Int32
	p := probeOf(t, NewFactory(Options{Dial: countingDial(&open)}), lasting("http://"+s.address+"/"), nil)
	checkProbe(t, p, success)
	checkProbe(t, p, success)
	s.saw(t, 2, 2)
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are open", n)
	}
}

// TestKeepAliveIsAnotherQuestion: who declares it does not get the answers of
// who does not.
func TestKeepAliveIsAnotherQuestion(t *testing.T) {
	f := NewFactory(Options{})
	e := fullEndpoint()
	n := newNamespace(t)
	without := keyOf(t, f, e, n.secrets())
	e.HTTP.KeepAlive = true
	if keyOf(t, f, e, n.secrets()) == without {
		t.Error("it makes no other question")
	}
}

// TestMemoryOfKeepAlive: what a probe keeps besides its connection.
func TestMemoryOfKeepAlive(t *testing.T) {
	each := bytesPerProbe(t, nil, func(i int) *v1alpha1.Endpoint { return lasting(fmt.Sprintf("http://host-%d.mainz.test/", i)) })
	if each > 1000 {
		t.Errorf("a probe keeps %.0f bytes", each)
	}
}
