// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"fmt"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// The largest handover that there can be, to be signed.
func BenchmarkJudge(b *testing.B) {
	s := scope()
	for i := range 31 {
		app := application()
		app.Name = fmt.Sprintf("app-%d", i)
		s.Applications = append(s.Applications, acceptance.Application{Name: app.Name, Object: app})
	}
	for i := range 64 {
		s.Handover.Spec.Criteria = append(s.Handover.Spec.Criteria, v1alpha1.HandoverCriterion{
			Name: v1alpha1.ItemName(fmt.Sprintf("criterion-%d", i)), Description: "is fulfilled", FulfilledOn: "2027-03-01",
		})
	}
	sign("a", v1alpha1.RoleProjectLead, 0)(s)
	sign("b", v1alpha1.RoleOperations, 0)(s)
	s.Handover.Spec.StableFor = "0s"
	b.ReportAllocs()
	for b.Loop() {
		if v := acceptance.Judge(s); v.Stage != v1alpha1.HandoverAwaitingSignOff {
			b.Fatal(v.Stage)
		}
	}
}
