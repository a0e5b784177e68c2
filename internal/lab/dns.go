// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

const (
	// recordTTL is for how long, in seconds, an answer may be remembered.
	recordTTL = 5
	// maxText is how much one string of a TXT record holds (RFC 1035,
	// section 3.3).
	maxText = 255
)

// question is what a name server is asked for a name.
func (d DNS) question(name string) (dns.Question, error) {
	if _, ok := dns.IsDomainName(name); !ok || name == "" {
		return dns.Question{}, fmt.Errorf("%q is no name that a name server could be asked for", name)
	}
	kind, known := dns.StringToType[cmp.Or(d.Type, "A")]
	if !known {
		return dns.Question{}, fmt.Errorf("the lab knows no records of type %q", d.Type)
	}
	q := dns.Question{Name: dns.CanonicalName(name), Qtype: kind, Qclass: dns.ClassINET}
	_, err := d.records(q)
	return q, err
}

// records are what the question is answered with.
func (d DNS) records(q dns.Question) ([]dns.RR, error) {
	kind, values := dns.TypeToString[q.Qtype], d.Values
	if len(values) == 0 {
		switch q.Qtype {
		case dns.TypeA:
			values = []string{loopback.String()}
		case dns.TypeAAAA:
			values = []string{"::1"}
		default:
			return nil, fmt.Errorf("the lab needs a value of type %s to answer with", kind)
		}
	}
	var records []dns.RR
	for _, v := range values {
		if q.Qtype == dns.TypeTXT && !strings.HasPrefix(v, `"`) {
			records = append(records, textRecord(q, v))
			continue
		}
		zone := dns.NewZoneParser(strings.NewReader(fmt.Sprintf("%s %d IN %s %s\n", q.Name, recordTTL, kind, v)), ".", "")
		r, ok := zone.Next()
		if _, more := zone.Next(); !ok || more || zone.Err() != nil {
			return nil, fmt.Errorf("%q is no value of type %s", v, kind)
		}
		records = append(records, r)
	}
	return records, nil
}

// textRecord holds a text, in strings as long as they may be.
func textRecord(q dns.Question, text string) *dns.TXT {
	r := &dns.TXT{Hdr: dns.RR_Header{Name: q.Name, Rrtype: q.Qtype, Class: q.Qclass, Ttl: recordTTL}}
	for part := range slices.Chunk([]byte(text), maxText) {
		// The library wants it as in a zone file.
		r.Txt = append(r.Txt, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(part)))
	}
	return r
}

// nameServer answers over UDP and TCP.
type nameServer struct {
	servers  []*dns.Server
	listener *listener
	packets  net.PacketConn
	running  *sync.WaitGroup
}

func (s nameServer) close() {
	// Not here: it waits for answers under way, and these for the lock. What it
	// returns is that a server had not begun, which does not begin then.
	for _, d := range s.servers {
		s.running.Go(func() { _ = d.ShutdownContext(context.Background()) })
	}
	s.listener.end()
	_ = s.packets.Close()
}

func (p *port) serveDNS(l *listener) (server, error) {
	packets, err := listenPacket(p.address(), p.targets[0].first().String())
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	s := nameServer{listener: l, packets: packets, running: &p.lab.running}
	for _, d := range []*dns.Server{{Listener: l}, {PacketConn: packets}} {
		d.Handler, d.MaxTCPQueries = dns.HandlerFunc(p.resolve), maxRequests
		s.servers = append(s.servers, d)
		s.running.Go(func() { _ = d.ActivateAndServe() }) // returns when it is closed
	}
	return s, nil
}

// resolve answers a question as the target that has the name and type.
func (p *port) resolve(w dns.ResponseWriter, question *dns.Msg) {
	answer := new(dns.Msg)
	answer.SetReply(question)
	answer.Authoritative = true
	if len(question.Question) == 1 {
		p.answerQuestion(answer, question.Question[0])
	} else {
		answer.Rcode = dns.RcodeFormatError
	}
	most := uint16(dns.MinMsgSize) // over UDP (RFC 1035, section 4.2.1)
	if edns := question.IsEdns0(); edns != nil {
		most = max(most, edns.UDPSize()) // RFC 6891, section 6.2.3
		answer.SetEdns0(maxMessage, false)
	}
	if _, udp := w.LocalAddr().(*net.UDPAddr); udp {
		answer.Truncate(int(most))
	}
	_ = w.WriteMsg(answer) // a client that is gone needs no answer
}

// answerQuestion fills in the answer to one question.
func (p *port) answerQuestion(answer *dns.Msg, q dns.Question) {
	q.Name = dns.CanonicalName(q.Name)
	answer.Rcode = dns.RcodeNameError
	for _, t := range p.targets {
		if t.question.Name != q.Name {
			continue
		}
		answer.Rcode = dns.RcodeSuccess // the name is there, if nothing of this type
		if t.question != q {
			continue
		}
		p.lab.mu.RLock()
		now := t.condition
		p.lab.mu.RUnlock()
		if now == away {
			answer.Rcode = dns.RcodeServerFailure
			return
		}
		for _, r := range t.records {
			answer.Answer = append(answer.Answer, dns.Copy(r))
		}
		return
	}
}
