// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// govern creates the policy, as if it had been compiled.
func (w *world) govern(treatments map[string]v1alpha1.Treatment) *v1alpha1.GovernancePolicy {
	w.Helper()
	p := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	p.Spec.Centralisation.ProviderUnitRef.Name = v1alpha1.ObjectName(w.unit)
	w.Create(p)
	w.Cleanup(func() { _ = w.Client.Delete(context.Background(), p) })
	w.compile(p, treatments)
	return p
}

// compile writes what the policy's controller would.
func (w *world) compile(p *v1alpha1.GovernancePolicy, treatments map[string]v1alpha1.Treatment) {
	w.Helper()
	before := p.DeepCopy()
	p.Status.ProviderUnits = []v1alpha1.ObjectName{v1alpha1.ObjectName(w.unit)}
	p.Status.UnitTreatments = treatments
	p.Status.CompiledAt = &metav1.Time{Time: w.clock.Now()}
	if err := w.Client.Status().Patch(w.Context(), p, client.MergeFrom(before)); err != nil {
		w.Fatal(err)
	}
}

// judged awaits a verdict with its condition.
func (w *world) judged(name string, v v1alpha1.Verdict, value metav1.ConditionStatus, reason string) *metav1.Condition {
	w.Helper()
	c := w.hasCondition(name, v1alpha1.ConditionCentralised, value, reason)
	if got := w.get(name).Status.Centralisation; got != v {
		w.Errorf("the verdict on %s is %s, want %s", name, got, v)
	}
	return c
}

// TestVerdictFollows: whatever the rule is judged by, a change of it turns the
// verdict; and no verdict keeps an Application from being Ready.
func TestVerdictFollows(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("a")
	app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
	w.Create(app)
	w.judged("a", v1alpha1.VerdictUnknown, metav1.ConditionUnknown, v1alpha1.ReasonPolicyNotCompiled)

	// The policy is compiled; then it says something else of the unit.
	policy := w.govern(nil)
	c := w.judged("a", v1alpha1.VerdictViolating, metav1.ConditionFalse, v1alpha1.ReasonDecentral)
	if !strings.Contains(c.Message, v1alpha1.ReasonNamespaceWithoutUnit+": ") {
		t.Errorf("the message lacks what else was found: %s", c.Message)
	}
	w.AwaitEvent(corev1.EventTypeWarning, string(v1alpha1.VerdictViolating), "a")
	w.compile(policy, map[string]v1alpha1.Treatment{w.unit: v1alpha1.TreatmentUnderReview})
	w.SetUnit(w.Namespace, w.unit)
	w.judged("a", v1alpha1.VerdictUnderReview, metav1.ConditionTrue, v1alpha1.ReasonUnitUnderReview)
	w.AwaitEvent(corev1.EventTypeNormal, string(v1alpha1.VerdictUnderReview), "a")

	// The namespace belongs to another unit.
	w.SetUnit(w.Namespace, "another")
	w.judged("a", v1alpha1.VerdictViolating, metav1.ConditionFalse, v1alpha1.ReasonDecentral)

	// An Exemption comes and goes.
	e := &v1alpha1.Exemption{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "e"}}
	e.Spec = v1alpha1.ExemptionSpec{
		ApplicationRef: v1alpha1.LocalApplicationReference{Name: "a"}, Reason: "why", ExpiresOn: "2026-12-31",
		Decision: v1alpha1.Decision{
			Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-01-01", Reference: "SR-1", DecidedBy: "somebody",
		},
	}
	w.Create(e)
	w.judged("a", v1alpha1.VerdictExempt, metav1.ConditionTrue, v1alpha1.ReasonExempted)
	w.hasCondition("a", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	if err := w.Client.Delete(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	w.judged("a", v1alpha1.VerdictViolating, metav1.ConditionFalse, v1alpha1.ReasonDecentral)
	w.hasCondition("a", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)

	// The state's service is listed.
	w.change("a", func(a *v1alpha1.Application) {
		a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderState, LegalBasis: "law"}
	})
	w.judged("a", v1alpha1.VerdictViolating, metav1.ConditionFalse, v1alpha1.ReasonStateServiceUnlisted)
	before := policy.DeepCopy()
	policy.Spec.Centralisation.StateServices = []v1alpha1.StateService{{Name: "service", LegalBasis: "law"}}
	if err := w.Client.Patch(t.Context(), policy, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	w.judged("a", v1alpha1.VerdictCompliant, metav1.ConditionTrue, v1alpha1.ReasonProvidedByState)

	if err := w.Client.Delete(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	w.judged("a", v1alpha1.VerdictUnknown, metav1.ConditionUnknown, v1alpha1.ReasonPolicyNotCompiled)
}
