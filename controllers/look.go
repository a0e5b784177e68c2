// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	"k8s.io/client-go/dynamic"
	ctrl "sigs.k8s.io/controller-runtime"

	"kdz.mainz.de/operator/controllers/application"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting/systems"
	prometheussource "kdz.mainz.de/operator/internal/observe/prometheus"
)

// sight is what Applications are looked at with, beside the observer that all of
// it is handed to.
type sight struct {
	endpoints  *endpoint.Factory
	indicators *prometheussource.Source
	cluster    *cluster.Watcher
	systems    *systems.Factory
}

// addSight adds what Applications are looked at with. Every replica looks.
func addSight(ctx context.Context, mgr ctrl.Manager, waker *application.Waker, o Options) (*sight, error) {
	egress := endpoint.NewEgress(o.EgressAllow, o.EgressDeny)
	if err := addAPIServerGuard(ctx, mgr, egress, o.Clock); err != nil {
		return nil, fmt.Errorf("guard of the API server: %w", err)
	}
	s := &sight{endpoints: endpoint.NewFactory(endpoint.Options{Clock: o.Clock, UserAgent: o.UserAgent, Egress: egress})}
	s.indicators = prometheussource.NewSource(prometheussource.Options{Dial: s.endpoints.Dial, Clock: o.Clock, UserAgent: o.UserAgent})
	objects, err := dynamic.NewForConfigAndClient(mgr.GetConfig(), mgr.GetHTTPClient())
	if err != nil {
		return nil, fmt.Errorf("client of the watched objects: %w", err)
	}
	s.cluster = cluster.New(cluster.Options{
		Client: objects, Mapper: mgr.GetRESTMapper(), Clock: o.Clock, Wake: waker.Wake, Logger: mgr.GetLogger().WithName("cluster"),
	})
	if err := mgr.Add(s.cluster); err != nil {
		return nil, fmt.Errorf("watched objects: %w", err)
	}
	s.systems = systems.NewFactory(systems.Options{Endpoints: s.endpoints, Watcher: s.cluster, Clock: o.Clock, UserAgent: o.UserAgent})
	return s, nil
}
