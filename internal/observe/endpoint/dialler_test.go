// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"

	"kdz.mainz.de/operator/internal/observe"
)

// names resolves what a test says, and nothing else.
type names map[string]netip.Addr

// LookupNetIP implements Resolver.
func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := n[host]; ok {
		return []netip.Addr{a}, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

// TestDial: others connect as checks do, past the same guard, which judges what
// a name leads to.
func TestDial(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer closeQuietly(l)
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	f := NewFactory(Options{
		Egress:   NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, nil),
		Resolver: names{"here.example": netip.MustParseAddr("127.0.0.1"), "cloud.example": netip.MustParseAddr("169.254.169.254")},
	})
	for _, address := range []string{"127.0.0.1:" + port, "here.example:" + port, "HERE.example:" + port} {
		conn, err := f.Dial(t.Context(), "tcp", address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		closeQuietly(conn)
	}
	closeQuietly(l)
	for address, want := range map[string]DialError{
		"127.0.0.1:" + port:    {Class: observe.ClassTarget, Reason: ReasonConnectionRefused},
		"127.0.0.2:" + port:    {Class: observe.ClassLocal, Reason: ReasonEgressRefused},
		"cloud.example:80":     {Class: observe.ClassLocal, Reason: ReasonEgressRefused},
		"nowhere.example:80":   {Class: observe.ClassTarget, Reason: ReasonHostNotFound},
		"127.0.0.1":            {Class: observe.ClassLocal, Reason: ReasonProtocolError},
		"not a name.example:1": {Class: observe.ClassLocal, Reason: ReasonProtocolError},
	} {
		conn, err := f.Dial(t.Context(), "tcp", address)
		var got *DialError
		if conn != nil || !errors.As(err, &got) || got.Class != want.Class || got.Reason != want.Reason || got.Error() == "" {
			t.Errorf("%s: connection %v, error %#v, want %+v", address, conn, err, want)
		}
	}
}
