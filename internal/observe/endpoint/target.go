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

// target is where a check connects to.
type target struct {
	scheme string
	// host is a lower-case ASCII name or an IP address without brackets.
	host string
	// address is host and port as net.JoinHostPort writes them; of a scheme
	// without ports it is the host.
	address string
	// url is what HTTP asks for: normalised, with a non-empty path, without
	// user, fragment and the scheme's own port. Nil for other schemes.
	url *url.URL
}

// port returns the port, in decimal. The scheme has to have ports.
func (t *target) port() string { return t.address[strings.LastIndexByte(t.address, ':')+1:] }

// parseTarget reads a declared URL. The error is a *SpecError.
func parseTarget(declared string) (target, error) {
	u, err := url.Parse(declared)
	if err != nil {
		// The parser's error quotes the whole URL, which may hold a password.
		return target{}, invalid("url", "is not a URL such as https://www.example.org/")
	}
	if _, known := schemes[u.Scheme]; !known {
		if u.Scheme == "" {
			return target{}, invalid("url", "has no scheme")
		}
		return target{}, invalid("url", "there is no check for scheme %q", u.Scheme)
	}
	if u.User != nil {
		return target{}, invalid("url", "must not hold a user or password")
	}
	t, err := targetOf(u)
	if err != nil {
		return target{}, err
	}
	if t.url == nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "") {
		return target{}, invalid("url", "a %s url has no path: %s://%s", u.Scheme, u.Scheme, t.address)
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
	port, own := u.Port(), schemes[u.Scheme].port
	if schemes[u.Scheme].portless {
		if port != "" {
			return target{}, invalid("url", "a %s url has no port: %s://host", u.Scheme, u.Scheme)
		}
		return target{scheme: u.Scheme, host: host, address: host}, nil
	}
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
