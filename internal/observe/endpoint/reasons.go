// SPDX-License-Identifier: Apache-2.0

package endpoint

// Reasons of a Result that is not a success, by the step at which they arise.
// Each comment says the class of the failure (observe.FailureClass) and why,
// and whether the check is a failure or inconclusive. If what a redirect leads
// to cannot be resolved or connected to, the step is request: the target that
// the endpoint names was reached.
const (
	// ReasonHostNotFound, resolve: a name server answered that the name does
	// not exist or has no address. Target: the answer is definite, and
	// whoever asks for the name gets the same.
	ReasonHostNotFound = "HostNotFound"
	// ReasonResolverFailed, resolve: a name server answered that it cannot
	// tell (SERVFAIL, REFUSED, an answer that makes no sense). Path: the
	// fault may lie with any of the name servers on the way.
	ReasonResolverFailed = "ResolverFailed"
	// ReasonResolverUnreachable, resolve: no name server answered at all.
	// Inconclusive, Path: the operator could not even ask where the target is.
	// Connect, for a dns check without server: none of the operator's own
	// answered.
	ReasonResolverUnreachable = "ResolverUnreachable"

	// ReasonConnectionRefused, connect: the host answered that nothing
	// listens on the port. Target.
	ReasonConnectionRefused = "ConnectionRefused"
	// ReasonConnectionTimeout, connect: nothing answered in time. Path.
	ReasonConnectionTimeout = "ConnectionTimeout"
	// ReasonNetworkUnreachable, connect: a router or the operator's own system
	// says that there is no way to the network or the host. Path.
	ReasonNetworkUnreachable = "NetworkUnreachable"
	// ReasonEgressRefused, connect: the operator's guard does not let checks
	// connect to this address; see Egress. Inconclusive, Local: nobody looked.
	ReasonEgressRefused = "EgressRefused"
	// ReasonEgressFiltered, connect: a packet filter of the operator's own
	// system does not let it connect to this address. Inconclusive, Local.
	ReasonEgressFiltered = "EgressFiltered"

	// ReasonTooManyOpenFiles, any step: the operator or its node ran out of
	// file descriptors (EMFILE, ENFILE). Inconclusive, Local.
	ReasonTooManyOpenFiles = "TooManyOpenFiles"
	// ReasonLocalResources, any step: the operator's system ran out of local
	// ports, buffers or memory, or has no certification authorities to trust.
	// Inconclusive, Local.
	ReasonLocalResources = "LocalResources"
	// ReasonCancelled, any step: whoever asked no longer wants to know, as
	// when the operator ends. Inconclusive, Local.
	ReasonCancelled = "Cancelled"

	// ReasonHandshakeFailed, handshake: the two sides could not agree, or the
	// server refused with an alert. Target.
	ReasonHandshakeFailed = "HandshakeFailed"
	// ReasonHandshakeTimeout, handshake: the server accepted the connection
	// and did not finish the handshake in time. Target, see
	// ReasonResponseTimeout.
	ReasonHandshakeTimeout = "HandshakeTimeout"
	// ReasonCertificateExpired, handshake: a certificate of the chain is
	// past its end. Target, as are all other faults of a certificate.
	ReasonCertificateExpired = "CertificateExpired"
	// ReasonCertificateNotYetValid, handshake: a certificate of the chain
	// begins in the future.
	ReasonCertificateNotYetValid = "CertificateNotYetValid"
	// ReasonCertificateHostMismatch, handshake: the certificate is valid for
	// other names.
	ReasonCertificateHostMismatch = "CertificateHostMismatch"
	// ReasonCertificateSelfSigned, handshake: the server's certificate is
	// signed by itself, and it is not among those that are trusted.
	ReasonCertificateSelfSigned = "CertificateSelfSigned"
	// ReasonCertificateUnknownAuthority, handshake: no trusted certification
	// authority vouches for the certificate, or the server does not present
	// the intermediate certificates that lead to one.
	ReasonCertificateUnknownAuthority = "CertificateUnknownAuthority"
	// ReasonCertificateInvalid, handshake: the certificate is unusable in
	// another way (not for servers, a name constraint, a broken signature).
	ReasonCertificateInvalid = "CertificateInvalid"

	// ReasonConnectionClosed, connect, handshake or request: the server
	// closed or reset the connection instead of answering in full. Target.
	ReasonConnectionClosed = "ConnectionClosed"
	// ReasonResponseTimeout, request: the server accepted the connection and
	// did not answer in full in time. Target, although it is a timeout: that
	// the connection was established proves that the path works in both
	// directions, so what is missing is the target's answer.
	ReasonResponseTimeout = "ResponseTimeout"
	// ReasonProtocolError, handshake or request: what the server sent is not
	// the protocol that the URL names. Target.
	ReasonProtocolError = "ProtocolError"
	// ReasonHeaderTooLarge, request: the header of the answer is longer than
	// MaxResponseHeader. Target.
	ReasonHeaderTooLarge = "HeaderTooLarge"
	// ReasonTooManyRedirects, request: more than MaxRedirects redirects.
	// Target.
	ReasonTooManyRedirects = "TooManyRedirects"
	// ReasonRedirectLoop, request: a redirect leads to a URL that was asked
	// before in this check. Target.
	ReasonRedirectLoop = "RedirectLoop"
	// ReasonRedirectRefused, request: a redirect leads to something that is
	// not followed: no http or https URL, a URL with a password, or from
	// https back to http. Target.
	ReasonRedirectRefused = "RedirectRefused"

	// ReasonGreetingTimeout, request: a mail server accepted the connection and
	// did not send its greeting in time. Target, see ReasonResponseTimeout.
	ReasonGreetingTimeout = "GreetingTimeout"
	// ReasonServiceRefused, request: a mail server said that it does not serve
	// the operator, for the moment or at all: it did so instead of a greeting,
	// in answer to the first commands, or by ending the conversation. Target.
	ReasonServiceRefused = "ServiceRefused"
	// ReasonStartTLSNotOffered, request: the endpoint declares tls, and the
	// server does not offer STARTTLS. Target.
	ReasonStartTLSNotOffered = "StartTLSNotOffered"
	// ReasonStartTLSRefused, request or handshake: the server refused STARTTLS
	// when it was asked for it. Target.
	ReasonStartTLSRefused = "StartTLSRefused"

	// ReasonUnexpectedStatus, expectation: the status (of HTTP, or of gRPC) is
	// none of those that are expected. Target.
	ReasonUnexpectedStatus = "UnexpectedStatus"
	// ReasonBodyMismatch, expectation: bodyPattern does not match, or
	// bodyExpression is not true. Target.
	ReasonBodyMismatch = "BodyMismatch"
	// ReasonBodyNotJSON, expectation: bodyExpression needs a JSON body, and
	// this is none. Target.
	ReasonBodyNotJSON = "BodyNotJSON"
	// ReasonBodyTooLarge, expectation: bodyExpression needs the whole body,
	// and it is longer than MaxBody. Target.
	ReasonBodyTooLarge = "BodyTooLarge"
	// ReasonBodyEncoded, expectation: the server compressed the body although
	// it was asked not to, so that it cannot be looked at. Target.
	ReasonBodyEncoded = "BodyEncoded"
	// ReasonCheckTooCostly, expectation: bodyPattern or bodyExpression took
	// more work on this body than a check may. Inconclusive, Local: the
	// expectation has to be written in a simpler way.
	ReasonCheckTooCostly = "CheckTooCostly"

	// ReasonCredentialsRejected, handshake or expectation: the target refused
	// a credential that was taken from a Secret: it answered 401 or 407 (or
	// Unauthenticated in gRPC), or refused the client certificate or the bind.
	// Inconclusive and without a class: the target may serve everybody else.
	// Who asks again before the Secret changed should wait long, or accounts
	// get locked.
	ReasonCredentialsRejected = "CredentialsRejected"

	// ReasonHTTP2NotNegotiated, handshake: the server speaks TLS and does not
	// agree on HTTP/2 (ALPN h2), without which there is no gRPC. Target.
	ReasonHTTP2NotNegotiated = "HTTP2NotNegotiated"
	// ReasonNotServing, expectation: the health service answered NOT_SERVING.
	// Target.
	ReasonNotServing = "NotServing"
	// ReasonHealthUnknown, expectation: the health service answered UNKNOWN,
	// or something that its protocol does not know. Target.
	ReasonHealthUnknown = "HealthUnknown"
	// ReasonServiceUnknown, expectation: the health service does not know the
	// service that the endpoint names. Target.
	ReasonServiceUnknown = "ServiceUnknown"
	// ReasonNoHealthService, expectation: the server speaks gRPC and has no
	// health service. Target: what was agreed to be asked is not there.
	ReasonNoHealthService = "NoHealthService"

	// ReasonAnswerTooLarge, request or handshake: a directory or an SSH server
	// sent more than the answer can take. Target.
	ReasonAnswerTooLarge = "AnswerTooLarge"
	// ReasonEntryNotFound, expectation: the directory has no such entry, or
	// does not show that it has. Target.
	ReasonEntryNotFound = "EntryNotFound"
	// ReasonReferral, expectation: the directory says that another server has
	// the entry. Target: that server is not what the endpoint names, so it is
	// not asked.
	ReasonReferral = "Referral"
	// ReasonAccessDenied, expectation: the directory does not let whoever asks
	// read the entry, or not without TLS. Target: the answer is definite.
	ReasonAccessDenied = "AccessDenied"
	// ReasonDirectoryUnavailable, expectation: the directory answered that it
	// is busy, unavailable or unwilling to perform. Target: it says so itself.
	ReasonDirectoryUnavailable = "DirectoryUnavailable"
	// ReasonUnexpectedResult, expectation: the directory answered with another
	// result code that is no success. Target.
	ReasonUnexpectedResult = "UnexpectedResult"
	// ReasonHostKeyMismatch, expectation: the SSH server has proved another
	// host key than those that are expected. Target.
	ReasonHostKeyMismatch = "HostKeyMismatch"
)

// Reasons of dns checks. There the server that is asked is the target, and
// what it answers its own. That nothing comes back over UDP is a
// ReasonConnectionTimeout at step connect, and Path: a lost packet, a dead way
// and a dead server look alike. Once an answer was truncated, so that the
// server is known to be there, failing to connect by TCP is told at step
// request.
const (
	// ReasonNoNameServer, connect: no server is declared, and the operator's
	// system names none either. Inconclusive, Local.
	ReasonNoNameServer = "NoNameServer"
	// ReasonForeignAnswer, request: all that came from the server's address
	// has another ID or question than was asked. Path: whether the server
	// sent it, or somebody who pretends to be it, cannot be told.
	ReasonForeignAnswer = "ForeignAnswer"
	// ReasonNameServerFailure, request: the server answered that it cannot
	// tell (SERVFAIL or another code of an error). Target.
	ReasonNameServerFailure = "NameServerFailure"
	// ReasonNameServerRefused, request: the server does not answer such
	// questions, or not to the operator (REFUSED). Target.
	ReasonNameServerRefused = "NameServerRefused"
	// ReasonAnswerTruncated, request: the answer is truncated even over TCP.
	// Target.
	ReasonAnswerTruncated = "AnswerTruncated"
	// ReasonNameNotFound, expectation: the name does not exist (NXDOMAIN).
	// Target.
	ReasonNameNotFound = "NameNotFound"
	// ReasonNoRecord, expectation: the answer holds no record of the type for
	// the name, nor for the one that its aliases lead to. Target.
	ReasonNoRecord = "NoRecord"
	// ReasonAliasLoop, expectation: the aliases (CNAME) in the answer lead in
	// a circle, or over too many names. Target.
	ReasonAliasLoop = "AliasLoop"
	// ReasonValueMissing, expectation: an expected value is not in the
	// answer. Target.
	ReasonValueMissing = "ValueMissing"
)

// Reasons of icmp checks. The echo is the attempt to reach the host, so all of
// it is the step connect, and silence is a ReasonConnectionTimeout.
const (
	// ReasonDestinationUnreachable, connect: a router, or the host itself,
	// answered that the echo request was not delivered. Path.
	ReasonDestinationUnreachable = "DestinationUnreachable"
	// ReasonEchoNotPermitted, connect: the operator's system lets it open
	// neither an unprivileged ICMP socket (net.ipv4.ping_group_range) nor a
	// raw one (CAP_NET_RAW). Inconclusive, Local: nobody looked.
	ReasonEchoNotPermitted = "EchoNotPermitted"
)

// Bounds of what a check reads and follows.
const (
	// MaxResponseHeader bounds the header of an HTTP answer, including those
	// of interim answers (1xx), in bytes.
	MaxResponseHeader = 64 << 10
	// MaxBody bounds what is read of a body, in bytes.
	MaxBody = 256 << 10
	// MaxRedirects is how many redirects one check follows.
	MaxRedirects = 5
)
