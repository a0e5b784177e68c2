// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"
	"golang.org/x/net/dns/dnsmessage"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

const mainzZone = `$ORIGIN mainz.test.
$TTL 60
@ SOA ns1 Hostmaster.mainz.test. 2026010101 3600 600 86400 60
@ NS ns1
@ NS NS2.other.test.
@ A 192.0.2.7
@ A 192.0.2.8
@ AAAA 2001:db8::7
@ AAAA ::ffff:192.0.2.7
@ MX 10 Mail
@ MX 20 mail2.other.test.
@ TXT "v=spf1 ip4:192.0.2.0/24 " "-all"
@ TXT "quo\"te back\\slash \195\164"
@ CAA 0 issue "ca.other.test; policy=ev"
@ CAA 128 issuewild ";"
ns1 A 127.0.0.1
www CNAME web
*.wild A 192.0.2.10
web A 192.0.2.9
_sip._tcp SRV 10 60 5060 sip
null MX 0 .
away CNAME elsewhere.other.test.
gone CNAME missing
circle1 CNAME circle2
circle2 CNAME circle1
`

const reverseZone = `$ORIGIN 2.0.192.in-addr.arpa.
$TTL 60
@ SOA ns1.mainz.test. hostmaster.mainz.test. 1 3600 600 86400 60
@ NS ns1.mainz.test.
7 PTR www.mainz.test.
`

const reverseZone6 = `$ORIGIN 8.b.d.0.1.0.0.2.ip6.arpa.
$TTL 60
@ SOA ns1.mainz.test. hostmaster.mainz.test. 1 3600 600 86400 60
@ NS ns1.mainz.test.
7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0 PTR www.mainz.test.
`

// startMainz starts nsd with the zones of these tests. Of big.mainz.test there
// is more than fits into an answer over UDP.
func startMainz(t *testing.T) string {
	t.Helper()
	zone := mainzZone
	for i := range 60 {
		zone += fmt.Sprintf("big TXT \"%03d %s\"\n", i, strings.Repeat("x", 100))
	}
	return servers.StartNameServer(t, map[string]string{
		"mainz.test": zone, "2.0.192.in-addr.arpa": reverseZone, "8.b.d.0.1.0.0.2.ip6.arpa": reverseZone6,
	})
}

// dnsEndpoint asks a server for records of a name.
func dnsEndpoint(url, server, record string, expected ...string) *v1alpha1.Endpoint {
	e := endpointOf(url)
	e.DNS = &v1alpha1.DNSCheck{Server: server, RecordType: v1alpha1.DNSRecordType(record), ExpectedValues: expected}
	return e
}

func TestNameServer(t *testing.T) {
	server := startMainz(t)
	f := NewFactory(Options{})
	big := func(i int) string { return fmt.Sprintf("%03d %s", i, strings.Repeat("x", 100)) }
	missing := failed(observe.StepExpectation, ReasonValueMissing)
	for _, c := range []struct {
		name, record string
		expected     []string
		want         want
	}{
		{"mainz.test", "", nil, success},
		{"MAINZ.test.", "A", []string{"192.0.2.8", "192.0.2.7"}, success},
		{"mainz.test", "A", []string{"192.0.2.8", "192.0.2.6"}, missing},
		{"mainz.test", "AAAA", []string{"2001:DB8:0::7", "::ffff:c000:207"}, success},
		{"mainz.test", "AAAA", []string{"2001:db8::8"}, missing},
		{"www.mainz.test", "A", []string{"192.0.2.9"}, success},
		{"a.b.wild.mainz.test", "A", []string{"192.0.2.10"}, success},
		{"www.mainz.test", "CNAME", []string{"WEB.mainz.test."}, success},
		{"www.mainz.test", "CNAME", []string{"web.mainz.tes"}, missing},
		{"web.mainz.test", "CNAME", nil, failed(observe.StepExpectation, ReasonNoRecord)},
		{"mainz.test", "MX", []string{"20 mail2.other.test", "10 MAIL.mainz.test."}, success},
		{"mainz.test", "MX", []string{"11 mail.mainz.test"}, missing},
		{"null.mainz.test", "MX", []string{"0 ."}, success},
		{"mainz.test", "NS", []string{"ns2.other.test", "ns1.mainz.test"}, success},
		{"mainz.test", "NS", []string{"ns3.other.test"}, missing},
		{"mainz.test", "SOA", []string{"ns1.mainz.test"}, success},
		{"mainz.test", "SOA", []string{"ns1.mainz.test. hostmaster.mainz.test. 2026010101"}, success},
		{"mainz.test", "SOA", []string{"ns1.mainz.test hostmaster.mainz.test 2026010101 3600 600 86400 60"}, success},
		{"mainz.test", "SOA", []string{"ns1.mainz.test hostmaster.mainz.test 202601010"}, missing},
		{"mainz.test", "TXT", []string{"v=spf1 ip4:192.0.2.0/24 -all", `quo"te back\slash ä`}, success},
		{"mainz.test", "TXT", []string{"V=SPF1 ip4:192.0.2.0/24 -all"}, missing},
		{"mainz.test", "CAA", []string{`0 issue "ca.other.test; policy=ev"`, "128 IssueWild ;"}, success},
		{"mainz.test", "CAA", []string{`0 issue "CA.other.test; policy=ev"`}, missing},
		{"_sip._tcp.mainz.test", "SRV", []string{"10 60 5060 sip.mainz.test"}, success},
		{"_sip._tcp.mainz.test", "SRV", []string{"10 60 5061 sip.mainz.test"}, missing},
		{"7.2.0.192.in-addr.arpa", "PTR", []string{"www.mainz.test"}, success},
		{"192.0.2.7", "PTR", []string{"www.mainz.test"}, success},
		{"[2001:db8::7]", "PTR", []string{"www.mainz.test"}, success},
		{"192.0.2.8", "PTR", nil, failed(observe.StepExpectation, ReasonNameNotFound)},
		{"big.mainz.test", "TXT", []string{big(0), big(59)}, success},
		{"big.mainz.test", "TXT", []string{big(60)}, missing},
		{"ns1.mainz.test", "MX", nil, failed(observe.StepExpectation, ReasonNoRecord)},
		{"nobody.mainz.test", "A", nil, failed(observe.StepExpectation, ReasonNameNotFound)},
		{"gone.mainz.test", "A", nil, failed(observe.StepExpectation, ReasonNameNotFound)},
		{"away.mainz.test", "A", nil, failed(observe.StepExpectation, ReasonNoRecord)},
		{"circle1.mainz.test", "A", nil, failed(observe.StepExpectation, ReasonAliasLoop)},
		{"www.other.test", "A", nil, failed(observe.StepRequest, ReasonNameServerRefused)},
	} {
		t.Run(c.name+" "+c.record+" "+c.want.reason, func(t *testing.T) {
			r := check(t, f, dnsEndpoint("dns://"+c.name, server, c.record, c.expected...), nil, c.want)
			if r.Address != server || r.Took[observe.StepRequest] <= 0 {
				t.Errorf("asked %q in %v", r.Address, r.Took)
			}
		})
	}
}

// TestDNSMessages: a message says what was asked for, and what came instead.
func TestDNSMessages(t *testing.T) {
	server := startMainz(t)
	f := NewFactory(Options{})
	for _, c := range []struct {
		e    *v1alpha1.Endpoint
		says string
	}{
		{dnsEndpoint("dns://mainz.test", server, "A", "192.0.2.7", "192.0.2.9"), "The answer lacks 192.0.2.9; it holds 192.0.2."},
		{dnsEndpoint("dns://nobody.mainz.test.", server, "A"), "nobody.mainz.test does not exist (NXDOMAIN)."},
		{dnsEndpoint("dns://gone.mainz.test", server, "A"), "gone.mainz.test, as an alias of missing.mainz.test, does not exist (NXDOMAIN)."},
		{dnsEndpoint("dns://web.mainz.test", server, "MX"), "web.mainz.test has no MX record in the answer."},
		{dnsEndpoint("dns://away.mainz.test", server, "A"), "away.mainz.test, as an alias of elsewhere.other.test, has no A record in the answer."},
		{dnsEndpoint("dns://other.test", server, "A"), server + " refused to answer (REFUSED)."},
		{
			dnsEndpoint("dns://"+strings.Repeat("abcdefghi.", 20)+"mainz.test", server, "CNAME"),
			strings.Repeat("abcdefghi.", 6) + "abcdefg… does not exist (NXDOMAIN).",
		},
	} {
		p, err := f.New(c.e, nil)
		if err != nil {
			t.Fatal(err)
		}
		r := p.Run(t.Context())
		sound(t, r)
		if !strings.HasPrefix(r.Message, c.says) {
			t.Errorf("message is %q, want %q", r.Message, c.says)
		}
	}
}

// TestDNSServerByName: the server's name is resolved, and the guard looks at
// what it stands for.
func TestDNSServerByName(t *testing.T) {
	server := startMainz(t)
	addr := netip.MustParseAddrPort(server)
	e := dnsEndpoint("dns://mainz.test", fmt.Sprintf("NS1.mainz.test:%d", addr.Port()), "A")
	found := addresses{addr.Addr()}
	check(t, NewFactory(Options{Resolver: found}), e, nil, success)
	check(t, NewFactory(Options{Resolver: found, Egress: NewEgress(nil, nil)}), e, nil, inconclusive(observe.ClassLocal, observe.StepConnect, ReasonEgressRefused))
	unknown := resolverAt(servers.StartDNS(t, answer(servers.Answer{Code: dnsmessage.RCodeNameError})))
	check(t, NewFactory(Options{Resolver: unknown}), e, nil, failed(observe.StepResolve, ReasonHostNotFound))
	// An address of it that stays silent leaves time for the next.
	udpServer(t, fmt.Sprintf("127.0.0.77:%d", addr.Port()), func([]byte) [][]byte { return nil })
	e.Timeout = "4s"
	r := check(t, NewFactory(Options{Resolver: addresses{netip.MustParseAddr("127.0.0.77"), addr.Addr()}}), e, nil, success)
	if r.Address != server {
		t.Errorf("address is %s", r.Address)
	}
}

func TestDNSSpec(t *testing.T) {
	f := NewFactory(Options{Egress: NewEgress(nil, nil)})
	long := strings.Repeat("a", 64)
	for _, c := range []struct {
		e      *v1alpha1.Endpoint
		field  string
		reason SpecReason
	}{
		{dnsEndpoint("dns://192.0.2.7", "", ""), "url", SpecInvalid},
		{dnsEndpoint("dns://127.0.0.1", "", "A"), "url", SpecInvalid},
		{dnsEndpoint("dns://[2001:db8::7]", "", "CNAME"), "url", SpecInvalid},
		{dnsEndpoint("dns://a..b", "", ""), "url", SpecInvalid},
		{dnsEndpoint("dns://"+long+".test", "", ""), "url", SpecInvalid},
		{dnsEndpoint("dns://mainz.test:53", "", ""), "url", SpecInvalid},
		{dnsEndpoint("dns://mainz.test/A", "", ""), "url", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "", "ANY"), "dns.recordType", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "", "a"), "dns.recordType", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "ns1.mainz.test:0", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "ns1.mainz.test:65536", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "ns1.mainz.test:domain", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", ":53", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "ns1 mainz", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "udp://ns1.mainz.test", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "ns1.mainz.test/x", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "[ns1.mainz.test]", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "[2001:db8::7", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "a..b", ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", long, ""), "dns.server", SpecInvalid},
		{dnsEndpoint("dns://mainz.test", "127.0.0.1", ""), "dns.server", SpecEgressRefused},
		{dnsEndpoint("dns://mainz.test", "127.0.0.1:5353", ""), "dns.server", SpecEgressRefused},
		{dnsEndpoint("dns://mainz.test", "[::1]:5353", ""), "dns.server", SpecEgressRefused},
		{dnsEndpoint("dns://mainz.test", "[::1]", ""), "dns.server", SpecEgressRefused},
		{dnsEndpoint("dns://mainz.test", "::ffff:169.254.169.254", ""), "dns.server", SpecEgressRefused},
	} {
		_, err := f.New(c.e, nil)
		specError(t, err, c.field, c.reason)
	}
	for record, values := range map[string][]string{
		"A":     {"mainz.test", "2001:db8::7", "::ffff:192.0.2.7", "192.0.2", "192.0.2.7 ", ""},
		"AAAA":  {"192.0.2.7", "fe80::1%eth0", "2001:db8::g"},
		"MX":    {"mail.mainz.test", "10", "10 mail mainz", "65536 mail.mainz.test", "-1 mail.mainz.test", "10 a..b", ""},
		"SRV":   {"10 60 5060", "10 60 sip.mainz.test", "10 60 65536 sip.mainz.test", "a b c d"},
		"CAA":   {"0 issue", "issue ca.mainz.test", "256 issue ca.mainz.test", ""},
		"CNAME": {"a..b", "www mainz.test", long, "", "a\u202e.test"},
		"NS":    {"", ".ns1"},
		"PTR":   {"a..b"},
		"SOA":   {"", "ns1 host master", "a..b", "ns1 hostmaster 1 2 3 4 5 6", "ns1 hostmaster 4294967296"},
		"TXT":   {""},
	} {
		good := recordTypes[record].like
		for _, v := range values {
			_, err := f.New(dnsEndpoint("dns://mainz.test", "", record, good, v), nil)
			specError(t, err, "dns.expectedValues[1]", SpecInvalid)
		}
	}
	// How to write a reverse name is said where an address stands.
	_, err := f.New(dnsEndpoint("dns://192.0.2.7", "", ""), nil)
	if err == nil || !strings.Contains(err.Error(), "7.2.0.192.in-addr.arpa") {
		t.Errorf("error is %v", err)
	}
}

func TestDNSTarget(t *testing.T) {
	f := NewFactory(Options{})
	for server, want := range map[string]string{
		"": "/etc/resolv.conf", "NS1.mainz.test": "ns1.mainz.test:53", "ns1.mainz.test:5353": "ns1.mainz.test:5353", "192.0.2.53": "192.0.2.53:53",
		"192.0.2.53:05353": "192.0.2.53:5353", "2001:db8::53": "[2001:db8::53]:53", "[2001:DB8::53]": "[2001:db8::53]:53", "[2001:db8::53]:5353": "[2001:db8::53]:5353",
	} {
		p, err := f.New(dnsEndpoint("dns://mainz.test", server, ""), nil)
		if err != nil {
			t.Errorf("server %q: %v", server, err)
			continue
		}
		if p.Target() != want {
			t.Errorf("target of %q is %s, want %s", server, p.Target(), want)
		}
	}
}

func TestDNSKey(t *testing.T) {
	f := NewFactory(Options{})
	same := [][]*v1alpha1.Endpoint{
		{endpointOf("dns://mainz.test"), endpointOf("DNS://Mainz.Test./"), dnsEndpoint("dns://mainz.test", "", "A")},
		{
			dnsEndpoint("dns://mainz.test", "192.0.2.53", "MX", "10 mail.mainz.test", "20 other.test"),
			dnsEndpoint("dns://mainz.test", "192.0.2.53:53", "MX", "20  Other.test.", "10 mail.mainz.test.", "010 MAIL.mainz.test"),
		},
		{dnsEndpoint("dns://192.0.2.7", "", "PTR"), dnsEndpoint("dns://7.2.0.192.in-addr.arpa", "", "PTR")},
		{dnsEndpoint("dns://mainz.test", "", "AAAA")},
		{dnsEndpoint("dns://mainz.test", "", "A", "192.0.2.7")},
		{dnsEndpoint("dns://mainz.test", "", "A", "192.0.2.8")},
		{dnsEndpoint("dns://mainz.test", "", "A", "192.0.2.7", "192.0.2.8")},
		{dnsEndpoint("dns://www.mainz.test", "", "A")},
		{dnsEndpoint("dns://mainz.test", "ns1.mainz.test", "A")},
		{dnsEndpoint("dns://mainz.test", "ns1.mainz.test:5353", "A")},
		{endpointOf("icmp://mainz.test")},
		{dnsEndpoint("dns://mainz.test", "", "CAA", `0 issue "ca.test"`), dnsEndpoint("dns://mainz.test", "", "CAA", `0  ISSUE  ca.test`)},
	}
	seen := map[string]int{}
	for i, group := range same {
		for _, e := range group {
			key := keyOf(t, f, e, nil)
			if first, ok := seen[key]; ok && first != i {
				t.Errorf("groups %d and %d ask the same", first, i)
			}
			seen[key] = i
		}
	}
	if len(seen) != len(same) {
		t.Errorf("%d questions, want %d", len(seen), len(same))
	}
}

// FuzzExpectedValue: a declared value is refused, or has a normal form that is
// its own normal form, and that a record which is written so has as well.
func FuzzExpectedValue(f *testing.F) {
	for name, t := range recordTypes {
		f.Add(name, t.like)
	}
	f.Add("CAA", `0 issue ""`)
	f.Add("SOA", "a b 1 2 3 4 5")
	f.Add("CNAME", `a\.b\000c`)
	// A zone file means something else by these, or cannot hold them.
	special := func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune("\\;()$@\"", r) }
	f.Fuzz(func(t *testing.T, kind, declared string) {
		if _, ok := recordTypes[kind]; !ok || len(declared) > 512 {
			return
		}
		out, err := expectedValues(kind, []string{declared})
		if err != nil {
			return
		}
		again, err := expectedValues(kind, out)
		if err != nil || again[0] != out[0] {
			t.Fatalf("%s %q is %q, and that is %q: %v", kind, declared, out, again, err)
		}
		if kind == "TXT" || kind == "CAA" || kind == "SOA" && len(strings.Fields(declared)) < 7 || strings.ContainsFunc(declared, special) {
			return
		}
		rr, err := dns.NewRR("mainz.test. 60 IN " + kind + " " + declared)
		if err != nil || rr == nil {
			return
		}
		if v := valueOf(rr); v != out[0] {
			t.Fatalf("%s %q is %q, as a record it is %q", kind, declared, out[0], v)
		}
	})
}
