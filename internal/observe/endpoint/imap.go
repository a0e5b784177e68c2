// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

func (f *Factory) newIMAP(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question) (observe.Probe, error) {
	return f.newMail(base, e, secrets, q, imap{}, schemeIMAPS)
}

// imap is RFC 9051 (IMAP4rev2) and RFC 3501 (IMAP4rev1), which are the same as
// far as a check goes.
type imap struct{}

// Status responses (RFC 9051, section 7.1).
const (
	imapOK      = "OK"
	imapNo      = "NO"
	imapBad     = "BAD"
	imapPreauth = "PREAUTH"
	imapBye     = "BYE"
)

// imapResponse is a response: its first word in upper case, and the rest.
type imapResponse struct{ word, text string }

func (imap) greet(d *dialogue, security mailSecurity) *fault {
	line, err := d.line()
	if err != nil {
		return d.fault(err, nil, ReasonGreetingTimeout, "send a greeting")
	}
	greeting, untagged := parseIMAP(line, "*")
	switch {
	case untagged && greeting.word == imapOK:
		return nil
	case untagged && greeting.word == imapPreauth:
		if security == byStartTLS {
			// RFC 9051, section 6.2.1: only before anybody is logged in.
			return targetFault(ReasonStartTLSNotOffered, "The server greets as if somebody was logged in (PREAUTH), which rules out STARTTLS.")
		}
		return nil
	case untagged && greeting.word == imapBye:
		return d.refused(greeting.text)
	}
	return d.fault(notSpoken("IMAP", line), nil, "", "")
}

func (i imap) hello(d *dialogue) (startTLS bool, f *fault) {
	listed, revision := false, false
	answer, f := i.ask(d, "CAPABILITY", func(r imapResponse) {
		if r.word != "CAPABILITY" {
			return
		}
		listed = true
		for name := range strings.FieldsSeq(strings.ToUpper(r.text)) {
			revision = revision || name == "IMAP4REV1" || name == "IMAP4REV2"
			startTLS = startTLS || name == "STARTTLS"
		}
	})
	switch {
	case f != nil:
		return false, f
	case answer.word == imapNo:
		return false, d.refused(answer.text)
	case answer.word != imapOK || !listed:
		return false, targetFault(ReasonProtocolError, "The server does not say what it can do when asked for its CAPABILITY.")
	case !revision:
		return false, targetFault(ReasonProtocolError, "The server lists neither IMAP4rev1 nor IMAP4rev2 among its capabilities.")
	}
	return startTLS, nil
}

func (i imap) startTLS(d *dialogue) *fault {
	answer, f := i.ask(d, "STARTTLS", func(imapResponse) {})
	if f != nil || answer.word == imapOK {
		return f
	}
	return d.startTLSRefused(answer.text)
}

func (imap) quit(d *dialogue) {
	tag := imapTag(d)
	err := d.say(tag + " LOGOUT")
	for last := false; err == nil && !last; {
		var line string
		line, err = d.line()
		last = strings.HasPrefix(line, tag)
	}
}

// imapTag returns the tag of the next command.
func imapTag(d *dialogue) string {
	d.commands++
	return "a" + strconv.Itoa(d.commands)
}

// ask sends a command and returns how it ended: OK, NO or BAD. Data that the
// server sends before are handed to data.
func (imap) ask(d *dialogue, command string, data func(imapResponse)) (imapResponse, *fault) {
	tag := imapTag(d)
	sent := d.say(tag + " " + command)
	for {
		line, err := d.line()
		if err != nil {
			return imapResponse{}, d.fault(err, sent, ReasonResponseTimeout, "answer "+command)
		}
		if r, untagged := parseIMAP(line, "*"); untagged {
			switch r.word {
			case imapOK, imapNo, imapBad:
				// Remarks for people.
			case imapBye:
				return imapResponse{}, d.refused(r.text)
			default:
				if endsInLiteral(r.text) {
					return imapResponse{}, d.fault(misspoken("The server sent a literal where IMAP has none."), nil, "", "")
				}
				data(r)
			}
			continue
		}
		r, tagged := parseIMAP(line, tag)
		if !tagged || r.word != imapOK && r.word != imapNo && r.word != imapBad {
			return imapResponse{}, d.fault(notSpoken("IMAP", line), nil, "", "")
		}
		return r, nil
	}
}

// parseIMAP reads a line that must begin with this tag ("*" for untagged ones).
func parseIMAP(line, tag string) (r imapResponse, ok bool) {
	rest, ok := strings.CutPrefix(line, tag+" ")
	if !ok {
		return imapResponse{}, false
	}
	word, text, _ := strings.Cut(rest, " ")
	return imapResponse{strings.ToUpper(word), text}, true
}

// endsInLiteral: whether bytes follow that are no line (RFC 9051, section 4.3):
// {3}, {3+} or ~{3}.
func endsInLiteral(text string) bool {
	rest, ok := strings.CutSuffix(text, "}")
	open := strings.LastIndexByte(rest, '{')
	if !ok || open < 0 {
		return false
	}
	_, err := strconv.ParseUint(strings.TrimSuffix(rest[open+1:], "+"), 10, 64)
	return err == nil
}
