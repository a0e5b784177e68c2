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
	// Unauthenticated in gRPC), or refused the client certificate. Inconclusive and without a class: the
	// target may serve everybody else. Who asks again before the Secret
	// changed should wait long, or accounts get locked.
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
