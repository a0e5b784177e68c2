// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Bounds of what is read of a directory. The entry that is asked for, with the
// few attributes that are wanted of it, takes some hundred bytes.
const (
	// maxLDAPMessage bounds one message, in bytes.
	maxLDAPMessage = 64 << 10
	// maxLDAPAnswers bounds all messages of one check together, in bytes.
	maxLDAPAnswers = 256 << 10
	// maxLDAPMessages bounds how many messages that may be; three are needed.
	maxLDAPMessages = 100
	// maxLDAPDepth bounds how deep an operation nests. The values of an entry
	// are at depth 4 (RFC 4511, section 4.5.2).
	maxLDAPDepth = 8
	// maxLDAPElements bounds of how many elements an operation consists.
	maxLDAPElements = 4 << 10
)

var (
	errLDAPForm = errors.New("no LDAP message")
	errLDAPSize = errors.New("too much for an answer")
)

// ldapNotice is the error with which reading ends if the server announces that
// it closes the connection (RFC 4511, section 4.4.1).
type ldapNotice struct{ code uint16 }

func (n *ldapNotice) Error() string { return fmt.Sprintf("disconnected with result code %d", n.code) }

// Tags of BER that stand in messages of LDAP (RFC 4511, appendix B; ITU-T
// X.690, section 8.1.2).
const (
	berInteger     = 0x02
	berSequence    = 0x30
	berConstructed = 0x20
	berClass       = 0xc0
	berApplication = 0x40
	berHighTag     = 0x1f
	// berKnown are the universal ones: booleans, integers, octet strings, null,
	// enumerations, sequences and sets.
	berKnown = "\x01\x02\x04\x05\x0a\x30\x31"
)

// ldapReader reads the messages of a directory one by one, and never a byte
// beyond. It stands before the library's parser, which believes the lengths
// that it is told, keeps what it parses once for each level of nesting, and
// needs a hundred times the bytes that small elements have on the wire. What
// passes here is complete, bounded and not deeply nested.
type ldapReader struct {
	from io.Reader
	// left is how many bytes may still be read, messages in how many messages.
	left, messages uint64
	kept           bytes.Buffer
}

func newLDAPReader(from io.Reader) *ldapReader {
	return &ldapReader{from: from, left: maxLDAPAnswers, messages: maxLDAPMessages}
}

// next returns the next message without its controls: none is asked for, so
// none means anything (RFC 4511, section 4.1.11). The message is valid until
// next is called again.
func (m *ldapReader) next() ([]byte, error) {
	// The length is written anew: 0x84 and four bytes.
	const head = 6
	length, err := m.length()
	if err != nil {
		return nil, err
	}
	m.kept.Reset()
	m.kept.Write(make([]byte, head))
	// The buffer grows with what arrives, not with what was announced.
	if _, err := io.CopyN(&m.kept, m.from, int64(length)); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	used, unsolicited, err := checkLDAP(m.kept.Bytes()[head:])
	if err != nil {
		return nil, err
	}
	message := m.kept.Bytes()[:head+used]
	message[0], message[1] = berSequence, 0x84
	binary.BigEndian.PutUint32(message[2:], uint32(used))
	if unsolicited {
		return nil, noticeOf(message)
	}
	return message, nil
}

// length reads the head of a message and returns the length of what follows.
func (m *ldapReader) length() (uint64, error) {
	var head [6]byte
	if _, err := io.ReadFull(m.from, head[:2]); err != nil {
		return 0, err
	}
	more, ok := berLengthBytes(head[1])
	if head[0] != berSequence || !ok {
		return 0, errLDAPForm
	}
	if _, err := io.ReadFull(m.from, head[2:2+more]); err != nil {
		return 0, err
	}
	n := berLength(head[1 : 2+more])
	whole := n + 2 + uint64(more)
	if n > maxLDAPMessage || whole > m.left || m.messages == 0 {
		return 0, errLDAPSize
	}
	m.left, m.messages = m.left-whole, m.messages-1
	return n, nil
}

// berLengthBytes returns how many bytes follow the first one of a length. Only
// the definite form is allowed (RFC 4511, section 5.1), and four bytes are more
// than enough.
func berLengthBytes(first byte) (int, bool) {
	if first&0x80 == 0 {
		return 0, true
	}
	n := int(first & 0x7f)
	return n, 1 <= n && n <= 4
}

// berLength returns the length that b, which berLengthBytes approved, stands
// for.
func berLength(b []byte) uint64 {
	if len(b) == 1 {
		return uint64(b[0])
	}
	n := uint64(0)
	for _, c := range b[1:] {
		n = n<<8 | uint64(c)
	}
	return n
}

// berElement is one element of a message.
type berElement struct {
	tag     byte
	content []byte
}

// cutElement returns the element at the beginning of b, and what follows it.
func cutElement(b []byte) (e berElement, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&berHighTag == berHighTag {
		return e, nil, false
	}
	more, ok := berLengthBytes(b[1])
	if !ok || len(b) < 2+more {
		return e, nil, false
	}
	n, content := berLength(b[1:2+more]), b[2+more:]
	if n > uint64(len(content)) {
		return e, nil, false
	}
	return berElement{b[0], content[:n]}, content[n:], true
}

// checkLDAP checks what is within the outer sequence of a message: its number
// and its operation. It returns how many bytes these two take, and whether
// nothing asked for the message (its number is 0).
func checkLDAP(b []byte) (used int, unsolicited bool, err error) {
	id, rest, ok := cutElement(b)
	if !ok || id.tag != berInteger || len(id.content) < 1 || len(id.content) > 4 {
		return 0, false, errLDAPForm
	}
	op, rest, ok := cutElement(rest)
	if !ok || op.tag&berClass != berApplication {
		return 0, false, errLDAPForm
	}
	if op.tag&berConstructed != 0 {
		elements := 0
		if err := walkBER(op.content, 1, &elements); err != nil {
			return 0, false, err
		}
	}
	return len(b) - len(rest), len(bytes.Trim(id.content, "\x00")) == 0, nil
}

// walkBER checks all elements of b and what is within them.
func walkBER(b []byte, depth int, elements *int) error {
	for len(b) > 0 {
		e, rest, ok := cutElement(b)
		if !ok || e.tag&berClass == 0 && strings.IndexByte(berKnown, e.tag) < 0 {
			return errLDAPForm
		}
		if *elements++; *elements > maxLDAPElements {
			return errLDAPSize
		}
		if e.tag&berConstructed != 0 {
			if depth == maxLDAPDepth {
				return errLDAPForm
			}
			if err := walkBER(e.content, depth+1, elements); err != nil {
				return err
			}
		}
		b = rest
	}
	return nil
}

func noticeOf(message []byte) error {
	packet, err := ber.DecodePacketErr(message)
	if err != nil {
		return errLDAPForm
	}
	n := &ldapNotice{}
	if answered, ok := errors.AsType[*ldap.Error](ldap.GetLDAPError(packet)); ok {
		n.code = answered.ResultCode
	}
	return n
}
