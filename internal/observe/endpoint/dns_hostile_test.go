// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// udpServer listens at an address and sends for each packet that comes what
// reply returns. It returns the address.
func udpServer(t *testing.T, address string, reply func(packet []byte) [][]byte) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			for _, packet := range reply(bytes.Clone(buffer[:n])) {
				// Who asked may have gone.
				_, _ = conn.WriteTo(packet, from)
			}
		}
	}()
	t.Cleanup(func() {
		closeQuietly(conn)
		<-done
	})
	return conn.LocalAddr().String()
}

// reply makes an answer to a question.
type reply func(ask *dns.Msg) [][]byte

// packed is a reply that changes a good answer, which holds one address.
func packed(change func(m *dns.Msg)) reply {
	return func(ask *dns.Msg) [][]byte {
		m := new(dns.Msg).SetReply(ask)
		m.Answer = append(m.Answer, record(ask.Question[0].Name+" 60 IN A 192.0.2.7"))
		change(m)
		b, err := m.Pack()
		if err != nil {
			panic(err)
		}
		return [][]byte{b}
	}
}

func record(s string) dns.RR {
	rr, err := dns.NewRR(s)
	if err != nil {
		panic(err)
	}
	return rr
}

// cut is a good answer, of which each is changed at the level of bytes.
func cut(change func(b []byte) []byte) reply {
	return func(ask *dns.Msg) [][]byte { return [][]byte{change(packed(func(*dns.Msg) {})(ask)[0])} }
}

func both(replies ...reply) reply {
	return func(ask *dns.Msg) [][]byte {
		var out [][]byte
		for _, r := range replies {
			out = append(out, r(ask)...)
		}
		return out
	}
}

func dnsUDP(t *testing.T, answer reply) string {
	t.Helper()
	// An address at which no other test listens, over TCP either.
	return udpServer(t, "127.0.0.80:0", func(packet []byte) [][]byte { return answer(questionIn(packet)) })
}

// dnsBoth answers over UDP, and over TCP at the same port.
func dnsBoth(t *testing.T, answer reply, serve func(conn net.Conn)) string {
	t.Helper()
	address := dnsUDP(t, answer)
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	serveRaw(t, l, serve)
	return address
}

func questionIn(packet []byte) *dns.Msg {
	ask := new(dns.Msg)
	if err := ask.Unpack(packet); err != nil {
		panic(err)
	}
	return ask
}

var (
	good      = packed(func(*dns.Msg) {})
	forgedID  = packed(func(m *dns.Msg) { m.Id++ })
	truncated = packed(func(m *dns.Msg) { m.Truncated, m.Answer = true, nil })
)

type hostileDNS struct {
	name  string
	reply reply
	want  want
}

func hostileNameServers() []hostileDNS {
	foreign := want{observe.OutcomeFailure, observe.ClassPath, observe.StepRequest, ReasonForeignAnswer}
	silent := want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonConnectionTimeout}
	malformed := failed(observe.StepRequest, ReasonProtocolError)
	none := failed(observe.StepExpectation, ReasonNoRecord)
	loop := failed(observe.StepExpectation, ReasonAliasLoop)
	raw := func(b ...byte) reply { return func(*dns.Msg) [][]byte { return [][]byte{b} } }
	cnames := func(n int, last ...string) reply {
		return packed(func(m *dns.Msg) {
			m.Answer = nil
			name := m.Question[0].Name
			for i := range n {
				next := fmt.Sprintf("a%d.mainz.test.", i)
				m.Answer = append(m.Answer, record(name+" 60 IN CNAME "+next))
				name = next
			}
			for _, l := range last {
				m.Answer = append(m.Answer, record(name+" 60 IN "+l))
			}
			// The order of records says nothing.
			slices.Reverse(m.Answer)
		})
	}
	return []hostileDNS{
		{"good", good, success},
		{"name in another case", packed(func(m *dns.Msg) { m.Question[0].Name = strings.ToUpper(m.Question[0].Name) }), success},
		{"silence", func(*dns.Msg) [][]byte { return nil }, silent},
		{"forged ID", forgedID, foreign},
		{"forged ID, then good", both(forgedID, good), success},
		{"many forged IDs", both(slices.Repeat([]reply{forgedID}, 100)...), foreign},
		{"question for another name", packed(func(m *dns.Msg) { m.Question[0].Name = "evil.test." }), foreign},
		{"question for another type", packed(func(m *dns.Msg) { m.Question[0].Qtype = dns.TypeMX }), foreign},
		{"question of another class", packed(func(m *dns.Msg) { m.Question[0].Qclass = dns.ClassCHAOS }), foreign},
		{"another question, then good", both(packed(func(m *dns.Msg) { m.Question[0].Name = "evil.test." }), good), success},
		{"no question", packed(func(m *dns.Msg) { m.Question = nil }), foreign},
		{"two questions", packed(func(m *dns.Msg) { m.Question = append(m.Question, m.Question[0]) }), foreign},
		{"the question itself", packed(func(m *dns.Msg) { m.Response = false }), foreign},
		{"an update", packed(func(m *dns.Msg) { m.Opcode = dns.OpcodeUpdate }), foreign},
		{"empty packet", raw(), foreign},
		{"one byte", raw(1), foreign},
		{"garbage", raw(bytes.Repeat([]byte{0xfe}, 3000)...), foreign},
		{"garbage, then good", both(raw(bytes.Repeat([]byte{0xfe}, 3000)...), good), success},
		{"ID and no more", cut(func(b []byte) []byte { return b[:2] }), foreign},
		{"header and no more", cut(func(b []byte) []byte { return b[:12] }), foreign},
		{"half an answer", cut(func(b []byte) []byte { return b[:len(b)-3] }), malformed},
		{"record that claims too much", cut(func(b []byte) []byte { binary.BigEndian.PutUint16(b[len(b)-6:], 0xffff); return b }), malformed},
		{"name that points to itself", cut(func(b []byte) []byte {
			// The name of the record is the pointer 14 bytes before its end.
			at := len(b) - 16
			binary.BigEndian.PutUint16(b[at:], 0xc000|uint16(at))
			return b
		}), malformed},
		{"more records promised than sent", cut(func(b []byte) []byte { b[7] = 9; return b }), malformed},
		{"longer than was asked for", cut(func(b []byte) []byte { b[7] = 200; return append(b, bytes.Repeat(b[len(b)-16:], 100)...) }), malformed},
		{"record of another name", packed(func(m *dns.Msg) { m.Answer = []dns.RR{record("evil.test. 60 IN A 192.0.2.7")} }), none},
		{"record of another type", packed(func(m *dns.Msg) { m.Answer = []dns.RR{record("mainz.test. 60 IN TXT 192.0.2.7")} }), none},
		{"record of another class", packed(func(m *dns.Msg) { m.Answer[0].Header().Class = dns.ClassCHAOS }), none},
		{"record without a value", packed(func(m *dns.Msg) { m.Answer = []dns.RR{&dns.A{Hdr: *m.Answer[0].Header()}} }), none},
		{"record elsewhere", packed(func(m *dns.Msg) { m.Extra, m.Ns, m.Answer = m.Answer, m.Answer, nil }), none},
		{"alias of another name", packed(func(m *dns.Msg) {
			m.Answer = []dns.RR{record("evil.test. 60 IN CNAME b.test."), record("b.test. 60 IN A 192.0.2.7")}
		}), none},
		{"aliases", cnames(3, "A 192.0.2.7"), success},
		{"many aliases", cnames(maxAliases, "A 192.0.2.7"), success},
		{"too many aliases", cnames(maxAliases+1, "A 192.0.2.7"), loop},
		{"alias in a circle", cnames(3, "CNAME mainz.test."), loop},
		{"alias of itself", cnames(0, "CNAME mainz.test."), loop},
		{"alias of nothing", cnames(3), none},
		{"SERVFAIL", packed(func(m *dns.Msg) { m.Rcode, m.Answer = dns.RcodeServerFailure, nil }), failed(observe.StepRequest, ReasonNameServerFailure)},
		{"unheard-of code", packed(func(m *dns.Msg) { m.Rcode = 14 }), failed(observe.StepRequest, ReasonNameServerFailure)},
		{"REFUSED", packed(func(m *dns.Msg) { m.Rcode = dns.RcodeRefused }), failed(observe.StepRequest, ReasonNameServerRefused)},
		{"NXDOMAIN with a record", packed(func(m *dns.Msg) { m.Rcode = dns.RcodeNameError }), failed(observe.StepExpectation, ReasonNameNotFound)},
		{"truncated, and nobody at TCP", truncated, failed(observe.StepRequest, ReasonConnectionRefused)},
		{"truncated within a record", cut(func(b []byte) []byte { b[2] |= 2; return b[:len(b)-3] }), failed(observe.StepRequest, ReasonConnectionRefused)},
	}
}

func TestHostileNameServer(t *testing.T) {
	f := NewFactory(Options{})
	for _, c := range hostileNameServers() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := dnsEndpoint("dns://mainz.test", dnsUDP(t, c.reply), "")
			if c.want.class == observe.ClassPath {
				e.Timeout = "200ms"
			}
			begun := time.Now()
			check(t, f, e, nil, c.want)
			if time.Since(begun) > 5*time.Second {
				t.Errorf("the check took %v", time.Since(begun))
			}
		})
	}
}

// TestFloodOfForgedAnswers ends before the time is over.
func TestFloodOfForgedAnswers(t *testing.T) {
	forge := func(context.Context, string, string) (net.Conn, error) { return &flood{}, nil }
	e := dnsEndpoint("dns://mainz.test", "192.0.2.53", "")
	e.Timeout = "50s"
	f := NewFactory(Options{Dial: forge})
	r := check(t, f, e, nil, want{observe.OutcomeFailure, observe.ClassPath, observe.StepRequest, ReasonForeignAnswer})
	if r.Latency > 20*time.Second {
		t.Errorf("the check took %v", r.Latency)
	}
}

// flood is a connection on which packets come without end.
type flood struct{ net.UDPConn }

func (*flood) Read(b []byte) (int, error)  { return len(b), nil }
func (*flood) Write(b []byte) (int, error) { return len(b), nil }
func (*flood) SetDeadline(time.Time) error { return nil }
func (*flood) Close() error                { return nil }

// TestTruncated: the answer over TCP counts, and there its faults are those of
// a connection.
func TestTruncated(t *testing.T) {
	f := NewFactory(Options{})
	framed := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	answers := func(r reply) func(net.Conn) {
		return func(conn net.Conn) {
			if ask := readQuestion(conn); ask != nil {
				_, _ = conn.Write(framed(r(ask)[0]))
			}
		}
	}
	malformed := failed(observe.StepRequest, ReasonProtocolError)
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		want  want
	}{
		{"good", answers(good), success},
		{"truncated again", answers(truncated), failed(observe.StepRequest, ReasonAnswerTruncated)},
		{"silence", silence, failed(observe.StepRequest, ReasonResponseTimeout)},
		{"closes", func(conn net.Conn) { readQuestion(conn) }, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"half", func(conn net.Conn) {
			if ask := readQuestion(conn); ask != nil {
				b := framed(good(ask)[0])
				_, _ = conn.Write(b[:len(b)/2])
			}
		}, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"half, then silence", func(conn net.Conn) {
			if ask := readQuestion(conn); ask != nil {
				b := framed(good(ask)[0])
				_, _ = conn.Write(b[:len(b)/2])
				silence(conn)
			}
		}, failed(observe.StepRequest, ReasonResponseTimeout)},
		{"half of the length", func(conn net.Conn) {
			if readQuestion(conn) != nil {
				_, _ = conn.Write([]byte{0})
			}
		}, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"length of nothing", func(conn net.Conn) {
			if readQuestion(conn) != nil {
				_, _ = conn.Write([]byte{0, 0})
			}
		}, malformed},
		{"forged ID", answers(forgedID), malformed},
		{"garbage", func(conn net.Conn) { readQuestion(conn); _, _ = conn.Write(bytes.Repeat([]byte{0x7f}, 1<<20)) }, malformed},
		{"broken", answers(cut(func(b []byte) []byte { return b[:len(b)-3] })), malformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := dnsBoth(t, truncated, c.serve)
			e := dnsEndpoint("dns://mainz.test", address, "", "192.0.2.7")
			if c.want.reason == ReasonResponseTimeout {
				e.Timeout = "300ms"
			}
			r := check(t, f, e, nil, c.want)
			if c.want != success && !strings.HasPrefix(r.Message, "The answer over UDP is truncated, and over TCP: ") {
				t.Errorf("message is %q", r.Message)
			}
		})
	}
}

// readQuestion reads a question over TCP; nil means that the other side went.
func readQuestion(conn net.Conn) *dns.Msg {
	m, err := (&dns.Conn{Conn: conn}).ReadMsg()
	if err != nil {
		return nil
	}
	return m
}

// TestAnswerFromElsewhere: a good answer from another port is not looked at.
func TestAnswerFromElsewhere(t *testing.T) {
	var from string
	elsewhere, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closeQuietly(elsewhere)
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		b := make([]byte, 4096)
		n, asker, err := server.ReadFrom(b)
		if err != nil {
			return
		}
		from = asker.String()
		_, _ = elsewhere.WriteTo(good(questionIn(b[:n]))[0], asker)
	}()
	e := dnsEndpoint("dns://mainz.test", server.LocalAddr().String(), "")
	e.Timeout = "300ms"
	check(t, NewFactory(Options{}), e, nil, want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonConnectionTimeout})
	closeQuietly(server)
	<-served
	if from == "" {
		t.Error("nobody asked")
	}
}

// FuzzDNSAnswer: whatever comes over UDP ends the check soon, soundly, and is
// a success only if it holds an address for the name.
func FuzzDNSAnswer(f *testing.F) {
	ask := new(dns.Msg).SetQuestion("mainz.test.", dns.TypeA)
	ask.Id = 1
	for _, c := range hostileNameServers() {
		for _, b := range c.reply(ask) {
			f.Add(b)
		}
	}
	factory := NewFactory(Options{})
	made, err := factory.New(&v1alpha1.Endpoint{URL: "dns://mainz.test", Interval: "60s"}, nil)
	if err != nil {
		f.Fatal(err)
	}
	p := made.(*dnsProbe)
	f.Fuzz(func(t *testing.T, packet []byte) {
		r := p.begin(t.Context())
		r.enter(observe.StepRequest)
		r.address = "192.0.2.53:53"
		answer, err := p.accept(ask, packet)
		switch {
		case err != nil:
			sound(t, r.finish(p.malformed(r), 0))
			return
		case answer.Truncated:
			r.finish(nil, 0)
			return
		}
		result := r.finish(p.judge(r, answer), 0)
		sound(t, result)
		isAddress := func(rr dns.RR) bool { return rr.Header().Rrtype == dns.TypeA && rr.Header().Rdlength == 4 }
		if result.Outcome == observe.OutcomeSuccess && !slices.ContainsFunc(answer.Answer, isAddress) {
			t.Errorf("a success without an address: %x", packet)
		}
	})
}
