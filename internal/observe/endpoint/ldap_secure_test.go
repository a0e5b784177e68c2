// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// afterHandshake serves after a handshake.
func afterHandshake(config *tls.Config, serve func(conn net.Conn)) func(conn net.Conn) {
	return func(conn net.Conn) {
		secured := tls.Server(conn, config)
		defer closeQuietly(secured)
		if secured.Handshake() == nil {
			serve(secured)
		}
	}
}

// TestHostileLDAPBind: none of the messages holds what the server says, since
// it was sent the password.
func TestHostileLDAPBind(t *testing.T) {
	const told = "the password is " + hiddenValue
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{servers.SelfSigned(t, servers.Certificate{})}}
	bound := func(code uint16, urls ...string) func(conn net.Conn) {
		return ldapAnswers(ldapMessage(1, ldapResult(ldap.ApplicationBindResponse, code, told, urls...)))
	}
	then := func(code uint16, urls ...string) func(conn net.Conn) {
		return ldapServer(func(id int64, op ber.Tag) []byte {
			if op == ldap.ApplicationBindRequest {
				return ldapMessage(id, ldapResult(ldap.ApplicationBindResponse, 0, told))
			}
			return ldapMessage(id, ldapResult(ldap.ApplicationSearchResultDone, code, told, urls...))
		})
	}
	refused := inconclusive(observe.ClassNone, observe.StepExpectation, ReasonCredentialsRejected)
	for _, c := range []ldapHostileCase{
		{"silence", silence, failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"silence after the bind", bound(0), failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"closes after the bind", func(c net.Conn) { _, _ = ber.ReadPacket(c) }, failed(observe.StepRequest, ReasonConnectionClosed), ""},
		{"echo", func(c net.Conn) { _, _ = io.Copy(c, c) }, failed(observe.StepRequest, ReasonProtocolError), ""},
		{"wrong password", bound(ldap.LDAPResultInvalidCredentials), refused, "49, Invalid Credentials)."},
		{"locked", bound(ldap.LDAPResultConstraintViolation), refused, ""},
		{"inappropriate", bound(ldap.LDAPResultInappropriateAuthentication), refused, ""},
		{"unwilling to bind", bound(ldap.LDAPResultUnwillingToPerform), failed(observe.StepExpectation, ReasonDirectoryUnavailable), "To Perform)."},
		{"bind elsewhere", bound(ldap.LDAPResultReferral, "ldap://"+hiddenValue), failed(observe.StepExpectation, ReasonReferral), "not followed."},
		{"bind by more than a password", bound(ldap.LDAPResultSaslBindInProgress), failed(observe.StepExpectation, ReasonUnexpectedResult), ""},
		{"no access", then(ldap.LDAPResultInsufficientAccessRights), failed(observe.StepExpectation, ReasonAccessDenied), "the user from the Secret (result code 50"},
		{"elsewhere", then(ldap.LDAPResultReferral, "ldap://"+hiddenValue), failed(observe.StepExpectation, ReasonReferral), "not followed."},
		{"any other error", then(ldap.LDAPResultOther), failed(observe.StepExpectation, ReasonUnexpectedResult), "(result code 80, Other)."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var connections atomic.Int32
			e := endpointOf("ldaps://" + rawServer(t, func(conn net.Conn) {
				connections.Add(1)
				afterHandshake(config, c.serve)(conn)
			}))
			if c.want.reason == ReasonResponseTimeout {
				e.Timeout = "1s"
			}
			e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
			e.LDAP = &v1alpha1.LDAPCheck{BaseDN: "dc=mainz", BindSecretRef: ref("login")}
			login := secretOf("login", map[string]string{KeyUsername: "cn=" + hiddenValue, KeyPassword: hiddenValue})
			r := check(t, NewFactory(Options{}), e, secretsOf(login), c.want)
			if !strings.Contains(r.Message, c.message) {
				t.Errorf("message is %q, want %q in it", r.Message, c.message)
			}
			if connections.Load() != 1 {
				t.Errorf("%d connections", connections.Load())
			}
		})
	}
}

// TestLDAPClientCertificateRefused: in TLS 1.3 the alert comes only when the
// answer is read.
func TestLDAPClientCertificateRefused(t *testing.T) {
	crt, key := servers.PEM(t, servers.SelfSigned(t, servers.Certificate{Client: true}))
	secrets := secretsOf(secretOf("client", map[string]string{KeyCertificate: string(crt), KeyPrivateKey: string(key)}))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{
			MinVersion: version, MaxVersion: version, Certificates: []tls.Certificate{servers.SelfSigned(t, servers.Certificate{})},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: x509.NewCertPool(),
		}
		e := endpointOf("ldaps://" + rawServer(t, func(conn net.Conn) {
			afterHandshake(config, silence)(conn)
			silence(conn)
		}))
		e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true, ClientCertificateSecretRef: ref("client")}
		check(t, NewFactory(Options{}), e, secrets, inconclusive(observe.ClassNone, observe.StepHandshake, ReasonCredentialsRejected))
	}
}

func TestHostileLDAPStartTLS(t *testing.T) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{servers.SelfSigned(t, servers.Certificate{})}}
	yes := ldapMessage(1, ldapResult(ldap.ApplicationExtendedResponse, 0, ""))
	at := func(reason string) want { return failed(observe.StepHandshake, reason) }
	for _, c := range []ldapHostileCase{
		{"sound", func(conn net.Conn) {
			packet, err := ber.ReadPacket(conn)
			if err != nil || packet.Children[1].Tag != ldap.ApplicationExtendedRequest || packet.Children[1].Children[0].Data.String() != "1.3.6.1.4.1.1466.20037" {
				return
			}
			if _, err := conn.Write(yes); err == nil {
				afterHandshake(config, ldapAnswers(ldapMessage(1, ldapEntry("")), ldapDone(0, "")))(conn)
			}
		}, success, ""},
		{"never answers", silence, at(ReasonResponseTimeout), ""},
		{"closes", func(c net.Conn) { _, _ = ber.ReadPacket(c) }, at(ReasonConnectionClosed), ""},
		{"refuses", ldapAnswers(ldapMessage(1, ldapResult(ldap.ApplicationExtendedResponse, 2, "what?"))), at(ReasonStartTLSRefused), "STARTTLS (result code 2, Protocol Error): what?."},
		{"refers", ldapAnswers(ldapMessage(1, ldapResult(ldap.ApplicationExtendedResponse, 10, "", "ldap://a"))), at(ReasonStartTLSRefused), ""},
		{"announces its end", ldapAnswers(ldapMessage(0, ldapResult(ldap.ApplicationExtendedResponse, 52, ""))), at(ReasonConnectionClosed), "announced"},
		{"answers another request", ldapAnswers(ldapMessage(2, ldapResult(ldap.ApplicationExtendedResponse, 0, ""))), at(ReasonProtocolError), ""},
		{"answers with another operation", ldapAnswers(ldapMessage(1, ldapResult(ldap.ApplicationBindResponse, 0, ""))), at(ReasonProtocolError), ""},
		{"answers with no result", ldapAnswers(ldapMessage(1, ldapOperation(ldap.ApplicationExtendedResponse))), at(ReasonProtocolError), ""},
		{"garbage", ldapAnswers([]byte("+OK\r\n")), at(ReasonProtocolError), ""},
		{"length that lies", ldapAnswers(fromHex("30 84 7fffffff 020101 78")), at(ReasonAnswerTooLarge), ""},
		// What somebody may have slipped in before the handshake.
		{"answer with something behind it", ldapAnswers(yes, ldapMessage(1, ldapEntry("")), ldapDone(0, "")), at(ReasonProtocolError), "not TLS"},
		{"no handshake", ldapAnswers(yes), at(ReasonHandshakeTimeout), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := endpointOf("ldap://" + rawServer(t, c.serve))
			if c.want.reason == ReasonResponseTimeout || c.want.reason == ReasonHandshakeTimeout {
				e.Timeout = "1s"
			}
			e.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true}
			r := check(t, NewFactory(Options{}), e, nil, c.want)
			if !strings.Contains(r.Message, c.message) {
				t.Errorf("message is %q, want %q in it", r.Message, c.message)
			}
		})
	}
}
