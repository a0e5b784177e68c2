// SPDX-License-Identifier: Apache-2.0

package governance_test

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/controllertest"
	"kdz.mainz.de/operator/internal/tell/status"
)

// createPolicy creates the policy that has effect: the unit kdz provides, and
// the city's schools keep their own IT.
func (w *world) createPolicy(change ...func(*v1alpha1.GovernancePolicy)) {
	w.Helper()
	p := w.policy()
	p.Spec.Centralisation = v1alpha1.CentralisationPolicy{
		ProviderUnitRef: v1alpha1.UnitReference{Name: "kdz"},
		Treatments:      []v1alpha1.UnitTreatment{{UnitType: v1alpha1.UnitEducation, Treatment: v1alpha1.TreatmentExempt}},
	}
	for _, c := range change {
		c(p)
	}
	w.Create(p)
}

func (w *world) policy() *v1alpha1.GovernancePolicy {
	return &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName}}
}

func (w *world) createUnit(name string, unitType v1alpha1.UnitType, parent string) {
	w.Helper()
	u := &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}}
	u.Spec = v1alpha1.OrganisationalUnitSpec{Number: "16", Type: unitType, DisplayName: v1alpha1.LocalisedText{EN: name}}
	if parent != "" {
		u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
	}
	w.Create(u)
}

func (w *world) newUnit(name string) *v1alpha1.OrganisationalUnit {
	return &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

// app is the reference to an Application.
func (w *world) app(name string) *v1alpha1.Application {
	return &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
}

// createApp creates an Application that operates; one of the KDZ is operated by
// the unit kdz.
func (w *world) createApp(name string, provider v1alpha1.Provider) {
	w.Helper()
	a := w.app(name)
	a.Spec = v1alpha1.ApplicationSpec{
		DisplayName: v1alpha1.LocalisedText{EN: name},
		Origin:      v1alpha1.OriginExisting,
		Lifecycle:   v1alpha1.LifecycleOperating,
		Responsible: v1alpha1.Responsible{UnitRef: v1alpha1.UnitReference{Name: v1alpha1.ObjectName(w.unit)}},
		Operation:   v1alpha1.Operation{Provider: provider},
	}
	if provider == v1alpha1.ProviderKDZ {
		a.Spec.Operation.UnitRef = &v1alpha1.UnitReference{Name: "kdz"}
	}
	w.Create(a)
}

// exemption is the reference to an Exemption.
func (w *world) exemption(name string) *v1alpha1.Exemption {
	return &v1alpha1.Exemption{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: name}}
}

// newExemption is one of the Application of the same name.
func (w *world) newExemption(name, from, to string) *v1alpha1.Exemption {
	e := w.exemption(name)
	e.Spec = v1alpha1.ExemptionSpec{
		ApplicationRef: v1alpha1.LocalApplicationReference{Name: v1alpha1.ObjectName(name)},
		Reason:         "the state requires its own device",
		Decision: v1alpha1.Decision{
			Body: v1alpha1.BodySteeringRound, Outcome: v1alpha1.OutcomeApproved,
			DecidedOn: v1alpha1.Date(from), Reference: "SR-1", DecidedBy: "steering-round@example.org",
		},
		ExpiresOn: v1alpha1.Date(to),
	}
	return e
}

// ready says what keeps an object from being Ready with a reason.
func ready(o status.Conditioned, value metav1.ConditionStatus, reason string) string {
	return controllertest.Condition(o, v1alpha1.ConditionReady, value, reason)
}
