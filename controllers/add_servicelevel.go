// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/servicelevel"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// addServiceLevels adds the controller of agreements.
func addServiceLevels(mgr ctrl.Manager, lead *leadership.Leadership, o Options) error {
	levels, err := metrics.NewServiceLevels(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of service levels: %w", err)
	}
	err = (&servicelevel.Reconciler{Common: setup.Common{Clock: o.Clock}, Metrics: levels}).SetupWithManager(mgr, lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of service levels: %w", err)
	}
	return nil
}
