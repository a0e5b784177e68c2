// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/controllers/internal/queue"
	"kdz.mainz.de/operator/controllers/internal/setup"
	"kdz.mainz.de/operator/internal/judge/centralisation"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// PolicyReconciler compiles the GovernancePolicy named default. It works once
// SetupWithManager was called.
type PolicyReconciler struct {
	setup.Common
	// Metrics of the rule; nil means that there are none.
	Metrics *metrics.Centralisation

	tally tally
	// content paces what is compiled, counts what is only counted.
	content, counts *pace.Pacer
}

var (
	// contentLimits: what is compiled is written at once. A catalogue that is
	// applied is more than one change; each write goes to every API server.
	contentLimits = pace.Limits{Settle: 200 * time.Millisecond, Burst: 10, Spacing: 500 * time.Millisecond}
	// countLimits: counts are for people.
	countLimits = pace.Limits{Settle: 200 * time.Millisecond, Burst: 1, Spacing: 10 * time.Second}
)

// action of an Event on a policy.
const actionCompile = "Compile"

// The last of these rights lets nobody do anything but write status: by it
// admission knows the operator.
//
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=governancepolicies;organisationalunits;exemptions;applications,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=governancepolicies/status,verbs=patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=governancepolicies/operator,verbs=create

// Reconcile compiles the policy named default, and says of any other that it
// has no effect.
func (r *PolicyReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if req.Name != v1alpha1.PolicyName {
		return r.refuse(ctx, req)
	}
	if wait := r.content.Begin(req.NamespacedName); wait > 0 {
		return ctrl.Result{RequeueAfter: wait}, nil
	}
	countsWait := r.counts.Begin(req.NamespacedName)
	fleet := r.tally.total()
	r.Metrics.Fleet(fleet)

	before := &v1alpha1.GovernancePolicy{}
	if err := r.Client.Get(ctx, req.NamespacedName, before, client.UnsafeDisableDeepCopy); apierrors.IsNotFound(err) {
		r.Metrics.Compiled(nil)
		return ctrl.Result{RequeueAfter: countsWait}, nil
	} else if err != nil {
		return ctrl.Result{}, fmt.Errorf("read policy: %w", err)
	}
	s, err := r.gather(ctx, before)
	if err != nil {
		return ctrl.Result{}, err
	}
	policy := before.DeepCopy()
	s.tell(policy)
	r.Metrics.Compiled(policy.Status.CompiledAt)
	compiled := !equality.Semantic.DeepEqual(before, policy)
	if compiled || countsWait == 0 {
		policy.Status.Centralisation = &fleet
		result, err := r.write(ctx, before, policy, compiled)
		if err != nil || !result.IsZero() {
			return result, err
		}
	}
	return ctrl.Result{RequeueAfter: s.wait(countsWait)}, nil
}

// write writes the status of the policy if it differs.
func (r *PolicyReconciler) write(ctx context.Context, before, policy *v1alpha1.GovernancePolicy, compiled bool) (ctrl.Result, error) {
	wrote, err := status.Patch(ctx, r.Client, before, policy)
	if err != nil {
		return queue.Refused(err, contentLimits.Settle, "write status of policy")
	}
	switch key := client.ObjectKeyFromObject(policy); {
	case !wrote:
		return ctrl.Result{}, nil
	case compiled:
		r.content.Wrote(key)
	default:
		r.counts.Wrote(key)
	}
	r.announce(before, policy)
	return ctrl.Result{}, nil
}

// maxNamed is how many units a message names at most.
const maxNamed = 5

// gather collects from the cache what a policy is compiled from.
func (r *PolicyReconciler) gather(ctx context.Context, policy *v1alpha1.GovernancePolicy) (*policyScope, error) {
	s := &policyScope{now: r.Clock.Now()}
	if policy.DecodingError != "" {
		return s, nil // nothing is known of what it says
	}
	var units v1alpha1.OrganisationalUnitList
	var exemptions v1alpha1.ExemptionList
	if err := r.Client.List(ctx, &units, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list units: %w", err)
	}
	if err := r.Client.List(ctx, &exemptions, client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list exemptions: %w", err)
	}
	for i := range units.Items {
		if units.Items[i].DecodingError != "" && len(s.undecodable) < maxNamed {
			s.undecodable = append(s.undecodable, units.Items[i].Name)
		}
	}
	s.missing = missingUnits(policy, units.Items)
	s.compilation = centralisation.Compile(&policy.Spec.Centralisation, gather.Pointers(units.Items), gather.Pointers(exemptions.Items), s.now)
	return s, nil
}

// refuse says of a policy of another name that it has no effect.
func (r *PolicyReconciler) refuse(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	before := &v1alpha1.GovernancePolicy{}
	if err := r.Client.Get(ctx, req.NamespacedName, before, client.UnsafeDisableDeepCopy); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	policy := before.DeepCopy()
	setNotDefault(policy, r.Clock.Now())
	return r.write(ctx, before, policy, true)
}

// announce records an Event if the policy cannot be compiled any more.
func (r *PolicyReconciler) announce(before, after *v1alpha1.GovernancePolicy) {
	is := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionStalled)
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionStalled)
	if is != nil && (was == nil || was.Reason != is.Reason) {
		r.Recorder.Eventf(after, nil, corev1.EventTypeWarning, is.Reason, actionCompile, "%s", is.Message)
	}
}
