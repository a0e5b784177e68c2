// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/miekg/dns"
)

// zone makes an endpoint that asks for a name at the server on a port.
func zone(name, kind string, port int, values ...string) Endpoint {
	e := at(strings.ToLower(name+"-"+kind), "dns://"+name, 0)
	e.URL = "dns://" + name
	e.DNS = DNS{Server: fmt.Sprintf("127.0.0.1:%d", port), Type: kind, Values: values}
	return e
}

func query(t *testing.T, network, server string, m *dns.Msg) *dns.Msg {
	t.Helper()
	answer, _, err := (&dns.Client{Net: network, Timeout: 20 * time.Second, UDPSize: dns.MaxMsgSize}).ExchangeContext(t.Context(), m, server)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestNameServer(t *testing.T) {
	port := freePort(t)
	long := strings.Repeat(`long "text" with \ `, 40)
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("192.0.2.%d", i))
	}
	all := []Endpoint{
		zone("any.example", "", port),
		zone("any.example", "AAAA", port),
		zone("Mail.example", "MX", port, "10 one.example.", "20 two"),
		zone("text.example", "TXT", port, "v=spf1 -all", `"one " "two"`, long),
		zone("ca.example", "CAA", port, `0 issue "ca.example"`),
		zone("alias.example", "CNAME", port, "real.example."),
		zone("_sip._tcp.example", "SRV", port, "1 2 5060 sip.example."),
		zone("1.2.0.192.in-addr.arpa", "PTR", port, "host.example."),
		zone("example", "SOA", port, "ns.example. root.example. 1 2 3 4 5"),
		zone("example", "NS", port, "ns.example."),
		zone("many.example", "A", port, many...),
	}
	shared := zone("any.example", "A", port, "192.0.2.7")
	shared.Application = "shared"
	l := serve(t, Options{Endpoints: append(all, shared)})
	for _, c := range []struct {
		name string
		kind uint16
		want string
	}{
		{"any.example.", dns.TypeA, "127.0.0.1, 192.0.2.7"},
		{"ANY.example.", dns.TypeAAAA, "::1"},
		{"any.example.", dns.TypeMX, "NOERROR"},
		{"mail.example.", dns.TypeMX, "10 one.example., 20 two."},
		{"ca.example.", dns.TypeCAA, `0 issue "ca.example"`},
		{"alias.example.", dns.TypeCNAME, "real.example."},
		{"_sip._tcp.example.", dns.TypeSRV, "1 2 5060 sip.example."},
		{"1.2.0.192.in-addr.arpa.", dns.TypePTR, "host.example."},
		{"example.", dns.TypeSOA, "ns.example. root.example. 1 2 3 4 5"},
		{"example.", dns.TypeNS, "ns.example."},
		{"none.example.", dns.TypeA, "NXDOMAIN"},
		{".", dns.TypeNS, "NXDOMAIN"},
	} {
		for _, network := range []string{"udp", "tcp"} {
			answer := query(t, network, shared.DNS.Server, new(dns.Msg).SetQuestion(c.name, c.kind))
			var values []string
			for _, r := range answer.Answer {
				values = append(values, strings.TrimPrefix(r.String(), r.Header().String()))
			}
			got := strings.Join(values, ", ")
			if got == "" {
				got = dns.RcodeToString[answer.Rcode]
			}
			if got != c.want || !answer.Authoritative || answer.Question[0].Name != c.name {
				t.Errorf("%s %s over %s: %q, want %q: %v", c.name, dns.TypeToString[c.kind], network, got, c.want, answer)
			}
		}
	}
	text := query(t, "tcp", shared.DNS.Server, new(dns.Msg).SetQuestion("text.example.", dns.TypeTXT))
	var texts []string
	for _, r := range text.Answer {
		texts = append(texts, strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.Join(r.(*dns.TXT).Txt, "")))
	}
	if diff := cmp.Diff([]string{"v=spf1 -all", "one two", long}, texts); diff != "" {
		t.Error(diff)
	}
	statuses, err := l.Stop("ns/shared")
	if err != nil || len(statuses) != 2 {
		t.Errorf("one question is one server: %+v, %v", statuses, err)
	}
	if got := ask(t, l, shared); got != "SERVFAIL" {
		t.Errorf("stopped beside others: %q", got)
	}
	if got := ask(t, l, all[1]); got != "ok" {
		t.Errorf("the other type of the name: %q", got)
	}
}

func TestNameServerKeepsToWhatFits(t *testing.T) {
	var many []string
	for i := range 50 {
		many = append(many, fmt.Sprintf("192.0.2.%d", i))
	}
	e := zone("many.example", "A", freePort(t), many...)
	serve(t, Options{Endpoints: []Endpoint{e}})
	for _, c := range []struct {
		network string
		edns    uint16
		fits    bool
	}{{"udp", 0, false}, {"udp", 4096, true}, {"tcp", 0, true}} {
		m := new(dns.Msg).SetQuestion("many.example.", dns.TypeA)
		if c.edns > 0 {
			m.SetEdns0(c.edns, false)
		}
		answer := query(t, c.network, e.DNS.Server, m)
		if answer.Truncated == c.fits || (len(answer.Answer) == len(many)) != c.fits || (answer.IsEdns0() != nil) != (c.edns > 0) {
			t.Errorf("%+v: %d records, truncated %v", c, len(answer.Answer), answer.Truncated)
		}
		answer.Compress = true
		if packed, err := answer.Pack(); err != nil || !c.fits && len(packed) > dns.MinMsgSize {
			t.Errorf("%+v: %d bytes, %v", c, len(packed), err)
		}
	}
}

func TestNameServerSurvivesNonsense(t *testing.T) {
	e := zone("a.example", "A", freePort(t))
	l := serve(t, Options{Endpoints: []Endpoint{e}})
	conn, err := net.Dial("udp", e.DNS.Server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	for _, nonsense := range []string{
		"", "x", "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", // one question, they say, but there is none
		"\x00\x01\x01\x00\xff\xff\x00\x00\x00\x00\x00\x00", strings.Repeat("\xc0", 1000),
	} {
		if _, err := conn.Write([]byte(nonsense)); err != nil {
			t.Fatal(err)
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := ask(t, l, e); got != "ok" {
				t.Errorf("after nonsense: %q", got)
			}
		})
	}
	all.Wait()
}

func TestNameServerNeedsUDPToo(t *testing.T) {
	port := freePort(t)
	taken, err := net.ListenPacket("udp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	l, err := Serve(Options{Endpoints: []Endpoint{zone("a.example", "A", port)}})
	if err == nil {
		l.Close()
	}
	want := fmt.Sprintf("port %d of 127.0.0.1 is in use, and ns/a.example-a/web needs it", port)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	again, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the TCP port stayed open: %v", err)
	}
	_ = again.Close()
}

func TestNameServerRefuses(t *testing.T) {
	for _, c := range []struct {
		endpoint Endpoint
		want     string
	}{
		{zone("a.example", "MX", 20000), "needs a value of type MX"},
		{zone("a.example", "MX", 20000, "mail.example."), `"mail.example." is no value of type MX`},
		{zone("a.example", "A", 20000, "2001:db8::1"), "is no value of type A"},
		{zone("a.example", "A", 20000, "192.0.2.1\nb.example. 5 IN A 192.0.2.2"), "is no value of type A"},
		{zone("a.example", "ODD", 20000), `no records of type "ODD"`},
		{zone(strings.Repeat("a", 64)+".example", "A", 20000), "is no name that a name server"},
		{zone("a.example", "A", 53), `from 1024 to 65535 in dns.server, not "53"`},
		{Endpoint{URL: "dns://a.example", Behaviour: Up, DNS: DNS{Server: "127.0.0.1"}}, "dns.server with a port"},
		{Endpoint{URL: "dns://a.example", Behaviour: Up, DNS: DNS{Server: "127.0.0.2:20000"}}, "serves 127.0.0.1 only"},
		{zone("a.example", "A", 20000).as(Down, ExpiredCertificate), "none that dns can have"},
		{zone("a.example", "A", 20000).as(Slow, ""), "dns cannot be slow"},
	} {
		if _, err := locate(c.endpoint); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.endpoint.URL, err, c.want)
		}
	}
}
