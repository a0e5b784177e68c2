// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// supplied is an Application that a supplier runs and that processes personal
// data.
func supplied(agreement string) *v1alpha1.Application {
	a := wellKept()
	a.Spec.Protection = &v1alpha1.Protection{PersonalData: true}
	a.Spec.Hosting = &v1alpha1.Hosting{
		Platform: v1alpha1.PlatformSaaS,
		SaaS:     &v1alpha1.SaaSHosting{Supplier: "Example GmbH", Region: "DE", DataProcessingAgreement: agreement},
	}
	return a
}

func TestWhoProcessesPersonalDataIsBound(t *testing.T) {
	const missing = "DataProcessingAgreementMissing fail high"
	tests := map[string]struct {
		change func(*v1alpha1.Application)
		want   []string
	}{
		"no agreement":                         {func(*v1alpha1.Application) {}, []string{missing}},
		"a blank agreement":                    {func(a *v1alpha1.Application) { a.Spec.Hosting.SaaS.DataProcessingAgreement = " \t" }, []string{missing}},
		"an agreement":                         {func(a *v1alpha1.Application) { a.Spec.Hosting.SaaS.DataProcessingAgreement = "AVV-17" }, nil},
		"no personal data":                     {func(a *v1alpha1.Application) { a.Spec.Protection.PersonalData = false }, nil},
		"nothing is said of what it processes": {func(a *v1alpha1.Application) { a.Spec.Protection = nil }, nil},
		"of its own hosts": {func(a *v1alpha1.Application) {
			a.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformLinux, Linux: &v1alpha1.LinuxHosting{}}
		}, nil},
		"nothing is said of where it runs": {func(a *v1alpha1.Application) { a.Spec.Hosting = nil }, nil},
		"ordered by the state": {func(a *v1alpha1.Application) {
			a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderState, LegalBasis: "EGovGRP § 25 Abs. 4"}
		}, []string{missing}},
		"phased out":   {func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePhasingOut }, []string{missing}},
		"only planned": {func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePlanned }, nil},
		"retired":      {func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleRetired }, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := supplied("")
			test.change(a)
			if diff := cmp.Diff(test.want, toldUnder(a, compliance.PolicyDataProtection)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestASupplierWithoutAnAgreementIsNamed(t *testing.T) {
	f := one(t, compliance.Judge(newScope(supplied(""))), compliance.RuleDataProcessingAgreementMissing)
	if diff := cmp.Diff(map[string]string{"supplier": "Example GmbH", "region": "DE"}, f.Properties); diff != "" {
		t.Errorf("properties (-want +got):\n%s", diff)
	}
	if !strings.Contains(f.Message, "Example GmbH") || !strings.Contains(f.Remedy, "spec.hosting.saas.dataProcessingAgreement") {
		t.Errorf("message %q, remedy %q", f.Message, f.Remedy)
	}
	if f.Category != "Data protection" {
		t.Errorf("category %q", f.Category)
	}
}

func TestWhatNeedsProtectionSaysHowItComesBack(t *testing.T) {
	const normal, high, veryHigh = v1alpha1.ProtectionNormal, v1alpha1.ProtectionHigh, v1alpha1.ProtectionVeryHigh
	protected := func(availability, integrity v1alpha1.ProtectionLevel) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) {
			a.Spec.Protection = &v1alpha1.Protection{Confidentiality: veryHigh, Availability: availability, Integrity: integrity}
		}
	}
	but := func(change func(*v1alpha1.Application)) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) {
			protected(veryHigh, veryHigh)(a)
			change(a)
		}
	}
	tests := map[string]struct {
		change func(*v1alpha1.Application)
		want   []string
	}{
		"nothing said":           {func(*v1alpha1.Application) {}, nil},
		"only confidential":      {protected(normal, normal), nil},
		"high availability":      {protected(high, normal), []string{"BackupUndeclared warn medium"}},
		"high integrity":         {protected("", high), []string{"BackupUndeclared warn medium"}},
		"very high availability": {protected(veryHigh, high), []string{"BackupUndeclared warn high"}},
		"very high integrity":    {protected(high, veryHigh), []string{"BackupUndeclared warn high"}},
		"evidence declared": {but(func(a *v1alpha1.Application) {
			a.Spec.Backup = &v1alpha1.Backup{Sources: []v1alpha1.BackupSource{{Name: "a"}}}
		}), nil},
		"none needed, and why": {but(func(a *v1alpha1.Application) { a.Spec.Backup = &v1alpha1.Backup{NotRequiredReason: "it keeps no data"} }), nil},
		"only planned":         {but(func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePlanned }), nil},
		"phased out":           {but(func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePhasingOut }), []string{"BackupUndeclared warn high"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := wellKept()
			test.change(a)
			if diff := cmp.Diff(test.want, toldUnder(a, compliance.PolicyBackups)); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// toldUnder is what is told of an Application under a policy.
func toldUnder(a *v1alpha1.Application, policy string) []string {
	var short []string
	for _, f := range compliance.Judge(newScope(a)).Findings {
		if f.Policy == policy {
			short = append(short, told(&f))
		}
	}
	return short
}
