// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Importance says what the failure of an endpoint means for its Application.
// +kubebuilder:validation:Enum=Essential;Supporting
type Importance string

// Importances of an endpoint.
const (
	// ImportanceEssential: when the endpoint is down, the Application is out.
	ImportanceEssential Importance = "Essential"
	// ImportanceSupporting: when the endpoint is down, the Application is
	// degraded.
	ImportanceSupporting Importance = "Supporting"
)

// Endpoint is something of an Application that answers over the network. The
// scheme of its URL chooses the check.
// +kubebuilder:validation:XValidation:rule="isURL(self.url) && url(self.url).getScheme() in ['http','https','tcp','tls','dns','icmp','grpc','grpcs','smtp','smtps','imap','imaps','ldap','ldaps','ssh']",message="url must be a URL whose scheme is one of http, https, tcp, tls, dns, icmp, grpc, grpcs, smtp, smtps, imap, imaps, ldap, ldaps, ssh"
// +kubebuilder:validation:XValidation:rule="!isURL(self.url) || url(self.url).getHostname().size() > 0",message="url needs a host: https://www.example.org/"
// +kubebuilder:validation:XValidation:rule="!self.url.matches('^[^/?#]*//[^/?#]*@')",message="url must not hold a user or password; use http.basicAuthSecretRef or http.bearerTokenSecretRef"
// +kubebuilder:validation:XValidation:rule="!self.url.matches('^[^/?#]*//[^/?#]*:(0[0-9]*|[0-9]{6,}|6553[6-9]|655[4-9][0-9]|65[6-9][0-9]{2}|6[6-9][0-9]{3}|[7-9][0-9]{4})?([/?#]|$)')",message="the port of url must be a number of 1 to 65535"
// +kubebuilder:validation:XValidation:rule="!isURL(self.url) || !(url(self.url).getScheme() in ['tcp','grpc']) || url(self.url).getPort().size() > 0",message="a tcp or grpc url needs a port: tcp://host:5432"
// +kubebuilder:validation:XValidation:rule="!isURL(self.url) || !(url(self.url).getScheme() in ['icmp','dns']) || url(self.url).getPort().size() == 0",message="an icmp or dns url has no port: icmp://host; a name server's stands in dns.server"
// +kubebuilder:validation:XValidation:rule="(self.interval.size() < 2 || !self.interval.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (duration(self.interval) >= duration('5s') && duration(self.interval) <= duration('24h'))",message="interval must be at least 5s and at most 24h"
// +kubebuilder:validation:XValidation:rule="!has(self.timeout) || (self.timeout.size() < 2 || !self.timeout.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || (self.interval.size() < 2 || !self.interval.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || duration(self.timeout) < duration(self.interval)",message="timeout must be shorter than interval"
// +kubebuilder:validation:XValidation:rule="!has(self.timeout) || (self.timeout.size() < 2 || !self.timeout.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || duration(self.timeout) >= duration('10ms')",message="timeout must be at least 10ms"
// +kubebuilder:validation:XValidation:rule="!has(self.http) || !isURL(self.url) || url(self.url).getScheme() in ['http','https']",message="http is only for urls with scheme http or https"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || !isURL(self.url) || url(self.url).getScheme() in ['https','tls','grpcs','smtp','smtps','imap','imaps','ldap','ldaps']",message="tls is only for urls whose scheme can use TLS: https, tls, grpcs, smtp(s), imap(s), ldap(s)"
// +kubebuilder:validation:XValidation:rule="!has(self.dns) || !isURL(self.url) || url(self.url).getScheme() == 'dns'",message="dns is only for urls with scheme dns"
// +kubebuilder:validation:XValidation:rule="!has(self.grpc) || !isURL(self.url) || url(self.url).getScheme() in ['grpc','grpcs']",message="grpc is only for urls with scheme grpc or grpcs"
// +kubebuilder:validation:XValidation:rule="!has(self.ldap) || !isURL(self.url) || url(self.url).getScheme() in ['ldap','ldaps']",message="ldap is only for urls with scheme ldap or ldaps"
// +kubebuilder:validation:XValidation:rule="!has(self.ssh) || !isURL(self.url) || url(self.url).getScheme() == 'ssh'",message="ssh is only for urls with scheme ssh"
// +kubebuilder:validation:XValidation:rule="!has(self.ldap) || !has(self.ldap.bindSecretRef) || has(self.tls) || !isURL(self.url) || url(self.url).getScheme() != 'ldap'",message="ldap.bindSecretRef would send a password in the clear: use an ldaps url, or tls for STARTTLS"
type Endpoint struct {
	// name of the endpoint, unique in its Application.
	// +required
	Name ItemName `json:"name,omitempty"`

	// url of the endpoint. Its scheme chooses the check: http, https, tcp,
	// tls, dns, icmp, grpc, grpcs, smtp(s), imap(s), ldap(s) or ssh. It holds
	// no user and no password.
	// +required
	// +kubebuilder:validation:MinLength=7
	// +kubebuilder:validation:MaxLength=1024
	URL string `json:"url,omitempty"`

	// interval between two checks, 5s to 24h.
	// +optional
	// +kubebuilder:default="60s"
	Interval Duration `json:"interval,omitempty"`

	// timeout of one check, at least 10ms and shorter than interval. Without
	// it a check may take half of the interval, and at most 10s.
	// +optional
	Timeout Duration `json:"timeout,omitempty"`

	// failureThreshold is how many checks in a row must fail until the
	// endpoint counts as down. The outage begins at the first of them.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	FailureThreshold int32 `json:"failureThreshold,omitempty"`

	// successThreshold is how many checks in a row must succeed until the
	// endpoint counts as up again. The outage ends at the first of them.
	// +optional
	// +kubebuilder:default=1
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=20
	SuccessThreshold int32 `json:"successThreshold,omitempty"`

	// importance says whether the Application is out (Essential) or degraded
	// (Supporting) when this endpoint is down.
	// +optional
	// +kubebuilder:default=Essential
	Importance Importance `json:"importance,omitempty"`

	// maxLatency is the time within which a check has to be answered. A slower
	// answer is a success, but the endpoint counts as degraded.
	// +optional
	MaxLatency Duration `json:"maxLatency,omitempty"`

	// http says how to ask and what to expect, for http and https.
	// +optional
	HTTP *HTTPCheck `json:"http,omitempty"`

	// tls says whom to trust and how to identify, where TLS is used. With
	// smtp, imap and ldap it demands that the connection is secured by
	// STARTTLS; without it these speak in the clear.
	// +optional
	TLS *TLSCheck `json:"tls,omitempty"`

	// dns says what to ask for and what to expect, for dns. The host of the
	// url is the name that is asked for.
	// +optional
	DNS *DNSCheck `json:"dns,omitempty"`

	// grpc says which service to ask the health of, for grpc and grpcs.
	// +optional
	GRPC *GRPCCheck `json:"grpc,omitempty"`

	// ldap says what to read, and as whom, for ldap and ldaps.
	// +optional
	LDAP *LDAPCheck `json:"ldap,omitempty"`

	// ssh says which host keys to expect, for ssh.
	// +optional
	SSH *SSHCheck `json:"ssh,omitempty"`
}

// HTTPMethod is a method without side effects, or POST for the interfaces that
// know no other.
// +kubebuilder:validation:Enum=GET;HEAD;OPTIONS;POST
type HTTPMethod string

// HTTPCheck says how to ask an HTTP server and what to expect of its answer.
// +kubebuilder:validation:XValidation:rule="!(has(self.basicAuthSecretRef) && has(self.bearerTokenSecretRef))",message="http has at most one of basicAuthSecretRef and bearerTokenSecretRef"
// +kubebuilder:validation:XValidation:rule="!(has(self.method) && self.method == 'HEAD') || !(has(self.bodyPattern) || has(self.bodyExpression))",message="a HEAD request has no body: bodyPattern and bodyExpression need another method"
type HTTPCheck struct {
	// method of the request.
	// +optional
	// +kubebuilder:default=GET
	Method HTTPMethod `json:"method,omitempty"`

	// headers of the request.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Headers []HTTPHeader `json:"headers,omitempty"`

	// expectedStatuses are the statuses that count as success, single ("401")
	// or as a range ("200-299").
	// +optional
	// +listType=set
	// +kubebuilder:default={"200-299"}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ExpectedStatuses []HTTPStatusRange `json:"expectedStatuses,omitempty"`

	// bodyPattern is a regular expression (RE2) that the first 256 KiB of the
	// body must match somewhere.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	BodyPattern string `json:"bodyPattern,omitempty"`

	// bodyExpression is a CEL expression over the JSON body, which it sees as
	// body, that must be true: body.status == "UP".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	BodyExpression string `json:"bodyExpression,omitempty"`

	// followRedirects follows up to five redirects; credentials go only to
	// the host, port and scheme that the url names. Without it a redirect is
	// an answer like any other.
	// +optional
	FollowRedirects bool `json:"followRedirects,omitempty"`

	// keepAlive keeps the connection for the next check, for five minutes at
	// most, which spares both sides work. A fault of name, route or
	// certificate may then be seen only when the connection is next opened. A
	// POST always opens one of its own.
	// +optional
	KeepAlive bool `json:"keepAlive,omitempty"`

	// basicAuthSecretRef names a Secret with keys username and password.
	// +optional
	BasicAuthSecretRef *SecretReference `json:"basicAuthSecretRef,omitempty"`

	// bearerTokenSecretRef names a Secret with key token.
	// +optional
	BearerTokenSecretRef *SecretReference `json:"bearerTokenSecretRef,omitempty"`
}

// HTTPStatusRange is an HTTP status ("401") or an inclusive range of them
// ("200-299").
// +kubebuilder:validation:MinLength=3
// +kubebuilder:validation:MaxLength=7
// +kubebuilder:validation:Pattern=`^[1-5][0-9]{2}(-[1-5][0-9]{2})?$`
// +kubebuilder:validation:XValidation:rule="!self.matches('^[0-9]{3}-[0-9]{3}$') || int(self.substring(0, 3)) <= int(self.substring(4, 7))",message="a range of statuses begins with the lower one: 200-299"
type HTTPStatusRange string

// HTTPHeader is a header of a request, its value written here or taken from a
// Secret.
// +kubebuilder:validation:XValidation:rule="has(self.value) != has(self.secretKeyRef)",message="a header has exactly one of value and secretKeyRef"
type HTTPHeader struct {
	// name of the header.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9!#$%&'*+.^_|~-]+$`
	Name string `json:"name,omitempty"`

	// value of the header.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:Pattern=`^[\x20-\x7e]+$`
	Value string `json:"value,omitempty"`

	// secretKeyRef takes the value from a Secret of the same namespace.
	// +optional
	SecretKeyRef *SecretKeyReference `json:"secretKeyRef,omitempty"`
}

// TLSCheck says whom to trust and how to identify oneself.
// +kubebuilder:validation:XValidation:rule="!(has(self.insecureSkipVerify) && self.insecureSkipVerify) || !has(self.caSecretRef)",message="insecureSkipVerify trusts everybody, so caSecretRef would do nothing: use one of them"
// +kubebuilder:validation:XValidation:rule="!has(self.renewBefore) || (self.renewBefore.size() < 2 || !self.renewBefore.matches('^([0-9]{1,6}([.][0-9]+)?h)?([0-9]{1,7}([.][0-9]+)?m)?([0-9]{1,8}([.][0-9]+)?s)?([0-9]{1,8}([.][0-9]+)?ms)?$')) || duration(self.renewBefore) <= duration('8760h')",message="renewBefore must be at most 8760h"
type TLSCheck struct {
	// caSecretRef names a Secret with key ca.crt: the certification
	// authorities to trust instead of those of the operator's image.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`

	// clientCertificateSecretRef names a Secret with keys tls.crt and tls.key.
	// +optional
	ClientCertificateSecretRef *SecretReference `json:"clientCertificateSecretRef,omitempty"`

	// serverName that the certificate must be valid for, and that is asked
	// for (SNI); absent means the host of the url.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ServerName string `json:"serverName,omitempty"`

	// insecureSkipVerify accepts any certificate. Its expiry is still watched.
	// +optional
	InsecureSkipVerify bool `json:"insecureSkipVerify,omitempty"`

	// renewBefore is how long before its expiry a certificate should have been
	// renewed; from then on CertificatesValid is False. At most 8760h.
	// +optional
	// +kubebuilder:default="504h"
	RenewBefore Duration `json:"renewBefore,omitempty"`
}

// DNSRecordType is a type of DNS record.
// +kubebuilder:validation:Enum=A;AAAA;CAA;CNAME;MX;NS;PTR;SOA;SRV;TXT
type DNSRecordType string

// DNSCheck says what to ask a name server and what to expect.
type DNSCheck struct {
	// recordType to ask for.
	// +optional
	// +kubebuilder:default=A
	RecordType DNSRecordType `json:"recordType,omitempty"`

	// expectedValues that the answer must all hold; absent means that any
	// answer with a record of the type will do.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=512
	ExpectedValues []string `json:"expectedValues,omitempty"`

	// server to ask, as host or host:port; absent means the name servers that
	// the operator itself uses.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=261
	Server string `json:"server,omitempty"`
}

// GRPCCheck says what to ask a gRPC server by the gRPC health checking
// protocol (grpc.health.v1).
type GRPCCheck struct {
	// service whose health is asked for, such as mainz.v1.Register. Without
	// grpc it is that of the server as a whole.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9._/-]+$`
	Service string `json:"service,omitempty"`
}

// LDAPCheck says what to read of a directory, and as whom.
// +kubebuilder:validation:MinProperties=1
type LDAPCheck struct {
	// baseDN of the entry that has to be readable, such as
	// dc=example,dc=org; absent means the root DSE, which every server shows
	// to everybody.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	BaseDN string `json:"baseDN,omitempty"`

	// bindSecretRef names a Secret with keys username (a distinguished name)
	// and password for a simple bind; absent means that the directory is read
	// anonymously.
	// +optional
	BindSecretRef *SecretReference `json:"bindSecretRef,omitempty"`
}

// SSHCheck says what to expect of an SSH server. Nobody logs in.
type SSHCheck struct {
	// hostKeyFingerprints as ssh-keygen -l prints them, SHA256:…; the key that
	// the server presents must have one of them. Ed25519 is asked for first,
	// then ECDSA, then RSA.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	HostKeyFingerprints []SSHFingerprint `json:"hostKeyFingerprints,omitempty"`
}

// SSHFingerprint is the SHA-256 of a public key as OpenSSH writes it: SHA256:
// and 43 characters of Base64 without padding.
// +kubebuilder:validation:MinLength=50
// +kubebuilder:validation:MaxLength=50
// +kubebuilder:validation:Pattern=`^SHA256:[A-Za-z0-9+/]{43}$`
type SSHFingerprint string
