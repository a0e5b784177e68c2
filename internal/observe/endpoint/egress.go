// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
)

// Egress decides to which addresses checks may connect. Whoever may write an
// Application chooses what the operator connects to; without a guard they could
// reach what only the operator can: services of its own pod, the metadata of a
// cloud's machine, the API server's host.
//
// It works like a routing table: of all rules that hold for an address the one
// with the longest prefix decides. Everything is allowed by a rule of length
// zero, what is dangerous is refused by longer ones, and the administrator's
// rules join them; at equal length theirs win, and of theirs a refusal. So
// allowing 10.0.0.0/8 while refusing 0.0.0.0/0 leaves just that network, and
// allowing 0.0.0.0/0 opens nothing that was refused for a reason.
//
// A nil Egress allows everything. An Egress is safe for concurrent use.
type Egress struct {
	rules     []egressRule
	apiServer atomic.Pointer[[]netip.Addr]
}

// egressRule is one line of the table.
type egressRule struct {
	prefix netip.Prefix
	allow  bool
	// what the prefix holds, for messages: "a loopback address".
	what string
}

// EgressError says that checks may not connect to an address.
type EgressError struct {
	// Address that was asked for.
	Address netip.Addr
	// What it is: "a loopback address".
	What string
}

// Error says which address is refused, and what an administrator can do.
func (e *EgressError) Error() string {
	return fmt.Sprintf("%s is %s, where checks may not connect unless the operator's flag -egress-allow names it", e.Address, e.What)
}

// denied is what the administrator's own refusals hold.
const denied = "an address that the operator's flag -egress-deny names"

// guarded are the networks that are refused unless somebody allows them. The
// addresses of metadata services are as their providers document them.
var guarded = []egressRule{
	rule("0.0.0.0/8", "an unspecified address"), // RFC 1122, section 3.2.1.3
	rule("::/128", "an unspecified address"),
	rule("127.0.0.0/8", "a loopback address"),
	rule("::1/128", "a loopback address"),
	rule("169.254.0.0/16", "a link-local address"), // RFC 3927
	rule("fe80::/10", "a link-local address"),
	rule("224.0.0.0/4", "a multicast address"),
	rule("ff00::/8", "a multicast address"),
	rule("240.0.0.0/4", "a reserved address"), // RFC 1112, section 4
	rule("255.255.255.255/32", "a broadcast address"),
	rule("169.254.169.254/32", metadata), // AWS, Azure, Google, OpenStack
	rule("169.254.170.2/32", metadata),   // AWS, tasks
	rule("169.254.170.23/32", metadata),  // AWS, pods
	rule("fd00:ec2::254/128", metadata),  // AWS
	rule("fd00:ec2::23/128", metadata),   // AWS, pods
	rule("fd20:ce::254/128", metadata),   // Google
	rule("168.63.129.16/32", metadata),   // Azure
	rule("100.100.100.200/32", metadata), // Alibaba
	rule("192.0.0.192/32", metadata),     // Oracle
}

const metadata = "a cloud's metadata service"

func rule(prefix, what string) egressRule {
	return egressRule{prefix: netip.MustParsePrefix(prefix), what: what}
}

// NewEgress returns the guard with what an administrator allows and denies
// beside it.
func NewEgress(allow, deny []netip.Prefix) *Egress {
	e := &Egress{}
	// In the order of who wins at equal length.
	for _, p := range deny {
		e.rules = append(e.rules, egressRule{prefix: p, what: denied})
	}
	for _, p := range allow {
		e.rules = append(e.rules, egressRule{prefix: p, allow: true})
	}
	e.rules = append(e.rules, guarded...)
	slices.SortStableFunc(e.rules, func(a, b egressRule) int { return b.prefix.Bits() - a.prefix.Bits() })
	return e
}

// SetAPIServer tells the guard the present addresses of the API server. They
// are refused whatever the port: on the same host there may be etcd.
func (e *Egress) SetAPIServer(addresses []netip.Addr) {
	clean := make([]netip.Addr, len(addresses))
	for i, a := range addresses {
		clean[i] = plain(a)
	}
	e.apiServer.Store(&clean)
}

// Check returns an *EgressError if checks may not connect to an address. An
// address that carries one of IPv4 is judged by both: a translator on the way
// may take the packet there.
func (e *Egress) Check(address netip.Addr) error {
	if e == nil {
		return nil
	}
	address = plain(address)
	if what := e.refuses(address); what != "" {
		return &EgressError{Address: address, What: what}
	}
	if inner, ok := embedded(address); ok {
		if what := e.refuses(inner); what != "" {
			return &EgressError{Address: address, What: "one that stands for " + inner.String() + ", " + what}
		}
	}
	return nil
}

// refuses returns what an address is if it is refused, else nothing.
func (e *Egress) refuses(address netip.Addr) string {
	if !address.IsValid() {
		return "no address"
	}
	i := slices.IndexFunc(e.rules, func(r egressRule) bool { return r.prefix.Contains(address) })
	switch {
	case e.ofAPIServer(address) && (i < 0 || !e.rules[i].prefix.IsSingleIP()):
		// No rule names this very address.
		return "an address of the API server"
	case i < 0 || e.rules[i].allow:
		return ""
	default:
		return e.rules[i].what
	}
}

func (e *Egress) ofAPIServer(address netip.Addr) bool {
	all := e.apiServer.Load()
	return all != nil && slices.Contains(*all, address)
}

// plain returns an address without what makes it look like another one: the
// zone, and the dress of IPv6 around IPv4.
func plain(a netip.Addr) netip.Addr { return a.WithZone("").Unmap() }

// translated are the networks of IPv6 whose addresses hold one of IPv4, and
// from which byte on.
var translated = []struct {
	prefix netip.Prefix
	at     int
	// inverted: each bit is the other way round.
	inverted bool
}{
	{netip.MustParsePrefix("64:ff9b::/96"), 12, false},      // RFC 6052, NAT64
	{netip.MustParsePrefix("64:ff9b:1::/48"), 12, false},    // RFC 8215, NAT64 of one's own
	{netip.MustParsePrefix("2002::/16"), 2, false},          // RFC 3056, 6to4
	{netip.MustParsePrefix("2001::/32"), 12, true},          // RFC 4380, Teredo
	{netip.MustParsePrefix("::ffff:0:0:0/96"), 12, false},   // RFC 2765, translated
	{netip.MustParsePrefix("::/96"), 12, false},             // RFC 4291, compatible
	{netip.MustParsePrefix("fe80::5efe:0:0/96"), 12, false}, // RFC 5214, ISATAP
}

// embedded returns the address of IPv4 that one of IPv6 holds.
func embedded(a netip.Addr) (netip.Addr, bool) {
	if a.Is4() || a.IsUnspecified() || a.IsLoopback() {
		return netip.Addr{}, false
	}
	for _, t := range translated {
		if !t.prefix.Contains(a) {
			continue
		}
		all := a.As16()
		inner := [4]byte(all[t.at : t.at+4])
		if t.inverted {
			for i := range inner {
				inner[i] ^= 0xff
			}
		}
		return netip.AddrFrom4(inner), true
	}
	return netip.Addr{}, false
}

// ParsePrefixes reads networks and addresses separated by commas, such as
// "10.0.0.0/8, 2001:db8::1". The error says which is wrong, and what would be
// right.
func ParsePrefixes(list string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		p, err := parsePrefix(item)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func parsePrefix(item string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(item); err == nil {
		a = plain(a)
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(item)
	if err != nil {
		return p, fmt.Errorf("%q is no network such as 10.0.0.0/8 and no address", item)
	}
	if a := p.Addr(); a.Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q has bits beyond its prefix: write %s for the network, or %s for the address", item, p.Masked(), p.Addr())
	}
	return p, nil
}
