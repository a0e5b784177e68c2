// SPDX-License-Identifier: Apache-2.0

package endpoint

import "kdz.mainz.de/operator/api/v1alpha1"

const (
	schemeHTTP  = "http"
	schemeHTTPS = "https"
	schemeTCP   = "tcp"
	schemeTLS   = "tls"
	schemeDNS   = "dns"
	schemeICMP  = "icmp"
	schemeGRPC  = "grpc"
	schemeGRPCS = "grpcs"
	schemeSMTP  = "smtp"
	schemeSMTPS = "smtps"
	schemeIMAP  = "imap"
	schemeIMAPS = "imaps"
	schemeLDAP  = "ldap"
	schemeLDAPS = "ldaps"
	schemeSSH   = "ssh"
)

// scheme is what the URLs of one check have in common.
type scheme struct {
	// port where a URL names none; empty means that it has to.
	port string
	// portless: a URL names none.
	portless bool
	// tls: the member tls may be declared. Where the scheme does not use TLS
	// from the beginning, it asks for STARTTLS.
	tls bool
	// own is the member that only this check has, empty for none.
	own string
}

// schemes are those that have a check. The ports are those of IANA's registry
// of service names.
var schemes = map[string]scheme{
	schemeHTTP:  {port: "80", own: "http"},
	schemeHTTPS: {port: "443", tls: true, own: "http"},
	schemeTCP:   {},
	schemeTLS:   {port: "443", tls: true},
	schemeDNS:   {portless: true, own: "dns"},
	schemeICMP:  {portless: true},
	schemeGRPC:  {own: "grpc"},
	schemeGRPCS: {port: "443", tls: true, own: "grpc"},
	schemeSMTP:  {port: "25", tls: true},
	schemeSMTPS: {port: "465", tls: true},
	schemeIMAP:  {port: "143", tls: true},
	schemeIMAPS: {port: "993", tls: true},
	schemeLDAP:  {port: "389", tls: true, own: "ldap"},
	schemeLDAPS: {port: "636", tls: true, own: "ldap"},
	schemeSSH:   {port: "22", own: "ssh"},
}

// fitting refuses what the check of a scheme would silently ignore.
func fitting(e *v1alpha1.Endpoint, name string) error {
	s := schemes[name]
	if e.TLS != nil && !s.tls {
		return invalid("tls", "is only for urls whose scheme can use TLS, such as https and tls")
	}
	for _, m := range []struct {
		name     string
		declared bool
		only     string
	}{
		{"http", e.HTTP != nil, "http or https"},
		{"dns", e.DNS != nil, "dns"},
		{"grpc", e.GRPC != nil, "grpc or grpcs"},
		{"ldap", e.LDAP != nil, "ldap or ldaps"},
		{"ssh", e.SSH != nil, "ssh"},
	} {
		if m.declared && s.own != m.name {
			return invalid(m.name, "is only for urls with scheme %s", m.only)
		}
	}
	return nil
}
