// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"

	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/controllers/project"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// addProjects adds the controller of Projects.
func addProjects(mgr ctrl.Manager, lead *leadership.Leadership, o Options) error {
	projects, err := metrics.NewProjects(o.Registerer)
	if err != nil {
		return fmt.Errorf("metrics of projects: %w", err)
	}
	err = (&project.Reconciler{Common: setup.Common{Clock: o.Clock}, Metrics: projects}).SetupWithManager(mgr, lead, controller.Options{})
	if err != nil {
		return fmt.Errorf("controller of projects: %w", err)
	}
	return nil
}
