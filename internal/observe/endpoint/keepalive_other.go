// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package endpoint

import (
	"net"
	"syscall"
	"time"
)

// Elsewhere than on Linux no connection is kept: whether one that was left is
// still as it was cannot be found out.

func descriptor(net.Conn) syscall.RawConn { return nil }

func quiet(syscall.RawConn) bool { return false }

func boundSilence(syscall.RawConn, time.Duration) bool { return false }

func mostKept() int { return 1 }
