// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"

	"kdz.mainz.de/operator/internal/observe"
)

// lookups is a resolver that a test answers for.
type lookups struct {
	count  atomic.Int32
	answer func(ctx context.Context, host string) ([]netip.Addr, error)
}

func (l *lookups) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	l.count.Add(1)
	return l.answer(ctx, host)
}

func (l *lookups) expect(t *testing.T, when string, want int32) {
	t.Helper()
	if got := l.count.Load(); got != want {
		t.Errorf("%s: %d look-ups, want %d", when, got, want)
	}
}

func numberedAddress(n int) []netip.Addr {
	return []netip.Addr{netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})}
}

func TestAnswersAreKept(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(time.Unix(1_700_000_000, 0))
	inner := &lookups{}
	inner.answer = func(context.Context, string) ([]netip.Addr, error) {
		return numberedAddress(int(inner.count.Load())), nil
	}
	c := newCachingResolver(inner, clk)
	ask := func(network, host string, want int) {
		t.Helper()
		got, err := c.LookupNetIP(t.Context(), network, host)
		if err != nil || !slices.Equal(got, numberedAddress(want)) {
			t.Errorf("%s is %v, want %v: %v", host, got, numberedAddress(want), err)
		}
		// What a caller does with its answer is its own business.
		got[0] = netip.Addr{}
	}
	ask("ip", "a.test", 1)
	ask("ip", "a.test", 1)
	ask("ip", "b.test", 2)
	ask("ip4", "a.test", 3)
	clk.SetTime(clk.Now().Add(keepAddresses - 1))
	ask("ip", "a.test", 1)
	clk.SetTime(clk.Now().Add(1))
	ask("ip", "a.test", 4)
	ask("ip", "a.test", 4)
	if len(c.known) != 1 || c.order.Len() != 1 {
		t.Errorf("%d answers are kept in an order of %d, want the one that is not over", len(c.known), c.order.Len())
	}
}

func TestFailuresAreNotKept(t *testing.T) {
	notFound := &net.DNSError{Err: "no such host", Name: "a.test", IsNotFound: true}
	inner := &lookups{answer: func(context.Context, string) ([]netip.Addr, error) { return nil, notFound }}
	c := newCachingResolver(inner, clock.RealClock{})
	for i := range int32(3) {
		if _, err := c.LookupNetIP(t.Context(), "ip", "a.test"); !errors.Is(err, notFound) {
			t.Errorf("error is %v", err)
		}
		inner.expect(t, "failed", i+1)
	}
	inner.answer = func(context.Context, string) ([]netip.Addr, error) { return nil, nil }
	for i := range int32(2) {
		if addrs, err := c.LookupNetIP(t.Context(), "ip", "a.test"); err != nil || len(addrs) != 0 {
			t.Errorf("%v, %v", addrs, err)
		}
		inner.expect(t, "empty", i+4)
	}
	if len(c.known) != 0 || len(c.open) != 0 {
		t.Errorf("%d answers are kept, %d open", len(c.known), len(c.open))
	}
}

func TestNamesAreBounded(t *testing.T) {
	inner := &lookups{answer: func(context.Context, string) ([]netip.Addr, error) { return numberedAddress(1), nil }}
	c := newCachingResolver(inner, clocktesting.NewFakePassiveClock(time.Unix(1_700_000_000, 0)))
	const beyond = 10
	for i := range maxNames + beyond {
		if _, err := c.LookupNetIP(t.Context(), "ip", fmt.Sprintf("%d.test", i)); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.known) != maxNames || c.order.Len() != maxNames {
		t.Errorf("%d answers are kept in an order of %d", len(c.known), c.order.Len())
	}
	// The oldest had to go.
	for _, name := range []struct {
		number  int
		lookups int32
	}{{maxNames, 0}, {beyond, 0}, {beyond - 1, 1}} {
		inner.count.Store(0)
		if _, err := c.LookupNetIP(t.Context(), "ip", fmt.Sprintf("%d.test", name.number)); err != nil {
			t.Fatal(err)
		}
		inner.expect(t, fmt.Sprint("name ", name.number), name.lookups)
	}
}

// TestLookupIsShared: by all who ask meanwhile, whatever its end, and it does
// not end with the first of them.
func TestLookupIsShared(t *testing.T) {
	for _, fails := range []error{nil, &net.DNSError{Err: "server misbehaving", Name: "a.test"}} {
		synctest.Test(t, func(t *testing.T) {
			inner := &lookups{answer: func(ctx context.Context, _ string) ([]netip.Addr, error) {
				select {
				case <-time.After(5 * time.Second):
					return numberedAddress(1), fails
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}}
			c := newCachingResolver(inner, clock.RealClock{})
			first, leave := context.WithTimeout(t.Context(), time.Second)
			defer leave()
			var all sync.WaitGroup
			all.Go(func() {
				begun := time.Now()
				_, err := c.LookupNetIP(first, "ip", "a.test")
				var dns *net.DNSError
				if !errors.As(err, &dns) || !dns.IsTimeout || !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Second {
					t.Errorf("the first was told %v after %v", err, time.Since(begun))
				}
			})
			synctest.Wait()
			for range 100 {
				all.Go(func() {
					addrs, err := c.LookupNetIP(t.Context(), "ip", "a.test")
					if !errors.Is(err, fails) || !slices.Equal(addrs, numberedAddress(1)) {
						t.Errorf("%v, %v", addrs, err)
					}
				})
			}
			all.Wait()
			inner.expect(t, "shared", 1)
		})
	}
}

// TestLookupNobodyWaitsFor ends, and is not what the next one gets.
func TestLookupNobodyWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ended atomic.Int32
		inner := &lookups{}
		inner.answer = func(ctx context.Context, _ string) ([]netip.Addr, error) {
			if inner.count.Load() > 1 {
				return numberedAddress(2), nil
			}
			<-ctx.Done()
			ended.Add(1)
			return numberedAddress(1), nil
		}
		c := newCachingResolver(inner, clock.RealClock{})
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
				defer cancel()
				if addrs, err := c.LookupNetIP(ctx, "ip", "a.test"); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, %v", addrs, err)
				}
			})
		}
		<-time.After(9500 * time.Millisecond)
		synctest.Wait()
		if ended.Load() != 0 {
			t.Error("the look-up ended while somebody waited for it")
		}
		all.Wait()
		synctest.Wait()
		if ended.Load() != 1 {
			t.Error("the look-up goes on for nobody")
		}
		if _, err := c.LookupNetIP(t.Context(), "ip", "b.test"); err != nil {
			t.Error(err)
		}
	})
}

// TestLookupIsBounded: even if somebody waited for ever.
func TestLookupIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner := &lookups{answer: func(ctx context.Context, host string) ([]netip.Addr, error) {
			<-ctx.Done()
			return nil, leftEarly(host, ctx.Err())
		}}
		begun := time.Now()
		_, err := newCachingResolver(inner, clock.RealClock{}).LookupNetIP(t.Context(), "ip", "a.test")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != lookupTime {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		called, off := context.WithCancel(t.Context())
		off()
		if _, err := newCachingResolver(inner, clock.RealClock{}).LookupNetIP(called, "ip", "a.test"); !errors.Is(err, context.Canceled) {
			t.Errorf("error is %v", err)
		}
		inner.expect(t, "called off before", 1)
	})
}

// TestCachingResolverAtOnce is for the race detector: many ask for few names,
// some leave early, answers end.
func TestCachingResolverAtOnce(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(time.Unix(1_700_000_000, 0))
	inner := &lookups{answer: func(ctx context.Context, host string) ([]netip.Addr, error) {
		if host == "slow.test" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return numberedAddress(len(host)), nil
	}}
	c := newCachingResolver(inner, clk)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 300 {
				host := []string{"a.test", "bb.test", "slow.test"}[(i+n)%3]
				ctx, cancel := context.WithCancel(t.Context())
				if host == "slow.test" {
					time.AfterFunc(time.Duration(n%5)*100*time.Microsecond, cancel)
				}
				addrs, err := c.LookupNetIP(ctx, "ip", host)
				if host != "slow.test" && (err != nil || !slices.Equal(addrs, numberedAddress(len(host)))) {
					t.Errorf("%s is %v: %v", host, addrs, err)
				}
				cancel()
				if i == 0 {
					clk.SetTime(clk.Now().Add(time.Second))
				}
			}
		})
	}
	all.Wait()
	if len(c.open) != 0 {
		t.Errorf("%d look-ups are open", len(c.open))
	}
}

// TestChecksShareAddresses: by default, and what the check leaves behind ends.
func TestChecksShareAddresses(t *testing.T) {
	f := NewFactory(Options{})
	caching, ok := f.resolver.(*cachingResolver)
	if !ok {
		t.Fatalf("the resolver is a %T", f.resolver)
	}
	inner := &lookups{answer: func(ctx context.Context, host string) ([]netip.Addr, error) {
		if host == "silent.mainz.test" {
			<-ctx.Done()
			return nil, leftEarly(host, ctx.Err())
		}
		return []netip.Addr{loopback}, nil
	}}
	caching.inner = inner
	_, port, _ := net.SplitHostPort(rawServer(t, silence))
	for range 3 {
		check(t, f, endpointOf("tcp://itk.mainz.test:"+port), nil, success)
	}
	inner.expect(t, "three checks", 1)
	running := goleak.IgnoreCurrent()
	check(t, f, impatient("tcp://silent.mainz.test:"+port), nil, inconclusive(observe.ClassPath, observe.StepResolve, ReasonResolverUnreachable))
	goleak.VerifyNone(t, running)
}
