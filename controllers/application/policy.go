// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// observationPolicy returns what the policy says may be looked at; nil if it
// says nothing, or if there is none.
func observationPolicy(ctx context.Context, c client.Reader) (*v1alpha1.ObservationPolicy, error) {
	policy := &v1alpha1.GovernancePolicy{}
	err := c.Get(ctx, client.ObjectKey{Name: v1alpha1.PolicyName}, policy, client.UnsafeDisableDeepCopy)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", v1alpha1.PolicyName, err)
	}
	return policy.Spec.Observation, nil
}

// prometheusServer returns a server that the policy lists; nil if it does not,
// or if there is no policy.
func prometheusServer(ctx context.Context, c client.Reader, name v1alpha1.ItemName) (*v1alpha1.PrometheusServer, error) {
	policy, err := observationPolicy(ctx, c)
	if policy == nil || err != nil {
		return nil, err
	}
	for i := range policy.PrometheusServers {
		if server := &policy.PrometheusServers[i]; server.Name == name {
			return server, nil
		}
	}
	return nil, nil
}

// asksOther reports whether a policy has other things looked at than before: an
// indicator may be told by one of its servers, or evidence of backups be where
// it says.
func asksOther(before, after *v1alpha1.GovernancePolicy) bool {
	return !equality.Semantic.DeepEqual(before.Spec.Observation, after.Spec.Observation)
}
