// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// maxTransition is what the tests' policy allows beside the catalogue's.
const maxTransition = "17520h"

// compilePolicy writes what the operator would compile of the policy and the
// units, since no operator runs.
func compilePolicy(ctx context.Context, c client.Client) error {
	policy := &v1alpha1.GovernancePolicy{}
	if err := c.Get(ctx, client.ObjectKey{Name: v1alpha1.PolicyName}, policy); err != nil {
		return err
	}
	policy.Spec.Centralisation.MaxTransition = maxTransition
	if err := c.Update(ctx, policy); err != nil {
		return err
	}
	var units v1alpha1.OrganisationalUnitList
	if err := c.List(ctx, &units); err != nil {
		return err
	}
	policy.Status = compile(policy.Spec.Centralisation, units.Items)
	return c.Status().Update(ctx, policy)
}

// compile says which units provide IT, and how units are treated.
func compile(spec v1alpha1.CentralisationPolicy, units []v1alpha1.OrganisationalUnit) v1alpha1.GovernancePolicyStatus {
	byName := map[string]*v1alpha1.OrganisationalUnit{}
	for i := range units {
		byName[units[i].Name] = &units[i]
	}
	status := v1alpha1.GovernancePolicyStatus{
		UnitTreatments: map[string]v1alpha1.Treatment{},
		CompiledAt:     &metav1.Time{Time: time.Now().Truncate(time.Second)},
	}
	for name := range byName {
		treated := false
		for u := byName[name]; u != nil; {
			if u.Name == string(spec.ProviderUnitRef.Name) {
				status.ProviderUnits = append(status.ProviderUnits, v1alpha1.ObjectName(name))
			}
			i := slices.IndexFunc(spec.Treatments, func(t v1alpha1.UnitTreatment) bool { return t.UnitType == u.Spec.Type })
			if i >= 0 && !treated {
				status.UnitTreatments[name], treated = spec.Treatments[i].Treatment, true
			}
			if u.Spec.ParentRef == nil {
				break
			}
			u = byName[string(u.Spec.ParentRef.Name)]
		}
	}
	slices.Sort(status.ProviderUnits)
	return status
}

// markers counts the entries that tell when the API server has read the policy.
var markers atomic.Int64

// far is a moment that no test reaches.
const far = "2999-01-01T00:00:00Z"

// index writes entries of the policy's exemptionIndex, as the operator would,
// and returns when admission reads them. Tests may do so beside each other, each
// for names of its own.
func index(t *testing.T, entries map[string]string) {
	t.Helper()
	marker := fmt.Sprintf("marker-%d", markers.Add(1))
	all := map[string]string{"amt-33/" + marker: far}
	maps.Copy(all, entries)
	patch, err := json.Marshal(map[string]any{"status": map[string]any{"exemptionIndex": all}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.WithoutCancel(t.Context())
	policy := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	if err := admin(t).Status().Patch(ctx, policy, client.RawPatch(types.MergePatchType, patch)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "admission reads the index", func() error {
		return editor(t).try(create, application("amt-33", marker, decentral))
	})
}

// withPolicy changes the policy default, which all tests share, until the test
// ends. The test must not run in parallel. seen tells by a request whether
// admission has read the change: nil if so.
func withPolicy(t *testing.T, change func(*v1alpha1.GovernancePolicy), seen func() error) {
	t.Helper()
	c := admin(t)
	before := &v1alpha1.GovernancePolicy{}
	if err := c.Get(t.Context(), client.ObjectKey{Name: v1alpha1.PolicyName}, before); err != nil {
		t.Fatal(err)
	}
	after := before.DeepCopy()
	change(after)
	writePolicy(t, after)
	t.Cleanup(func() {
		writePolicy(t, before)
		awaitOrdinary(t)
	})
	eventually(t, "admission reads the changed policy", seen)
}

// writePolicy stores spec and status, whatever is there.
func writePolicy(t *testing.T, want *v1alpha1.GovernancePolicy) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c := admin(t)
	policy := &v1alpha1.GovernancePolicy{}
	if err := c.Get(ctx, client.ObjectKeyFromObject(want), policy); err != nil {
		t.Fatal(err)
	}
	policy.Spec = want.Spec
	if err := c.Update(ctx, policy); err != nil {
		t.Fatal(err)
	}
	policy.Status = want.Status
	if err := c.Status().Update(ctx, policy); err != nil {
		t.Fatal(err)
	}
}

// awaitOrdinary returns when the rule is enforced by the policy as it was
// installed.
func awaitOrdinary(t *testing.T) {
	t.Helper()
	eventually(t, "the policy acts as before", func() error {
		err := editor(t).try(create, application("amt-33", "ordinary", decentral))
		return refused(err, "applications", messageDecentral)
	})
	index(t, nil)
}
