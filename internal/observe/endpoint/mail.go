// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// Bounds of what a mail server may send. Those of the protocols are smaller
// (RFC 5321, section 4.5.3.1.5) or not there (RFC 9051).
const (
	// maxMailLine bounds one line, its end included, in bytes.
	maxMailLine = 2 << 10
	// maxMailLines and maxMailReply bound one reply, in lines and in bytes.
	maxMailLines = 100
	maxMailReply = 64 << 10
)

// mailSecurity is how a conversation with a mail server is encrypted.
type mailSecurity uint8

const (
	inTheClear mailSecurity = iota
	byStartTLS
	fromTheBeginning
)

// mailProbe talks to a mail server as far as anybody may without credentials:
// it is greeted, asks what the server can do, and takes leave. No mail is sent
// and none is read.
type mailProbe struct {
	common
	tls      tlsSettings
	security mailSecurity
	protocol mailProtocol
}

// mailProtocol is one of the languages that mail servers speak.
type mailProtocol interface {
	// greet waits for the server's greeting. security is what is to come.
	greet(d *dialogue, security mailSecurity) *fault
	// hello finds out what the server can do, and whether STARTTLS is part of
	// it.
	hello(d *dialogue) (startTLS bool, f *fault)
	// startTLS has the server agree that the handshake follows.
	startTLS(d *dialogue) *fault
	// quit takes leave, and waits for the answer as long as reading lets it.
	quit(d *dialogue)
}

// newMail makes the probe for a protocol; secure is the scheme that uses TLS
// from the beginning. Errors are *SpecError or *SecretError.
func (f *Factory) newMail(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question, protocol mailProtocol, secure string) (observe.Probe, error) {
	p := &mailProbe{common: base, protocol: protocol}
	switch {
	case base.target.scheme == secure:
		p.security = fromTheBeginning
	case e.TLS != nil:
		p.security = byStartTLS
	}
	if p.security != inTheClear {
		var err error
		if p.tls, err = f.newTLSSettings(e.TLS, secrets, q); err != nil {
			return nil, err
		}
	}
	p.key = q.key()
	return p, nil
}

// Run implements observe.Probe.
func (p *mailProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	return r.finish(p.ask(r), p.maxLatency)
}

func (p *mailProbe) ask(r *run) *fault {
	conn, f := r.connect(&p.target)
	if f != nil {
		return f
	}
	defer r.guard(conn)()
	d := newDialogue(r, conn)
	if p.security == fromTheBeginning {
		if f := p.secure(d); f != nil {
			return f
		}
	}
	r.enter(observe.StepRequest)
	f = p.converse(d)
	r.conclude()
	if f == nil || politely(f.reason) {
		d.leave(p.protocol.quit)
	}
	return f
}

// converse is the conversation up to the farewell.
func (p *mailProbe) converse(d *dialogue) *fault {
	if f := p.protocol.greet(d, p.security); f != nil {
		if f.reason == ReasonGreetingTimeout {
			f.message += p.mistaken()
		}
		return f
	}
	startTLS, f := p.protocol.hello(d)
	if f != nil || p.security != byStartTLS {
		return f
	}
	if !startTLS {
		return targetFault(ReasonStartTLSNotOffered, "The server does not offer STARTTLS, which tls demands.")
	}
	if f := p.protocol.startTLS(d); f != nil {
		return f
	}
	// What came before the handshake anybody may have put there (RFC 3207,
	// section 6; RFC 9051, section 6.2.1). It must not be taken for something
	// that came after it.
	if d.in.Buffered() > 0 {
		return targetFault(ReasonProtocolError, "The server sent more than its answer to STARTTLS before the handshake.")
	}
	if f := p.secure(d); f != nil {
		return f
	}
	d.r.enter(observe.StepRequest)
	// All that is known of the server is forgotten with the handshake.
	_, f = p.protocol.hello(d)
	return f
}

// mistaken returns a hint where the scheme and the port do not fit together: a
// server that waits for a handshake greets nobody.
func (p *mailProbe) mistaken() string {
	secure := p.target.scheme + "s"
	if s, ok := schemes[secure]; !ok || p.security == fromTheBeginning || s.port != p.target.port() {
		return ""
	}
	return " On this port servers expect TLS from the beginning, which is scheme " + secure + "."
}

func (p *mailProbe) secure(d *dialogue) *fault {
	s, f := d.r.secure(d.conn, &p.tls, p.target.host, true)
	if f != nil {
		return f
	}
	d.conn = s
	d.in.Reset(s)
	return nil
}

// politely: whether a server with this fault still knows what is going on, so
// that it can be taken leave of.
func politely(reason string) bool {
	return reason == ReasonServiceRefused || reason == ReasonStartTLSNotOffered || reason == ReasonStartTLSRefused
}

// misspoken is the error for something that is not the protocol: one sentence,
// without the server's own words.
type misspoken string

func (m misspoken) Error() string { return string(m) }

// dialogue is a conversation with a server in lines.
type dialogue struct {
	r    *run
	conn net.Conn
	in   *bufio.Reader
	// lines and bytes that were read of the reply under way.
	lines, bytes int
	// commands counts those that need a tag.
	commands int
}

func newDialogue(r *run, conn net.Conn) *dialogue {
	return &dialogue{r: r, conn: conn, in: bufio.NewReaderSize(conn, maxMailLine)}
}

// say sends a command. What is read next is the reply to it.
func (d *dialogue) say(command string) error {
	d.lines, d.bytes = 0, 0
	_, err := d.conn.Write([]byte(command + "\r\n"))
	return err
}

// line reads a line of a reply, and returns it without its end.
func (d *dialogue) line() (string, error) {
	if d.lines == maxMailLines {
		return "", misspoken("The server answered with more than 100 lines.")
	}
	raw, err := d.in.ReadSlice('\n')
	d.lines++
	d.bytes += len(raw)
	switch {
	case isRecord(raw):
		return "", misspoken("The server answered with TLS where it was to speak in the clear.")
	case errors.Is(err, bufio.ErrBufferFull):
		return "", misspoken("The server sent a line of more than 2 KiB.")
	case err != nil:
		return "", err
	case d.bytes > maxMailReply:
		return "", misspoken("The server answered with more than 64 KiB.")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r"), nil
}

// isRecord: whether this begins as TLS does, with an alert (21) or a handshake
// (22) of major version 3 (RFC 8446, section 5.1).
func isRecord(b []byte) bool { return len(b) > 1 && (b[0] == 21 || b[0] == 22) && b[1] == 3 }

// fault says why there is no usable reply; late and what name the reason and
// the words for silence. sent is what sending the command returned.
func (d *dialogue) fault(err, sent error, late, what string) *fault {
	if sent != nil && !isAlert(err) {
		// A server that was quicker to go than to answer.
		err = sent
	}
	if m, ok := errors.AsType[misspoken](err); ok {
		return targetFault(ReasonProtocolError, m.Error())
	}
	if s, ok := d.conn.(*secured); ok {
		// In TLS 1.3 a refused client certificate shows only here.
		if f := d.r.refusal(err, s); f != nil {
			return f
		}
	}
	if f := d.r.talkFault(err, late, what); f != nil {
		return f
	}
	return targetFault(ReasonProtocolError, "The server broke the rules of TLS.")
}

// because is that of the run, but nothing once a client certificate was shown.
func (d *dialogue) because(text string) string {
	if s, ok := d.conn.(*secured); ok && s.asked && s.identified {
		return ""
	}
	// The sentence has a full stop of its own.
	if text = strings.TrimRight(printable(text, maxDetail), ". "); text == "" {
		return ""
	}
	return d.r.because(text)
}

func (d *dialogue) refused(text string) *fault {
	return targetFault(ReasonServiceRefused, "The server refuses its service"+d.because(text)+".")
}

func (d *dialogue) startTLSRefused(text string) *fault {
	return targetFault(ReasonStartTLSRefused, "The server offers STARTTLS and refused it"+d.because(text)+".")
}

// leave ends the conversation politely, so that servers do not log a broken
// connection with each check. It takes a moment at most, which does not count.
func (d *dialogue) leave(quit func(*dialogue)) {
	const patience = 250 * time.Millisecond
	if !d.r.hurry(d.conn, patience) {
		return
	}
	quit(d)
	if s, ok := d.conn.(*secured); ok {
		// Whether it arrives does not matter any more.
		_ = s.CloseWrite()
	}
}

// spoken returns the name of the protocol that a server speaks who begins like
// this, empty if it is none of those that are taken for each other.
func spoken(beginning string) string {
	for _, p := range []struct{ prefix, name string }{
		{"HTTP/", "HTTP"},
		{"SSH-", "SSH"},
		{"* ", "IMAP"},
		{"+OK", "POP3"},
		{"220", "SMTP or FTP"},
		{"421", "SMTP or FTP"},
		{"554", "SMTP"},
	} {
		if strings.HasPrefix(beginning, p.prefix) {
			return p.name
		}
	}
	return ""
}

// notSpoken is the error for a line that is not of the protocol name.
func notSpoken(name, line string) misspoken {
	if other := spoken(line); other != "" && !strings.HasPrefix(other, name) {
		return misspoken("The server answered in " + other + ", not in " + name + ".")
	}
	return misspoken("The answer is not " + name + ".")
}
