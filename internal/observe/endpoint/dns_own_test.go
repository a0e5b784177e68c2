// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/internal/observe"
)

// TestOwnNameServers: silence leads to the next, an answer does not; the guard
// is not asked.
func TestOwnNameServers(t *testing.T) {
	works := dnsUDP(t, good)
	fails := dnsUDP(t, packed(func(m *dns.Msg) { m.Rcode = dns.RcodeServerFailure }))
	forges := dnsUDP(t, forgedID)
	deaf := dnsUDP(t, func(*dns.Msg) [][]byte { return nil })
	// An address at which no test listens.
	nobody := strings.Replace(freePort(t), loopback.String(), "127.0.0.81", 1)
	unreachable := inconclusive(observe.ClassPath, observe.StepConnect, ReasonResolverUnreachable)
	failing := failed(observe.StepRequest, ReasonNameServerFailure)
	for _, c := range []struct {
		name    string
		servers []string
		want    want
		address string
	}{
		{"works", []string{works}, success, works},
		{"nobody there", []string{nobody, works}, success, works},
		{"deaf", []string{deaf, works}, success, works},
		{"all deaf", []string{deaf, deaf, deaf, works}, unreachable, deaf},
		{"nobody anywhere", []string{nobody}, unreachable, nobody},
		{"fails", []string{fails, works}, failing, fails},
		{"forges", []string{forges, works}, success, works},
		{"no address", []string{"ns1.mainz.test", "", works}, success, works},
		{"none", nil, inconclusive(observe.ClassLocal, observe.StepConnect, ReasonNoNameServer), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := NewFactory(Options{NameServers: func() []string { return c.servers }, Egress: NewEgress(nil, nil)})
			e := endpointOf("dns://mainz.test")
			e.Timeout = "3s"
			if c.want == unreachable {
				e.Timeout = "600ms"
			}
			if r := check(t, f, e, nil, c.want); r.Address != c.address {
				t.Errorf("address is %s, want %s", r.Address, c.address)
			}
		})
	}
}

func TestResolvConf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	write := func(content string) {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	clk := clocktesting.NewFakePassiveClock(time.Unix(1_700_000_000, 0))
	conf := &resolvConf{path: path, clock: clk}
	f := NewFactory(Options{NameServers: conf.nameServers})
	expect := func(when string, want ...string) {
		t.Helper()
		var got []string
		for _, s := range f.ownServers() {
			got = append(got, s.addr.String()+" "+s.port)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	expect("no file")
	write("# comment\nsearch mainz.test\nnameserver 127.0.0.53\nnameserver name\nnameserver 2001:db8::53\nnameserver fe80::1%lo\nnameserver 192.0.2.1\noptions edns0\n")
	expect("too soon")
	clk.SetTime(clk.Now().Add(reread))
	expect("written", "127.0.0.53 53", "2001:db8::53 53", "fe80::1%lo 53")
	write("nameserver 192.0.2.1\n")
	expect("changed, too soon", "127.0.0.53 53", "2001:db8::53 53", "fe80::1%lo 53")
	clk.SetTime(clk.Now().Add(reread))
	expect("changed", "192.0.2.1 53")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	clk.SetTime(clk.Now().Add(reread))
	expect("gone", "192.0.2.1 53")
}

// TestDNSCalledOff: a check ends soon when whoever asked goes.
func TestDNSCalledOff(t *testing.T) {
	for _, over := range []string{"udp", "tcp"} {
		ctx, cancel := context.WithCancel(t.Context())
		address := dnsBoth(t, func(ask *dns.Msg) [][]byte {
			if over == "udp" {
				cancel()
				return nil
			}
			return truncated(ask)
		}, func(conn net.Conn) { readQuestion(conn); cancel(); silence(conn) })
		for _, options := range []Options{{}, {NameServers: func() []string { return []string{address, address} }}} {
			e := dnsEndpoint("dns://mainz.test", address, "")
			if options.NameServers != nil {
				e.DNS = nil
			}
			p, err := NewFactory(options).New(e, nil)
			if err != nil {
				t.Fatal(err)
			}
			r := p.Run(ctx)
			sound(t, r)
			if r.Outcome != observe.OutcomeInconclusive || r.Class != observe.ClassLocal || r.Reason != ReasonCancelled || r.Latency > 5*time.Second {
				t.Errorf("over %s: %+v", over, r)
			}
		}
		cancel()
	}
}
