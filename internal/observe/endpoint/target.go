// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

const (
	schemeHTTP  = "http"
	schemeHTTPS = "https"
	schemeTCP   = "tcp"
	schemeTLS   = "tls"
)

// defaultPorts of the schemes that have a check; 0 means that the URL has to
// name one.
var defaultPorts = map[string]string{schemeHTTP: "80", schemeHTTPS: "443", schemeTLS: "443", schemeTCP: ""}

// target is where a check connects to.
type target struct {
	scheme string
	// host is a lower-case ASCII name or an IP address without brackets.
	host string
	// address is host and port as net.JoinHostPort writes them.
	address string
	// url is what HTTP asks for: normalised, with a non-empty path, without
	// user, fragment and the scheme's own port. Nil for other schemes.
	url *url.URL
}

// port returns the port, in decimal.
func (t *target) port() string { return t.address[strings.LastIndexByte(t.address, ':')+1:] }

// parseTarget reads a declared URL. The error is a *SpecError.
func parseTarget(declared string) (target, error) {
	u, err := url.Parse(declared)
	if err != nil {
		// The parser's error quotes the whole URL, which may hold a password.
		return target{}, invalid("url", "is not a URL such as https://www.example.org/")
	}
	if _, known := defaultPorts[u.Scheme]; !known {
		if u.Scheme == "" {
			return target{}, invalid("url", "has no scheme")
		}
		e := invalid("url", "there is no check for scheme %q in this version", u.Scheme)
		e.Reason = SpecSchemeNotSupported
		return target{}, e
	}
	if u.User != nil {
		return target{}, invalid("url", "must not hold a user or password")
	}
	t, err := targetOf(u)
	if err != nil {
		return target{}, err
	}
	if t.url == nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
		return target{}, invalid("url", "a %s url has no path: %s://host:port", u.Scheme, u.Scheme)
	}
	return t, nil
}

// targetOf normalises a parsed URL without user whose scheme has a check. It
// does not change u. The error is a *SpecError.
func targetOf(u *url.URL) (target, error) {
	host, err := asciiHost(u.Hostname())
	if err != nil {
		return target{}, err
	}
	own := defaultPorts[u.Scheme]
	port := u.Port()
	if port == "" {
		port = own
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return target{}, invalid("url", "needs a port of 1 to 65535")
	}
	port = strconv.FormatUint(number, 10)
	t := target{scheme: u.Scheme, host: host, address: net.JoinHostPort(host, port)}
	if u.Scheme != schemeHTTP && u.Scheme != schemeHTTPS {
		return t, nil
	}
	c := &url.URL{Scheme: u.Scheme, Host: t.address, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, ForceQuery: u.ForceQuery}
	if port == own {
		c.Host = strings.TrimSuffix(t.address, ":"+port)
	}
	if c.Path == "" {
		c.Path = "/"
	}
	// The parser lets a space or a letter beyond ASCII pass in a query; on the
	// wire they would break the request line.
	c.RawQuery = escapeQuery(c.RawQuery)
	t.url = c
	return t, nil
}

func asciiHost(host string) (string, error) {
	if host == "" {
		return "", invalid("url", "needs a host")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), nil
	}
	for i := range len(host) {
		if host[i] < 0x80 {
			continue
		}
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", invalid("url", "the host is no valid name")
		}
		return ascii, nil
	}
	if strings.ContainsAny(host, " \t%:") || len(host) > 254 {
		return "", invalid("url", "the host is no valid name")
	}
	return strings.ToLower(host), nil
}

func escapeQuery(q string) string {
	clean := true
	for i := range len(q) {
		clean = clean && q[i] > ' ' && q[i] < 0x7f
	}
	if clean {
		return q
	}
	var b strings.Builder
	for i := range len(q) {
		if q[i] > ' ' && q[i] < 0x7f {
			b.WriteByte(q[i])
			continue
		}
		const digits = "0123456789ABCDEF"
		b.Write([]byte{'%', digits[q[i]>>4], digits[q[i]&15]})
	}
	return b.String()
}
