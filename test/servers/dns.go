// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Answer is how a name server answers a question.
type Answer struct {
	// Code of the answer.
	Code dnsmessage.RCode
	// Addresses of the name, for questions of their family.
	Addresses []netip.Addr
	// Silent: it does not answer at all.
	Silent bool
}

// StartDNS starts a name server on loopback (UDP) and returns its address. zone
// answers for a name with its final dot; it is called by one goroutine.
func StartDNS(tb testing.TB, zone func(name string) Answer) string {
	tb.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		serveDNS(conn, zone)
	}()
	tb.Cleanup(func() {
		if err := conn.Close(); err != nil {
			tb.Error(err)
		}
		<-done
	})
	return conn.LocalAddr().String()
}

// serveDNS answers until the connection is closed.
func serveDNS(conn net.PacketConn, zone func(name string) Answer) {
	buffer := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(buffer[:n]); err != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		a := zone(q.Name.String())
		if a.Silent {
			continue
		}
		reply := dnsmessage.Message{
			Header:    dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true, RCode: a.Code},
			Questions: m.Questions,
		}
		for _, ip := range a.Addresses {
			header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 60}
			switch {
			case q.Type == dnsmessage.TypeA && ip.Is4():
				reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}})
			case q.Type == dnsmessage.TypeAAAA && ip.Is6():
				reply.Answers = append(reply.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}})
			}
		}
		packed, err := reply.Pack()
		if err != nil {
			continue
		}
		if _, err := conn.WriteTo(packed, from); err != nil {
			return
		}
	}
}
