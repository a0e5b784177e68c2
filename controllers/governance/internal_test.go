// SPDX-License-Identifier: Apache-2.0

package governance

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

var noon = time.Date(2027, 6, 15, 12, 0, 0, 0, time.UTC)

var verdicts = []v1alpha1.Verdict{
	"", "Lost", v1alpha1.VerdictCompliant, v1alpha1.VerdictExempt, v1alpha1.VerdictUnderReview,
	v1alpha1.VerdictInTransition, v1alpha1.VerdictViolating, v1alpha1.VerdictOutOfScope, v1alpha1.VerdictUnknown,
}

// TestTallyIsACount: whatever happened, the tally is what one would count, and
// it says that a count changed if one may have.
func TestTallyIsACount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var counted tally
		model := map[types.NamespacedName]v1alpha1.Verdict{}
		for range rapid.IntRange(0, 40).Draw(t, "events") {
			key := types.NamespacedName{Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")}
			before := counted.total()
			var changed bool
			if rapid.Bool().Draw(t, "gone") {
				delete(model, key)
				changed = counted.forget(key)
			} else {
				model[key] = rapid.SampledFrom(verdicts).Draw(t, "verdict")
				changed = counted.set(key, model[key])
			}
			if changed != (before != counted.total()) {
				t.Fatalf("changed: %t, from %+v to %+v", changed, before, counted.total())
			}
		}
		var want v1alpha1.CentralisationCounts
		for _, v := range model {
			switch v {
			case v1alpha1.VerdictCompliant:
				want.Compliant++
			case v1alpha1.VerdictExempt:
				want.Exempt++
			case v1alpha1.VerdictUnderReview:
				want.UnderReview++
			case v1alpha1.VerdictInTransition:
				want.InTransition++
			case v1alpha1.VerdictViolating:
				want.Violating++
			case v1alpha1.VerdictOutOfScope:
				want.OutOfScope++
			default:
				want.Unknown++
			}
		}
		if diff := cmp.Diff(want, counted.total()); diff != "" {
			t.Fatalf("counts (-want +got):\n%s", diff)
		}
	})
}

// TestWhatCannotBeHeld: what is too much for the status, or cannot be read,
// leaves what was compiled before as it was.
func TestWhatCannotBeHeld(t *testing.T) {
	entries := func(n, length int) map[string]v1alpha1.Moment {
		index := map[string]v1alpha1.Moment{}
		for i := range n {
			index[fmt.Sprintf("%0*d", length, i)] = "2027-12-31T23:00:00Z"
		}
		return index
	}
	units := func(n int) (names []v1alpha1.ObjectName) {
		for i := range n {
			names = append(names, v1alpha1.ObjectName(fmt.Sprintf("u%d", i)))
		}
		return names
	}
	treatments := func(n int) map[string]v1alpha1.Treatment {
		all := map[string]v1alpha1.Treatment{}
		for _, name := range units(n) {
			all[string(name)] = v1alpha1.TreatmentExempt
		}
		return all
	}
	tests := map[string]struct {
		compilation centralisation.Compilation
		undecodable string
		reason      string
		words       string
	}{
		"as many names as it holds":   {compilation: centralisation.Compilation{ExemptionIndex: entries(20000, 20)}},
		"one name more":               {centralisation.Compilation{ExemptionIndex: entries(20001, 20)}, "", v1alpha1.ReasonTooMany, "20001 names are exempt"},
		"fewer, but too long":         {centralisation.Compilation{ExemptionIndex: entries(15000, 127)}, "", v1alpha1.ReasonTooMany, "takes 2295000 bytes"},
		"as many units as it holds":   {compilation: centralisation.Compilation{ProviderUnits: units(512)}},
		"one unit more":               {centralisation.Compilation{ProviderUnits: units(513)}, "", v1alpha1.ReasonTooMany, "spec.centralisation.providerUnitRef"},
		"as many treated as it holds": {compilation: centralisation.Compilation{UnitTreatments: treatments(4096)}},
		"one treated more":            {centralisation.Compilation{UnitTreatments: treatments(4097)}, "", v1alpha1.ReasonTooMany, "spec.centralisation.treatments"},
		"undecodable":                 {centralisation.Compilation{}, "spec: cannot unmarshal", v1alpha1.ReasonUndecodable, "cannot unmarshal"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			p := &v1alpha1.GovernancePolicy{ObjectMeta: metav1.ObjectMeta{Generation: 7}, DecodingError: tc.undecodable}
			p.Status.CompiledAt = &metav1.Time{Time: noon.Add(-time.Hour)}
			p.Status.ExemptionIndex = map[string]v1alpha1.Moment{"a/b": "2027-12-31T23:00:00Z"}
			before := p.DeepCopy()
			s := &policyScope{now: noon, compilation: tc.compilation}
			s.tell(p)
			stalled := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled)
			if tc.reason == "" {
				if stalled != nil || !p.Status.CompiledAt.Time.Equal(noon) || len(p.Status.ExemptionIndex) != len(tc.compilation.ExemptionIndex) {
					t.Errorf("stalled: %+v, compiled at %s", stalled, p.Status.CompiledAt)
				}
				return
			}
			if stalled == nil || stalled.Reason != tc.reason || !strings.Contains(stalled.Message, tc.words) ||
				!strings.Contains(stalled.Message, "what was compiled before still holds") {
				t.Errorf("stalled: %+v", stalled)
			}
			before.Status.Conditions, before.Status.ObservedGeneration = p.Status.Conditions, 7
			if diff := cmp.Diff(before.Status, p.Status); diff != "" {
				t.Errorf("the rest of the status (-was +is):\n%s", diff)
			}
		})
	}
}

// TestCompiledAtMovesWithWhatIsCompiled: and with nothing else.
func TestCompiledAtMovesWithWhatIsCompiled(t *testing.T) {
	p := &v1alpha1.GovernancePolicy{}
	compile := func(at time.Time, c centralisation.Compilation) time.Time {
		(&policyScope{now: at, compilation: c}).tell(p)
		return p.Status.CompiledAt.Time
	}
	c := centralisation.Compilation{ProviderUnits: []v1alpha1.ObjectName{"kdz"}}
	first := compile(noon, c)
	if second := compile(noon.Add(time.Hour), c); !second.Equal(first) {
		t.Errorf("nothing changed, and it moved from %s to %s", first, second)
	}
	c.UnitTreatments = map[string]v1alpha1.Treatment{"school": v1alpha1.TreatmentExempt}
	if third := compile(noon.Add(2*time.Hour), c); !third.Equal(noon.Add(2 * time.Hour)) {
		t.Errorf("a treatment changed, and it was compiled at %s", third)
	}
}

// TestUndecodableUnits: one of which nothing is known takes nobody out of the
// KDZ, and exemptions go on; before the first compilation there is nothing to
// keep.
func TestUndecodableUnits(t *testing.T) {
	s := policyScope{now: noon, undecodable: []string{"kdz-16-03"}, compilation: centralisation.Compilation{
		ProviderUnits:  []v1alpha1.ObjectName{"kdz-16"},
		ExemptionIndex: map[string]v1alpha1.Moment{"amt-33/app": "2028-01-01T00:00:00+01:00"},
	}}
	p := &v1alpha1.GovernancePolicy{}
	p.Status.CompiledAt = &metav1.Time{Time: noon.Add(-time.Hour)}
	p.Status.ProviderUnits = []v1alpha1.ObjectName{"kdz-16", "kdz-16-03", "kdz-16-03-04"}
	p.Status.UnitTreatments = map[string]v1alpha1.Treatment{"amt-40-edu": v1alpha1.TreatmentExempt}
	before := p.DeepCopy()
	s.tell(p)
	if diff := cmp.Diff(before.Status.ProviderUnits, p.Status.ProviderUnits); diff != "" {
		t.Errorf("provider units (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before.Status.UnitTreatments, p.Status.UnitTreatments); diff != "" {
		t.Errorf("treatments (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(s.compilation.ExemptionIndex, p.Status.ExemptionIndex); diff != "" || !p.Status.CompiledAt.Time.Equal(noon) {
		t.Errorf("compiled at %s, exemptions (-want +got):\n%s", p.Status.CompiledAt, diff)
	}
	stalled := meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionStalled)
	if stalled == nil || stalled.Reason != v1alpha1.ReasonUndecodable || !strings.Contains(stalled.Message, "kdz-16-03") {
		t.Errorf("Stalled: %+v", stalled)
	}

	first := &v1alpha1.GovernancePolicy{}
	s.tell(first)
	if len(first.Status.ProviderUnits) != 1 || first.Status.CompiledAt == nil {
		t.Errorf("never compiled before, and now: %+v", first.Status)
	}
}

func TestWait(t *testing.T) {
	tests := map[string]struct {
		next   time.Time
		counts time.Duration
		want   time.Duration
	}{
		"for ever":                         {},
		"for the next expiry":              {next: noon.Add(time.Hour), want: time.Hour + time.Millisecond},
		"not at all, as it has passed":     {next: noon.Add(-time.Hour), want: time.Millisecond},
		"until counts may be written":      {counts: time.Second, want: time.Second},
		"for the first of the two moments": {next: noon.Add(time.Hour), counts: time.Second, want: time.Second},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			s := &policyScope{now: noon, compilation: centralisation.Compilation{Next: tc.next}}
			if got := s.wait(tc.counts); got != tc.want {
				t.Errorf("waits for %s, want %s", got, tc.want)
			}
		})
	}
}

// TestReadinessOfAnExemption: it is Ready only once admission knows of it.
func TestReadinessOfAnExemption(t *testing.T) {
	compiled := &v1alpha1.GovernancePolicy{}
	compiled.Status.CompiledAt = &metav1.Time{Time: noon}
	stalled := compiled.DeepCopy()
	stalled.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Message: "20001 names"}}
	holds := centralisation.Standing{State: v1alpha1.ExemptionActive, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour)}
	pending := centralisation.Standing{State: v1alpha1.ExemptionPending, From: noon.Add(time.Hour), Until: noon.Add(2 * time.Hour)}
	over := centralisation.Standing{State: v1alpha1.ExemptionExpired, From: noon.Add(-2 * time.Hour), Until: noon.Add(-time.Hour)}
	wasReady := func(e *v1alpha1.Exemption) {
		e.Status.State = v1alpha1.ExemptionActive
		e.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSucceeded}}
	}
	tests := map[string]struct {
		scope  exemptionScope
		before func(*v1alpha1.Exemption)
		status metav1.ConditionStatus
		reason string
		words  string
	}{
		"no policy":                     {scope: exemptionScope{standing: holds}, status: metav1.ConditionFalse, reason: v1alpha1.ReasonCompiling, words: "there is no GovernancePolicy"},
		"never compiled":                {scope: exemptionScope{standing: pending, policy: &v1alpha1.GovernancePolicy{}}, status: metav1.ConditionFalse, reason: v1alpha1.ReasonCompiling, words: "has not been compiled"},
		"not contained":                 {scope: exemptionScope{standing: holds, policy: compiled}, before: wasReady, status: metav1.ConditionFalse, reason: v1alpha1.ReasonCompiling, words: "does not know of it yet"},
		"not contained, nor will it be": {scope: exemptionScope{standing: holds, policy: stalled}, status: metav1.ConditionFalse, reason: v1alpha1.ReasonCompiling, words: "Stalled: 20001 names"},
		"just seen":                     {scope: exemptionScope{standing: holds, policy: compiled, seenAt: noon}, status: metav1.ConditionFalse, reason: v1alpha1.ReasonCompiling, words: "on its way"},
		"just seen, and known before":   {scope: exemptionScope{standing: holds, policy: compiled, seenAt: noon}, before: wasReady, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSucceeded, words: "admission knows"},
		"seen for a while":              {scope: exemptionScope{standing: holds, policy: compiled, seenAt: noon.Add(-time.Second)}, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSucceeded, words: "admission knows"},
		"yet to come":                   {scope: exemptionScope{standing: pending, policy: compiled}, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSucceeded, words: "it holds from 2027-06-15"},
		"over":                          {scope: exemptionScope{standing: over}, status: metav1.ConditionTrue, reason: v1alpha1.ReasonSucceeded, words: "it is over"},
		"unusable":                      {scope: exemptionScope{unusable: errors.New("no such day")}, status: metav1.ConditionFalse, reason: v1alpha1.ReasonInvalidSpec, words: "no such day"},
		"undecodable": {
			before: func(e *v1alpha1.Exemption) { e.DecodingError = "spec: cannot unmarshal" },
			status: metav1.ConditionFalse, reason: v1alpha1.ReasonUndecodable, words: "cannot unmarshal",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e := &v1alpha1.Exemption{}
			if tc.before != nil {
				tc.before(e)
			}
			tc.scope.now = noon
			tc.scope.tell(e)
			c := meta.FindStatusCondition(e.Status.Conditions, v1alpha1.ConditionReady)
			if c.Status != tc.status || c.Reason != tc.reason || !strings.Contains(c.Message, tc.words) {
				t.Errorf("Ready: %+v", c)
			}
			if wait := tc.scope.wait(); (wait > 0) != (name == "just seen") {
				t.Errorf("waits for %s", wait)
			}
			if (e.Status.State == "") != (c.Reason == v1alpha1.ReasonInvalidSpec || c.Reason == v1alpha1.ReasonUndecodable) {
				t.Errorf("the state is %q", e.Status.State)
			}
		})
	}
}

// TestSinceWhen: a state that the calendar brought began when the calendar
// says, also where nobody looked at that moment.
func TestSinceWhen(t *testing.T) {
	from, until := noon.Add(-100*time.Hour), noon.Add(-time.Hour)
	old, recent := noon.Add(-200*time.Hour), noon.Add(-30*time.Minute)
	tests := map[string]struct {
		was, is v1alpha1.ExemptionState
		since   time.Time
		want    time.Time
	}{
		"began while nobody looked":       {v1alpha1.ExemptionPending, v1alpha1.ExemptionActive, old, from},
		"ended while nobody looked":       {v1alpha1.ExemptionActive, v1alpha1.ExemptionExpired, old, until},
		"ended, and nobody had needed it": {v1alpha1.ExemptionUnneeded, v1alpha1.ExemptionExpired, old, until},
		"needed again":                    {v1alpha1.ExemptionUnneeded, v1alpha1.ExemptionActive, old, noon},
		"nobody needs it":                 {v1alpha1.ExemptionActive, v1alpha1.ExemptionUnneeded, old, noon},
		"never before the state before":   {v1alpha1.ExemptionActive, v1alpha1.ExemptionExpired, recent, noon},
		"over when it was created":        {"", v1alpha1.ExemptionExpired, time.Time{}, noon},
		"the notice lies before the end":  {v1alpha1.ExemptionActive, v1alpha1.ExemptionExpiring, noon.Add(-2000 * time.Hour), until.Add(-defaultNotice)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e := &v1alpha1.Exemption{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(recent)}}
			if !tc.since.IsZero() {
				e.Status.Since = &metav1.Time{Time: tc.since}
			}
			s := &exemptionScope{now: noon, standing: centralisation.Standing{From: from, Until: until}}
			if got := s.began(e, tc.was, tc.is); !got.Equal(tc.want) {
				t.Errorf("since %s, want %s", got, tc.want)
			}
		})
	}
}

func TestChangedEntries(t *testing.T) {
	before := map[string]v1alpha1.Moment{"same": "1", "longer": "1", "gone": "1"}
	after := map[string]v1alpha1.Moment{"same": "1", "longer": "2", "new": "1"}
	got := map[string]bool{}
	for _, name := range changedEntries(before, after) {
		got[name] = true
	}
	if diff := cmp.Diff(map[string]bool{"longer": true, "gone": true, "new": true}, got); diff != "" {
		t.Error(diff)
	}
}
