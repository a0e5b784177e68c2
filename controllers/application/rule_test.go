// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// TestWhatCannotBeDecodedIsUnknown: nothing of its spec is known, and an empty
// one would be judged as if somebody had said so.
func TestWhatCannotBeDecodedIsUnknown(t *testing.T) {
	app := &v1alpha1.Application{DecodingError: "spec: cannot unmarshal"}
	r := &Reconciler{}
	if all, some := len(r.gatherers(&v1alpha1.Application{})), len(r.gatherers(app)); some >= all {
		t.Errorf("%d of %d things are gathered of it", some, all)
	}
	s := newScope(app, time.Date(2027, 6, 15, 12, 0, 0, 0, time.UTC))
	s.judge()
	s.tell()
	c := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionCentralised)
	if app.Status.Centralisation != v1alpha1.VerdictUnknown || c.Status != metav1.ConditionUnknown || c.Reason != v1alpha1.ReasonUndecodable {
		t.Errorf("verdict %s, condition %+v", app.Status.Centralisation, c)
	}
}

// TestWhichChangesOfThePolicyConcernAll: those of its rules, and no count and no
// exemption, each of which would have the whole fleet judged anew.
func TestWhichChangesOfThePolicyConcernAll(t *testing.T) {
	tests := map[string]struct {
		change func(*v1alpha1.GovernancePolicy)
		want   bool
	}{
		"none": {func(*v1alpha1.GovernancePolicy) {}, false},
		"counts": {func(p *v1alpha1.GovernancePolicy) {
			p.Status.Centralisation = &v1alpha1.CentralisationCounts{Violating: 1}
		}, false},
		"an exemption": {func(p *v1alpha1.GovernancePolicy) {
			p.Status.ExemptionIndex = map[string]v1alpha1.Moment{"a/b": "2027-12-31T23:00:00Z"}
		}, false},
		"compiled again": {func(p *v1alpha1.GovernancePolicy) {
			p.Status.CompiledAt = &metav1.Time{Time: p.Status.CompiledAt.Add(time.Hour)}
		}, false},
		"notice":           {func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.ExpiryNotice = "24h" }, false},
		"compiled no more": {func(p *v1alpha1.GovernancePolicy) { p.Status.CompiledAt = nil }, true},
		"a unit of the KDZ": {func(p *v1alpha1.GovernancePolicy) {
			p.Status.ProviderUnits = append(p.Status.ProviderUnits, "kdz-16-03")
		}, true},
		"a treatment": {func(p *v1alpha1.GovernancePolicy) {
			p.Status.UnitTreatments = map[string]v1alpha1.Treatment{"school": v1alpha1.TreatmentExempt}
		}, true},
		"a state service": {func(p *v1alpha1.GovernancePolicy) {
			p.Spec.Centralisation.StateServices = []v1alpha1.StateService{{Name: "service", LegalBasis: "law"}}
		}, true},
		"the longest transition": {func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.MaxTransition = "24h" }, true},
		"enforcement":            {func(p *v1alpha1.GovernancePolicy) { p.Spec.Centralisation.Enforcement = v1alpha1.EnforcementWarn }, true},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			before := &v1alpha1.GovernancePolicy{}
			before.Status.ProviderUnits = []v1alpha1.ObjectName{"kdz-16"}
			before.Status.CompiledAt = &metav1.Time{Time: time.Date(2027, 6, 15, 12, 0, 0, 0, time.UTC)}
			after := before.DeepCopy()
			tc.change(after)
			if got := concernsAll(before, after); got != tc.want {
				t.Errorf("concerns all: %t, want %t", got, tc.want)
			}
		})
	}
}
