// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/audit"
	"kdz.mainz.de/operator/internal/judge/compliance"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// auditorWorker audits by the controller.
func auditorWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[auditing](args)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, err
	}
	mgr, err := newManager(config, controllers.CacheOptions())
	if err != nil {
		return nil, err
	}
	told := prometheus.NewRegistry()
	findings, err := metrics.NewFindings(told)
	if err != nil {
		return nil, err
	}
	if err := (&audit.Reconciler{Metrics: findings}).SetupWithManager(ctx, mgr, controller.Options{}); err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ time.Duration) (*sample, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- mgr.Start(ctx) }()
		err := eventually(ctx, 20*time.Millisecond, auditsWithin, "audited", func() (bool, error) {
			select {
			case err := <-ended:
				return false, errors.Join(err, errors.New("the manager ended"))
			default:
				return through(told, task.Applications)
			}
		})
		wall := time.Since(began)
		cancel()
		return &sample{Wall: wall}, errors.Join(err, <-ended)
	}, nil
}

// through says whether so many Applications have a verdict, and no more is to be
// audited or told.
func through(told prometheus.Gatherer, applications int) (bool, error) {
	verdicts, err := sumOf(told, "kdz_audit_findings", compliance.PolicyCentralisation)
	if err != nil || verdicts < float64(applications) {
		return false, err
	}
	for _, busy := range []string{"workqueue_depth", "controller_runtime_active_workers"} {
		if n, err := sumOf(crmetrics.Registry, busy, ""); err != nil || n > 0 {
			return false, err
		}
	}
	failed, err := sumOf(crmetrics.Registry, "controller_runtime_reconcile_errors_total", "")
	if failed > 0 {
		return false, fmt.Errorf("%v audits failed", failed)
	}
	return true, err
}

// sumOf adds up the values of a metric that have a label of this value; all of
// them if it is empty.
func sumOf(from prometheus.Gatherer, metric, label string) (float64, error) {
	families, err := from.Gather()
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() != metric {
			continue
		}
		for _, m := range f.GetMetric() {
			has := label == ""
			for _, l := range m.GetLabel() {
				has = has || l.GetValue() == label
			}
			if has {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum, nil
}

// judgeWorker lists, decodes and judges, and that is all.
func judgeWorker(_ context.Context, args json.RawMessage) (window, error) {
	task, err := decode[auditing](args)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, err
	}
	c, err := client.New(config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ time.Duration) (*sample, error) {
		began := time.Now()
		for _, namespace := range task.Namespaces {
			if _, err := audit.Audit(ctx, c, namespace, began); err != nil {
				return nil, err
			}
		}
		return &sample{Wall: time.Since(began)}, nil
	}, nil
}
