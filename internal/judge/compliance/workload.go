// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Workload is something in the cluster that runs or exposes software.
type Workload struct {
	APIVersion, Kind string
	// Resource is what the policy calls it.
	Resource v1alpha1.WorkloadResource
	Name     string
	UID      types.UID
	// Application that its label names; empty if it has none.
	Application string
	// Owned: another object made it, which is looked at instead.
	Owned bool
}

// WorkloadsOf returns the resources whose workloads of a namespace must name an
// Application; none if the policy does not say so.
func WorkloadsOf(p *v1alpha1.GovernancePolicy, namespace string) []v1alpha1.WorkloadResource {
	if p == nil || p.Spec.Centralisation.Workloads == nil {
		return nil
	}
	w := p.Spec.Centralisation.Workloads
	if slices.Contains(w.ExcludedNamespaces, v1alpha1.NamespaceName(namespace)) {
		return nil
	}
	return w.Resources
}

// workload tells of a workload that belongs to no Application which operates,
// or may: shadow IT.
func (a *auditor) workload(w *Workload) {
	if w.Owned || !slices.Contains(WorkloadsOf(a.Policy, a.Namespace), w.Resource) {
		return
	}
	f := Finding{
		Policy: PolicyWorkloads, Result: Fail, Severity: Medium,
		Subject: Subject{APIVersion: w.APIVersion, Kind: w.Kind, Namespace: a.Namespace, Name: w.Name, UID: w.UID},
	}
	app := a.applications[v1alpha1.ObjectName(w.Application)]
	switch {
	case w.Application == "":
		f.Rule = RuleWorkloadUnclaimed
		f.Message = "it belongs to no Application, so nobody answers for it"
		f.Remedy = fmt.Sprintf("set its label %s to the Application that it is a part of, or remove it", v1alpha1.LabelApplication)
	case app == nil:
		f.Rule = RuleWorkloadUnknownApplication
		f.Message = fmt.Sprintf("its label names Application %s, which the namespace does not have", w.Application)
		f.Remedy = "declare that Application, or set the label to the one that it is a part of"
	case app.Spec.Lifecycle == v1alpha1.LifecycleRetired:
		f.Rule = RuleWorkloadOfRetiredApplication
		f.Message = fmt.Sprintf("it is still there, and its Application %s is retired", w.Application)
		f.Remedy = "remove it, or set its label to the Application that it is a part of now"
	default:
		return
	}
	if w.Application != "" {
		f.Properties = map[string]string{PropertyApplication: w.Application}
	}
	a.add(f)
}
