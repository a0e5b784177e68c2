// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// gullible resolves whatever anybody's resolver has ever resolved: it reads a
// name as an address in each notation that C libraries and browsers know, and
// says 127.0.0.1 for all others, as a hostile name server would.
type gullible struct{}

func (gullible) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := loose(host); ok {
		return []netip.Addr{a}, nil
	}
	return []netip.Addr{loopback}, nil
}

// loose reads an address of one to four numbers, decimal, octal or hexadecimal
// (inet_aton).
func loose(host string) (netip.Addr, bool) {
	parts := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	var all uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 0, 32)
		if err != nil {
			return netip.Addr{}, false
		}
		if i == len(parts)-1 {
			all |= n
		} else {
			all |= n << (24 - 8*i)
		}
	}
	return netip.AddrFrom4([4]byte{byte(all >> 24), byte(all >> 16), byte(all >> 8), byte(all)}), true
}

// watchman counts connections and lets none be made.
type watchman struct {
	mu      sync.Mutex
	dialled []string
}

func (w *watchman) dial(_ context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialled = append(w.dialled, network+" "+address)
	return nil, errors.New("not in this test")
}

// guardedHosts are places where no check may connect, in every notation.
var guardedHosts = []string{
	// 127.0.0.1
	"127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0177.1", "017700000001",
	"127.0.0.1.", "127.255.255.254", "127.0.0.2", "localhost", "LOCALHOST", "localhost.", "anything.localhost", "localtest.mainz.test",
	"127.0.0.1.nip.mainz.test", "１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1",
	"[::1]", "[0:0:0:0:0:0:0:1]", "[::0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]", "[::FFFF:127.0.0.1]",
	"[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:7f00:1::1]",
	"[2001:0:1:2:3:4:80ff:fffe]", "[::ffff:0:127.0.0.1]",
	// 169.254.169.254 and its like
	"169.254.169.254", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "169.254.43518", "169.16689662",
	"[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[::169.254.169.254]", "[fe80::5efe:a9fe:a9fe]",
	"169.254.170.2", "168.63.129.16", "100.100.100.200", "192.0.0.192", "[fd00:ec2::254]", "[fd20:ce::254]",
	// Others
	"0.0.0.0", "0", "0.1.2.3", "[::]", "[::ffff:0.0.0.0]", "[fe80::1]", "[fe80::1%25eth0]", "[febf::1]", "224.0.0.1", "239.255.255.250", "[ff02::1]",
	"255.255.255.255", "240.0.0.1", "4294967295",
	// The API server's
	"10.96.0.1", "[::ffff:10.96.0.1]", "[64:ff9b::a60:1]", "0xa600001", "[2001:db8::6443]",
}

// guard is the operator's guard as it is without flags.
func guard() *Egress {
	e := NewEgress(nil, nil)
	e.SetAPIServer([]netip.Addr{netip.MustParseAddr("::ffff:10.96.0.1"), netip.MustParseAddr("2001:db8::6443")})
	return e
}

// TestGuardedHosts: whatever the notation and the scheme, nothing connects, and
// a target that is refused says so.
func TestGuardedHosts(t *testing.T) {
	for _, host := range guardedHosts {
		for _, form := range []string{"http://%", "https://%:8443/x", "tcp://%:22", "tls://%", "icmp://%", "grpc://%:1", "smtp://%", "imaps://%", "ldap://%", "ssh://%"} {
			url := strings.ReplaceAll(form, "%", host)
			if form[0] == '%' || strings.Contains(host, "%") {
				url = strings.Replace(form, "%", host, 1)
			}
			t.Run(url, func(t *testing.T) { refuses(t, impatient(url)) })
		}
		server := strings.Trim(strings.ReplaceAll(host, "%25", "%"), "[]")
		e := impatient("dns://www.mainz.test")
		e.DNS = &v1alpha1.DNSCheck{Server: net.JoinHostPort(server, "53")}
		t.Run("name server "+server, func(t *testing.T) { refuses(t, e) })
	}
}

// refuses checks that an endpoint is refused, at once or when it is asked.
func refuses(t *testing.T, e *v1alpha1.Endpoint) {
	t.Helper()
	w := &watchman{}
	p, err := NewFactory(Options{Egress: guard(), Resolver: gullible{}, Dial: w.dial}).New(e, nil)
	var spec *SpecError
	switch {
	case errors.As(err, &spec):
		if spec.Reason != SpecEgressRefused && spec.Reason != SpecInvalid {
			t.Errorf("reason is %s", spec.Reason)
		}
	case err != nil:
		t.Fatal(err)
	default:
		r := p.Run(context.Background())
		sound(t, r)
		if r.Outcome != observe.OutcomeInconclusive || r.Class != observe.ClassLocal || r.Reason != ReasonEgressRefused {
			t.Errorf("result is %+v", r)
		}
	}
	if len(w.dialled) > 0 {
		t.Errorf("connected to %v", w.dialled)
	}
}

// TestRefusedLiteral: an address that is refused is a fault of the declaration,
// with a reason of its own and a word on what to do.
func TestRefusedLiteral(t *testing.T) {
	for _, url := range []string{"http://127.0.0.1/", "https://[::1]:8443", "tcp://169.254.169.254:80", "ssh://[::ffff:127.0.0.1]", "icmp://10.96.0.1"} {
		_, err := NewFactory(Options{Egress: guard()}).New(endpointOf(url), nil)
		specError(t, err, "url", SpecEgressRefused)
		if err != nil && !strings.Contains(err.Error(), "-egress-allow") {
			t.Errorf("%s: error does not say what to do: %v", url, err)
		}
	}
}

// moving is a name whose address changes with every look-up.
type moving struct {
	mu   sync.Mutex
	next []netip.Addr
}

func (m *moving) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.next[0]
	if len(m.next) > 1 {
		m.next = m.next[1:]
	}
	return []netip.Addr{a}, nil
}

// TestRebinding: a name that led to a harmless address when it was declared, or
// at the check before, is judged by where it leads now.
func TestRebinding(t *testing.T) {
	outside := netip.MustParseAddr("127.9.9.9")
	e := NewEgress([]netip.Prefix{netip.PrefixFrom(outside, 32)}, nil)
	w := &watchman{}
	f := NewFactory(Options{Egress: e, Dial: w.dial, Resolver: &moving{next: []netip.Addr{outside, loopback}}})
	p, err := f.New(endpointOf("http://www.mainz.test/"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Run(context.Background()); r.Reason == ReasonEgressRefused {
		t.Errorf("the harmless address is refused: %+v", r)
	}
	checkProbe(t, p, inconclusive(observe.ClassLocal, observe.StepConnect, ReasonEgressRefused))
	if len(w.dialled) != 1 || w.dialled[0] != "tcp 127.9.9.9:80" {
		t.Errorf("connected to %v", w.dialled)
	}
}

// TestSomeRefused: of a name's addresses only those are tried that may be.
func TestSomeRefused(t *testing.T) {
	listening := rawServer(t, silence)
	_, port, err := net.SplitHostPort(listening)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEgress([]netip.Prefix{netip.PrefixFrom(loopback, 32)}, nil)
	f := NewFactory(Options{Egress: e, Resolver: addresses{netip.MustParseAddr("169.254.169.254"), loopback, netip.MustParseAddr("::1")}})
	r := check(t, f, endpointOf("tcp://www.mainz.test:"+port), nil, success)
	if r.Address != listening {
		t.Errorf("connected to %s", r.Address)
	}
}

// TestGuardedRedirects: where a redirect leads is judged like where the check
// began.
func TestGuardedRedirects(t *testing.T) {
	e := NewEgress([]netip.Prefix{netip.PrefixFrom(loopback, 32)}, nil)
	for _, location := range []string{
		"http://127.0.0.2/", "http://127.1:1/", "http://localhost:1/", "http://[::1]:1/", "http://[::ffff:127.0.0.2]:1/", "http://169.254.169.254/latest/meta-data/",
		"http://0xa9fea9fe/", "http://[64:ff9b::a9fe:a9fe]/", "http://[fd00:ec2::254]/", "http://0.0.0.0:1/", "https://127.0.0.3/", "//127.0.0.4/", "http://rebound.mainz.test/",
	} {
		t.Run(location, func(t *testing.T) {
			first := rawServer(t, func(conn net.Conn) {
				if readRequest(conn) != nil {
					_, _ = io.WriteString(conn, "HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 0\r\n\r\n")
				}
			})
			w := &watchman{}
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				if address == first {
					return (&net.Dialer{}).DialContext(ctx, network, address)
				}
				return w.dial(ctx, network, address)
			}
			// 127.1 would be 127.0.0.1, which this test allows.
			elsewhere := &moving{next: []netip.Addr{netip.MustParseAddr("127.0.0.9")}}
			e1 := endpointOf("http://" + first + "/")
			e1.HTTP = &v1alpha1.HTTPCheck{FollowRedirects: true}
			check(t, NewFactory(Options{Egress: e, Dial: dial, Resolver: elsewhere}), e1, nil,
				inconclusive(observe.ClassLocal, observe.StepRequest, ReasonEgressRefused))
			if len(w.dialled) > 0 {
				t.Errorf("connected to %v", w.dialled)
			}
		})
	}
}

// TestEgressRules: the longest prefix decides, and at equal length the
// administrator's, first of all a refusal.
func TestEgressRules(t *testing.T) {
	for _, c := range []struct {
		name, allow, deny string
		good, bad         []string
	}{
		{"none", "", "", []string{"192.0.2.1", "10.0.0.1", "2001:db8::1", "fd00::1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1"}, []string{"127.0.0.1", "fe80::1", "10.96.0.1"}},
		{"everything opens nothing that is guarded", "0.0.0.0/0,::/0", "", []string{"192.0.2.1"}, []string{"127.0.0.1", "::1", "169.254.169.254", "10.96.0.1"}},
		{"one address", "127.0.0.1", "", []string{"127.0.0.1", "::ffff:127.0.0.1"}, []string{"127.0.0.2", "::1"}},
		{"loopback", "127.0.0.0/8,::1", "", []string{"127.0.0.1", "127.8.9.1", "::1"}, []string{"169.254.169.254"}},
		{"link-local without metadata", "169.254.0.0/16", "", []string{"169.254.1.1"}, []string{"169.254.169.254", "169.254.170.2"}},
		{"metadata by its name", "169.254.169.254/32", "", []string{"169.254.169.254"}, []string{"169.254.1.1"}},
		{"API server by its name only", "10.0.0.0/8", "", []string{"10.96.0.2"}, []string{"10.96.0.1"}},
		{"API server by its name", "10.96.0.1,2001:db8::6443", "", []string{"10.96.0.1", "2001:db8::6443"}, nil},
		{"one network only", "10.0.0.0/8", "0.0.0.0/0,::/0", []string{"10.1.2.3"}, []string{"192.0.2.1", "2001:db8::1", "64:ff9b::c000:201", "127.0.0.1", "10.96.0.1"}},
		{"hole in a network", "10.0.0.0/8", "10.1.0.0/16", []string{"10.2.0.1"}, []string{"10.1.0.1", "::ffff:10.1.0.1", "64:ff9b::a01:1"}},
		{"hole in a hole", "10.1.2.0/24", "10.1.0.0/16", []string{"10.1.2.3", "10.2.0.1"}, []string{"10.1.3.3"}},
		{"both", "192.0.2.1", "192.0.2.1", nil, []string{"192.0.2.1"}},
		{"a network of IPv6 longer than one address of IPv4", "2001:db8::/64,10.96.0.1", "", []string{"10.96.0.1"}, []string{"2001:db8::6443"}},
		{"mapped", "::ffff:127.0.0.0/104", "", []string{"127.0.0.1"}, []string{"::1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			allow, err := ParsePrefixes(c.allow)
			if err != nil {
				t.Fatal(err)
			}
			deny, err := ParsePrefixes(c.deny)
			if err != nil {
				t.Fatal(err)
			}
			e := NewEgress(allow, deny)
			e.SetAPIServer([]netip.Addr{netip.MustParseAddr("10.96.0.1"), netip.MustParseAddr("2001:db8::6443")})
			for _, a := range c.good {
				if err := e.Check(netip.MustParseAddr(a)); err != nil {
					t.Errorf("%s: %v", a, err)
				}
			}
			for _, a := range c.bad {
				var refused *EgressError
				if err := e.Check(netip.MustParseAddr(a)); !errors.As(err, &refused) || refused.What == "" {
					t.Errorf("%s is not refused: %v", a, err)
				}
			}
		})
	}
	if err := (*Egress)(nil).Check(loopback); err != nil {
		t.Errorf("no guard refuses: %v", err)
	}
	if err := guard().Check(netip.Addr{}); err == nil {
		t.Error("no address is allowed")
	}
}

// TestEgressDisguise: whatever is refused is refused in every dress, too.
func TestEgressDisguise(t *testing.T) {
	e := guard()
	rapid.Check(t, func(t *rapid.T) {
		a := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")))
		if e.Check(a) == nil {
			return
		}
		b := a.As4()
		for _, prefix := range []string{"::ffff:0:0", "64:ff9b::", "64:ff9b:1:2:3::", "::ffff:0:0:0", "fe80::5efe:0:0"} {
			dress := netip.MustParseAddr(prefix).As16()
			copy(dress[12:], b[:])
			if e.Check(netip.AddrFrom16(dress)) == nil {
				t.Fatalf("%s is allowed", netip.AddrFrom16(dress))
			}
		}
		six := netip.MustParseAddr("2002::1").As16()
		copy(six[2:], b[:])
		if e.Check(netip.AddrFrom16(six)) == nil {
			t.Fatalf("%s is allowed", netip.AddrFrom16(six))
		}
	})
}

func TestParsePrefixes(t *testing.T) {
	for _, bad := range []string{"10.0.0.0/33", "10.0.0.1/8", "10.0.0", "example.org", "10.0.0.0/8;::1", "fe80::1/10"} {
		if p, err := ParsePrefixes("192.0.2.1, " + bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%s is read as %v, error %v", bad, p, err)
		}
	}
	got, err := ParsePrefixes(" 10.0.0.0/8,,192.0.2.1 , 2001:db8::/32,fe80::1%eth0")
	if err != nil || len(got) != 4 || got[1].String() != "192.0.2.1/32" || got[3].String() != "fe80::1/128" {
		t.Errorf("prefixes are %v, error %v", got, err)
	}
}

func BenchmarkEgress(b *testing.B) {
	e := guard()
	a := netip.MustParseAddr("2001:db8::1")
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Check(a); err != nil {
			b.Fatal(err)
		}
	}
}
