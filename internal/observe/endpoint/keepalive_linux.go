// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// tcpUserTimeout is TCP_USER_TIMEOUT of tcp(7), in milliseconds (RFC 5482).
const tcpUserTimeout = 0x12

// descriptor returns access to the socket of a connection; nil if it has none.
func descriptor(conn net.Conn) syscall.RawConn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	fd, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return fd
}

// quiet reports whether nothing came over a connection that nobody reads: no
// byte, no end, no error. Its deadline must not have passed.
func quiet(fd syscall.RawConn) bool {
	still := false
	err := fd.Read(func(s uintptr) bool {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(s), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		still = errors.Is(err, syscall.EAGAIN)
		return true
	})
	return err == nil && still
}

// boundSilence lets a connection break if what is sent is not acknowledged
// within d: somebody on the way may have forgotten it (a firewall, a router
// that translates addresses), and would swallow it all without a word. It
// returns false if that cannot be had.
func boundSilence(fd syscall.RawConn, d time.Duration) bool {
	if fd == nil {
		return false
	}
	var set error
	err := fd.Control(func(s uintptr) {
		set = syscall.SetsockoptInt(int(s), syscall.IPPROTO_TCP, tcpUserTimeout, max(int(d/time.Millisecond), 1))
	})
	return err == nil && set == nil
}

// mostKept returns how many connections may be kept: half of the files that
// this process may have open. The rest is for those who are asking.
func mostKept() int {
	const few = 512
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return few
	}
	return int(min(l.Cur, 1<<30)) / 2
}
