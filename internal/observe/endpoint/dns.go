// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/miekg/dns"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// ownServers stands for the operator's own name servers in Probe.Target. It
// cannot be mistaken for a host and a port.
const ownServers = "/etc/resolv.conf"

// dnsProbe asks a name server for the records of a name.
type dnsProbe struct {
	common // whose target is the server
	// name that is asked for: lower case, with its final dot.
	name string
	// record is the type that is asked for.
	record uint16
	// expected values in normal form, each once, sorted.
	expected []string
	// own: the operator's own name servers are asked.
	own bool
}

// newDNS reads what an endpoint declares about DNS. The host of its URL is the
// name that is asked for, and never connected to.
func (f *Factory) newDNS(base common, e *v1alpha1.Endpoint, _ *question) (observe.Probe, error) {
	declared := e.DNS
	if declared == nil {
		declared = &v1alpha1.DNSCheck{}
	}
	p := &dnsProbe{common: base}
	kind := string(declared.RecordType)
	if kind == "" {
		kind = "A"
	}
	if _, known := recordTypes[kind]; !known {
		return nil, invalid("dns.recordType", "%q is none of A, AAAA, CAA, CNAME, MX, NS, PTR, SOA, SRV, TXT", kind)
	}
	p.record = recordTypes[kind].code
	var err error
	if p.name, err = askedName(base.target.host, p.record); err != nil {
		return nil, err
	}
	if p.expected, err = expectedValues(kind, declared.ExpectedValues); err != nil {
		return nil, err
	}
	// The final dot says nothing here, since nothing is ever appended to the
	// name: so the question begins anew with the name in its normal form.
	q := newQuestion(target{scheme: schemeDNS, address: p.name}, base.timeout, base.maxLatency)
	q.add("record", kind)
	q.add("expected", p.expected...)
	if declared.Server == "" {
		p.own = true
		p.target = target{scheme: schemeDNS, address: ownServers}
	} else {
		if p.target, err = serverOf(declared.Server); err != nil {
			return nil, err
		}
		if err := f.permitted("dns.server", p.target.host); err != nil {
			return nil, err
		}
		q.add("server", p.target.address)
	}
	if _, err := p.ask().Pack(); err != nil {
		return nil, invalid("url", "the host is no valid name")
	}
	p.key = q.key()
	return p, nil
}

// askedName returns the name to ask for. An address as the host of the URL
// stands for its reverse name, but only where that is what can be meant.
func askedName(host string, record uint16) (string, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		// The error would be that this is no address.
		reverse, _ := dns.ReverseAddr(addr.Unmap().WithZone("").String())
		if record != dns.TypePTR {
			return "", invalid("url", "needs a name, such as %s with recordType PTR", strings.TrimSuffix(reverse, "."))
		}
		return reverse, nil
	}
	if _, ok := dns.IsDomainName(host); !ok {
		return "", invalid("url", "the host is no valid name")
	}
	return dns.CanonicalName(host), nil
}

// serverOf reads dns.server: a host, with or without a port.
func serverOf(declared string) (target, error) {
	wrong := invalid("dns.server", "%q is no host such as ns1.example.org or 192.0.2.53, with or without a port", declared)
	host, port := declared, "53"
	if _, err := netip.ParseAddr(declared); err != nil && strings.Contains(declared, ":") {
		literal := strings.TrimSuffix(strings.TrimPrefix(declared, "["), "]")
		if _, err := netip.ParseAddr(literal); err == nil && declared == "["+literal+"]" {
			host = literal
		} else if host, port, err = net.SplitHostPort(declared); err != nil {
			return target{}, wrong
		}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil || number == 0 {
		return target{}, invalid("dns.server", "needs a port of 1 to 65535")
	}
	ascii, err := asciiHost(host)
	if err != nil || strings.ContainsAny(ascii, "/?#@[]\\") {
		return target{}, wrong
	}
	if _, ok := dns.IsDomainName(ascii); !ok {
		return target{}, wrong
	}
	return target{scheme: schemeDNS, host: ascii, address: net.JoinHostPort(ascii, strconv.FormatUint(number, 10))}, nil
}

// nameServer is one to ask: an address and a port.
type nameServer struct {
	addr netip.Addr
	port string
}

// servers returns whom to ask, in the order in which they are tried.
func (p *dnsProbe) servers(r *run) ([]nameServer, *fault) {
	if p.own {
		own := p.factory.ownServers()
		if len(own) == 0 {
			return nil, localFault(ReasonNoNameServer, "The operator's system names no name server.")
		}
		return own, nil
	}
	addrs, f := r.resolve(p.target.host)
	if f != nil {
		return nil, f
	}
	out := make([]nameServer, 0, len(addrs))
	for _, a := range addrs {
		out = append(out, nameServer{addr: a, port: p.target.port()})
	}
	return out, nil
}

// Run implements observe.Probe.
func (p *dnsProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	servers, f := p.servers(r)
	if f != nil {
		if p.own {
			// There was nobody to connect to.
			r.enter(observe.StepConnect)
		}
		return r.finish(f, p.maxLatency)
	}
	f = r.inOrder(len(servers), p.timeout, func(ctx context.Context, i int) (*fault, bool) {
		answer, f := p.exchange(ctx, r, servers[i])
		if f != nil {
			// What the server itself said, or did not, is the last word;
			// where none was heard, another may be.
			return f, f.class == observe.ClassTarget && f.step != observe.StepConnect
		}
		return p.judge(r, answer), true
	})
	if p.own && f != nil && f.step == observe.StepConnect && f.class != observe.ClassLocal {
		f = unreachableResolver()
		f.step = observe.StepConnect
	}
	return r.finish(f, p.maxLatency)
}

// inOrder tries one after the other, each for its share of the time, until
// try says that its fault, or nil, is the last word. Else it returns the fault
// that says most. It is for what needs no connection: there is none to win a
// race, and one question less is asked.
func (r *run) inOrder(n int, timeout time.Duration, try func(ctx context.Context, i int) (f *fault, final bool)) *fault {
	var worst *fault
	for i := range n {
		f, final := func() (*fault, bool) {
			if i == n-1 {
				return try(r.ctx, i)
			}
			ctx, cancel := context.WithTimeout(r.ctx, timeout/time.Duration(n))
			defer cancel()
			return try(ctx, i)
		}()
		if final {
			return f
		}
		if worst == nil || tells(f) > tells(worst) {
			worst = f
		}
		if r.ctx.Err() != nil {
			break
		}
	}
	return worst
}
