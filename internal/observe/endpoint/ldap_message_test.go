// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// ldapMessage returns a message as a server sends it.
func ldapMessage(id int64, op *ber.Packet) []byte {
	m := ber.NewSequence("")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(op)
	return m.Bytes()
}

// ldapOperation returns an operation of an answer with these parts.
func ldapOperation(tag ber.Tag, parts ...*ber.Packet) *ber.Packet {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, tag, nil, "")
	for _, p := range parts {
		op.AppendChild(p)
	}
	return op
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// ldapResult returns the operation that ends a request.
func ldapResult(tag ber.Tag, code uint16, diagnosis string, urls ...string) *ber.Packet {
	op := ldapOperation(tag,
		ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, int64(code), ""), octets(""), octets(diagnosis))
	if len(urls) > 0 {
		referral := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
		for _, u := range urls {
			referral.AppendChild(octets(u))
		}
		op.AppendChild(referral)
	}
	return op
}

func ldapEntry(dn string) *ber.Packet {
	return ldapOperation(ldap.ApplicationSearchResultEntry, octets(dn), ber.NewSequence(""))
}

// deep returns a message that nests an octet string so and so deep.
func deep(levels int) []byte {
	inner := octets(strings.Repeat("x", 100))
	for range levels - 1 {
		outer := ber.NewSequence("")
		outer.AppendChild(inner)
		inner = outer
	}
	return ldapMessage(1, ldapOperation(ldap.ApplicationSearchResultEntry, inner))
}

// wide returns a message of so and so many empty octet strings.
func wide(elements int) []byte {
	op := ldapOperation(ldap.ApplicationSearchResultEntry)
	op.Data.Write(bytes.Repeat([]byte{0x04, 0}, elements))
	return ldapMessage(1, op)
}

func fromHex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func TestLDAPReaderTakesWhatServersSend(t *testing.T) {
	done := ldapMessage(7, ldapResult(ldap.ApplicationSearchResultDone, 0, ""))
	big := ldapMessage(7, ldapOperation(ldap.ApplicationSearchResultEntry, octets(strings.Repeat("x", maxLDAPMessage-20))))
	controls := []byte("\xa0\x82\x00\x03abc")
	for name, c := range map[string]struct{ sent, want []byte }{
		"message":               {done, done},
		"longest message":       {big, big},
		"length of four bytes":  {fromHex("30 84 0000000c 020101 65 84 00000003 0a0100"), nil},
		"primitive operation":   {fromHex("30 05 020101 4200"), fromHex("30 05 020101 4200")},
		"controls":              {withTail(done, controls), done},
		"what only comes later": {withTail(done, []byte("\x85\x01x")), done},
		"greatest depth":        {deep(maxLDAPDepth), deep(maxLDAPDepth)},
		"most elements":         {wide(maxLDAPElements), wide(maxLDAPElements)},
	} {
		t.Run(name, func(t *testing.T) {
			if c.want == nil {
				c.want = c.sent
			}
			const after = "not to be read"
			from := bytes.NewReader(append(slices.Clone(c.sent), after...))
			got, err := newLDAPReader(iotest.OneByteReader(from)).next()
			if err != nil {
				t.Fatal(err)
			}
			if a, b := ber.DecodePacket(got), ber.DecodePacket(c.want); !bytes.Equal(a.Bytes(), b.Bytes()) {
				t.Errorf("got %x, want %x", a.Bytes(), b.Bytes())
			}
			if rest, _ := io.ReadAll(from); string(rest) != after {
				t.Errorf("left is %q", rest)
			}
		})
	}
}

// withTail appends to what is within the outer sequence of a short message.
func withTail(message, tail []byte) []byte {
	out := append(slices.Clone(message), tail...)
	out[1] += byte(len(tail))
	return out
}

func TestLDAPReaderRefuses(t *testing.T) {
	tooBig := ldapMessage(7, ldapOperation(ldap.ApplicationSearchResultEntry, octets(strings.Repeat("x", maxLDAPMessage))))
	for name, c := range map[string]struct {
		sent []byte
		want error
	}{
		"nothing":                      {nil, io.EOF},
		"half a head":                  {fromHex("30"), io.ErrUnexpectedEOF},
		"half a length":                {fromHex("30 84 00"), io.ErrUnexpectedEOF},
		"half a message":               {fromHex("30 0c 020101 65"), io.ErrUnexpectedEOF},
		"text":                         {[]byte("220 mail.mainz.test\r\n"), errLDAPForm},
		"alert of TLS":                 {fromHex("15 03 03 00 02 02 32"), errLDAPForm},
		"indefinite length":            {fromHex("30 80 020101 4200 0000"), errLDAPForm},
		"reserved length":              {fromHex("30 ff"), errLDAPForm},
		"length of eight bytes":        {fromHex("30 88 0000000000000005 020101 4200"), errLDAPForm},
		"length of 4 GiB":              {fromHex("30 84 ffffffff"), errLDAPSize},
		"too long":                     {tooBig, errLDAPSize},
		"empty":                        {fromHex("30 00"), errLDAPForm},
		"no operation":                 {fromHex("30 03 020101"), errLDAPForm},
		"number that is none":          {fromHex("30 05 040101 4200"), errLDAPForm},
		"number without value":         {fromHex("30 04 0200 4200"), errLDAPForm},
		"number too large":             {fromHex("30 09 02050100000000 4200"), errLDAPForm},
		"operation that is none":       {fromHex("30 05 020101 0400"), errLDAPForm},
		"operation beyond the message": {fromHex("30 05 020101 4201"), errLDAPForm},
		"element beyond the operation": {fromHex("30 09 020101 6504 0484ffff"), errLDAPForm},
		"element that lies":            {fromHex("30 0b 020101 6506 0484ffffffff"), errLDAPForm},
		"half an element":              {fromHex("30 06 020101 6501 04"), errLDAPForm},
		"high tag":                     {fromHex("30 08 020101 6503 1f0100"), errLDAPForm},
		"real number":                  {fromHex("30 07 020101 6502 0900"), errLDAPForm},
		"constructed octet string":     {fromHex("30 07 020101 6502 2400"), errLDAPForm},
		"too deep":                     {deep(maxLDAPDepth + 1), errLDAPForm},
		"very deep":                    {deep(900), errLDAPForm},
		"too many elements":            {wide(maxLDAPElements + 1), errLDAPSize},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := newLDAPReader(bytes.NewReader(c.sent)).next()
			if !errors.Is(err, c.want) || got != nil {
				t.Errorf("got %x, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestLDAPReaderBoundsAll(t *testing.T) {
	small := ldapMessage(1, ldapEntry("dc=mainz"))
	large := ldapMessage(1, ldapOperation(ldap.ApplicationSearchResultEntry, octets(strings.Repeat("x", maxLDAPMessage/2))))
	for name, c := range map[string]struct {
		message []byte
		want    int
	}{
		"small messages": {small, maxLDAPMessages},
		"large messages": {large, maxLDAPAnswers / len(large)},
	} {
		in := newLDAPReader(&repeat{part: c.message})
		for i := range c.want {
			if _, err := in.next(); err != nil {
				t.Errorf("%s: number %d: %v", name, i, err)
			}
		}
		if _, err := in.next(); !errors.Is(err, errLDAPSize) {
			t.Errorf("%s: one more is read: %v", name, err)
		}
	}
}

// repeat is an endless reader.
type repeat struct {
	part []byte
	at   int
}

func (r *repeat) Read(b []byte) (int, error) {
	n := copy(b, r.part[r.at:])
	r.at = (r.at + n) % len(r.part)
	return n, nil
}

func TestLDAPNotice(t *testing.T) {
	// RFC 4511, section 4.4.1.
	op := ldapResult(ldap.ApplicationExtendedResponse, ldap.LDAPResultUnavailable, "")
	op.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 10, "1.3.6.1.4.1.1466.20036", ""))
	_, err := newLDAPReader(bytes.NewReader(ldapMessage(0, op))).next()
	var notice *ldapNotice
	if !errors.As(err, &notice) || notice.code != ldap.LDAPResultUnavailable {
		t.Errorf("error is %v", err)
	}
}

// FuzzLDAPReader: whatever is sent, what passes is bounded, the library's
// parser takes it, and passing again changes nothing.
func FuzzLDAPReader(f *testing.F) {
	f.Add(ldapMessage(1, ldapEntry("dc=mainz")))
	f.Add(ldapMessage(1, ldapResult(ldap.ApplicationSearchResultDone, 10, "a", "ldap://b")))
	f.Add(withTail(ldapMessage(0, ldapResult(ldap.ApplicationExtendedResponse, 52, "")), []byte("\xa0\x00")))
	f.Add(deep(maxLDAPDepth + 1))
	f.Add(wide(10))
	f.Add(fromHex("30 84 0000000a 020101 6505 0483ffffff"))
	f.Fuzz(func(t *testing.T, sent []byte) {
		from := bytes.NewReader(sent)
		in := newLDAPReader(from)
		for {
			got, err := in.next()
			if err != nil {
				if got != nil {
					t.Errorf("%x in spite of %v", got, err)
				}
				break
			}
			if len(got) > maxLDAPMessage+6 {
				t.Errorf("a message of %d bytes passed", len(got))
			}
			packet, err := ber.DecodePacketErr(got)
			if err != nil {
				t.Fatalf("the library refuses %x: %v", got, err)
			}
			if depth, all := measure(packet); depth > maxLDAPDepth+1 || all > maxLDAPElements+3 {
				t.Errorf("depth %d, %d elements", depth, all)
			}
			// Whether it is a result does not matter; it must not panic.
			_ = resultOf(ldap.GetLDAPError(packet))
			_ = referralOf(packet)
			again, err := newLDAPReader(bytes.NewReader(slices.Clone(got))).next()
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("%x passed as %x, %v", got, again, err)
			}
		}
		if read := len(sent) - from.Len(); read > maxLDAPAnswers+6 {
			t.Errorf("%d bytes were read", read)
		}
	})
}

// measure returns how deep a packet nests, and of how many elements it consists.
func measure(p *ber.Packet) (depth, all int) {
	for _, c := range p.Children {
		d, a := measure(c)
		depth, all = max(depth, d+1), all+a
	}
	return depth, all + 1
}
