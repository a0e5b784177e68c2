// SPDX-License-Identifier: Apache-2.0

package application_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// govern creates the policy, as if it had been compiled.
func (w *world) govern(treatments map[string]v1alpha1.Treatment) *v1alpha1.GovernancePolicy {
	w.t.Helper()
	p := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
	p.Spec.Centralisation.ProviderUnitRef.Name = v1alpha1.ObjectName(w.unit)
	w.create(p)
	w.t.Cleanup(func() { _ = w.client.Delete(context.Background(), p) })
	w.compile(p, treatments)
	return p
}

// compile writes what the policy's controller would.
func (w *world) compile(p *v1alpha1.GovernancePolicy, treatments map[string]v1alpha1.Treatment) {
	w.t.Helper()
	before := p.DeepCopy()
	p.Status.ProviderUnits = []v1alpha1.ObjectName{v1alpha1.ObjectName(w.unit)}
	p.Status.UnitTreatments = treatments
	p.Status.CompiledAt = &metav1.Time{Time: w.clock.Now()}
	if err := w.client.Status().Patch(w.t.Context(), p, client.MergeFrom(before)); err != nil {
		w.t.Fatal(err)
	}
}

// label has the namespace belong to a unit.
func (w *world) label(unit string) {
	w.t.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.namespace}}
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q}}}`, v1alpha1.LabelUnit, unit)
	if err := w.client.Patch(w.t.Context(), ns, client.RawPatch("application/merge-patch+json", []byte(patch))); err != nil {
		w.t.Fatal(err)
	}
}

// judged awaits a verdict with its condition.
func (w *world) judged(name string, v v1alpha1.Verdict, value metav1.ConditionStatus, reason string) *metav1.Condition {
	w.t.Helper()
	c := w.hasCondition(name, v1alpha1.ConditionCentralised, value, reason)
	if got := w.get(name).Status.Centralisation; got != v {
		w.t.Errorf("the verdict on %s is %s, want %s", name, got, v)
	}
	return c
}

// TestVerdictFollows: whatever the rule is judged by, a change of it turns the
// verdict; and no verdict keeps an Application from being Ready.
func TestVerdictFollows(t *testing.T) {
	w := newWorld(t)
	app := w.newApp("a")
	app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
	w.create(app)
	w.judged("a", v1alpha1.VerdictUnknown, metav1.ConditionUnknown, v1alpha1.ReasonPolicyNotCompiled)

	// The policy is compiled; then it says something else of the unit.
	policy := w.govern(nil)
	c := w.judged("a", v1alpha1.VerdictViolating, metav1.ConditionFalse, v1alpha1.ReasonDecentral)
	if !strings.Contains(c.Message, v1alpha1.ReasonNamespaceWithoutUnit+": ") {
		t.Errorf("the message lacks what else was found: %s", c.Message)
	}
	w.awaitEvent("a", string(v1alpha1.VerdictViolating), corev1.EventTypeWarning)
	w.compile(policy, map[string]v1alpha1.Treatment{w.unit: v1alpha1.TreatmentUnderReview})
	w.label(w.unit)
	w.judged("a", v1alpha1.VerdictUnderReview, metav1.ConditionTrue, v1alpha1.ReasonUnitUnderReview)
	w.awaitEvent("a", string(v1alpha1.VerdictUnderReview), corev1.EventTypeNormal)

	// The namespace belongs to another unit.
	w.label("another")
	w.judged("a", v1alpha1.VerdictViolating, metav1.ConditionFalse, v1alpha1.ReasonDecentral)

	// An Exemption comes and goes.
	e := &v1alpha1.Exemption{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "e"}}
	e.Spec = v1alpha1.ExemptionSpec{
		ApplicationRef: v1alpha1.LocalApplicationReference{Name: "a"}, Reason: "why", ExpiresOn: "2026-12-31",
		Decision: v1alpha1.Decision{
			Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved, DecidedOn: "2026-01-01", Reference: "SR-1", DecidedBy: "somebody",
		},
	}
	w.create(e)
	w.judged("a", v1alpha1.VerdictExempt, metav1.ConditionTrue, v1alpha1.ReasonExempted)
	w.hasCondition("a", v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSucceeded)
	if err := w.client.Delete(t.Context(), e); err != nil {
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
	if err := w.client.Patch(t.Context(), policy, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	w.judged("a", v1alpha1.VerdictCompliant, metav1.ConditionTrue, v1alpha1.ReasonProvidedByState)

	if err := w.client.Delete(t.Context(), policy); err != nil {
		t.Fatal(err)
	}
	w.judged("a", v1alpha1.VerdictUnknown, metav1.ConditionUnknown, v1alpha1.ReasonPolicyNotCompiled)
}
