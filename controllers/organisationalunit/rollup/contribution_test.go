// SPDX-License-Identifier: Apache-2.0

package rollup

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/state"
)

func TestContributionOf(t *testing.T) {
	since := time.Date(2026, 11, 2, 9, 0, 0, 0, time.FixedZone("CET", 3600))
	outage := func(a *v1alpha1.Application) {
		a.Status.OperationalState = v1alpha1.StateOutage
		a.Status.Since = &metav1.Time{Time: since}
		a.Status.Centralisation = v1alpha1.VerdictCompliant
		a.Status.Cause = &v1alpha1.Cause{Kind: v1alpha1.CauseEndpoint, Reason: "ConnectionRefused", Message: "refused"}
		a.Spec.Protection = &v1alpha1.Protection{Availability: v1alpha1.ProtectionHigh}
	}
	tests := map[string]struct {
		change func(*v1alpha1.Application)
		want   func(*Contribution)
	}{
		"not judged yet": {
			func(*v1alpha1.Application) {},
			func(*Contribution) {},
		},
		"each unit once and sorted": {
			func(a *v1alpha1.Application) {
				a.Spec.Operation.UnitRef = &v1alpha1.UnitReference{Name: "kdz-16-03"}
				a.Spec.Operation.SupportUnitRef = &v1alpha1.UnitReference{Name: "amt-10"}
			},
			func(c *Contribution) { c.Units = [3]string{"amt-10", "kdz-16-03"} },
		},
		"planned and not judged yet": {
			func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePlanned },
			func(c *Contribution) { c.Member.State = v1alpha1.StatePlanned },
		},
		"retired and not judged yet": {
			func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleRetired },
			func(c *Contribution) { c.Member.State = v1alpha1.StateRetired },
		},
		"what was judged beats what is declared": {
			func(a *v1alpha1.Application) {
				a.Spec.Lifecycle = v1alpha1.LifecycleRetired
				a.Status.OperationalState = v1alpha1.StateOperational
			},
			func(c *Contribution) { c.Member.State = v1alpha1.StateOperational },
		},
		"a state that nobody knows": {
			func(a *v1alpha1.Application) { a.Status.OperationalState, a.Status.Centralisation = "Melting", "Lost" },
			func(*Contribution) {},
		},
		"out": {outage, func(c *Contribution) {
			c.Verdict = v1alpha1.VerdictCompliant
			c.Member.State, c.Member.Availability = v1alpha1.StateOutage, v1alpha1.ProtectionHigh
			c.Member.Since, c.Member.Message = since.UTC(), "refused"
		}},
		"out without a message": {
			func(a *v1alpha1.Application) { outage(a); a.Status.Cause.Message = "" },
			func(c *Contribution) {
				c.Verdict = v1alpha1.VerdictCompliant
				c.Member.State, c.Member.Availability = v1alpha1.StateOutage, v1alpha1.ProtectionHigh
				c.Member.Since, c.Member.Message = since.UTC(), "ConnectionRefused"
			},
		},
		"what only a cause needs is left out where there is none": {
			func(a *v1alpha1.Application) { outage(a); a.Status.OperationalState = v1alpha1.StateMaintenance },
			func(c *Contribution) {
				c.Verdict, c.Member.State = v1alpha1.VerdictCompliant, v1alpha1.StateMaintenance
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-10", Name: "civento"}}
			a.Spec.Lifecycle = v1alpha1.LifecycleOperating
			a.Spec.Responsible.UnitRef.Name = "amt-10"
			want := Contribution{
				Units: [3]string{"amt-10"}, Verdict: v1alpha1.VerdictUnknown,
				Member: state.UnitMember{Namespace: "amt-10", Name: "civento", State: v1alpha1.StateUnknown},
			}
			tc.change(a)
			tc.want(&want)
			if diff := cmp.Diff(want, ContributionOf(a)); diff != "" {
				t.Errorf("contribution (-want +got):\n%s", diff)
			}
		})
	}
}
