// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net/netip"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

func (f *Factory) newSMTP(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question) (observe.Probe, error) {
	return f.newMail(base, e, secrets, q, smtp{}, schemeSMTPS)
}

// smtp is RFC 5321, with the extension of RFC 3207.
type smtp struct{}

// Codes of replies (RFC 5321, section 4.2.3). Those from smtpRefusal on say
// no, for the moment or for good.
const (
	smtpReady   = 220
	smtpDone    = 250
	smtpRefusal = 400
	smtpClosing = 421
)

// smtpReply is a reply: its code, and the text of each line.
type smtpReply struct {
	code  int
	texts []string
}

// String returns what a message says of it.
func (s smtpReply) String() string { return strconv.Itoa(s.code) + " " + s.texts[0] }

func (smtp) greet(d *dialogue, _ mailSecurity) *fault {
	reply, err := readSMTP(d)
	switch {
	case err != nil:
		return d.fault(err, nil, ReasonGreetingTimeout, "send a greeting")
	case reply.code == smtpReady:
		return nil
	case reply.code >= smtpRefusal:
		return d.refused(reply.String())
	}
	return unexpected(reply, "to the connection")
}

// hello introduces the check, and falls back to what servers without any
// extension know (RFC 5321, sections 3.2 and 4.1.4).
func (s smtp) hello(d *dialogue) (startTLS bool, f *fault) {
	name := clientName(d.conn.LocalAddr().String())
	reply, f := s.ask(d, "EHLO", name)
	if f != nil {
		return false, f
	}
	extended := true
	switch reply.code {
	case 500, 501, 502, 504, 550:
		extended = false
		if reply, f = s.ask(d, "HELO", name); f != nil {
			return false, f
		}
	}
	switch {
	case reply.code >= smtpRefusal:
		return false, d.refused(reply.String())
	case reply.code != smtpDone:
		return false, unexpected(reply, "to EHLO")
	}
	// The first line is the server's name, each other begins with the keyword
	// of an extension (RFC 5321, section 4.1.1.1).
	for _, text := range reply.texts[1:] {
		keyword, _, _ := strings.Cut(text, " ")
		startTLS = startTLS || extended && strings.EqualFold(keyword, "STARTTLS")
	}
	return startTLS, nil
}

func (s smtp) startTLS(d *dialogue) *fault {
	reply, f := s.ask(d, "STARTTLS", "")
	switch {
	case f != nil:
		return f
	case reply.code == smtpReady:
		return nil
	case reply.code == smtpClosing:
		return d.refused(reply.String())
	case reply.code >= smtpRefusal:
		return d.startTLSRefused(reply.String())
	}
	return unexpected(reply, "to STARTTLS")
}

func (smtp) quit(d *dialogue) {
	if d.say("QUIT") != nil {
		return
	}
	// Some servers (Exim) keep their last answer for a moment, to see whether
	// the client is the first to close.
	if c, ok := d.conn.(interface{ CloseWrite() error }); ok && c.CloseWrite() != nil {
		return
	}
	// Whatever the answer is, it is the last one.
	_, _ = readSMTP(d)
}

func (smtp) ask(d *dialogue, verb, argument string) (smtpReply, *fault) {
	sent := d.say(strings.TrimSuffix(verb+" "+argument, " "))
	reply, err := readSMTP(d)
	if err != nil {
		return smtpReply{}, d.fault(err, sent, ReasonResponseTimeout, "answer "+verb)
	}
	return reply, nil
}

func unexpected(reply smtpReply, to string) *fault {
	return targetFault(ReasonProtocolError, "The server answered "+to+" with code "+strconv.Itoa(reply.code)+", which is not SMTP.")
}

// readSMTP reads a reply of one or more lines.
func readSMTP(d *dialogue) (smtpReply, error) {
	var reply smtpReply
	for {
		line, err := d.line()
		if err != nil {
			return smtpReply{}, err
		}
		code, text, last := parseSMTP(line)
		if code == 0 || len(reply.texts) > 0 && code != reply.code {
			return smtpReply{}, notSpoken("SMTP", line)
		}
		reply.code = code
		reply.texts = append(reply.texts, text)
		if last {
			return reply, nil
		}
	}
}

// parseSMTP reads a line of a reply (RFC 5321, section 4.2); code 0 means that
// it is none.
func parseSMTP(line string) (code int, text string, last bool) {
	if len(line) < 3 || line[0] < '2' || line[0] > '5' {
		return 0, "", false
	}
	for i := range 3 {
		if line[i] < '0' || line[i] > '9' {
			return 0, "", false
		}
		code = 10*code + int(line[i]-'0')
	}
	if len(line) == 3 {
		return code, "", true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, "", false
	}
	return code, line[4:], line[3] == ' '
}

// clientName is how a client introduces itself that has no name of its own in
// the DNS: by its address (RFC 5321, sections 4.1.3 and 4.1.4). local is an
// address and a port.
func clientName(local string) string {
	a, err := netip.ParseAddrPort(local)
	if err != nil {
		return "localhost"
	}
	addr := a.Addr().Unmap().WithZone("")
	if addr.Is4() {
		return "[" + addr.String() + "]"
	}
	return "[IPv6:" + addr.String() + "]"
}
