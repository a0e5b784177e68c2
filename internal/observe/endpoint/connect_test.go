// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// freePort returns the address of a port on which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closeQuietly(l)
	return l.Addr().String()
}

// deafServer listens with a queue of one and never accepts, so that the system
// leaves further attempts to connect without an answer.
func deafServer(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: loopback.As4()}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
	for range 16 {
		conn, err := net.DialTimeout("tcp", address, 500*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { closeQuietly(conn) })
	}
	t.Fatal("the system accepts connections that nobody takes")
	return ""
}

func TestConnect(t *testing.T) {
	listening := rawServer(t, silence)
	fails := func(errno syscall.Errno) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", errno)}
		}
	}
	path := func(reason string) want {
		return want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, reason}
	}
	local := func(reason string) want { return inconclusive(observe.ClassLocal, observe.StepConnect, reason) }
	for _, c := range []struct {
		name, address string
		options       Options
		want          want
	}{
		{"accepted", listening, Options{}, success},
		{"refused", freePort(t), Options{}, failed(observe.StepConnect, ReasonConnectionRefused)},
		{"no answer", deafServer(t), Options{}, path(ReasonConnectionTimeout)},
		{"system gave up", listening, Options{Dial: fails(syscall.ETIMEDOUT)}, path(ReasonConnectionTimeout)},
		{"network unreachable", listening, Options{Dial: fails(syscall.ENETUNREACH)}, path(ReasonNetworkUnreachable)},
		{"host unreachable", listening, Options{Dial: fails(syscall.EHOSTUNREACH)}, path(ReasonNetworkUnreachable)},
		{"unheard-of error", listening, Options{Dial: fails(syscall.EPROTO)}, path(ReasonNetworkUnreachable)},
		{"reset", listening, Options{Dial: fails(syscall.ECONNRESET)}, failed(observe.StepConnect, ReasonConnectionClosed)},
		{"no descriptor for the process", listening, Options{Dial: fails(syscall.EMFILE)}, local(ReasonTooManyOpenFiles)},
		{"no descriptor for the node", listening, Options{Dial: fails(syscall.ENFILE)}, local(ReasonTooManyOpenFiles)},
		{"no port", listening, Options{Dial: fails(syscall.EADDRNOTAVAIL)}, local(ReasonLocalResources)},
		{"no buffer", listening, Options{Dial: fails(syscall.ENOBUFS)}, local(ReasonLocalResources)},
		{"no memory", listening, Options{Dial: fails(syscall.ENOMEM)}, local(ReasonLocalResources)},
		{"packet filter", listening, Options{Dial: fails(syscall.EPERM)}, local(ReasonEgressFiltered)},
	} {
		for _, scheme := range []string{"tcp", "tls", "http", "https"} {
			if c.want == success && scheme != "tcp" {
				continue
			}
			t.Run(c.name+" "+scheme, func(t *testing.T) {
				r := check(t, NewFactory(c.options), impatient(scheme+"://"+c.address), nil, c.want)
				if (c.want == success) != (r.Address == c.address) {
					t.Errorf("address is %q", r.Address)
				}
				if r.Took[observe.StepConnect] != r.Latency {
					t.Errorf("connecting took %v of %v", r.Took[observe.StepConnect], r.Latency)
				}
			})
		}
	}
}

func TestResolve(t *testing.T) {
	_, port, err := net.SplitHostPort(rawServer(t, silence))
	if err != nil {
		t.Fatal(err)
	}
	name := "itk.mainz.test."
	path := func(outcome observe.Outcome, reason string) want {
		return want{outcome, observe.ClassPath, observe.StepResolve, reason}
	}
	emfile := newResolver(func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "udp", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	})
	for _, c := range []struct {
		name     string
		resolver Resolver
		want     want
	}{
		{"address", resolverAt(servers.StartDNS(t, answer(servers.Answer{Addresses: []netip.Addr{loopback}}))), success},
		{"no such name", resolverAt(servers.StartDNS(t, answer(servers.Answer{Code: dnsmessage.RCodeNameError}))), failed(observe.StepResolve, ReasonHostNotFound)},
		{"name without address", resolverAt(servers.StartDNS(t, answer(servers.Answer{}))), failed(observe.StepResolve, ReasonHostNotFound)},
		{"server failure", resolverAt(servers.StartDNS(t, answer(servers.Answer{Code: dnsmessage.RCodeServerFailure}))), path(observe.OutcomeFailure, ReasonResolverFailed)},
		{"refused", resolverAt(servers.StartDNS(t, answer(servers.Answer{Code: dnsmessage.RCodeRefused}))), path(observe.OutcomeFailure, ReasonResolverFailed)},
		{"no answer", resolverAt(servers.StartDNS(t, answer(servers.Answer{Silent: true}))), path(observe.OutcomeInconclusive, ReasonResolverUnreachable)},
		{"no name server", resolverAt(freePort(t)), path(observe.OutcomeInconclusive, ReasonResolverUnreachable)},
		{"no descriptor", emfile, inconclusive(observe.ClassLocal, observe.StepResolve, ReasonTooManyOpenFiles)},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := impatient("tcp://" + name + ":" + port)
			if c.want.reason != ReasonResolverUnreachable {
				e.Timeout = "10s"
			}
			r := check(t, NewFactory(Options{Resolver: c.resolver}), e, nil, c.want)
			if r.Took[observe.StepResolve] <= 0 {
				t.Errorf("resolving took no time: %v", r.Took)
			}
			if c.want == success && (r.Address != "127.0.0.1:"+port || r.Took[observe.StepConnect] <= 0) {
				t.Errorf("connected to %q in %v", r.Address, r.Took)
			}
		})
	}
}

// resolverAt asks the name server at address alone, whatever the system's
// configuration says.
func resolverAt(address string) *net.Resolver {
	return newResolver(func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", address)
	})
}

func answer(a servers.Answer) func(string) servers.Answer {
	return func(string) servers.Answer { return a }
}

// addresses is a resolver that knows one name.
type addresses []netip.Addr

func (a addresses) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) { return a, nil }

// TestSeveralAddresses: one that answers is enough, and of many faults the one
// that says most about the target is told.
func TestSeveralAddresses(t *testing.T) {
	var ips addresses
	for i := range 12 {
		ips = append(ips, netip.MustParseAddr(fmt.Sprintf("127.0.0.%d", 10+i)))
	}
	six := netip.MustParseAddr("::1")
	listening := rawServer(t, silence)
	hang := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	refuse := func(context.Context) error { return syscall.ECONNREFUSED }
	unreachable := func(context.Context) error { return syscall.ENETUNREACH }
	exhausted := func(context.Context) error { return syscall.EMFILE }
	accept := func(context.Context) error { return nil }
	path := want{observe.OutcomeFailure, observe.ClassPath, observe.StepConnect, ReasonConnectionTimeout}
	for _, c := range []struct {
		name  string
		addrs addresses
		ends  map[string]func(context.Context) error
		tried int32
		want  want
	}{
		{"first accepts", ips[:2], map[string]func(context.Context) error{"127.0.0.10": accept}, 1, success},
		{"first is refused", ips[:2], map[string]func(context.Context) error{"127.0.0.10": refuse, "127.0.0.11": accept}, 2, success},
		{"first hangs", ips[:2], map[string]func(context.Context) error{"127.0.0.10": hang, "127.0.0.11": accept}, 2, success},
		{"all hang", ips[:2], map[string]func(context.Context) error{"127.0.0.10": hang, "127.0.0.11": hang}, 2, path},
		{"one refuses, one hangs", ips[:2], map[string]func(context.Context) error{"127.0.0.10": refuse, "127.0.0.11": hang}, 2, failed(observe.StepConnect, ReasonConnectionRefused)},
		{"families take turns", addresses{ips[0], ips[1], six}, map[string]func(context.Context) error{"127.0.0.10": unreachable, "::1": accept}, 2, success},
		{"exhausted and refused", ips[:2], map[string]func(context.Context) error{"127.0.0.10": exhausted, "127.0.0.11": refuse}, 2, failed(observe.StepConnect, ReasonConnectionRefused)},
		{"too many", ips, map[string]func(context.Context) error{}, maxAttempts, failed(observe.StepConnect, ReasonConnectionRefused)},
		{"none", nil, nil, 0, failed(observe.StepResolve, ReasonHostNotFound)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tried atomic.Int32
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				tried.Add(1)
				host, _, _ := net.SplitHostPort(address)
				end := c.ends[host]
				if end == nil {
					end = refuse
				}
				if err := end(ctx); err != nil {
					return nil, &net.OpError{Op: "dial", Net: network, Err: err}
				}
				return (&net.Dialer{}).DialContext(ctx, network, listening)
			}
			e := endpointOf("tcp://several.mainz.test:99")
			if c.want != success {
				e.Timeout = "500ms"
			}
			check(t, NewFactory(Options{Dial: dial, Resolver: c.addrs}), e, nil, c.want)
			if got := tried.Load(); got != c.tried {
				t.Errorf("tried %d addresses, want %d", got, c.tried)
			}
		})
	}
}

// TestRedirectToNobody: the target that is named was reached, so failing to
// reach another one is not a failure to resolve or connect to it.
func TestRedirectToNobody(t *testing.T) {
	f := NewFactory(Options{Resolver: resolverAt(servers.StartDNS(t, answer(servers.Answer{Code: dnsmessage.RCodeNameError})))})
	for to, reason := range map[string]string{
		"http://" + freePort(t): ReasonConnectionRefused, "http://nobody.mainz.test.": ReasonHostNotFound,
	} {
		first := rawServer(t, answers("HTTP/1.1 302 Found\r\nLocation: "+to+"/\r\nContent-Length: 0\r\n\r\n"))
		e := endpointOf("http://" + first + "/")
		e.HTTP = &v1alpha1.HTTPCheck{FollowRedirects: true}
		if r := check(t, f, e, nil, failed(observe.StepRequest, reason)); r.Address != first {
			t.Errorf("address is %s, want %s", r.Address, first)
		}
	}
}

// TestCalledOff: a check ends soon when whoever asked goes, at every step.
func TestCalledOff(t *testing.T) {
	// Each case says by reached that the check is at its step.
	hang := func(reached func()) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, _ string) (net.Conn, error) {
			reached()
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
	silent := func(reached func()) string {
		return rawServer(t, func(conn net.Conn) {
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				reached()
			}
			silence(conn)
		})
	}
	for _, c := range []struct {
		name string
		make func(reached func()) (url string, o Options)
		step observe.Step
	}{
		{"resolve", func(reached func()) (string, Options) {
			zone := func(string) servers.Answer { reached(); return servers.Answer{Silent: true} }
			return "tcp://itk.mainz.test.:99", Options{Resolver: resolverAt(servers.StartDNS(t, zone))}
		}, observe.StepResolve},
		{"connect", func(reached func()) (string, Options) { return "tcp://127.0.0.1:99", Options{Dial: hang(reached)} }, observe.StepConnect},
		{"race", func(reached func()) (string, Options) {
			return "tcp://itk.mainz.test:99", Options{Dial: hang(reached), Resolver: addresses{loopback, netip.MustParseAddr("::1")}}
		}, observe.StepConnect},
		{"handshake", func(reached func()) (string, Options) { return "tls://" + silent(reached), Options{} }, observe.StepHandshake},
		{"request", func(reached func()) (string, Options) { return "http://" + silent(reached), Options{} }, observe.StepRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			url, options := c.make(cancel)
			p, err := NewFactory(options).New(endpointOf(url), nil)
			if err != nil {
				t.Fatal(err)
			}
			r := p.Run(ctx)
			sound(t, r)
			if got := (want{r.Outcome, r.Class, r.Step, r.Reason}); got != inconclusive(observe.ClassLocal, c.step, ReasonCancelled) {
				t.Errorf("result is %+v: %s", got, r.Message)
			}
			if r.Latency > 5*time.Second {
				t.Errorf("the check took %v", r.Latency)
			}
		})
	}
}

// TestShorterDeadline: the engine may give a check less time than it has.
func TestShorterDeadline(t *testing.T) {
	p, err := NewFactory(Options{}).New(endpointOf("http://"+rawServer(t, silence)), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if r := p.Run(ctx); r.Reason != ReasonResponseTimeout || r.Latency > 5*time.Second {
		t.Errorf("result is %+v", r)
	}
}
