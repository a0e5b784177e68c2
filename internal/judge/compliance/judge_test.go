// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/utils/ptr"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// decentral makes an Application decentral.
func decentral(a *v1alpha1.Application) {
	a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderDecentral}
}

func TestWhatIsToldOfAnApplication(t *testing.T) {
	const passed = "ProvidedByKDZ pass info"
	ref := func(name string) v1alpha1.ApplicationReference {
		return v1alpha1.ApplicationReference{Name: v1alpha1.ObjectName(name)}
	}
	tests := map[string]struct {
		change func(*compliance.Scope, *v1alpha1.Application)
		want   []string
	}{
		"well kept": {func(*compliance.Scope, *v1alpha1.Application) {}, []string{passed}},
		"decentral": {func(_ *compliance.Scope, a *v1alpha1.Application) { decentral(a) }, []string{"Decentral fail high"}},
		"bought alone": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Operation.ProcuredThrough = v1alpha1.ProcuredThroughUnit
		}, []string{"ProcuredByUnit fail high"}},
		"undetermined": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Operation = v1alpha1.Operation{Provider: v1alpha1.ProviderUndetermined}
		}, []string{"ProviderUndetermined warn medium"}},
		"without a policy": {func(s *compliance.Scope, _ *v1alpha1.Application) { s.Policy, s.Rules = nil, nil }, []string{"PolicyNotCompiled warn medium"}},
		"undecodable": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.DecodingError, a.Spec = "spec.endpoints: no list", v1alpha1.ApplicationSpec{}
		}, []string{"Undecodable warn medium"}},
		"the unit is exempt": {func(s *compliance.Scope, a *v1alpha1.Application) {
			s.Unit, a.Spec.Responsible.UnitRef = "schulen", unitRef("schulen")
			decentral(a)
		}, []string{"UnitExempt skip info"}},
		"the unit is examined": {func(s *compliance.Scope, a *v1alpha1.Application) {
			s.Unit, a.Spec.Responsible.UnitRef = "ebs", unitRef("ebs")
			decentral(a)
		}, []string{"UnitUnderReview warn low"}},
		"out of scope": {func(s *compliance.Scope, a *v1alpha1.Application) {
			s.Unit, a.Spec.Responsible.UnitRef = "mainzplus", unitRef("mainzplus")
			decentral(a)
		}, []string{"UnitOutOfScope skip info"}},
		"out of scope, and claims what is not true": {func(s *compliance.Scope, a *v1alpha1.Application) {
			s.Unit, a.Spec.Responsible.UnitRef = "mainzplus", unitRef("mainzplus")
			a.Spec.Operation.UnitRef = new(unitRef("mainzplus"))
		}, []string{"NotAProviderUnit warn medium", "UnitOutOfScope skip info"}},
		"of another unit": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Responsible.UnitRef = unitRef("amt-12")
		}, []string{passed, "UnitMismatch warn medium"}},
		"in a namespace without a unit": {func(s *compliance.Scope, _ *v1alpha1.Application) { s.Unit = "" }, []string{passed, "NamespaceWithoutUnit fail medium"}},

		"delivered, and nobody took over": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
		}, []string{passed, "HandoverMissing fail medium"}},
		"delivered, and not in operation yet": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin, a.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecyclePlanned
		}, []string{passed}},
		"phased out, and nobody ever took over": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin, a.Spec.Lifecycle = v1alpha1.OriginProject, v1alpha1.LifecyclePhasingOut
		}, []string{passed, "HandoverMissing fail medium"}},
		"being handed over": {func(s *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
			s.Handovers = []*v1alpha1.Handover{handover("amt-33", "h", v1alpha1.HandoverVerifying, ref("civento"))}
		}, []string{passed, "HandoverIncomplete fail medium"}},
		"refused": {func(s *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
			s.Handovers = []*v1alpha1.Handover{handover("amt-33", "h", v1alpha1.HandoverRejected, ref("civento"))}
		}, []string{passed, "HandoverIncomplete fail high"}},
		"handed over": {func(s *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
			s.Handovers = []*v1alpha1.Handover{
				handover("amt-33", "first", v1alpha1.HandoverRejected, ref("civento")),
				handover("amt-33", "second", v1alpha1.HandoverCompleted, ref("other"), ref("civento")),
			}
		}, []string{passed}},
		"in early life support": {func(s *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
			s.Handovers = []*v1alpha1.Handover{handover("amt-33", "h", v1alpha1.HandoverEarlyLifeSupport, ref("civento"))}
		}, []string{passed}},
		"handed over from another namespace": {func(s *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
			there := ref("civento")
			there.Namespace = "amt-33"
			s.Handovers = []*v1alpha1.Handover{handover("amt-10", "h", v1alpha1.HandoverCompleted, there)}
		}, []string{passed}},
		"its namesake was handed over": {func(s *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin = v1alpha1.OriginProject
			s.Handovers = []*v1alpha1.Handover{handover("amt-10", "h", v1alpha1.HandoverCompleted, ref("civento"))}
		}, []string{passed, "HandoverMissing fail medium"}},

		"without a level":                   {func(_ *compliance.Scope, a *v1alpha1.Application) { a.Spec.ServiceLevelRef = nil }, []string{passed, "ServiceLevelMissing fail medium"}},
		"under a level that is not there":   {func(_ *compliance.Scope, a *v1alpha1.Application) { a.Spec.ServiceLevelRef.Name = "platinum" }, []string{passed, "ServiceLevelUnknown fail medium"}},
		"under a level that nobody decided": {func(_ *compliance.Scope, a *v1alpha1.Application) { a.Spec.ServiceLevelRef.Name = "lead" }, []string{passed, "ServiceLevelUndecided warn low"}},
		"under a level that was refused": {func(s *compliance.Scope, _ *v1alpha1.Application) {
			s.ServiceLevels["gold"].Spec.Decision.Outcome = v1alpha1.OutcomeRejected
		}, []string{passed, "ServiceLevelUndecided warn low"}},
		"retired": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			a.Spec.Origin, a.Spec.Lifecycle, a.Spec.ServiceLevelRef = v1alpha1.OriginProject, v1alpha1.LifecycleRetired, nil
		}, []string{"NoLongerOperated pass info"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app := wellKept()
			s := newScope(app)
			test.change(s, app)
			got := allTold(compliance.Judge(s))
			slices.Sort(got)
			slices.Sort(test.want)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatRunsOut(t *testing.T) {
	tests := map[string]struct {
		change func(*compliance.Scope, *v1alpha1.Application)
		want   []string
		next   time.Time
	}{
		"exempt for long": {func(s *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			s.Exemptions = []*v1alpha1.Exemption{exemption("e", "civento", "2026-01-01", "2027-12-31")}
		}, []string{"Exempted skip info"}, endOf(t, "2027-12-31").Add(-1440 * time.Hour)},
		"exempt, not for long": {func(s *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			s.Exemptions = []*v1alpha1.Exemption{exemption("e", "civento", "2026-01-01", "2026-12-31")}
		}, []string{"Exempted skip info", "ExemptionExpiring warn medium"}, endOf(t, "2026-12-31")},
		"was exempt": {func(s *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			s.Exemptions = []*v1alpha1.Exemption{exemption("e", "civento", "2026-01-01", "2026-11-21")}
		}, []string{"ExemptionExpired fail high"}, time.Time{}},
		"exempt, and another is meant": {func(s *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			e := exemption("e", "civento", "2026-01-01", "2027-12-31")
			e.Status.Application = &v1alpha1.ExemptedApplication{UID: "another", DisplayName: "Another"}
			s.Exemptions = []*v1alpha1.Exemption{e}
		}, []string{"Exempted skip info", "ExemptionReused fail high"}, endOf(t, "2027-12-31").Add(-1440 * time.Hour)},

		"in transition": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			a.Spec.Operation.Transition = &v1alpha1.Transition{ProjectRef: v1alpha1.ProjectReference{Name: "p"}, DueOn: "2027-06-30"}
		}, []string{"TransitionPlanned warn low"}, endOf(t, "2027-06-30").AddDate(0, 0, -90)},
		"in transition, and soon due": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			a.Spec.Operation.Transition = &v1alpha1.Transition{ProjectRef: v1alpha1.ProjectReference{Name: "p"}, DueOn: "2027-01-31"}
		}, []string{"TransitionDue warn medium", "TransitionPlanned warn low"}, endOf(t, "2027-01-31")},
		"transition overdue": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			a.Spec.Operation.Transition = &v1alpha1.Transition{ProjectRef: v1alpha1.ProjectReference{Name: "p"}, DueOn: "2026-11-21"}
		}, []string{"TransitionOverdue fail high"}, time.Time{}},
		"transition overdue, and exempt": {func(s *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			a.Spec.Operation.Transition = &v1alpha1.Transition{ProjectRef: v1alpha1.ProjectReference{Name: "p"}, DueOn: "2026-11-21"}
			s.Exemptions = []*v1alpha1.Exemption{exemption("e", "civento", "2026-01-01", "2027-12-31")}
		}, []string{"Exempted skip info", "TransitionOverdue fail medium"}, endOf(t, "2027-12-31").Add(-1440 * time.Hour)},
		"examined": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			a.Spec.Operation.Review = &v1alpha1.Review{Reviewers: []v1alpha1.ObjectName{"kdz-16", "amt-10"}, DueOn: "2027-01-31"}
		}, []string{"ReviewDue warn medium", "ReviewPending warn low"}, endOf(t, "2027-01-31")},
		"examination overdue": {func(_ *compliance.Scope, a *v1alpha1.Application) {
			decentral(a)
			a.Spec.Operation.Review = &v1alpha1.Review{Reviewers: []v1alpha1.ObjectName{"kdz-16"}, DueOn: "2026-11-21"}
		}, []string{"ReviewOverdue fail high"}, time.Time{}},

		"contract to be cancelled": {contract("2027-06-30", 180), []string{"ContractToCancel warn medium", "ProvidedByKDZ pass info"}, endOf(t, "2027-01-01")},
		"contract that goes on":    {contract("2027-12-31", 420), []string{"ProvidedByKDZ pass info"}, endOf(t, "2027-12-31").AddDate(0, 0, -90)},
		"contract that ends":       {contract("2026-12-31", 0), []string{"ContractEnding warn low", "ProvidedByKDZ pass info"}, endOf(t, "2026-12-31")},
		"contract that has ended":  {contract("2026-11-21", 0), []string{"ContractEnded fail medium", "ProvidedByKDZ pass info"}, time.Time{}},
		"contract without an end":  {contract("", 90), []string{"ProvidedByKDZ pass info"}, time.Time{}},
		"contract of no day":       {contract("2026-02-30", 90), []string{"ContractUnreadable warn low", "ProvidedByKDZ pass info"}, time.Time{}},
		"retired, and its contract ended": {func(s *compliance.Scope, a *v1alpha1.Application) {
			contract("2026-11-21", 0)(s, a)
			a.Spec.Lifecycle = v1alpha1.LifecycleRetired
		}, []string{"NoLongerOperated pass info"}, time.Time{}},
		"retired, and its contract goes on": {func(s *compliance.Scope, a *v1alpha1.Application) {
			contract("2027-06-30", 180)(s, a)
			a.Spec.Lifecycle = v1alpha1.LifecycleRetired
		}, []string{"ContractToCancel warn medium", "NoLongerOperated pass info"}, endOf(t, "2027-01-01")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app := wellKept()
			s := newScope(app)
			test.change(s, app)
			j := compliance.Judge(s)
			got := allTold(j)
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if !j.Next.Equal(test.next) {
				t.Errorf("next %s, want %s", j.Next, test.next)
			}
		})
	}
}

func contract(endsOn v1alpha1.Date, notice int32) func(*compliance.Scope, *v1alpha1.Application) {
	return func(_ *compliance.Scope, a *v1alpha1.Application) {
		a.Spec.Contracts = []v1alpha1.Contract{{
			Number: "V-1", Name: "Maintenance", Type: v1alpha1.ContractSupport, Supplier: "ekom21",
			EndsOn: endsOn, NoticePeriodDays: new(notice), AnnualCostEUR: ptr.To[int64](12000),
		}}
	}
}

func TestDetailsThatAnAuditorSortsBy(t *testing.T) {
	exempt := wellKept()
	decentral(exempt)
	contract("2027-06-30", 180)(nil, exempt)
	s := newScope(exempt)
	s.Exemptions = []*v1alpha1.Exemption{exemption("e", "civento", "2026-01-01", "2026-12-31")}
	j := compliance.Judge(s)

	f := one(t, j, v1alpha1.ReasonExempted)
	want := map[string]string{
		"verdict": "Exempt", "provider": "Decentral", "unit": "amt-33", "sentence": "3", "source": "paper",
		"exemption": "e", "endsOn": "2026-12-31", "body": "SteeringRound", "reference": "SR-2026-01", "decidedBy": "round@example.org",
	}
	if diff := cmp.Diff(want, f.Properties); diff != "" {
		t.Errorf("properties of the verdict (-want +got):\n%s", diff)
	}
	if f.Category != "Centralisation" || f.Subject.Kind != "Application" || f.Subject.UID != "civento" {
		t.Errorf("finding %+v", f)
	}

	f = one(t, j, compliance.RuleContractToCancel)
	want = map[string]string{
		"cancelBy": "2027-01-01", "endsOn": "2027-06-30", "name": "Maintenance", "supplier": "ekom21", "annualCostEUR": "12000",
	}
	if diff := cmp.Diff(want, f.Properties); diff != "" || f.Item != "V-1" {
		t.Errorf("contract %q, properties (-want +got):\n%s", f.Item, diff)
	}

	s.Unit = "schulen"
	if got := one(t, compliance.Judge(s), v1alpha1.ReasonUnitExempt).Properties["exemption"]; got != "unit schulen" {
		t.Errorf("exempt by %q", got)
	}
}

func TestEveryFindingSaysWhatToDo(t *testing.T) {
	app := wellKept()
	decentral(app)
	app.Spec.Origin, app.Spec.ServiceLevelRef = v1alpha1.OriginProject, nil
	app.Spec.Protection, app.Spec.Hosting = &v1alpha1.Protection{Availability: v1alpha1.ProtectionHigh, PersonalData: true}, supplied("").Spec.Hosting
	contract("2026-12-31", 0)(nil, app)
	s := newScope(app)
	s.Unit = ""
	for _, f := range compliance.Judge(s).Findings {
		if f.Message == "" || f.Remedy == "" || f.Category == "" || f.Policy == "" {
			t.Errorf("finding %+v", f)
		}
	}
}
