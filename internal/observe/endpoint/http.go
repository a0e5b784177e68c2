// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// httpProbe asks an HTTP server one question, over a new connection unless the
// endpoint declares keepAlive.
//
// It speaks HTTP/1.1 itself, with the request writer and response reader of
// net/http, instead of going through an http.Transport. A Transport holds pools
// and goroutines for connections that last, while here most last for one
// question, and one that is kept needs neither; and it hides at which step an
// exchange failed behind errors without a type. The standard library's parsers,
// and only they, see what servers send. HTTP/2 is not offered: a server that
// speaks it over TLS to the public speaks HTTP/1.1 as well, and one that does
// not is asked by the check for its scheme.
type httpProbe struct {
	common
	tls tlsSettings
	ask *httpAsk
	// seat is where a connection is kept; nil if none is.
	seat *seat
}

// httpAsk is how to ask and what to expect; probes that declare nothing share
// one.
type httpAsk struct {
	method string
	// host replaces that of the URL in the request; empty means it does not.
	host    string
	headers []headerField
	// secret: a header was made from a Secret.
	secret     bool
	statuses   []statusRange
	pattern    *pattern
	expression *expression
	follow     bool
	keep       bool
}

type headerField struct{ name, value string }

// statusRange is a range of HTTP statuses, both ends included.
type statusRange struct{ from, to int }

func (s statusRange) String() string {
	if s.from == s.to {
		return strconv.Itoa(s.from)
	}
	return strconv.Itoa(s.from) + "-" + strconv.Itoa(s.to)
}

var plainAsk = &httpAsk{method: http.MethodGet, statuses: []statusRange{{200, 299}}}

func (f *Factory) newHTTP(base common, e *v1alpha1.Endpoint, secrets *secretReader, q *question) (observe.Probe, error) {
	p := &httpProbe{common: base, ask: plainAsk}
	var err error
	if e.HTTP != nil {
		if p.ask, err = f.newAsk(e.HTTP, secrets, q); err != nil {
			return nil, err
		}
	}
	p.ask.describe(q)
	if base.target.scheme == schemeHTTPS || p.ask.follow {
		if p.tls, err = f.newTLSSettings(e.TLS, secrets, q); err != nil {
			return nil, err
		}
	}
	if err := p.tryWriting(); err != nil {
		return nil, err
	}
	// Nobody can know of a kept connection that it is alive until an answer
	// comes, and a POST that went astray must not be repeated (RFC 9110,
	// section 9.2.2): it could not be told from a fault of the server. So POST
	// opens a new connection each time.
	if p.ask.keep && p.ask.method != http.MethodPost {
		p.seat = f.keeper.newSeat(p)
	}
	p.key = q.key()
	return p, nil
}

// hop is one request of a check: the first, or one that a redirect led to.
type hop struct {
	target target
	method string
	// own: the request goes to the scheme, host and port that the endpoint
	// names, and no redirect has led elsewhere before. Only then does it carry
	// what the endpoint declares: headers, credentials, client certificate.
	own bool
}

// Run implements observe.Probe.
func (p *httpProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	return r.finish(p.walk(r), p.maxLatency)
}

// walk asks, and follows redirects if it may.
func (p *httpProbe) walk(r *run) *fault {
	h := hop{target: p.target, method: p.ask.method, own: true}
	var seen []string
	for {
		next, f := p.exchange(r, h)
		if f != nil || next == nil {
			return f
		}
		seen = append(seen, h.method+" "+h.target.url.String())
		question := next.method + " " + next.target.url.String()
		if slices.Contains(seen, question) {
			return targetFault(ReasonRedirectLoop, "A redirect leads back to a URL that was asked before.")
		}
		if r.hop++; r.hop > MaxRedirects {
			return targetFault(ReasonTooManyRedirects, "The server redirected more than "+strconv.Itoa(MaxRedirects)+" times.")
		}
		h = *next
	}
}

// exchange asks once. It returns the next hop if the answer is a redirect that
// is to be followed.
func (p *httpProbe) exchange(r *run, h hop) (*hop, *fault) {
	if p.seat == nil || r.hop > 0 {
		return p.exchangeAnew(r, h, nil)
	}
	kept, seated := p.seat.sit(r.started)
	if !seated {
		return p.exchangeAnew(r, h, nil)
	}
	var left *line
	defer func() { p.seat.rise(left, r.entered) }()
	if kept != nil && r.resume(kept) {
		next, f, stale := p.talk(r, h, kept, &left)
		if !stale {
			return next, f
		}
		r.disown()
	}
	return p.exchangeAnew(r, h, &left)
}

// exchangeAnew is exchange over a new connection. That is left in keep if it can
// serve again; nil means that it is not wanted.
func (p *httpProbe) exchangeAnew(r *run, h hop, keep **line) (*hop, *fault) {
	l, f := p.open(r, h)
	if f != nil {
		return nil, f
	}
	next, f, _ := p.talk(r, h, l, keep)
	return next, f
}

// talk asks over a line, and leaves that in keep or ends it. stale means that a
// kept line failed, and that the server is to be asked over another.
func (p *httpProbe) talk(r *run, h hop, l *line, keep **line) (next *hop, f *fault, stale bool) {
	defer func() {
		if keep == nil || *keep != l {
			l.end()
		}
	}()
	r.enter(observe.StepRequest)
	t := newTalk(l.conn)
	defer t.release()
	resp, err := t.ask(p.request(h, keep != nil))
	if err != nil {
		if r.stale(l, t, err) {
			return nil, nil, true
		}
		return nil, r.answerFault(err, l.conn), false
	}
	if l.reused && resp.StatusCode == http.StatusRequestTimeout {
		// It may be meant for the time before the request, and allows to
		// repeat that (RFC 9110, section 15.5.9).
		return nil, nil, true
	}
	if next, f := p.redirect(h, resp); f != nil || next != nil {
		return next, f, false
	}
	f = p.judge(r, t, resp, h.own && (p.ask.secret || l.identified()))
	r.conclude()
	switch {
	case f == nil && keep != nil && r.keep(l, t, resp, p.timeout):
		*keep = l
	case f == nil || f.reason != ReasonResponseTimeout:
		r.leave(t, l.conn, resp)
	}
	return nil, f, false
}

// request returns what to write for a hop; keep asks the server to leave the
// connection open.
func (p *httpProbe) request(h hop, keep bool) *http.Request {
	req := &http.Request{
		Method: h.method, URL: h.target.url, Host: h.target.url.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Close: !keep,
		Header: http.Header{
			"Accept": {"*/*"},
			// What is not compressed cannot unfold into something endless.
			"Accept-Encoding": {"identity"},
			"User-Agent":      {p.factory.userAgent},
		},
	}
	if !h.own {
		return req
	}
	for _, f := range p.ask.headers {
		req.Header[f.name] = []string{f.value}
	}
	if p.ask.host != "" {
		req.Host = p.ask.host
	}
	return req
}

// redirect returns the hop that an answer leads to; nil if it does not, or if
// it is not to be followed.
func (p *httpProbe) redirect(h hop, resp *http.Response) (*hop, *fault) {
	location := resp.Header.Get("Location")
	if !p.ask.follow || location == "" {
		return nil, nil
	}
	next := hop{method: h.method}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		if h.method != http.MethodHead {
			next.method = http.MethodGet
		}
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, nil
	}
	// No message here quotes the location: it may repeat what it was sent.
	u, err := h.target.url.Parse(location)
	switch {
	case err != nil:
		return nil, targetFault(ReasonRedirectRefused, "A redirect leads to something that is no URL.")
	case u.Scheme != schemeHTTP && u.Scheme != schemeHTTPS:
		return nil, targetFault(ReasonRedirectRefused, "A redirect leads to a URL that is neither http nor https.")
	case u.User != nil:
		return nil, targetFault(ReasonRedirectRefused, "A redirect leads to a URL that holds a user or password.")
	case u.Scheme == schemeHTTP && h.target.scheme == schemeHTTPS:
		return nil, targetFault(ReasonRedirectRefused, "A redirect leads from https back to http, which is not followed.")
	}
	return p.towards(next, h, u)
}

func (p *httpProbe) towards(next, h hop, u *url.URL) (*hop, *fault) {
	t, err := targetOf(u)
	if err != nil {
		return nil, targetFault(ReasonRedirectRefused, "A redirect leads to a URL without a usable host and port.")
	}
	next.target = t
	next.own = h.own && t.scheme == p.target.scheme && t.address == p.target.address
	return &next, nil
}

// judge compares an answer with what is expected.
func (p *httpProbe) judge(r *run, t *talk, resp *http.Response, secret bool) *fault {
	if f := p.ask.judgeStatus(resp.StatusCode, secret); f != nil {
		r.enter(observe.StepExpectation)
		return f
	}
	if p.ask.pattern == nil && p.ask.expression == nil {
		return nil
	}
	body, err := t.body(resp)
	if err != nil {
		return r.answerFault(err, t.conn)
	}
	r.enter(observe.StepExpectation)
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return targetFault(ReasonBodyEncoded, "The server encoded the body although it was asked not to, so it cannot be looked at.")
	}
	if p.ask.pattern != nil {
		if f := p.ask.pattern.judge(r.ctx, body[:min(len(body), MaxBody)]); f != nil {
			return f
		}
	}
	if p.ask.expression != nil {
		return p.ask.expression.judge(r.ctx, body)
	}
	return nil
}

func (a *httpAsk) judgeStatus(status int, secret bool) *fault {
	for _, s := range a.statuses {
		if s.from <= status && status <= s.to {
			return nil
		}
	}
	if secret && (status == http.StatusUnauthorized || status == http.StatusProxyAuthRequired) {
		return &fault{
			outcome: observe.OutcomeInconclusive, class: observe.ClassNone, reason: ReasonCredentialsRejected,
			message: "The server answered with status " + strconv.Itoa(status) + " to the credentials from the Secret.",
		}
	}
	expected := make([]string, len(a.statuses))
	for i, s := range a.statuses {
		expected[i] = s.String()
	}
	return targetFault(ReasonUnexpectedStatus, "The server answered with status "+strconv.Itoa(status)+", expected "+printable(strings.Join(expected, ", "), maxDetail)+".")
}

// leave ends a conversation politely: it reads the rest of a short body and
// takes leave in TLS, so that servers do not log a broken connection with each
// check. It takes a moment at most, which does not count.
func (r *run) leave(t *talk, conn net.Conn, resp *http.Response) {
	const (
		patience = 250 * time.Millisecond
		short    = 64 << 10
	)
	if resp.ContentLength > short || !r.hurry(conn, patience) {
		return
	}
	t.discard(resp, short)
	if s, ok := conn.(*secured); ok {
		// Whether it arrives does not matter any more.
		_ = s.CloseWrite()
	}
}
