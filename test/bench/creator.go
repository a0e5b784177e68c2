// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/client-go/kubernetes"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// creations is what the worker "creator" is told.
type creations struct {
	// Kubeconfig is a file that says who it is.
	Kubeconfig string
	// Unit whose namespace the Applications are to be in.
	Unit string
}

// creatorWorker creates Applications that nobody keeps.
func creatorWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[creations](args)
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
	path := fmt.Sprintf("/apis/%s/namespaces/%s/applications", v1alpha1.GroupVersion, task.Unit)
	return loopOf(ctx, inFlight, func(ctx context.Context, n int) error {
		body, err := json.Marshal(plannedApplication(task.Unit, n))
		if err != nil {
			return err
		}
		return clients.RESTClient().Post().AbsPath(path).Param("dryRun", "All").
			SetHeader("Content-Type", "application/json").Body(body).Do(ctx).Error()
	})
}

// plannedApplication is what an ordinary editor may create: a project is to
// deliver it, and the KDZ to provide it.
func plannedApplication(unit string, n int) *v1alpha1.Application {
	app := newApplication(unit, unit, n)
	app.APIVersion, app.Kind = v1alpha1.GroupVersion.String(), "Application"
	app.Spec.Origin, app.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecyclePlanned
	return app
}
