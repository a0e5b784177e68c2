// SPDX-License-Identifier: Apache-2.0

package api

import "slices"

// Words of the rules for the URL of an endpoint.
const (
	malformed   = "url must be a URL whose scheme is one of http, https, tcp, tls, dns, icmp, grpc, grpcs, smtp, smtps, imap, imaps, ldap, ldaps, ssh"
	noHost      = "url needs a host"
	hasUser     = "url must not hold a user or password"
	badPort     = "the port of url must be a number of 1 to 65535"
	firstOnly   = "spec.endpoints[0]"
	httpOnly    = "http is only for urls with scheme http or https"
	tlsOnly     = "tls is only for urls whose scheme can use TLS"
	dnsOnly     = "dns is only for urls with scheme dns"
	grpcOnly    = "grpc is only for urls with scheme grpc or grpcs"
	ldapOnly    = "ldap is only for urls with scheme ldap or ldaps"
	sshOnly     = "ssh is only for urls with scheme ssh"
	inTheClear  = "ldap.bindSecretRef would send a password in the clear"
	badInterval = "interval must be at least 5s and at most 24h"
)

// anyFingerprint is that of no key in particular.
const anyFingerprint = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"

// only leaves one endpoint, with the URL and further members.
func only(url string, members ...any) edit {
	return set("spec.endpoints", list(object(append([]any{"name", "a", "url", url}, members...)...)))
}

// goodURLs are URLs that an endpoint may have. A scheme has no case (RFC 3986,
// section 3.1): whoever parses the URL sees it in lower case.
var goodURLs = []string{
	"http://a", "https://example.org/", "HTTPS://EXAMPLE.ORG/", "tcp://127.0.0.1:1", "tls://example.org:65535",
	"dns://example.org", "icmp://127.0.0.1", "icmp://[::1]", "grpc://example.org:50051", "grpcs://example.org",
	"smtp://example.org:25", "smtps://example.org", "imap://example.org", "imaps://example.org",
	"ldap://example.org:389", "ldaps://example.org", "ssh://example.org:22",
	"http://[::1]/", "http://[::1]:80/", "http://[fe80::1%25eth0]:8080/", "tcp://[::]:443",
	"http://example.org/a:0/b@c?to=x:99999#y", "http://example.org?user@host", "http://127.1/",
	"http://m%C3%BCnchen.example.org/", "http://example.org:6553/", "http://example.org:10000/",
}

// badURLs are URLs that an endpoint must not have, and why.
var badURLs = []struct{ url, words string }{
	// Not a URL, or none that a check is made for.
	{"gopher://127.0.0.1/", malformed},
	{"example.org/health", malformed},
	{"//example.org/health", malformed},
	{"/health?check", malformed},
	{"http//example.org", malformed},
	{"file:///etc/passwd", malformed},
	{"unix:///run/docker.sock", malformed},
	{"httpx://example.org", malformed},
	{"http ://example.org", malformed},
	{" http://example.org", malformed},
	{"http://exa mple.org/", malformed},
	{"http://example.org\n/", malformed},
	{"http://example.org#top", malformed},
	{"http://[::1/", malformed},
	{"http://::1/", malformed},
	// No host.
	{"http:///health", noHost},
	{"http://:8080/", noHost},
	{"http:/example.org/", noHost},
	{"http:example.org/", noHost},
	// No port that can be asked.
	{"http://example.org:0/", badPort},
	{"http://example.org:00080/", badPort},
	{"http://example.org:65536/", badPort},
	{"http://example.org:65540", badPort},
	{"http://example.org:65600?a", badPort},
	{"http://example.org:66000/", badPort},
	{"http://example.org:99999/", badPort},
	{"http://example.org:100000/", badPort},
	{"http://example.org:/", badPort},
	{"http://[::1]:0/", badPort},
	{"http://[::1]:/", badPort},
	{"tcp://example.org:", badPort},
	{"http://example.org:http/", malformed},
	{"http://example.org:-1/", malformed},
	{"http://example.org:80:80/", malformed},
	// A user, or what could be taken for one.
	{"http://user@example.org/", hasUser},
	{"http://user:secret@example.org/", hasUser},
	{"http://@example.org/", hasUser},
	{"http://:secret@example.org/", hasUser},
	{"http://user%3Asecret@example.org/", hasUser},
	{"http://example.org%2F@127.0.0.1/", hasUser},
	{"http://example.org:80@127.0.0.1/", hasUser},
	{"http://user@[::1]:80/", hasUser},
	{"ssh://root@example.org", hasUser},
	{"http://user%40example.org/", malformed},
	{"http://example.org%00/", malformed},
	// By scheme.
	{"tcp://example.org", "a tcp or grpc url needs a port"},
	{"tcp://[::1]", "a tcp or grpc url needs a port"},
	{"grpc://example.org", "a tcp or grpc url needs a port"},
	{"icmp://example.org:7", "an icmp or dns url has no port"},
	{"dns://example.org:53", "an icmp or dns url has no port"},
}

// endpointRules are the rules for endpoints.
var endpointRules = slices.Concat(urlRules(), memberRules, timeRules)

func urlRules() []rule {
	var rules []rule
	for _, url := range goodURLs {
		rules = append(rules, accept("url "+url, only(url)))
	}
	for _, bad := range badURLs {
		rules = append(rules, refuse("url "+bad.url, firstOnly, bad.words, only(bad.url)))
	}
	return rules
}

// memberRules say which members go with which scheme, and with each other.
var memberRules = []rule{
	accept("http with http", only("http://a/", "http", object("method", "HEAD"))),
	accept("HTTPS with http", only("HTTPS://a/", "http", object())),
	refuse("http with tcp", firstOnly, httpOnly, only("tcp://a:1", "http", object())),
	refuse("http with tls", firstOnly, httpOnly, only("tls://a:1", "http", object())),
	refuse("http with grpc", firstOnly, httpOnly, only("grpc://a:1", "http", object())),
	accept("tls with https", only("https://a/", "tls", object())),
	accept("tls with tls", only("tls://a:1", "tls", object())),
	accept("tls with grpcs", only("grpcs://a:1", "tls", object())),
	accept("tls with smtp", only("smtp://a:1", "tls", object())),
	accept("tls with imap", only("imap://a:1", "tls", object())),
	accept("tls with ldap", only("ldap://a:1", "tls", object())),
	accept("tls with ldaps", only("ldaps://a:1", "tls", object())),
	refuse("tls with http", firstOnly, tlsOnly, only("http://a/", "tls", object())),
	refuse("tls with tcp", firstOnly, tlsOnly, only("tcp://a:1", "tls", object())),
	refuse("tls with ssh", firstOnly, tlsOnly, only("ssh://a:1", "tls", object())),
	refuse("tls with grpc", firstOnly, tlsOnly, only("grpc://a:1", "tls", object())),
	accept("dns with dns", only("dns://a", "dns", object("recordType", "MX"))),
	refuse("dns with https", firstOnly, dnsOnly, only("https://a/", "dns", object())),
	accept("grpc with grpc", only("grpc://a:1", "grpc", object("service", "a"))),
	accept("grpc with grpcs", only("grpcs://a", "grpc", object("service", "a"))),
	refuse("grpc with https", firstOnly, grpcOnly, only("https://a/", "grpc", object("service", "a"))),
	accept("ldap with ldap", only("ldap://a", "ldap", object("baseDN", "dc=a"))),
	refuse("ldap with tcp", firstOnly, ldapOnly, only("tcp://a:389", "ldap", object("baseDN", "dc=a"))),
	accept("bind with ldaps", only("ldaps://a", "ldap", object("bindSecretRef", object("name", "a")))),
	accept("bind after STARTTLS", only("ldap://a", "ldap", object("bindSecretRef", object("name", "a")), "tls", object())),
	refuse("bind in the clear", firstOnly, inTheClear, only("ldap://a", "ldap", object("bindSecretRef", object("name", "a")))),
	refuse("bind in the clear, in capitals", firstOnly, inTheClear, only("LDAP://a", "ldap", object("bindSecretRef", object("name", "a")))),
	refuse("ldap that says nothing", "spec.endpoints[0].ldap", "at least 1 propert", only("ldap://a", "ldap", object())),
	accept("ssh with ssh", only("ssh://a", "ssh", object("hostKeyFingerprints", list(anyFingerprint)))),
	refuse("ssh with tcp", firstOnly, sshOnly, only("tcp://a:22", "ssh", object("hostKeyFingerprints", list(anyFingerprint)))),

	refuse("two credentials", "spec.endpoints[0].http", "http has at most one of basicAuthSecretRef and bearerTokenSecretRef",
		set("spec.endpoints[0].http.bearerTokenSecretRef", object("name", "a"))),
	refuse("HEAD with bodyPattern", "spec.endpoints[0].http", "a HEAD request has no body",
		set("spec.endpoints[0].http.method", "HEAD"), unset("spec.endpoints[0].http.bodyExpression")),
	refuse("HEAD with bodyExpression", "spec.endpoints[0].http", "a HEAD request has no body",
		set("spec.endpoints[0].http.method", "HEAD"), unset("spec.endpoints[0].http.bodyPattern")),
	accept("HEAD without either", set("spec.endpoints[0].http.method", "HEAD"),
		unset("spec.endpoints[0].http.bodyPattern"), unset("spec.endpoints[0].http.bodyExpression")),
	refuse("header without a value", "spec.endpoints[0].http.headers[0]", "a header has exactly one of value and secretKeyRef",
		unset("spec.endpoints[0].http.headers[0].value")),
	refuse("header with two values", "spec.endpoints[0].http.headers[1]", "a header has exactly one of value and secretKeyRef",
		set("spec.endpoints[0].http.headers[1].value", "a")),
	refuse("trust everybody and somebody", "spec.endpoints[1].tls", "insecureSkipVerify trusts everybody",
		set("spec.endpoints[1].tls.caSecretRef", object("name", "ca"))),
	accept("verify with a certification authority", set("spec.endpoints[0].tls.insecureSkipVerify", false)),
	accept("renew a year before", set("spec.endpoints[0].tls.renewBefore", "8760h")),
	refuse("renew earlier than that", "spec.endpoints[0].tls", "renewBefore must be at most 8760h",
		set("spec.endpoints[0].tls.renewBefore", "8760h1s")),
}

// timeRules are the rules for interval and timeout.
var timeRules = []rule{
	accept("shortest interval", only("http://a/", "interval", "5s", "timeout", "4999ms")),
	accept("longest interval", only("http://a/", "interval", "24h", "timeout", "10ms")),
	accept("timeout without interval", only("http://a/", "timeout", "59s")),
	refuse("interval too short", firstOnly, badInterval, only("http://a/", "interval", "4999ms")),
	refuse("interval of nothing", firstOnly, badInterval, only("http://a/", "interval", "0s")),
	refuse("interval too long", firstOnly, badInterval, only("http://a/", "interval", "24h1s")),
	refuse("timeout as long as interval", firstOnly, "timeout must be shorter than interval",
		only("http://a/", "interval", "10s", "timeout", "10s")),
	refuse("timeout as long as the default interval", firstOnly, "timeout must be shorter than interval",
		only("http://a/", "timeout", "1m")),
	refuse("timeout too short", firstOnly, "timeout must be at least 10ms", only("http://a/", "timeout", "9ms")),
}
