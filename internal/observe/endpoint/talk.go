// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
)

var (
	errHeaderTooLarge = errors.New("response header too large")
	errInterim        = errors.New("too many interim responses")
)

// maxInterim bounds how many interim answers (1xx) may precede the final one.
const maxInterim = 5

// talk is the exchange of one request and its answer. Its buffers are reused.
type talk struct {
	conn net.Conn
	in   *bufio.Reader
	out  *bufio.Writer
	kept *bytes.Buffer
	// left is how many bytes may still be read; negative means no bound.
	left int
	// heard: something came.
	heard bool
}

var talks = sync.Pool{New: func() any {
	t := &talk{kept: new(bytes.Buffer)}
	t.in = bufio.NewReaderSize(t, 4<<10)
	t.out = bufio.NewWriterSize(nil, 1<<10)
	return t
}}

func newTalk(conn net.Conn) *talk {
	t := talks.Get().(*talk)
	t.conn, t.heard = conn, false
	t.in.Reset(t)
	t.out.Reset(conn)
	return t
}

// release gives the buffers back. Nothing that body returned may be used any
// more.
func (t *talk) release() {
	t.conn = nil
	t.out.Reset(nil)
	t.kept.Reset()
	if t.kept.Cap() > 16<<10 {
		// A rare big body must not be kept for ever by the pool.
		t.kept = new(bytes.Buffer)
	}
	talks.Put(t)
}

// Read implements io.Reader: it reads from the connection within the bound.
func (t *talk) Read(b []byte) (int, error) {
	if t.left == 0 {
		return 0, errHeaderTooLarge
	}
	if t.left > 0 && len(b) > t.left {
		b = b[:t.left]
	}
	n, err := t.conn.Read(b)
	t.heard = t.heard || n > 0
	if t.left > 0 {
		t.left -= n
	}
	return n, err
}

// ask writes a request and reads the header of its answer.
func (t *talk) ask(req *http.Request) (*http.Response, error) {
	t.left = MaxResponseHeader
	sent := req.Write(t.out)
	if sent == nil {
		sent = t.out.Flush()
	}
	// A server may answer, or say why it does not, before it has read all: so
	// listen in any case.
	for range maxInterim {
		resp, err := http.ReadResponse(t.in, req)
		switch {
		case err != nil && sent != nil && !isAlert(err):
			return nil, sent
		case err != nil:
			return nil, err
		case resp.StatusCode < 100:
			return nil, errors.New("malformed status")
		case resp.StatusCode >= 200, resp.StatusCode == http.StatusSwitchingProtocols:
			t.left = -1
			return resp, nil
		}
	}
	return nil, errInterim
}

// body reads the body, but no more than one byte beyond MaxBody.
func (t *talk) body(resp *http.Response) ([]byte, error) {
	_, err := io.Copy(t.kept, io.LimitReader(resp.Body, MaxBody+1))
	return t.kept.Bytes(), err
}

// discard reads what is left of a body, up to limit.
func (t *talk) discard(resp *http.Response, limit int64) {
	// Nobody wants to know what comes, or why it ended.
	_, _ = io.CopyN(io.Discard, resp.Body, limit)
}

func isAlert(err error) bool {
	var remote *net.OpError
	return errors.As(err, &remote) && remote.Op == "remote error"
}

// answerFault says why there is no usable answer to a request.
func (r *run) answerFault(err error, conn net.Conn) *fault {
	if errors.Is(err, errHeaderTooLarge) {
		return targetFault(ReasonHeaderTooLarge, "The header of the answer is longer than 64 KiB.")
	}
	if s, ok := conn.(*secured); ok {
		// In TLS 1.3 a refused client certificate shows only here.
		if f := r.refusal(err, s); f != nil {
			return f
		}
	}
	if f := r.talkFault(err, ReasonResponseTimeout, "answer in full"); f != nil {
		return f
	}
	// The parser's error quotes what the server sent, which may repeat what it
	// was sent.
	what := "The answer is not HTTP/1.1."
	if strings.Contains(err.Error(), "chunk") {
		what = "The body of the answer is not chunked as HTTP/1.1 wants it."
	}
	return targetFault(ReasonProtocolError, what)
}
