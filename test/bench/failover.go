// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"os/signal"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// The times of an election as the operator has them: controller-runtime's
// defaults.
const (
	leaseDuration = 15 * time.Second
	renewDeadline = 10 * time.Second
	retryPeriod   = 2 * time.Second
)

// election is what the worker "elector" is told.
type election struct {
	// Kubeconfig is a file that says who it is.
	Kubeconfig string
	// Identity tells one elector from the others.
	Identity string
}

// leadsAt is the name of the value of a sample: when it began to lead, in
// seconds since 1970.
const leadsAt = "leads"

// electorWorker takes part in an election and does nothing else. A window lasts
// until it leads. SIGTERM has it resign; then it waits for its end.
func electorWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[election](args)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, err
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	leads := make(chan struct{})
	var at time.Time
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: operatorNamespace, Name: "bench-elector"},
			Client:     clients.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: task.Identity},
		},
		LeaseDuration: leaseDuration, RenewDeadline: renewDeadline, RetryPeriod: retryPeriod,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) {
				at = time.Now()
				close(leads)
			},
			OnStoppedLeading: func() {},
		},
	})
	if err != nil {
		return nil, err
	}
	running, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	go func() {
		defer stop()
		elector.Run(running)
	}()
	return func(ctx context.Context, _ time.Duration) (*sample, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-leads:
			return &sample{Operations: 1, Values: map[string]float64{leadsAt: float64(at.UnixNano()) / 1e9}}, nil
		}
	}, nil
}
