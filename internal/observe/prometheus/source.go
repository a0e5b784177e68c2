// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/internal/observe"
)

// Options of a Source.
type Options struct {
	// Dial connects to "host:port", past whatever guards the operator's
	// connections. Required.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Clock tells how old an answer is; nil means the system's.
	Clock clock.PassiveClock
	// UserAgent of the requests; empty means "kdz-operator".
	UserAgent string
	// Roots that certificates are judged by; nil means the system's.
	Roots *x509.CertPool
}

// Source makes probes that ask Prometheus servers. Probes of one Source share
// its connections. It is safe for concurrent use.
type Source struct {
	transport *http.Transport
	clock     clock.PassiveClock
	userAgent string

	mu sync.Mutex
	// lookback says of servers, by URL, whether they honour lookback_delta.
	lookback map[string]lookback
}

// lookback is what was found out of a server.
type lookback struct {
	honoured bool
	until    time.Time
}

const (
	// keepLookback is how long it is believed what was found out of a server.
	keepLookback = 10 * time.Minute
	// maxServers bounds of how many servers it is kept.
	maxServers = 64
	// idleConns and idleFor bound which connections to a server are kept for
	// the next question.
	idleConns = 4
	idleFor   = 90 * time.Second
)

// NewSource returns a Source.
func NewSource(o Options) *Source {
	s := &Source{clock: o.Clock, userAgent: o.UserAgent, lookback: map[string]lookback{}}
	if s.clock == nil {
		s.clock = clock.RealClock{}
	}
	if s.userAgent == "" {
		s.userAgent = "kdz-operator"
	}
	s.transport = &http.Transport{
		// No proxy: the guard judges the server's own address.
		DialContext:     o.Dial,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		// What is not compressed cannot unfold into something endless.
		DisableCompression:     true,
		MaxResponseHeaderBytes: MaxHeader,
		MaxIdleConnsPerHost:    idleConns,
		IdleConnTimeout:        idleFor,
	}
	return s
}

// Close closes the connections that are kept.
func (s *Source) Close() { s.transport.CloseIdleConnections() }

// New returns the probe that puts a query to the server at a URL, to be asked
// once in interval and to be answered within timeout: 1 is a success, 0 a
// failure. The error says what is wrong with the URL or the query.
func (s *Source) New(server, query string, interval, timeout time.Duration) (observe.Probe, error) {
	return s.probe(&indicator, server, query, interval, timeout)
}

// NewMoment is New for a query that returns a time in Unix seconds. A success
// carries it as Facts, a time.Time between the years 2000 and 9999 in UTC; it
// may be in the future. Anything else is inconclusive: there is no failure.
func (s *Source) NewMoment(server, query string, interval, timeout time.Duration) (observe.Probe, error) {
	return s.probe(&moment, server, query, interval, timeout)
}

func (s *Source) probe(means *meaning, server, query string, interval, timeout time.Duration) (observe.Probe, error) {
	u, err := parseServer(server)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(query) == "" {
		return nil, errors.New("the query is empty")
	}
	if interval <= 0 || timeout <= 0 {
		return nil, fmt.Errorf("interval %v and timeout %v must be longer than 0s", interval, timeout)
	}
	p := &probe{source: s, server: u.String(), query: query, means: means, window: 2 * interval, timeout: timeout}
	digest := sha256.Sum256(fmt.Appendf(nil, "prometheus %s %q %q %d %d", means.name, p.server, query, interval, timeout))
	p.key = base64.RawURLEncoding.EncodeToString(digest[:24])
	return p, nil
}

// parseServer returns the URL of the queries of a server.
func parseServer(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil:
		// The parser's error quotes the URL, which may hold a password.
		return nil, errors.New("is no URL such as https://prometheus.example.org")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q is neither http nor https", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("needs a host")
	case u.User != nil:
		return nil, errors.New("must not hold a user or password")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("must end with the path below which /api/v1/query is")
	}
	return u.JoinPath("api", "v1", "query"), nil
}

// honours reports whether a server honours lookback_delta, and whether that is
// known.
func (s *Source) honours(server string) (honoured, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l, ok := s.lookback[server]
	return l.honoured, ok && s.clock.Now().Before(l.until)
}

func (s *Source) learn(server string, honoured bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lookback) >= maxServers {
		clear(s.lookback)
	}
	s.lookback[server] = lookback{honoured, s.clock.Now().Add(keepLookback)}
}
