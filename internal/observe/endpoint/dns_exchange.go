// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"

	"kdz.mainz.de/operator/internal/observe"
)

const (
	// bufferSize is how long an answer over UDP may be, in bytes: what no
	// network has to cut into fragments, as name servers agreed on for the DNS
	// flag day of 2020.
	bufferSize = 1232
	// maxForeign bounds how many packets that are no answer are read.
	maxForeign = 1000
)

var (
	errForeign   = errors.New("not an answer to the question")
	errMalformed = errors.New("malformed answer")
)

// ask returns the question, with an ID of its own.
func (p *dnsProbe) ask() *dns.Msg {
	m := new(dns.Msg).SetQuestion(p.name, p.record)
	return m.SetEdns0(bufferSize, false)
}

// exchange puts the question to one server: over UDP, and again over TCP if
// the answer did not fit (RFC 7766, section 5). Its faults name their step.
func (p *dnsProbe) exchange(ctx context.Context, r *run, s nameServer) (*dns.Msg, *fault) {
	ask := p.ask()
	answer, f := p.overUDP(ctx, r, s, ask)
	if f != nil || !answer.Truncated {
		return answer, f
	}
	answer, f = p.overTCP(ctx, r, s, ask)
	if f != nil {
		// That the server could be reached was seen over UDP, so even where
		// TCP gets no connection, it is not the connecting that failed.
		f.step = observe.StepRequest
		if f.class != observe.ClassLocal {
			f.message = "The answer over UDP is truncated, and over TCP: " + f.message
		}
	}
	return answer, f
}

func (p *dnsProbe) open(ctx context.Context, r *run, network string, s nameServer) (net.Conn, *fault) {
	r.enter(observe.StepConnect)
	if !p.own {
		return r.arrived(r.attempt(ctx, network, s.addr, s.port))
	}
	// The operator's own name servers are its administrator's choice, which
	// the guard does not judge: they often listen on loopback.
	a := attempt{address: net.JoinHostPort(s.addr.String(), s.port)}
	conn, err := r.factory.dial(ctx, network, a.address)
	if err != nil {
		a.fault = r.connectFault(err, a.address)
		return r.arrived(a)
	}
	a.conn = conn
	return r.arrived(a)
}

// within ends what is under way on a socket when ctx ends. The returned
// function ends that and closes the socket.
func within(ctx context.Context, socket interface {
	SetDeadline(t time.Time) error
	Close() error
},
) (release func()) {
	// An error means that the socket is closed, which the next use tells.
	stop := context.AfterFunc(ctx, func() { _ = socket.SetDeadline(time.Unix(1, 0)) })
	return func() {
		stop()
		// Nothing more is wanted of the socket.
		_ = socket.Close()
	}
}

// overUDP asks over UDP. The socket is connected, so that the system drops what
// comes from elsewhere. What comes from the server's address and is not the
// answer is passed over: whoever wants to deceive has to guess ID and port
// before the server answers (RFC 5452, section 9.1). Only the answer proves
// that the server was reached; without one it is connecting that failed.
func (p *dnsProbe) overUDP(ctx context.Context, r *run, s nameServer, ask *dns.Msg) (*dns.Msg, *fault) {
	conn, f := p.open(ctx, r, "udp", s)
	if f != nil {
		f.step = observe.StepConnect
		return nil, f
	}
	defer within(ctx, conn)()
	r.enter(observe.StepRequest)
	unanswered := func(err error) *fault {
		f := r.connectFault(err, r.address)
		f.step = observe.StepConnect
		return f
	}
	wire := &dns.Conn{Conn: conn, UDPSize: bufferSize}
	if err := wire.WriteMsg(ask); err != nil {
		return nil, unanswered(err)
	}
	foreign := 0
	for foreign < maxForeign {
		packet, err := wire.ReadMsgHeader(nil)
		if err == nil {
			var answer *dns.Msg
			if answer, err = p.accept(ask, packet); err == nil {
				return answer, nil
			}
		}
		switch {
		case errors.Is(err, errMalformed):
			return nil, p.malformed(r)
		case errors.Is(err, errForeign), errors.Is(err, dns.ErrShortRead):
			foreign++
		case foreign > 0 && isTimeout(err) && !errors.Is(r.asked.Err(), context.Canceled):
			return nil, onlyForeign(r)
		default:
			return nil, unanswered(err)
		}
	}
	return nil, onlyForeign(r)
}

func (p *dnsProbe) overTCP(ctx context.Context, r *run, s nameServer, ask *dns.Msg) (*dns.Msg, *fault) {
	conn, f := p.open(ctx, r, "tcp", s)
	if f != nil {
		return nil, f
	}
	defer within(ctx, conn)()
	r.enter(observe.StepRequest)
	wire := &dns.Conn{Conn: conn}
	err := wire.WriteMsg(ask)
	var packet []byte
	if err == nil {
		// At most 64 KiB: the length has two bytes.
		packet, err = wire.ReadMsgHeader(nil)
	}
	if err != nil {
		if f := r.talkFault(err, ReasonResponseTimeout, "answer in full"); f != nil {
			return nil, f
		}
		return nil, p.malformed(r)
	}
	answer, err := p.accept(ask, packet)
	switch {
	case errors.Is(err, errForeign):
		return nil, targetFault(ReasonProtocolError, r.address+" answered another question.")
	case err != nil:
		return nil, p.malformed(r)
	case answer.Truncated:
		return nil, targetFault(ReasonAnswerTruncated, r.address+" sent a truncated answer.")
	}
	return answer, nil
}

// accept returns the answer that a packet holds: errForeign if it is none to
// this question, errMalformed if it is one that makes no sense. What follows
// the question of a truncated answer is not looked at.
func (p *dnsProbe) accept(ask *dns.Msg, packet []byte) (*dns.Msg, error) {
	if len(packet) < 2 || binary.BigEndian.Uint16(packet) != ask.Id {
		return nil, errForeign
	}
	m := new(dns.Msg)
	err := m.Unpack(packet)
	if !m.Response || m.Opcode != dns.OpcodeQuery || len(m.Question) != 1 {
		return nil, errForeign
	}
	if q := m.Question[0]; q.Qtype != p.record || q.Qclass != dns.ClassINET || !strings.EqualFold(q.Name, p.name) {
		return nil, errForeign
	}
	// The library lets fewer records pass than the header (RFC 1035, section
	// 4.1.1, ANCOUNT) promises.
	if promised := int(binary.BigEndian.Uint16(packet[6:])); (err != nil || len(m.Answer) != promised) && !m.Truncated {
		return nil, errMalformed
	}
	return m, nil
}

func (p *dnsProbe) malformed(r *run) *fault {
	f := targetFault(ReasonProtocolError, "The answer of "+r.address+" makes no sense.")
	f.step = observe.StepRequest
	return f
}

func onlyForeign(r *run) *fault {
	f := pathFault(ReasonForeignAnswer, "What came from "+r.address+" in time was no answer to this question.")
	f.step = observe.StepRequest
	return f
}
