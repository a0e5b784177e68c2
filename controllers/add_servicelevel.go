// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/controllers/servicelevel"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// addSteering adds what stands beside Applications and units: what was agreed,
// and the rule that all IT of the city is provided by the KDZ.
func addSteering(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if err := addServiceLevels(mgr, o); err != nil {
		return err
	}
	return addRule(ctx, mgr, o)
}

// addServiceLevels adds the controller of agreements.
func addServiceLevels(mgr ctrl.Manager, o Options) error {
	levels, err := metrics.NewServiceLevels(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of service levels: %w", err)
	}
	err = (&servicelevel.Reconciler{Metrics: levels, Clock: o.Clock}).SetupWithManager(mgr, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of service levels: %w", err)
	}
	return nil
}
