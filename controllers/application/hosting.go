// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

// gatherHosting notes what the Application runs on. No world below the
// endpoints is looked at yet, so hosting is Unknown; that weighs only where
// the Application declares no endpoint by which it could be judged.
func (r *Reconciler) gatherHosting(_ context.Context, s *scope) error {
	h := s.app.Spec.Hosting
	if h == nil || !s.observed() || len(s.app.Spec.Endpoints) > 0 {
		return nil
	}
	s.others = append(s.others, state.Part{
		Kind:      v1alpha1.CauseHosting,
		Name:      string(h.Platform),
		Essential: true,
		State:     v1alpha1.ComponentUnknown,
		Reason:    v1alpha1.ReasonNotObserved,
		Message:   hostingNotObserved,
	})
	return nil
}

// hostingNotObserved says why hosting is Unknown.
const hostingNotObserved = "hosting is declared but not observed"
