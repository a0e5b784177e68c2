// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"kdz.mainz.de/operator/internal/observe"
)

// speakHTTP2 is a server that greets as HTTP/2 wants it, and hands the frames to
// serve when the first call has come.
func speakHTTP2(serve func(f *http2.Framer, conn net.Conn)) func(conn net.Conn) {
	return func(conn net.Conn) {
		readHTTP2(conn, func(f *http2.Framer, _ *http2.MetaHeadersFrame) { serve(f, conn) })
	}
}

// readHTTP2 greets, and hands over the headers of the first call.
func readHTTP2(conn net.Conn, serve func(f *http2.Framer, h *http2.MetaHeadersFrame)) {
	f := http2.NewFramer(conn, conn)
	f.ReadMetaHeaders = hpack.NewDecoder(4<<10, nil)
	if _, err := io.CopyN(io.Discard, conn, int64(len(http2.ClientPreface))); err != nil || f.WriteSettings() != nil {
		return
	}
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return
		}
		if h, ok := frame.(*http2.MetaHeadersFrame); ok {
			serve(f, h)
			silence(conn)
			return
		}
	}
}

// fields encodes headers.
func fields(list ...string) []byte {
	var b bytes.Buffer
	e := hpack.NewEncoder(&b)
	for i := 0; i < len(list); i += 2 {
		// A buffer does not fail.
		_ = e.WriteField(hpack.HeaderField{Name: list[i], Value: list[i+1]})
	}
	return b.Bytes()
}

func headers(f *http2.Framer, end bool, list ...string) error {
	return f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(list...), EndHeaders: true, EndStream: end})
}

func answerHead(f *http2.Framer) error {
	return headers(f, false, ":status", "200", "content-type", "application/grpc")
}

// message frames a gRPC message of that declared length.
func message(length uint32, b ...byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, length), b...)
}

// forever repeats until it fails.
func forever(err error, again func() error) {
	for err == nil {
		err = again()
	}
}

type hostileCall struct {
	name  string
	serve func(conn net.Conn)
	want  want
	says  string
}

func hostileBeginnings() []hostileCall {
	garbage := failed(observe.StepRequest, ReasonProtocolError)
	closed := failed(observe.StepRequest, ReasonConnectionClosed)
	return []hostileCall{
		{"silent", silence, failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"closes at once", func(net.Conn) {}, closed, ""},
		{"resets at once", func(c net.Conn) {
			_, _ = io.CopyN(io.Discard, c, 3)
			_ = c.(*net.TCPConn).SetLinger(0)
		}, closed, ""},
		{"HTTP/1.1", func(c net.Conn) {
			_, _ = io.CopyN(io.Discard, c, 3)
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\nX-Key: "+hiddenValue+"\r\nConnection: close\r\n\r\n")
		}, garbage, "HTTP/1.1"},
		{"HTTP/1.1 that stays", func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 400 Bad Request\r\n\r\n")
			silence(c)
		}, garbage, "HTTP/1.1"},
		{"SSH", func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_10.0\r\n"); silence(c) }, garbage, "not HTTP/2"},
		{"short garbage", func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 9, 9}) }, garbage, "not HTTP/2"},
		{"zeros without end", func(c net.Conn) { forever(nil, func() error { _, err := c.Write(make([]byte, 4<<10)); return err }) }, garbage, "not HTTP/2"},
		{"half a SETTINGS frame", func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3}) }, closed, ""},
		{"half a SETTINGS frame, then silence", func(c net.Conn) { _, _ = c.Write([]byte{0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3}); silence(c) }, failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"SETTINGS of 60 KiB", func(c net.Conn) {
			_, _ = c.Write(append([]byte{0, 240, 0, 4, 0, 0, 0, 0, 0}, make([]byte, 60<<10)...))
			silence(c)
		}, garbage, ""},
		{"SETTINGS, then silence", speakHTTP2(func(*http2.Framer, net.Conn) {}), failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"SETTINGS a byte at a time, then silence", func(c net.Conn) {
			for _, b := range []byte{0, 0, 0, 4, 0, 0, 0, 0, 0} {
				_, _ = c.Write([]byte{b})
			}
			silence(c)
		}, failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"SETTINGS without end", func(c net.Conn) {
			f := http2.NewFramer(c, c)
			forever(nil, func() error { return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1}) })
		}, garbage, "256 KiB"},
		{"no streams allowed", func(c net.Conn) {
			f := http2.NewFramer(c, c)
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
			silence(c)
		}, failed(observe.StepRequest, ReasonResponseTimeout), ""},
		{"GOAWAY at once", func(c net.Conn) {
			f := http2.NewFramer(c, c)
			_ = f.WriteSettings()
			_ = f.WriteGoAway(0, http2.ErrCodeNo, []byte(hiddenValue))
			silence(c)
		}, closed, "GOAWAY, NO_ERROR"},
		{"too many pings", func(c net.Conn) {
			f := http2.NewFramer(c, c)
			_ = f.WriteSettings()
			_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("too_many_pings"))
			silence(c)
		}, closed, "GOAWAY, ENHANCE_YOUR_CALM"},
	}
}

func hostileCalls() []hostileCall {
	garbage := failed(observe.StepRequest, ReasonProtocolError)
	closed := failed(observe.StepRequest, ReasonConnectionClosed)
	tooLarge := failed(observe.StepRequest, ReasonHeaderTooLarge)
	reply := func(name string, want want, says string, serve func(f *http2.Framer, conn net.Conn)) hostileCall {
		return hostileCall{name, speakHTTP2(serve), want, says}
	}
	return []hostileCall{
		reply("GOAWAY for the call", closed, "GOAWAY, INTERNAL_ERROR", func(f *http2.Framer, _ net.Conn) { _ = f.WriteGoAway(0, http2.ErrCodeInternal, nil) }),
		reply("refused stream", closed, "RST_STREAM, REFUSED_STREAM", func(f *http2.Framer, _ net.Conn) { _ = f.WriteRSTStream(1, http2.ErrCodeRefusedStream) }),
		reply("cancelled stream", closed, "RST_STREAM, CANCEL", func(f *http2.Framer, _ net.Conn) { _ = f.WriteRSTStream(1, http2.ErrCodeCancel) }),
		reply("closes when called", closed, "closed the connection", func(_ *http2.Framer, c net.Conn) { _ = c.Close() }),
		reply("resets when called", closed, "closed the connection", func(_ *http2.Framer, c net.Conn) {
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		}),
		reply("HTTP status", garbage, "HTTP status 503", func(f *http2.Framer, _ net.Conn) {
			_ = headers(f, false, ":status", "503", "content-type", "text/html")
			_ = f.WriteData(1, true, []byte("<p>"+hiddenValue))
		}),
		reply("HTTP status and a page without end", garbage, "HTTP status 200", func(f *http2.Framer, _ net.Conn) {
			forever(headers(f, false, ":status", "200", "content-type", "text/html"), func() error { return f.WriteData(1, false, make([]byte, 1<<10)) })
		}),
		reply("HTTP status that is none", garbage, "not gRPC", func(f *http2.Framer, _ net.Conn) { _ = headers(f, true, ":status", "x") }),
		reply("HTTP 401", garbage, "HTTP status 401", func(f *http2.Framer, _ net.Conn) { _ = headers(f, true, ":status", "401") }),
		reply("large header list", tooLarge, "16 KiB", func(f *http2.Framer, _ net.Conn) {
			_ = headersInParts(f, fields(":status", "200", "content-type", "application/grpc", "x-a", strings.Repeat("b", 15<<10), "x-c", strings.Repeat("d", 15<<10)))
		}),
		reply("header lists of megabytes", garbage, "", func(f *http2.Framer, _ net.Conn) {
			part := fields("x-a", strings.Repeat("b", 8<<10))
			err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: fields(":status", "200")})
			forever(err, func() error { return f.WriteContinuation(1, false, part) })
		}),
		reply("header of one byte again and again", garbage, "", func(f *http2.Framer, _ net.Conn) {
			// 0xbe is the newest entry of the dynamic table.
			big := append(fields("x-a", strings.Repeat("b", 3<<10)), bytes.Repeat([]byte{0xbe}, 8<<10)...)
			err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: big})
			forever(err, func() error { return f.WriteContinuation(1, false, bytes.Repeat([]byte{0xbe}, 16<<10)) })
		}),
		reply("broken compression of headers", garbage, "", func(f *http2.Framer, _ net.Conn) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EndHeaders: true})
		}),
		reply("long message", garbage, "4 KiB", func(f *http2.Framer, _ net.Conn) {
			_ = answerHead(f)
			_ = f.WriteData(1, false, message(1<<31, make([]byte, 8<<10)...))
			_ = headers(f, true, "grpc-status", "0")
		}),
		reply("message just too long", garbage, "4 KiB", func(f *http2.Framer, _ net.Conn) {
			_ = answerHead(f)
			_ = f.WriteData(1, false, message(4<<10+1, make([]byte, 4<<10+1)...))
			_ = headers(f, true, "grpc-status", "0")
		}),
		reply("data without end", garbage, "", func(f *http2.Framer, _ net.Conn) {
			forever(answerHead(f), func() error { return f.WriteData(1, false, make([]byte, 16<<10)) })
		}),
		reply("empty data without end", garbage, "256 KiB", func(f *http2.Framer, _ net.Conn) {
			forever(answerHead(f), func() error { return f.WriteData(1, false, nil) })
		}),
		reply("half a message", failed(observe.StepRequest, ReasonResponseTimeout), "", func(f *http2.Framer, _ net.Conn) {
			_ = answerHead(f)
			_ = f.WriteData(1, false, message(2, 8))
		}),
		reply("message that is none", garbage, "", func(f *http2.Framer, _ net.Conn) {
			_ = answerHead(f)
			_ = f.WriteData(1, false, message(2, 0xff, 0xff))
			_ = headers(f, true, "grpc-status", "0")
		}),
		reply("two messages", garbage, "", func(f *http2.Framer, _ net.Conn) {
			_ = answerHead(f)
			_ = f.WriteData(1, false, append(message(2, 8, 1), message(2, 8, 1)...))
			_ = headers(f, true, "grpc-status", "0")
		}),
		reply("no message", garbage, "", func(f *http2.Framer, _ net.Conn) {
			_ = answerHead(f)
			_ = headers(f, true, "grpc-status", "0")
		}),
		reply("unknown encoding", garbage, "", func(f *http2.Framer, _ net.Conn) {
			_ = headers(f, false, ":status", "200", "content-type", "application/grpc", "grpc-encoding", "rot13")
			_ = f.WriteData(1, false, append([]byte{1}, message(2, 8, 1)[1:]...))
			_ = headers(f, true, "grpc-status", "0")
		}),
		reply("status that is no number", garbage, "", func(f *http2.Framer, _ net.Conn) {
			_ = headers(f, true, ":status", "200", "content-type", "application/grpc", "grpc-status", "fine")
		}),
		reply("frame for nobody", garbage, "", func(_ *http2.Framer, c net.Conn) { _, _ = c.Write([]byte{0, 0, 1, 0, 0, 0, 0, 0, 0, 0}) }),
		reply("frame that is too large", garbage, "", func(_ *http2.Framer, c net.Conn) { _, _ = c.Write([]byte{255, 255, 255, 0, 0, 0, 0, 0, 1}) }),
		reply("pings without end", garbage, "256 KiB", func(f *http2.Framer, _ net.Conn) {
			forever(nil, func() error { return f.WritePing(false, [8]byte{}) })
		}),
	}
}

// headersInParts writes a block of headers that needs several frames.
func headersInParts(f *http2.Framer, block []byte) error {
	const most = 8 << 10
	err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block[:most]})
	for block = block[most:]; err == nil && len(block) > 0; {
		n := min(most, len(block))
		err = f.WriteContinuation(1, n == len(block), block[:n])
		block = block[n:]
	}
	return err
}

func TestHostileGRPC(t *testing.T) {
	f := NewFactory(Options{})
	for _, c := range append(hostileBeginnings(), hostileCalls()...) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var accepted atomic.Int32
			e := impatient("grpc://" + rawServer(t, func(conn net.Conn) {
				accepted.Add(1)
				c.serve(conn)
			}))
			if c.want.reason != ReasonResponseTimeout {
				e.Timeout = "10s"
			}
			begun := time.Now()
			r := check(t, f, e, nil, c.want)
			if limit := 5 * time.Second; time.Since(begun) > limit {
				t.Errorf("the check took %v", time.Since(begun))
			}
			if !strings.Contains(r.Message, c.says) {
				t.Errorf("message is %q, want it to say %q", r.Message, c.says)
			}
			if n := accepted.Load(); n > 1 {
				t.Errorf("there were %d connections", n)
			}
		})
	}
}

// TestGRPCIsCancelled: a check ends with whoever asked for it, at each step.
func TestGRPCIsCancelled(t *testing.T) {
	f := NewFactory(Options{})
	for name, serve := range map[string]func(reached func()) func(conn net.Conn){
		"before SETTINGS": func(reached func()) func(conn net.Conn) {
			return func(conn net.Conn) { reached(); silence(conn) }
		},
		"when called": func(reached func()) func(conn net.Conn) {
			return speakHTTP2(func(*http2.Framer, net.Conn) { reached() })
		},
		"amid an answer": func(reached func()) func(conn net.Conn) {
			return speakHTTP2(func(f *http2.Framer, _ net.Conn) { _ = answerHead(f); reached() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			p, err := f.New(grpcEndpoint("grpc://"+rawServer(t, serve(cancel)), ""), nil)
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			r := p.Run(ctx)
			sound(t, r)
			if r.Reason != ReasonCancelled || r.Class != observe.ClassLocal || r.Outcome != observe.OutcomeInconclusive {
				t.Errorf("result is %+v", r)
			}
			if time.Since(begun) > 5*time.Second {
				t.Errorf("the check took %v", time.Since(begun))
			}
		})
	}
}

// TestGRPCLeavesNothing: when Run has returned, the library lets go, at the
// latest when the goroutine has ended that was dialling.
func TestGRPCLeavesNothing(t *testing.T) {
	healthy := healthyGRPC(t)
	goneAway := rawServer(t, speakHTTP2(func(f *http2.Framer, _ net.Conn) { _ = f.WriteGoAway(0, http2.ErrCodeNo, nil) }))
	mute := rawServer(t, silence)
	f := NewFactory(Options{})
	var open atomic.Int32
	f.dial = countingDial(&open)
	var probes []observe.Probe
	for _, address := range []string{healthy, goneAway, mute} {
		e := grpcEndpoint("grpc://"+address, "")
		if address == mute {
			e.Timeout = "10ms"
		}
		p, err := f.New(e, nil)
		if err != nil {
			t.Fatal(err)
		}
		probes = append(probes, p)
	}
	before := runtime.NumGoroutine()
	for i := range 210 {
		probes[i%len(probes)].Run(context.Background())
		awaitThat(t, func() bool { return open.Load() == 0 })
	}
	// Those of the servers end when they notice; ours have nothing left to do.
	awaitThat(t, func() bool { return runtime.NumGoroutine() <= before })
}

// TestGRPCIsSilent: what a server can provoke is not written to standard error.
func TestGRPCIsSilent(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer closeQuietly(in)
	// The library took hold of the file when the program began.
	const stderr = 2
	was, err := syscall.Dup(stderr)
	if err != nil {
		t.Fatal(err)
	}
	redirect := func(to int) {
		if err := syscall.Dup3(to, stderr, 0); err != nil {
			t.Error(err)
		}
	}
	redirect(int(out.Fd()))
	defer redirect(was)
	address := rawServer(t, func(c net.Conn) {
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		_ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("too_many_pings"))
		silence(c)
	})
	check(t, NewFactory(Options{}), grpcEndpoint("grpc://"+address, ""), nil, failed(observe.StepRequest, ReasonConnectionClosed))
	redirect(was)
	closeQuietly(out)
	said, err := io.ReadAll(in)
	if err != nil || len(said) > 0 {
		t.Errorf("%q was written, %v", said, err)
	}
}
