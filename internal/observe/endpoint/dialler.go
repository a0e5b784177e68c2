// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"net"

	"kdz.mainz.de/operator/internal/observe"
)

// DialError says why no connection could be made.
type DialError struct {
	// Class of the failure, as of a check that ends so.
	Class observe.FailureClass
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
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		host, err = asciiHost(host)
	}
	if err != nil {
		return nil, &DialError{Class: observe.ClassLocal, Reason: ReasonProtocolError, Message: "The address is no host and port."}
	}
	t := target{host: host, address: net.JoinHostPort(host, port)}
	r := &run{factory: f, asked: ctx, ctx: ctx, started: f.clock.Now()}
	conn, fault := r.connectBy(network, &t)
	if fault != nil {
		return nil, &DialError{Class: fault.class, Reason: fault.reason, Message: printable(fault.message, observe.MaxMessageLength)}
	}
	return conn, nil
}
