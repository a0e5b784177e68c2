// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"k8s.io/utils/third_party/forked/golang/btree"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

// totals is what a unit knows of its Applications.
type totals struct {
	applications   v1alpha1.ApplicationCounts
	centralisation v1alpha1.CentralisationCounts
	// troubled holds the Applications that can be a cause, the worst first;
	// nil until there is one, since most units never see any.
	troubled *btree.BTree[*application]
}

// troubledDegree is the degree of the B-tree; 8 keeps a node within a few
// cache lines.
const troubledDegree = 8

// add counts an Application. Its contribution must not change until remove.
func (t *totals) add(a *application) {
	t.count(a.contribution, 1)
	if !state.Troubled(a.contribution.Member.State) {
		return
	}
	if t.troubled == nil {
		t.troubled = btree.New(troubledDegree, func(a, b *application) bool {
			return state.CompareUnitMembers(a.contribution.Member, b.contribution.Member) < 0
		})
	}
	t.troubled.ReplaceOrInsert(a)
}

// remove takes back what add counted.
func (t *totals) remove(a *application) {
	t.count(a.contribution, -1)
	if t.troubled == nil || !state.Troubled(a.contribution.Member.State) {
		return
	}
	t.troubled.Delete(a)
	if t.troubled.Len() == 0 {
		t.troubled = nil
	}
}

// worst returns the Application that weighs most, if any can be a cause.
func (t *totals) worst() (state.UnitMember, bool) {
	if t.troubled == nil {
		return state.UnitMember{}, false
	}
	a, found := t.troubled.Min()
	if !found {
		return state.UnitMember{}, false
	}
	return a.contribution.Member, true
}

func (t *totals) count(c Contribution, n int32) {
	t.applications.Total += n
	*stateCounter(&t.applications, c.Member.State) += n
	*verdictCounter(&t.centralisation, c.Verdict) += n
}

func stateCounter(c *v1alpha1.ApplicationCounts, s v1alpha1.OperationalState) *int32 {
	switch s {
	case v1alpha1.StateOperational:
		return &c.Operational
	case v1alpha1.StateDegraded:
		return &c.Degraded
	case v1alpha1.StateOutage:
		return &c.Outage
	case v1alpha1.StateMaintenance:
		return &c.Maintenance
	case v1alpha1.StatePlanned:
		return &c.Planned
	case v1alpha1.StateRetired:
		return &c.Retired
	default:
		return &c.Unknown
	}
}

func verdictCounter(c *v1alpha1.CentralisationCounts, v v1alpha1.Verdict) *int32 {
	switch v {
	case v1alpha1.VerdictCompliant:
		return &c.Compliant
	case v1alpha1.VerdictExempt:
		return &c.Exempt
	case v1alpha1.VerdictUnderReview:
		return &c.UnderReview
	case v1alpha1.VerdictInTransition:
		return &c.InTransition
	case v1alpha1.VerdictViolating:
		return &c.Violating
	case v1alpha1.VerdictOutOfScope:
		return &c.OutOfScope
	default:
		return &c.Unknown
	}
}
