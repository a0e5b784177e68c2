// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"slices"
	"strconv"
	"strings"

	"github.com/miekg/dns"

	"kdz.mainz.de/operator/internal/observe"
)

const (
	// maxAliases bounds how many aliases (CNAME) are followed in one answer.
	maxAliases = 16
	// maxName and maxValues bound a name and the values of an answer in a
	// message, in bytes; maxShown is how many values are shown at most.
	maxName   = 70
	maxValues = 70
	maxShown  = 8
)

// judge returns the fault if the answer is not what is expected.
func (p *dnsProbe) judge(r *run, answer *dns.Msg) *fault {
	switch answer.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	case dns.RcodeRefused:
		return targetFault(ReasonNameServerRefused, r.address+" refused to answer (REFUSED).")
	default:
		return targetFault(ReasonNameServerFailure, r.address+" answered that it cannot tell ("+codeOf(answer)+").")
	}
	r.enter(observe.StepExpectation)
	records, end, within := p.follow(answer.Answer)
	subject := shown(p.name)
	if end != p.name {
		subject = shown(p.name) + ", as an alias of " + shown(end) + ","
	}
	switch {
	case answer.Rcode == dns.RcodeNameError:
		return targetFault(ReasonNameNotFound, subject+" does not exist (NXDOMAIN).")
	case !within:
		return targetFault(ReasonAliasLoop, "The aliases (CNAME) of "+shown(p.name)+" lead in a circle, or over more than 16 names.")
	case len(records) == 0:
		return targetFault(ReasonNoRecord, subject+" has no "+dns.TypeToString[p.record]+" record in the answer.")
	}
	return p.compare(records)
}

func codeOf(answer *dns.Msg) string {
	if name, ok := dns.RcodeToString[answer.Rcode]; ok {
		return name
	}
	return "code " + strconv.Itoa(answer.Rcode)
}

func shown(name string) string { return printable(plainName(name), maxName) }

// follow returns the records of the type that is asked for: those of the name,
// or else those of the name that the aliases in the answer end at. It returns
// that name, and whether an end was found within maxAliases. Records of other
// names are nobody's answer to this question.
func (p *dnsProbe) follow(answer []dns.RR) (records []dns.RR, end string, within bool) {
	name := p.name
	for range maxAliases + 1 {
		next := ""
		for _, rr := range answer {
			h := rr.Header()
			if h.Class != dns.ClassINET || h.Rdlength == 0 || !strings.EqualFold(h.Name, name) {
				continue
			}
			if h.Rrtype == p.record {
				records = append(records, rr)
			}
			if alias, ok := rr.(*dns.CNAME); ok && next == "" {
				next = alias.Target
			}
		}
		if len(records) > 0 || next == "" || p.record == dns.TypeCNAME {
			return records, name, true
		}
		name = next
	}
	return nil, name, false
}

// compare returns the fault if an expected value is not among the records.
func (p *dnsProbe) compare(records []dns.RR) *fault {
	if len(p.expected) == 0 {
		return nil
	}
	values := make([]string, 0, len(records))
	for _, rr := range records {
		values = append(values, valueOf(rr))
	}
	for _, e := range p.expected {
		if slices.ContainsFunc(values, func(v string) bool { return p.meets(v, e) }) {
			continue
		}
		holds := printable(strings.Join(values[:min(len(values), maxShown)], ", "), maxValues)
		return targetFault(ReasonValueMissing, "The answer lacks "+printable(e, maxName)+"; it holds "+holds+".")
	}
	return nil
}

// meets: whether a value is an expected one. Of SOA the first fields are
// enough.
func (p *dnsProbe) meets(value, expected string) bool {
	return value == expected || p.record == dns.TypeSOA && strings.HasPrefix(value, expected+" ")
}
