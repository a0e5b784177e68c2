// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

func TestRulesOf(t *testing.T) {
	if centralisation.RulesOf(nil) != nil || centralisation.RulesOf(&v1alpha1.GovernancePolicy{}) != nil {
		t.Error("there are rules of what was never compiled")
	}
	policy := compiled(steeringModel(), city(), nil, now)
	want := &centralisation.Rules{
		Treatments: map[string]v1alpha1.Treatment{
			"amt-40-edu": v1alpha1.TreatmentExempt, "amt-37-ils": v1alpha1.TreatmentExempt,
			"amt-70": v1alpha1.TreatmentUnderReview, "kaw": v1alpha1.TreatmentUnderReview,
			"stadtwerke": v1alpha1.TreatmentOutOfScope, "extern": v1alpha1.TreatmentOutOfScope,
		},
		ProviderUnits: map[string]bool{"kdz-16": true, "kdz-16-03": true, "kdz-16-03-04": true},
		LegalBases:    map[string]bool{law: true},
		MaxTransition: 3 * 365 * 24 * time.Hour, MaxTransitionText: "26280h",
		Enforcement: v1alpha1.EnforcementDeny,
	}
	if diff := cmp.Diff(want, centralisation.RulesOf(policy)); diff != "" {
		t.Error(diff)
	}
	policy.Spec.Centralisation.Enforcement = ""
	if e := centralisation.RulesOf(policy).Enforcement; e != v1alpha1.EnforcementDeny {
		t.Errorf("without a word on enforcement it is %q", e)
	}
	for _, none := range []v1alpha1.Duration{"", "0s", "3y"} {
		policy.Spec.Centralisation.MaxTransition = none
		if r := centralisation.RulesOf(policy); r.MaxTransition != 0 || r.MaxTransitionText != "" {
			t.Errorf("maxTransition %q is a limit of %s", none, r.MaxTransition)
		}
	}
}

func TestCompileUnits(t *testing.T) {
	const office, education, kdz = v1alpha1.UnitOffice, v1alpha1.UnitEducation, v1alpha1.UnitKDZ
	const enterprise = v1alpha1.UnitMunicipalEnterprise
	type units = []*v1alpha1.OrganisationalUnit
	tests := []struct {
		name       string
		units      units
		providers  []v1alpha1.ObjectName
		treatments map[string]v1alpha1.Treatment
	}{
		{"nothing", nil, []v1alpha1.ObjectName{"kdz-16"}, nil},
		{"a tree", units{unit("kdz-16", kdz, ""), unit("b", kdz, "a"), unit("a", office, "kdz-16"), unit("c", kdz, "")}, []v1alpha1.ObjectName{"a", "b", "kdz-16"}, nil},
		{"below a provider that is not there yet", units{unit("b", kdz, "a"), unit("a", kdz, "kdz-16")}, []v1alpha1.ObjectName{"a", "b", "kdz-16"}, nil},
		{"a missing parent", units{unit("kdz-16", kdz, ""), unit("a", kdz, "gone")}, []v1alpha1.ObjectName{"kdz-16"}, nil},
		{"a circle", units{unit("a", office, "b"), unit("b", office, "a"), unit("c", office, "b")}, []v1alpha1.ObjectName{"kdz-16"}, nil},
		{"its own parent", units{unit("a", office, "a"), unit("kdz-16", kdz, "kdz-16")}, []v1alpha1.ObjectName{"kdz-16"}, nil},
		{"a circle through the provider", units{unit("kdz-16", kdz, "a"), unit("a", kdz, "kdz-16")}, []v1alpha1.ObjectName{"a", "kdz-16"}, nil},
		{"inherited", units{unit("e", education, ""), unit("o", office, "e"), unit("p", office, "o")}, []v1alpha1.ObjectName{"kdz-16"}, map[string]v1alpha1.Treatment{"e": v1alpha1.TreatmentExempt, "o": v1alpha1.TreatmentExempt, "p": v1alpha1.TreatmentExempt}},
		{"not upwards", units{unit("e", education, "o"), unit("o", office, "")}, []v1alpha1.ObjectName{"kdz-16"}, map[string]v1alpha1.Treatment{"e": v1alpha1.TreatmentExempt}},
		{"its own type wins", units{unit("e", education, ""), unit("m", enterprise, "e"), unit("o", office, "m")}, []v1alpha1.ObjectName{"kdz-16"}, map[string]v1alpha1.Treatment{"e": v1alpha1.TreatmentExempt, "m": v1alpha1.TreatmentUnderReview, "o": v1alpha1.TreatmentUnderReview}},
		{"Bound by its own type", units{unit("e", education, ""), unit("k", kdz, "e"), unit("o", office, "k")}, []v1alpha1.ObjectName{"kdz-16"}, map[string]v1alpha1.Treatment{"e": v1alpha1.TreatmentExempt}},
		{"from within a circle", units{unit("e", education, "o"), unit("o", office, "e")}, []v1alpha1.ObjectName{"kdz-16"}, map[string]v1alpha1.Treatment{"e": v1alpha1.TreatmentExempt, "o": v1alpha1.TreatmentExempt}},
	}
	spec := steeringModel()
	spec.Treatments = append(spec.Treatments, v1alpha1.UnitTreatment{UnitType: kdz, Treatment: v1alpha1.TreatmentBound})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := centralisation.Compile(spec, test.units, nil, now)
			if diff := cmp.Diff(test.providers, c.ProviderUnits); diff != "" {
				t.Errorf("providers: %s", diff)
			}
			if test.treatments == nil {
				test.treatments = map[string]v1alpha1.Treatment{}
			}
			if diff := cmp.Diff(test.treatments, c.UnitTreatments); diff != "" {
				t.Errorf("treatments: %s", diff)
			}
		})
	}
	if c := centralisation.Compile(nil, city(), nil, now); c.ProviderUnits != nil {
		t.Error("something was compiled of nothing")
	}
}

func TestCompileExemptions(t *testing.T) {
	const key = "amt-33/thing"
	tests := []struct {
		name       string
		exemptions []*v1alpha1.Exemption
		until      v1alpha1.Moment // empty: not exempt now
		next       string          // in Mainz
	}{
		{"none", nil, "", ""},
		{"one", []*v1alpha1.Exemption{exemption("a", "", "2027-12-31")}, "2027-12-31T23:00:00Z", "2028-01-01 00:00:00"},
		{"one that ends in summer", []*v1alpha1.Exemption{exemption("a", "", "2027-06-30")}, "2027-06-30T22:00:00Z", "2027-07-01 00:00:00"},
		{"from the day of the decision", []*v1alpha1.Exemption{exemption("a", "2026-11-02", "2026-11-02")}, "2026-11-02T23:00:00Z", "2026-11-03 00:00:00"},
		{"expired", []*v1alpha1.Exemption{exemption("a", "", "2026-11-01")}, "", ""},
		{"to come", []*v1alpha1.Exemption{exemption("a", "2026-12-01", "2027-12-31")}, "", "2026-12-01 00:00:00"},
		{"a renewal without a gap", []*v1alpha1.Exemption{exemption("b", "2027-01-01", "2027-12-31"), exemption("a", "", "2026-12-31")}, "2027-12-31T23:00:00Z", "2028-01-01 00:00:00"},
		{"a renewal that overlaps", []*v1alpha1.Exemption{exemption("b", "2026-12-01", "2027-12-31"), exemption("a", "", "2026-12-31")}, "2027-12-31T23:00:00Z", "2028-01-01 00:00:00"},
		{"a renewal after a gap of a day", []*v1alpha1.Exemption{exemption("b", "2027-01-02", "2027-12-31"), exemption("a", "", "2026-12-31")}, "2026-12-31T23:00:00Z", "2027-01-01 00:00:00"},
		{"one within another", []*v1alpha1.Exemption{exemption("b", "2026-11-10", "2026-11-20"), exemption("a", "", "2026-12-31")}, "2026-12-31T23:00:00Z", "2027-01-01 00:00:00"},
		{"unusable ones are left out", []*v1alpha1.Exemption{exemption("a", "", "2027-02-30"), exemption("b", "2026-02-29", "2027-12-31"), exemption("c", "2028-01-01", "2027-12-31")}, "", ""},
		{"decided after its end", []*v1alpha1.Exemption{exemption("a", "", "2026-09-30")}, "", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := centralisation.Compile(steeringModel(), city(), test.exemptions, now)
			if c.ExemptionIndex[key] != test.until || (test.until == "") != (len(c.ExemptionIndex) == 0) {
				t.Errorf("index %v, want %q", c.ExemptionIndex, test.until)
			}
			switch {
			case test.next == "" && !c.Next.IsZero():
				t.Errorf("next is %s, want never", c.Next)
			case test.next != "" && !c.Next.Equal(berlin(t, test.next)):
				t.Errorf("next is %s, want %s", c.Next, test.next)
			}
		})
	}
}

func TestStandingOf(t *testing.T) {
	const notice = 60 * 24 * time.Hour
	e := exemption("e", "2026-10-01", "2027-12-31")
	from, warning, until := berlin(t, "2026-10-01 00:00:00"), berlin(t, "2027-11-02 00:00:00"), berlin(t, "2028-01-01 00:00:00")
	for _, test := range []struct {
		now   time.Time
		state v1alpha1.ExemptionState
		next  time.Time
	}{
		{from.Add(-time.Nanosecond), v1alpha1.ExemptionPending, from},
		{from, v1alpha1.ExemptionActive, warning},
		{warning.Add(-time.Nanosecond), v1alpha1.ExemptionActive, warning},
		{warning, v1alpha1.ExemptionExpiring, until},
		{until.Add(-time.Nanosecond), v1alpha1.ExemptionExpiring, until},
		{until, v1alpha1.ExemptionExpired, time.Time{}},
	} {
		s, err := centralisation.StandingOf(e, notice, test.now)
		if err != nil {
			t.Fatal(err)
		}
		if s.State != test.state || !s.Next.Equal(test.next) || !s.From.Equal(from) || !s.Until.Equal(until) {
			t.Errorf("at %s: %+v", test.now, s)
		}
	}
	short := exemption("e", "2026-11-02", "2026-11-10")
	if s, err := centralisation.StandingOf(short, notice, now); err != nil || s.State != v1alpha1.ExemptionExpiring {
		t.Errorf("shorter than the notice: %+v, %v", s, err)
	}
	if s, err := centralisation.StandingOf(short, -notice, now); err != nil || s.State != v1alpha1.ExemptionActive || !s.Next.Equal(s.Until) {
		t.Errorf("without notice: %+v, %v", s, err)
	}
	if s, err := centralisation.StandingOf(exemption("e", "", "2027-12-31"), 0, now); err != nil || !s.From.Equal(from) {
		t.Errorf("from the day of the decision: %+v, %v", s, err)
	}
}

func TestStandingOfUnusable(t *testing.T) {
	undecided := exemption("e", "", "2027-12-31")
	undecided.Spec.Decision.DecidedOn = ""
	tests := []struct {
		name      string
		exemption *v1alpha1.Exemption
		want      string
	}{
		{"an end that is no day", exemption("e", "", "2026-02-30"), `spec.expiresOn: "2026-02-30" is not a day of the calendar`},
		{"no end", exemption("e", "", ""), "spec.expiresOn"},
		{"a beginning that is no day", exemption("e", "2026-04-31", "2026-12-31"), "spec.validFromOn"},
		{"no beginning", undecided, "spec.decision.decidedOn"},
		{"reversed", exemption("e", "2027-01-01", "2026-12-31"), "spec.expiresOn: 2026-12-31 is before 2027-01-01 of spec.validFromOn"},
		{"decided too late", exemption("e", "", "2026-09-30"), "of spec.decision.decidedOn"},
	}
	for _, test := range tests {
		s, err := centralisation.StandingOf(test.exemption, 0, now)
		if err == nil || !strings.Contains(err.Error(), test.want) || s != (centralisation.Standing{}) {
			t.Errorf("%s: %+v, %v", test.name, s, err)
		}
	}
}

func TestStateOf(t *testing.T) {
	covered := &v1alpha1.ExemptedApplication{UID: "1"}
	central, own := application("amt-33"), application("amt-33", decentral)
	const active, expiring = v1alpha1.ExemptionActive, v1alpha1.ExemptionExpiring
	tests := []struct {
		name    string
		days    v1alpha1.ExemptionState
		app     *v1alpha1.Application
		covered *v1alpha1.ExemptedApplication
		want    v1alpha1.ExemptionState
	}{
		{"needed", active, own, covered, active},
		{"needed, not noted yet", active, own, nil, active},
		{"bought alone", active, application("amt-33", boughtAlone), covered, active},
		{"undetermined", active, application("amt-33", undetermined), covered, active},
		{"not created yet", active, nil, nil, active},
		{"gone", active, nil, covered, v1alpha1.ExemptionUnneeded},
		{"centralised", active, central, covered, v1alpha1.ExemptionUnneeded},
		{"central from the start", expiring, central, nil, v1alpha1.ExemptionUnneeded},
		{"retired", expiring, application("amt-33", decentral, lifecycle(v1alpha1.LifecycleRetired)), covered, v1alpha1.ExemptionUnneeded},
		{"ends soon", expiring, own, covered, expiring},
		{"has not begun", v1alpha1.ExemptionPending, central, covered, v1alpha1.ExemptionPending},
		{"has ended", v1alpha1.ExemptionExpired, nil, covered, v1alpha1.ExemptionExpired},
	}
	for _, test := range tests {
		if got := centralisation.StateOf(centralisation.Standing{State: test.days}, test.app, test.covered); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func TestSystemOf(t *testing.T) {
	app := application("amt-33")
	if diff := cmp.Diff(v1alpha1.ExemptedApplication{UID: "1", DisplayName: "Ding"}, centralisation.SystemOf(app)); diff != "" {
		t.Error(diff)
	}
	app.Spec.DisplayName.DE = ""
	if name := centralisation.SystemOf(app).DisplayName; name != "Thing" {
		t.Errorf("without a German name it is called %q", name)
	}
}
