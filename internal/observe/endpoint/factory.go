// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// DefaultUserAgent names the operator to HTTP servers, unless Options or an
// endpoint's header say otherwise.
const DefaultUserAgent = "kdz-operator"

// Resolver finds the addresses of a name. *net.Resolver is one.
type Resolver interface {
	// LookupNetIP returns the addresses of host in the order in which they
	// should be tried; network is "ip". Errors are *net.DNSError.
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options say with what the probes of a Factory look at the world. The zero
// value is ready for use.
type Options struct {
	// Dial opens a connection; network is "tcp" or "udp", address an IP address
	// and a port. Nil means the system's own. ICMP has no connections and does
	// without.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Resolver finds addresses; nil means Go's own resolver with the system's
	// configuration, whose answers are kept for a short time.
	Resolver Resolver
	// NameServers returns the addresses, with or without a port, of whom dns
	// checks ask that declare no server; of more than three the first three
	// are asked. They are the administrator's choice, so Egress is not asked
	// about them. It is called in each such check, by many goroutines at once.
	// Nil means those of /etc/resolv.conf.
	NameServers func() []string
	// Clock measures the steps and judges certificates; nil means the
	// system's. Timeouts follow the system's clock in any case.
	Clock clock.PassiveClock
	// Egress is asked before each connection, with the resolved address, those
	// that a redirect leads to included. Nil allows everything.
	Egress *Egress
	// UserAgent of HTTP requests; empty means DefaultUserAgent.
	UserAgent string
}

// Secrets returns the Secret of that name in the Application's namespace, or
// the error with which reading it ended. It is called only while New runs, and
// only for names that SecretNames returns.
type Secrets func(name string) (*corev1.Secret, error)

// Factory makes probes and holds what they share: how to dial and resolve, and
// one copy of what many endpoints declare alike (certification authorities,
// client certificates, expressions). It is safe for concurrent use.
type Factory struct {
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	resolver  Resolver
	clock     clock.PassiveClock
	egress    *Egress
	userAgent string
	// nameServers are the operator's own.
	nameServers func() []string
	// openEcho opens a socket for ICMP.
	openEcho func(v6 bool) (*echoSocket, error)

	keeper      keeper
	tlsBases    shared[tlsBase]
	patterns    shared[pattern]
	expressions shared[expression]
}

// NewFactory returns a Factory with these options.
func NewFactory(o Options) *Factory {
	f := &Factory{
		dial: o.Dial, resolver: o.Resolver, clock: o.Clock, egress: o.Egress, userAgent: o.UserAgent,
		nameServers: o.NameServers, openEcho: openEcho,
	}
	if f.dial == nil {
		// Keep-alive probes are for connections that last.
		f.dial = (&net.Dialer{KeepAlive: -1}).DialContext
	}
	if f.clock == nil {
		f.clock = clock.RealClock{}
	}
	if f.resolver == nil {
		f.resolver = newCachingResolver(newResolver((&net.Dialer{}).DialContext), f.clock)
	}
	if f.nameServers == nil {
		f.nameServers = (&resolvConf{path: "/etc/resolv.conf", clock: f.clock}).nameServers
	}
	if f.userAgent == "" {
		f.userAgent = DefaultUserAgent
	}
	return f
}

// newResolver returns Go's resolver, asking name servers through dial. Left to
// itself it would wait for a silent name server long after the check gave up,
// and hold a socket meanwhile; here its sockets end with the look-up.
func newResolver(dial func(ctx context.Context, network, address string) (net.Conn, error)) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		// An error means that the connection is closed already.
		context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
		return conn, nil
	}}
}

// New returns the probe that asks what e declares. An error is a *SpecError or
// a *SecretError.
func (f *Factory) New(e *v1alpha1.Endpoint, secrets Secrets) (observe.Probe, error) {
	t, err := parseTarget(e.URL)
	if err != nil {
		return nil, err
	}
	base := common{factory: f, target: t}
	if base.timeout, err = Timeout(e); err != nil {
		return nil, err
	}
	if base.maxLatency, err = MaxLatency(e); err != nil {
		return nil, err
	}
	if err := fitting(e, t.scheme); err != nil {
		return nil, err
	}
	// The host of a dns url is asked for, not connected to.
	if err := f.permitted("url", t.host); err != nil && t.scheme != schemeDNS {
		return nil, err
	}
	q := newQuestion(t, base.timeout, base.maxLatency)
	reader := &secretReader{secrets: secrets}
	switch t.scheme {
	case schemeHTTP, schemeHTTPS:
		return f.newHTTP(base, e, reader, q)
	case schemeTLS:
		return f.newTLS(base, e, reader, q)
	case schemeDNS:
		return f.newDNS(base, e, q)
	case schemeICMP:
		return f.newICMP(base, q)
	case schemeGRPC, schemeGRPCS:
		return f.newGRPC(base, e, reader, q)
	case schemeSMTP, schemeSMTPS:
		return f.newSMTP(base, e, reader, q)
	case schemeIMAP, schemeIMAPS:
		return f.newIMAP(base, e, reader, q)
	case schemeLDAP, schemeLDAPS:
		return f.newLDAP(base, e, reader, q)
	case schemeSSH:
		return f.newSSH(base, e, q)
	default:
		base.key = q.key()
		return &tcpProbe{common: base}, nil
	}
}

// permitted returns a *SpecError if host is an address to which checks may not
// connect. What a name stands for is looked at when it is resolved.
func (f *Factory) permitted(field, host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		if err := f.egress.Check(addr); err != nil {
			refused := invalid(field, "%s", err.Error())
			refused.Reason = SpecEgressRefused
			return refused
		}
	}
	return nil
}

// SecretNames returns the names of the Secrets that e refers to, each once, in
// the order of the declaration.
func SecretNames(e *v1alpha1.Endpoint) []string {
	var names []string
	add := func(name string) {
		if slices.Contains(names, name) {
			return
		}
		names = append(names, name)
	}
	if h := e.HTTP; h != nil {
		for _, header := range h.Headers {
			if header.SecretKeyRef != nil {
				add(header.SecretKeyRef.Name)
			}
		}
		if h.BasicAuthSecretRef != nil {
			add(h.BasicAuthSecretRef.Name)
		}
		if h.BearerTokenSecretRef != nil {
			add(h.BearerTokenSecretRef.Name)
		}
	}
	if l := e.LDAP; l != nil && l.BindSecretRef != nil {
		add(l.BindSecretRef.Name)
	}
	if t := e.TLS; t != nil {
		if t.CASecretRef != nil {
			add(t.CASecretRef.Name)
		}
		if t.ClientCertificateSecretRef != nil {
			add(t.ClientCertificateSecretRef.Name)
		}
	}
	return names
}

// common is what every probe of this package has.
type common struct {
	factory    *Factory
	target     target
	key        string
	timeout    time.Duration
	maxLatency time.Duration
}

// Key implements observe.Probe.
func (c *common) Key() string { return c.key }

// Target implements observe.Probe.
func (c *common) Target() string { return c.target.address }
