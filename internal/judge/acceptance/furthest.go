// SPDX-License-Identifier: Apache-2.0

package acceptance

import "kdz.mainz.de/operator/api/v1alpha1"

// stageRanks orders the stages of a handover by how far they are.
var stageRanks = map[v1alpha1.HandoverStage]int{
	v1alpha1.HandoverRejected:         1,
	v1alpha1.HandoverPreparing:        2,
	v1alpha1.HandoverVerifying:        3,
	v1alpha1.HandoverAwaitingSignOff:  4,
	v1alpha1.HandoverEarlyLifeSupport: 5,
	v1alpha1.HandoverCompleted:        6,
}

// Further says whether a handover has come further than another, by the stages
// in their statuses; of two that are equally far the name decides, so that the
// order in which they are listed does not.
func Further(a, b *v1alpha1.Handover) bool {
	if x, y := stageRanks[a.Status.Stage], stageRanks[b.Status.Stage]; x != y {
		return x > y
	}
	return a.Namespace+"/"+a.Name < b.Namespace+"/"+b.Name
}

// Furthest returns the handover that has come furthest, in whatever order they
// are listed; nil if there is none.
func Furthest(handovers []*v1alpha1.Handover) *v1alpha1.Handover {
	var furthest *v1alpha1.Handover
	for _, h := range handovers {
		if h != nil && (furthest == nil || Further(h, furthest)) {
			furthest = h
		}
	}
	return furthest
}
