// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"errors"
	"fmt"
	"net"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"kdz.mainz.de/operator/internal/observe"
)

// startLDAPTLSOID is the name of the extended operation by which a connection
// becomes encrypted (RFC 4511, section 4.14.1).
const startLDAPTLSOID = "1.3.6.1.4.1.1466.20037"

// startLDAPTLS asks the server to go on in TLS, and returns nil if the
// handshake may begin. The library could do both, but would leave no more of a
// broken handshake than its text. Nothing is read beyond the answer, so what a
// server, or somebody between, sends before the handshake becomes part of it,
// and breaks it.
func (r *run) startLDAPTLS(conn net.Conn) *fault {
	const number = 1
	r.enter(observe.StepHandshake)
	request := ber.NewSequence("")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, number, ""))
	operation := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	operation.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, startLDAPTLSOID, ""))
	request.AppendChild(operation)
	if _, err := conn.Write(request.Bytes()); err != nil {
		return r.directoryFault(err, conn)
	}
	message, err := newLDAPReader(conn).next()
	if err != nil {
		return r.directoryFault(err, conn)
	}
	packet, err := ber.DecodePacketErr(message)
	if err != nil || packet.Children[0].Value != int64(number) || packet.Children[1].Tag != ldap.ApplicationExtendedResponse {
		return notLDAP()
	}
	err = ldap.GetLDAPError(packet)
	if err == nil {
		return nil
	}
	answered := resultOf(err)
	if answered == nil {
		return notLDAP()
	}
	return targetFault(ReasonStartTLSRefused, explained("The directory refused STARTTLS", answered, true))
}

func notLDAP() *fault {
	return targetFault(ReasonProtocolError, "The answer is not LDAP.")
}

// directoryFault says why the server gave no answer: err is what ended the
// reading of conn.
func (r *run) directoryFault(err error, conn net.Conn) *fault {
	if s, ok := conn.(*secured); ok {
		// In TLS 1.3 a refused client certificate shows only here.
		if f := r.refusal(err, s); f != nil {
			return f
		}
	}
	if f := r.talkFault(err, ReasonResponseTimeout, "answer in full"); f != nil {
		return f
	}
	if errors.Is(err, errLDAPSize) {
		return targetFault(ReasonAnswerTooLarge, "The directory answered with more than one entry can take.")
	}
	if notice, ok := errors.AsType[*ldapNotice](err); ok {
		return targetFault(ReasonConnectionClosed, "The directory announced that it closes the connection"+withCode(notice.code)+".")
	}
	return notLDAP()
}

// resultOf returns the result that a server answered with, if err is one.
func resultOf(err error) *ldap.Error {
	answered, ok := errors.AsType[*ldap.Error](err)
	if !ok || answered.Packet == nil {
		return nil
	}
	switch answered.ResultCode {
	case ldap.ErrorNetwork, ldap.ErrorUnexpectedResponse, ldap.ErrorMalformedPacket:
		// The library's own codes, for a result that cannot be read.
		return nil
	}
	return answered
}

// explained returns a sentence that says what a server answered. With quote the
// server's own words are added, which must not be done once it was sent a
// credential.
func explained(sentence string, answered *ldap.Error, quote bool) string {
	sentence += withCode(answered.ResultCode)
	if quote {
		// The error is the server's text as it is.
		room := observe.MaxMessageLength - len(sentence) - len(": .")
		if text := printable(answered.Err.Error(), min(maxDetail, room)); text != "" {
			sentence += ": " + text
		}
	}
	return sentence + "."
}

// withCode returns the words for a result code.
func withCode(code uint16) string {
	const room = 40
	if name, known := ldap.LDAPResultCodeMap[code]; known {
		return fmt.Sprintf(" (result code %d, %s)", code, printable(name, room))
	}
	return fmt.Sprintf(" (result code %d)", code)
}

// bindFault says why a bind failed.
func (p *ldapProbe) bindFault(r *run, d *directory, err error) *fault {
	answered := resultOf(err)
	if answered == nil {
		return r.unanswered(d, err)
	}
	r.enter(observe.StepExpectation)
	switch answered.ResultCode {
	case ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInsufficientAccessRights,
		ldap.LDAPResultAuthorizationDenied,
		// What servers answer for a name that does not exist, or is none, and
		// for an account that is locked.
		ldap.LDAPResultNoSuchObject, ldap.LDAPResultInvalidDNSyntax, ldap.LDAPResultConstraintViolation:
		return &fault{
			outcome: observe.OutcomeInconclusive, class: observe.ClassNone, reason: ReasonCredentialsRejected,
			message: explained("The directory refused the name and the password from the Secret", answered, false),
		}
	}
	return p.resultFault(r, answered)
}

// unanswered says why the library came to no result but ended with err. What
// it could not read was there before the wire may have come to an end.
func (r *run) unanswered(d *directory, err error) *fault {
	if errors.Is(err, ldap.ErrSizeLimitExceeded) {
		return r.directoryFault(errLDAPSize, d.wire.Conn)
	}
	result, ok := errors.AsType[*ldap.Error](err)
	if unreadable := ok && result.Packet != nil || errors.Is(err, ldap.ErrMalformedPacket); unreadable {
		return notLDAP()
	}
	if err := d.wire.ended(); err != nil {
		return r.directoryFault(err, d.wire.Conn)
	}
	return notLDAP()
}

// judge compares the answer to the search with what is expected.
func (p *ldapProbe) judge(r *run, d *directory, result *ldap.SearchResult, err error) *fault {
	if result != nil && len(result.Referrals) > 0 {
		// Only the entry itself was asked for, so this is where it is.
		r.enter(observe.StepExpectation)
		return p.referred(r, result.Referrals[0])
	}
	answered := resultOf(err)
	switch {
	case err != nil && answered == nil:
		return r.unanswered(d, err)
	case err != nil && answered.ResultCode == ldap.LDAPResultSizeLimitExceeded && len(result.Entries) == 1:
		// The limit is the one entry that came.
		return nil
	case err != nil:
		r.enter(observe.StepExpectation)
		return p.resultFault(r, answered)
	case len(result.Entries) == 0:
		r.enter(observe.StepExpectation)
		return targetFault(ReasonEntryNotFound, p.missing()+".")
	}
	return nil
}

// resultFault is the fault for a result that is no success.
func (p *ldapProbe) resultFault(r *run, answered *ldap.Error) *fault {
	reason, sentence := ReasonUnexpectedResult, "The directory answered with an error"
	switch answered.ResultCode {
	case ldap.LDAPResultReferral:
		return p.referred(r, referralOf(answered.Packet))
	case ldap.LDAPResultNoSuchObject:
		reason, sentence = ReasonEntryNotFound, p.missing()
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultUnwillingToPerform:
		reason, sentence = ReasonDirectoryUnavailable, "The directory answered that it does not serve"
	case ldap.LDAPResultInsufficientAccessRights, ldap.LDAPResultInappropriateAuthentication:
		reason, sentence = ReasonAccessDenied, "The directory does not allow it to anybody"
		if p.bind != nil {
			sentence = "The directory does not allow it to the user from the Secret"
		}
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		reason, sentence = ReasonAccessDenied, "The directory does not allow it on such a connection"
	}
	return targetFault(reason, explained(sentence, answered, p.bind == nil))
}

// missing returns what to say if the entry is not there.
func (p *ldapProbe) missing() string {
	if p.baseDN == "" {
		return "The directory does not show its root DSE"
	}
	return "The directory has no entry baseDN, or does not show it"
}

// referred is the fault for an answer that another server should be asked,
// which is not done. The URL is not repeated to those who bound.
func (p *ldapProbe) referred(r *run, url string) *fault {
	message := "The directory points elsewhere for the entry, which is not followed"
	if url = printable(url, maxDetail); p.bind == nil && url != "" {
		message += r.because(url)
	}
	return targetFault(ReasonReferral, message+".")
}

// referralOf returns the first URL of a result (RFC 4511, section 4.1.10), or
// nothing if there is none.
func referralOf(packet *ber.Packet) string {
	const tag = 3
	if len(packet.Children) < 2 {
		return ""
	}
	for _, c := range packet.Children[1].Children {
		if c.ClassType == ber.ClassContext && c.Tag == tag && len(c.Children) > 0 {
			return c.Children[0].Data.String()
		}
	}
	return ""
}
