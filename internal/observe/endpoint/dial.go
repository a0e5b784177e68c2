// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"kdz.mainz.de/operator/internal/observe"
)

const (
	// attemptDelay is how long one address has before the next is tried beside
	// it (RFC 8305, section 5).
	attemptDelay = 300 * time.Millisecond
	// maxAttempts bounds how many addresses of a name are tried.
	maxAttempts = 8
)

// connect resolves the host of t and connects to it by TCP.
func (r *run) connect(t *target) (net.Conn, *fault) { return r.connectBy("tcp", t) }

// connectBy is connect for a network: "tcp" or "udp".
func (r *run) connectBy(network string, t *target) (net.Conn, *fault) {
	addrs, f := r.resolve(t.host)
	if f != nil {
		return nil, f
	}
	r.enter(observe.StepConnect)
	port := t.port()
	if len(addrs) == 1 {
		return r.arrived(r.attempt(r.ctx, network, addrs[0], port))
	}
	return r.arrived(r.race(network, addrs, port))
}

func (r *run) arrived(a attempt) (net.Conn, *fault) {
	if a.fault == nil {
		r.address = a.address
		if r.hop == 0 {
			r.result.Address = a.address
		}
	}
	return a.conn, a.fault
}

func (r *run) resolve(host string) ([]netip.Addr, *fault) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr.Unmap()}, nil
	}
	r.enter(observe.StepResolve)
	addrs, err := r.factory.resolver.LookupNetIP(r.ctx, "ip", host)
	if err != nil {
		return nil, r.resolveFault(err)
	}
	if len(addrs) == 0 {
		return nil, targetFault(ReasonHostNotFound, "The name of the host has no address.")
	}
	return inTurns(addrs), nil
}

// inTurns lets the two families of addresses take turns, the preferred one
// first, and drops what would be too many (RFC 8305, section 4).
func inTurns(addrs []netip.Addr) []netip.Addr {
	var first, second []netip.Addr
	for _, a := range addrs {
		a = a.Unmap()
		if a.Is4() == addrs[0].Unmap().Is4() {
			first = append(first, a)
		} else {
			second = append(second, a)
		}
	}
	out := make([]netip.Addr, 0, min(len(addrs), maxAttempts))
	for i := 0; len(out) < cap(out); i++ {
		if i < len(first) {
			out = append(out, first[i])
		}
		if i < len(second) && len(out) < cap(out) {
			out = append(out, second[i])
		}
	}
	return out
}

// attempt is the end of an attempt to connect to one address.
type attempt struct {
	conn    net.Conn
	address string
	fault   *fault
}

// permit returns the fault if the guard refuses an address.
func (r *run) permit(addr netip.Addr) *fault {
	if err := r.factory.egress.Check(addr); err != nil {
		return localFault(ReasonEgressRefused, err.Error()+".")
	}
	return nil
}

func (r *run) attempt(ctx context.Context, network string, addr netip.Addr, port string) attempt {
	a := attempt{address: net.JoinHostPort(addr.String(), port)}
	// Here and nowhere before, so that no name can lead to another address in
	// between.
	if a.fault = r.permit(addr); a.fault != nil {
		return a
	}
	conn, err := r.factory.dial(ctx, network, a.address)
	if err != nil {
		a.fault = r.connectFault(err, a.address)
		return a
	}
	a.conn = conn
	return a
}

// race tries several addresses, each a little later than the one before or as
// soon as that failed. The first connection wins. If there is none, the most
// telling fault is returned. Nothing is left running.
func (r *run) race(network string, addrs []netip.Addr, port string) attempt {
	ctx, cancel := context.WithCancel(r.ctx)
	ended := make(chan attempt, len(addrs))
	running := 0
	defer func() {
		cancel()
		for ; running > 0; running-- {
			if late := <-ended; late.conn != nil {
				_ = late.conn.Close()
			}
		}
	}()
	next := time.NewTimer(0)
	defer next.Stop()
	var worst attempt
	for len(addrs) > 0 || running > 0 {
		select {
		case <-next.C:
			if len(addrs) == 0 {
				continue
			}
			addr := addrs[0]
			addrs = addrs[1:]
			running++
			go func() { ended <- r.attempt(ctx, network, addr, port) }()
			next.Reset(attemptDelay)
		case a := <-ended:
			running--
			if a.fault == nil {
				return a
			}
			if worst.fault == nil || tells(a.fault) > tells(worst.fault) {
				worst = a
			}
			if a.fault.reason == ReasonCancelled || errors.Is(r.ctx.Err(), context.DeadlineExceeded) {
				addrs = nil
			}
			next.Reset(0)
		}
	}
	return worst
}

// tells ranks faults by how much they say about the target: that it answered,
// that the way is blocked, that we could not even try.
func tells(f *fault) int {
	switch f.class {
	case observe.ClassTarget:
		return 2
	case observe.ClassPath:
		return 1
	default:
		return 0
	}
}
