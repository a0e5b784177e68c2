// SPDX-License-Identifier: Apache-2.0

package exporter

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
	"time"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/internal/observe"
)

// Options of a Source.
type Options struct {
	// Dial connects to "host:port", past whatever guards the operator's
	// connections; endpoint.Factory has it. Required.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Clock says when an answer came; nil means the system's.
	Clock clock.PassiveClock
	// UserAgent of the requests; empty means "kdz-operator".
	UserAgent string
	// Roots that certificates are judged by; nil means the system's.
	Roots *x509.CertPool
}

// Source makes probes that ask exporters. It is safe for concurrent use.
type Source struct {
	transport *http.Transport
	clock     clock.PassiveClock
	userAgent string
}

const (
	// idleConns and idleFor bound which connections over TLS are kept for the
	// next question.
	idleConns = 512
	idleFor   = 90 * time.Second
)

// NewSource returns a Source.
func NewSource(o Options) *Source {
	s := &Source{clock: o.Clock, userAgent: o.UserAgent}
	if s.clock == nil {
		s.clock = clock.RealClock{}
	}
	if s.userAgent == "" {
		s.userAgent = "kdz-operator"
	}
	s.transport = &http.Transport{
		// No proxy: the guard judges the host's own address.
		DialContext:     o.Dial,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots},
		// What is compressed is decompressed here, with a bound.
		DisableCompression:     true,
		MaxResponseHeaderBytes: MaxHeader,
		MaxIdleConns:           idleConns,
		MaxIdleConnsPerHost:    1,
		IdleConnTimeout:        idleFor,
		ReadBufferSize:         16 << 10,
	}
	return s
}

// Close closes the connections that are kept.
func (s *Source) Close() { s.transport.CloseIdleConnections() }

// Set is what is wanted of the exporters of one kind. It is immutable.
type Set struct {
	exporter string
	families map[string]*Family
	key      string
	facts    func(url string, m Metrics, at time.Time) (any, error)
}

// NewSet returns a Set of what is wanted of an exporter of that name
// ("node_exporter"). facts makes a Result's Facts of what the exporter at a URL
// told at a time; its error is a clause that follows the host's name: "tells
// node_time_seconds as NaN". Two Sets of one exporter and the same families are
// the same.
func NewSet(exporter string, facts func(url string, m Metrics, at time.Time) (any, error), families ...Family) *Set {
	s := &Set{exporter: exporter, families: make(map[string]*Family, len(families)), facts: facts}
	for _, f := range families {
		s.families[f.Name] = &f
		s.key += fmt.Sprintf(" %q", f.Name)
	}
	return s
}

// New returns the probe that asks the exporter at a URL for what is wanted, to be
// answered within timeout. A success has the Facts that the Set makes. The error
// says what is wrong with the URL.
func (s *Source) New(server string, wanted *Set, timeout time.Duration) (observe.Probe, error) {
	u, err := parseURL(server)
	if err != nil {
		return nil, err
	}
	if timeout <= 0 {
		return nil, fmt.Errorf("timeout %v must be longer than 0s", timeout)
	}
	p := &probe{source: s, url: u.String(), host: u.Host, kept: u.Scheme == "https", wanted: wanted, timeout: timeout}
	digest := sha256.Sum256(fmt.Appendf(nil, "exporter %q %q %d%s", wanted.exporter, p.url, timeout, wanted.key))
	p.key = base64.RawURLEncoding.EncodeToString(digest[:24])
	return p, nil
}

func parseURL(server string) (*url.URL, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil:
		// The parser's error quotes the URL, which may hold a password.
		return nil, errors.New("is no URL such as http://web01.example.org:9100/metrics")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("scheme %q is neither http nor https", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("needs a host, as in http://web01.example.org:9100/metrics")
	case u.User != nil:
		return nil, errors.New("must not hold a user or password")
	case u.Fragment != "":
		return nil, errors.New("must not hold a fragment")
	}
	return u, nil
}
