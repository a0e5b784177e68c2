// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// crdTimeout is the longest that the API server may take to serve what was
// installed.
const crdTimeout = time.Minute

// InstallCRDs creates or updates the CustomResourceDefinitions in the YAML and
// JSON files of paths (files, or folders without those below them) and returns
// when all are Established and served. Other objects in the files are left
// out; that there is no CustomResourceDefinition at all is an error.
func InstallCRDs(ctx context.Context, c *rest.Config, paths ...string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, crdTimeout, fmt.Errorf("not done after %s", crdTimeout))
	defer cancel()
	options := envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true, PollInterval: pollInterval, MaxTime: crdTimeout}
	if err := envtest.ReadCRDFiles(&options); err != nil {
		return fmt.Errorf("read CustomResourceDefinitions: %w", err)
	}
	if len(options.CRDs) == 0 {
		return fmt.Errorf("no CustomResourceDefinition in %q", paths)
	}
	if err := envtest.CreateCRDs(c, options.CRDs); err != nil {
		return fmt.Errorf("install CustomResourceDefinitions: %w", err)
	}
	client, err := clientset.NewForConfig(c)
	if err != nil {
		return err
	}
	// First this, which says what is wrong with one, then what only waits.
	for _, crd := range options.CRDs {
		if err := awaitEstablished(ctx, client, crd.Name); err != nil {
			return fmt.Errorf("CustomResourceDefinition %s: %w", crd.Name, err)
		}
	}
	if err := envtest.WaitForCRDs(c, options.CRDs, options); err != nil {
		return fmt.Errorf("wait until CustomResourceDefinitions are served: %w", err)
	}
	return nil
}

// awaitEstablished returns when the definition is served, or with the reason
// why it never will be.
func awaitEstablished(ctx context.Context, client clientset.Interface, name string) error {
	return pollUntil(ctx, func(ctx context.Context) (bool, error) {
		crd, err := client.ApiextensionsV1().CustomResourceDefinitions().Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		for _, c := range crd.Status.Conditions {
			if c.Type == apiextensionsv1.NamesAccepted && c.Status == apiextensionsv1.ConditionFalse {
				return false, fmt.Errorf("%s: %s", c.Reason, c.Message)
			}
			if c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
}
