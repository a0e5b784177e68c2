// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/icmp"

	"kdz.mainz.de/operator/internal/observe"
)

var loopback6 = netip.IPv6Loopback()

// TestEcho asks this very machine by whichever socket it permits; that it
// permits none is a result as well.
func TestEcho(t *testing.T) {
	w := success
	s, err := openEcho(false)
	switch {
	case errors.Is(err, errEchoNotPermitted):
		w = inconclusive(observe.ClassLocal, observe.StepConnect, ReasonEchoNotPermitted)
	case err != nil:
		t.Fatal(err)
	default:
		closeQuietly(s)
	}
	f := NewFactory(Options{Resolver: addresses{loopback6, loopback}})
	for url, address := range map[string]string{
		"icmp://127.0.0.1": "127.0.0.1", "icmp://127.1.2.3": "127.1.2.3", "icmp://[::1]": "::1", "icmp://host.mainz.test": "::1",
	} {
		r := check(t, f, endpointOf(url), nil, w)
		if w == success && (r.Address != address || r.Took[observe.StepConnect] <= 0) {
			t.Errorf("%s asked %q in %v", url, r.Address, r.Took)
		}
	}
}

// TestEchoesAtOnce: each gets its own reply.
func TestEchoesAtOnce(t *testing.T) {
	f := NewFactory(Options{})
	p, err := f.New(endpointOf("icmp://127.0.0.1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := p.Run(t.Context())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for range 10 {
				if r := p.Run(t.Context()); r.Outcome != want.Outcome || r.Reason != want.Reason {
					t.Errorf("result is %+v", r)
				}
			}
		})
	}
	all.Wait()
}

func TestICMPSpec(t *testing.T) {
	f := NewFactory(Options{Egress: NewEgress(nil, nil)})
	for url, reason := range map[string]SpecReason{
		"icmp://127.0.0.1": SpecEgressRefused, "icmp://[::1]": SpecEgressRefused, "icmp://169.254.169.254": SpecEgressRefused,
		"icmp://192.0.2.7:7": SpecInvalid, "icmp://192.0.2.7/x": SpecInvalid,
	} {
		_, err := f.New(endpointOf(url), nil)
		specError(t, err, "url", reason)
	}
	p, err := f.New(endpointOf("icmp://Host.mainz.test"), nil)
	if err != nil || p.Target() != "host.mainz.test" {
		t.Errorf("target of %v: %v", p, err)
	}
}

// TestEchoErrors: what the system says instead of a reply.
func TestEchoErrors(t *testing.T) {
	path := func(reason string) want {
		return want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, reason}
	}
	local := func(reason string) want { return inconclusive(observe.ClassLocal, observe.StepConnect, reason) }
	nothing := func(*icmpWire, net.Addr, []byte) {}
	says := func(errno syscall.Errno) func(*icmpWire, net.Addr, []byte) {
		return func(w *icmpWire, _ net.Addr, _ []byte) {
			w.in <- icmpPacket{err: &net.OpError{Op: "read", Err: os.NewSyscallError("recvfrom", errno)}}
		}
	}
	for _, c := range []struct {
		name    string
		open    error
		refuses error
		answer  func(*icmpWire, net.Addr, []byte)
		want    want
	}{
		{"not permitted", errEchoNotPermitted, nil, nothing, local(ReasonEchoNotPermitted)},
		{"no descriptor", os.NewSyscallError("socket", syscall.EMFILE), nil, nothing, local(ReasonTooManyOpenFiles)},
		{"no such family", os.NewSyscallError("socket", syscall.EAFNOSUPPORT), nil, nothing, path(ReasonNetworkUnreachable)},
		{"no route", nil, syscall.ENETUNREACH, nothing, path(ReasonNetworkUnreachable)},
		{"packet filter", nil, syscall.EPERM, nothing, local(ReasonEgressFiltered)},
		{"no buffer", nil, syscall.ENOBUFS, nothing, local(ReasonLocalResources)},
		{"host unreachable", nil, nil, says(syscall.EHOSTUNREACH), path(ReasonDestinationUnreachable)},
		{"network unreachable", nil, nil, says(syscall.ENETUNREACH), path(ReasonDestinationUnreachable)},
		{"prohibited", nil, nil, says(syscall.EACCES), path(ReasonDestinationUnreachable)},
		{"refused", nil, nil, says(syscall.ECONNREFUSED), path(ReasonDestinationUnreachable)},
		{"no memory", nil, nil, says(syscall.ENOMEM), local(ReasonLocalResources)},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewFactory(Options{Resolver: addresses{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8")}})
			f.openEcho = func(bool) (*echoSocket, error) {
				if c.open != nil {
					return nil, c.open
				}
				wire := newICMPWire(c.answer)
				wire.refuses = c.refuses
				return &echoSocket{wire, true}, nil
			}
			r := check(t, f, endpointOf("icmp://host.mainz.test"), nil, c.want)
			if c.want.reason == ReasonEchoNotPermitted && !strings.Contains(r.Message, "net.ipv4.ping_group_range") {
				t.Errorf("message is %q", r.Message)
			}
		})
	}
}

// TestEchoTriesAddresses: in order, each for a share of the time, and none that
// the guard refuses.
func TestEchoTriesAddresses(t *testing.T) {
	dead, alive := netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8")
	var asked []string
	f := NewFactory(Options{Resolver: addresses{loopback, dead, alive}, Egress: NewEgress(nil, nil)})
	f.openEcho = func(bool) (*echoSocket, error) {
		return &echoSocket{newICMPWire(func(w *icmpWire, to net.Addr, request []byte) {
			asked = append(asked, to.String())
			if to.String() == alive.String() {
				w.in <- icmpPacket{message: icmpReplies{alive}.reply(request, func(*icmp.Echo) {}), from: to}
			}
		}), false}, nil
	}
	e := endpointOf("icmp://host.mainz.test")
	e.Timeout = "3s"
	r := check(t, f, e, nil, success)
	if fmt.Sprint(asked) != "[192.0.2.7 192.0.2.8]" || r.Address != alive.String() {
		t.Errorf("asked %v, answered %s", asked, r.Address)
	}
	f.resolver = addresses{loopback, loopback6}
	check(t, f, e, nil, inconclusive(observe.ClassLocal, observe.StepConnect, ReasonEgressRefused))
	if len(asked) != 2 {
		t.Errorf("asked %v", asked)
	}
}

// TestFloodOfEchoes: messages for others do not keep a check busy for ever.
func TestFloodOfEchoes(t *testing.T) {
	f := NewFactory(Options{})
	f.openEcho = func(bool) (*echoSocket, error) {
		w := newICMPWire(func(w *icmpWire, _ net.Addr, _ []byte) {})
		w.in = make(chan icmpPacket)
		close(w.in)
		return &echoSocket{w, false}, nil
	}
	e := endpointOf("icmp://192.0.2.7")
	e.Timeout = "50s"
	r := check(t, f, e, nil, want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonConnectionTimeout})
	if r.Latency > 20*time.Second {
		t.Errorf("the check took %v", r.Latency)
	}
}

func TestEchoCalledOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := NewFactory(Options{Resolver: addresses{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("192.0.2.8")}})
	f.openEcho = func(bool) (*echoSocket, error) {
		return &echoSocket{newICMPWire(func(*icmpWire, net.Addr, []byte) { cancel() }), false}, nil
	}
	p, err := f.New(endpointOf("icmp://host.mainz.test"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := p.Run(ctx)
	sound(t, r)
	if r.Reason != ReasonCancelled || r.Outcome != observe.OutcomeInconclusive || r.Latency > 5*time.Second {
		t.Errorf("result is %+v", r)
	}
}
