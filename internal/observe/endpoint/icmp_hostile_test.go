// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"kdz.mainz.de/operator/internal/observe"
)

// icmpWire is a socket at whose other end is a test.
type icmpWire struct {
	// answer returns what comes back for a request.
	answer func(w *icmpWire, to net.Addr, request []byte)
	in     chan icmpPacket
	over   chan struct{}
	once   sync.Once
	// refuses is what writing says.
	refuses error
	closed  bool
}

type icmpPacket struct {
	message []byte
	from    net.Addr
	err     error
}

func newICMPWire(answer func(w *icmpWire, to net.Addr, request []byte)) *icmpWire {
	return &icmpWire{answer: answer, in: make(chan icmpPacket, 16), over: make(chan struct{})}
}

func (w *icmpWire) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case p := <-w.in:
		return copy(b, p.message), p.from, p.err
	case <-w.over:
		return 0, nil, os.ErrDeadlineExceeded
	}
}

func (w *icmpWire) WriteTo(b []byte, to net.Addr) (int, error) {
	if w.refuses != nil {
		return 0, w.refuses
	}
	w.answer(w, to, b)
	return len(b), nil
}

func (w *icmpWire) Close() error                     { w.closed = true; return nil }
func (w *icmpWire) LocalAddr() net.Addr              { return nil }
func (w *icmpWire) SetReadDeadline(time.Time) error  { return nil }
func (w *icmpWire) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline is only called to end what is under way.
func (w *icmpWire) SetDeadline(time.Time) error {
	w.once.Do(func() { close(w.over) })
	return nil
}

// icmpReplies are what comes back, each made of the request.
type icmpReplies struct {
	addr netip.Addr
}

func (a icmpReplies) marshal(kind4 ipv4.ICMPType, kind6 ipv6.ICMPType, body icmp.MessageBody) []byte {
	m := icmp.Message{Type: kind4, Body: body}
	if a.addr.Is6() {
		m.Type = kind6
	}
	b, err := m.Marshal(nil)
	if err != nil {
		panic(err)
	}
	return b
}

// reply changes a good reply.
func (a icmpReplies) reply(request []byte, change func(e *icmp.Echo)) []byte {
	e := &icmp.Echo{
		ID: int(binary.BigEndian.Uint16(request[4:])), Seq: int(binary.BigEndian.Uint16(request[6:])),
		Data: append([]byte(nil), request[8:]...),
	}
	change(e)
	return a.marshal(ipv4.ICMPTypeEchoReply, ipv6.ICMPTypeEchoReply, e)
}

// packet is the request with its IP header.
func (a icmpReplies) packet(request []byte) []byte {
	if a.addr.Is6() {
		var h [ipv6.HeaderLen]byte
		h[0], h[6] = 6<<4, 58
		copy(h[24:], a.addr.AsSlice())
		return slices.Concat(h[:], request)
	}
	// With an option, as a router may send it.
	var h [ipv4.HeaderLen + 4]byte
	h[0], h[9] = 4<<4|6, 1
	copy(h[16:], a.addr.AsSlice())
	return slices.Concat(h[:], request)
}

func (a icmpReplies) unreachable(request []byte, change func(packet []byte) []byte) []byte {
	return a.marshal(ipv4.ICMPTypeDestinationUnreachable, ipv6.ICMPTypeDestinationUnreachable, &icmp.DstUnreach{Data: change(a.packet(request))})
}

func (a icmpReplies) exceeded(request []byte) []byte {
	return a.marshal(ipv4.ICMPTypeTimeExceeded, ipv6.ICMPTypeTimeExceeded, &icmp.TimeExceeded{Data: a.packet(request)})
}

type icmpCase struct {
	name string
	// send returns the messages that come back, in order.
	send func(request []byte) [][]byte
	from netip.Addr
	want want
}

func hostileEchoes(a icmpReplies, other netip.Addr) []icmpCase {
	silent := want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonConnectionTimeout}
	unreachable := want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonDestinationUnreachable}
	same := func(*icmp.Echo) {}
	reply := func(change func(e *icmp.Echo)) func([]byte) [][]byte {
		return func(request []byte) [][]byte { return [][]byte{a.reply(request, change)} }
	}
	lost := func(change func(packet []byte) []byte) func([]byte) [][]byte {
		return func(request []byte) [][]byte { return [][]byte{a.unreachable(request, change)} }
	}
	header := len(a.packet(nil))
	return []icmpCase{
		{"reply", reply(same), a.addr, success},
		{"silence", func([]byte) [][]byte { return nil }, a.addr, silent},
		{"another sequence", reply(func(e *icmp.Echo) { e.Seq ^= 1 }), a.addr, silent},
		{"another payload", reply(func(e *icmp.Echo) { e.Data[3] ^= 1 }), a.addr, silent},
		{"shorter payload", reply(func(e *icmp.Echo) { e.Data = e.Data[1:] }), a.addr, silent},
		{"longer payload", reply(func(e *icmp.Echo) { e.Data = append(e.Data, make([]byte, 8<<10)...) }), a.addr, silent},
		{"from somebody else", reply(same), other, silent},
		{"the request itself", func(request []byte) [][]byte { return [][]byte{request} }, a.addr, silent},
		{"nothing, garbage, then the reply", func(request []byte) [][]byte {
			return [][]byte{{}, {0}, make([]byte, 7), []byte(strings.Repeat("\xff", 5000)), a.reply(request, func(e *icmp.Echo) { e.Seq++ }), a.reply(request, same)}
		}, a.addr, success},
		{"unreachable", lost(func(p []byte) []byte { return p }), other, unreachable},
		{"unreachable, as little as allowed", lost(func(p []byte) []byte { return p[:header+8] }), other, unreachable},
		{"unreachable, too little", lost(func(p []byte) []byte { return p[:header+7] }), other, silent},
		{"unreachable, half a header", lost(func(p []byte) []byte { return p[:header/2] }), other, silent},
		{"unreachable of another sequence", lost(func(p []byte) []byte { p[header+7] ^= 1; return p }), other, silent},
		{"unreachable of another target", lost(func(p []byte) []byte { p[header-5] ^= 1; p[header-1] ^= 1; return p }), other, silent},
		{"unreachable of a reply", lost(func(p []byte) []byte { p[header] ^= 1; return p }), other, silent},
		{"unreachable of no ICMP", lost(func(p []byte) []byte { p[9], p[6] = 17, 17; return p }), other, silent},
		{"unreachable of the other family", lost(func(p []byte) []byte { p[0] ^= 0x20; return p }), other, silent},
		{"unreachable with a header that lies", lost(func(p []byte) []byte { p[0] = 4<<4 | 1; return p }), other, silent},
		{"passed too many routers", func(request []byte) [][]byte { return [][]byte{a.exceeded(request)} }, other, unreachable},
	}
}

// deliver lets messages come back from an address.
func deliver(send func(request []byte) [][]byte, from net.Addr) func(w *icmpWire, to net.Addr, request []byte) {
	return func(w *icmpWire, _ net.Addr, request []byte) {
		for _, m := range send(request) {
			w.in <- icmpPacket{message: m, from: from}
		}
	}
}

func TestHostileEcho(t *testing.T) {
	for _, family := range []struct{ target, other netip.Addr }{
		{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8")},
		{netip.MustParseAddr("2001:db8::7"), netip.MustParseAddr("2001:db8::8")},
	} {
		a := icmpReplies{family.target}
		for _, ownID := range []bool{false, true} {
			cases := hostileEchoes(a, family.other)
			otherID := success
			if !ownID {
				otherID = want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonConnectionTimeout}
			}
			// The system writes the ID of its own socket into the request.
			cases = append(cases, icmpCase{"another ID", func(request []byte) [][]byte {
				return [][]byte{a.reply(request, func(e *icmp.Echo) { e.ID ^= 1 })}
			}, a.addr, otherID})
			for _, c := range cases {
				t.Run(fmt.Sprintf("%s %s %v", c.name, a.addr, ownID), func(t *testing.T) {
					t.Parallel()
					var from net.Addr = &net.IPAddr{IP: c.from.AsSlice()}
					if ownID {
						from = &net.UDPAddr{IP: c.from.AsSlice()}
					}
					wire := newICMPWire(deliver(c.send, from))
					f := NewFactory(Options{Resolver: addresses{a.addr}})
					f.openEcho = func(v6 bool) (*echoSocket, error) {
						if v6 != a.addr.Is6() {
							t.Errorf("a socket for v6: %v", v6)
						}
						return &echoSocket{wire, ownID}, nil
					}
					e := endpointOf("icmp://host.mainz.test")
					if c.want.reason == ReasonConnectionTimeout {
						e.Timeout = "200ms"
					}
					if r := check(t, f, e, nil, c.want); r.Address != a.addr.String() {
						t.Errorf("address is %q", r.Address)
					}
					if !wire.closed {
						t.Error("the socket is open")
					}
				})
			}
		}
	}
}

// FuzzEchoMeaning: no message but the reply is taken for it.
func FuzzEchoMeaning(f *testing.F) {
	targets := []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::7")}
	echoes := make([]echo, len(targets))
	for i, target := range targets {
		echoes[i] = echo{addr: target, id: 1, seq: 2, data: []byte("123456789012345678901234")}
		request, err := echoes[i].marshal()
		if err != nil {
			f.Fatal(err)
		}
		for _, c := range hostileEchoes(icmpReplies{target}, target) {
			for _, m := range c.send(request) {
				f.Add(i == 1, m)
			}
		}
	}
	f.Fuzz(func(t *testing.T, v6 bool, message []byte) {
		e := echoes[0]
		if v6 {
			e = echoes[1]
		}
		switch e.meaning(message, &net.IPAddr{IP: e.addr.AsSlice()}) {
		case icmpReply:
			if len(message) != 8+len(e.data) || string(message[8:]) != string(e.data) || binary.BigEndian.Uint16(message[6:]) != 2 {
				t.Errorf("taken for the reply: %x", message)
			}
		case icmpUnreachable:
			if !strings.Contains(string(message), string(e.addr.AsSlice())) {
				t.Errorf("taken for an error about the request: %x", message)
			}
		}
	})
}
