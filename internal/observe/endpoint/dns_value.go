// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/miekg/dns"
	"golang.org/x/net/idna"
)

// recordType is one that can be asked for.
type recordType struct {
	code uint16
	// normal returns the normal form of a declared value, in which valueOf
	// writes that of a record; false if no record can have it.
	normal func(declared string) (string, bool)
	// like is a value of this type, for messages.
	like string
}

// recordTypes by the name with which they are declared. How the values are
// written follows the zone file (RFC 1035, section 5.1), with names in full.
var recordTypes = map[string]recordType{
	"A":     {dns.TypeA, normalA, "192.0.2.7"},
	"AAAA":  {dns.TypeAAAA, normalAAAA, "2001:db8::7"},
	"CAA":   {dns.TypeCAA, normalCAA, `0 issue "ca.example.org"`},
	"CNAME": {dns.TypeCNAME, normalName, "www.example.org"},
	"MX":    {dns.TypeMX, normalMX, "10 mail.example.org"},
	"NS":    {dns.TypeNS, normalName, "ns1.example.org"},
	"PTR":   {dns.TypePTR, normalName, "www.example.org"},
	"SOA":   {dns.TypeSOA, normalSOA, "ns1.example.org hostmaster.example.org"},
	"SRV":   {dns.TypeSRV, normalSRV, "10 60 5060 sip.example.org"},
	"TXT":   {dns.TypeTXT, func(declared string) (string, bool) { return declared, declared != "" }, "v=spf1 -all"},
}

// expectedValues returns the normal forms of declared values, each once, in
// ascending order. The error is a *SpecError.
func expectedValues(kind string, declared []string) ([]string, error) {
	t := recordTypes[kind]
	var out []string
	for i, d := range declared {
		v, ok := t.normal(d)
		if !ok {
			return nil, invalid(fmt.Sprintf("dns.expectedValues[%d]", i), "%q is no value of %s such as %s", printable(d, maxName/2), kind, t.like)
		}
		out = append(out, v)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// plainName returns a name in lower case without its final dot, but for the
// root's.
func plainName(name string) string {
	name = dns.CanonicalName(name)
	if name == "." {
		return name
	}
	return strings.TrimSuffix(name, ".")
}

// valueOf returns the normal form of a record's value.
func valueOf(rr dns.RR) string {
	switch v := rr.(type) {
	case *dns.A:
		return addressOf(v.A.To4())
	case *dns.AAAA:
		return addressOf(v.AAAA)
	case *dns.CAA:
		return caaValue(v.Flag, v.Tag, v.Value)
	case *dns.CNAME:
		return plainName(v.Target)
	case *dns.MX:
		return numbered(v.Mx, v.Preference)
	case *dns.NS:
		return plainName(v.Ns)
	case *dns.PTR:
		return plainName(v.Ptr)
	case *dns.SOA:
		return fmt.Sprintf("%s %s %d %d %d %d %d", plainName(v.Ns), plainName(v.Mbox), v.Serial, v.Refresh, v.Retry, v.Expire, v.Minttl)
	case *dns.SRV:
		return numbered(v.Target, v.Priority, v.Weight, v.Port)
	case *dns.TXT:
		// The strings are one text that was cut (RFC 7208, section 3.3).
		var b strings.Builder
		for _, s := range v.Txt {
			b.WriteString(unescape(s))
		}
		return b.String()
	}
	return ""
}

func addressOf(ip net.IP) string {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return ""
	}
	return addr.String()
}

func numbered(name string, numbers ...uint16) string {
	var b strings.Builder
	for _, n := range numbers {
		b.WriteString(strconv.Itoa(int(n)))
		b.WriteByte(' ')
	}
	return b.String() + plainName(name)
}

// caaValue: tags are compared without regard to case (RFC 8659, section 4.1).
func caaValue(flag uint8, tag, value string) string {
	return strconv.Itoa(int(flag)) + " " + strings.ToLower(tag) + ` "` + value + `"`
}

// unescape undoes how the library writes the bytes of a text that are not
// printable (RFC 1035, section 5.1).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		if i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 10, 8); err == nil {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		i++
		out = append(out, s[i])
	}
	return string(out)
}

func normalA(declared string) (string, bool) {
	addr, err := netip.ParseAddr(declared)
	return addr.String(), err == nil && addr.Is4()
}

func normalAAAA(declared string) (string, bool) {
	addr, err := netip.ParseAddr(declared)
	return addr.String(), err == nil && addr.Is6() && addr.Zone() == ""
}

// normalName takes letters beyond ASCII as well, as the host of a URL may hold
// them.
func normalName(declared string) (string, bool) {
	for i := range len(declared) {
		if declared[i] < 0x80 {
			continue
		}
		ascii, err := idna.Lookup.ToASCII(declared)
		if err != nil || !utf8.ValidString(declared) {
			return "", false
		}
		declared = ascii
		break
	}
	if _, ok := dns.IsDomainName(declared); !ok || strings.ContainsAny(declared, " \t\"") {
		return "", false
	}
	return plainName(declared), true
}

// normalNumbered reads so many numbers and a name.
func normalNumbered(declared string, count int) (string, bool) {
	fields := strings.Fields(declared)
	if len(fields) != count+1 {
		return "", false
	}
	var numbers []uint16
	for _, f := range fields[:count] {
		n, err := strconv.ParseUint(f, 10, 16)
		if err != nil {
			return "", false
		}
		numbers = append(numbers, uint16(n))
	}
	name, ok := normalName(fields[count])
	return numbered(name, numbers...), ok
}

func normalMX(declared string) (string, bool) { return normalNumbered(declared, 1) }

func normalSRV(declared string) (string, bool) { return normalNumbered(declared, 3) }

// normalSOA takes the first field or more of a record: its primary server, its
// mailbox as a name, its serial and so on.
func normalSOA(declared string) (string, bool) {
	fields := strings.Fields(declared)
	if len(fields) == 0 || len(fields) > 7 {
		return "", false
	}
	for i, f := range fields {
		if i < 2 {
			name, ok := normalName(f)
			if !ok {
				return "", false
			}
			fields[i] = name
			continue
		}
		n, err := strconv.ParseUint(f, 10, 32)
		if err != nil {
			return "", false
		}
		fields[i] = strconv.FormatUint(n, 10)
	}
	return strings.Join(fields, " "), true
}

// normalCAA takes the value with or without quotes around it.
func normalCAA(declared string) (string, bool) {
	flag, rest, _ := strings.Cut(strings.TrimSpace(declared), " ")
	tag, value, ok := strings.Cut(strings.TrimSpace(rest), " ")
	number, err := strconv.ParseUint(flag, 10, 8)
	if err != nil || !ok || tag == "" {
		return "", false
	}
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	return caaValue(uint8(number), tag, value), true
}
