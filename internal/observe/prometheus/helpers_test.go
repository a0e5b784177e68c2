// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newSource returns a Source that may connect to the loopback interface.
func newSource(t *testing.T, o Options) *Source {
	t.Helper()
	if o.Dial == nil {
		egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
		o.Dial = endpoint.NewFactory(endpoint.Options{Egress: egress}).Dial
	}
	s := NewSource(o)
	t.Cleanup(s.Close)
	return s
}

// ask puts a query once, with an interval of a minute.
func ask(t *testing.T, s *Source, server, query string) observe.Result {
	t.Helper()
	return askEvery(t, s, server, query, time.Minute)
}

func askEvery(t *testing.T, s *Source, server, query string, interval time.Duration) observe.Result {
	t.Helper()
	p, err := s.New(server, query, interval, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Run(t.Context())
	sound(t, r)
	return r
}

// sound checks what holds for every result.
func sound(t *testing.T, r observe.Result) {
	t.Helper()
	if (r.Outcome == observe.OutcomeSuccess) != (r.Reason == "") || (r.Reason == "") != (r.Message == "") {
		t.Errorf("a success has no reason and no message, all else has both: %+v", r)
	}
	if r.Outcome == observe.OutcomeFailure && (r.Class != observe.ClassTarget || r.Reason != ReasonIndicatorZero) {
		t.Errorf("only a 0 is a failure: %+v", r)
	}
	if len(r.Message) > observe.MaxMessageLength || !utf8.ValidString(r.Message) {
		t.Errorf("message of %d bytes: %q", len(r.Message), r.Message)
	}
}

// serve runs a server for a test.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// says answers everything alike.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}
}

// vector is an answer with a vector of these samples.
func vector(samples string) string {
	return `{"status":"success","data":{"resultType":"vector","result":[` + samples + `]}}`
}

// sample of a vector, so many seconds old.
func sample(value string, age time.Duration) string {
	return fmt.Sprintf(`{"metric":{"__name__":"up"},"value":[%.3f,%q]}`, float64(time.Now().Add(-age).UnixMilli())/1000, value)
}

// raw runs a server that does with each connection what the test wants.
func raw(t *testing.T, serve func(net.Conn)) string {
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
			serve(conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return "http://" + l.Addr().String()
}
