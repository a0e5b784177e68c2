// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// sshSays sends these bytes and then listens.
func sshSays(parts ...string) func(conn net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, strings.Join(parts, ""))
		silence(conn)
	}
}

// sshSaysAndGoes sends these bytes and ends the connection in order.
func sshSaysAndGoes(said string) func(conn net.Conn) {
	return func(conn net.Conn) {
		_, _ = io.WriteString(conn, said)
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
		silence(conn)
	}
}

// sshEndless sends head, and then part again and again.
func sshEndless(head, part string, pause time.Duration) func(conn net.Conn) {
	return func(conn net.Conn) {
		_, err := io.WriteString(conn, head)
		again := []byte(part)
		tick := time.NewTicker(max(pause, 1))
		defer tick.Stop()
		for err == nil {
			if pause > 0 {
				<-tick.C
			}
			_, err = conn.Write(again)
		}
	}
}

// sshPacket returns a packet that is not encrypted (RFC 4253, section 6).
func sshPacket(payload []byte) string {
	const block = 8
	padding := block - (5+len(payload))%block
	if padding < 4 {
		padding += block
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(1+len(payload)+padding))
	b = append(b, byte(padding))
	b = append(b, payload...)
	return string(append(b, make([]byte, padding)...))
}

// kexInit is the message by which a key exchange begins (RFC 4253, section
// 7.1).
type kexInit struct {
	Cookie        [16]byte `sshtype:"20"`
	Kex, HostKeys []string
	CipherC, CipherS,
	MACC, MACS,
	CompressionC, CompressionS,
	LanguageC, LanguageS []string
	Follows  bool
	Reserved uint32
}

type sshHostileCase struct {
	name  string
	serve func(conn net.Conn)
	// keyed: with a key that is expected.
	keyed   bool
	want    want
	message string
}

const sshHello = "SSH-2.0-test\r\n"

func sshIdentifications() []sshHostileCase {
	late := failed(observe.StepRequest, ReasonResponseTimeout)
	closed := failed(observe.StepRequest, ReasonConnectionClosed)
	garbled := failed(observe.StepRequest, ReasonProtocolError)
	large := failed(observe.StepRequest, ReasonAnswerTooLarge)
	return []sshHostileCase{
		{"sound", sshSays(sshHello), false, success, ""},
		{"with a comment", sshSays("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), false, success, ""},
		{"without carriage return", sshSays("SSH-2.0-test\n"), false, success, ""},
		{"as long as may be", sshSays("SSH-2.0-" + strings.Repeat("x", 245) + "\r\n"), false, success, ""},
		{"for old clients as well", sshSays("SSH-1.99-test\r\n"), false, success, ""},
		{"other lines before", sshSays("Willkommen\r\n\r\n" + strings.Repeat("x", 5000) + "\r\n" + sshHello), false, success, ""},
		{"waits for ours", func(c net.Conn) {
			if line, err := bufio.NewReader(c).ReadString('\n'); err == nil && line == "SSH-2.0-kdz_operator\r\n" {
				sshSays(sshHello)(c)
			}
		}, false, success, ""},
		{"never answers", silence, false, late, "send its identification"},
		{"half an identification", sshSays("SSH-2.0-te"), false, late, ""},
		{"trickles", sshEndless("SSH-2.0-", "x", 10*time.Millisecond), false, late, ""},
		{"closes at once", sshSaysAndGoes(""), false, closed, ""},
		{"resets", func(c net.Conn) { _, _ = c.Read(make([]byte, 1)); reset(c) }, false, closed, ""},
		{"closes in the line", sshSaysAndGoes("SSH-2.0-te"), false, closed, ""},
		{"closes after an explanation", sshSaysAndGoes("\r\nExceeded MaxStartups\r\nbye\r\n"), false, closed, "without an identification: Exceeded MaxStartups."},
		{"closes after a long explanation", sshSaysAndGoes(strings.Repeat("ä\x1b ", 2000) + "\n"), false, closed, ""},
		{"old", sshSays("SSH-1.5-1.2.27\n"), false, garbled, "does not speak SSH 2.0: SSH-1.5-1.2.27."},
		{"newer than anybody knows", sshSays("SSH-3.0-x\r\n"), false, garbled, ""},
		{"nothing after the version", sshSays("SSH-2.0\r\n"), false, garbled, "not SSH's: SSH-2.0."},
		{"too long", sshSays("SSH-2.0-" + strings.Repeat("x", 246) + "\r\n"), false, garbled, "longer than 255 bytes"},
		{"identification without end", sshEndless("SSH-2.0-", "xxxxxxxx", 0), false, garbled, ""},
		{"line of megabytes", sshEndless("", strings.Repeat("x", 1<<20), 0), false, large, ""},
		{"lines without end", sshEndless("", "Willkommen\r\n", 0), false, large, ""},
		{"empty lines without end", sshEndless("", "\n", 0), false, large, ""},
		{"bytes without end", sshEndless("", "\x00\xff\x16\x03\x01", 0), false, large, ""},
	}
}

func sshKeyExchanges() []sshHostileCase {
	late := failed(observe.StepHandshake, ReasonHandshakeTimeout)
	closed := failed(observe.StepHandshake, ReasonConnectionClosed)
	garbled := failed(observe.StepHandshake, ReasonProtocolError)
	broken := failed(observe.StepHandshake, ReasonHandshakeFailed)
	names := func(s ...string) []string { return s }
	init := kexInit{
		Kex: names("curve25519-sha256"), HostKeys: names("ssh-ed25519"), CipherC: names("aes128-ctr"), CipherS: names("aes128-ctr"),
		MACC: names("hmac-sha2-256"), MACS: names("hmac-sha2-256"), CompressionC: names("none"), CompressionS: names("none"),
	}
	begin := sshPacket(ssh.Marshal(&init))
	other := init
	other.HostKeys = names("ssh-dss", strings.Repeat("x", 1000)+hiddenValue)
	const ignore, disconnect = 2, 1
	return []sshHostileCase{
		{"never begins", sshSays(sshHello), true, late, "finish the key exchange"},
		{"half a packet", sshSays(sshHello, begin[:len(begin)/2]), true, late, ""},
		{"closes in a packet", sshSaysAndGoes(sshHello + begin[:len(begin)/2]), true, closed, ""},
		{"closes after the identification", sshSaysAndGoes(sshHello), true, closed, ""},
		{"never goes on", sshSays(sshHello, begin), true, late, ""},
		{"packet that trickles", sshEndless(sshHello+"\x00\x00\x80\x00\x04", "x", 10*time.Millisecond), true, late, ""},
		{"text", sshEndless(sshHello, "Willkommen\r\n", 0), true, garbled, "identified itself"},
		{"packet of 4 GiB", sshSays(sshHello, "\xff\xff\xff\xff\x00"), true, garbled, ""},
		{"packet larger than anybody must take", sshSays(sshHello, "\x00\x00\x90\x00\x00"), true, garbled, ""},
		{"empty packet", sshSays(sshHello, "\x00\x00\x00\x00"), true, late, ""},
		{"packet of padding", sshSays(sshHello, "\x00\x00\x00\x0c\x0b"+strings.Repeat("x", 11)), true, broken, ""},
		{"ignored packets without end", sshEndless(sshHello, sshPacket([]byte{ignore, 0, 0, 0, 0}), 0), true, garbled, ""},
		{"large ignored packets without end", sshEndless(sshHello, sshPacket(append([]byte{ignore, 0, 0, 0x7f, 0}, make([]byte, 0x7f00)...)), 0), true, garbled, ""},
		{"beginnings without end", sshEndless(sshHello, begin, 0), true, broken, ""},
		{"begins with something else", sshSays(sshHello, sshPacket([]byte{5, 0, 0, 0, 0})), true, broken, ""},
		{"nothing in common", sshSays(sshHello, sshPacket(ssh.Marshal(&other))), true, broken, "in common with the operator for the host key."},
		{"disconnects", sshSays(sshHello, sshPacket(ssh.Marshal(struct {
			Reason     uint32 `sshtype:"1"`
			Text, Lang string
		}{2, "too\x00 many\r\n" + strings.Repeat("x", 1000), ""}))), true, broken, "The key exchange failed: disconnect, reason 2: "},
		{"disconnects without reason", sshSays(sshHello, sshPacket([]byte{disconnect})), true, broken, ""},
	}
}

func TestHostileSSH(t *testing.T) {
	f := NewFactory(Options{})
	for _, c := range slices.Concat(sshIdentifications(), sshKeyExchanges()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := sshEndpoint(rawServer(t, c.serve))
			if c.keyed {
				e = sshEndpoint(strings.TrimPrefix(e.URL, "ssh://"), strangeFingerprint)
			}
			switch c.want.reason {
			case ReasonResponseTimeout:
				e.Timeout = "200ms"
			case ReasonHandshakeTimeout:
				e.Timeout = "1s"
			}
			unimpressed(t, f, e, c.want, c.message)
		})
	}
}

// TestSSHExchange: what a server sees of a check with a key. The key exchange is
// a hybrid one if the server can do it, and nobody tries to log in.
func TestSSHExchange(t *testing.T) {
	seen := make(chan string, 1)
	address := rawServer(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		line, err := in.ReadString('\n')
		if err != nil || line != "SSH-2.0-kdz_operator\r\n" {
			t.Errorf("identification is %q, %v", line, err)
		}
		_, _ = io.WriteString(conn, sshHello)
		begin, err := readKexInit(in)
		if err != nil {
			seen <- err.Error()
			return
		}
		seen <- begin.Kex[0] + " " + strings.Join(begin.HostKeys, " ")
		silence(conn)
	})
	e := sshEndpoint(address, strangeFingerprint)
	e.Timeout = "1s"
	check(t, NewFactory(Options{}), e, nil, failed(observe.StepHandshake, ReasonHandshakeTimeout))
	const want = "mlkem768x25519-sha256 ssh-ed25519 ecdsa-sha2-nistp256 ecdsa-sha2-nistp384 ecdsa-sha2-nistp521 rsa-sha2-512 rsa-sha2-256"
	if got := <-seen; got != want {
		t.Errorf("offered is %s", got)
	}
}

func readKexInit(in io.Reader) (begin kexInit, err error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(in, head); err != nil {
		return begin, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head)-1)
	if _, err := io.ReadFull(in, body); err != nil {
		return begin, err
	}
	return begin, ssh.Unmarshal(body[:len(body)-int(head[4])], &begin)
}

// liar signs by another key than the one it shows.
type liar struct {
	ssh.Signer
	shown ssh.PublicKey
}

func (l liar) PublicKey() ssh.PublicKey { return l.shown }

func newSigner(t *testing.T) ssh.Signer {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSSHKeyHasToBeProved: a key is public, so to show it proves nothing.
func TestSSHKeyHasToBeProved(t *testing.T) {
	own, other := newSigner(t), newSigner(t)
	for name, c := range map[string]struct {
		signer ssh.Signer
		want   want
	}{
		"proved":     {own, success},
		"only shown": {liar{other, own.PublicKey()}, failed(observe.StepHandshake, ReasonHandshakeFailed)},
	} {
		t.Run(name, func(t *testing.T) {
			loggedIn := make(chan error, 1)
			address := rawServer(t, func(conn net.Conn) {
				config := &ssh.ServerConfig{NoClientAuth: true}
				config.AddHostKey(c.signer)
				_, _, _, err := ssh.NewServerConn(conn, config)
				loggedIn <- err
			})
			check(t, NewFactory(Options{}), sshEndpoint(address, ssh.FingerprintSHA256(own.PublicKey())), nil, c.want)
			if err := <-loggedIn; err == nil {
				t.Error("somebody logged in")
			}
		})
	}
}

func TestSSHCancelled(t *testing.T) {
	for name, c := range map[string]struct {
		serve func(conn net.Conn)
		step  observe.Step
	}{
		"before the identification": {silence, observe.StepRequest},
		"in the key exchange":       {sshSays(sshHello), observe.StepHandshake},
	} {
		t.Run(name, func(t *testing.T) {
			calledOff(t, c.serve, func(address string) *v1alpha1.Endpoint { return sshEndpoint(address, strangeFingerprint) }, c.step)
		})
	}
}

// TestHostileSSHMemory is not parallel: it counts what everybody allocates.
func TestHostileSSHMemory(t *testing.T) {
	const most = 2 << 20
	megabytes := strings.Repeat("x", 1<<20)
	ignored := sshPacket(append([]byte{2, 0, 0, 0x7f, 0}, make([]byte, 0x7f00)...))
	for name, serve := range map[string]func(conn net.Conn){
		"line of megabytes":  sshEndless("", megabytes, 0),
		"lines of megabytes": sshEndless("", strings.Repeat("\n", 1<<20), 0),
		"lying packets":      sshSays(sshHello, "\x00\x03\xff\xff\x04"),
		"ignored packets":    sshEndless(sshHello, ignored, 0),
	} {
		t.Run(name, func(t *testing.T) {
			frugal(t, sshEndpoint(rawServer(t, serve), strangeFingerprint), most)
		})
	}
}

// FuzzSSHWire: whatever is sent, no more is read than the bounds allow, and
// what passes are packets of bounded length.
func FuzzSSHWire(f *testing.F) {
	f.Add([]byte(sshHello + sshPacket([]byte("x"))))
	f.Add([]byte("Willkommen\r\n\nSSH-1.99-x\n\x00\x00\x00\x00\xff\xff\xff\xff"))
	f.Add([]byte("SSH-" + strings.Repeat("x", 300)))
	f.Fuzz(func(t *testing.T, sent []byte) {
		in := bufio.NewReader(bytes.NewReader(sent))
		line, other, err := readSSHIdentification(in)
		if len(other) > maxDetail || len(line) > maxSSHIdentification {
			t.Errorf("%q and %q", line, other)
		}
		if err != nil {
			return
		}
		if !bytes.HasPrefix(line, []byte("SSH-")) || !bytes.HasSuffix(line, []byte("\n")) {
			t.Errorf("identification is %q", line)
		}
		passed, err := io.ReadAll(&sshWire{in: in, identification: line})
		if err != nil && !errors.Is(err, errSSHPacket) && !errors.Is(err, errSSHSize) {
			t.Errorf("reading ends with %v", err)
		}
		rest, found := bytes.CutPrefix(passed, line)
		if !found || len(rest) > maxSSHKeyExchange || !bytes.Contains(sent, passed) {
			t.Errorf("%q passed", passed)
		}
		for len(rest) >= 4 {
			n := int(binary.BigEndian.Uint32(rest))
			if n > maxSSHPacket {
				t.Fatalf("a packet of %d bytes passed", n)
			}
			rest = rest[min(len(rest), 4+n):]
		}
	})
}
