// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// verdict is what became of a call.
type verdict uint8

const (
	// answered: the method was carried out.
	answered verdict = iota
	// unauthenticated: it needs credentials, or rejects those that were sent.
	unauthenticated
	// forbidden: the user may not call the method.
	forbidden
	// unknownMethod: SAPControl does not know the method.
	unknownMethod
	// failed: what came back is of no use.
	failed
	// unreachable: nothing came back.
	unreachable
)

// reply to a call.
type reply struct {
	verdict verdict
	// response is what the envelope holds, if answered; else the refusal says
	// what is the matter.
	response *element
	refusal  Refusal
}

// refused is a reply that came back and is none.
func refused(v verdict, m Method, reason, message string) reply {
	return reply{verdict: v, refusal: Refusal{
		Method: m, Reason: reason, Message: message, class: observe.ClassTarget, step: observe.StepRequest,
	}}
}

// client speaks HTTP with one instance for the time of a run.
type client struct {
	// asked is the context of whoever asked, without any timeout.
	asked     context.Context
	transport *http.Transport
	// cancel ends what is still connecting.
	cancel context.CancelFunc

	mu      sync.Mutex
	remote  string
	expires time.Time
}

func newClient(asked context.Context, p *probe) *client {
	// The transport lets go of the request's deadline when it connects, and
	// would not say what connecting waited for: so that ends a little earlier.
	connecting, cancel := context.WithTimeout(asked, p.timeout-p.timeout/10)
	c := &client{asked: asked, cancel: cancel}
	c.transport = &http.Transport{
		// No proxy: the guard judges the server's own address.
		DialContext: func(_ context.Context, network, address string) (net.Conn, error) {
			return p.source.factory.Dial(connecting, network, address)
		},
		// What is not compressed cannot unfold into something endless.
		DisableCompression:     true,
		MaxResponseHeaderBytes: MaxHeader,
		MaxConnsPerHost:        1,
	}
	c.transport.DialTLSContext = func(_ context.Context, _, address string) (net.Conn, error) {
		conn, notAfter, err := p.source.factory.DialTLS(connecting, address, p.tls)
		c.see("", notAfter)
		if err != nil {
			return nil, err
		}
		return conn, nil
	}
	return c
}

// renew has the next call use another connection.
func (c *client) renew() { c.transport.CloseIdleConnections() }

// end closes what is open.
func (c *client) end() {
	c.cancel()
	c.transport.CloseIdleConnections()
}

// see notes what is learned of the connection. Both arrive from the goroutines
// that connect.
func (c *client) see(remote string, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if remote != "" {
		c.remote = remote
	}
	if !expires.IsZero() {
		c.expires = expires
	}
}

func (c *client) address() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remote
}

func (c *client) expiry() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expires
}

// post calls a method, with credentials unless auth is nil.
func (a *asking) post(ctx context.Context, m Method, auth *endpoint.BasicAuth) reply {
	r := a.understand(ctx, m, auth)
	if r.verdict != answered {
		// Servers close the connection after a fault, not all of them saying so.
		a.client.renew()
	}
	return r
}

// understand posts, and reads what comes back.
func (a *asking) understand(ctx context.Context, m Method, auth *endpoint.BasicAuth) reply {
	status, body, refusal := a.client.post(ctx, a.probe, m, auth)
	if refusal != nil {
		return *refusal
	}
	switch {
	case status == http.StatusUnauthorized:
		return refused(unauthenticated, m, ReasonCredentialsRequired, "it answered with status 401")
	case status == http.StatusForbidden:
		return refused(forbidden, m, v1alpha1.ReasonForbidden, "it answered with status 403")
	case status != http.StatusOK && status != http.StatusInternalServerError:
		return refused(failed, m, endpoint.ReasonUnexpectedStatus, fmt.Sprintf("it answered with status %d", status))
	case len(body) > MaxBody:
		return a.malformed(m, &malformed{ReasonAnswerTooLarge, "its answer is longer than 1 MiB"})
	}
	response, bad := open(body)
	if bad != nil {
		if status != http.StatusOK {
			return refused(failed, m, endpoint.ReasonUnexpectedStatus, fmt.Sprintf("it answered with status %d", status))
		}
		return a.malformed(m, bad)
	}
	if auth != nil {
		conceal(response, auth)
	}
	if response.name.Space == namespaceSOAP && response.name.Local == "Fault" {
		return fault(m, response.value("faultstring"))
	}
	if status != http.StatusOK {
		return refused(failed, m, endpoint.ReasonUnexpectedStatus, fmt.Sprintf("it answered with status %d", status))
	}
	return reply{response: response}
}

// conceal drops each text in which the server repeats the credentials.
func conceal(e *element, auth *endpoint.BasicAuth) {
	if auth.Repeated(e.text) {
		e.text = "(credentials)"
	}
	for _, c := range e.children {
		conceal(c, auth)
	}
}

// fault returns the reply that a SOAP fault is. SAPControl tells what it means
// in words only.
func fault(m Method, said string) reply {
	said = text(said)
	v, reason := failed, ReasonFault
	switch words := strings.ToLower(said); {
	case strings.Contains(words, "invalid credentials"), strings.Contains(words, "unauthorized"):
		v, reason = unauthenticated, ReasonCredentialsRequired
	case strings.Contains(words, "permission denied"):
		v, reason = forbidden, v1alpha1.ReasonForbidden
	case strings.Contains(words, "not implemented"):
		v = unknownMethod
	}
	return refused(v, m, reason, "it answered with the fault “"+said+"”")
}

func (a *asking) malformed(m Method, bad *malformed) reply {
	return refused(failed, m, bad.reason, bad.message)
}

// post sends a request and returns the status and the body of the answer, of
// which more than MaxBody is cut off.
func (c *client) post(ctx context.Context, p *probe, m Method, auth *endpoint.BasicAuth) (status int, body []byte, refusal *reply) {
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		c.see(i.Conn.RemoteAddr().String(), time.Time{})
	}})
	req, err := http.NewRequestWithContext(traced, http.MethodPost, p.url, strings.NewReader(envelope(m)))
	if err != nil {
		r := refused(unreachable, m, endpoint.ReasonProtocolError, "its URL cannot be asked")
		r.refusal.class = observe.ClassLocal
		return 0, nil, &r
	}
	req.Header.Set("Content-Type", "text/xml; charset=UTF-8")
	req.Header.Set("SOAPAction", `""`)
	req.Header.Set("User-Agent", p.source.userAgent)
	if auth != nil {
		auth.Set(req.Header)
	} else {
		// It reads only, so it may be repeated over a new connection if the kept
		// one has died. Without a value the header is not sent. Credentials are
		// not repeated: nobody knows whether they were looked at.
		req.Header["Idempotency-Key"] = nil
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return 0, nil, c.unreachable(ctx, m, err)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	_ = resp.Body.Close() // what was to be read is read
	if err != nil {
		return 0, nil, c.unreachable(ctx, m, err)
	}
	return resp.StatusCode, body, nil
}

// unreachable says why no answer came. It quotes nothing of the server, which
// may have been sent credentials.
func (c *client) unreachable(ctx context.Context, m Method, err error) *reply {
	r := refused(unreachable, m, endpoint.ReasonProtocolError, "it did not answer in HTTP")
	var network *net.OpError
	dial, dialled := errors.AsType[*endpoint.DialError](err)
	switch {
	case errors.Is(c.asked.Err(), context.Canceled):
		r.refusal.Reason, r.refusal.Message, r.refusal.class = endpoint.ReasonCancelled, "the check was called off", observe.ClassLocal
	case dialled:
		message := strings.TrimSuffix(dial.Message, ".")
		r.refusal.Reason, r.refusal.Message, r.refusal.class, r.refusal.step = dial.Reason, message, dial.Class, dial.Step
	case ctx.Err() != nil && c.address() == "":
		r.refusal.Reason, r.refusal.Message = endpoint.ReasonConnectionTimeout, "no connection could be made in time"
		r.refusal.class, r.refusal.step = observe.ClassPath, observe.StepConnect
	case ctx.Err() != nil:
		r.refusal.Reason, r.refusal.Message = endpoint.ReasonResponseTimeout, "it did not answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		r.refusal.Reason, r.refusal.Message = endpoint.ReasonConnectionClosed, "it closed the connection instead of answering in full"
	case errors.As(err, &network) && network.Op == "remote error":
		r.refusal.Reason, r.refusal.Message = endpoint.ReasonHandshakeFailed, "it refused the handshake"
		r.refusal.step = observe.StepHandshake
	case errors.As(err, &network):
		r.refusal.Reason, r.refusal.Message = endpoint.ReasonConnectionClosed, "it reset the connection"
	}
	return &r
}
