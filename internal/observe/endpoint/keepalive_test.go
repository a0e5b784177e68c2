// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

const okEmpty = okHead + "Content-Length: 0\r\n\r\n"

// patientServer serves many requests over a connection, and counts.
type patientServer struct {
	address string
	// connections that were accepted, those that ended, requests, and those
	// of them that asked to close the connection afterwards.
	connections, ended, requests, closing atomic.Int32
}

// turn is one request to a patientServer.
type turn struct {
	conn net.Conn
	req  *http.Request
	// connection and nth count from 1.
	connection, nth int
}

// says answers.
func (u turn) says(s string) bool {
	_, err := io.WriteString(u.conn, s)
	return err == nil
}

// startPatient hands each request to serve, which returns whether the connection
// goes on. config is that of TLS; nil means none.
func startPatient(t *testing.T, config *tls.Config, serve func(u turn) bool) *patientServer {
	t.Helper()
	s := &patientServer{}
	s.address = rawServer(t, func(conn net.Conn) {
		defer s.ended.Add(1)
		u := turn{conn: conn, connection: int(s.connections.Add(1))}
		if config != nil {
			secured := tls.Server(conn, config)
			defer closeQuietly(secured)
			u.conn = secured
		}
		in := bufio.NewReader(u.conn)
		for more := true; more; {
			req, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			s.requests.Add(1)
			if req.Close {
				s.closing.Add(1)
			}
			u.nth++
			u.req = req
			more = serve(u)
		}
	})
	return s
}

// saw compares what was counted.
func (s *patientServer) saw(t *testing.T, connections, requests int32) {
	t.Helper()
	if c, r := s.connections.Load(), s.requests.Load(); c != connections || r != requests {
		t.Errorf("the server saw %d connections and %d requests, want %d and %d", c, r, connections, requests)
	}
}

func lasting(url string) *v1alpha1.Endpoint {
	e := endpointOf(url)
	e.HTTP = &v1alpha1.HTTPCheck{KeepAlive: true}
	return e
}

func probeOf(t *testing.T, f *Factory, e *v1alpha1.Endpoint, secrets Secrets) observe.Probe {
	t.Helper()
	p, err := f.New(e, secrets)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeepAlive(t *testing.T) {
	s := startPatient(t, nil, func(u turn) bool { return u.says(okEmpty) })
	p := probeOf(t, NewFactory(Options{}), lasting("http://"+s.address+"/"), nil)
	first := checkProbe(t, p, success)
	if first.Took[observe.StepConnect] == 0 {
		t.Errorf("the first check did not connect: %+v", first)
	}
	for range 5 {
		r := checkProbe(t, p, success)
		if r.Took[observe.StepConnect] != 0 || r.Took[observe.StepRequest] == 0 || r.Address != s.address {
			t.Errorf("result is %+v", r)
		}
	}
	s.saw(t, 1, 6)
	if s.closing.Load() != 0 {
		t.Errorf("%d requests asked to close the connection", s.closing.Load())
	}
}

func TestKeepAliveOverTLS(t *testing.T) {
	root, clients := servers.NewAuthority(t, "Root"), servers.NewAuthority(t, "Clients")
	early := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	late := early.Add(24 * time.Hour)
	var handshakes atomic.Int32
	old, renewed := root.Issue(t, servers.Certificate{NotAfter: early}), root.Issue(t, servers.Certificate{NotAfter: late})
	config := &tls.Config{
		MinVersion: tls.VersionTLS12, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients.Pool(),
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			if handshakes.Add(1) == 1 {
				return &old, nil
			}
			return &renewed, nil
		},
	}
	s := startPatient(t, config, func(u turn) bool {
		switch {
		case u.connection == 1 && u.nth == 3:
			return false
		case u.connection == 2 && u.nth == 2:
			return u.says("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
		}
		return u.says(okEmpty)
	})
	crt, key := servers.PEM(t, clients.Issue(t, servers.Certificate{Client: true}))
	secrets := secretsOf(
		secretOf("ca", map[string]string{KeyCA: string(root.PEM())}),
		secretOf("client", map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)}))
	e := lasting("https://" + s.address + "/")
	e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca"), ClientCertificateSecretRef: ref("client")}
	p := probeOf(t, NewFactory(Options{}), e, secrets)
	rejected := inconclusive(observe.ClassNone, observe.StepExpectation, ReasonCredentialsRejected)
	for i, c := range []struct {
		want       want
		notAfter   time.Time
		handshake  bool
		connection int32
	}{
		{success, early, true, 1},
		{success, early, false, 1},
		// The kept connection proves stale: what counts is what is seen now.
		{success, late, true, 2},
		// To a client certificate a kept connection owes what it showed.
		{rejected, late, false, 2},
		{success, late, true, 3},
	} {
		r := checkProbe(t, p, c.want)
		if !r.CertificateNotAfter.Equal(c.notAfter) || (r.Took[observe.StepHandshake] != 0) != c.handshake {
			t.Errorf("check %d: result is %+v, want an end at %v", i+1, r, c.notAfter)
		}
		if got := s.connections.Load(); got != c.connection {
			t.Errorf("check %d: there were %d connections, want %d", i+1, got, c.connection)
		}
	}
	s.saw(t, 3, 6)
}

// TestKeepAliveEnds: a connection is kept for five minutes from its opening, by
// the factory's clock.
func TestKeepAliveEnds(t *testing.T) {
	s := startPatient(t, nil, func(u turn) bool { return u.says(okEmpty) })
	now := time.Now()
	clock := clocktesting.NewFakePassiveClock(now)
	p := probeOf(t, NewFactory(Options{Clock: clock}), lasting("http://"+s.address+"/"), nil)
	for _, c := range []struct {
		at          time.Duration
		connections int32
	}{
		{0, 1},
		{4 * time.Minute, 1},
		{5*time.Minute - 1, 1},
		{5 * time.Minute, 2},
		{9 * time.Minute, 2},
		{time.Hour, 3},
		{30 * time.Minute, 4}, // the clock was put back
	} {
		clock.SetTime(now.Add(c.at))
		checkProbe(t, p, success)
		if got := s.connections.Load(); got != c.connections {
			t.Errorf("after %v there were %d connections, want %d", c.at, got, c.connections)
		}
		awaitThat(t, func() bool { return s.ended.Load() == c.connections-1 })
	}
}

// TestKeptOrNot: which answers leave a connection that can serve again.
func TestKeptOrNot(t *testing.T) {
	long := func(n int) string {
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", okHead, n, strings.Repeat("x", n))
	}
	const nonsense = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"
	for _, c := range []struct {
		name, answer string
		kept         bool
		edit         func(e *v1alpha1.Endpoint)
		want         want
	}{
		{"no body", okEmpty, true, nil, success},
		{"short body", long(100), true, nil, success},
		{"long body", long(MaxBody), true, nil, success},
		{"chunks", okHead + "Transfer-Encoding: chunked\r\nTrailer: X-A\r\n\r\n2\r\nab\r\n0\r\nX-A: b\r\n\r\n", true, nil, success},
		{"no content", "HTTP/1.1 204 No Content\r\n\r\n", true, nil, success},
		{"HEAD", long(100)[:len(long(100))-100], true, func(e *v1alpha1.Endpoint) { e.HTTP.Method = "HEAD" }, success},
		{"OPTIONS", long(9), true, func(e *v1alpha1.Endpoint) { e.HTTP.Method = "OPTIONS" }, success},
		{"interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n" + okEmpty, true, nil, success},
		{"body that is looked at", long(5000), true, func(e *v1alpha1.Endpoint) { e.HTTP.BodyPattern = "x{100}" }, success},
		{"expected error", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", true, func(e *v1alpha1.Endpoint) { e.HTTP.ExpectedStatuses = []v1alpha1.HTTPStatusRange{"404"} }, success},
		{"HTTP/1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true, nil, success},

		{"not wanted", okEmpty, false, func(e *v1alpha1.Endpoint) { e.HTTP.KeepAlive = false }, success},
		{"POST", okEmpty, false, func(e *v1alpha1.Endpoint) { e.HTTP.Method = "POST" }, success},
		{"Connection: close", okHead + "Connection: close\r\nContent-Length: 0\r\n\r\n", false, nil, success},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false, nil, success},
		{"body that is too long", long(MaxBody + 1), false, nil, success},
		{"body without a length", okHead + "\r\nbody", false, nil, success},
		{"body that does not come", okHead + "Content-Length: 9\r\n\r\n", false, nil, success},
		{"answer to nothing", okEmpty + nonsense, false, nil, success},
		{"unexpected status", "HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n", false, nil, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
		{"unexpected body", long(5), false, func(e *v1alpha1.Endpoint) { e.HTTP.BodyPattern = "y" }, failed(observe.StepExpectation, ReasonBodyMismatch)},
		{"upgrade", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", false, func(e *v1alpha1.Endpoint) { e.HTTP.ExpectedStatuses = []v1alpha1.HTTPStatusRange{"101"} }, success},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := startPatient(t, nil, func(u turn) bool { return u.says(c.answer) })
			e := lasting("http://" + s.address + "/")
			if c.edit != nil {
				c.edit(e)
			}
			p := probeOf(t, NewFactory(Options{}), e, nil)
			for range 3 {
				checkProbe(t, p, c.want)
			}
			connections, closing := int32(3), int32(0)
			if c.kept {
				connections = 1
			}
			if !e.HTTP.KeepAlive || e.HTTP.Method == http.MethodPost {
				closing = 3
			}
			s.saw(t, connections, 3)
			if got := s.closing.Load(); got != closing {
				t.Errorf("%d requests asked to close the connection, want %d", got, closing)
			}
		})
	}
}

// TestKeepAliveAndRedirects: what a redirect leads to is asked over a connection
// of its own, and nothing is kept of such a check.
func TestKeepAliveAndRedirects(t *testing.T) {
	s := startPatient(t, nil, func(u turn) bool {
		if u.req.URL.Path == "/" {
			return u.says("HTTP/1.1 302 Found\r\nLocation: /end\r\nContent-Length: 0\r\n\r\n")
		}
		return u.says(okEmpty)
	})
	e := lasting("http://" + s.address + "/")
	e.HTTP.FollowRedirects = true
	f := NewFactory(Options{})
	p := probeOf(t, f, e, nil)
	checkProbe(t, p, success)
	checkProbe(t, p, success)
	s.saw(t, 4, 4)
	if n := f.keeper.lines.Len(); n != 0 {
		t.Errorf("%d connections are kept", n)
	}
}

// TestKeepAliveIsNotShared: a check beside another one does not touch what that
// one has.
func TestKeepAliveIsNotShared(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	s := startPatient(t, nil, func(u turn) bool {
		if u.connection == 1 && u.nth == 2 {
			close(arrived)
			<-goOn
		}
		return u.says(okEmpty)
	})
	p := probeOf(t, NewFactory(Options{}), lasting("http://"+s.address+"/"), nil)
	checkProbe(t, p, success)
	result := make(chan observe.Result, 1)
	go func() { result <- p.Run(context.Background()) }()
	<-arrived
	checkProbe(t, p, success)
	s.saw(t, 2, 3)
	if s.closing.Load() != 1 {
		t.Errorf("%d requests asked to close the connection, want that of the second check", s.closing.Load())
	}
	close(goOn)
	if r := <-result; r.Outcome != observe.OutcomeSuccess {
		t.Errorf("result is %+v", r)
	}
	checkProbe(t, p, success)
	s.saw(t, 2, 4)
}

// TestKeptConnectionsGo: with their probes, with their time, and if there are
// too many.
func TestKeptConnectionsGo(t *testing.T) {
	start := func(t *testing.T, o Options) (*Factory, *patientServer, func() observe.Probe) {
		s := startPatient(t, nil, func(u turn) bool { return u.says(okEmpty) })
		f := NewFactory(o)
		return f, s, func() observe.Probe {
			p := probeOf(t, f, lasting("http://"+s.address+"/"), nil)
			checkProbe(t, p, success)
			return p
		}
	}
	t.Run("with their probe", func(t *testing.T) {
		_, s, run := start(t, Options{})
		kept := run()
		for range 20 {
			run()
		}
		awaitThat(t, func() bool { runtime.GC(); return s.ended.Load() == 20 })
		checkProbe(t, kept, success)
		s.saw(t, 21, 22)
	})
	t.Run("with their time", func(t *testing.T) {
		now := time.Now()
		clock := clocktesting.NewFakePassiveClock(now)
		f, s, run := start(t, Options{Clock: clock})
		var probes []observe.Probe
		for range 20 {
			probes = append(probes, run())
		}
		clock.SetTime(now.Add(keepFor))
		probes = append(probes, run(), run())
		awaitThat(t, func() bool { return s.ended.Load() == 20 })
		if n := f.keeper.lines.Len(); n != 2 {
			t.Errorf("%d connections are kept", n)
		}
		runtime.KeepAlive(probes)
	})
	t.Run("if there are too many", func(t *testing.T) {
		f, s, run := start(t, Options{})
		f.keeper.most = 3
		var probes []observe.Probe
		for range 5 {
			probes = append(probes, run())
		}
		awaitThat(t, func() bool { return s.ended.Load() == 2 })
		checkProbe(t, probes[4], success)
		s.saw(t, 5, 6)
		checkProbe(t, probes[0], success)
		s.saw(t, 6, 7)
	})
	t.Run("none has a goroutine", func(t *testing.T) {
		_, s, run := start(t, Options{})
		const many = 200
		before := runtime.NumGoroutine()
		var probes []observe.Probe
		for range many {
			probes = append(probes, run())
		}
		s.saw(t, many, many)
		// The server has one for each connection.
		awaitThat(t, func() bool { return runtime.NumGoroutine() <= before+many })
		runtime.KeepAlive(probes)
	})
}
