// SPDX-License-Identifier: Apache-2.0

package centralisation_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

// expect checks the verdict, and sentence and source of one of the findings.
func expect(t *testing.T, s centralisation.Scope, verdict v1alpha1.Verdict, reason string, sentence int, source centralisation.Source) {
	t.Helper()
	j := centralisation.Judge(s)
	if j.Verdict != verdict {
		t.Errorf("the verdict is %s (%s), want %s", j.Verdict, j.Message(), verdict)
	}
	f := finding(t, j, reason)
	if f.Sentence != sentence || f.Source != source {
		t.Errorf("%s is of sentence %d, %s; want %d, %s", reason, f.Sentence, f.Source, sentence, source)
	}
}

// TestSentence1AllITIsProvidedByTheKDZ: all IT services of the city are
// provided by the KDZ and used by the administration; buying hardware and
// software, browser applications and cloud services included, is part of it.
func TestSentence1AllITIsProvidedByTheKDZ(t *testing.T) {
	const sentence = 1
	cloud := application("amt-33", boughtAlone)
	cloud.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.PlatformSaaS, SaaS: &v1alpha1.SaaSHosting{Supplier: "Example Inc"}}
	expect(t, scope(application("amt-33")), v1alpha1.VerdictCompliant, v1alpha1.ReasonProvidedByKDZ, sentence, centralisation.Paper)
	expect(t, scope(cloud), v1alpha1.VerdictViolating, v1alpha1.ReasonProcuredByUnit, sentence, centralisation.Paper)
	expect(t, scope(application("amt-33", operatedBy("amt-33"))), v1alpha1.VerdictViolating, v1alpha1.ReasonNotAProviderUnit, sentence, centralisation.Paper)
	expect(t, scope(application("amt-33", decentral, lifecycle(v1alpha1.LifecycleRetired))), v1alpha1.VerdictCompliant, v1alpha1.ReasonNoLongerOperated, sentence, centralisation.Interpretation)
	for _, r := range centralisation.Admit(request(cloud)) {
		if r.Rule && (r.Sentence != sentence || r.Source != centralisation.Paper) {
			t.Errorf("the door names sentence %d, %s", r.Sentence, r.Source)
		}
	}
}

// TestSentence2SchoolsAndControlCentre: the pedagogical area of schools and the
// fire brigade's control centre keep decentral IT; the offices above them do
// not.
func TestSentence2SchoolsAndControlCentre(t *testing.T) {
	for _, name := range []string{"amt-40-edu", "amt-37-ils"} {
		expect(t, scope(application(name, decentral)), v1alpha1.VerdictExempt, v1alpha1.ReasonUnitExempt, 2, centralisation.Paper)
	}
	for _, name := range []string{"amt-40", "amt-37"} {
		expect(t, scope(application(name, decentral)), v1alpha1.VerdictViolating, v1alpha1.ReasonDecentral, 4, centralisation.Interpretation)
	}
}

// TestSentence3SingleExceptions: further exceptions are decided one by one by
// the steering round (paper). That each has an end is how we read it.
func TestSentence3SingleExceptions(t *testing.T) {
	const sentence = 3
	app := application("amt-33", decentral)
	expect(t, scope(app, exemption("e", "", "2027-12-31")), v1alpha1.VerdictExempt, v1alpha1.ReasonExempted, sentence, centralisation.Paper)
	expect(t, scope(app, exemption("e", "", "2026-11-01")), v1alpha1.VerdictViolating, v1alpha1.ReasonExemptionExpired, sentence, centralisation.Interpretation)
	other := usedFor(exemption("e", "", "2027-12-31"), "2", "Etwas anderes")
	expect(t, scope(app, other), v1alpha1.VerdictExempt, v1alpha1.ReasonExemptionReused, sentence, centralisation.Interpretation)
}

// TestSentence4CentralisedInTheLongRun: decentral IT of offices and enterprises
// is to be centralised in the medium to long term (paper). That a project and
// a day make it InTransition, and no plan or a day passed Violating, is how we
// read it; and the findings rest on that part.
func TestSentence4CentralisedInTheLongRun(t *testing.T) {
	const sentence = 4
	expect(t, scope(application("amt-33", decentral, transition("2028-06-30"))), v1alpha1.VerdictInTransition, v1alpha1.ReasonTransitionPlanned, sentence, centralisation.Interpretation)
	expect(t, scope(application("amt-33", decentral, transition("2026-11-01"))), v1alpha1.VerdictViolating, v1alpha1.ReasonTransitionOverdue, sentence, centralisation.Interpretation)
	expect(t, scope(application("amt-33", decentral, transition("2035-01-01"))), v1alpha1.VerdictInTransition, v1alpha1.ReasonTransitionTooLong, sentence, centralisation.Interpretation)
	expect(t, scope(application("amt-33", decentral)), v1alpha1.VerdictViolating, v1alpha1.ReasonDecentral, sentence, centralisation.Interpretation)
}

// TestSentence5UnderExamination: EBS and KAW, traffic lights, parking control
// and where applicable further stand-alone solutions are examined: UnderReview
// until the examination is due.
func TestSentence5UnderExamination(t *testing.T) {
	const sentence = 5
	for _, name := range []string{"amt-70", "kaw"} {
		expect(t, scope(application(name, decentral)), v1alpha1.VerdictUnderReview, v1alpha1.ReasonUnitUnderReview, sentence, centralisation.Paper)
	}
	expect(t, scope(application("amt-33", decentral, review("2026-11-02"))), v1alpha1.VerdictUnderReview, v1alpha1.ReasonReviewPending, sentence, centralisation.Paper)
	expect(t, scope(application("amt-33", decentral, review("2026-11-01"))), v1alpha1.VerdictViolating, v1alpha1.ReasonReviewOverdue, sentence, centralisation.Paper)
}

// TestSentence6NoNewDecentralIT: no decentral responsibility for running IT
// systems exists in principle (paper); that new decentral IT is refused at the
// door is how we read it.
func TestSentence6NoNewDecentralIT(t *testing.T) {
	const sentence = 6
	app := application("amt-33", decentral, fromProject, lifecycle(v1alpha1.LifecyclePlanned))
	expect(t, scope(app), v1alpha1.VerdictViolating, v1alpha1.ReasonDecentral, sentence, centralisation.Paper)
	refusals := centralisation.Admit(request(app))
	if len(refusals) != 1 || !refusals[0].Rule || refusals[0].Sentence != sentence || refusals[0].Source != centralisation.Interpretation {
		t.Errorf("the door says %+v", refusals)
	}
}

// TestSentence7ThirdPartiesAndCompanies: hosting for external third parties is
// unaffected; companies close to the city answer for themselves.
func TestSentence7ThirdPartiesAndCompanies(t *testing.T) {
	for _, name := range []string{"stadtwerke", "extern"} {
		for _, app := range []*v1alpha1.Application{application(name), application(name, decentral, boughtAlone), application(name, undetermined)} {
			expect(t, scope(app), v1alpha1.VerdictOutOfScope, v1alpha1.ReasonUnitOutOfScope, 7, centralisation.Paper)
		}
	}
}

// TestSentence8ServicesOfTheState: the nine basic services of the state are no
// breach; what else the state provides needs an entry of its own.
func TestSentence8ServicesOfTheState(t *testing.T) {
	expect(t, scope(application("amt-33", state(law))), v1alpha1.VerdictCompliant, v1alpha1.ReasonProvidedByState, 8, centralisation.Interpretation)
	expect(t, scope(application("amt-33", state("Because"))), v1alpha1.VerdictViolating, v1alpha1.ReasonStateServiceUnlisted, 8, centralisation.Interpretation)
	further := scope(application("amt-33", state("Because")))
	further.Rules.LegalBases["Because"] = true
	expect(t, further, v1alpha1.VerdictCompliant, v1alpha1.ReasonProvidedByState, 8, centralisation.Interpretation)
}

// TestSentence9WhatNobodyDeclared: what nobody has declared is Unknown, whoever
// the unit is.
func TestSentence9WhatNobodyDeclared(t *testing.T) {
	for _, name := range []string{"amt-33", "amt-70", "amt-40-edu"} {
		expect(t, scope(application(name, undetermined)), v1alpha1.VerdictUnknown, v1alpha1.ReasonProviderUndetermined, 9, centralisation.Interpretation)
	}
	without := scope(application("amt-33"))
	without.Rules = nil
	expect(t, without, v1alpha1.VerdictUnknown, v1alpha1.ReasonPolicyNotCompiled, 9, centralisation.Interpretation)
}

// TestEverySentenceIsOneOfNine judges one application of each kind, and looks
// at what each finding says of itself.
func TestEverySentenceIsOneOfNine(t *testing.T) {
	seen := map[int]bool{}
	for _, c := range cases() {
		j := centralisation.Judge(c.scope)
		for _, f := range j.Findings {
			seen[f.Sentence] = true
			if f.Sentence < 1 || f.Sentence > 9 || f.Source != centralisation.Paper && f.Source != centralisation.Interpretation || f.Message == "" {
				t.Errorf("%s: %+v", c.name, f)
			}
			// The table of docs/spec/centralisation.md: only sentences 1, 3, 4
			// and 6 have parts of both sources.
			both := []int{1, 3, 4, 6}
			paper := []int{2, 5, 7}
			if !slices.Contains(both, f.Sentence) && (f.Source == centralisation.Paper) != slices.Contains(paper, f.Sentence) {
				t.Errorf("%s: sentence %d is not from %s", c.name, f.Sentence, f.Source)
			}
		}
	}
	if len(seen) != 9 {
		t.Errorf("sentences seen: %v", seen)
	}
}

// TestPage: the page on the rule says of each reason which sentence it comes
// from, and from what source.
func TestPage(t *testing.T) {
	page, err := os.ReadFile("../../../docs/spec/centralisation.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{} // cells of the table of findings by reason
	for line := range strings.Lines(string(page)) {
		if cells := strings.Split(line, " | "); len(cells) == 5 && strings.HasPrefix(line, "| `") {
			rows[strings.Trim(cells[0], "| `")] = cells
		}
	}
	told := map[string]bool{}
	for _, c := range cases() {
		j := centralisation.Judge(c.scope)
		for i, f := range j.Findings {
			told[f.Reason] = true
			cells := rows[f.Reason]
			if cells == nil {
				t.Errorf("%s is not on the page", f.Reason)
				continue
			}
			if want := fmt.Sprintf("%d, %s", f.Sentence, f.Source); !strings.Contains(cells[2], want) {
				t.Errorf("%s: the page says %q, want %q", f.Reason, cells[2], want)
			}
			if i == 0 && cells[1] != string(j.Verdict) {
				t.Errorf("%s: the page says %s, want %s", f.Reason, cells[1], j.Verdict)
			}
		}
	}
	if len(rows) != len(told) {
		t.Errorf("the page has %d reasons, the judge %d", len(rows), len(told))
	}
}
