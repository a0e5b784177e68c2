// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"io"
	"strings"
)

// talkIMAP is a mailbox server that lets nobody in (RFC 9051).
func talkIMAP(x *exchange) {
	d := newDialogue(x)
	d.converse(
		"* OK ["+d.capability()+"] "+mailHost+" ready",
		"* BYE The line is too long",
		"* BYE That is enough",
		d.answerIMAP,
	)
}

// capability is what an IMAP server can do at the moment.
func (d *dialogue) capability() string {
	if d.offersTLS() {
		return "CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED"
	}
	return "CAPABILITY IMAP4rev1 LOGINDISABLED"
}

// answerIMAP answers one command.
func (d *dialogue) answerIMAP(line string) error {
	tag, rest, _ := strings.Cut(line, " ")
	if !validTag(tag) {
		return d.say("* BAD There is no tag")
	}
	command, _, _ := strings.Cut(rest, " ")
	switch strings.ToUpper(command) {
	case "CAPABILITY":
		return d.say("* "+d.capability(), tag+" OK That is all")
	case "NOOP":
		return d.say(tag + " OK Nothing done")
	case "STARTTLS":
		if d.offersTLS() {
			return d.startTLS(tag + " OK Go ahead")
		}
		return d.say(tag + " BAD There is no TLS to be had")
	case "LOGOUT":
		if err := d.say("* BYE Goodbye", tag+" OK Done"); err != nil {
			return err
		}
		return io.EOF
	case "LOGIN", "AUTHENTICATE":
		return d.say(tag + " NO Nobody logs in here")
	default:
		return d.say(fmt.Sprintf("%s BAD There is no command %.20q", tag, command))
	}
}

// validTag is whether a tag can be repeated in an answer: letters and digits
// are what clients use.
func validTag(tag string) bool {
	for i := range len(tag) {
		c := tag[i]
		if letter := c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (c < '0' || c > '9') {
			return false
		}
	}
	return tag != ""
}
