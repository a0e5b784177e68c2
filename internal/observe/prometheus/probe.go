// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// probe puts one query to one server.
type probe struct {
	source *Source
	server string
	query  string
	// means is what the number is read as.
	means *meaning
	key   string
	// window within which a sample has to lie: two intervals.
	window  time.Duration
	timeout time.Duration
}

// Key implements observe.Probe.
func (p *probe) Key() string { return p.key }

// Target implements observe.Probe. It is not that of a check of the server
// itself: who cannot connect there has found an outage, and shares it with all
// who wait for the same target, but to us it tells nothing.
func (p *probe) Target() string { return "prometheus " + p.server }

// Run implements observe.Probe.
func (p *probe) Run(ctx context.Context) observe.Result {
	started := p.source.clock.Now()
	bounded, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	a := &asking{probe: p, asked: ctx}
	outcome := a.run(bounded)
	latency := p.source.clock.Since(started)
	r := observe.Result{Latency: latency, Address: a.address}
	r.Took[observe.StepRequest] = latency
	if outcome == nil {
		r.Outcome, r.Facts = observe.OutcomeSuccess, a.facts
		return r
	}
	r.Outcome, r.Class, r.Step = outcome.outcome, outcome.class, outcome.step
	r.Reason, r.Message = outcome.reason, endpoint.Printable(outcome.message, observe.MaxMessageLength)
	return r
}

// finding is why a check is not a success.
type finding struct {
	outcome observe.Outcome
	class   observe.FailureClass
	step    observe.Step
	reason  string
	message string
}

// doubt is a finding that decides nothing.
func doubt(step observe.Step, reason, format string, args ...any) *finding {
	return &finding{step: step, reason: reason, message: fmt.Sprintf(format, args...)}
}

// asking is a probe under way.
type asking struct {
	*probe
	// asked is the context of whoever asked, without the timeout.
	asked context.Context
	// address of the connection that was used last.
	address string
	// facts that the answer tells.
	facts any
}

// run asks; nil means a success.
func (a *asking) run(ctx context.Context) *finding {
	if fresh, ok := bounded(a.query, a.window); ok {
		return a.ask(ctx, url.Values{"query": {fresh}})
	}
	if f := a.wantLookback(ctx); f != nil {
		return f
	}
	return a.ask(ctx, url.Values{"query": {a.query}, "lookback_delta": {seconds(a.window)}})
}

func (a *asking) ask(ctx context.Context, form url.Values) *finding {
	status, body, f := a.post(ctx, form)
	if f != nil {
		return f
	}
	value, written, f := number(status, body, a.source.clock.Now(), a.window)
	if f != nil {
		return f
	}
	a.facts, f = a.means.read(value, written)
	return f
}

// wantLookback finds out whether the server honours lookback_delta, unless that
// is known.
func (a *asking) wantLookback(ctx context.Context) *finding {
	honoured, known := a.source.honours(a.server)
	if !known {
		status, body, f := a.post(ctx, url.Values{"query": {"1"}, "lookback_delta": {"none"}})
		if f != nil {
			return f
		}
		switch refused, f := refusal(status, body); {
		case f != nil && !refused:
			return f
		default:
			honoured = refused
		}
		a.source.learn(a.server, honoured)
	}
	if !honoured {
		return doubt(observe.StepExpectation, ReasonLookbackIgnored,
			"The server ignores lookback_delta (Prometheus honours it from 2.43 on), so samples may be too old: use one selector, such as the series of a recording rule.")
	}
	return nil
}

// post sends a form and returns the status and the body of the answer.
func (a *asking) post(ctx context.Context, form url.Values) (status int, body []byte, f *finding) {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		a.address = i.Conn.RemoteAddr().String()
	}})
	// What is asked may be longer than servers accept in a URL.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.server, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, nil, doubt(observe.StepRequest, ReasonServerUnreachable, "The URL of the server cannot be asked.")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", a.source.userAgent)
	// A query changes nothing, so it may be repeated over a new connection if
	// the kept one has died. Without a value the header is not sent.
	req.Header["Idempotency-Key"] = nil
	resp, err := a.source.transport.RoundTrip(req)
	if err != nil {
		return 0, nil, a.unreachable(ctx, err)
	}
	body, err = io.ReadAll(io.LimitReader(resp.Body, MaxBody+1))
	// What was to be read is read.
	_ = resp.Body.Close()
	switch {
	case len(body) > MaxBody:
		return 0, nil, doubt(observe.StepRequest, ReasonAnswerTooLarge, "The answer of the server is longer than 1 MiB: the query has to return one sample.")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, nil, doubt(observe.StepRequest, ReasonAnswerInvalid, "The answer of the server ends too early.")
	case err != nil:
		return 0, nil, a.unreachable(ctx, err)
	}
	return resp.StatusCode, body, nil
}

// unreachable says why no answer came.
func (a *asking) unreachable(ctx context.Context, err error) *finding {
	var dial *endpoint.DialError
	switch {
	case errors.Is(a.asked.Err(), context.Canceled):
		f := doubt(observe.StepRequest, endpoint.ReasonCancelled, "The check was called off.")
		f.class = observe.ClassLocal
		return f
	case ctx.Err() != nil:
		return doubt(observe.StepRequest, ReasonServerUnreachable, "The server did not answer within %v.", a.timeout)
	case errors.As(err, &dial) && dial.Class == observe.ClassLocal:
		return &finding{class: observe.ClassLocal, step: observe.StepConnect, reason: dial.Reason, message: dial.Message}
	case errors.As(err, &dial):
		return doubt(observe.StepConnect, ReasonServerUnreachable, "No connection to the server: %s", dial.Message)
	}
	return doubt(observe.StepRequest, ReasonServerUnreachable, "The server did not answer: %s.", endpoint.Printable(err.Error(), maxDetail))
}

// seconds writes a duration as the API reads it.
func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }
