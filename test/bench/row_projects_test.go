// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// TestPortfolioRests: the Projects of the row are being implemented whatever the
// day, and stay so for as long as they are measured.
func TestPortfolioRests(t *testing.T) {
	for day := range 366 {
		now := time.Date(2028, 1, 1, 23, 30, 0, 0, time.UTC).AddDate(0, 0, day)
		for n := range 4 {
			v := stagegate.Judge(&stagegate.Scope{Project: newProject(n, now), Now: now})
			if v.Stage != v1alpha1.StageInImplementation || len(v.Contradictions) > 0 || v.Milestones.Overdue > 0 {
				t.Fatalf("%s: a project is %s, with %v and %+v", now.Format(time.DateOnly), v.Stage, v.Contradictions, v.Milestones)
			}
			if !v.Next.IsZero() && v.Next.Before(now.Add(time.Hour)) {
				t.Fatalf("%s: it is judged anew at %s", now.Format(time.DateOnly), v.Next)
			}
		}
	}
}
