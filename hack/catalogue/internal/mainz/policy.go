// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
)

// The two units that the policy names, and the limits of the fast lane. The
// steering model names the fast lane without limits: they are examples.
const (
	numberKDZ            = "16"
	numberMainOffice     = "10"
	fastLaneCostEUR      = 10000
	fastLaneEffortInDays = 10
)

// clusterNamespaces are those of the cluster itself and of the operator, whose
// workloads nobody in the city answers for.
var clusterNamespaces = []v1alpha1.NamespaceName{"kdz-system", "kube-node-lease", "kube-public", "kube-system"}

// buildStateServices reads the legal bases on which a service of the state is
// no breach of the rule.
func (b *builder) buildStateServices() {
	for _, row := range b.tables[fileStateServices] {
		name, legalBasis := row.Cell("name"), row.Cell("legal_basis")
		b.oneOf(row.Cell("basis"), "stated", "example")
		if _, double := b.legal[name.Value]; double {
			b.fail(name, "the state's service %q is already in the table; keep one line", name.Value)
		}
		if legalBasis.Empty() {
			b.fail(legalBasis, "no legal basis is given; write one, such as EGovGRP § 25 Abs. 4")
		}
		b.legal[name.Value] = legalBasis.Value
	}
}

// buildPolicy makes the policy: what the steering model says of each type of
// unit, and the services of the state.
func (b *builder) buildPolicy() *v1alpha1.GovernancePolicy {
	kdz, mainOffice := b.units[numberKDZ], b.units[numberMainOffice]
	if kdz == nil || mainOffice == nil {
		b.problems.Add(fileProblem(fileUnits, "has no unit %s (the KDZ) or no unit %s (the main office); the policy names both", numberKDZ, numberMainOffice))
		return nil
	}
	p := &v1alpha1.GovernancePolicy{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "GovernancePolicy"},
		ObjectMeta: metav1.ObjectMeta{Name: v1alpha1.PolicyName},
	}
	c := &p.Spec.Centralisation
	c.Enforcement = v1alpha1.EnforcementDeny
	c.ProviderUnitRef = kdz.ref()
	for _, row := range b.tables[fileTreatments] {
		b.oneOf(row.Cell("unit_type"), unitTypes...)
		b.oneOf(row.Cell("treatment"), "Bound", "UnderReview", "Exempt", "OutOfScope")
		c.Treatments = append(c.Treatments, v1alpha1.UnitTreatment{
			UnitType:  v1alpha1.UnitType(row.Get("unit_type")),
			Treatment: v1alpha1.Treatment(row.Get("treatment")),
		})
	}
	c.Workloads = &v1alpha1.WorkloadPolicy{Enforcement: v1alpha1.EnforcementAudit, ExcludedNamespaces: clusterNamespaces}
	var m marks
	for _, row := range b.tables[fileStateServices] {
		if row.Get("basis") == "example" {
			m.example(fmt.Sprintf("spec.centralisation.stateServices[%s]", row.Get("name")))
		}
		c.StateServices = append(c.StateServices, v1alpha1.StateService{Name: row.Get("name"), LegalBasis: row.Get("legal_basis")})
	}
	p.Spec.Projects = &v1alpha1.ProjectPolicy{
		LeadUnitRef: new(mainOffice.ref()),
		FastLane:    &v1alpha1.FastLanePolicy{MaxCostEUR: ptr.To[int64](fastLaneCostEUR), MaxEffortPersonDays: ptr.To[int32](fastLaneEffortInDays)},
	}
	p.Spec.Handovers = &v1alpha1.HandoverPolicy{
		RequiredSignOffs: []v1alpha1.SignOffRole{v1alpha1.RoleProjectLead, v1alpha1.RoleOperations, v1alpha1.RoleApplicationManagement},
		VacantRoles:      []v1alpha1.SignOffRole{v1alpha1.RoleApplicationManagement},
	}
	m.example("spec.centralisation.workloads")
	m.example("spec.projects.fastLane")
	m.annotate(p)
	return p
}
