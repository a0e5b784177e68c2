// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// opensWithin bounds how long the API server may take to see what was compiled.
const opensWithin = 30 * time.Second

// closeDoor installs the admission policies and the policy that they read.
func (p *plane) closeDoor(ctx context.Context) error {
	if err := p.InstallAdmission(ctx, filepath.Join("config", "admission")); err != nil {
		return err
	}
	p.closed = true
	return p.Apply(ctx, filepath.Join("config", "policy"))
}

// open writes what the operator writes when it has compiled the policy, with
// exemptions if there are any to be, and returns when the API server admits
// Applications of the unit. Most rows have no operator that would do so; one
// that runs writes the same.
func (p *plane) open(ctx context.Context, unit string, exemptions map[string]v1alpha1.Moment) error {
	var units v1alpha1.OrganisationalUnitList
	if err := p.admin.List(ctx, &units); err != nil {
		return err
	}
	status := map[string]any{"compiledAt": time.Now().UTC().Format(time.RFC3339)}
	var providers []string
	for i := range units.Items {
		if units.Items[i].Spec.Type == v1alpha1.UnitKDZ {
			providers = append(providers, units.Items[i].Name)
		}
	}
	status["providerUnits"] = providers
	if exemptions != nil {
		status["exemptionIndex"] = exemptions
	}
	patch, err := json.Marshal(map[string]any{"status": status})
	if err != nil {
		return err
	}
	policy := &v1alpha1.GovernancePolicy{}
	policy.Name = v1alpha1.PolicyName
	if err := p.admin.Status().Patch(ctx, policy, client.RawPatch(types.MergePatchType, patch)); err != nil {
		return fmt.Errorf("what is compiled: %w", err)
	}
	return eventually(ctx, 10*time.Millisecond, opensWithin, "open for unit "+unit, func() (bool, error) {
		err := p.admin.Create(ctx, newApplication(unit, unit, 0), client.DryRunAll)
		if apierrors.IsForbidden(err) {
			return false, nil
		}
		return err == nil || apierrors.IsAlreadyExists(err), client.IgnoreAlreadyExists(err)
	})
}
