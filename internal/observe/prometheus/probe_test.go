// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/test/servers"
)

// TestAnswers: 1 is a success and 0 a failure; all other answers decide
// nothing, each with its reason.
func TestAnswers(t *testing.T) {
	now := func(value string) string {
		return fmt.Sprintf(`[%.3f,%q]`, float64(time.Now().UnixMilli())/1000, value)
	}
	data := func(kind, result string) string {
		return `{"status":"success","data":{"resultType":"` + kind + `","result":` + result + `}}`
	}
	tests := map[string]struct {
		status int
		body   string
		reason string // empty: success
		words  string
	}{
		"one":                  {200, vector(sample("1", 0)), "", ""},
		"zero":                 {200, vector(sample("0", 0)), ReasonIndicatorZero, "returned 0"},
		"one as a scalar":      {200, data("scalar", now("1")), "", ""},
		"zero as a scalar":     {200, data("scalar", now("0")), ReasonIndicatorZero, "returned 0"},
		"one, written 1e0":     {200, vector(sample("1e0", 0)), "", ""},
		"nearly two intervals": {200, vector(sample("1", 110*time.Second)), "", ""},
		"informed":             {200, `{"status":"success","infos":["not a counter"],"data":{"resultType":"scalar","result":` + now("1") + `}}`, "", ""},
		"none":                 {200, vector(""), ReasonNoSample, "no sample"},
		"several":              {200, vector(sample("1", 0) + "," + sample("1", 0)), ReasonSeveralSamples, "2 samples"},
		"two":                  {200, vector(sample("2", 0)), ReasonUnexpectedValue, "returned 2;"},
		"a half":               {200, vector(sample("0.5", 0)), ReasonUnexpectedValue, "0.5"},
		"nearly one":           {200, vector(sample("0.9999999999999999", 0)), ReasonUnexpectedValue, "0.99"},
		"NaN":                  {200, vector(sample("NaN", 0)), ReasonUnexpectedValue, "NaN"},
		"infinite":             {200, vector(sample("+Inf", 0)), ReasonUnexpectedValue, "+Inf"},
		"two intervals old":    {200, vector(sample("1", 121*time.Second)), ReasonStaleSample, "clock"},
		"zero, but old":        {200, vector(sample("0", 121*time.Second)), ReasonStaleSample, "clock"},
		"of the future":        {200, vector(sample("1", -121*time.Second)), ReasonStaleSample, "clock"},
		"of another age":       {200, vector(`{"value":[1e300,"1"]}`), ReasonAnswerInvalid, ""},
		"a string":             {200, data("string", now("1")), ReasonNoNumber, "a string"},
		"a matrix":             {200, data("matrix", "[]"), ReasonNoNumber, "a matrix"},
		"a histogram":          {200, vector(`{"histogram":[1,{"count":"1"}]}`), ReasonNoNumber, "histogram"},
		"a warning": {
			200, `{"status":"success","warnings":["partial response"],"data":{"resultType":"scalar","result":` + now("1") + `}}`,
			ReasonAnswerDoubtful, "partial response",
		},
		"no value":             {200, vector(`{"metric":{}}`), ReasonAnswerInvalid, ""},
		"a value that is none": {200, vector(sample("one", 0)), ReasonAnswerInvalid, ""},
		"a time that is none":  {200, vector(`{"value":[null,"1"]}`), ReasonAnswerInvalid, ""},
		"three parts":          {200, vector(`{"value":[1,"1",1]}`), ReasonAnswerInvalid, ""},
		"a vector that is not": {200, data("vector", `{}`), ReasonAnswerInvalid, ""},
		"HTML":                 {200, "<html>", ReasonAnswerInvalid, ""},
		"nothing":              {200, "", ReasonAnswerInvalid, ""},
		"half of it":           {200, vector(sample("1", 0))[:40], ReasonAnswerInvalid, ""},
		"an error with 200":    {200, `{"status":"error","errorType":"x","error":"y"}`, ReasonAnswerInvalid, ""},
		"huge":                 {200, vector(sample("1", 0)) + strings.Repeat(" ", MaxBody), ReasonAnswerTooLarge, "1 MiB"},
		"bad query":            {400, `{"status":"error","errorType":"bad_data","error":"parse error\u0007"}`, ReasonQueryRejected, "bad_data: parse error"},
		"failed query":         {422, `{"status":"error","errorType":"execution","error":"many-to-many"}`, ReasonQueryRejected, "many-to-many"},
		"overloaded":           {503, `{"status":"error","errorType":"timeout","error":"query timed out"}`, ReasonServerError, "503"},
		"forbidden":            {403, "no", ReasonServerError, "403"},
		"unauthorised":         {401, "who?", ReasonServerError, "401"},
		"not there":            {404, "", ReasonServerError, "404"},
		"broken":               {500, strings.Repeat("x", 4096), ReasonServerError, "500"},
		"created":              {201, vector(sample("1", 0)), ReasonServerError, "201"},
		"long words":           {400, `{"status":"error","errorType":"bad_data","error":"` + strings.Repeat("ä", 500) + `"}`, ReasonQueryRejected, "…"},
	}
	s := newSource(t, Options{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := ask(t, s, serve(t, says(tc.status, tc.body)), "up")
			want := observe.OutcomeInconclusive
			switch tc.reason {
			case "":
				want = observe.OutcomeSuccess
			case ReasonIndicatorZero:
				want = observe.OutcomeFailure
			}
			if r.Outcome != want || r.Reason != tc.reason || !strings.Contains(r.Message, tc.words) {
				t.Errorf("got %+v, want reason %q and words %q", r, tc.reason, tc.words)
			}
			if r.Address == "" {
				t.Error("the address of the server is missing")
			}
		})
	}
}

// TestUnreachable: whatever keeps the server from being asked decides nothing.
func TestUnreachable(t *testing.T) {
	closed := raw(t, func(net.Conn) {})
	cut := raw(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":")
		}
	})
	garbage := raw(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = fmt.Fprint(c, "SSH-2.0-OpenSSH\r\n")
		}
	})
	header := raw(t, func(c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nX: %s\r\n\r\n", strings.Repeat("x", 2*MaxHeader))
		}
	})
	secret := httptest.NewTLSServer(says(200, vector(sample("1", 0))))
	t.Cleanup(secret.Close)
	gone := httptest.NewServer(says(200, ""))
	gone.Close()
	tests := map[string]struct {
		server, reason, words string
		class                 observe.FailureClass
		step                  observe.Step
	}{
		"refused":     {gone.URL, ReasonServerUnreachable, "refused", observe.ClassNone, observe.StepConnect},
		"closed":      {closed, ReasonServerUnreachable, "did not answer", observe.ClassNone, observe.StepRequest},
		"cut":         {cut, ReasonAnswerInvalid, "too early", observe.ClassNone, observe.StepRequest},
		"garbage":     {garbage, ReasonServerUnreachable, "malformed", observe.ClassNone, observe.StepRequest},
		"long header": {header, ReasonServerUnreachable, "header", observe.ClassNone, observe.StepRequest},
		"unknown CA":  {secret.URL, ReasonServerUnreachable, "certificate", observe.ClassNone, observe.StepRequest},
		"guarded":     {"http://169.254.169.254", endpoint.ReasonEgressRefused, "metadata", observe.ClassLocal, observe.StepConnect},
		"redirect": {
			serve(t, http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP), ReasonServerError, "302",
			observe.ClassNone, observe.StepRequest,
		},
	}
	s := newSource(t, Options{})
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := ask(t, s, tc.server, "up")
			if r.Outcome != observe.OutcomeInconclusive || r.Reason != tc.reason || r.Class != tc.class || r.Step != tc.step ||
				!strings.Contains(r.Message, tc.words) {
				t.Errorf("got %+v, want %+v", r, tc)
			}
		})
	}
}

// TestSilence: a server that does not answer costs no more than the timeout,
// and whoever calls the check off is heard at once.
func TestSilence(t *testing.T) {
	release := make(chan struct{})
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	defer close(release)
	s := newSource(t, Options{})
	p, err := s.New(server, "up", time.Minute, 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Run(t.Context())
	sound(t, r)
	if r.Reason != ReasonServerUnreachable || !strings.Contains(r.Message, "within 50ms") || r.Class != observe.ClassNone {
		t.Errorf("got %+v", r)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := p.Run(ctx); r.Reason != endpoint.ReasonCancelled || r.Class != observe.ClassLocal || r.Outcome != observe.OutcomeInconclusive {
		t.Errorf("called off: %+v", r)
	}
}

// TestTLS: a server is believed by the authorities that are trusted, and asked
// under the path of its URL.
func TestTLS(t *testing.T) {
	authority := servers.NewAuthority(t, "monitoring")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/prefix/api/v1/query" || r.Method != http.MethodPost || r.FormValue("query") == "" || r.UserAgent() != "test" {
			t.Errorf("asked %s %s by %s", r.Method, r.URL, r.UserAgent())
		}
		says(200, vector(sample("1", 0)))(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, servers.Certificate{})}}
	server.StartTLS()
	t.Cleanup(server.Close)
	s := newSource(t, Options{Roots: authority.Pool(), UserAgent: "test"})
	for _, path := range []string{"/prefix", "/prefix/"} {
		if r := ask(t, s, server.URL+path, "up"); r.Outcome != observe.OutcomeSuccess {
			t.Errorf("got %+v", r)
		}
	}
}

// TestKey: what is asked alike is asked once.
func TestKey(t *testing.T) {
	s := newSource(t, Options{})
	key := func(server, query string, interval, timeout time.Duration) string {
		p, err := s.New(server, query, interval, timeout)
		if err != nil {
			t.Fatal(err)
		}
		return p.Key()
	}
	same := key("https://p.example/", "up", time.Minute, time.Second)
	if other := key("https://p.example", "up", time.Minute, time.Second); other != same {
		t.Error("a slash at the end makes another question")
	}
	seen := map[string]bool{same: true}
	for _, k := range []string{
		key("https://p.example/x", "up", time.Minute, time.Second),
		key("https://q.example", "up", time.Minute, time.Second),
		key("https://p.example", "up ", time.Minute, time.Second),
		key("https://p.example", "up", time.Hour, time.Second),
		key("https://p.example", "up", time.Minute, time.Minute),
	} {
		if seen[k] {
			t.Error("different questions have the same key")
		}
		seen[k] = true
	}
}

// TestTarget: that a check of the server itself cannot connect is told to all
// who wait for its target, as an outage. A probe must not be among them.
func TestTarget(t *testing.T) {
	own, err := newSource(t, Options{}).New("http://192.0.2.7:9090", "up", time.Minute, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	check, err := endpoint.NewFactory(endpoint.Options{}).New(&v1alpha1.Endpoint{URL: "http://192.0.2.7:9090/api/v1/query"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if own.Target() == check.Target() || own.Target() == "" {
		t.Errorf("targets %q and %q", own.Target(), check.Target())
	}
}

func TestNewRefuses(t *testing.T) {
	s := newSource(t, Options{})
	for _, tc := range []struct {
		server, query string
		interval      time.Duration
		words         string
	}{
		{"ftp://p.example", "up", time.Minute, "neither http nor https"},
		{"p.example", "up", time.Minute, "neither http nor https"},
		{"https:///x", "up", time.Minute, "host"},
		{"https://u:secret@p.example", "up", time.Minute, "user"},
		{"https://p.example/?x=1", "up", time.Minute, "/api/v1/query"},
		{"https://p.example:x/secret", "up", time.Minute, "no URL"},
		{"https://p.example", " \n", time.Minute, "empty"},
		{"https://p.example", "up", 0, "interval"},
	} {
		_, err := s.New(tc.server, tc.query, tc.interval, time.Second)
		if err == nil || !strings.Contains(err.Error(), tc.words) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %v, want %q", tc.server, err, tc.words)
		}
	}
}
