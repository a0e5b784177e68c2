// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/controllers/handover"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// addHandovers adds the controller of handovers.
func addHandovers(ctx context.Context, mgr ctrl.Manager, r *replicas, o Options) error {
	handovers, err := metrics.NewHandovers(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of handovers: %w", err)
	}
	err = (&handover.Reconciler{
		Common: setup.Common{Clock: o.Clock}, Gaps: r.ledger.Gaps, Metrics: handovers,
	}).SetupWithManager(ctx, mgr, r.lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of handovers: %w", err)
	}
	return nil
}
