// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// probe asks one exporter.
type probe struct {
	source  *Source
	url     string
	host    string
	kept    bool
	wanted  *Set
	key     string
	timeout time.Duration
}

// Key implements observe.Probe.
func (p *probe) Key() string { return p.key }

// Target implements observe.Probe. It is not that of a check of the host itself:
// who cannot connect there has found an outage, and shares it with all who wait
// for the same target, but here it tells nothing.
func (p *probe) Target() string { return "exporter " + p.host }

// Run implements observe.Probe.
func (p *probe) Run(ctx context.Context) observe.Result {
	started := p.source.clock.Now()
	bounded, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	a := &asking{probe: p, asked: ctx}
	facts, f := a.run(bounded)
	latency := p.source.clock.Since(started)
	r := observe.Result{Latency: latency, Address: a.address}
	r.Took[observe.StepRequest] = latency
	if f == nil {
		r.Outcome, r.Facts = observe.OutcomeSuccess, facts
		return r
	}
	r.Class, r.Step, r.Reason = f.class, f.step, f.reason
	r.Message = endpoint.Printable(f.message, observe.MaxMessageLength)
	return r
}

// finding is why nothing is known.
type finding struct {
	class           observe.FailureClass
	step            observe.Step
	reason, message string
}

func doubt(step observe.Step, reason, format string, args ...any) *finding {
	return &finding{step: step, reason: reason, message: fmt.Sprintf(format, args...)}
}

// asking is a probe under way.
type asking struct {
	*probe
	// asked is the context of whoever asked, without the timeout.
	asked   context.Context
	address string
}

// run asks, and returns the facts that the answer tells.
func (a *asking) run(ctx context.Context) (any, *finding) {
	resp, f := a.get(ctx)
	if f != nil {
		return nil, f
	}
	// What was to be read is read.
	defer func() { _ = resp.Body.Close() }()
	if f := a.refusal(resp); f != nil {
		return nil, f
	}
	m, err := a.wanted.scrape(ctx, resp.Body, resp.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, a.unreadable(ctx, err)
	}
	if len(m.families) == 0 {
		return nil, doubt(observe.StepExpectation, v1alpha1.ReasonFactMissing,
			"%s answers, but tells nothing that %s would: its metrics are usually at /metrics.", a.host, a.wanted.exporter)
	}
	facts, err := a.wanted.facts(a.url, m, a.source.clock.Now())
	if err != nil {
		return nil, doubt(observe.StepExpectation, endpoint.ReasonProtocolError, "%s %v.", a.host, err)
	}
	return facts, nil
}

func (a *asking) get(ctx context.Context) (*http.Response, *finding) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		a.address = i.Conn.RemoteAddr().String()
	}})
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url, http.NoBody)
	if err != nil {
		return nil, doubt(observe.StepRequest, endpoint.ReasonProtocolError, "The URL of %s cannot be asked.", a.host)
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("User-Agent", a.source.userAgent)
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(a.timeout.Seconds(), 'f', -1, 64))
	req.Close = !a.kept
	resp, err := a.source.transport.RoundTrip(req)
	if err != nil {
		return nil, a.unreachable(ctx, err)
	}
	return resp, nil
}

// refusal says why an answer is none by its header; nil means that it may be one.
func (a *asking) refusal(resp *http.Response) *finding {
	status := resp.StatusCode
	switch {
	case status >= 300 && status <= 399:
		return doubt(observe.StepRequest, endpoint.ReasonRedirectRefused,
			"%s redirects (status %d), which is not followed: declare the URL that it leads to.", a.host, status)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return doubt(observe.StepRequest, endpoint.ReasonUnexpectedStatus,
			"%s does not let the operator read its metrics (status %d): allow it without credentials.", a.host, status)
	case status == http.StatusNotFound:
		return doubt(observe.StepRequest, endpoint.ReasonUnexpectedStatus,
			"%s has nothing at this URL (status 404): the metrics of %s are usually at /metrics.", a.host, a.wanted.exporter)
	case status != http.StatusOK:
		return doubt(observe.StepRequest, endpoint.ReasonUnexpectedStatus,
			"%s answered with status %d instead of metrics: see the log of %s there.", a.host, status, a.wanted.exporter)
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html"):
		return a.noMetrics()
	}
	return nil
}

// scratch is what reading an answer takes and can be used again.
type scratch struct {
	lines *bufio.Reader
	gzip  *gzip.Reader
}

var scratches = sync.Pool{New: func() any { return &scratch{bufio.NewReaderSize(nil, MaxLine), new(gzip.Reader)} }}

// patient is a reader that ends with its context. A small body may unfold into so
// much that nothing else looks at that.
type patient struct {
	io.Reader
	ctx context.Context
}

func (p patient) Read(b []byte) (int, error) {
	if err := p.ctx.Err(); err != nil {
		return 0, err
	}
	return p.Reader.Read(b)
}

// scrape reads a body. It ends with ctx.
func (s *Set) scrape(ctx context.Context, body io.Reader, encoding string) (Metrics, error) {
	c := scratches.Get().(*scratch)
	defer func() {
		c.lines.Reset(nil)
		scratches.Put(c)
	}()
	limited := &io.LimitedReader{R: body, N: MaxBody + 1}
	var in io.Reader = limited
	switch strings.ToLower(encoding) {
	case "", "identity":
	case "gzip":
		if err := c.gzip.Reset(limited); err != nil {
			return Metrics{}, err
		}
		in = c.gzip
	default:
		return Metrics{}, fmt.Errorf("%w, as %q", errEncoding, endpoint.Printable(encoding, 20))
	}
	c.lines.Reset(patient{in, ctx})
	m, err := parse(&filter{in: c.lines, wanted: s.families})
	if err != nil && limited.N <= 0 {
		err = errBodyTooLong
	}
	return m, err
}
