// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	crmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/audit"
	"kdz.mainz.de/operator/internal/judge/compliance"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// auditor is the controller, as it runs in the operator.
type auditor struct {
	task   auditing
	client client.Client
	told   *prometheus.Registry
	ended  chan error
	// lenient: the policy has those reviewed that break the rule otherwise.
	lenient bool
}

// newAuditor makes a manager with the controller in it, which is not started.
func newAuditor(ctx context.Context, args json.RawMessage) (*auditor, manager.Manager, error) {
	task, err := decode[auditing](args)
	if err != nil {
		return nil, nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, nil, err
	}
	mgr, err := newManager(config, controllers.CacheOptions())
	if err != nil {
		return nil, nil, err
	}
	a := &auditor{task: task, client: mgr.GetClient(), told: prometheus.NewRegistry(), ended: make(chan error, 1)}
	findings, err := metrics.NewFindings(a.told)
	if err != nil {
		return nil, nil, err
	}
	err = (&audit.Reconciler{Metrics: findings}).SetupWithManager(ctx, mgr, nil, controller.Options{})
	return a, mgr, err
}

// auditorWorker audits in a manager that runs. In each window the policy turns:
// what broke the rule is reviewed, or breaks it again. All is judged anew, and
// every report that holds one of these is written.
func auditorWorker(ctx context.Context, args json.RawMessage) (window, error) {
	a, mgr, err := newAuditor(ctx, args)
	if err != nil {
		return nil, err
	}
	go func() { a.ended <- mgr.Start(ctx) }()
	if err := a.await(ctx); err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ time.Duration) (*sample, error) {
		began := time.Now()
		if err := a.turn(ctx); err != nil {
			return nil, err
		}
		err := a.await(ctx)
		return &sample{Wall: time.Since(began)}, err
	}, nil
}

// starterWorker starts the manager in its window.
func starterWorker(ctx context.Context, args json.RawMessage) (window, error) {
	a, mgr, err := newAuditor(ctx, args)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, _ time.Duration) (*sample, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		began := time.Now()
		go func() { a.ended <- mgr.Start(ctx) }()
		err := a.await(ctx)
		wall := time.Since(began)
		cancel()
		return &sample{Wall: wall}, errors.Join(err, <-a.ended)
	}, nil
}

// turn writes what the operator would, had somebody changed how offices are
// treated.
func (a *auditor) turn(ctx context.Context) error {
	treatments := map[string]any{}
	for n := range fleetUnits {
		treatments[fleetUnit(n)] = nil // takes the entry out
		if !a.lenient {
			treatments[fleetUnit(n)] = v1alpha1.TreatmentUnderReview
		}
	}
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"unitTreatments": treatments}})
	if err != nil {
		return err
	}
	policy := &v1alpha1.GovernancePolicy{}
	policy.Name = v1alpha1.PolicyName
	a.lenient = !a.lenient
	return a.client.Status().Patch(ctx, policy, client.RawPatch(types.MergePatchType, patch))
}

// await waits until all is audited, and told.
func (a *auditor) await(ctx context.Context) error {
	return eventually(ctx, 20*time.Millisecond, auditsWithin, "audited", func() (bool, error) {
		select {
		case err := <-a.ended:
			return false, errors.Join(err, errors.New("the manager ended"))
		default:
			return a.through()
		}
	})
}

// through says whether so many Applications have the verdict that they should
// have, and no more is to be audited or told.
func (a *auditor) through() (bool, error) {
	verdicts, err := sumOf(a.told, "kdz_audit_findings", compliance.PolicyCentralisation)
	if err != nil || verdicts < float64(a.task.Applications) {
		return false, err
	}
	violating := a.task.Violating
	if a.lenient {
		violating = 0
	}
	failing, err := sumOf(a.told, "kdz_audit_findings", compliance.PolicyCentralisation, string(compliance.Fail))
	if err != nil || failing != float64(violating) {
		return false, err
	}
	for _, busy := range []string{"workqueue_depth", "controller_runtime_active_workers"} {
		if n, err := sumOf(crmetrics.Registry, busy); err != nil || n > 0 {
			return false, err
		}
	}
	failed, err := sumOf(crmetrics.Registry, "controller_runtime_reconcile_errors_total")
	if failed > 0 {
		return false, fmt.Errorf("%v audits failed", failed)
	}
	return true, err
}

// sumOf adds up the values of a metric that have all these values of labels.
func sumOf(from prometheus.Gatherer, metric string, labels ...string) (float64, error) {
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
			left := len(labels)
			for _, l := range m.GetLabel() {
				if slices.Contains(labels, l.GetValue()) {
					left--
				}
			}
			if left == 0 {
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
