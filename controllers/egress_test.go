// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

func TestMain(m *testing.M) {
	os.Exit(controllertest.Run(m, "../config/crd/bases"))
}

// behind makes the API server's own Service lead to addresses.
func behind(t *testing.T, c client.Client, addresses ...string) {
	t.Helper()
	slice := &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "kubernetes"}}
	if err := c.Delete(t.Context(), slice); client.IgnoreNotFound(err) != nil {
		t.Fatal(err)
	}
	slice = &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: "default", Name: "kubernetes"},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: addresses}},
	}
	if err := c.Create(t.Context(), slice); err != nil {
		t.Fatal(err)
	}
}

// The addresses behind the API server's Service are out of reach, also those
// that it gets while the operator runs, and stay so if nobody can say.
func TestAPIServerIsOutOfReach(t *testing.T) {
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	behind(t, c, "192.0.2.10", "192.0.2.11")
	fake := clocktesting.NewFakeClock(time.Now())
	egress := endpoint.NewEgress(nil, nil)
	g := &apiServerGuard{egress: egress, reader: c, host: "198.51.100.1", clock: fake, log: logr.Discard()}
	refused := func(address string) bool {
		var e *endpoint.EgressError
		return errors.As(egress.Check(netip.MustParseAddr(address)), &e) && strings.Contains(e.What, "API server")
	}
	g.refresh(t.Context())
	for address, want := range map[string]bool{"198.51.100.1": true, "192.0.2.10": true, "192.0.2.11": true, "192.0.2.12": false} {
		if got := refused(address); got != want {
			t.Errorf("%s is refused: %t", address, got)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- g.Start(ctx) }()
	behind(t, c, "192.0.2.12")
	controllertest.AwaitThat(t, "the guard waits for its time", fake.HasWaiters)
	fake.Step(addressesEvery)
	controllertest.AwaitThat(t, "the new address is refused", func() bool { return refused("192.0.2.12") })
	controllertest.AwaitThat(t, "the old address is free", func() bool { return !refused("192.0.2.10") })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	var said []string
	g.log = funcr.New(func(_, args string) { said = append(said, args) }, funcr.Options{})
	g.refresh(ctx) // which has ended, so nobody answers
	if !refused("192.0.2.12") || !refused("198.51.100.1") {
		t.Error("what was known is forgotten")
	}
	if len(said) != 1 || !strings.Contains(said[0], "EndpointSlice") {
		t.Errorf("said %q", said)
	}
}
