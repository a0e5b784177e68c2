// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"kdz.mainz.de/operator/internal/observe"
)

const (
	// echoPayload is how many random bytes an echo request carries.
	echoPayload = 24
	// maxICMP is how much of a message is read, in bytes: more than the reply
	// to our own request, and all that matters of others.
	maxICMP = 1280
	// maxForeignICMP bounds how many messages that are for others are read.
	maxForeignICMP = 100_000
)

// icmpProbe asks whether a host answers an echo request. It sends one.
type icmpProbe struct {
	common
}

func (f *Factory) newICMP(base common, q *question) (observe.Probe, error) {
	base.key = q.key()
	return &icmpProbe{common: base}, nil
}

// Run implements observe.Probe.
func (p *icmpProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	addrs, f := r.resolve(p.target.host)
	if f != nil {
		return r.finish(f, p.maxLatency)
	}
	r.enter(observe.StepConnect)
	f = r.inOrder(len(addrs), p.timeout, func(ctx context.Context, i int) (*fault, bool) {
		f := r.echo(ctx, addrs[i])
		return f, f == nil || f.reason == ReasonEchoNotPermitted
	})
	return r.finish(f, p.maxLatency)
}

// echo is a request and how to recognise what belongs to it.
type echo struct {
	addr netip.Addr
	id   uint16
	seq  uint16
	data []byte
	// anyID: the system chose another ID, and brings only what bears it.
	anyID bool
}

func newEcho(addr netip.Addr) echo {
	var b [4 + echoPayload]byte
	// It does not fail: the program would end.
	_, _ = rand.Read(b[:])
	return echo{addr: addr, id: binary.BigEndian.Uint16(b[:]), seq: binary.BigEndian.Uint16(b[2:]), data: b[4:]}
}

// marshal returns the request in the format of RFC 792 or RFC 4443,
// section 4.1. The system fills in the checksum of the latter.
func (e *echo) marshal() ([]byte, error) {
	m := icmp.Message{Type: ipv4.ICMPTypeEcho, Body: &icmp.Echo{ID: int(e.id), Seq: int(e.seq), Data: e.data}}
	if e.addr.Is6() {
		m.Type = ipv6.ICMPTypeEchoRequest
	}
	return m.Marshal(nil)
}

// echo asks one address.
func (r *run) echo(ctx context.Context, addr netip.Addr) *fault {
	if f := r.permit(addr); f != nil {
		return f
	}
	socket, err := r.factory.openEcho(addr.Is6())
	if errors.Is(err, errEchoNotPermitted) {
		return localFault(ReasonEchoNotPermitted, "The operator may not send an ICMP echo: its group is outside the sysctl net.ipv4.ping_group_range, and it lacks CAP_NET_RAW.")
	}
	if err != nil {
		return r.connectFault(err, addr.String())
	}
	defer within(ctx, socket)()
	// Nothing was connected, but from here on it is this address that is asked.
	r.arrived(attempt{address: addr.String()})
	e := newEcho(addr)
	e.anyID = socket.ownID
	request, err := e.marshal()
	if err != nil {
		return localFault(ReasonLocalResources, "The echo request could not be made.")
	}
	if _, err := socket.WriteTo(request, socket.to(addr)); err != nil {
		return r.connectFault(err, addr.String())
	}
	buffer := make([]byte, maxICMP)
	for range maxForeignICMP {
		n, from, err := socket.ReadFrom(buffer)
		if err != nil {
			return r.replyFault(err, addr)
		}
		switch e.meaning(buffer[:n], from) {
		case icmpReply:
			return nil
		case icmpUnreachable:
			return unreachable(addr)
		}
	}
	return r.connectFault(context.DeadlineExceeded, addr.String())
}

// replyFault is for what reading says instead of a reply.
func (r *run) replyFault(err error, addr netip.Addr) *fault {
	var errno syscall.Errno
	if r.commonFault(err) == nil && errors.As(err, &errno) && !errno.Timeout() {
		// How the system tells of an ICMP error that came back.
		return unreachable(addr)
	}
	return r.connectFault(err, addr.String())
}

func unreachable(addr netip.Addr) *fault {
	return pathFault(ReasonDestinationUnreachable, "The echo request to "+addr.String()+" came back as undeliverable.")
}

// What a message that was received means for a request.
type icmpMeaning uint8

const (
	icmpForeign icmpMeaning = iota
	icmpReply
	icmpUnreachable
)

// meaning recognises the reply, and the error that a router sends instead. All
// else belongs to others, or to nobody.
func (e *echo) meaning(message []byte, from net.Addr) icmpMeaning {
	protocol := ipv4.ICMPTypeEcho.Protocol()
	if e.addr.Is6() {
		protocol = ipv6.ICMPTypeEchoRequest.Protocol()
	}
	m, err := icmp.ParseMessage(protocol, message)
	if err != nil {
		return icmpForeign
	}
	switch m.Type {
	case ipv4.ICMPTypeEchoReply, ipv6.ICMPTypeEchoReply:
		body, ok := m.Body.(*icmp.Echo)
		if ok && e.isFrom(from) && (e.anyID || body.ID == int(e.id)) && body.Seq == int(e.seq) && bytes.Equal(body.Data, e.data) {
			return icmpReply
		}
	case ipv4.ICMPTypeDestinationUnreachable, ipv4.ICMPTypeTimeExceeded, ipv6.ICMPTypeDestinationUnreachable, ipv6.ICMPTypeTimeExceeded:
		// The message is eight bytes and as much of what was sent as fits,
		// which is at least the header and eight bytes more (RFC 792).
		if len(message) > 8 && e.isOurs(message[8:]) {
			return icmpUnreachable
		}
	}
	return icmpForeign
}

func (e *echo) isFrom(from net.Addr) bool {
	var ip net.IP
	switch a := from.(type) {
	case *net.IPAddr:
		ip = a.IP
	case *net.UDPAddr:
		ip = a.IP
	}
	addr, ok := netip.AddrFromSlice(ip)
	return ok && addr.Unmap() == e.addr.WithZone("")
}

// isOurs: whether a packet that could not be delivered, from its IP header on,
// is the request.
func (e *echo) isOurs(packet []byte) bool {
	var to, rest []byte
	request := byte(ipv4.ICMPTypeEcho)
	if e.addr.Is4() {
		if len(packet) < ipv4.HeaderLen || packet[0]>>4 != ipv4.Version || packet[9] != byte(ipv4.ICMPTypeEcho.Protocol()) {
			return false
		}
		length := int(packet[0]&0xf) * 4
		if length < ipv4.HeaderLen || len(packet) < length {
			return false
		}
		to, rest = packet[16:20], packet[length:]
	} else {
		// What we send has no extension header.
		if len(packet) < ipv6.HeaderLen || packet[0]>>4 != ipv6.Version || packet[6] != byte(ipv6.ICMPTypeEchoRequest.Protocol()) {
			return false
		}
		to, rest = packet[24:40], packet[ipv6.HeaderLen:]
		request = byte(ipv6.ICMPTypeEchoRequest)
	}
	return len(rest) >= 8 && rest[0] == request && bytes.Equal(to, e.addr.AsSlice()) &&
		(e.anyID || binary.BigEndian.Uint16(rest[4:]) == e.id) && binary.BigEndian.Uint16(rest[6:]) == e.seq
}
