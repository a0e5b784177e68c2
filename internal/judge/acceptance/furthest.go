// SPDX-License-Identifier: Apache-2.0

package acceptance

import "kdz.mainz.de/operator/api/v1alpha1"

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
