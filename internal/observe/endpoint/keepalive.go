// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"container/list"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// keepFor is how long a connection is kept, from its opening. Then it is
	// opened anew, so that a fault of name, route or certificate shows.
	keepFor = 5 * time.Minute
	// silentPart is the part of a check's timeout after which a kept
	// connection counts as dead on which not even our packets are
	// acknowledged. What is left is for a new one.
	silentPart = 4
)

// line is a connection for HTTP, which may outlive a check.
type line struct {
	// conn is what is talked over: raw, or a *secured over it.
	conn, raw net.Conn
	// fd is that of raw, nil if there is none.
	fd syscall.RawConn
	// stop ends what lets the connection end with the check; false means that
	// it came too late.
	stop func() bool

	address string
	opened  time.Time
	// expiry of the certificate that the handshake showed.
	expiry time.Time
	// reused: it served a check before.
	reused bool
}

// open connects for a hop, up to where the server can be asked. The line has to
// be ended or kept.
func (p *httpProbe) open(r *run, h hop) (*line, *fault) {
	conn, f := r.connect(&h.target)
	if f != nil {
		return nil, f
	}
	l := &line{conn: conn, raw: conn, address: r.address, opened: r.entered}
	l.stop = r.watch(conn)
	if h.target.scheme != schemeHTTPS {
		return l, nil
	}
	s, f := r.secure(conn, &p.tls, h.target.host, h.own, "http/1.1")
	if f != nil {
		l.end()
		return nil, f
	}
	l.conn, l.expiry = s, r.result.CertificateNotAfter
	return l, nil
}

// identified reports whether the server asked for a client certificate and there
// was one to be shown.
func (l *line) identified() bool {
	s, ok := l.conn.(*secured)
	return ok && s.asked && s.identified
}

// end closes a line that a check is using. Nothing more is wanted of it, so
// nothing of what closing says matters.
func (l *line) end() {
	l.stop()
	_ = l.raw.Close()
}

// hangUp closes a line that nobody uses. With TLS it takes leave.
func (l *line) hangUp() { _ = l.conn.Close() }

// resume takes up a kept line. It returns false, and the line is ended, if it
// is not as it was left: the server closed it, or said something that nobody
// asked for (such as status 408) and that must not pass for an answer.
func (r *run) resume(l *line) bool {
	l.stop, l.reused = r.watch(l.raw), true
	if !quiet(l.fd) {
		l.end()
		return false
	}
	r.address, r.result.Address = l.address, l.address
	r.expires(l.expiry)
	return true
}

// disown forgets a line that proved stale: what it showed is not of this check.
func (r *run) disown() {
	r.address, r.result.Address, r.result.CertificateNotAfter = "", "", time.Time{}
}

// stale reports whether a kept line failed before a single byte of an answer
// came, so that the server may be asked once more over a new one. The check's
// own end is no such failure.
func (r *run) stale(l *line, t *talk, err error) bool {
	return l.reused && !t.heard && r.ctx.Err() == nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// keep makes a line ready to be left until the next check. It returns false if
// it cannot serve again.
func (r *run) keep(l *line, t *talk, resp *http.Response, timeout time.Duration) bool {
	if resp.Close || resp.StatusCode == http.StatusSwitchingProtocols || !r.readOut(l, t, resp) {
		return false
	}
	if !l.reused {
		if l.fd = descriptor(l.raw); !boundSilence(l.fd, timeout/silentPart) {
			return false
		}
	}
	if _, ok := l.conn.(*secured); ok && !l.readUp() {
		return false
	}
	return l.stop()
}

// readOut reads an answer to its end, and reports whether nothing came beyond.
func (r *run) readOut(l *line, t *talk, resp *http.Response) bool {
	const patience = 250 * time.Millisecond
	if resp.ContentLength > MaxBody {
		return false
	}
	here := resp.ContentLength >= 0 && int64(t.in.Buffered()) >= resp.ContentLength
	if !here && !r.hurry(l.conn, patience) {
		return false
	}
	_, err := io.CopyN(io.Discard, resp.Body, MaxBody+1)
	// What did not come is not waited for again when taking leave.
	resp.Body = http.NoBody
	return errors.Is(err, io.EOF) && t.in.Buffered() == 0
}

// readUp reports whether no text is left in the buffers of TLS, where quiet
// cannot see it.
func (l *line) readUp() bool {
	var b [1]byte
	// TLS survives a read that came too late.
	_ = l.raw.SetReadDeadline(time.Unix(1, 0))
	_, err := l.conn.Read(b[:])
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// keeper has the kept lines of all probes of a Factory. It has no goroutine and
// no timer. A line ends when its probe takes it up too late, when its probe is
// gone and the garbage collector noticed, or when another line is left here
// after its time.
type keeper struct {
	mu sync.Mutex
	// lines are those of all seats, in the order in which they came, which is
	// that of their opening but for the length of a check.
	lines list.List
	// most is how many are kept at once; zero means that nobody asked the
	// system yet.
	most int
}

// seat is where one probe leaves its line. One run at a time has it.
type seat struct {
	keeper *keeper
	// taken: a run has the seat; gone: the probe is no more.
	taken, gone bool
	// place in keeper.lines, whose value is the line's; nil if none is kept.
	place *list.Element
	line  *line
}

// newSeat returns the seat of a probe, and clears it when the probe is gone.
func (k *keeper) newSeat(p *httpProbe) *seat {
	s := &seat{keeper: k}
	runtime.AddCleanup(p, (*seat).clear, s)
	return s
}

// sit takes the seat for a run, and the line if there is one that is not too
// old. It returns false if another run has it: then nothing is to be kept.
func (s *seat) sit(now time.Time) (*line, bool) {
	k := s.keeper
	k.mu.Lock()
	if s.taken || s.gone {
		k.mu.Unlock()
		return nil, false
	}
	s.taken = true
	l := s.line
	old := l != nil && l.tooOld(now)
	if old {
		s.drop()
	}
	k.mu.Unlock()
	if old {
		l.hangUp()
		return nil, true
	}
	return l, true
}

// rise leaves the seat, with the line that is kept; nil means none. A line that
// was taken and is not given back was ended.
func (s *seat) rise(l *line, now time.Time) {
	for _, old := range s.leave(l, now) {
		old.hangUp()
	}
}

// leave is rise, but for the closing of the lines that it returns.
func (s *seat) leave(l *line, now time.Time) []*line {
	k := s.keeper
	k.mu.Lock()
	defer k.mu.Unlock()
	s.taken = false
	if s.line != nil && s.line != l {
		s.drop()
	}
	if l == nil {
		return nil
	}
	if s.gone {
		s.drop()
		return []*line{l}
	}
	if s.line == nil {
		s.line, s.place = l, k.lines.PushBack(s)
	}
	return k.sweep(now)
}

// sweep takes out lines that are too old, or too many, a few at a time: who
// calls it has something else to do. As many come as go.
func (k *keeper) sweep(now time.Time) []*line {
	const looks = 16
	if k.most == 0 {
		k.most = mostKept()
	}
	var out []*line
	next := k.lines.Front()
	for range looks {
		if next == nil {
			break
		}
		s := next.Value.(*seat)
		next = next.Next()
		if k.lines.Len() <= k.most && !s.line.tooOld(now) {
			break
		}
		if !s.taken {
			out = append(out, s.line)
			s.drop()
		}
	}
	return out
}

// clear is called when the probe is gone.
func (s *seat) clear() {
	s.keeper.mu.Lock()
	s.gone = true
	l := s.line
	idle := l != nil && !s.taken
	if idle {
		s.drop()
	}
	s.keeper.mu.Unlock()
	if idle {
		l.hangUp()
	}
}

// drop takes the line out, if there is one. The caller holds the lock.
func (s *seat) drop() {
	if s.place != nil {
		s.keeper.lines.Remove(s.place)
	}
	s.line, s.place = nil, nil
}

// tooOld reports whether a line is to be opened anew. A clock that was put back
// says nothing about its age.
func (l *line) tooOld(now time.Time) bool {
	age := now.Sub(l.opened)
	return age < 0 || age >= keepFor
}
