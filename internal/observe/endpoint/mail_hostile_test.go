// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// countingConn counts what is read.
type countingConn struct {
	net.Conn
	read *atomic.Int64
}

func (c countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// counting dials as usual, and counts into read.
func counting(read *atomic.Int64) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return countingConn{conn, read}, nil
	}
}

// trickles sends head, and then part again and again, a moment apart.
func trickles(head, part string) func(net.Conn) {
	return func(conn net.Conn) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		_, err := io.WriteString(conn, head)
		for err == nil {
			<-tick.C
			_, err = io.WriteString(conn, part)
		}
	}
}

// speaks says one thing after the other, each after it has heard something, and
// in the end does what is left.
func speaks(end func(net.Conn), says ...string) func(net.Conn) {
	return func(conn net.Conn) {
		heard := make([]byte, maxMailLine)
		for _, s := range says {
			if _, err := io.WriteString(conn, s); err != nil {
				return
			}
			if _, err := conn.Read(heard); err != nil {
				return
			}
		}
		end(conn)
	}
}

// resets lets the connection end with a reset.
func resets(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// listeningConn says when it is first listened to.
type listeningConn struct {
	net.Conn
	listened func()
}

func (c listeningConn) Read(b []byte) (int, error) {
	c.listened()
	return c.Conn.Read(b)
}

// hostileMail is a server that does what it should not.
type hostileMail struct {
	name string
	// serve, or else script.
	serve  func(net.Conn)
	script script
	tls    bool
	want   want
	// says is in the message.
	says string
}

func hostileGreetings(first, more string) []hostileMail {
	request := func(reason string) want { return failed(observe.StepRequest, reason) }
	sends := func(s string) func(net.Conn) {
		return func(c net.Conn) { _, _ = io.WriteString(c, s) }
	}
	return []hostileMail{
		{name: "no greeting", serve: silence, want: request(ReasonGreetingTimeout)},
		{name: "closes at once", serve: func(net.Conn) {}, want: request(ReasonConnectionClosed)},
		{name: "half a greeting", serve: func(c net.Conn) { sends(first + " mail")(c); silence(c) }, want: request(ReasonGreetingTimeout)},
		{name: "closes in the greeting", serve: sends(first + " mail"), want: request(ReasonConnectionClosed)},
		{name: "greeting that trickles", serve: trickles(first+" ", "x"), want: request(ReasonGreetingTimeout)},
		{name: "banner of megabytes without a line end", serve: sends(first + " " + strings.Repeat("x", 8<<20)), want: request(ReasonProtocolError), says: "a line of more than 2 KiB"},
		{name: "zeroes without end", serve: sends(strings.Repeat("\x00", 8<<20)), want: request(ReasonProtocolError)},
		{name: "empty lines without end", serve: sends(strings.Repeat("\r\n", 4<<20)), want: request(ReasonProtocolError)},
		{name: "10,000 lines", script: script{greeting: strings.Repeat(more+"\r\n", 10_000)}, want: request(ReasonProtocolError)},
		{name: "long lines", script: script{greeting: strings.Repeat(more+strings.Repeat("x", 1<<10)+"\r\n", 99)}, want: request(ReasonProtocolError)},
	}
}

func hostileSMTP(lying script) []hostileMail {
	request := func(reason string) want { return failed(observe.StepRequest, reason) }
	handshake := func(reason string) want { return failed(observe.StepHandshake, reason) }
	return append(hostileGreetings("220", "220-mail "), []hostileMail{
		{name: "greeting line by line", serve: trickles("", "220-x\r\n"), want: request(ReasonGreetingTimeout)},
		{name: "half an answer", script: smtpScript("EHLO", "250-"), want: request(ReasonResponseTimeout)},
		{name: "10,000 extensions", script: smtpScript("EHLO", strings.Repeat("250-STARTTLS\r\n", 10_000)), want: request(ReasonProtocolError), says: "more than 100 lines"},
		{name: "long extensions", script: smtpScript("EHLO", strings.Repeat("250-"+strings.Repeat("x", 1<<10)+"\r\n", 99)), want: request(ReasonProtocolError), says: "more than 64 KiB"},
		{name: "extension without end", script: smtpScript("EHLO", "250-"+strings.Repeat("x", 8<<20)), want: request(ReasonProtocolError)},
		{name: "half an answer to STARTTLS", script: smtpScript("STARTTLS", "220 go"), tls: true, want: request(ReasonResponseTimeout)},
		{name: "resets when asked", serve: speaks(resets, "220 a\r\n"), want: request(ReasonConnectionClosed)},
		{name: "no handshake", serve: speaks(silence, "220 a\r\n", "250-a\r\n250 STARTTLS\r\n", "220 go\r\n"), tls: true, want: handshake(ReasonHandshakeTimeout)},
		{name: "injects megabytes", script: smtpScript("STARTTLS", "220 go\r\n"+strings.Repeat("250 ok\r\n", 1<<20)), tls: true, want: request(ReasonProtocolError)},
		{name: "half an answer after the handshake", script: smtpScript("TLS EHLO", "250-x"), tls: true, want: request(ReasonResponseTimeout)},
		{name: "lying certificate", script: lying, tls: true, want: handshake(ReasonCertificateExpired)},
		{name: "no leave", serve: speaks(silence, "220 a\r\n", "250 a\r\n"), want: success},
		{name: "leave without end", script: smtpScript("QUIT", strings.Repeat("221-bye\r\n", 1<<20)), want: success},
	}...)
}

func hostileIMAP(lying script) []hostileMail {
	request := func(reason string) want { return failed(observe.StepRequest, reason) }
	handshake := func(reason string) want { return failed(observe.StepHandshake, reason) }
	return append(hostileGreetings("* OK", "* 1 EXISTS "), []hostileMail{
		{name: "half an answer", script: imapScript("CAPABILITY", "* CAPABILITY"), want: request(ReasonResponseTimeout)},
		{name: "no tag", script: imapScript("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n"), want: request(ReasonResponseTimeout)},
		{name: "10,000 remarks", script: imapScript("CAPABILITY", strings.Repeat("* 1 EXISTS\r\n", 10_000)), want: request(ReasonProtocolError), says: "more than 100 lines"},
		{name: "long capabilities", script: imapScript("CAPABILITY", strings.Repeat("* CAPABILITY "+strings.Repeat("x", 1<<10)+"\r\n", 99)), want: request(ReasonProtocolError)},
		{name: "capability without end", script: imapScript("CAPABILITY", "* CAPABILITY "+strings.Repeat("x ", 4<<20)), want: request(ReasonProtocolError)},
		{name: "resets when asked", serve: speaks(resets, "* OK\r\n"), want: request(ReasonConnectionClosed)},
		{name: "no handshake", serve: speaks(silence, "* OK\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK\r\n", "a2 OK\r\n"), tls: true, want: handshake(ReasonHandshakeTimeout)},
		{name: "injects megabytes", script: imapScript("STARTTLS", "TAG OK go\r\n"+strings.Repeat("* OK hi\r\n", 1<<20)), tls: true, want: request(ReasonProtocolError)},
		{name: "half an answer after the handshake", script: imapScript("TLS CAPABILITY", "* "), tls: true, want: request(ReasonResponseTimeout)},
		{name: "lying certificate", script: lying, tls: true, want: handshake(ReasonCertificateExpired)},
		{name: "no leave", serve: speaks(silence, "* OK\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"), want: success},
		{name: "leave without end", script: imapScript("LOGOUT", strings.Repeat("* BYE bye\r\n", 1<<20)), want: success},
	}...)
}

// TestHostileMail: each ends in time, for a reason, and reads no more than a
// server may send.
func TestHostileMail(t *testing.T) {
	root := servers.NewAuthority(t, "Root")
	past := root.Issue(t, servers.Certificate{NotAfter: time.Now().Add(-time.Minute)})
	valid := root.Issue(t, servers.Certificate{})
	secrets := secretsOf(secretOf("ca", map[string]string{KeyCA: string(root.PEM())}))
	for scheme, cases := range map[string][]hostileMail{
		schemeSMTP: hostileSMTP(smtpScript().securedBy(past)), schemeIMAP: hostileIMAP(imapScript().securedBy(past)),
	} {
		for _, c := range cases {
			t.Run(scheme+" "+c.name, func(t *testing.T) {
				t.Parallel()
				var address string
				switch {
				case c.serve != nil:
					address = rawServer(t, c.serve)
				default:
					if c.script.tls == nil && strings.HasSuffix(c.name, "after the handshake") {
						c.script = c.script.securedBy(valid)
					}
					address, _ = c.script.start(t)
				}
				e := endpointOf(scheme + "://" + address)
				if strings.HasSuffix(c.want.reason, "Timeout") {
					e.Timeout = "300ms"
				}
				if c.tls {
					e.TLS = &v1alpha1.TLSCheck{CASecretRef: ref("ca")}
				}
				var read atomic.Int64
				begun := time.Now()
				r := check(t, NewFactory(Options{Dial: counting(&read)}), e, secrets, c.want)
				if !strings.Contains(r.Message, c.says) {
					t.Errorf("message is %q, want %q in it", r.Message, c.says)
				}
				if took := time.Since(begun); took > 5*time.Second {
					t.Errorf("the check took %v", took)
				}
				// One reply of the greatest size, and a little of others.
				if n, limit := read.Load(), int64(maxMailReply+4*maxMailLine); n > limit {
					t.Errorf("%d bytes were read, want no more than %d", n, limit)
				}
			})
		}
	}
}

// TestMailCalledOff: a conversation ends soon when whoever asked goes, wherever
// it is.
func TestMailCalledOff(t *testing.T) {
	for _, c := range []struct {
		name, scheme string
		tls          bool
		says         []string
		want         want
	}{
		{"greeting", schemeSMTP, false, nil, inconclusive(observe.ClassLocal, observe.StepRequest, ReasonCancelled)},
		{"greeting", schemeIMAP, false, nil, inconclusive(observe.ClassLocal, observe.StepRequest, ReasonCancelled)},
		{"EHLO", schemeSMTP, false, []string{"220 a\r\n"}, inconclusive(observe.ClassLocal, observe.StepRequest, ReasonCancelled)},
		{"CAPABILITY", schemeIMAP, false, []string{"* OK a\r\n"}, inconclusive(observe.ClassLocal, observe.StepRequest, ReasonCancelled)},
		{"handshake", schemeSMTP, true, []string{"220 a\r\n", "250-a\r\n250 STARTTLS\r\n", "220 go\r\n"}, inconclusive(observe.ClassLocal, observe.StepHandshake, ReasonCancelled)},
		{"leave", schemeSMTP, false, []string{"220 a\r\n", "250 a\r\n"}, success},
		{"leave", schemeIMAP, false, []string{"* OK a\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n"}, success},
	} {
		t.Run(c.scheme+" "+c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			end := func(conn net.Conn) {
				if len(c.says) > 0 {
					cancel()
				}
				silence(conn)
			}
			e := endpointOf(c.scheme + "://" + rawServer(t, speaks(end, c.says...)))
			if c.tls {
				e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
			}
			p, err := NewFactory(Options{Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
				if err == nil && len(c.says) == 0 {
					conn = listeningConn{conn, cancel}
				}
				return conn, err
			}}).New(e, nil)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			r := p.Run(ctx)
			sound(t, r)
			if got := (want{r.Outcome, r.Class, r.Step, r.Reason}); got != c.want {
				t.Errorf("result is %+v: %s", got, r.Message)
			}
			if took := time.Since(begun); took > 5*time.Second {
				t.Errorf("the check took %v", took)
			}
		})
	}
}

// TestMistakenPort: who uses the port of one scheme with the other is told.
func TestMistakenPort(t *testing.T) {
	silent := rawServer(t, silence)
	f := NewFactory(Options{Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, silent)
	}})
	for url, hint := range map[string]string{
		"smtp://127.0.0.1:465": "which is scheme smtps.", "imap://127.0.0.1:993": "which is scheme imaps.",
		"smtp://127.0.0.1": "in time.", "imap://127.0.0.1:465": "in time.",
		"smtp://[2001:db8:1111:2222:3333:4444:5555:6666]:465": "which is scheme smtps.",
	} {
		r := check(t, f, impatient(url), nil, failed(observe.StepRequest, ReasonGreetingTimeout))
		if !strings.HasSuffix(r.Message, hint) {
			t.Errorf("%s: message is %q", url, r.Message)
		}
	}
}

// spokenConn is a server that has said all in advance and then goes.
type spokenConn struct {
	net.Conn
	said *bytes.Reader
}

func (c spokenConn) Read(b []byte) (int, error)       { return c.said.Read(b) }
func (c spokenConn) Write(b []byte) (int, error)      { return len(b), nil }
func (c spokenConn) Close() error                     { return nil }
func (c spokenConn) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (c spokenConn) SetDeadline(time.Time) error      { return nil }
func (c spokenConn) SetReadDeadline(time.Time) error  { return nil }
func (c spokenConn) SetWriteDeadline(time.Time) error { return nil }

// brokenConn lets nothing out, and hears nothing more after what was said.
type brokenConn struct{ spokenConn }

func (c brokenConn) Write([]byte) (int, error) { return 0, syscall.EHOSTUNREACH }

func (c brokenConn) Read(b []byte) (int, error) {
	if n, err := c.spokenConn.Read(b); err == nil {
		return n, nil
	}
	return 0, os.ErrDeadlineExceeded
}

// TestMailNotSent: a command that cannot be sent tells why there is no answer,
// unless the server has said so before.
func TestMailNotSent(t *testing.T) {
	for said, w := range map[string]want{
		"220 a\r\n":                   {observe.OutcomeFailure, observe.ClassPath, observe.StepRequest, ReasonNetworkUnreachable},
		"220 a\r\n421 going down\r\n": failed(observe.StepRequest, ReasonServiceRefused),
	} {
		f := NewFactory(Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			return brokenConn{spokenConn{said: bytes.NewReader([]byte(said))}}, nil
		}})
		check(t, f, endpointOf("smtp://127.0.0.1"), nil, w)
	}
}

// FuzzMail: whatever a server says, the result is sound, and only one that
// greeted well and said what it can do is a success.
func FuzzMail(f *testing.F) {
	for _, seed := range []string{
		"220 a\r\n250 a\r\n221 bye\r\n", "220-a\r\n220 b\r\n502 no\r\n250 a\r\n", "220 a\n250-a\n250 STARTTLS\n220 go\n\x16\x03\x03\x00\x00", "554 no\r\n",
		"* OK a\r\n* CAPABILITY IMAP4rev1\r\na1 OK\r\n* BYE\r\na2 OK\r\n", "* PREAUTH\r\n* CAPABILITY IMAP4rev2 STARTTLS\r\na1 OK\r\na2 OK\r\n",
		"* BYE \x1b[2J\r\n", "* OK\r\n* X {3}\r\nabc\r\na1 OK\r\n", "220\r\n250\r\n", "+OK\r\n", "\x15\x03\x01\x00\x02\x02\x50",
	} {
		for _, startTLS := range []bool{false, true} {
			f.Add([]byte(seed), startTLS)
		}
	}
	f.Fuzz(func(t *testing.T, said []byte, startTLS bool) {
		for scheme, marks := range map[string][]string{schemeSMTP: {"220", "250"}, schemeIMAP: {"* ", "CAPABILITY", "IMAP4REV", "A1 OK"}} {
			e := endpointOf(scheme + "://127.0.0.1")
			if startTLS {
				e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
			}
			p, err := NewFactory(Options{Dial: func(context.Context, string, string) (net.Conn, error) {
				return spokenConn{said: bytes.NewReader(said)}, nil
			}}).New(e, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := p.Run(context.Background())
			sound(t, r)
			if r.Outcome != observe.OutcomeSuccess {
				if r.Outcome != observe.OutcomeFailure || r.Class != observe.ClassTarget {
					t.Errorf("%s: result is %+v", scheme, r)
				}
				continue
			}
			// Nobody can have done a handshake in advance.
			if startTLS || !bytes.HasPrefix(said, []byte(marks[0])) {
				t.Errorf("%s: %q is a success", scheme, said)
			}
			for _, m := range marks {
				if !strings.Contains(strings.ToUpper(string(said)), m) {
					t.Errorf("%s: %q is a success without %s", scheme, said, m)
				}
			}
		}
	})
}
