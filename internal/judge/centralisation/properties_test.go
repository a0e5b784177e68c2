// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// days are near enough for spans to touch, with a change of the clocks among
// them, and now and then one that is none.
var days = rapid.Custom(func(t *rapid.T) v1alpha1.Date {
	if rapid.IntRange(0, 19).Draw(t, "none") == 0 {
		return rapid.SampledFrom([]v1alpha1.Date{"2026-02-30", "2026-11-31", "", "soon"}).Draw(t, "no day")
	}
	return v1alpha1.Date(time.Date(2026, 10, 20+rapid.IntRange(0, 25).Draw(t, "day"), 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
})

// moments are around those days.
var moments = rapid.Custom(func(t *rapid.T) time.Time {
	return time.Date(2026, 10, 18, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 30*24*4).Draw(t, "quarters")) * 15 * time.Minute)
})

var exemptions = rapid.Custom(func(t *rapid.T) []*v1alpha1.Exemption {
	list := make([]*v1alpha1.Exemption, rapid.IntRange(0, 5).Draw(t, "exemptions"))
	for i := range list {
		from := days.Draw(t, "from")
		list[i] = exemption(fmt.Sprintf("e%d", i), from, days.Draw(t, "expires"))
		if rapid.Bool().Draw(t, "by decision") {
			list[i].Spec.ValidFromOn, list[i].Spec.Decision.DecidedOn = "", from
		}
		if rapid.Bool().Draw(t, "used") {
			usedFor(list[i], rapid.SampledFrom(uids).Draw(t, "uid"), rapid.SampledFrom([]string{"", "Ding"}).Draw(t, "for"))
		}
	}
	return list
})

var uids = []string{"1", "2"}

var namespaces = []string{"amt-33", "amt-40-edu", "amt-70", "stadtwerke"}

var unitNames = []string{"kdz-16", "kdz-16-03-04", "amt-33", "amt-70", "gone"}

// operations are as the schema lets them pass.
var operations = rapid.Custom(func(t *rapid.T) v1alpha1.Operation {
	op := v1alpha1.Operation{Provider: rapid.SampledFrom([]v1alpha1.Provider{
		v1alpha1.ProviderKDZ, v1alpha1.ProviderState, v1alpha1.ProviderDecentral, v1alpha1.ProviderDecentral, v1alpha1.ProviderUndetermined,
	}).Draw(t, "provider")}
	if op.Provider == v1alpha1.ProviderKDZ || rapid.Bool().Draw(t, "has unit") {
		op.UnitRef = ref(rapid.SampledFrom(unitNames).Draw(t, "unit"))
	}
	if rapid.Bool().Draw(t, "has support") {
		op.SupportUnitRef = ref(rapid.SampledFrom(unitNames).Draw(t, "support"))
	}
	if op.Provider == v1alpha1.ProviderState {
		op.LegalBasis = rapid.SampledFrom([]string{law, "Because"}).Draw(t, "basis")
	}
	op.ProcuredThrough = rapid.SampledFrom([]v1alpha1.ProcurementChannel{"", v1alpha1.ProcuredThroughKDZ, v1alpha1.ProcuredThroughUnit}).Draw(t, "procured")
	if op.Provider == v1alpha1.ProviderDecentral && rapid.Bool().Draw(t, "has transition") {
		op.Transition = &v1alpha1.Transition{ProjectRef: v1alpha1.ProjectReference{Name: "move"}, DueOn: days.Draw(t, "due")}
	}
	if op.Provider == v1alpha1.ProviderDecentral && rapid.Bool().Draw(t, "has review") {
		op.Review = &v1alpha1.Review{Reviewers: []v1alpha1.ObjectName{"kdz-16"}, DueOn: days.Draw(t, "reviewed")}
	}
	return op
})

var applications = rapid.Custom(func(t *rapid.T) *v1alpha1.Application {
	a := application(rapid.SampledFrom(namespaces).Draw(t, "namespace"))
	a.Spec.Origin = rapid.SampledFrom([]v1alpha1.Origin{v1alpha1.OriginExisting, v1alpha1.OriginProject, v1alpha1.OriginProject}).Draw(t, "origin")
	a.Spec.Lifecycle = rapid.SampledFrom([]v1alpha1.Lifecycle{
		v1alpha1.LifecyclePlanned, v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut, v1alpha1.LifecycleRetired,
	}).Draw(t, "lifecycle")
	if rapid.IntRange(0, 9).Draw(t, "answers for itself") == 0 {
		a.Spec.Responsible.UnitRef = *ref(rapid.SampledFrom(unitNames).Draw(t, "responsible"))
	}
	a.Spec.Operation = operations.Draw(t, "operation")
	return a
})

// spec is the rule with a limit on transitions that matters among those days.
func spec() *v1alpha1.CentralisationPolicy {
	s := steeringModel()
	s.MaxTransition = "240h"
	return s
}

var scopes = rapid.Custom(func(t *rapid.T) centralisation.Scope {
	s := centralisation.Scope{
		Application: applications.Draw(t, "application"),
		Exemptions:  exemptions.Draw(t, "of it"),
		Now:         moments.Draw(t, "now"),
		Unit:        rapid.SampledFrom(append([]string{""}, namespaces...)).Draw(t, "of the namespace"),
	}
	if rapid.IntRange(0, 9).Draw(t, "compiled") > 0 {
		s.Rules = centralisation.RulesOf(compiled(spec(), city(), s.Exemptions, s.Now))
	}
	return s
})

// TestNothingChangesBeforeNext: until just before the moment that it names a
// judgement stays the same, to the last word.
func TestNothingChangesBeforeNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes.Draw(t, "scope")
		first := centralisation.Judge(s)
		end := first.Next.Add(-time.Nanosecond)
		if first.Next.IsZero() {
			end = s.Now.AddDate(200, 0, 0)
		} else if !first.Next.After(s.Now) {
			t.Fatalf("at %s it changes at %s", s.Now, first.Next)
		}
		between := s.Now.Add(time.Duration(rand.Int64N(int64(end.Sub(s.Now)) + 1)))
		for _, s.Now = range []time.Time{between, end} {
			if diff := cmp.Diff(first, centralisation.Judge(s)); diff != "" {
				t.Fatalf("at %s:\n%s", s.Now, diff)
			}
		}
	})
}

// TestOrderOfExemptionsDoesNotMatter, neither to the judgement nor to what is
// compiled.
func TestOrderOfExemptionsDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes.Draw(t, "scope")
		units := city()
		first, compilation := centralisation.Judge(s), centralisation.Compile(spec(), units, s.Exemptions, s.Now)
		s.Exemptions = rapid.Permutation(s.Exemptions).Draw(t, "in another order")
		if diff := cmp.Diff(first, centralisation.Judge(s)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(compilation, centralisation.Compile(spec(), rapid.Permutation(units).Draw(t, "units"), s.Exemptions, s.Now)); diff != "" {
			t.Error(diff)
		}
	})
}

// TestJudgementIsWhole: there is always a finding that decides, its verdict
// fits, and none stands there twice.
func TestJudgementIsWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scopes.Draw(t, "scope")
		j := centralisation.Judge(s)
		seen := map[string]bool{}
		for _, f := range j.Findings {
			if seen[f.Reason] {
				t.Errorf("%s stands there twice", f.Reason)
			}
			seen[f.Reason] = true
		}
		if len(j.Findings) == 0 {
			t.Fatal("nothing was found")
		}
		if (j.Verdict == v1alpha1.VerdictUnknown) != (j.Reason() == v1alpha1.ReasonPolicyNotCompiled || j.Reason() == v1alpha1.ReasonProviderUndetermined) {
			t.Errorf("%s: %s", j.Verdict, j.Reason())
		}
		if j.Verdict == v1alpha1.VerdictViolating && !centralisation.Decentral(s.Application) && j.Reason() != v1alpha1.ReasonNotAProviderUnit && j.Reason() != v1alpha1.ReasonStateServiceUnlisted && j.Reason() != v1alpha1.ReasonExemptionExpired {
			t.Errorf("%s: %s, and it is not decentral", j.Verdict, j.Reason())
		}
		// The condition's message has a limit.
		if n := len(j.Message()); n > 32768 {
			t.Errorf("the message has %d characters", n)
		}
	})
}

// TestWhatTheDoorLetsInViolatesNothing: an application that anybody may create
// is not Violating from the start.
func TestWhatTheDoorLetsInViolatesNothing(t *testing.T) {
	let := 0
	rapid.Check(t, func(t *rapid.T) {
		app, at, list := applications.Draw(t, "application"), moments.Draw(t, "compiled at"), exemptions.Draw(t, "exemptions")
		for _, e := range list {
			e.Namespace = app.Namespace
		}
		if rapid.Bool().Draw(t, "keeps the rule") { // few do by chance
			app.Spec.Origin, app.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecyclePlanned
			app.Spec.Responsible.UnitRef = *ref(app.Namespace)
			app.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderKDZ, UnitRef: ref("kdz-16")}
		}
		later := at.Add(time.Duration(rapid.IntRange(0, 10*24).Draw(t, "hours later")) * time.Hour)
		policy := compiled(spec(), city(), list, at)
		s := centralisation.Scope{Application: app, Unit: app.Namespace, Rules: centralisation.RulesOf(policy), Exemptions: list, Now: later}
		r := centralisation.Request{New: app, Unit: s.Unit, Rules: s.Rules, Now: later}
		if until, exempt := policy.Status.ExemptionIndex[app.Namespace+"/"+app.Name]; exempt {
			var err error
			if r.ExemptUntil, err = time.Parse(time.RFC3339, string(until)); err != nil {
				t.Fatal(err)
			}
		}
		if len(centralisation.Admit(r)) > 0 {
			return
		}
		let++
		if j := centralisation.Judge(s); j.Verdict == v1alpha1.VerdictViolating || j.Verdict == v1alpha1.VerdictUnknown {
			t.Errorf("%s: %s", j.Verdict, j.Message())
		}
	})
	if let == 0 {
		t.Error("the door let nothing in")
	}
}

// TestUnchangedPasses: whoever may change something else of an application may
// leave all that the door guards as it is.
func TestUnchangedPasses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := applications.Draw(t, "application")
		after := before.DeepCopy()
		after.Spec.Description = "Something else"
		r := centralisation.Request{
			Old: before, New: after, Unit: rapid.SampledFrom(namespaces).Draw(t, "unit"),
			Rules: centralisation.RulesOf(compiled(spec(), city(), nil, now)), Now: moments.Draw(t, "now"),
		}
		if refusals := centralisation.Admit(r); len(refusals) > 0 {
			t.Errorf("%+v", refusals)
		}
		// Nor does it ever take more to let it fade away.
		after.Spec.Lifecycle = v1alpha1.LifecycleRetired
		for _, refusal := range centralisation.Admit(r) {
			if refusal.Rule {
				t.Errorf("%+v", refusal)
			}
		}
	})
}

// TestCompileEqualsItsModel compares Compile with the sentence that defines it,
// for any forest, with circles and missing parents.
func TestCompileEqualsItsModel(t *testing.T) {
	types := []v1alpha1.UnitType{v1alpha1.UnitKDZ, v1alpha1.UnitOffice, v1alpha1.UnitEducation, v1alpha1.UnitMunicipalEnterprise, v1alpha1.UnitThirdParty}
	rapid.Check(t, func(t *rapid.T) {
		rule := steeringModel()
		if rapid.Bool().Draw(t, "office is bound") {
			rule.Treatments = append(rule.Treatments, v1alpha1.UnitTreatment{UnitType: v1alpha1.UnitOffice, Treatment: v1alpha1.TreatmentBound})
		}
		rule.ProviderUnitRef = *ref("u0")
		n := rapid.IntRange(0, 10).Draw(t, "units")
		var units []*v1alpha1.OrganisationalUnit
		for i := range n {
			parent := ""
			if rapid.Bool().Draw(t, "has parent") {
				parent = fmt.Sprintf("u%d", rapid.IntRange(0, n+1).Draw(t, "parent")) // two of them are missing
			}
			if i == 0 && rapid.Bool().Draw(t, "provider is missing") {
				continue
			}
			units = append(units, unit(fmt.Sprintf("u%d", i), rapid.SampledFrom(types).Draw(t, "type"), parent))
		}
		c := centralisation.Compile(rule, units, nil, now)
		providers, treatments := model(rule, units)
		if diff := cmp.Diff(providers, c.ProviderUnits); diff != "" {
			t.Errorf("providers (-model +compiled):\n%s", diff)
		}
		if diff := cmp.Diff(treatments, c.UnitTreatments); diff != "" {
			t.Errorf("treatments (-model +compiled):\n%s", diff)
		}
	})
}

// model climbs from each unit, as often as there are units.
func model(rule *v1alpha1.CentralisationPolicy, units []*v1alpha1.OrganisationalUnit) ([]v1alpha1.ObjectName, map[string]v1alpha1.Treatment) {
	providers := []v1alpha1.ObjectName{rule.ProviderUnitRef.Name}
	treatments := map[string]v1alpha1.Treatment{}
	find := func(name string) *v1alpha1.OrganisationalUnit {
		i := slices.IndexFunc(units, func(u *v1alpha1.OrganisationalUnit) bool { return u.Name == name })
		if i < 0 {
			return nil
		}
		return units[i]
	}
	for _, u := range units {
		provides, treatment := false, v1alpha1.Treatment("")
		name := u.Name
		for range len(units) + 1 {
			provides = provides || name == string(rule.ProviderUnitRef.Name)
			at := find(name)
			if at == nil {
				break
			}
			for _, e := range rule.Treatments {
				if e.UnitType == at.Spec.Type && treatment == "" {
					treatment = e.Treatment
				}
			}
			if at.Spec.ParentRef == nil {
				break
			}
			name = string(at.Spec.ParentRef.Name)
		}
		if provides && !slices.Contains(providers, v1alpha1.ObjectName(u.Name)) {
			providers = append(providers, v1alpha1.ObjectName(u.Name))
		}
		if treatment != "" && treatment != v1alpha1.TreatmentBound {
			treatments[u.Name] = treatment
		}
	}
	slices.Sort(providers)
	return providers, treatments
}

// TestIndexEqualsItsModel compares the index of exemptions with asking, hour by
// hour, whether one holds; and nothing of it changes before Next, but at Next.
func TestIndexEqualsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list, at := exemptions.Draw(t, "exemptions"), moments.Draw(t, "now").Truncate(time.Hour)
		holds := func(m time.Time) bool {
			return slices.ContainsFunc(list, func(e *v1alpha1.Exemption) bool {
				s, err := centralisation.StandingOf(e, 0, m)
				return err == nil && s.Holds()
			})
		}
		want, end := map[string]v1alpha1.Moment{}, at
		for holds(end) {
			end = end.Add(time.Hour)
		}
		if end.After(at) {
			want["amt-33/thing"] = v1alpha1.Moment(end.Format(time.RFC3339))
		}
		c := centralisation.Compile(spec(), nil, list, at)
		if diff := cmp.Diff(want, c.ExemptionIndex); diff != "" {
			t.Fatalf("(-model +compiled):\n%s", diff)
		}
		if c.Next.IsZero() {
			for m := at; m.Before(at.AddDate(0, 2, 0)); m = m.Add(time.Hour) {
				if holds(m) {
					t.Fatalf("nothing is to change, and at %s one holds", m)
				}
			}
			return
		}
		before := centralisation.Compile(spec(), nil, list, c.Next.Add(-time.Nanosecond))
		if diff := cmp.Diff(c, before); diff != "" {
			t.Errorf("just before %s:\n%s", c.Next, diff)
		}
		if diff := cmp.Diff(c.ExemptionIndex, centralisation.Compile(spec(), nil, list, c.Next).ExemptionIndex); diff == "" {
			t.Errorf("nothing changes at %s", c.Next)
		}
	})
}

// TestStandingHoldsUntilNext: a state lasts until the moment that it names.
func TestStandingHoldsUntilNext(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := exemption("e", days.Draw(t, "from"), days.Draw(t, "expires"))
		at, notice := moments.Draw(t, "now"), time.Duration(rapid.IntRange(-10, 400).Draw(t, "notice"))*time.Hour
		s, err := centralisation.StandingOf(e, notice, at)
		if err != nil {
			return
		}
		end := s.Next.Add(-time.Nanosecond)
		if s.Next.IsZero() {
			end = at.AddDate(100, 0, 0)
		}
		if same, err := centralisation.StandingOf(e, notice, end); err != nil || same.State != s.State {
			t.Errorf("%s became %s before %s (%v)", s.State, same.State, s.Next, err)
		}
		if s.Next.IsZero() {
			return
		}
		if next, err := centralisation.StandingOf(e, notice, s.Next); err != nil || next.State == s.State {
			t.Errorf("%s does not end at %s (%v)", s.State, s.Next, err)
		}
	})
}
