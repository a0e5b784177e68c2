// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"
	"time"

	"kdz.mainz.de/operator/internal/observe"
)

// fault is why a check is not a success.
type fault struct {
	outcome observe.Outcome
	class   observe.FailureClass
	reason  string
	message string
	// step that failed; StepNone means the one under way.
	step observe.Step
}

func targetFault(reason, message string) *fault {
	return &fault{outcome: observe.OutcomeFailure, class: observe.ClassTarget, reason: reason, message: message}
}

func pathFault(reason, message string) *fault {
	return &fault{outcome: observe.OutcomeFailure, class: observe.ClassPath, reason: reason, message: message}
}

func localFault(reason, message string) *fault {
	return &fault{outcome: observe.OutcomeInconclusive, class: observe.ClassLocal, reason: reason, message: message}
}

// run is one check under way: it measures the steps and gathers the result. It
// belongs to one goroutine.
type run struct {
	factory *Factory
	// asked is the context of whoever asked; ctx also ends with the timeout.
	asked    context.Context
	ctx      context.Context
	cancel   context.CancelFunc
	deadline time.Time

	started time.Time
	entered time.Time
	step    observe.Step
	// failed is the step under way when the check was concluded.
	failed    observe.Step
	concluded bool
	// hop counts the redirects that were followed.
	hop int
	// address of the connection under way.
	address string
	result  observe.Result
}

func (c *common) begin(ctx context.Context) *run {
	r := &run{factory: c.factory, asked: ctx}
	r.ctx, r.cancel = context.WithTimeout(ctx, c.timeout)
	r.deadline, _ = r.ctx.Deadline()
	r.started = c.factory.clock.Now()
	r.entered = r.started
	return r
}

// enter ends the step under way and begins another. A step that a redirect
// repeats is measured in sum.
func (r *run) enter(step observe.Step) {
	if r.step == observe.StepNone {
		// The first step begins with the check.
		r.step = step
		return
	}
	now := r.factory.clock.Now()
	r.result.Took[r.step] += now.Sub(r.entered)
	r.step, r.entered = step, now
}

// conclude ends the measuring: what follows is courtesy to the server.
func (r *run) conclude() {
	if r.concluded {
		return
	}
	r.concluded, r.failed = true, r.step
	r.enter(observe.StepNone)
	r.result.Latency = r.entered.Sub(r.started)
}

// finish returns the result; f is nil for a success.
func (r *run) finish(f *fault, maxLatency time.Duration) observe.Result {
	r.conclude()
	r.cancel()
	if f == nil {
		r.result.Outcome = observe.OutcomeSuccess
		r.result.Slow = maxLatency > 0 && r.result.Latency > maxLatency
		return r.result
	}
	r.result.Outcome, r.result.Class, r.result.Step = f.outcome, f.class, r.failed
	if f.step != observe.StepNone {
		r.result.Step = f.step
	}
	r.result.Reason = f.reason
	message := f.message
	if r.hop > 0 {
		message = r.afterRedirect(f)
	}
	r.result.Message = printable(message, observe.MaxMessageLength)
	return r.result
}

// afterRedirect returns the message for a fault after a redirect. Resolving and
// connecting are steps towards the target that the endpoint names, and who
// shares their failure with other checks of that target must be able to rely
// on it. It was reached; so if what a redirect leads to cannot be, the request
// has failed.
func (r *run) afterRedirect(f *fault) string {
	if r.result.Step == observe.StepResolve || r.result.Step == observe.StepConnect {
		r.result.Step = observe.StepRequest
	}
	switch f.reason {
	case ReasonTooManyRedirects, ReasonRedirectLoop, ReasonRedirectRefused, ReasonCancelled:
		return f.message
	}
	return "Where a redirect led to: " + f.message
}

// guard lets the connection end with the check, see watch. The returned function
// ends that and closes the connection.
func (r *run) guard(conn net.Conn) (release func()) {
	stop := r.watch(conn)
	return func() {
		stop()
		// Nothing more is wanted of the connection, so nothing of what
		// closing says matters.
		_ = conn.Close()
	}
}

// watch lets the connection end with the check: reads and writes fail from the
// deadline on, or as soon as whoever asked no longer wants to know. stop ends
// the latter, and returns false if that is too late.
func (r *run) watch(conn net.Conn) (stop func() bool) {
	// An error means that the connection is closed, which the next use tells.
	_ = conn.SetDeadline(r.deadline)
	return context.AfterFunc(r.asked, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
}

// because returns ": " and text that the target chose, for a message, but
// nothing once a redirect was followed: from then on the text may come from
// anybody, and may repeat a credential that the first server was sent.
func (r *run) because(text string) string {
	if r.hop > 0 {
		return ""
	}
	return ": " + printable(text, maxDetail)
}

// hurry shortens the time for reading to patience, if that is sooner than the
// check's own end. It returns false if the check has ended anyway.
func (r *run) hurry(conn net.Conn, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	if soon, ok := ctx.Deadline(); ok {
		// An error means that the connection is closed, which reading tells.
		_ = conn.SetReadDeadline(soon)
	}
	// The guard may have ended the connection just before: look after setting.
	return r.ctx.Err() == nil
}
