// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// endOf is the first moment after a day.
func endOf(d string) time.Time {
	end, err := calendar.EndOfDay(d)
	if err != nil {
		panic(err)
	}
	return end
}

// TestStages: how far the evidence lets a handover come, and what is missing.
func TestStages(t *testing.T) {
	type Scope = acceptance.Scope
	outage := func(s *Scope) {
		set(s.Applications[0].Object, "EndpointsAvailable", func(c *metav1.Condition) { c.Status = metav1.ConditionFalse })
	}
	open := func(s *Scope) { s.Handover.Spec.Criteria[1].FulfilledOn = "" }
	stage := func(stage v1alpha1.HandoverStage) func(*Scope) {
		return func(s *Scope) { s.Handover.Status.Stage = stage }
	}
	els := func(s *Scope) {
		s.Handover.Spec.EarlyLifeSupport = &v1alpha1.EarlyLifeSupport{Duration: "720h", MinimumAvailability: "99.0"}
	}
	const unsigned = "SignOffMissing SignOffMissing SignOffMissing"
	for _, c := range []struct {
		name    string
		changes []func(*Scope)
		stage   v1alpha1.HandoverStage
		missing string
	}{
		{"an Application is not there", []func(*Scope){open, func(s *Scope) { s.Applications[0].Object = nil }}, "Preparing", "ApplicationNotFound CriterionNotFulfilled"},
		{"no Application is named", []func(*Scope){func(s *Scope) { s.Applications = nil }}, "Preparing", "ApplicationNotFound"},
		{"an Application is planned", []func(*Scope){func(s *Scope) { s.Applications[0].Object.Spec.Lifecycle = "Planned" }}, "Preparing", "CheckFailed"},
		{"one of two is not there", []func(*Scope){func(s *Scope) {
			s.Applications = append(s.Applications, acceptance.Application{Name: "amt-10/other"})
		}}, "Preparing", "ApplicationNotFound"},
		{"a check fails", []func(*Scope){outage}, "Verifying", "CheckFailed"},
		{"a check fails and a criterion is open", []func(*Scope){outage, open}, "Verifying", "CheckFailed CriterionNotFulfilled"},
		{"a check fails after all have signed", []func(*Scope){stage("AwaitingSignOff"), signAll, outage}, "Verifying", "CheckFailed"},
		{"all checks hold", nil, "AwaitingSignOff", unsigned},
		{"all checks hold and a criterion is open", []func(*Scope){open}, "AwaitingSignOff", "CriterionNotFulfilled " + unsigned},
		{"all have signed and a criterion is open", []func(*Scope){open, signAll}, "AwaitingSignOff", "CriterionNotFulfilled"},
		{"two have signed", []func(*Scope){sign("a", "ProjectLead", 0), sign("b", "Operations", 0)}, "AwaitingSignOff", "SignOffMissing"},
		{"all have signed", []func(*Scope){signAll}, "Completed", ""},
		{"all have signed, with early-life support", []func(*Scope){els, signAll}, "EarlyLifeSupport", ""},
		{"early-life support cannot be read", []func(*Scope){els, signAll, func(s *Scope) {
			s.Handover.Spec.EarlyLifeSupport.Duration, s.Handover.Spec.EarlyLifeSupport.MinimumAvailability = "a month", "high"
		}}, "AwaitingSignOff", "InvalidSpec InvalidSpec"},
		{"a role rejects", []func(*Scope){signAll, sign("no", "Operations", 0, rejects("no manual"))}, "Rejected", "SignOffRejected"},
		{"a role rejects what fails", []func(*Scope){outage, open, sign("no", "Operations", 0, rejects("no manual"))}, "Rejected", "SignOffRejected CheckFailed CriterionNotFulfilled"},
		{"a role rejects that need not sign", []func(*Scope){signAll, sign("no", "ProviderManagement", 0, rejects("too dear"))}, "Rejected", "SignOffRejected"},
		{"a role has rejected and signs", []func(*Scope){stage("Rejected"), sign("no", "Operations", time.Hour, rejects("no manual")), signAll}, "Completed", ""},
		{"a role has rejected other content", []func(*Scope){stage("Rejected"), sign("no", "Operations", 0, rejects("no manual")), func(s *Scope) {
			s.Handover.Spec.Criteria[0].Description = "Operations manual written and handed over"
		}}, "AwaitingSignOff", unsigned},
		{"a check fails in early-life support", []func(*Scope){support("720h", "", day), outage}, "EarlyLifeSupport", ""},
		{"a role rejects in early-life support", []func(*Scope){support("720h", "", day), sign("no", "Operations", 0, rejects("too late"))}, "EarlyLifeSupport", ""},
		{"a check fails when complete", []func(*Scope){stage("Completed"), outage}, "Completed", ""},
		{"all is gone when complete", []func(*Scope){stage("Completed"), open, func(s *Scope) { s.Applications = nil }}, "Completed", ""},
		{"the dueOn is no day", []func(*Scope){func(s *Scope) { s.Handover.Spec.DueOn = "2027-02-30" }}, "AwaitingSignOff", unsigned + " InvalidSpec"},
		{"the dueOn is no day, and all have signed", []func(*Scope){signAll, func(s *Scope) { s.Handover.Spec.DueOn = "soon" }}, "Completed", ""},
		{"only one has to sign", []func(*Scope){func(s *Scope) {
			s.Policy = &v1alpha1.HandoverPolicy{RequiredSignOffs: []v1alpha1.SignOffRole{"ProviderManagement"}}
		}}, "AwaitingSignOff", "SignOffMissing"},
		{"a policy by which nobody has to sign", []func(*Scope){func(s *Scope) {
			s.Policy = &v1alpha1.HandoverPolicy{RequiredSignOffs: []v1alpha1.SignOffRole{}}
		}}, "AwaitingSignOff", unsigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := acceptance.Judge(scope(c.changes...))
			if v.Stage != c.stage || reasons(v) != c.missing {
				t.Errorf("stage %s, want %s; missing %q, want %q:\n%s", v.Stage, c.stage, reasons(v), c.missing, messages(v))
			}
		})
	}
}

// TestUndecodable: of a handover that cannot be read everything stays.
func TestUndecodable(t *testing.T) {
	s := scope(signAll)
	s.Handover.DecodingError = "spec.criteria: wrong"
	s.Handover.Spec.DueOn = "2027-03-14"
	v := acceptance.Judge(s)
	if v.Stage != v1alpha1.HandoverVerifying || len(v.Results) != 7 || !v.Overdue {
		t.Errorf("%+v", v)
	}
	s.Handover.Status = v1alpha1.HandoverStatus{}
	if v := acceptance.Judge(s); v.Stage != v1alpha1.HandoverPreparing || v.ContentHash != "" {
		t.Errorf("%+v", v)
	}
}

// TestCriteria: which are open, and what is said of them.
func TestCriteria(t *testing.T) {
	criterion := func(name v1alpha1.ItemName, on v1alpha1.Date) v1alpha1.HandoverCriterion {
		return v1alpha1.HandoverCriterion{Name: name, Description: "Users trained", FulfilledOn: on}
	}
	optional := criterion("optional", "")
	optional.Required = new(false)
	policy := func(c ...v1alpha1.HandoverCriterion) *v1alpha1.HandoverPolicy {
		return &v1alpha1.HandoverPolicy{DefaultCriteria: c}
	}
	for _, c := range []struct {
		name   string
		spec   []v1alpha1.HandoverCriterion
		policy *v1alpha1.HandoverPolicy
		want   string // empty if none is open
		next   time.Time
	}{
		{"none", nil, nil, "", endOf("2027-03-31")},
		{"fulfilled today", []v1alpha1.HandoverCriterion{criterion("a", "2027-03-15")}, nil, "", endOf("2027-03-31")},
		{"fulfilled tomorrow", []v1alpha1.HandoverCriterion{criterion("a", "2027-03-16")}, nil, "[spec.criteria[0].fulfilledOn] criterion a is open; it counts from 2027-03-16 on", endOf("2027-03-15")},
		{"no day", []v1alpha1.HandoverCriterion{criterion("a", "2027-02-30")}, nil, `its day "2027-02-30" is none of the calendar`, endOf("2027-03-31")},
		{"open", []v1alpha1.HandoverCriterion{optional, criterion("a", "")}, nil, "[spec.criteria[1].fulfilledOn] criterion a is open; the project lead has it fulfilled, and writes the day: Users trained", endOf("2027-03-31")},
		{"not required", []v1alpha1.HandoverCriterion{optional}, nil, "", endOf("2027-03-31")},
		{"of the policy", nil, policy(optional, criterion("a", "")), "[spec.criteria] criterion a of the GovernancePolicy is open", endOf("2027-03-31")},
		{"of the policy where the list is empty", []v1alpha1.HandoverCriterion{}, policy(criterion("a", "")), "criterion a of the GovernancePolicy", endOf("2027-03-31")},
		{"a policy fulfils nothing", nil, policy(criterion("a", "2027-01-01")), "criterion a of the GovernancePolicy", endOf("2027-03-31")},
		{"its own instead of the policy's", []v1alpha1.HandoverCriterion{criterion("b", "2027-01-01")}, policy(criterion("a", "")), "", endOf("2027-03-31")},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scope()
			s.Handover.Spec.Criteria, s.Policy = c.spec, c.policy
			v := acceptance.Judge(s)
			if !strings.Contains(messages(v), c.want) || strings.Contains(messages(v), "CriterionNotFulfilled") != (c.want != "") || !v.Next.Equal(c.next) {
				t.Errorf("next %v, missing:\n%s", v.Next, messages(v))
			}
		})
	}
}

// TestOverdue: a day is over when it is over in Mainz.
func TestOverdue(t *testing.T) {
	for _, c := range []struct {
		now     time.Time
		stage   v1alpha1.HandoverStage
		overdue bool
		next    time.Time
	}{
		{time.Date(2027, 3, 31, 21, 59, 59, 0, time.UTC), "Verifying", false, time.Date(2027, 3, 31, 22, 0, 0, 0, time.UTC)},
		{time.Date(2027, 3, 31, 22, 0, 0, 0, time.UTC), "Verifying", true, time.Time{}},
		{time.Date(2027, 4, 1, 22, 0, 0, 0, time.UTC), "Completed", false, time.Time{}},
	} {
		t.Run(fmt.Sprint(c.now, c.stage), func(t *testing.T) {
			s := scope()
			s.Now, s.Handover.Status.Stage = c.now, c.stage
			if v := acceptance.Judge(s); v.Overdue != c.overdue || !v.Next.Equal(c.next) {
				t.Errorf("overdue %v, next %v", v.Overdue, v.Next)
			}
		})
	}
}

// TestBounded: of much, as much is told as a status holds.
func TestBounded(t *testing.T) {
	s := scope()
	for i := range 40 {
		s.Applications = append(s.Applications, acceptance.Application{Name: fmt.Sprintf("app-%d", i), Object: &v1alpha1.Application{
			Spec: v1alpha1.ApplicationSpec{Lifecycle: v1alpha1.LifecycleOperating},
		}})
		sign(fmt.Sprintf("old-%02d", i), "Operations", time.Duration(100-i)*time.Minute)(s)
	}
	v := acceptance.Judge(s)
	if len(v.Results) != 256 || len(v.Missing) != 64 || !strings.HasPrefix(v.Missing[63].Message, "and ") {
		t.Errorf("%d results, %d missing: %+v", len(v.Results), len(v.Missing), v.Missing[len(v.Missing)-1])
	}
	if len(v.SignOffs) != 32 || v.SignOffs[0].Name != "old-39" || v.SignOffs[0].Void || v.SignOffs[1].Name != "old-38" || !v.SignOffs[1].Void {
		t.Errorf("%d: %s", len(v.SignOffs), signOffs(v))
	}
}
