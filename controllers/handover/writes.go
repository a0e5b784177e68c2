// SPDX-License-Identifier: Apache-2.0

package handover

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// hold returns for how long to put off the writing of what was judged; zero if it
// is to be written now, or if there is nothing to write.
func (r *Reconciler) hold(s *scope) time.Duration {
	switch {
	case equality.Semantic.DeepEqual(s.before, s.handover):
		r.writes.Settled(s.key(), s.now)
		return 0
	case s.before.Status.ObservedGeneration != s.handover.Generation:
		return 0 // somebody waits to see what became of a new spec
	default:
		return r.writes.Wait(s.key(), onlyWords(s.before, s.handover), s.now)
	}
}

// onlyWords says whether two Handovers differ in nothing but messages, and in how
// available the Applications were in early-life support so far.
func onlyWords(before, after *v1alpha1.Handover) bool {
	return equality.Semantic.DeepEqual(wordless(before), wordless(after))
}

// wordless returns the status of a Handover without messages.
func wordless(h *v1alpha1.Handover) *v1alpha1.HandoverStatus {
	st := h.Status.DeepCopy()
	for i := range st.Results {
		st.Results[i].Message = ""
	}
	for i := range st.SignOffs {
		st.SignOffs[i].Message = ""
	}
	for i := range st.Missing {
		st.Missing[i].Message = ""
	}
	for i := range st.Conditions {
		st.Conditions[i].Message = ""
	}
	if support := st.EarlyLifeSupport; support != nil {
		support.Availability, support.Worst = "", ""
	}
	return st
}
