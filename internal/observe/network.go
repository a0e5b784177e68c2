// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"encoding/binary"
	"net/netip"
)

// network is a /24 of IPv4 or a /64 of IPv6: what is likely to be reached by
// one way. The zero value is an unknown network.
type network struct {
	prefix uint64
	family uint8
}

// networkOf returns the network of an address such as "192.0.2.7:443",
// "[2001:db8::7]:443" or, of an echo request, "192.0.2.7"; the unknown network
// for a name or for nothing.
func networkOf(address string) network {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		withPort, err := netip.ParseAddrPort(address)
		if err != nil {
			return network{}
		}
		ip = withPort.Addr()
	}
	ip = ip.Unmap()
	if ip.Is4() {
		b := ip.As4()
		return network{prefix: uint64(binary.BigEndian.Uint32(b[:]) >> 8), family: 4}
	}
	b := ip.As16()
	return network{prefix: binary.BigEndian.Uint64(b[:8]), family: 6}
}

func (n network) known() bool { return n.family != 0 }
