// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// Holding is a namespace and how many Applications it holds.
type Holding struct {
	Namespace    string
	UID          types.UID
	Applications int
}

// ClusterScope is all that is judged beyond single namespaces.
type ClusterScope struct {
	// Policy of the city; nil if there is none.
	Policy *v1alpha1.GovernancePolicy
	// Rules of the policy; nil if it was not compiled.
	Rules         *centralisation.Rules
	ServiceLevels []*v1alpha1.ServiceLevel
	// WithoutUnit are the namespaces that belong to no unit.
	WithoutUnit []Holding
}

// JudgeCluster says what is to be found beyond single namespaces. None of it
// changes by the mere passing of time.
func JudgeCluster(s *ClusterScope) Judgement {
	a := &auditor{Scope: &Scope{}}
	policy := Finding{
		Policy: PolicyGovernance, Result: Fail, Severity: Critical,
		Subject: subjectOf("GovernancePolicy", "", v1alpha1.PolicyName, ""),
	}
	switch {
	case s.Policy == nil:
		policy.Rule = RulePolicyMissing
		policy.Message = "there is no GovernancePolicy default, so that the rule is neither judged nor enforced"
		policy.Remedy = "install the policy that ships with the operator"
		a.add(policy)
	case s.Rules == nil:
		policy.Rule, policy.Severity, policy.Subject.UID = v1alpha1.ReasonPolicyNotCompiled, High, s.Policy.UID
		policy.Message = "the operator has not compiled the GovernancePolicy default, so that the rule is not judged and nothing can be admitted"
		policy.Remedy = remedies[v1alpha1.ReasonPolicyNotCompiled]
		a.add(policy)
	}
	for _, l := range s.ServiceLevels {
		if approved(l) || l.DecodingError != "" {
			continue
		}
		f := Finding{
			Policy: PolicyServiceLevels, Rule: RuleServiceLevelUndecided, Result: Fail, Severity: Medium,
			Subject: subjectOf("ServiceLevel", "", l.Name, l.UID),
			Message: "no body has decided the level", Remedy: remedyUndecided,
		}
		if d := l.Spec.Decision; d != nil {
			f.Message = fmt.Sprintf("the decision of %s on the level is %s", d.DecidedOn, d.Outcome)
			f.Properties = map[string]string{PropertyBody: string(d.Body), PropertyReference: d.Reference, PropertyDecidedBy: string(d.DecidedBy)}
		}
		a.add(f)
	}
	for _, n := range s.WithoutUnit {
		if n.Applications > 0 {
			a.add(withoutUnit(n.Namespace, n.UID, n.Applications))
		}
	}
	sortFindings(a.out.Findings)
	return a.out
}
