// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// dial opens a connection to an endpoint, with a deadline.
func dial(t *testing.T, e Endpoint) net.Conn {
	t.Helper()
	u, err := url.Parse(e.URL)
	if err != nil {
		t.Fatal(err)
	}
	address := u.Host
	if u.Scheme == schemeDNS {
		address = e.DNS.Server
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// send sends all and returns what comes until the server ends the connection.
func send(t *testing.T, e Endpoint, data []byte) string {
	t.Helper()
	conn := dial(t, e)
	go func() {
		_, _ = conn.Write(data) // the server may have heard enough before
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if err != nil && failure(t, err) != "closed" {
		t.Fatal(err)
	}
	return string(got)
}

// secured makes an endpoint with STARTTLS.
func secured(t *testing.T, scheme string) Endpoint {
	t.Helper()
	e := at(scheme, scheme+"://127.0.0.1:%d", freePort(t)).named(scheme + ".example")
	e.StartTLS = true
	return e
}

func TestDialogues(t *testing.T) {
	plainMail, plainBox := at("smtp", "smtp://127.0.0.1:%d", freePort(t)), at("imap", "imap://127.0.0.1:%d", freePort(t))
	mail, box := secured(t, schemeSMTP), secured(t, schemeIMAP)
	mail.Application, box.Application = "smtp+", "imap+"
	serve(t, Options{Endpoints: []Endpoint{plainMail, plainBox, mail, box}})
	const smtpGreeting = "220 mail.lab.kdz.example ESMTP\n"
	const imapGreeting = "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] mail.lab.kdz.example ready\n"
	const imapsGreeting = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] mail.lab.kdz.example ready\n"
	for _, c := range []struct {
		name      string
		endpoint  Endpoint
		say, want string
	}{
		{
			"smtp", plainMail, "EHLO x\nhelo x\nMAIL FROM:<a@b.example>\nAUTH PLAIN AGEAYg==\nSTARTTLS\nquit\n",
			smtpGreeting + "250 mail.lab.kdz.example\n250 2.0.0 mail.lab.kdz.example\n502 5.5.1 This server takes no mail\n" +
				"502 5.5.1 This server takes no mail\n502 5.5.1 There is no TLS to be had\n221 2.0.0 Goodbye\n",
		},
		{"smtp offers STARTTLS", mail, "EHLO x\nQUIT\n", smtpGreeting + "250-mail.lab.kdz.example\n250 STARTTLS\n221 2.0.0 Goodbye\n"},
		{"smtp, command slipped in after STARTTLS", mail, "STARTTLS\nEHLO x\n", smtpGreeting},
		{"smtp, no TLS after STARTTLS", mail, "STARTTLS\n", smtpGreeting + "220 2.0.0 Go ahead\n"},
		{"smtp, endless line", plainMail, strings.Repeat("x", 1<<20), smtpGreeting + "500 5.5.2 The line is too long\n"},
		{
			"smtp, endless commands", plainMail, strings.Repeat("NOOP\n", 1000),
			smtpGreeting + strings.Repeat("250 2.0.0 mail.lab.kdz.example\n", maxRequests) + "421 4.7.0 That is enough\n",
		},
		{
			"imap", plainBox, "1 LOGIN a b\n2 authenticate PLAIN\n3 STARTTLS\n4 SELECT\n\n\x01 NOOP\n5 logout\n",
			imapGreeting + "1 NO Nobody logs in here\n2 NO Nobody logs in here\n3 BAD There is no TLS to be had\n" +
				"4 BAD There is no command \"SELECT\"\n* BAD There is no tag\n* BAD There is no tag\n* BYE Goodbye\n5 OK Done\n",
		},
		{"imap, command slipped in after STARTTLS", box, "a STARTTLS\nb NOOP\n", imapsGreeting},
		{"imap, endless line", box, strings.Repeat("x", 1<<20), imapsGreeting + "* BYE The line is too long\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			say := strings.ReplaceAll(c.say, "\n", "\r\n")
			if c.name == "smtp, no TLS after STARTTLS" {
				conn := dial(t, c.endpoint)
				if _, err := io.WriteString(conn, say); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, len(strings.ReplaceAll(c.want, "\n", "\r\n")))
				if _, err := io.ReadFull(conn, got); err != nil {
					t.Fatal(err)
				}
				if _, err := io.WriteString(conn, "this is no TLS\r\n"); err != nil {
					t.Fatal(err)
				}
				if rest, err := io.ReadAll(conn); bytes.Contains(rest, []byte("250")) {
					t.Errorf("goes on in the clear: %q, %v", rest, err)
				}
				return
			}
			got := strings.ReplaceAll(send(t, c.endpoint, []byte(say)), "\r\n", "\n")
			// Of what was sent in vain, the end of the answer may be lost.
			if got != c.want && (len(say) < 4096 || !strings.HasPrefix(c.want, got)) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// Whoever says nothing, or half of something, keeps nobody from stopping.
func TestStoppingEndsEveryConnection(t *testing.T) {
	for name, e := range every(t) {
		t.Run(name, func(t *testing.T) {
			l := serve(t, Options{Endpoints: []Endpoint{e}})
			silent, half := dial(t, e), dial(t, e)
			if _, err := half.Write([]byte{0x16}); err != nil {
				t.Fatal(err)
			}
			change(t, l.Stop, "ns/"+name, false)
			for _, conn := range []net.Conn{silent, half} {
				if _, err := io.Copy(io.Discard, conn); errors.Is(err, net.ErrClosed) || err != nil && failure(t, err) != "closed" {
					t.Errorf("reading from the stopped server: %v", err)
				}
			}
			change(t, l.Start, "ns/"+name, true)
			if got := ask(t, l, e); got != "ok" {
				t.Errorf("started: %q", got)
			}
		})
	}
}

func TestServersTakeNoEndlessGarbage(t *testing.T) {
	all := every(t)
	delete(all, schemeTCP) // takes everything and answers nothing
	var endpoints []Endpoint
	for _, e := range all {
		endpoints = append(endpoints, e)
	}
	l := serve(t, Options{Endpoints: endpoints})
	for name, e := range all {
		t.Run(name, func(t *testing.T) {
			for _, garbage := range [][]byte{
				bytes.Repeat([]byte("garbage "), 64<<10), bytes.Repeat([]byte{0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}, 64<<10),
			} {
				if got := send(t, e, garbage); len(got) > 16<<10 {
					t.Errorf("answers with %d bytes", len(got))
				}
			}
			if got := ask(t, l, e); got != "ok" {
				t.Errorf("after garbage: %q", got)
			}
		})
	}
}
