// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"

type hostileCase struct {
	name  string
	serve func(conn net.Conn)
	http  *v1alpha1.HTTPCheck
	want  want
}

func hostileAnswers() []hostileCase {
	return []hostileCase{
		{"never answers", silence, nil, failed(observe.StepRequest, ReasonResponseTimeout)},
		{"closes at once", func(net.Conn) {}, nil, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"resets when asked", reset, nil, failed(observe.StepRequest, ReasonConnectionClosed)},
		{
			"speaks another protocol", func(c net.Conn) {
				_, _ = io.WriteString(c, "220 mail.mainz.test ESMTP "+hiddenValue+"\r\n")
				silence(c)
			}, nil,
			failed(observe.StepRequest, ReasonProtocolError),
		},
		{"speaks TLS", func(c net.Conn) { _, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, 50}) }, nil, failed(observe.StepRequest, ReasonProtocolError)},
		{"garbage", answers("\x00\xff\x1b[31m" + hiddenValue + "\r\n\r\n"), nil, failed(observe.StepRequest, ReasonProtocolError)},
		{"status that is no number", answers("HTTP/1.1 " + hiddenValue + "\r\n\r\n"), nil, failed(observe.StepRequest, ReasonProtocolError)},
		{"status below 100", answers("HTTP/1.1 042 Odd\r\n\r\n"), nil, failed(observe.StepRequest, ReasonProtocolError)},
		{"header without colon", answers("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), nil, failed(observe.StepRequest, ReasonProtocolError)},
		{"closes in the header", answers("HTTP/1.1 200 OK\r\nX-A: b\r\n"), nil, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"interim answers without end", endless("", "HTTP/1.1 103 Early Hints\r\n\r\n", 0), nil, failed(observe.StepRequest, ReasonProtocolError)},
		{"interim answer", answers("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okHead + "\r\n"), nil, success},
		{"headers without end", endless("HTTP/1.1 200 OK\r\n", "X-A: "+strings.Repeat("b", 100)+"\r\n", 0), nil, failed(observe.StepRequest, ReasonHeaderTooLarge)},
		{"one header without end", endless("HTTP/1.1 200 OK\r\nX-A: ", strings.Repeat("b", 100), 0), nil, failed(observe.StepRequest, ReasonHeaderTooLarge)},
		{"status line without end", endless("HTTP/1.1 200 ", "OK", 0), nil, failed(observe.StepRequest, ReasonHeaderTooLarge)},
		{"header that trickles", endless("HTTP/1.1 200 OK\r\nX-A: ", "b", 10*time.Millisecond), nil, failed(observe.StepRequest, ReasonResponseTimeout)},
	}
}

func hostileBodies() []hostileCase {
	wantsBody := &v1alpha1.HTTPCheck{BodyPattern: "needle"}
	wantsJSON := &v1alpha1.HTTPCheck{BodyExpression: "body.ok"}
	body := strings.Repeat("hay ", 1<<10)
	return []hostileCase{
		{"body without end, not needed", endless(okHead+"\r\n", body, 0), nil, success},
		{"body without end", endless(okHead+"\r\n", body, 0), wantsBody, failed(observe.StepExpectation, ReasonBodyMismatch)},
		{"needle, then without end", endless(okHead+"\r\nneedle", body, 0), wantsBody, success},
		{"chunks without end", endless(okHead+"Transfer-Encoding: chunked\r\n\r\n", "4\r\nhay \r\n", 0), wantsBody, failed(observe.StepExpectation, ReasonBodyMismatch)},
		{"JSON without end", endless(okHead+"\r\n[", "1,", 0), wantsJSON, failed(observe.StepExpectation, ReasonBodyTooLarge)},
		{"body that trickles", endless(okHead+"\r\n", "x", 10*time.Millisecond), wantsBody, failed(observe.StepRequest, ReasonResponseTimeout)},
		{"body that never comes", func(c net.Conn) { answers(okHead + "Content-Length: 5\r\n\r\n")(c); silence(c) }, wantsBody, failed(observe.StepRequest, ReasonResponseTimeout)},
		{"body that ends early", answers(okHead + "Content-Length: 500\r\n\r\nneedle"), wantsBody, failed(observe.StepRequest, ReasonConnectionClosed)},
		{"broken chunks", answers(okHead + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), wantsBody, failed(observe.StepRequest, ReasonProtocolError)},
		{"compressed although not asked for", answers(okHead + "Content-Encoding: gzip\r\nContent-Length: 6\r\n\r\nneedle"), wantsBody, failed(observe.StepExpectation, ReasonBodyEncoded)},
		{"JSON of great depth", answers(okHead + "\r\n" + strings.Repeat("[", 100_000)), wantsJSON, failed(observe.StepExpectation, ReasonBodyNotJSON)},
	}
}

func hostileRedirects() []hostileCase {
	return []hostileCase{
		{"redirect to nowhere", answers("HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n"), &v1alpha1.HTTPCheck{FollowRedirects: true}, failed(observe.StepRequest, ReasonRedirectRefused)},
		{"redirect to port 0", answers("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:0/\r\n\r\n"), &v1alpha1.HTTPCheck{FollowRedirects: true}, failed(observe.StepRequest, ReasonRedirectRefused)},
		{"redirect with a password", answers("HTTP/1.1 302 Found\r\nLocation: http://a:" + hiddenValue + "@127.0.0.1/\r\n\r\n"), &v1alpha1.HTTPCheck{FollowRedirects: true}, failed(observe.StepRequest, ReasonRedirectRefused)},
		{"redirect without location", answers("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), &v1alpha1.HTTPCheck{FollowRedirects: true}, failed(observe.StepExpectation, ReasonUnexpectedStatus)},
	}
}

func TestHostileHTTP(t *testing.T) {
	f := NewFactory(Options{})
	for _, c := range slices.Concat(hostileAnswers(), hostileBodies(), hostileRedirects()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := impatient("http://" + rawServer(t, c.serve) + "/")
			if c.want.reason != ReasonResponseTimeout {
				e.Timeout = "10s"
			}
			e.HTTP = c.http
			begun := time.Now()
			r := check(t, f, e, nil, c.want)
			if limit := 5 * time.Second; time.Since(begun) > limit {
				t.Errorf("the check took %v", time.Since(begun))
			}
			if c.want.reason == ReasonResponseTimeout && r.Took[observe.StepRequest] < 150*time.Millisecond {
				t.Errorf("the request was given up after %v", r.Took[observe.StepRequest])
			}
		})
	}
}

// reset ends a connection with a reset instead of an orderly end.
func reset(conn net.Conn) {
	readRequest(conn)
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// TestCredentialsStayAtHome: what an endpoint declares goes to the scheme, host
// and port that it names, and to nobody else, nor to anybody after a detour.
func TestCredentialsStayAtHome(t *testing.T) {
	type seen struct{ path, authorization, custom, host string }
	var home, foreign string
	requests := make(chan seen, 16)
	redirects := map[string]*atomic.Pointer[string]{}
	for _, path := range []string{"/inside", "/outside", "/detour", "/back"} {
		redirects[path] = &atomic.Pointer[string]{}
	}
	serve := func(conn net.Conn) {
		req := readRequest(conn)
		if req == nil {
			return
		}
		requests <- seen{req.URL.Path, req.Header.Get("Authorization"), req.Header.Get("X-Key"), req.Host}
		if to := redirects[req.URL.Path]; to != nil {
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 307 Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", *to.Load())
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n")
	}
	home, foreign = rawServer(t, serve), rawServer(t, serve)
	for path, to := range map[string]string{
		"/inside": "/end", "/outside": "http://" + foreign + "/end",
		"/detour": "http://" + foreign + "/back", "/back": "http://" + home + "/end",
	} {
		redirects[path].Store(&to)
	}
	secrets := secretsOf(secretOf("token", map[string]string{KeyToken: hiddenValue}))
	own := seen{authorization: "Bearer " + hiddenValue, custom: "16", host: "www.mainz.test"}
	at := func(path string, s seen) seen { s.path = path; return s }
	for _, c := range []struct {
		path string
		want want
		seen []seen
	}{
		{"/inside", inconclusive(observe.ClassNone, observe.StepExpectation, ReasonCredentialsRejected), []seen{at("/inside", own), at("/end", own)}},
		{"/outside", failed(observe.StepExpectation, ReasonUnexpectedStatus), []seen{at("/outside", own), at("/end", seen{host: foreign})}},
		{"/detour", failed(observe.StepExpectation, ReasonUnexpectedStatus), []seen{at("/detour", own), at("/back", seen{host: foreign}), at("/end", seen{host: home})}},
	} {
		t.Run(c.path, func(t *testing.T) {
			e := endpointOf("http://" + home + c.path)
			e.HTTP = &v1alpha1.HTTPCheck{FollowRedirects: true, BearerTokenSecretRef: ref("token"), Headers: []v1alpha1.HTTPHeader{
				{Name: "X-Key", Value: "16"}, {Name: "Host", Value: "www.mainz.test"},
			}}
			check(t, NewFactory(Options{}), e, secrets, c.want)
			for i, s := range c.seen {
				if got := <-requests; got != s {
					t.Errorf("request %d was %+v, want %+v", i, got, s)
				}
			}
		})
	}
}

// TestMethodOfRedirects follows RFC 9110, section 15.4.
func TestMethodOfRedirects(t *testing.T) {
	for _, c := range []struct {
		status     int
		asked, got string
	}{
		{301, "POST", "GET"},
		{302, "POST", "GET"},
		{303, "POST", "GET"},
		{307, "POST", "POST"},
		{308, "POST", "POST"},
		{301, "HEAD", "HEAD"},
		{303, "OPTIONS", "GET"},
		{307, "OPTIONS", "OPTIONS"},
	} {
		t.Run(fmt.Sprintf("%d %s", c.status, c.asked), func(t *testing.T) {
			methods := make(chan string, 2)
			address := rawServer(t, func(conn net.Conn) {
				req := readRequest(conn)
				methods <- req.Method
				if req.URL.Path == "/" {
					_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nLocation: end\r\nContent-Length: 0\r\n\r\n", c.status, http.StatusText(c.status))
					return
				}
				_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
			})
			e := endpointOf("http://" + address + "/")
			e.HTTP = &v1alpha1.HTTPCheck{Method: v1alpha1.HTTPMethod(c.asked), FollowRedirects: true}
			check(t, NewFactory(Options{}), e, nil, success)
			if first, second := <-methods, <-methods; first != c.asked || second != c.got {
				t.Errorf("methods were %s, %s, want %s, %s", first, second, c.asked, c.got)
			}
		})
	}
}

func TestSlow(t *testing.T) {
	f := NewFactory(Options{})
	const delay = 50 * time.Millisecond
	address := rawServer(t, func(conn net.Conn) {
		if readRequest(conn) != nil {
			<-time.After(delay)
			_, _ = io.WriteString(conn, okHead+"Content-Length: 0\r\n\r\n")
		}
	})
	e := endpointOf("http://" + address + "/")
	e.MaxLatency = "40ms"
	if r := check(t, f, e, nil, success); !r.Slow || r.Latency < delay {
		t.Errorf("slow is %v after %v", r.Slow, r.Latency)
	}
	e.MaxLatency = "9s"
	if r := check(t, f, e, nil, success); r.Slow {
		t.Errorf("slow after %v", r.Latency)
	}
}
