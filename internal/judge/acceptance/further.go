// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// ranks say how far a stage is from the end of a handover; one that was rejected
// is furthest from it.
var ranks = map[v1alpha1.HandoverStage]int{
	v1alpha1.HandoverRejected:         1,
	v1alpha1.HandoverPreparing:        2,
	v1alpha1.HandoverVerifying:        3,
	v1alpha1.HandoverAwaitingSignOff:  4,
	v1alpha1.HandoverEarlyLifeSupport: 5,
	v1alpha1.HandoverCompleted:        6,
}

// CompareStages orders the stages of handovers by how far they have come: it is
// positive if a is further than b. What was not judged yet comes first.
func CompareStages(a, b v1alpha1.HandoverStage) int { return cmp.Compare(ranks[a], ranks[b]) }

// Further says whether a handover has come further than another; of two that
// are equally far the name decides, so that the order in which they are listed
// does not.
func Further(a, b *v1alpha1.Handover) bool {
	return cmp.Or(
		CompareStages(b.Status.Stage, a.Status.Stage),
		cmp.Compare(a.Namespace, b.Namespace),
		cmp.Compare(a.Name, b.Name),
	) < 0
}
