// SPDX-License-Identifier: Apache-2.0

package organisationalunit

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/organisationalunit/rollup"
	"kdz.mainz.de/operator/internal/judge/state"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

func newUnit(name, parent string) *v1alpha1.OrganisationalUnit {
	u := &v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 3}}
	u.Spec.Number = name
	u.Spec.Type = v1alpha1.UnitKDZ
	u.Spec.DisplayName.DE = name
	if parent != "" {
		u.Spec.ParentRef = &v1alpha1.UnitReference{Name: v1alpha1.ObjectName(parent)}
	}
	return u
}

// short is a condition without what is checked elsewhere.
func short(u *v1alpha1.OrganisationalUnit) map[string]string {
	all := map[string]string{}
	for _, c := range u.Status.Conditions {
		all[c.Type] = string(c.Status) + " " + c.Reason
	}
	return all
}

func TestSetReady(t *testing.T) {
	tests := map[string]struct {
		unit    *v1alpha1.OrganisationalUnit
		totals  rollup.Snapshot
		want    map[string]string
		message string
	}{
		"in its place": {
			newUnit("kdz-16-03", "kdz-16"),
			rollup.Snapshot{},
			map[string]string{"Ready": "True Succeeded"},
			"counted",
		},
		"the parent is missing": {
			newUnit("kdz-16-03", "kdz-16"),
			rollup.Snapshot{MissingParent: "kdz-16"},
			map[string]string{"Ready": "False ReferenceNotFound", "Reconciling": "True ReferenceNotFound"},
			`"kdz-16"`,
		},
		"on a cycle": {
			newUnit("a", "b"),
			rollup.Snapshot{Cycle: []string{"a", "b", "a"}},
			map[string]string{"Ready": "False ParentCycle", "Stalled": "True ParentCycle"},
			"a → b → a",
		},
		"a parent without a name": {
			func() *v1alpha1.OrganisationalUnit {
				u := newUnit("a", "")
				u.Spec.ParentRef = &v1alpha1.UnitReference{}
				return u
			}(),
			rollup.Snapshot{},
			map[string]string{"Ready": "False InvalidSpec", "Stalled": "True InvalidSpec"},
			"spec.parentRef.name",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			setReady(tc.unit, tc.totals, noon)
			if diff := cmp.Diff(tc.want, short(tc.unit)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			ready := meta.FindStatusCondition(tc.unit.Status.Conditions, v1alpha1.ConditionReady)
			if !strings.Contains(ready.Message, tc.message) {
				t.Errorf("message %q does not say %q", ready.Message, tc.message)
			}
			if ready.ObservedGeneration != tc.unit.Generation {
				t.Errorf("observedGeneration %d, want %d", ready.ObservedGeneration, tc.unit.Generation)
			}
		})
	}
}

func TestSetReadyHeals(t *testing.T) {
	u := newUnit("kdz-16-03", "kdz-16")
	for _, s := range []rollup.Snapshot{{MissingParent: "kdz-16"}, {Cycle: []string{"a", "a"}}, {}} {
		setReady(u, s, noon)
	}
	if diff := cmp.Diff(map[string]string{"Ready": "True Succeeded"}, short(u)); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
}

func TestSetAvailable(t *testing.T) {
	tests := map[v1alpha1.OperationalState]string{
		v1alpha1.StateOperational: "True Operational",
		v1alpha1.StateDegraded:    "True Degraded",
		v1alpha1.StateOutage:      "False Outage",
		v1alpha1.StateUnknown:     string(metav1.ConditionUnknown) + " " + v1alpha1.ReasonUnknown,
	}
	for s, want := range tests {
		t.Run(string(s), func(t *testing.T) {
			u := newUnit("kdz-16", "")
			setAvailable(u, state.UnitVerdict{State: s, Cause: "why"}, noon)
			if diff := cmp.Diff(map[string]string{"Available": want}, short(u)); diff != "" {
				t.Errorf("conditions (-want +got):\n%s", diff)
			}
			if got := u.Status.Conditions[0].Message; got != "why" {
				t.Errorf("message %q, want the cause", got)
			}
		})
	}
}

func TestSetStateMovesSinceOnlyWithTheState(t *testing.T) {
	out := state.UnitVerdict{State: v1alpha1.StateOutage, Cause: "a is out"}
	u := newUnit("kdz-16", "")
	setState(u, out, noon)
	out.Cause = "b is out"
	setState(u, out, noon.Add(time.Minute))
	if !u.Status.Since.Time.Equal(noon) || u.Status.Cause != "b is out" {
		t.Errorf("since %v, cause %q: only the cause should have changed", u.Status.Since, u.Status.Cause)
	}
	setState(u, state.UnitVerdict{State: v1alpha1.StateOperational}, noon.Add(time.Hour))
	if !u.Status.Since.Time.Equal(noon.Add(time.Hour)) || u.Status.Cause != "" {
		t.Errorf("since %v, cause %q: both should have changed", u.Status.Since, u.Status.Cause)
	}
}

func TestSetStatusChangesNothingTheSecondTime(t *testing.T) {
	u := newUnit("kdz-16", "")
	totals := rollup.Snapshot{
		Applications:   v1alpha1.ApplicationCounts{Total: 2, Outage: 2},
		Centralisation: v1alpha1.CentralisationCounts{Compliant: 2},
	}
	verdict := state.UnitVerdict{State: v1alpha1.StateOutage, Cause: "a is out"}
	setStatus(u, totals, verdict, noon)
	before := u.DeepCopy()
	setStatus(u, totals, verdict, noon.Add(time.Hour))
	if diff := cmp.Diff(before, u, cmpopts.EquateApproxTime(0)); diff != "" {
		t.Errorf("an hour later (-before +after):\n%s", diff)
	}
	if u.Status.ObservedGeneration != 3 || u.Status.Applications.Total != 2 || u.Status.Centralisation.Compliant != 2 {
		t.Errorf("status is incomplete: %+v", u.Status)
	}
}
