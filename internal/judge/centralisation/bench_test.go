// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// BenchmarkJudge judges one application of each kind that is frequent.
func BenchmarkJudge(b *testing.B) {
	for _, c := range []struct {
		name  string
		scope centralisation.Scope
	}{
		{"Compliant", scope(application("amt-33"))},
		{"Exempt", scope(application("amt-33", decentral), exemption("e", "", "2027-12-31"))},
		{"InTransition", scope(application("amt-33", decentral, transition("2028-06-30")))},
		{"Violating", scope(application("amt-33", decentral))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				centralisation.Judge(c.scope)
			}
		})
	}
}

// BenchmarkAdmit admits and refuses.
func BenchmarkAdmit(b *testing.B) {
	good, bad := request(made("amt-33")), request(made("amt-33", decentral))
	b.ReportAllocs()
	for b.Loop() {
		centralisation.Admit(good)
		centralisation.Admit(bad)
	}
}

// BenchmarkCompile compiles a policy of 1,000 units and 10,000 exemptions.
func BenchmarkCompile(b *testing.B) {
	var units []*v1alpha1.OrganisationalUnit
	for i := range 1000 {
		parent := ""
		if i > 0 {
			parent = fmt.Sprintf("u%d", (i-1)/4)
		}
		units = append(units, unit(fmt.Sprintf("u%d", i), v1alpha1.UnitOffice, parent))
	}
	var list []*v1alpha1.Exemption
	for i := range 10000 {
		e := exemption("e", "", "2027-12-31")
		e.ObjectMeta = metav1.ObjectMeta{Namespace: fmt.Sprintf("u%d", i%1000), Name: fmt.Sprintf("e%d", i)}
		e.Spec.ApplicationRef.Name = v1alpha1.ObjectName(fmt.Sprintf("a%d", i))
		list = append(list, e)
	}
	rule := steeringModel()
	b.ReportAllocs()
	for b.Loop() {
		centralisation.Compile(rule, units, list, now)
	}
}

// TestJudgeAllocates only what it returns: the findings, and their messages.
func TestJudgeAllocates(t *testing.T) {
	for _, c := range []struct {
		name  string
		scope centralisation.Scope
		most  float64
	}{
		{"one finding, whose message names a unit", scope(application("amt-33")), 2},
		{"two findings without names", scope(application("amt-33", boughtAlone, decentral)), 1},
		{"retired", scope(application("amt-33", lifecycle(v1alpha1.LifecycleRetired))), 1},
	} {
		if n := testing.AllocsPerRun(100, func() { centralisation.Judge(c.scope) }); n > c.most {
			t.Errorf("%s: %v allocations, want at most %v", c.name, n, c.most)
		}
	}
}
