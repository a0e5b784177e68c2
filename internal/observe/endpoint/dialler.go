// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"kdz.mainz.de/operator/internal/observe"
)

// DialError says why no connection could be made.
type DialError struct {
	// Class of the failure, as of a check that ends so.
	Class observe.FailureClass
	// Step at which it failed.
	Step observe.Step
	// Reason is one of those in this package.
	Reason string
	// Message is one short sentence for people.
	Message string
}

// Error returns the sentence.
func (e *DialError) Error() string { return e.Message }

// Dial connects to "host:port" as checks do, for others who look at the world:
// with the same resolver, past the same guard, to whichever of the host's
// addresses answers first. Network is "tcp" or "udp". It ends with ctx. Errors
// are *DialError.
func (f *Factory) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	r, t, err := f.dialling(ctx, address)
	if err != nil {
		return nil, err
	}
	conn, fault := r.connectBy(network, &t)
	if fault != nil {
		return nil, r.dialError(fault)
	}
	return conn, nil
}

// DialTLS is Dial by TCP, and the handshake of TLS. It also returns when the
// earliest certificate of the chain expires that the server presented, also if
// that is the fault; zero if none was seen.
func (f *Factory) DialTLS(ctx context.Context, address string, settings *TLS) (*tls.Conn, time.Time, error) {
	r, t, err := f.dialling(ctx, address)
	if err != nil {
		return nil, time.Time{}, err
	}
	conn, fault := r.connect(&t)
	if fault != nil {
		return nil, time.Time{}, r.dialError(fault)
	}
	stop := r.watch(conn)
	secured, fault := r.secure(conn, &settings.settings, t.host, true)
	if !stop() && fault == nil {
		fault = r.talkFault(ctx.Err(), ReasonHandshakeTimeout, "finish the handshake")
	}
	if fault != nil {
		_ = conn.Close() // nothing more is wanted of it
		return nil, r.result.CertificateNotAfter, r.dialError(fault)
	}
	// An error means that the connection is closed, which the next use tells.
	_ = conn.SetDeadline(time.Time{})
	return secured.Conn, r.result.CertificateNotAfter, nil
}

// dialling returns what a connection to an address is made with. The error is a
// *DialError.
func (f *Factory) dialling(ctx context.Context, address string) (*run, target, error) {
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		host, err = asciiHost(host)
	}
	if err != nil {
		return nil, target{}, &DialError{
			Class: observe.ClassLocal, Step: observe.StepResolve, Reason: ReasonProtocolError,
			Message: "The address is no host and port.",
		}
	}
	r := &run{factory: f, asked: ctx, ctx: ctx, started: f.clock.Now()}
	r.deadline, _ = ctx.Deadline()
	return r, target{host: host, address: net.JoinHostPort(host, port)}, nil
}

func (r *run) dialError(f *fault) *DialError {
	step := f.step
	if step == observe.StepNone {
		step = r.step
	}
	return &DialError{Class: f.class, Step: step, Reason: f.reason, Message: Printable(f.message, observe.MaxMessageLength)}
}
