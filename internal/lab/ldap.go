// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"io"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
)

const (
	// maxMessage is the longest LDAP message that is read.
	maxMessage = 4 << 10
	// oidStartTLS names the request to speak TLS (RFC 4511, section 4.14).
	oidStartTLS = "1.3.6.1.4.1.1466.20037"
)

// Operations of LDAP, by the tags of their messages (RFC 4511, section 4.2 on).
const (
	ldapBind             ber.Tag = 0
	ldapBindResponse     ber.Tag = 1
	ldapUnbind           ber.Tag = 2
	ldapSearch           ber.Tag = 3
	ldapSearchEntry      ber.Tag = 4
	ldapSearchDone       ber.Tag = 5
	ldapAbandon          ber.Tag = 16
	ldapExtended         ber.Tag = 23
	ldapExtendedResponse ber.Tag = 24
)

// Results of LDAP (RFC 4511, section 4.1.9).
const (
	ldapSuccess            = 0
	ldapOperationsError    = 1
	ldapProtocolError      = 2
	ldapNoSuchObject       = 32
	ldapInvalidCredentials = 49
)

// errNoLDAP ends the connection of whoever does not speak LDAP.
var errNoLDAP = errors.New("this is no LDAP that the lab knows")

// directory is the talk with one client of an LDAP server that has nothing but
// its root DSE (RFC 4512, section 5.1), which it shows to everybody.
type directory struct{ *exchange }

func talkLDAP(x *exchange) {
	d := directory{x}
	for range maxRequests {
		// What follows the message is not read ahead: it may be TLS.
		m, err := ber.ReadPacket(io.LimitReader(d.conn, maxMessage))
		if err != nil || d.answer(m) != nil {
			return
		}
	}
}

// answer answers one message.
func (d directory) answer(m *ber.Packet) error {
	if len(m.Children) < 2 {
		return errNoLDAP
	}
	id, ok := m.Children[0].Value.(int64)
	op := m.Children[1]
	if !ok || op.ClassType != ber.ClassApplication {
		return errNoLDAP
	}
	switch op.Tag {
	case ldapBind:
		return d.bind(id, op)
	case ldapSearch:
		return d.search(id, op)
	case ldapExtended:
		return d.extended(id, op)
	case ldapAbandon:
		return nil // there is nothing that takes long
	case ldapUnbind:
		return io.EOF
	}
	return errNoLDAP
}

// bind lets in who says no name and no password (RFC 4513, section 5.1.1), and
// nobody else.
func (d directory) bind(id int64, op *ber.Packet) error {
	if len(op.Children) < 3 {
		return errNoLDAP
	}
	name, auth := op.Children[1], op.Children[2]
	if text(name) != "" || auth.Tag != 0 || text(auth) != "" {
		return d.send(id, result(ldapBindResponse, ldapInvalidCredentials, "nobody logs in here"))
	}
	return d.send(id, result(ldapBindResponse, ldapSuccess, ""))
}

// search shows the root DSE, which is the object without a name.
func (d directory) search(id int64, op *ber.Packet) error {
	if len(op.Children) < 8 {
		return errNoLDAP
	}
	const baseObject = 0
	if scope, ok := op.Children[1].Value.(int64); !ok || scope != baseObject || text(op.Children[0]) != "" {
		return d.send(id, result(ldapSearchDone, ldapNoSuchObject, "the lab has the root DSE only"))
	}
	if err := d.send(id, d.rootDSE(op.Children[7])); err != nil {
		return err
	}
	return d.send(id, result(ldapSearchDone, ldapSuccess, ""))
}

// rootDSE is the entry, with those of its attributes that were asked for
// (RFC 4511, section 4.5.1.8; "+" is RFC 3673).
func (d directory) rootDSE(asked *ber.Packet) *ber.Packet {
	var names []string
	for _, c := range asked.Children {
		names = append(names, strings.ToLower(text(c)))
	}
	attributes := ber.NewSequence("")
	add := func(name, all string, values ...string) {
		if !slices.Contains(names, strings.ToLower(name)) && !slices.Contains(names, all) && (all != "*" || len(names) > 0) {
			return
		}
		set := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		for _, v := range values {
			set.AppendChild(octets(v))
		}
		attribute := ber.NewSequence("")
		attribute.AppendChild(octets(name))
		attribute.AppendChild(set)
		attributes.AppendChild(attribute)
	}
	add("objectClass", "*", "top")
	add("supportedLDAPVersion", "+", "3")
	if d.offersTLS() {
		add("supportedExtension", "+", oidStartTLS)
	}
	entry := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldapSearchEntry, nil, "")
	entry.AppendChild(octets(""))
	entry.AppendChild(attributes)
	return entry
}

// extended starts TLS.
func (d directory) extended(id int64, op *ber.Packet) error {
	if len(op.Children) < 1 {
		return errNoLDAP
	}
	switch {
	case text(op.Children[0]) != oidStartTLS || d.config == nil:
		return d.send(id, result(ldapExtendedResponse, ldapProtocolError, "there is no such operation"))
	case d.secured:
		return d.send(id, result(ldapExtendedResponse, ldapOperationsError, "this is TLS already"))
	}
	response := result(ldapExtendedResponse, ldapSuccess, "")
	response.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 10, oidStartTLS, ""))
	if err := d.send(id, response); err != nil {
		return err
	}
	return d.secure()
}

// send sends one message.
func (d directory) send(id int64, op *ber.Packet) error {
	m := ber.NewSequence("")
	m.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, id, ""))
	m.AppendChild(op)
	_, err := d.conn.Write(m.Bytes())
	return err
}

// result is what most responses begin with, or are.
func result(response ber.Tag, code int64, message string) *ber.Packet {
	r := ber.Encode(ber.ClassApplication, ber.TypeConstructed, response, nil, "")
	r.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	r.AppendChild(octets("")) // the entry that is concerned
	r.AppendChild(octets(message))
	return r
}

func octets(s string) *ber.Packet {
	return ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, s, "")
}

// text is what a primitive element holds.
func text(p *ber.Packet) string { return p.Data.String() }
