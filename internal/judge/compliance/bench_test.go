// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"fmt"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// A large namespace, in which one Application in a hundred breaks the rule.
func BenchmarkJudge(b *testing.B) {
	const size = 1000
	apps := make([]*v1alpha1.Application, size)
	for i := range apps {
		a := wellKept()
		a.Name = fmt.Sprintf("app-%d", i)
		if i%100 == 0 {
			decentral(a)
		}
		apps[i] = a
	}
	s := newScope(apps...)
	b.ReportAllocs()
	for b.Loop() {
		if n := len(compliance.Judge(s).Findings); n != size {
			b.Fatalf("%d findings", n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/application")
}
