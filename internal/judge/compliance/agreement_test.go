// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/compliance"
)

// TestWhatAccountsShow: what an agreement requires, and how it is kept.
func TestWhatAccountsShow(t *testing.T) {
	planned := func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecyclePlanned }
	retired := func(a *v1alpha1.Application) { a.Spec.Lifecycle = v1alpha1.LifecycleRetired }
	stands := func(reason string) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) {
			a.Status.ServiceLevel = &v1alpha1.ServiceLevelSummary{Period: "2026-11"}
			a.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionServiceLevelMet, Reason: reason}}
		}
	}
	as := func(*v1alpha1.Application) {}
	requires := &v1alpha1.Requirements{Protection: &v1alpha1.RequiredProtection{Integrity: v1alpha1.ProtectionHigh}}
	all := compliance.Account{Counted: true, LostAt: "2026-11-16T12:00:00Z", Broken: "2026-10", Overran: "2026-11", OverranBefore: "2026-10"}
	tests := map[string]struct {
		change   func(*v1alpha1.Application)
		requires *v1alpha1.Requirements
		account  compliance.Account
		want     []string // "rule result severity item"
	}{
		"it keeps the agreement":            {stands(v1alpha1.ReasonMet), nil, compliance.Account{Counted: true}, nil},
		"it is broken now":                  {stands(v1alpha1.ReasonBreached), nil, compliance.Account{}, []string{"ServiceLevelBreached fail high 2026-11"}},
		"it was broken before":              {as, nil, compliance.Account{Broken: "2026-10"}, []string{"ServiceLevelBreached fail high 2026-10"}},
		"both":                              {stands(v1alpha1.ReasonBreached), nil, compliance.Account{Broken: "2026-10"}, []string{"ServiceLevelBreached fail high 2026-10", "ServiceLevelBreached fail high 2026-11"}},
		"booked, and not told yet":          {stands(v1alpha1.ReasonBreached), nil, compliance.Account{Broken: "2026-11"}, []string{"ServiceLevelBreached fail high 2026-11"}},
		"outages lasted too long":           {as, nil, compliance.Account{Overran: "2026-11", OverranBefore: "2026-10"}, []string{"RecoveryBreached fail medium 2026-10", "RecoveryBreached fail medium 2026-11"}},
		"the account was lost":              {as, nil, compliance.Account{LostAt: "2026-11-16T12:00:00Z"}, []string{"HistoryLost fail high "}},
		"the account was lost, says status": {stands(v1alpha1.ReasonHistoryLost), nil, compliance.Account{}, []string{"HistoryLost fail high "}},
		"it declares too little":            {as, requires, compliance.Account{}, []string{"RequirementUnmet fail medium "}},
		"it declares enough": {func(a *v1alpha1.Application) {
			a.Spec.Protection = &v1alpha1.Protection{Integrity: v1alpha1.ProtectionVeryHigh}
		}, requires, compliance.Account{}, nil},
		"it operated, and is planned":      {planned, requires, all, []string{"PlannedAgain fail high "}},
		"it is planned, and never counted": {planned, requires, compliance.Account{}, nil},
		"it is retired":                    {retired, requires, all, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			app := wellKept()
			test.change(app)
			s := newScope(app)
			s.ServiceLevels["gold"].Spec.Requires = test.requires
			s.Accounts = map[v1alpha1.ObjectName]compliance.Account{"civento": test.account}
			var got []string
			for _, f := range compliance.Judge(s).Findings {
				if f.Policy != compliance.PolicyServiceLevels {
					continue
				}
				got = append(got, told(&f)+" "+f.Item)
				if f.Remedy == "" || f.Message == "" || f.Category != "Operation" {
					t.Errorf("finding %+v", f)
				}
			}
			slices.Sort(got)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestARequirementNamesWhatIsLacking(t *testing.T) {
	s := newScope(wellKept())
	s.ServiceLevels["gold"].Spec.Requires = &v1alpha1.Requirements{Sovereignty: new(int32(2))}
	f := one(t, compliance.Judge(s), v1alpha1.ReasonRequirementUnmet)
	if !strings.Contains(f.Message, "spec.sovereignty is nothing, required is 2") || f.Properties[compliance.PropertyServiceLevel] != "gold" {
		t.Errorf("finding %+v", f)
	}
}

func TestAccountOf(t *testing.T) {
	october, november := metav1.NewTime(endOf(t, "2026-09-30")), metav1.NewTime(endOf(t, "2026-10-31"))
	lostAt := func(at time.Time) *metav1.Time { m := metav1.NewTime(at); return &m }
	record := func(change func(*v1alpha1.AvailabilityRecord)) *v1alpha1.AvailabilityRecord {
		r := &v1alpha1.AvailabilityRecord{Current: &v1alpha1.CurrentAccount{Period: "2026-11", StartAt: november}}
		r.Periods = []v1alpha1.AccountPeriod{
			{Period: "2026-10", StartAt: &october, Result: v1alpha1.ResultMet},
			{Period: "2026-09", Result: v1alpha1.ResultBreached, RecoveryBreaches: 1},
		}
		change(r)
		return r
	}
	tests := map[string]struct {
		record *v1alpha1.AvailabilityRecord
		want   compliance.Account
	}{
		"empty":      {&v1alpha1.AvailabilityRecord{}, compliance.Account{}},
		"not yet":    {&v1alpha1.AvailabilityRecord{Current: &v1alpha1.CurrentAccount{Period: "2026-11"}}, compliance.Account{}},
		"began":      {&v1alpha1.AvailabilityRecord{Current: &v1alpha1.CurrentAccount{Accumulators: v1alpha1.Accumulators{Agreed: 1}}}, compliance.Account{Counted: true}},
		"older ones": {record(func(*v1alpha1.AvailabilityRecord) {}), compliance.Account{Counted: true}},
		"the last": {record(func(r *v1alpha1.AvailabilityRecord) {
			r.Periods[0].Result, r.Periods[0].RecoveryBreaches = "Breached", 2
		}), compliance.Account{Counted: true, Broken: "2026-10", OverranBefore: "2026-10"}},
		"now":         {record(func(r *v1alpha1.AvailabilityRecord) { r.Current.Accumulators.RecoveryBreaches = 1 }), compliance.Account{Counted: true, Overran: "2026-11"}},
		"it lasts":    {record(func(r *v1alpha1.AvailabilityRecord) { r.Current.OpenOutage = &v1alpha1.Outage{RecoveryBreached: true} }), compliance.Account{Counted: true, Overran: "2026-11"}},
		"lost":        {record(func(r *v1alpha1.AvailabilityRecord) { r.HistoryLostAt = lostAt(november.Add(36 * time.Hour)) }), compliance.Account{Counted: true, LostAt: "2026-11-02T11:00:00Z"}},
		"lost before": {record(func(r *v1alpha1.AvailabilityRecord) { r.HistoryLostAt = lostAt(october.Time) }), compliance.Account{Counted: true, LostAt: "2026-09-30T22:00:00Z"}},
		"lost once":   {record(func(r *v1alpha1.AvailabilityRecord) { r.HistoryLostAt = lostAt(october.Add(-time.Second)) }), compliance.Account{Counted: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, compliance.AccountOf(test.record)); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
		})
	}
}
