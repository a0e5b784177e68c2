// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// ldapServer answers each request by what respond returns for it; nothing means
// that it stays silent.
func ldapServer(respond func(id int64, op ber.Tag) []byte) func(conn net.Conn) {
	return func(conn net.Conn) {
		for {
			packet, err := ber.ReadPacket(conn)
			if err != nil {
				return
			}
			if _, err := conn.Write(respond(packet.Children[0].Value.(int64), packet.Children[1].Tag)); err != nil {
				return
			}
		}
	}
}

// ldapAnswers answers the first request with these bytes and then listens.
func ldapAnswers(parts ...[]byte) func(conn net.Conn) {
	return func(conn net.Conn) {
		if _, err := ber.ReadPacket(conn); err == nil {
			_, _ = conn.Write(slices.Concat(parts...))
		}
		silence(conn)
	}
}

// ldapEndless answers the first request with part, again and again.
func ldapEndless(part []byte, pause time.Duration) func(conn net.Conn) {
	return func(conn net.Conn) {
		_, err := ber.ReadPacket(conn)
		tick := time.NewTicker(max(pause, 1))
		defer tick.Stop()
		for err == nil {
			if pause > 0 {
				<-tick.C
			}
			_, err = conn.Write(part)
		}
	}
}

// trickle answers the first request a byte at a time, with a pause before each.
func trickle(sent []byte) func(conn net.Conn) {
	return func(conn net.Conn) {
		_, err := ber.ReadPacket(conn)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; err == nil && i < len(sent); i++ {
			<-tick.C
			_, err = conn.Write(sent[i : i+1])
		}
	}
}

// ldapDone is the end of the first search.
func ldapDone(code uint16, diagnosis string, urls ...string) []byte {
	return ldapMessage(1, ldapResult(ldap.ApplicationSearchResultDone, code, diagnosis, urls...))
}

func ldapReference(id int64, urls ...string) []byte {
	op := ldapOperation(ldap.ApplicationSearchResultReference)
	for _, u := range urls {
		op.AppendChild(octets(u))
	}
	return ldapMessage(id, op)
}

type ldapHostileCase struct {
	name    string
	serve   func(conn net.Conn)
	want    want
	message string
}

func ldapBrokenAnswers() []ldapHostileCase {
	entry, done := ldapMessage(1, ldapEntry("")), ldapDone(0, "")
	late := failed(observe.StepRequest, ReasonResponseTimeout)
	closed := failed(observe.StepRequest, ReasonConnectionClosed)
	garbled := failed(observe.StepRequest, ReasonProtocolError)
	large := failed(observe.StepRequest, ReasonAnswerTooLarge)
	return []ldapHostileCase{
		{"sound", ldapAnswers(entry, done), success, ""},
		{"never answers", silence, late, ""},
		{"only an entry", ldapAnswers(entry), late, ""},
		{"half a message", ldapAnswers(entry, done[:5]), late, ""},
		{"trickles", trickle(bytes.Repeat(done, 10)), late, ""},
		{"closes at once", func(net.Conn) {}, closed, ""},
		{"resets", reset, closed, ""},
		{"closes after half a message", func(c net.Conn) { _, _ = ber.ReadPacket(c); _, _ = c.Write(done[:5]) }, closed, ""},
		{"announces its end", ldapAnswers(ldapMessage(0, ldapResult(ldap.ApplicationExtendedResponse, 52, "gone"))), closed, "announced that it closes the connection (result code 52, Unavailable)."},
		{"another protocol", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-"+hiddenValue+"\r\n"); silence(c) }, garbled, ""},
		{"HTTP", ldapAnswers([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")), garbled, ""},
		{"garbage", ldapAnswers(bytes.Repeat([]byte{0xff}, 1000)), garbled, ""},
		{"length that lies", ldapAnswers(fromHex("30 84 7fffffff 020101 64")), large, ""},
		{"nested lengths that lie", ldapAnswers(fromHex("30 0f 020101 640a 0400 3084 7fffffff 0400")), garbled, ""},
		{"indefinite lengths", ldapEndless([]byte{0x30, 0x80}, 0), garbled, ""},
		{"deep nesting", ldapAnswers(deep(900)), garbled, ""},
		{"tiny elements", ldapAnswers(wide(maxLDAPMessage / 2)), large, ""},
		{"answer to another request", ldapAnswers(ldapMessage(1, ldapResult(ldap.ApplicationBindResponse, 0, ""))), late, ""},
		{"answers to nobody", ldapEndless(ldapMessage(9, ldapEntry("")), 0), large, ""},
		{"entries without end", ldapEndless(entry, 0), large, ""},
		{"thousands of references", ldapEndless(ldapReference(1, "ldap://127.0.0.1"), 0), failed(observe.StepExpectation, ReasonReferral), ""},
		{"two entries", ldapAnswers(entry, entry, done), large, ""},
		{"entry without attributes", ldapAnswers(ldapMessage(1, ldapOperation(ldap.ApplicationSearchResultEntry, octets(""))), done), garbled, ""},
		{"broken entries without end", ldapEndless(ldapMessage(1, ldapOperation(ldap.ApplicationSearchResultEntry)), 0), garbled, ""},
		{"result without code", ldapAnswers(ldapMessage(1, ldapOperation(ldap.ApplicationSearchResultDone))), garbled, ""},
		{"result with the library's code", ldapAnswers(ldapDone(ldap.ErrorNetwork, hiddenValue)), garbled, ""},
	}
}

func ldapRefusals() []ldapHostileCase {
	at := func(reason string) want { return failed(observe.StepExpectation, reason) }
	return []ldapHostileCase{
		{"one entry, which is the limit", ldapAnswers(ldapMessage(1, ldapEntry("")), ldapDone(ldap.LDAPResultSizeLimitExceeded, "")), success, ""},
		{"no entry", ldapAnswers(ldapDone(0, "")), at(ReasonEntryNotFound), "root DSE"},
		{"busy", ldapAnswers(ldapDone(ldap.LDAPResultBusy, "try\x00 \x1b[31mlater\n")), at(ReasonDirectoryUnavailable), "(result code 51, Busy): try [31mlater."},
		{"unavailable", ldapAnswers(ldapDone(ldap.LDAPResultUnavailable, "")), at(ReasonDirectoryUnavailable), "Unavailable)."},
		{"unwilling", ldapAnswers(ldapDone(ldap.LDAPResultUnwillingToPerform, "")), at(ReasonDirectoryUnavailable), ""},
		{"no access", ldapAnswers(ldapDone(ldap.LDAPResultInsufficientAccessRights, "")), at(ReasonAccessDenied), ""},
		{"no access in the clear", ldapAnswers(ldapDone(ldap.LDAPResultConfidentialityRequired, "")), at(ReasonAccessDenied), "such a connection"},
		{"no access for the unknown", ldapAnswers(ldapDone(ldap.LDAPResultOperationsError, strings.Repeat("a successful bind must be completed ", 1000))), at(ReasonUnexpectedResult), "bind must be"},
		{"code that nobody knows", ldapAnswers(ldapDone(4711, "")), at(ReasonUnexpectedResult), "(result code 4711)."},
		{"longest name of a code", ldapAnswers(ldapDone(ldap.LDAPResultCannotCancel, strings.Repeat("x", 1000))), at(ReasonUnexpectedResult), ""},
		{"reference", ldapAnswers(ldapReference(1, "ldap://other.mainz.test/"), ldapDone(0, "")), at(ReasonReferral), ": ldap://other.mainz.test/."},
		{"referral without a URL", ldapAnswers(ldapDone(ldap.LDAPResultReferral, "")), at(ReasonReferral), "not followed."},
		{"long referral", ldapAnswers(ldapDone(ldap.LDAPResultReferral, "", strings.Repeat("ldap://a/", 1000))), at(ReasonReferral), ""},
	}
}

func TestHostileLDAP(t *testing.T) {
	f := NewFactory(Options{})
	for _, c := range slices.Concat(ldapBrokenAnswers(), ldapRefusals()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := impatient("ldap://" + rawServer(t, c.serve))
			if c.want.reason != ReasonResponseTimeout {
				e.Timeout = "10s"
			}
			unimpressed(t, f, e, c.want, c.message)
		})
	}
}

// TestLDAPReferralLoop: a server that refers to itself is asked once.
func TestLDAPReferralLoop(t *testing.T) {
	var connections, requests atomic.Int32
	var address string
	ready := make(chan struct{})
	address = rawServer(t, func(conn net.Conn) {
		<-ready
		connections.Add(1)
		ldapServer(func(id int64, op ber.Tag) []byte {
			if op != ldap.ApplicationSearchRequest {
				return nil
			}
			requests.Add(1)
			return ldapMessage(id, ldapResult(ldap.ApplicationSearchResultDone, ldap.LDAPResultReferral, "", "ldap://"+address+"/dc=mainz"))
		})(conn)
	})
	close(ready)
	e := endpointOf("ldap://" + address)
	e.LDAP = &v1alpha1.LDAPCheck{BaseDN: "dc=mainz"}
	r := check(t, NewFactory(Options{}), e, nil, failed(observe.StepExpectation, ReasonReferral))
	if !strings.HasSuffix(r.Message, ": ldap://"+address+"/dc=mainz.") {
		t.Errorf("message is %q", r.Message)
	}
	if connections.Load() != 1 || requests.Load() != 1 {
		t.Errorf("%d connections and %d requests", connections.Load(), requests.Load())
	}
}

// TestLDAPCancelled: whoever asked goes, at whatever step.
func TestLDAPCancelled(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(conn net.Conn)
		tls   bool
		step  observe.Step
	}{
		"before the answer": {silence, false, observe.StepRequest},
		"after an entry":    {ldapAnswers(ldapMessage(1, ldapEntry(""))), false, observe.StepRequest},
		"before STARTTLS":   {silence, true, observe.StepHandshake},
	} {
		t.Run(name, func(t *testing.T) {
			calledOff(t, c.serve, func(address string) *v1alpha1.Endpoint {
				e := endpointOf("ldap://" + address)
				if c.tls {
					e.TLS = &v1alpha1.TLSCheck{}
				}
				return e
			}, c.step)
		})
	}
}

// TestHostileLDAPMemory is not parallel: it counts what everybody allocates.
func TestHostileLDAPMemory(t *testing.T) {
	const most = 12 << 20
	references := bytes.Repeat(ldapReference(1, ""), 1000)
	for name, serve := range map[string]func(conn net.Conn){
		"lying length":  ldapAnswers(fromHex("30 84 7fffffff 020101 64")),
		"deep nesting":  ldapEndless(deep(900), 0),
		"tiny elements": ldapEndless(wide(maxLDAPMessage/2-10), 0),
		"most elements": ldapEndless(wide(maxLDAPElements), 0),
		"references":    ldapEndless(references, 0),
		"greatest depth": ldapEndless(ldapMessage(1, ldapOperation(ldap.ApplicationSearchResultEntry,
			octets(strings.Repeat("x", maxLDAPMessage/2)), deepest())), 0),
	} {
		t.Run(name, func(t *testing.T) {
			frugal(t, endpointOf("ldap://"+rawServer(t, serve)), most)
		})
	}
}

// deepest returns values as deep and as large as they may be.
func deepest() *ber.Packet {
	inner := octets(strings.Repeat("x", maxLDAPMessage/3))
	for range maxLDAPDepth - 2 {
		outer := ber.NewSequence("")
		outer.AppendChild(inner)
		inner = outer
	}
	return inner
}
