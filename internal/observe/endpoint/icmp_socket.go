// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// errEchoNotPermitted: neither kind of socket may be opened.
var errEchoNotPermitted = errors.New("no ICMP socket is permitted")

// echoSocket sends and receives ICMP messages, without IP headers.
//
// It is opened here, and not by a library: pro-bing runs three goroutines and
// wakes ten times a second for a request, resolves by itself, and cannot tell
// an error that a router sent from silence; and the sockets that x/net/icmp
// opens are inherited by child processes, and do not tell of errors either.
// Its messages are used.
type echoSocket struct {
	net.PacketConn
	// ownID: the system chooses the ID of requests and brings only what
	// belongs to them. Addresses are *net.UDPAddr, otherwise *net.IPAddr.
	ownID bool
}

func (s *echoSocket) to(addr netip.Addr) net.Addr {
	if s.ownID {
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(addr, 0))
	}
	return &net.IPAddr{IP: addr.AsSlice(), Zone: addr.Zone()}
}

// openEcho opens the socket that needs no privilege, or where the system does
// not let this process, the one that does.
func openEcho(v6 bool) (*echoSocket, error) {
	s, err := openDatagram(v6)
	if err == nil {
		return s, nil
	}
	// How a group outside net.ipv4.ping_group_range, a filter of system calls
	// and a system without such sockets refuse.
	if !errors.Is(err, os.ErrPermission) && !errors.Is(err, syscall.EPROTONOSUPPORT) && !errors.Is(err, syscall.EPROTOTYPE) {
		return nil, err
	}
	s, err = openRaw(v6)
	if errors.Is(err, os.ErrPermission) {
		return nil, errEchoNotPermitted
	}
	return s, err
}

// openDatagram opens a datagram socket for ICMP (icmp(7), ping_group_range). It
// is told to report the errors that come back, which it would keep to itself.
func openDatagram(v6 bool) (*echoSocket, error) {
	family, protocol := syscall.AF_INET, syscall.IPPROTO_ICMP
	level, option := syscall.IPPROTO_IP, syscall.IP_RECVERR
	if v6 {
		family, protocol = syscall.AF_INET6, syscall.IPPROTO_ICMPV6
		level, option = syscall.IPPROTO_IPV6, syscall.IPV6_RECVERR
	}
	fd, err := syscall.Socket(family, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	file := os.NewFile(uintptr(fd), "icmp")
	// The connection has a copy of the descriptor.
	defer func() { _ = file.Close() }()
	if err := syscall.SetsockoptInt(fd, level, option, 1); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return nil, err
	}
	return &echoSocket{PacketConn: conn, ownID: true}, nil
}

// openRaw opens a raw socket, which sees the messages for everybody; the filter
// leaves those that could be ours.
func openRaw(v6 bool) (*echoSocket, error) {
	network, address := "ip4:icmp", "0.0.0.0"
	if v6 {
		network, address = "ip6:ipv6-icmp", "::"
	}
	conn, err := (&net.ListenConfig{}).ListenPacket(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	if v6 {
		var filter ipv6.ICMPFilter
		filter.SetAll(true)
		filter.Accept(ipv6.ICMPTypeEchoReply)
		filter.Accept(ipv6.ICMPTypeDestinationUnreachable)
		filter.Accept(ipv6.ICMPTypeTimeExceeded)
		err = ipv6.NewPacketConn(conn).SetICMPFilter(&filter)
	} else {
		var filter ipv4.ICMPFilter
		filter.SetAll(true)
		filter.Accept(ipv4.ICMPTypeEchoReply)
		filter.Accept(ipv4.ICMPTypeDestinationUnreachable)
		filter.Accept(ipv4.ICMPTypeTimeExceeded)
		err = ipv4.NewPacketConn(conn).SetICMPFilter(&filter)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return &echoSocket{PacketConn: conn}, nil
}
