// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"testing"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

func TestIMAP(t *testing.T) {
	request := func(reason string) want { return failed(observe.StepRequest, reason) }
	certificate := servers.SelfSigned(t, servers.Certificate{})
	secured := func(edits ...string) script { return imapScript(edits...).securedBy(certificate) }
	capability := func(lines string) script { return imapScript("CAPABILITY", lines) }
	notIMAP := "The answer is not IMAP."
	runMailCases(t, schemeIMAP, []mailCase{
		{"plain", imapScript(), false, success, "", []string{"CAPABILITY", "LOGOUT"}},
		{"STARTTLS", secured(), true, success, "", []string{"CAPABILITY", "STARTTLS", "TLS CAPABILITY", "TLS LOGOUT"}},
		{"remarks in between", capability("* OK [ALERT] {3}\r\n* 3 EXISTS\r\n* CAPABILITY AUTH=PLAIN\r\n* capability IMAP4REV2\r\n* NO hm\r\nTAG ok\r\n"), false, success, "", nil},
		{"remarks before the handshake", secured("STARTTLS", "* OK soon\r\nTAG OK go\r\n"), true, success, "", nil},
		{"somebody is logged in", imapScript("", "* PREAUTH as you know\r\n"), false, success, "", nil},
		{"somebody is logged in before TLS", imapScript("", "* preauth as you know\r\n"), true, request(ReasonStartTLSNotOffered), "PREAUTH", []string{"LOGOUT"}},

		{"refuses", imapScript("", "* BYE \x1b[31mtoo many\x00 connections.\r\n"), false, request(ReasonServiceRefused), "refuses its service: [31mtoo many connections.", nil},
		{"refuses without a word", imapScript("", "* BYE\r\n"), false, request(ReasonServiceRefused), "refuses its service.", nil},
		{"refuses after the greeting", capability("* BYE going down\r\n"), false, request(ReasonServiceRefused), "going down.", nil},
		{"is not available", capability("TAG NO [UNAVAILABLE] later\r\n"), false, request(ReasonServiceRefused), "[UNAVAILABLE] later.", []string{"CAPABILITY", "LOGOUT"}},
		{"refuses after the handshake", secured("TLS CAPABILITY", "* BYE no\r\n"), true, request(ReasonServiceRefused), "no.", nil},

		{"offers no STARTTLS", capability("* CAPABILITY IMAP4rev1 XSTARTTLS AUTH=STARTTLS\r\nTAG OK done\r\n"), true, request(ReasonStartTLSNotOffered), "does not offer STARTTLS", []string{"CAPABILITY", "LOGOUT"}},
		{"offers it in lower case", secured("CAPABILITY", "* CAPABILITY imap4rev1 starttls\r\nTAG OK done\r\n"), true, success, "", nil},
		{"refuses STARTTLS", imapScript("STARTTLS", "TAG NO not now\r\n"), true, request(ReasonStartTLSRefused), "refused it: not now.", []string{"CAPABILITY", "STARTTLS", "LOGOUT"}},
		{"does not know its own offer", imapScript("STARTTLS", "TAG BAD what?\r\n"), true, request(ReasonStartTLSRefused), "refused it: what?", nil},
		{"text before the handshake", secured("STARTTLS", "TAG OK go\r\n* CAPABILITY IMAP4rev1\r\n"), true, request(ReasonProtocolError), "before the handshake", []string{"CAPABILITY", "STARTTLS"}},
		{"an answer before the handshake", secured("STARTTLS", "TAG OK go\r\n* CAPABILITY IMAP4rev1\r\na3 OK done\r\n"), true, request(ReasonProtocolError), "before the handshake", nil},
		{"can less after the handshake", secured("TLS CAPABILITY", "* CAPABILITY IMAP4\r\nTAG OK done\r\n"), true, request(ReasonProtocolError), "neither IMAP4rev1 nor IMAP4rev2", nil},
		{"goes after the handshake", secured("TLS CAPABILITY", ""), true, request(ReasonConnectionClosed), "", nil},

		{"lists nothing", capability("TAG OK done\r\n"), false, request(ReasonProtocolError), "does not say what it can do", nil},
		{"does not know CAPABILITY", capability("TAG BAD what?\r\n"), false, request(ReasonProtocolError), "does not say what it can do", nil},
		{"is too old", capability("* CAPABILITY IMAP4 IMAP2bis\r\nTAG OK done\r\n"), false, request(ReasonProtocolError), "neither IMAP4rev1 nor IMAP4rev2", nil},
		{"sends a literal", capability("* CAPABILITY IMAP4rev1 {5}\r\nabcde\r\nTAG OK done\r\n"), false, request(ReasonProtocolError), "a literal", nil},
		{"sends a huge literal", capability("* LIST () {9999999999}\r\n"), false, request(ReasonProtocolError), "a literal", nil},
		{"sends a literal without asking", capability("* XLIST ~{12+}\r\n"), false, request(ReasonProtocolError), "a literal", nil},
		{"answers with another tag", capability("* CAPABILITY IMAP4rev1\r\na999 OK done\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"answers with a longer tag", capability("* CAPABILITY IMAP4rev1\r\nTAG1 OK done\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"answers with another status", capability("* CAPABILITY IMAP4rev1\r\nTAG FINE done\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"wants more", capability("+ go on\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"greets as SMTP", imapScript("", "220 mail.mainz.test ESMTP\r\n"), false, request(ReasonProtocolError), "answered in SMTP or FTP, not in IMAP", []string{}},
		{"greets as POP3", imapScript("", "+OK ready\r\n"), false, request(ReasonProtocolError), "answered in POP3, not in IMAP", []string{}},
		{"greets in TLS", imapScript("", "\x16\x03\x01\n"), false, request(ReasonProtocolError), "answered with TLS", nil},
		{"greets with a tag", imapScript("", "a1 OK ready\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"greets with data", imapScript("", "* CAPABILITY IMAP4rev1\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"greets with nothing", imapScript("", "\r\n"), false, request(ReasonProtocolError), notIMAP, nil},
		{"greets with a star", imapScript("", "* \r\n"), false, request(ReasonProtocolError), notIMAP, nil},
	})
}
