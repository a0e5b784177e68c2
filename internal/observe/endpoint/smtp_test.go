// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"strings"
	"testing"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

func TestSMTP(t *testing.T) {
	request := func(reason string) want { return failed(observe.StepRequest, reason) }
	certificate := servers.SelfSigned(t, servers.Certificate{})
	secured := func(edits ...string) script { return smtpScript(edits...).securedBy(certificate) }
	runMailCases(t, schemeSMTP, []mailCase{
		{"plain", smtpScript(), false, success, "", []string{"EHLO", "QUIT"}},
		{"STARTTLS", secured(), true, success, "", []string{"EHLO", "STARTTLS", "TLS EHLO", "TLS QUIT"}},
		{"bare line feeds", smtpScript("", "220 a\n", "EHLO", "250-a\n250 SIZE\n"), false, success, "", nil},
		{"greeting of several lines", smtpScript("", "220-mail\r\n220-\r\n220 ready\r\n"), false, success, "", nil},
		{"60 lines twice", smtpScript("", strings.Repeat("220-a\r\n", 59)+"220 a\r\n", "EHLO", strings.Repeat("250-a\r\n", 59)+"250 a\r\n"), false, success, "", nil},
		{"greeting without text", smtpScript("", "220\r\n"), false, success, "", nil},

		{"refuses for good", smtpScript("", "554 5.7.1 no \x1b[31mservice\x07 for you.\r\n"), false, request(ReasonServiceRefused), "refuses its service: 554 5.7.1 no [31mservice for you.", []string{"QUIT"}},
		{"refuses at length", smtpScript("", "554-"+strings.Repeat("no ", 600)+"\r\n554 no\r\n"), false, request(ReasonServiceRefused), "554 no no", []string{"QUIT"}},
		{"refuses without a word", smtpScript("", "554 ...\r\n"), false, request(ReasonServiceRefused), "refuses its service: 554.", nil},
		{"is busy", smtpScript("", "421 too many connections\r\n"), false, request(ReasonServiceRefused), "421 too many connections.", nil},
		{"takes no mail", smtpScript("", "521 no mail here\r\n"), false, request(ReasonServiceRefused), "521 no mail here.", nil},
		{"refuses after the greeting", smtpScript("EHLO", "421 going down\r\n"), false, request(ReasonServiceRefused), "421 going down.", nil},
		{"does not like the name", smtpScript("EHLO", "550 no\r\n", "HELO", "550 not you\r\n"), false, request(ReasonServiceRefused), "550 not you.", []string{"EHLO", "HELO", "QUIT"}},

		{"knows no EHLO", smtpScript("EHLO", "502 what?\r\n", "HELO", "250 hello\r\n"), false, success, "", []string{"EHLO", "HELO", "QUIT"}},
		{"knows no EHLO, nor STARTTLS", smtpScript("EHLO", "500 what?\r\n", "HELO", "250-hello\r\n250 STARTTLS\r\n"), true, request(ReasonStartTLSNotOffered), "does not offer STARTTLS", []string{"EHLO", "HELO", "QUIT"}},

		{"offers something like STARTTLS", smtpScript("EHLO", "250-STARTTLS\r\n250-XSTARTTLS\r\n250-STARTTLS2\r\n250 AUTH STARTTLS\r\n"), true, request(ReasonStartTLSNotOffered), "", []string{"EHLO", "QUIT"}},
		{"offers it in lower case", secured("EHLO", "250-a\r\n250 starttls\r\n"), true, success, "", nil},
		{"refuses STARTTLS", smtpScript("STARTTLS", "454 4.7.0 no key\r\n"), true, request(ReasonStartTLSRefused), "refused it: 454 4.7.0 no key.", []string{"EHLO", "STARTTLS", "QUIT"}},
		{"goes at STARTTLS", smtpScript("STARTTLS", "421 bye\r\n"), true, request(ReasonServiceRefused), "421 bye.", nil},
		{"does not understand its own offer", smtpScript("STARTTLS", "250 ok\r\n"), true, request(ReasonProtocolError), "answered to STARTTLS with code 250", []string{"EHLO", "STARTTLS"}},
		{"text before the handshake", secured("STARTTLS", "220 go ahead\r\n250 injected\r\n"), true, request(ReasonProtocolError), "before the handshake", []string{"EHLO", "STARTTLS"}},
		{"a byte before the handshake", secured("STARTTLS", "220 go ahead\r\n\n"), true, request(ReasonProtocolError), "before the handshake", nil},
		{"refuses after the handshake", secured("TLS EHLO", "554 no\r\n"), true, request(ReasonServiceRefused), "554 no.", []string{"EHLO", "STARTTLS", "TLS EHLO", "TLS QUIT"}},
		{"goes after the handshake", secured("TLS EHLO", ""), true, request(ReasonConnectionClosed), "", nil},

		{"greets as IMAP", smtpScript("", "* OK ready\r\n"), false, request(ReasonProtocolError), "answered in IMAP, not in SMTP", []string{}},
		{"greets as SSH", smtpScript("", "SSH-2.0-x\r\n"), false, request(ReasonProtocolError), "answered in SSH, not in SMTP", []string{}},
		{"greets in TLS", smtpScript("", "\x15\x03\x03\x00\x02\x02\x0a"), false, request(ReasonProtocolError), "answered with TLS", nil},
		{"greets with another code", smtpScript("", "250 hi\r\n"), false, request(ReasonProtocolError), "code 250", nil},
		{"greets with a code that is none", smtpScript("", "2x0 hi\r\n"), false, request(ReasonProtocolError), "The answer is not SMTP.", nil},
		{"greets with a code out of range", smtpScript("", "999 hi\r\n"), false, request(ReasonProtocolError), "The answer is not SMTP.", nil},
		{"greets with too long a code", smtpScript("", "2200 hi\r\n"), false, request(ReasonProtocolError), "The answer is not SMTP.", nil},
		{"greets with nothing", smtpScript("", "\r\n"), false, request(ReasonProtocolError), "The answer is not SMTP.", nil},
		{"changes the code", smtpScript("EHLO", "250-a\r\n550 b\r\n"), false, request(ReasonProtocolError), "The answer is not SMTP.", nil},
		{"answers EHLO with another code", smtpScript("EHLO", "354 go\r\n"), false, request(ReasonProtocolError), "answered to EHLO with code 354", nil},
		{"goes at EHLO", smtpScript("EHLO", ""), false, request(ReasonConnectionClosed), "", nil},
	})
}

func TestClientName(t *testing.T) {
	for local, name := range map[string]string{
		"192.0.2.7:1234": "[192.0.2.7]", "[2001:db8::7]:1234": "[IPv6:2001:db8::7]", "[::ffff:192.0.2.7]:1": "[192.0.2.7]",
		"[fe80::1%eth0]:1": "[IPv6:fe80::1]", "pipe": "localhost", "": "localhost",
	} {
		if got := clientName(local); got != name {
			t.Errorf("client at %q is %q, want %q", local, got, name)
		}
	}
}
