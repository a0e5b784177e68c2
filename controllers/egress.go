// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/go-logr/logr"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// +kubebuilder:rbac:groups=discovery.k8s.io,resources=endpointslices,resourceNames=kubernetes,verbs=get

const (
	// addressesEvery is how often the API server's addresses are looked up.
	addressesEvery = time.Minute
	// addressesWithin bounds one look-up.
	addressesWithin = 10 * time.Second
)

// apiServerGuard keeps the API server's addresses out of reach of checks: the
// one that the operator itself connects to, and those behind the Service
// default/kubernetes. They change when control-plane nodes are replaced.
type apiServerGuard struct {
	egress *endpoint.Egress
	reader client.Reader
	// host of the API server as the operator connects to it.
	host  string
	clock clock.WithTicker
	log   logr.Logger
	// last are the addresses that were told last.
	last []netip.Addr
}

// addAPIServerGuard starts the guard with the manager. It knows the addresses
// before the first check.
func addAPIServerGuard(ctx context.Context, mgr ctrl.Manager, egress *endpoint.Egress, c clock.WithTicker) error {
	u, _, err := rest.DefaultServerUrlFor(mgr.GetConfig())
	if err != nil {
		return fmt.Errorf("address of the API server: %w", err)
	}
	g := &apiServerGuard{egress: egress, reader: mgr.GetAPIReader(), host: u.Hostname(), clock: c, log: mgr.GetLogger().WithName("egress")}
	g.refresh(ctx)
	return mgr.Add(g)
}

// NeedLeaderElection implements manager.LeaderElectionRunnable: a replica that
// waits to take over looks at the world already.
func (g *apiServerGuard) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable.
func (g *apiServerGuard) Start(ctx context.Context) error {
	ticker := g.clock.NewTicker(addressesEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
			g.refresh(ctx)
		}
	}
}

// refresh looks the addresses up. What cannot be looked up now keeps the
// addresses that were known before.
func (g *apiServerGuard) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, addressesWithin)
	defer cancel()
	found, err := g.addresses(ctx)
	if err != nil {
		g.log.Info("not every address of the API server is known; those known before stay out of reach of checks", "error", err.Error())
		found = append(found, g.last...)
	}
	slices.SortFunc(found, netip.Addr.Compare)
	found = slices.Compact(found)
	if !slices.Equal(found, g.last) {
		g.log.Info("checks may not connect to the API server", "addresses", found)
	}
	g.last = found
	g.egress.SetAPIServer(found)
}

// addresses returns what could be found, and an error for what could not.
func (g *apiServerGuard) addresses(ctx context.Context) ([]netip.Addr, error) {
	var found []netip.Addr
	if a, err := netip.ParseAddr(g.host); err == nil {
		found = append(found, a)
	} else if found, err = net.DefaultResolver.LookupNetIP(ctx, "ip", g.host); err != nil {
		return nil, fmt.Errorf("host %s: %w", g.host, err)
	}
	var slice discoveryv1.EndpointSlice
	key := client.ObjectKey{Namespace: metav1.NamespaceDefault, Name: "kubernetes"}
	if err := g.reader.Get(ctx, key, &slice); client.IgnoreNotFound(err) != nil {
		return found, fmt.Errorf("EndpointSlice %s: %w", key, err)
	}
	for _, e := range slice.Endpoints {
		for _, text := range e.Addresses {
			if a, err := netip.ParseAddr(text); err == nil {
				found = append(found, a)
			}
		}
	}
	return found, nil
}
