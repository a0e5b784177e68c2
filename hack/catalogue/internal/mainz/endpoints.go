// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// addEndpoints adds the endpoints, all of them examples that the lab of the
// demonstration serves on loopback.
func (b *builder) addEndpoints() {
	for _, row := range b.tables[fileEndpoints] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		if !ok {
			continue
		}
		name := row.Cell("endpoint")
		if !validName(name.Value) {
			b.fail(name, "%q is no name; write one of a-z, 0-9 and -, at most %d characters", name.Value, maxName)
		}
		if slices.ContainsFunc(a.object.Spec.Endpoints, func(e v1alpha1.Endpoint) bool { return string(e.Name) == name.Value }) {
			b.fail(name, "the application already has an endpoint %q; write another name", name.Value)
		}
		b.running(a, row.Cell("application"))
		a.object.Spec.Endpoints = append(a.object.Spec.Endpoints, b.endpoint(row))
		a.marks.example("spec.endpoints")
	}
}

// endpoint reads one endpoint and what the lab does with it.
func (b *builder) endpoint(row table.Row) v1alpha1.Endpoint {
	e := v1alpha1.Endpoint{
		Name:             v1alpha1.ItemName(row.Get("endpoint")),
		URL:              row.Get("url"),
		Interval:         b.duration(row.Cell("interval")),
		Timeout:          b.duration(row.Cell("timeout")),
		FailureThreshold: b.number(row.Cell("failure_threshold"), 1),
		Importance:       v1alpha1.Importance(row.Get("importance")),
		MaxLatency:       b.duration(row.Cell("max_latency")),
	}
	b.oneOf(row.Cell("importance"), "Essential", "Supporting")
	interval, _ := time.ParseDuration(string(e.Interval))
	timeout, _ := time.ParseDuration(string(e.Timeout))
	if interval < 5*time.Second {
		b.fail(row.Cell("interval"), "the interval %q is too short; write at least 5s", e.Interval)
	}
	if timeout >= interval {
		b.fail(row.Cell("timeout"), "the timeout must be shorter than the interval %s", e.Interval)
	}
	scheme := b.scheme(row.Cell("url"))
	b.loopback(row, scheme)
	if c := row.Cell("body_pattern"); b.only(c, scheme, "http", "https") {
		e.HTTP = &v1alpha1.HTTPCheck{BodyPattern: c.Value}
	}
	if c := row.Cell("ca_secret"); b.only(c, scheme, "https", "tls", "grpcs", "smtp", "smtps", "imap", "imaps", "ldap", "ldaps") {
		e.TLS = &v1alpha1.TLSCheck{
			CASecretRef: &v1alpha1.SecretReference{Name: c.Value},
			ServerName:  row.Get("server_name"),
		}
	}
	if c := row.Cell("grpc_service"); b.only(c, scheme, "grpc", "grpcs") {
		e.GRPC = &v1alpha1.GRPCCheck{Service: c.Value}
	}
	e.DNS = b.dns(row, scheme)
	b.behaviour(row, scheme)
	return e
}

// behaviour checks what the lab is to do with an endpoint.
func (b *builder) behaviour(row table.Row, scheme string) {
	if c := row.Cell("lab"); scheme == "icmp" && c.Value != "up" {
		b.fail(c, "the kernel answers for 127.0.0.1, not the lab; write up")
	}
	b.oneOf(row.Cell("lab"), "up", "down", "flaps", "slow")
	fault := row.Cell("fault")
	if row.Get("lab") != "down" {
		b.oneOf(fault, "")
		return
	}
	b.oneOf(fault, "refused", "status-500", "not-serving", "expired-certificate")
	switch fault.Value {
	case "status-500":
		b.only(fault, scheme, "http", "https")
	case "not-serving":
		b.only(fault, scheme, "grpc", "grpcs")
	case "expired-certificate":
		if row.Cell("ca_secret").Empty() {
			b.fail(fault, "the endpoint has no certificate; write ca_secret or another fault")
		}
	}
}

// only says whether a cell holds something, which it may with some schemes.
func (b *builder) only(c table.Cell, scheme string, schemes ...string) bool {
	if !c.Empty() && !slices.Contains(schemes, scheme) {
		what := c.Header
		if what == "fault" {
			what = c.Value
		}
		b.fail(c, "%s is only for %s; leave it empty", what, strings.Join(schemes, ", "))
	}
	return !c.Empty()
}

// dns reads what a name server is asked and has to answer, which is also what
// the lab answers.
func (b *builder) dns(row table.Row, scheme string) *v1alpha1.DNSCheck {
	server, kind, values := row.Cell("dns_server"), row.Cell("dns_type"), row.Cell("dns_values")
	for _, c := range []table.Cell{server, kind, values} {
		b.only(c, scheme, "dns")
	}
	if scheme != "dns" {
		return nil
	}
	b.oneOf(kind, "A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
	if values.Empty() {
		b.fail(values, "there is nothing that the lab could answer; write one value or several parted by ;, as a zone file has them")
	}
	return &v1alpha1.DNSCheck{RecordType: v1alpha1.DNSRecordType(kind.Value), ExpectedValues: list(values), Server: server.Value}
}

// labSchemes are those that the lab of the demonstration serves.
var labSchemes = []string{
	"dns", "grpc", "grpcs", "http", "https", "icmp", "imap", "imaps", "ldap", "ldaps", "smtp", "smtps", "ssh", "tcp", "tls",
}

// scheme reads the scheme of a URL, which must be one that the lab can serve.
func (b *builder) scheme(c table.Cell) string {
	u, err := url.Parse(c.Value)
	if err != nil {
		b.fail(c, "%q is no URL; write one such as http://127.0.0.1:18080/health", c.Value)
		return ""
	}
	if !slices.Contains(labSchemes, u.Scheme) {
		b.fail(c, "the lab does not serve %q; write a URL with one of %s", u.Scheme, strings.Join(labSchemes, ", "))
		return ""
	}
	return u.Scheme
}

// loopback checks that an endpoint is asked where the lab can serve it.
func (b *builder) loopback(row table.Row, scheme string) {
	c := row.Cell("url")
	u, err := url.Parse(c.Value)
	if err != nil || scheme == "" {
		return // told already
	}
	host, port := u.Hostname(), u.Port()
	switch {
	case (scheme == "dns" || scheme == "icmp") && port != "":
		b.fail(c, "a URL with %s has no port; write %s://%s", scheme, scheme, host)
		return
	case scheme == "dns":
		c = row.Cell("dns_server")
		if host, port, err = net.SplitHostPort(c.Value); err != nil {
			b.fail(c, "%q is no name server; write 127.0.0.1 with a port, such as 127.0.0.1:18520", c.Value)
			return
		}
	case scheme == "icmp":
		port = "none"
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() || port == "" {
		b.fail(c, "%q is not on this machine; the lab serves 127.0.0.1 with a port only", c.Value)
	}
}
