// SPDX-License-Identifier: Apache-2.0

package layout

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// policy reads a GovernancePolicy; a field that the API does not know is an
// error.
func policy(t *testing.T, path string) v1alpha1.GovernancePolicy {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	var p v1alpha1.GovernancePolicy
	if err := yaml.UnmarshalStrict(content, &p); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if p.Name != v1alpha1.PolicyName {
		t.Errorf("%s: the policy is called %q, but only %q has effect", path, p.Name, v1alpha1.PolicyName)
	}
	return p
}

// The policy that ships says what the law says, and the catalogue's own says
// the same and adds services that nobody has decided on.
func TestTheShippedPolicyIsTheCataloguesWithoutExamples(t *testing.T) {
	const basicServices, legalBasis = 9, "EGovGRP § 25 Abs. 4"
	shipped := policy(t, "config/policy/governancepolicy.yaml")
	catalogue := policy(t, "config/samples/mainz/00-policy-and-units/policy.yaml")

	services := shipped.Spec.Centralisation.StateServices
	if len(services) != basicServices {
		t.Errorf("%d services of the state ship, but the law has %d", len(services), basicServices)
	}
	for _, s := range services {
		if s.LegalBasis != legalBasis {
			t.Errorf("%s ships on the basis of %q, not %q", s.Name, s.LegalBasis, legalBasis)
		}
	}
	all := catalogue.Spec.Centralisation.StateServices
	catalogue.Spec.Centralisation.StateServices = slices.DeleteFunc(all, func(s v1alpha1.StateService) bool { return s.LegalBasis != legalBasis })
	for _, p := range []*v1alpha1.GovernancePolicy{&shipped, &catalogue} {
		slices.SortFunc(p.Spec.Centralisation.Treatments, func(a, b v1alpha1.UnitTreatment) int {
			return strings.Compare(string(a.UnitType), string(b.UnitType))
		})
	}
	if diff := cmp.Diff(shipped.Spec, catalogue.Spec); diff != "" {
		t.Errorf("config/policy (-) and the catalogue without its examples (+)\n%s", diff)
	}
}

// The workloads that the policy leaves alone are those of the installation
// itself, among others.
func TestTheShippedPolicyLeavesTheOperatorAlone(t *testing.T) {
	var installation struct{ Namespace string }
	read(t, "config/operator/kustomization.yaml", &installation)
	w := policy(t, "config/policy/governancepolicy.yaml").Spec.Centralisation.Workloads
	if w == nil || !slices.Contains(w.ExcludedNamespaces, v1alpha1.NamespaceName(installation.Namespace)) {
		t.Errorf("the operator runs in %s, whose workloads the policy does not exclude: %+v", installation.Namespace, w)
	}
}
