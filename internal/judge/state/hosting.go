// SPDX-License-Identifier: Apache-2.0

package state

import (
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Hosting is how what an Application runs on stands as a whole.
type Hosting struct {
	// State of the worst system: Down before Degraded before Unknown before Up.
	// What was seen to be bad is not hidden by what could not be seen.
	State v1alpha1.ComponentState
	// Since when the first of the systems of that state was; of Up, the last.
	// Zero if that is not known.
	Since time.Time
	// Reason of the first system of that state.
	Reason string
	// Messages of the systems that are not up, worst first.
	Messages []string
}

// JudgeHosting sums up systems. Those that were not judged yet stay out, unless
// there are no others.
func JudgeHosting(systems []Part) Hosting {
	by := map[v1alpha1.ComponentState][]Part{}
	for _, p := range systems {
		switch {
		case p.Pending:
		case p.State == v1alpha1.ComponentStopped:
			by[v1alpha1.ComponentDown] = append(by[v1alpha1.ComponentDown], p)
		default:
			by[p.State] = append(by[p.State], p)
		}
	}
	h := Hosting{State: v1alpha1.ComponentUnknown, Reason: v1alpha1.ReasonAwaitingFirstResult}
	judged := false
	for _, s := range []v1alpha1.ComponentState{
		v1alpha1.ComponentDown, v1alpha1.ComponentDegraded, v1alpha1.ComponentUnknown, v1alpha1.ComponentUp,
	} {
		of := by[s]
		if len(of) > 0 && !judged {
			h, judged = Hosting{State: s, Since: earliest(of), Reason: of[0].Reason}, true
			if s == v1alpha1.ComponentUp {
				h.Since = latest(of)
			}
		}
		for _, p := range of {
			if p.Message != "" {
				h.Messages = append(h.Messages, p.Message)
			}
		}
	}
	return h
}
