// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"maps"
	"slices"
)

// The schemes that the lab serves.
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

// protection is how a scheme comes to TLS.
type protection int

const (
	// never: in the clear.
	never protection = iota
	// atOnce: from the first byte.
	atOnce
	// onDemand: by STARTTLS, if the endpoint declares TLS.
	onDemand
)

// scheme is what the endpoints of one scheme have in common.
type scheme struct {
	tls protection
	// alpn that the server agrees to; nil leaves that out.
	alpn []string
	// own is the fault that only servers of this protocol have.
	own Fault
}

var schemes = map[string]scheme{
	schemeHTTP:  {own: Status500},
	schemeHTTPS: {own: Status500, tls: atOnce, alpn: []string{"http/1.1"}},
	schemeTCP:   {},
	schemeTLS:   {tls: atOnce},
	schemeDNS:   {},
	schemeICMP:  {},
	schemeGRPC:  {own: NotServing},
	schemeGRPCS: {own: NotServing, tls: atOnce, alpn: []string{"h2"}},
	schemeSMTP:  {tls: onDemand},
	schemeSMTPS: {tls: atOnce},
	schemeIMAP:  {tls: onDemand},
	schemeIMAPS: {tls: atOnce},
	schemeLDAP:  {tls: onDemand},
	schemeLDAPS: {tls: atOnce},
	schemeSSH:   {},
}

// schemeNames are all schemes, sorted.
func schemeNames() []string { return slices.Sorted(maps.Keys(schemes)) }

// saysAway is whether a server of the scheme can say in its own protocol that
// one of several is away; others can only close the connection.
func saysAway(scheme string) bool {
	switch scheme {
	case schemeHTTP, schemeHTTPS, schemeGRPC, schemeGRPCS, schemeDNS:
		return true
	}
	return false
}
