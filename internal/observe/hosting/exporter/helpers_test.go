// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSource returns a Source that may connect to the loopback interface.
func newSource(tb testing.TB, o Options) *Source {
	tb.Helper()
	if o.Dial == nil {
		egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
		o.Dial = endpoint.NewFactory(endpoint.Options{Egress: egress}).Dial
	}
	s := NewSource(o)
	tb.Cleanup(s.Close)
	return s
}

// values of the families a and b.
type values map[string]float64

// simple wants the families a and b, and makes values of them.
func simple() *Set {
	return NewSet("test_exporter", func(_ string, m Metrics, _ time.Time) (any, error) {
		v := values{}
		for _, family := range []string{"a", "b"} {
			err := m.Each(family, func(s Sample) error {
				v[family+s.Label("l")] = s.Value
				return nil
			})
			if err != nil {
				return nil, err
			}
		}
		return v, nil
	}, Family{Name: "a"}, Family{Name: "b"})
}

// timeout of the probes: enough for the largest body on a slow machine.
const timeout = time.Minute

func ask(t *testing.T, s *Source, url string) observe.Result {
	t.Helper()
	p, err := s.New(url, simple(), timeout)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Run(t.Context())
	sound(t, r, strings.TrimPrefix(strings.TrimPrefix(url, "http://"), "https://"))
	return r
}

// sound checks what holds for every result.
func sound(t *testing.T, r observe.Result, host string) {
	t.Helper()
	success := r.Outcome == observe.OutcomeSuccess
	if success != (r.Reason == "") || success != (r.Message == "") || success != (r.Facts != nil) {
		t.Errorf("a success has facts, all else a reason and a message: %+v", r)
	}
	if r.Outcome == observe.OutcomeFailure {
		t.Errorf("an exporter that does not answer is no outage of its host: %+v", r)
	}
	host, _, _ = strings.Cut(host, "/")
	if !success && r.Class != observe.ClassLocal && !strings.Contains(r.Message, host) {
		t.Errorf("message %q does not name %s", r.Message, host)
	}
	if len(r.Message) > observe.MaxMessageLength || !utf8.ValidString(r.Message) {
		t.Errorf("message of %d bytes: %q", len(r.Message), r.Message)
	}
}

func serve(tb testing.TB, handler http.HandlerFunc) string {
	tb.Helper()
	s := httptest.NewServer(handler)
	tb.Cleanup(s.Close)
	return s.URL
}

// says answers everything alike.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

func compressed(tb testing.TB, body string) string {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(body)); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

// zipped answers with this as gzip.
func zipped(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		says(200, body)(w, r)
	}
}
