// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"encoding/binary"

	"golang.org/x/net/http2"
)

// frameHeader is the length of the header of an HTTP/2 frame (RFC 9113,
// section 4.1).
const frameHeader = 9

// frames looks at the HTTP/2 frames that pass by, as far as it takes to say why
// a conversation ended: the library tells that in English only. It keeps a few
// bytes, whatever passes.
type frames struct {
	// start of the frame under way: its header, and of its payload what is
	// looked at.
	start [frameHeader + 8]byte
	have  int
	// left is how much of the payload has not passed yet.
	left int
	// first is how many bytes of the first header are known, head what they
	// are.
	first int
	head  [frameHeader]byte

	goneAway, brokenOff bool
	// code of the first GOAWAY or RST_STREAM.
	code http2.ErrCode
}

// see takes in the bytes that come next.
func (f *frames) see(b []byte) {
	f.first += copy(f.head[f.first:], b)
	for len(b) > 0 {
		if f.have < frameHeader {
			n := copy(f.start[f.have:frameHeader], b)
			f.have += n
			b = b[n:]
			if f.have < frameHeader {
				return
			}
			f.left = int(f.start[0])<<16 | int(f.start[1])<<8 | int(f.start[2])
		}
		n := min(f.left, len(b))
		f.have += copy(f.start[f.have:], b[:n])
		f.left -= n
		b = b[n:]
		if f.left == 0 {
			f.ended()
			f.have = 0
		}
	}
}

// ended looks at a frame that has passed.
func (f *frames) ended() {
	if f.goneAway || f.brokenOff {
		return
	}
	payload := f.start[frameHeader:f.have]
	switch kind := http2.FrameType(f.start[3]); {
	case kind == http2.FrameGoAway && len(payload) == 8:
		f.goneAway, f.code = true, http2.ErrCode(binary.BigEndian.Uint32(payload[4:]))
	case kind == http2.FrameRSTStream && len(payload) == 4:
		f.brokenOff, f.code = true, http2.ErrCode(binary.BigEndian.Uint32(payload))
	}
}

// foreign reports whether what came cannot be the beginning of HTTP/2, which is
// a SETTINGS frame for the connection (RFC 9113, section 3.4).
func (f *frames) foreign() bool {
	// Type, flags and stream; an acknowledgement would be no beginning either.
	want := [...]byte{byte(http2.FrameSettings), 0, 0, 0, 0, 0}
	for i := 3; i < f.first; i++ {
		if f.head[i] != want[i-3] {
			return true
		}
	}
	return f.first > 0 && f.head[0] != 0
}

// beginsWith reports whether the first bytes that came are s, of at most
// frameHeader bytes.
func (f *frames) beginsWith(s string) bool {
	return f.first >= len(s) && string(f.head[:len(s)]) == s
}
