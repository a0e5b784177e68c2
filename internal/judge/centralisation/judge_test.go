// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

type judgeCase struct {
	name    string
	scope   centralisation.Scope
	verdict v1alpha1.Verdict
	reasons []string // the one that decides first
	next    string   // in Mainz; empty for never
}

func in(unit string, s centralisation.Scope) centralisation.Scope { s.Unit = unit; return s }

func uncompiled(s centralisation.Scope) centralisation.Scope { s.Rules = nil; return s }

// cases has at least one of each reason.
func cases() []judgeCase {
	const (
		compliant, exempt, underReview  = v1alpha1.VerdictCompliant, v1alpha1.VerdictExempt, v1alpha1.VerdictUnderReview
		inTransition, violating         = v1alpha1.VerdictInTransition, v1alpha1.VerdictViolating
		outOfScope, unknown             = v1alpha1.VerdictOutOfScope, v1alpha1.VerdictUnknown
		retired, planned                = v1alpha1.LifecycleRetired, v1alpha1.LifecyclePlanned
		decentralIs, bought             = v1alpha1.ReasonDecentral, v1alpha1.ReasonProcuredByUnit
		exempted, expired, unitExempt   = v1alpha1.ReasonExempted, v1alpha1.ReasonExemptionExpired, v1alpha1.ReasonUnitExempt
		examined, pending, reviewLate   = v1alpha1.ReasonUnitUnderReview, v1alpha1.ReasonReviewPending, v1alpha1.ReasonReviewOverdue
		moving, moveLate, tooLong       = v1alpha1.ReasonTransitionPlanned, v1alpha1.ReasonTransitionOverdue, v1alpha1.ReasonTransitionTooLong
		byKDZ, byState, reused          = v1alpha1.ReasonProvidedByKDZ, v1alpha1.ReasonProvidedByState, v1alpha1.ReasonExemptionReused
		notKDZ, unlisted                = v1alpha1.ReasonNotAProviderUnit, v1alpha1.ReasonStateServiceUnlisted
		undeclared, notCompiled         = v1alpha1.ReasonProviderUndetermined, v1alpha1.ReasonPolicyNotCompiled
		noUnit, mismatch, away, retiree = v1alpha1.ReasonNamespaceWithoutUnit, v1alpha1.ReasonUnitMismatch, v1alpha1.ReasonUnitOutOfScope, v1alpha1.ReasonNoLongerOperated
	)
	app := application
	return []judgeCase{
		{"by the KDZ", scope(app("amt-33")), compliant, []string{byKDZ}, ""},
		{"by the KDZ itself", scope(app("amt-33", operatedBy("kdz-16"))), compliant, []string{byKDZ}, ""},
		{"by the KDZ, where all may be decentral", scope(app("amt-40-edu")), compliant, []string{byKDZ}, ""},
		{"by the state", scope(app("amt-33", state(law))), compliant, []string{byState}, ""},
		{"planned is judged like the rest", scope(app("amt-33", decentral, lifecycle(planned))), violating, []string{decentralIs}, ""},
		{"retired", scope(app("amt-33", decentral, boughtAlone, lifecycle(retired))), compliant, []string{retiree}, ""},
		{"retired, out of scope", scope(app("extern", lifecycle(retired))), outOfScope, []string{away}, ""},
		{"retired, undetermined", scope(app("amt-33", undetermined, lifecycle(retired))), compliant, []string{retiree}, ""},
		{"not compiled", uncompiled(scope(app("amt-33", decentral, review("2026-12-31")))), unknown, []string{notCompiled}, ""},
		{"not compiled, and no unit", in("", uncompiled(scope(app("amt-33")))), unknown, []string{notCompiled, noUnit}, ""},
		{"out of scope, decentral", scope(app("stadtwerke", decentral, boughtAlone, review("2026-12-31"))), outOfScope, []string{away}, ""},
		{"out of scope, and an untrue claim", scope(app("stadtwerke", operatedBy("stadtwerke"))), outOfScope, []string{away, notKDZ}, ""},
		{"out of scope, and another untrue claim", scope(app("stadtwerke", state("Because"))), outOfScope, []string{away, unlisted}, ""},
		{"undetermined", scope(app("amt-33", undetermined)), unknown, []string{undeclared}, ""},
		{"undetermined, and bought alone", scope(app("amt-70", undetermined, boughtAlone)), unknown, []string{undeclared, bought}, ""},
		{"a provider that is none", scope(app("amt-33", func(a *v1alpha1.Application) { a.Spec.Operation.Provider = "" })), unknown, []string{undeclared}, ""},

		{"decentral", scope(app("amt-33", decentral)), violating, []string{decentralIs}, ""},
		{"decentral and new", scope(app("amt-33", fromProject, decentral)), violating, []string{decentralIs}, ""},
		{"decentral and bought alone", scope(app("amt-33", boughtAlone, decentral)), violating, []string{bought, decentralIs}, ""},
		{"bought alone", scope(app("amt-33", boughtAlone)), violating, []string{bought}, ""},
		{"by the state, bought alone", scope(app("amt-33", state(law), boughtAlone)), violating, []string{bought}, ""},
		{"an office claims to be the KDZ", scope(app("amt-33", operatedBy("amt-33"))), violating, []string{notKDZ}, ""},
		{"KDZ without a unit", scope(app("amt-33", func(a *v1alpha1.Application) { a.Spec.Operation.UnitRef = nil })), violating, []string{notKDZ}, ""},
		{"an untrue claim, bought alone", scope(app("amt-33", operatedBy("amt-33"), boughtAlone)), violating, []string{notKDZ, bought}, ""},
		{"an unlisted state service", scope(app("amt-33", state("Because"))), violating, []string{unlisted}, ""},

		{"named exception", scope(app("amt-40-edu", decentral)), exempt, []string{unitExempt}, ""},
		{"named exception, bought alone", scope(app("amt-37-ils", boughtAlone, decentral)), exempt, []string{unitExempt, bought}, ""},
		{"examined unit", scope(app("amt-70", decentral)), underReview, []string{examined}, ""},
		{"examined unit, examination overdue", scope(app("amt-70", decentral, review("2026-06-30"))), underReview, []string{examined, reviewLate}, ""},
		{"examined unit claims to be the KDZ", scope(app("amt-70", operatedBy("amt-70"))), underReview, []string{examined, notKDZ}, ""},
		{"exempted", scope(app("amt-33", decentral), exemption("e", "", "2027-12-31")), exempt, []string{exempted}, "2028-01-01 00:00:00"},
		{"exempted on its last day", scope(app("amt-33", decentral), exemption("e", "", "2026-11-02")), exempt, []string{exempted}, "2026-11-03 00:00:00"},
		{"exempted, and bought alone", scope(app("amt-33", boughtAlone, decentral), exemption("e", "", "2027-12-31")), exempt, []string{exempted, bought}, "2028-01-01 00:00:00"},
		{"exempted before examined", scope(app("amt-33", decentral, review("2027-06-30"), transition("2028-06-30")), exemption("e", "", "2027-12-31")), exempt, []string{exempted, pending, moving}, "2027-07-01 00:00:00"},
		{"unit and single exception", scope(app("amt-40-edu", decentral), exemption("e", "", "2027-12-31")), exempt, []string{unitExempt, exempted}, "2028-01-01 00:00:00"},
		{"a single exception for an untrue claim", scope(app("amt-33", operatedBy("amt-33")), exemption("e", "", "2027-12-31")), exempt, []string{exempted, notKDZ}, "2028-01-01 00:00:00"},
		{"exemption to come", scope(app("amt-33", decentral), exemption("e", "2026-11-03", "2027-12-31")), violating, []string{decentralIs}, "2026-11-03 00:00:00"},
		{"exemption expired", scope(app("amt-33", decentral), exemption("e", "", "2026-11-01")), violating, []string{expired, decentralIs}, ""},
		{"exemption expired, renewal to come", scope(app("amt-33", decentral), exemption("e", "", "2026-11-01"), exemption("f", "2026-12-01", "2027-12-31")), violating, []string{expired, decentralIs}, "2026-12-01 00:00:00"},
		{"exemption renewed", scope(app("amt-33", decentral), exemption("e", "", "2026-11-01"), exemption("f", "2026-11-02", "2027-12-31")), exempt, []string{exempted}, "2028-01-01 00:00:00"},
		{"exemption and transition run out", scope(app("amt-33", decentral, transition("2026-11-01")), exemption("e", "", "2026-10-01")), violating, []string{moveLate, expired, decentralIs}, ""},
		{"exemption expired, in transition", scope(app("amt-33", decentral, transition("2027-01-31")), exemption("e", "", "2026-11-01")), inTransition, []string{moving, expired}, "2027-02-01 00:00:00"},
		{"exemption whose day is none", scope(app("amt-33", decentral), exemption("e", "", "2027-02-30")), violating, []string{expired, decentralIs}, ""},
		{"exemption that ends before it begins", scope(app("amt-33", decentral), exemption("e", "2027-01-01", "2026-12-31")), violating, []string{expired, decentralIs}, ""},
		{"exempted, another system", scope(app("amt-33", decentral), usedFor(exemption("e", "", "2027-12-31"), "2", "Ding")), exempt, []string{exempted, reused}, "2028-01-01 00:00:00"},
		{"exempted, another name", scope(app("amt-33", decentral), usedFor(exemption("e", "", "2027-12-31"), "1", "Anderes")), exempt, []string{exempted, reused}, "2028-01-01 00:00:00"},
		{"exempted, the same system", scope(app("amt-33", decentral), usedFor(exemption("e", "", "2027-12-31"), "1", "Ding")), exempt, []string{exempted}, "2028-01-01 00:00:00"},
		{"exempted, no name was noted", scope(app("amt-33", decentral), usedFor(exemption("e", "", "2027-12-31"), "1", "")), exempt, []string{exempted}, "2028-01-01 00:00:00"},

		{"examined", scope(app("amt-33", decentral, review("2026-11-02"))), underReview, []string{pending}, "2026-11-03 00:00:00"},
		{"examined before in transition", scope(app("amt-33", decentral, review("2026-12-31"), transition("2027-06-30"))), underReview, []string{pending, moving}, "2027-01-01 00:00:00"},
		{"examination overdue", scope(app("amt-33", decentral, review("2026-11-01"))), violating, []string{reviewLate, decentralIs}, ""},
		{"examination overdue, in transition", scope(app("amt-33", decentral, review("2026-11-01"), transition("2027-06-30"))), inTransition, []string{moving, reviewLate}, "2027-07-01 00:00:00"},
		{"examination due on a day that is none", scope(app("amt-33", decentral, review("2026-02-30"))), violating, []string{reviewLate, decentralIs}, ""},
		{"in transition", scope(app("amt-33", decentral, transition("2028-03-25"))), inTransition, []string{moving}, "2028-03-26 00:00:00"},
		{"in transition, bought alone", scope(app("amt-33", boughtAlone, decentral, transition("2027-06-30"))), inTransition, []string{moving, bought}, "2027-07-01 00:00:00"},
		{"in transition for too long", scope(app("amt-33", decentral, transition("2029-11-02"))), inTransition, []string{moving, tooLong}, "2026-11-03 01:00:00"},
		{"transition overdue", scope(app("amt-33", decentral, transition("2026-11-01"))), violating, []string{moveLate, decentralIs}, ""},
		{"transition and examination overdue", scope(app("amt-33", decentral, transition("2026-11-01"), review("2026-01-01"))), violating, []string{moveLate, reviewLate, decentralIs}, ""},
		{"transition due on a day that is none", scope(app("amt-33", decentral, transition("2026-13-01"))), violating, []string{moveLate, decentralIs}, ""},
		{"transition due on nonsense", scope(app("amt-33", decentral, transition("soon"))), violating, []string{moveLate, decentralIs}, ""},

		{"namespace without a unit", in("", scope(app("amt-33"))), compliant, []string{byKDZ, noUnit}, ""},
		{"namespace without a unit, decentral", in("", scope(app("amt-40-edu", decentral))), violating, []string{decentralIs, noUnit}, ""},
		{"namespace of an unknown unit", in("amt-99", scope(app("amt-40-edu", decentral))), violating, []string{decentralIs, mismatch}, ""},
		{"the namespace's unit counts", in("amt-33", scope(app("amt-40-edu", decentral))), violating, []string{decentralIs, mismatch}, ""},
	}
}

func TestJudge(t *testing.T) {
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) {
			j := centralisation.Judge(c.scope)
			if j.Verdict != c.verdict {
				t.Errorf("the verdict is %s, want %s", j.Verdict, c.verdict)
			}
			if diff := cmp.Diff(c.reasons, reasons(j)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if j.Reason() != c.reasons[0] {
				t.Errorf("%s decides", j.Reason())
			}
			switch {
			case c.next == "" && !j.Next.IsZero():
				t.Errorf("it changes at %s, want never", j.Next)
			case c.next != "" && !j.Next.Equal(berlin(t, c.next)):
				t.Errorf("it changes at %s, want %s", j.Next, c.next)
			}
		})
	}
}

// TestEveryReasonIsJudged compares the cases with the list of reasons.
func TestEveryReasonIsJudged(t *testing.T) {
	source, err := os.ReadFile("../../../api/v1alpha1/reasons_centralisation.go")
	if err != nil {
		t.Fatal(err)
	}
	ofCentralised, _, found := strings.Cut(string(source), "// Reasons of GovernancePolicies")
	if !found {
		t.Fatal("the reasons of Centralised do not end where they did")
	}
	declared := regexp.MustCompile(`= "(\w+)"`).FindAllStringSubmatch(ofCentralised, -1)
	tested := map[string]bool{}
	for _, c := range cases() {
		for _, reason := range c.reasons {
			tested[reason] = true
		}
	}
	for _, reason := range declared {
		if !tested[reason[1]] {
			t.Errorf("no case has reason %s", reason[1])
		}
	}
	if len(declared) != len(tested) {
		t.Errorf("%d reasons are declared, %d tested", len(declared), len(tested))
	}
}

func TestMessages(t *testing.T) {
	tests := []struct {
		name  string
		scope centralisation.Scope
		want  []string
	}{
		{"what allows it and until when", scope(application("amt-33", decentral), exemption("e", "", "2027-12-31")), []string{"Exemption e", "SteeringRound", `"SR-2026-10"`, "2027-12-31"}},
		{"a day that is none", scope(application("amt-33", decentral, transition("2026-02-30"))), []string{`dueOn "2026-02-30" is not a day of the calendar`}},
		{"an exemption that cannot be used", scope(application("amt-33", decentral), exemption("e", "2027-01-01", "2026-12-31")), []string{"Exemption e counts as expired", "never holds"}},
		{"the project of another namespace", scope(application("amt-33", decentral, transition("2027-01-31"))), []string{"project amt-10/move"}},
		{"who examines", scope(application("amt-33", decentral, review("2027-01-31"))), []string{"amt-10 and kdz-16"}},
		{"the limit as the policy writes it", scope(application("amt-33", decentral, transition("2035-01-31"))), []string{"maxTransition 26280h from today"}},
		{"both units", in("amt-33", scope(application("amt-40"))), []string{"unit amt-40 answers", "belongs to unit amt-33"}},
		{"the other findings with their reasons", scope(application("amt-33", boughtAlone, decentral)), []string{"; Decentral: it is not provided by the KDZ"}},
		{"text of users in quotes", scope(application("amt-33", state("two\nlines"))), []string{`"two\nlines"`}},
	}
	for _, test := range tests {
		message := centralisation.Judge(test.scope).Message()
		for _, want := range test.want {
			if !strings.Contains(message, want) {
				t.Errorf("%s: %q is not in %q", test.name, want, message)
			}
		}
		if strings.Contains(message, "\n") {
			t.Errorf("%s: the message has several lines: %q", test.name, message)
		}
	}
	if (centralisation.Judgement{}).Reason() != "" {
		t.Error("what was not judged has no reason")
	}
}

// TestExemptionNamed: of several that hold, the one that ends last is named.
func TestExemptionNamed(t *testing.T) {
	app := application("amt-33", decentral)
	tests := []struct {
		name       string
		exemptions []*v1alpha1.Exemption
		want       string
	}{
		{"none", nil, ""},
		{"none that holds", []*v1alpha1.Exemption{exemption("a", "", "2026-11-01"), exemption("b", "2026-11-03", "2027-01-01")}, ""},
		{"the one that ends last", []*v1alpha1.Exemption{exemption("a", "", "2026-12-31"), exemption("b", "", "2027-12-31"), exemption("c", "", "2027-06-30")}, "b"},
		{"of equal ones the first by name", []*v1alpha1.Exemption{exemption("b", "", "2027-12-31"), exemption("a", "", "2027-12-31")}, "a"},
	}
	for _, test := range tests {
		if j := centralisation.Judge(scope(app, test.exemptions...)); j.Exemption != test.want {
			t.Errorf("%s: %q, want %q", test.name, j.Exemption, test.want)
		}
	}
}

// TestVerdictTurnsByItself follows an application over the end of its
// exemption, to the nanosecond, on the last day of summer time.
func TestVerdictTurnsByItself(t *testing.T) {
	s := scope(application("amt-33", decentral), exemption("e", "", "2026-10-25"))
	end := berlin(t, "2026-10-26 00:00:00")
	s.Now = end.Add(-time.Nanosecond)
	if j := centralisation.Judge(s); j.Verdict != v1alpha1.VerdictExempt || !j.Next.Equal(end) {
		t.Errorf("on the last day: %s, next %s", j.Verdict, j.Next)
	}
	s.Now = end
	if j := centralisation.Judge(s); j.Verdict != v1alpha1.VerdictViolating || j.Reason() != v1alpha1.ReasonExemptionExpired || !j.Next.IsZero() {
		t.Errorf("after it: %s, next %s", j.Verdict, j.Next)
	}
}

func TestDecentral(t *testing.T) {
	tests := []struct {
		name string
		app  *v1alpha1.Application
		want bool
	}{
		{"by the KDZ", application("amt-33"), false},
		{"by the state", application("amt-33", state(law)), false},
		{"decentral", application("amt-33", decentral), true},
		{"planned", application("amt-33", decentral, lifecycle(v1alpha1.LifecyclePlanned)), true},
		{"bought alone", application("amt-33", boughtAlone), true},
		{"undetermined", application("amt-33", undetermined), true},
		{"retired", application("amt-33", decentral, boughtAlone, lifecycle(v1alpha1.LifecycleRetired)), false},
	}
	for _, test := range tests {
		if got := centralisation.Decentral(test.app); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
