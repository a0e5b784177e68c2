// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"net"
	"os"
	"testing"
	"time"
)

// MailServer is where a mail server listens, on loopback.
type MailServer struct {
	// Clear: without any TLS.
	Clear string
	// StartTLS: in the clear, with the offer of STARTTLS.
	StartTLS string
	// TLS from the beginning.
	TLS string
}

// listening opens a socket on a free port of ip, for a server to inherit. It
// returns the address as well. The caller closes the file.
func listening(tb testing.TB, ip string) (*os.File, string) {
	tb.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		tb.Fatalf("listen for a server: %v", err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		tb.Fatalf("socket for a server: %v", err)
	}
	if err := l.Close(); err != nil {
		tb.Fatalf("socket for a server: %v", err)
	}
	return file, l.Addr().String()
}

// greets: whether a server that speaks first says anything.
func greets(address string) bool {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return false
	}
	// What was asked is answered before the end matters.
	defer func() { _ = conn.Close() }()
	if err := conn.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	var b [1]byte
	_, err = conn.Read(b[:])
	return err == nil
}
