// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"bufio"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// TestAnswers: what can be read is a success with facts; all else decides
// nothing, each with its reason.
func TestAnswers(t *testing.T) {
	many := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	tests := map[string]struct {
		status int
		body   string
		reason string // empty: success
		words  string
		want   values
	}{
		"two families":       {200, "# HELP a x\n# TYPE a gauge\na 1\n# TYPE b counter\nb{l=\"x\"} 2\nb{l=\"y\"} 3e9\n", "", "", values{"a": 1, "bx": 2, "by": 3e9}},
		"untyped":            {200, "a 1\n", "", "", values{"a": 1}},
		"a time stamp":       {200, "a 1 1700000000000\n", "", "", values{"a": 1}},
		"blanks":             {200, "  \t# \tTYPE \ta \tgauge\n\n \ta \t{ l = \"x\" , } \t1\n", "", "", values{"ax": 1}},
		"escapes":            {200, "a{l=\"\\\\\\\"\\n\"} 1\n", "", "", values{"a\\\"\n": 1}},
		"others are unread":  {200, "c 1\nc oops\n# TYPE c gauge\n# TYPE c counter\nab{ 1\nc{\xff} 1\n{\"c\"} x\n\"c\" 1\na 1\n", "", "", values{"a": 1}},
		"nothing":            {200, "", v1alpha1.ReasonFactMissing, "/metrics", nil},
		"others only":        {200, "# TYPE a gauge\nc 1\n", v1alpha1.ReasonFactMissing, "tells nothing that test_exporter would", nil},
		"a web page":         {200, "<html><body>Node Exporter</body></html>\n", endpoint.ReasonProtocolError, "web page", nil},
		"a web page, cut":    {200, "<html><body>Node Exporter", endpoint.ReasonConnectionClosed, "too early", nil},
		"a bell":             {200, "a 1\n\a\n", endpoint.ReasonProtocolError, "no text of metrics", nil},
		"truncated":          {200, "a 1\nb 2", endpoint.ReasonConnectionClosed, "too early", nil},
		"truncated in other": {200, "a 1\nccc", endpoint.ReasonConnectionClosed, "too early", nil},
		"no number":          {200, "a one\n", endpoint.ReasonProtocolError, `expected float as value, got "one"`, nil},
		"no UTF-8":           {200, "a{l=\"\xff\"} 1\n", endpoint.ReasonProtocolError, "invalid label value", nil},
		"type changed":       {200, "# TYPE a gauge\na 1\n# TYPE a counter\na 2\n", endpoint.ReasonProtocolError, "second TYPE line", nil},
		"type too late":      {200, "a 1\n# TYPE a gauge\n", endpoint.ReasonProtocolError, "TYPE reported after samples", nil},
		"unknown type":       {200, "# TYPE a gouge\na 1\n", endpoint.ReasonProtocolError, "unknown metric type", nil},
		"a histogram":        {200, "# TYPE a histogram\na 1\n", endpoint.ReasonProtocolError, "HISTOGRAM", nil},
		"NaN":                {200, "a NaN\n", endpoint.ReasonProtocolError, "tells a as NaN", nil},
		"infinite":           {200, "a -Inf\n", endpoint.ReasonProtocolError, "tells a as -Inf", nil},
		"beyond float64":     {200, "a 1e999\n", endpoint.ReasonProtocolError, "1e999", nil},
		"a long number":      {200, "a " + strings.Repeat("9", 4000) + "\n", endpoint.ReasonProtocolError, "cannot be read", nil},
		"a long line":        {200, "a 1\n# HELP c " + strings.Repeat("x", MaxLine) + "\n", endpoint.ReasonAnswerTooLarge, "64 KiB", nil},
		"many series":        {200, many(MaxSeries+1, "a{l=\"%d\"} 1\n"), endpoint.ReasonAnswerTooLarge, "20000 series", nil},
		"many labels":        {200, many(4000, "a{l=\"%d\""+distinct(30)+"} 1\n"), endpoint.ReasonAnswerTooLarge, "20000 series", nil},
		"a series of labels": {200, "a{l=\"\"" + distinct(MaxLineLabels) + "} 1\n", endpoint.ReasonAnswerTooLarge, "64 labels", nil},
		"much text":          {200, many(100, "a{l=\"%d"+strings.Repeat("x", 60_000)+"\"} 1\n"), endpoint.ReasonAnswerTooLarge, "20000 series", nil},
		"unauthorised":       {401, "who?", endpoint.ReasonUnexpectedStatus, "without credentials", nil},
		"forbidden":          {403, "no", endpoint.ReasonUnexpectedStatus, "403", nil},
		"not there":          {404, "", endpoint.ReasonUnexpectedStatus, "usually at /metrics", nil},
		"broken":             {500, "a 1\n", endpoint.ReasonUnexpectedStatus, "status 500", nil},
		"overloaded":         {503, "Limit of concurrent requests reached (40), try again later.", endpoint.ReasonUnexpectedStatus, "503", nil},
		"no content":         {204, "", endpoint.ReasonUnexpectedStatus, "204", nil},
		"moved":              {301, "", endpoint.ReasonRedirectRefused, "declare the URL", nil},
		"not modified":       {304, "", endpoint.ReasonRedirectRefused, "304", nil},
	}
	s := newSource(t, Options{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			answers := map[string]http.HandlerFunc{"plain": says(tc.status, tc.body)}
			if tc.status == 200 {
				answers["gzip"] = zipped(compressed(t, tc.body))
			}
			for how, answer := range answers {
				r := ask(t, s, serve(t, answer)+"/metrics")
				if r.Reason != tc.reason || !strings.Contains(r.Message, tc.words) || r.Address == "" {
					t.Errorf("%s: got %+v, want reason %q and words %q", how, r, tc.reason, tc.words)
				}
				if got, _ := r.Facts.(values); !maps.Equal(got, tc.want) {
					t.Errorf("%s: facts %v, want %v", how, got, tc.want)
				}
			}
		})
	}
}

// distinct returns so many further labels.
func distinct(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ",l%d=\"\"", i)
	}
	return b.String()
}

// TestHostileServers: nothing that a server does costs more than it may.
func TestHostileServers(t *testing.T) {
	bomb := compressed(t, strings.Repeat("# unfolds\n", MaxBody/9))
	tests := map[string]struct {
		answer        http.HandlerFunc
		reason, words string
	}{
		"a bomb":      {zipped(bomb), endpoint.ReasonAnswerTooLarge, "64 MiB"},
		"no gzip":     {zipped("a 1\n" + strings.Repeat("x", 20)), endpoint.ReasonProtocolError, "gzip"},
		"half a gzip": {zipped(compressed(t, "a 1\n")[:20]), endpoint.ReasonConnectionClosed, "too early"},
		"broken gzip": {zipped(compressed(t, "a 1\n")[:20] + "00000000"), endpoint.ReasonProtocolError, "gzip"},
		"HTML by type": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = io.WriteString(w, "a 1\n")
		}, endpoint.ReasonProtocolError, "web page"},
		"zstd": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "zstd")
			_, _ = io.WriteString(w, "a 1\n")
		}, endpoint.ReasonProtocolError, `"zstd"`},
		"redirect elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://192.0.2.1/metrics", http.StatusFound)
		}, endpoint.ReasonRedirectRefused, "302"},
		"cut": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "a 1\n")
		}, endpoint.ReasonConnectionClosed, "too early"},
		"reset": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, endpoint.ReasonConnectionClosed, "closed"},
		"long header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*MaxHeader))
		}, endpoint.ReasonProtocolError, "header"},
	}
	s := newSource(t, Options{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if r := ask(t, s, serve(t, tc.answer)); r.Reason != tc.reason || !strings.Contains(r.Message, tc.words) {
				t.Errorf("got %+v, want %+v", r, tc)
			}
		})
	}
}

// TestUnreachable: what keeps a host from being asked decides nothing.
func TestUnreachable(t *testing.T) {
	gone := httptest.NewServer(says(200, ""))
	gone.Close()
	secret := httptest.NewTLSServer(says(200, "a 1\n"))
	t.Cleanup(secret.Close)
	tests := map[string]struct {
		url, reason, words string
		class              observe.FailureClass
		step               observe.Step
	}{
		"refused":      {gone.URL, endpoint.ReasonConnectionRefused, "Does test_exporter run?", observe.ClassNone, observe.StepConnect},
		"guarded":      {"http://169.254.169.254", endpoint.ReasonEgressRefused, "metadata", observe.ClassLocal, observe.StepConnect},
		"no such name": {"http://web01.invalid", endpoint.ReasonHostNotFound, "No metrics from web01.invalid", observe.ClassNone, observe.StepConnect},
		"unknown CA":   {secret.URL, endpoint.ReasonCertificateUnknownAuthority, "not trusted", observe.ClassNone, observe.StepHandshake},
		"TLS asked of plain HTTP": {
			strings.Replace(serve(t, says(200, "")), "http:", "https:", 1), endpoint.ReasonProtocolError, "does not speak TLS", observe.ClassNone, observe.StepHandshake,
		},
		"SSH": {talks(t, "SSH-2.0-OpenSSH\r\n"), endpoint.ReasonProtocolError, "malformed", observe.ClassNone, observe.StepRequest},
	}
	s := newSource(t, Options{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := ask(t, s, tc.url)
			if r.Reason != tc.reason || r.Class != tc.class || r.Step != tc.step || !strings.Contains(r.Message, tc.words) {
				t.Errorf("got %+v, want %+v", r, tc)
			}
		})
	}
}

// talks runs a server that says the same to every request.
func talks(t *testing.T, words string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = io.WriteString(conn, words)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}

// TestTime: a host that is slow, or drips, ends with the timeout; one who calls
// the check off is no host that is slow.
func TestTime(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, "#\n")
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		}
	})
	s := newSource(t, Options{})
	p, err := s.New(url, simple(), 200*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Run(t.Context())
	sound(t, r, strings.TrimPrefix(url, "http://"))
	if r.Reason != endpoint.ReasonResponseTimeout || !strings.Contains(r.Message, "within 200ms") {
		t.Errorf("got %+v", r)
	}
	// A body that is here already and unfolds ends with the timeout as well.
	p, err = s.New(serve(t, zipped(compressed(t, strings.Repeat("#\n", MaxBody/2)))), simple(), 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r := p.Run(t.Context()); r.Reason != endpoint.ReasonResponseTimeout || r.Latency > time.Second {
		t.Errorf("got %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := p.Run(ctx); r.Reason != endpoint.ReasonCancelled || r.Class != observe.ClassLocal {
		t.Errorf("got %+v", r)
	}
}

// TestRequest: what the exporter is told, and which connections are kept.
func TestRequest(t *testing.T) {
	var conns atomic.Int32
	count := func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	var header http.Header
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header
		zipped(compressed(t, "a 1\n"+strings.Repeat("c 1\n", 10_000)))(w, r)
	})
	plain, secret := httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(handler)
	plain.Config.ConnState, secret.Config.ConnState = count, count
	plain.Start()
	secret.StartTLS()
	t.Cleanup(plain.Close)
	t.Cleanup(secret.Close)
	roots := x509.NewCertPool()
	roots.AddCert(secret.Certificate())
	s := newSource(t, Options{Roots: roots, UserAgent: "kdz-operator/1"})
	for url, want := range map[string]int32{plain.URL: 3, secret.URL: 1} {
		conns.Store(0)
		for range 3 {
			if r := ask(t, s, url); r.Outcome != observe.OutcomeSuccess {
				t.Fatalf("%+v", r)
			}
		}
		if got := conns.Load(); got != want {
			t.Errorf("%s: %d connections for 3 questions, want %d", url, got, want)
		}
	}
	for name, want := range map[string]string{
		"Accept": "text/plain;version=0.0.4", "Accept-Encoding": "gzip", "User-Agent": "kdz-operator/1",
		"X-Prometheus-Scrape-Timeout-Seconds": "60",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestNew: what is asked the same way has one key, and what cannot be asked is
// refused.
func TestNew(t *testing.T) {
	s := newSource(t, Options{})
	key := func(url string, set *Set, timeout time.Duration) string {
		p, err := s.New(url, set, timeout)
		if err != nil {
			t.Fatal(err)
		}
		return p.Key()
	}
	const url = "http://web01:9100/metrics"
	base := key(url, simple(), time.Second)
	if key(url, simple(), time.Second) != base {
		t.Error("equal questions have two keys")
	}
	other := NewSet("test_exporter", nil, Family{Name: "a"})
	for name, k := range map[string]string{
		"URL": key(url+"?collect[]=systemd", simple(), time.Second), "timeout": key(url, simple(), 2*time.Second),
		"families": key(url, other, time.Second), "exporter": key(url, NewSet("other", nil, Family{Name: "a"}, Family{Name: "b"}), time.Second),
	} {
		if k == base {
			t.Errorf("another %s is the same question", name)
		}
	}
	if p, err := s.New(url, simple(), time.Second); err != nil || p.Target() != "exporter web01:9100" {
		t.Errorf("target of %v, %v", p, err)
	}
	for bad, words := range map[string]string{
		"http://%zz": "no URL", "ftp://web01": `"ftp"`, "http://": "host", "http://u:secret@web01": "password", "http://web01#x": "fragment", "web01:9100": "web01",
	} {
		if _, err := s.New(bad, simple(), time.Second); err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := s.New(url, simple(), 0); err == nil {
		t.Error("a timeout of 0 is accepted")
	}
}
