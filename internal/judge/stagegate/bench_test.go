// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"fmt"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// BenchmarkJudge is what the largest project costs: 200 milestones, half of them
// overdue, and 512 online services, half of them at their target.
func BenchmarkJudge(b *testing.B) {
	s := with(untilBegun)
	for i := range 200 {
		day := v1alpha1.Date(fmt.Sprintf("2026-%02d-%02d", 5+i%6, 1+i%28))
		done := v1alpha1.Date("")
		if i%2 == 0 {
			done = day
		}
		milestone(fmt.Sprintf("milestone %d", i), day, done)(s)
	}
	s.Offered = map[stagegate.Service]int32{}
	for i := range 512 {
		key := stagegate.Service{OZGService: fmt.Sprintf("service %d", i/4), Name: fmt.Sprintf("single service %d", i)}
		s.Project.Spec.OnlineServices = append(s.Project.Spec.OnlineServices, v1alpha1.TargetOnlineService{OZGService: key.OZGService, Name: key.Name})
		s.Offered[key] = int32(1 + i%2)
	}
	b.ReportAllocs()
	for b.Loop() {
		stagegate.Judge(s)
	}
}

// BenchmarkJudgeUsual is what the example costs.
func BenchmarkJudgeUsual(b *testing.B) {
	s := scopeOf(example(b))
	b.ReportAllocs()
	for b.Loop() {
		stagegate.Judge(s)
	}
}
