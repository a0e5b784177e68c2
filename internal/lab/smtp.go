// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"io"
	"strings"
)

// mailHost is what the lab's mail servers call themselves.
const mailHost = "mail.lab.kdz.example"

// talkSMTP is a mail server that takes no mail (RFC 5321, RFC 3207).
func talkSMTP(x *exchange) {
	d := newDialogue(x)
	d.converse(
		"220 "+mailHost+" ESMTP",
		"500 5.5.2 The line is too long",
		"421 4.7.0 That is enough",
		func(line string) error {
			verb, _, _ := strings.Cut(line, " ")
			switch strings.ToUpper(verb) {
			case "EHLO":
				if d.offersTLS() {
					return d.say("250-"+mailHost, "250 STARTTLS")
				}
				return d.say("250 " + mailHost)
			case "HELO", "NOOP", "RSET":
				return d.say("250 2.0.0 " + mailHost)
			case "STARTTLS":
				if d.offersTLS() {
					return d.startTLS("220 2.0.0 Go ahead")
				}
				return d.say("502 5.5.1 There is no TLS to be had")
			case "QUIT":
				if err := d.say("221 2.0.0 Goodbye"); err != nil {
					return err
				}
				return io.EOF
			default:
				return d.say("502 5.5.1 This server takes no mail")
			}
		},
	)
}
