// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"golang.org/x/net/http2"
)

// FuzzFrames compares what is seen of frames with what a reader of frames sees,
// however they are cut.
func FuzzFrames(f *testing.F) {
	seed := func(write func(f *http2.Framer)) {
		var b bytes.Buffer
		write(http2.NewFramer(&b, nil))
		f.Add(b.Bytes(), uint8(3))
	}
	seed(func(f *http2.Framer) {
		_, _ = f.WriteSettings(), f.WriteGoAway(1, http2.ErrCodeInternal, []byte("because"))
	})
	seed(func(f *http2.Framer) { _, _ = f.WriteSettingsAck(), f.WriteRSTStream(1, http2.ErrCodeCancel) })
	seed(func(f *http2.Framer) { _, _ = f.WriteData(1, true, make([]byte, 40)), f.WritePing(false, [8]byte{}) })
	f.Add([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, cut uint8) {
		var whole, parts frames
		whole.see(data)
		for rest := data; len(rest) > 0; {
			n := min(int(cut)+1, len(rest))
			parts.see(rest[:n])
			rest = rest[n:]
		}
		if whole != parts {
			t.Fatalf("cut up it is %+v, in one piece %+v", parts, whole)
		}
		var want frames
		foreign := len(data) > 0
		for reader, first := bytes.NewReader(data), true; ; first = false {
			var head [frameHeader]byte
			if _, err := io.ReadFull(reader, head[:]); err != nil {
				break
			}
			h, err := http2.ReadFrameHeader(bytes.NewReader(head[:]))
			if err != nil {
				t.Fatal(err)
			}
			if first {
				foreign = h.Type != http2.FrameSettings || h.Flags != 0 || head[5]|head[6]|head[7]|head[8] != 0 || h.Length >= 1<<16
			}
			payload := make([]byte, min(int(h.Length), reader.Len()))
			if _, err := io.ReadFull(reader, payload); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if len(payload) < int(h.Length) || want.goneAway || want.brokenOff {
				break
			}
			switch {
			case h.Type == http2.FrameGoAway && len(payload) >= 8:
				want.goneAway, want.code = true, http2.ErrCode(binary.BigEndian.Uint32(payload[4:]))
			case h.Type == http2.FrameRSTStream && len(payload) == 4:
				want.brokenOff, want.code = true, http2.ErrCode(binary.BigEndian.Uint32(payload))
			}
		}
		if whole.goneAway != want.goneAway || whole.brokenOff != want.brokenOff || whole.code != want.code {
			t.Fatalf("seen is %+v, want %+v", whole, want)
		}
		if len(data) >= frameHeader && whole.foreign() != foreign {
			t.Fatalf("foreign is %v", whole.foreign())
		}
	})
}
