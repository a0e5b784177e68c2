// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/catalogue"
	"kdz.mainz.de/operator/hack/demo/operator"
	"kdz.mainz.de/operator/internal/controlplane"
)

// closeDoor installs the definitions, the admission policies and the policy
// that they read. From then on no Application is admitted until the operator
// has compiled the policy.
func (d *demo) closeDoor(ctx context.Context) error {
	if err := controlplane.InstallCRDs(ctx, d.plane.Config, filepath.Join(d.root, "config", "crd", "bases")); err != nil {
		return err
	}
	if err := d.plane.InstallAdmission(ctx, filepath.Join(d.root, "config", "admission")); err != nil {
		return err
	}
	if err := d.plane.Apply(ctx, filepath.Join(d.root, "config", "policy")); err != nil {
		return err
	}
	d.say("the door is closed: admission policies of config/admission, GovernancePolicy of config/policy")
	return nil
}

// populate applies the catalogue, as somebody who holds all rights, beside the
// operator: what it makes of the policy and the units decides whether the
// Applications are admitted.
func (d *demo) populate(ctx context.Context, to client.Client) error {
	applied := &catalogue.Catalogue{}
	err := d.catalogue.Apply(ctx, to, func(l catalogue.Layer) error {
		if l.Has("Application") {
			if err := d.awaitCompiled(ctx, to, applied); err != nil {
				return err
			}
		}
		d.say("catalogue: layer %s, %d objects", l.Name, l.Count())
		applied.Layers = append(applied.Layers, l)
		return nil
	})
	if err != nil {
		return err
	}
	if err := d.giveAuthority(ctx, to); err != nil {
		return err
	}
	return d.beginBackups(ctx, to)
}

// awaitCompiled waits until the operator has compiled the policy with all units
// that were applied and provide IT.
func (d *demo) awaitCompiled(ctx context.Context, to client.Client, applied *catalogue.Catalogue) error {
	units, err := applied.Units()
	if err != nil {
		return err
	}
	d.say("waiting until the operator has compiled the GovernancePolicy %s", v1alpha1.PolicyName)
	late := d.clock.NewTimer(d.options.timeout)
	defer late.Stop()
	tick := d.clock.NewTicker(calm)
	defer tick.Stop()
	for {
		var policy v1alpha1.GovernancePolicy
		if err := to.Get(ctx, types.NamespacedName{Name: v1alpha1.PolicyName}, &policy); err != nil {
			return fmt.Errorf("GovernancePolicy: %w", err)
		}
		missing := uncompiled(&policy, units)
		if missing == "" {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-late.C():
			return fmt.Errorf("the operator has not compiled the GovernancePolicy within %s: %s; the end of its log:\n%s",
				d.options.timeout, missing, operator.Tail(d.operatorLog()))
		case <-tick.C():
		}
	}
}

// uncompiled says what is missing in what admission reads of a policy; empty if
// it knows the present spec and every unit that provides IT.
func uncompiled(policy *v1alpha1.GovernancePolicy, units []v1alpha1.OrganisationalUnit) string {
	switch {
	case policy.Status.CompiledAt == nil:
		return "it was never compiled"
	case policy.Status.ObservedGeneration != policy.Generation:
		return fmt.Sprintf("generation %d was compiled, not %d", policy.Status.ObservedGeneration, policy.Generation)
	}
	for _, name := range below(policy.Spec.Centralisation.ProviderUnitRef.Name, units) {
		if !slices.Contains(policy.Status.ProviderUnits, name) {
			return fmt.Sprintf("unit %s, which provides IT, is not in it", name)
		}
	}
	return ""
}

// below are a unit, if it is one of those given, and those that have it above
// them.
func below(top v1alpha1.ObjectName, units []v1alpha1.OrganisationalUnit) []v1alpha1.ObjectName {
	parents := map[v1alpha1.ObjectName]v1alpha1.ObjectName{}
	for i := range units {
		var parent v1alpha1.ObjectName
		if ref := units[i].Spec.ParentRef; ref != nil {
			parent = ref.Name
		}
		parents[v1alpha1.ObjectName(units[i].Name)] = parent
	}
	var names []v1alpha1.ObjectName
	for i := range units {
		name := v1alpha1.ObjectName(units[i].Name)
		// No way up is longer than there are units, unless it is a circle.
		for above, steps := name, 0; above != "" && steps <= len(units); above, steps = parents[above], steps+1 {
			if above == top {
				names = append(names, name)
				break
			}
		}
	}
	return names
}
