// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc/stats"
)

// watchedConn is the one connection of a call. It is handed over once, and
// remembers what went wrong with it and what came over it. It is the library's
// stats.Handler as well.
type watchedConn struct {
	net.Conn
	secured *secured
	// giveUp ends the call.
	giveUp context.CancelFunc
	// ended is closed when the library has let go of the connection.
	ended chan struct{}
	end   func()

	mu        sync.Mutex
	handed    bool
	concluded bool
	came      int
	seen      sight
}

func newWatchedConn(conn net.Conn) *watchedConn {
	ended := make(chan struct{})
	return &watchedConn{Conn: conn, ended: ended, end: sync.OnceFunc(func() { close(ended) })}
}

// sight is what was seen of a call besides its status.
type sight struct {
	frames
	secured *secured
	// err is the first error of reading, if any.
	err error
	// answered: the server ended the call itself, as gRPC wants it.
	answered bool
}

var (
	errHandedOver = errors.New("the one connection of this check was used already")
	errTooMuch    = errors.New("the server sends without end")
)

// take hands the connection over.
func (w *watchedConn) take() (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.handed || w.concluded {
		return nil, errHandedOver
	}
	w.handed = true
	return w, nil
}

// conclude returns what was seen. What comes later is leave-taking.
func (w *watchedConn) conclude() sight {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.concluded = true
	w.seen.secured = w.secured
	return w.seen
}

// taken reports whether the connection was handed over. After conclude that
// does not change.
func (w *watchedConn) taken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.handed
}

// Read implements net.Conn.
func (w *watchedConn) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if err == nil && w.note(b[:n]) {
		err = errTooMuch
	}
	w.broke(err)
	return n, err
}

// Write implements net.Conn. Until the call is concluded it does not tell of
// errors: a server may say why it does not read any more, so listen in any
// case. Reading ends with the same connection.
func (w *watchedConn) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	if w.over() {
		return n, err
	}
	return len(b), nil
}

func (w *watchedConn) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.concluded
}

// note takes in what came, and reports whether that is too much.
func (w *watchedConn) note(came []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.concluded {
		return false
	}
	w.seen.see(came)
	w.came += len(came)
	return w.came > maxHealthTalk
}

// broke takes in why reading ended.
func (w *watchedConn) broke(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	// That the connection is closed is our own doing.
	if !w.concluded && w.seen.err == nil && !errors.Is(err, net.ErrClosed) {
		w.seen.err = err
	}
}

// SetDeadline implements net.Conn. Deadlines are the guard's: the library would
// prolong them when it closes the connection.
func (w *watchedConn) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn, see SetDeadline.
func (w *watchedConn) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn, see SetDeadline.
func (w *watchedConn) SetWriteDeadline(time.Time) error { return nil }

// TagRPC implements stats.Handler.
func (w *watchedConn) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements stats.Handler.
func (w *watchedConn) HandleRPC(_ context.Context, s stats.RPCStats) {
	switch s := s.(type) {
	case *stats.Begin:
		if s.IsTransparentRetryAttempt {
			// A check asks once, even if the server says that it has not
			// begun to answer.
			w.giveUp()
		}
	case *stats.InTrailer:
		w.mu.Lock()
		w.seen.answered = w.seen.answered || !w.concluded
		w.mu.Unlock()
	}
}

// TagConn implements stats.Handler.
func (w *watchedConn) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements stats.Handler.
func (w *watchedConn) HandleConn(_ context.Context, s stats.ConnStats) {
	if _, ok := s.(*stats.ConnEnd); ok {
		w.end()
	}
}
