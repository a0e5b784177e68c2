// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/catalogue"
	"kdz.mainz.de/operator/internal/lab"
)

// giveAuthority creates the Secrets by which the lab's endpoints name whom
// they trust: the lab's own authority, which is a new one each time.
func (d *demo) giveAuthority(ctx context.Context, to client.Client) error {
	for _, key := range trusting(d.applications, d.endpoints) {
		secret := applycorev1.Secret(key.Name, key.Namespace).
			WithLabels(map[string]string{v1alpha1.LabelProbe: "true"}).
			WithData(map[string][]byte{corev1.ServiceAccountRootCAKey: d.lab.CA()})
		if err := to.Apply(ctx, secret, client.FieldOwner(catalogue.Manager), client.ForceOwnership); err != nil {
			return fmt.Errorf("the lab's authority: Secret %s: %w", key, err)
		}
	}
	return nil
}

// trusting are the Secrets that endpoints of the lab name as their authority.
func trusting(applications []v1alpha1.Application, endpoints []lab.Endpoint) []types.NamespacedName {
	served := map[string]bool{}
	for _, e := range endpoints {
		served[e.String()] = true
	}
	var keys []types.NamespacedName
	for i := range applications {
		a := &applications[i]
		for j := range a.Spec.Endpoints {
			e := &a.Spec.Endpoints[j]
			if e.TLS == nil || e.TLS.CASecretRef == nil || !served[a.Namespace+"/"+a.Name+"/"+string(e.Name)] {
				continue
			}
			keys = append(keys, types.NamespacedName{Namespace: a.Namespace, Name: e.TLS.CASecretRef.Name})
		}
	}
	slices.SortFunc(keys, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(keys)
}
