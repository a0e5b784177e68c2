// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"
)

// sshIdentification is what the operator calls itself. A minus sign cannot be
// part of the name (RFC 4253, section 4.2).
const sshIdentification = "SSH-2.0-kdz_operator"

// Bounds of what is read of an SSH server.
const (
	// maxSSHIdentification is how long the line may be, with its end, in bytes
	// (RFC 4253, section 4.2).
	maxSSHIdentification = 255
	// maxSSHPreamble bounds the line and those that may precede it together, in
	// bytes.
	maxSSHPreamble = 16 << 10
	// maxSSHPacket is the longest packet that anybody has to understand, in
	// bytes (RFC 4253, section 6.1).
	maxSSHPacket = 35000
	// maxSSHKeyExchange bounds all packets of the key exchange together, in
	// bytes. They take two or three thousand.
	maxSSHKeyExchange = 64 << 10
)

var (
	errSSHIdentification = errors.New("identification too long")
	errSSHPreamble       = errors.New("no identification within its bound")
	errSSHPacket         = errors.New("packet of impossible length")
	errSSHSize           = errors.New("too many packets")
	errHostKeySeen       = errors.New("host key seen")
)

// readSSHIdentification reads up to the end of the server's identification and
// returns that line, or the first other line that has something in it.
func readSSHIdentification(in io.ByteReader) (line []byte, other string, err error) {
	for range maxSSHPreamble {
		c, err := in.ReadByte()
		if err != nil {
			return nil, other, err
		}
		line = append(line, c)
		own := bytes.HasPrefix(line, []byte("SSH-"))
		switch {
		case c == '\n' && own:
			return line, other, nil
		case own && len(line) >= maxSSHIdentification:
			return nil, other, errSSHIdentification
		case c == '\n':
			if other == "" {
				other = printable(string(line), maxDetail)
			}
			line = line[:0]
		}
	}
	return nil, other, errSSHPreamble
}

// sshWire is the connection that the library sees. It repeats the exchange of
// identifications, which has taken place already, and lets only packets of
// bounded length pass. That works while nothing is encrypted, which is longer
// than any key is exchanged here.
type sshWire struct {
	net.Conn
	in *bufio.Reader
	// identification of the server that is yet to be repeated.
	identification []byte
	// introduced: the library has sent our identification, as it believes.
	introduced bool
	// packet is how many bytes of one are left, all how many bytes were let
	// pass.
	packet, all int
}

// Write implements io.Writer.
func (w *sshWire) Write(b []byte) (int, error) {
	if !w.introduced {
		w.introduced = true
		return len(b), nil
	}
	return w.Conn.Write(b)
}

// Read implements io.Reader.
func (w *sshWire) Read(b []byte) (int, error) {
	if len(w.identification) > 0 {
		n := copy(b, w.identification)
		w.identification = w.identification[n:]
		return n, nil
	}
	if w.packet == 0 {
		head, err := w.in.Peek(4)
		if err != nil {
			return 0, err
		}
		length := binary.BigEndian.Uint32(head)
		if length > maxSSHPacket-4 {
			return 0, errSSHPacket
		}
		w.packet = 4 + int(length)
		if w.all += w.packet; w.all > maxSSHKeyExchange {
			return 0, errSSHSize
		}
	}
	n, err := w.in.Read(b[:min(len(b), w.packet)])
	w.packet -= n
	return n, err
}

// identifySSH exchanges identifications. The server may send its own first,
// or wait for ours.
func (r *run) identifySSH(w *sshWire) *fault {
	if _, err := io.WriteString(w.Conn, sshIdentification+"\r\n"); err != nil {
		return r.sshFault(err, "")
	}
	line, other, err := readSSHIdentification(w.in)
	if err != nil {
		return r.sshFault(err, other)
	}
	w.identification = line
	version, _, found := bytes.Cut(bytes.TrimPrefix(line, []byte("SSH-")), []byte("-"))
	switch {
	case !found:
		return targetFault(ReasonProtocolError, "The server's identification is not SSH's"+r.because(string(line))+".")
	case string(version) != "2.0" && string(version) != "1.99":
		// 1.99 stands for 2.0 and older ones (RFC 4253, section 5.1).
		return targetFault(ReasonProtocolError, "The server does not speak SSH 2.0"+r.because(string(line))+".")
	}
	return nil
}

// sshFault says why there is no identification; other is what came instead.
func (r *run) sshFault(err error, other string) *fault {
	switch {
	case errors.Is(err, errSSHPreamble):
		return targetFault(ReasonAnswerTooLarge, r.address+" sent more than 16 KiB without an identification.")
	case errors.Is(err, errSSHIdentification):
		return targetFault(ReasonProtocolError, r.address+" sent an identification longer than 255 bytes.")
	case errors.Is(err, io.EOF) && other != "":
		// So sshd tells that it has too many connections.
		return targetFault(ReasonConnectionClosed, "The server closed the connection without an identification"+r.because(other)+".")
	}
	if f := r.talkFault(err, ReasonResponseTimeout, "send its identification"); f != nil {
		return f
	}
	return targetFault(ReasonProtocolError, r.address+" sent something that is not SSH.")
}

// hostKeyAlgorithms are those by which a server may prove its key: first those
// whose keys are preferred. RSA only with SHA-2 (RFC 8332).
var hostKeyAlgorithms = []string{
	ssh.KeyAlgoED25519,
	ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// hostKey returns the key that the server proves to have. The key exchange is
// that of the library's defaults, of which the first is a hybrid one. It ends
// as soon as the key is proved, before anybody could log in.
func (r *run) hostKey(w *sshWire) (ssh.PublicKey, *fault) {
	var seen ssh.PublicKey
	config := &ssh.ClientConfig{
		ClientVersion:     sshIdentification,
		HostKeyAlgorithms: hostKeyAlgorithms,
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			// The library has verified the signature by this key.
			seen = key
			return errHostKeySeen
		},
	}
	_, _, _, err := ssh.NewClientConn(w, r.address, config)
	if errors.Is(err, errHostKeySeen) {
		return seen, nil
	}
	return nil, r.keyExchangeFault(err)
}

// keyExchangeFault says why no host key was proved.
func (r *run) keyExchangeFault(err error) *fault {
	if f := r.talkFault(err, ReasonHandshakeTimeout, "finish the key exchange"); f != nil {
		return f
	}
	if errors.Is(err, errSSHPacket) || errors.Is(err, errSSHSize) {
		return targetFault(ReasonProtocolError, r.address+" identified itself and then sent something that is not SSH.")
	}
	if negotiation, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		return targetFault(ReasonHandshakeFailed, "The server has no algorithm in common with the operator for the "+negotiation.What+".")
	}
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return targetFault(ReasonHandshakeFailed, "The key exchange failed"+r.because(strings.TrimPrefix(err.Error(), "ssh: "))+".")
}
