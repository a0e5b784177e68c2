// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

func conference(outcome v1alpha1.DecisionOutcome, on v1alpha1.Date) evidence {
	return decided(v1alpha1.BodyConference, outcome, on, "DC-"+string(on))
}

// TestDecisionThatCounts: the latest; of a day the conference's; of the same
// body the one that is numbered last. The order of the list says nothing.
func TestDecisionThatCounts(t *testing.T) {
	round := v1alpha1.BodySteeringRound
	tests := map[string]struct {
		decisions []evidence
		stage     v1alpha1.ProjectStage
	}{
		"the latest":                     {[]evidence{steering("Approved", "2026-04-12"), steering("Deferred", "2026-03-12")}, "Approved"},
		"the latest, of a lower body":    {[]evidence{conference("Rejected", "2026-03-12"), steering("Approved", "2026-04-12")}, "Approved"},
		"the conference on that day":     {[]evidence{conference("Rejected", "2026-03-12"), steering("Approved", "2026-03-12")}, "Rejected"},
		"the last number of that day":    {[]evidence{decided(round, "Approved", "2026-03-12", "SR-3/10"), decided(round, "Rejected", "2026-03-12", "SR-3/9")}, "Approved"},
		"the addendum of that day":       {[]evidence{decided(round, "Rejected", "2026-03-12", "SR-3"), decided(round, "Approved", "2026-03-12", "SR-3 corrected")}, "Approved"},
		"the same number in other words": {[]evidence{decided(round, "Rejected", "2026-03-12", "SR-03"), decided(round, "Approved", "2026-03-12", "SR-3")}, "Approved"},
		"one of the future does not":     {[]evidence{steering("Approved", "2026-03-12"), conference("Rejected", "2026-11-21")}, "Approved"},
		"one of today does":              {[]evidence{steering("Approved", "2026-03-12"), conference("Rejected", "2026-11-20")}, "Rejected"},
		"put off, then approved":         {[]evidence{steering("Deferred", "2026-03-12"), steering("Approved", "2026-04-12")}, "Approved"},
		"approved, then put off":         {[]evidence{steering("Approved", "2026-03-12"), steering("Deferred", "2026-04-12")}, "Deferred"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range test.decisions {
				if v := stagegate.Judge(with(untilReleased, together(test.decisions...))); v.Stage != test.stage || len(v.Contradictions) > 0 {
					t.Errorf("stage %s, want %s; contradictions %q", v.Stage, test.stage, v.Contradictions)
				}
				test.decisions = append(test.decisions[1:], test.decisions[0])
			}
		})
	}
}

// TestEndedLate: who ends or puts off a project does so however far it is.
func TestEndedLate(t *testing.T) {
	for _, outcome := range []v1alpha1.DecisionOutcome{"Rejected", "Deferred"} {
		if v := stagegate.Judge(with(untilHandover, steering(outcome, "2026-11-01"))); v.Stage != v1alpha1.ProjectStage(outcome) {
			t.Errorf("stage %s, want %s", v.Stage, outcome)
		}
	}
}

func TestRank(t *testing.T) {
	s := with(untilApproved, conference("Deferred", "2026-06-01"))
	s.Project.Spec.Decisions[0].Rank, s.Project.Spec.Decisions[1].Rank = new(int32(3)), new(int32(7))
	if v := stagegate.Judge(s); v.Rank == nil || *v.Rank != 7 || v.Rank == s.Project.Spec.Decisions[1].Rank {
		t.Errorf("rank %v, want a copy of 7", v.Rank)
	}
	s.Project.Spec.Decisions[1].Rank = nil
	if v := stagegate.Judge(s); v.Rank != nil {
		t.Errorf("rank %d of a decision that does not count", *v.Rank)
	}
}

func TestDecisionLeadTime(t *testing.T) {
	tests := map[string]struct {
		evidence evidence
		days     int32
	}{
		"approved":                       {untilApproved, 20},
		"over the change of the clocks":  {together(untilReleased, steering("Rejected", "2026-03-30")), 38},
		"put off, then decided":          {together(untilReleased, steering("Deferred", "2026-03-12"), steering("Approved", "2026-03-13")), 21},
		"the first that binds":           {together(untilReleased, steering("Rejected", "2026-03-12"), conference("Approved", "2026-06-01")), 20},
		"put off":                        {together(untilReleased, steering("Deferred", "2026-03-12")), -1},
		"not decided":                    {untilReleased, -1},
		"decided before it was asked":    {together(untilReleased, steering("Approved", "2026-02-01")), -1},
		"decided, and nobody asked":      {steering("Approved", "2026-02-01"), -1},
		"decided on the day of the asks": {together(submitted("2026-02-20"), steering("Approved", "2026-02-20")), 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := int32(-1)
			if v := stagegate.Judge(with(test.evidence)); v.DecisionLeadTime != nil {
				got = *v.DecisionLeadTime
			}
			if got != test.days {
				t.Errorf("%d days, want %d", got, test.days)
			}
		})
	}
}

// TestRecorded: what a paper asserts holds until evidence goes further.
func TestRecorded(t *testing.T) {
	tests := map[string]struct {
		evidence evidence
		stage    v1alpha1.ProjectStage
		asserted bool
		missing  string
	}{
		"begun":                        {assertedBefore, "InImplementation", true, "NotTested NotTrained NotAccepted NotReleased"},
		"evidence of less":             {together(assertedBefore, untilReleased), "InImplementation", true, "NotTested NotTrained NotAccepted NotReleased"},
		"evidence of as much":          {together(recorded("Approved", "2026-04-30"), untilApproved), "Approved", false, "NotCommissioned"},
		"evidence of more":             {together(assertedBefore, accepted("2026-01-10", "", "", "")), "InAcceptance", false, "NotTrained NotAccepted NotReleased"},
		"evidence of more, older":      {together(assertedBefore, accepted("2025-01-10", "", "", "")), "InAcceptance", false, "NotTrained NotAccepted NotReleased"},
		"accepted, and in procurement": {together(recorded("InProcurement", "2025-04-30"), procured("2025-01-01", "2025-06-01")), "InImplementation", false, "NotTested NotTrained NotAccepted NotReleased"},
		"assessed":                     {recorded("Assessed", "2025-04-30"), "Assessed", true, "RequestNotReleased"},
		"assessed, then released":      {together(recorded("Assessed", "2025-04-30"), submitted("2025-05-01"), released("2025-06-01")), "AwaitingDecision", false, "NotDecided"},
		"registered":                   {recorded("Registered", "2025-04-30"), "Registered", false, "NeedNotRecorded RequestNotSubmitted"},
		"approved, then commissioned":  {together(recorded("Approved", "2025-04-30"), commissioned("2025-06-01", "")), "Commissioned", false, "NotStarted"},
		"commissioned":                 {recorded("Commissioned", "2025-04-30"), "Commissioned", true, "NotStarted"},
		"in procurement":               {recorded("InProcurement", "2025-04-30"), "InProcurement", true, "NotAwarded"},
		"in trial":                     {recorded("InTrial", "2025-04-30"), "InTrial", true, "TrialNotCompleted"},
		"in handover":                  {together(recorded("InHandover", "2025-04-30"), delivers("a", "")), "InHandover", true, "NoHandover"},
		"in handover, handed over":     {together(recorded("InHandover", "2025-04-30"), delivers("a", "Completed")), "Completed", false, ""},
		"completed":                    {recorded("Completed", "2025-04-30"), "Completed", true, ""},
		"rejected":                     {recorded("Rejected", "2025-04-30"), "Rejected", true, ""},
		"deferred":                     {recorded("Deferred", "2025-04-30"), "Deferred", true, "DecisionDeferred"},
		"paused":                       {recorded("Paused", "2025-04-30"), "Paused", true, "Paused"},
		"of the future":                {recorded("Completed", "2026-11-21"), "Registered", false, "NeedNotRecorded RequestNotSubmitted"},

		"put off later":              {together(assertedBefore, steering("Deferred", "2025-05-01")), "Deferred", false, "DecisionDeferred"},
		"rejected later":             {together(assertedBefore, steering("Rejected", "2025-05-01")), "Rejected", false, ""},
		"put off before":             {together(assertedBefore, steering("Deferred", "2025-04-30")), "InImplementation", true, "NotTested NotTrained NotAccepted NotReleased"},
		"rejected before, registers": {together(recorded("Registered", "2025-04-30"), steering("Rejected", "2025-04-01")), "Rejected", false, ""},
		"paused later":               {together(assertedBefore, paused("2025-05-01")), "Paused", false, "Paused"},
		"complete, then paused":      {together(recorded("Completed", "2025-04-30"), paused("2025-05-01")), "Paused", false, "Paused"},
		"paused, as the paper says":  {together(recorded("Paused", "2025-04-30"), paused("2025-02-01")), "Paused", false, "Paused"},
		"deferred, then approved":    {together(recorded("Deferred", "2025-04-30"), steering("Approved", "2025-06-01")), "Approved", false, "NotCommissioned"},
		"approved, then deferred":    {together(recorded("Deferred", "2026-04-30"), untilBegun), "Deferred", true, "DecisionDeferred"},
		"paused, then released":      {together(recorded("Paused", "2025-04-30"), untilReleased), "AwaitingDecision", false, "NotDecided"},
		"begun, then paused":         {together(recorded("Paused", "2026-09-30"), untilBegun, milestone("m", "2026-08-01", "2026-08-01")), "Paused", true, "Paused"},
		"paused, then a milestone":   {together(recorded("Paused", "2026-09-30"), untilBegun, milestone("m", "2026-10-01", "2026-10-01")), "InImplementation", false, "NotTested NotTrained NotAccepted NotReleased"},
		"rejected, then asked anew":  {together(recorded("Rejected", "2025-04-30"), untilReleased), "AwaitingDecision", false, "NotDecided"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := stagegate.Judge(with(test.evidence))
			if v.Stage != test.stage || v.Asserted != test.asserted || reasons(v) != test.missing || len(v.Contradictions) > 0 {
				t.Errorf("stage %s, asserted %v, missing %s, contradictions %q; want %s, %v, %s", v.Stage, v.Asserted, reasons(v), v.Contradictions, test.stage, test.asserted, test.missing)
			}
		})
	}
}

// TestDoubtsLeaveThePaper: what is in doubt is the evidence, not the paper.
func TestDoubtsLeaveThePaper(t *testing.T) {
	v := stagegate.Judge(with(assertedBefore, need("2026-02-21"), submitted("2026-02-20"), accepted("2026-09-01", "", "", "")))
	if v.Stage != "InImplementation" || !v.Asserted || len(v.Contradictions) != 1 {
		t.Errorf("stage %s, asserted %v, contradictions %q", v.Stage, v.Asserted, v.Contradictions)
	}
}

// TestApproved: who approves, or who does not.
func TestApproved(t *testing.T) {
	tests := map[string]struct {
		evidence evidence
		want     stagegate.Finding
	}{
		"nobody":     {untilReleased, finding("Unknown", "NotDecidedYet", "no decision of the DigIT steering round or the DigIT conference counts yet")},
		"a round":    {untilApproved, finding("True", "Approved", "the DigIT steering round on 2026-03-12 (SR-2026-03-12) approved the project")},
		"against":    {together(untilReleased, conference("Rejected", "2026-03-12")), finding("False", "Rejected", "the DigIT conference on 2026-03-12 (DC-2026-03-12) rejected the project")},
		"put off":    {together(untilReleased, steering("Deferred", "2026-03-12")), finding("False", "Deferred", "the DigIT steering round on 2026-03-12 (SR-2026-03-12) put the project off")},
		"asks anew":  {together(untilReleased, steering("Deferred", "2026-02-01")), finding("Unknown", "NotDecidedYet", "no decision of the DigIT steering round or the DigIT conference counts yet")},
		"in doubt":   {together(untilReleased, steering("Approved", "2026-02-01")), finding("Unknown", "Contradiction", "the DigIT steering round on 2026-02-01 (SR-2026-02-01) approved the project before the request was released on 2026-02-27: have the body record a further decision in spec.decisions")},
		"fast lane":  {smallNeed, finding("True", "FastLane", "the project takes the fast lane within the limits of the GovernancePolicy, so no body needs to decide")},
		"beyond":     {tooLargeANeed, finding("False", "BeyondFastLane", "the fast lane is for at most 10000 EUR and 10 person days, and spec.request expects 9000 EUR and 11 person days")},
		"no policy":  {together(smallNeed, func(s *stagegate.Scope) { s.Policy = nil }), finding("False", "BeyondFastLane", "the GovernancePolicy sets no limits of the fast lane, so nothing may take it")},
		"no need":    {together(fastLane, submitted("2026-01-16")), finding("Unknown", "NotDecidedYet", "no decision of the DigIT steering round or the DigIT conference counts yet")},
		"healed":     {together(tooLargeANeed, steering("Approved", "2026-03-12")), finding("True", "Approved", "the DigIT steering round on 2026-03-12 (SR-2026-03-12) approved the project")},
		"a paper":    {assertedBefore, finding("True", "Asserted", "Status report (as of 2025-04-30) says that the project is InImplementation; no newer decision says otherwise")},
		"of less":    {recorded("Assessed", "2025-04-30"), finding("Unknown", "NotDecidedYet", "no body's decision counts; Status report (as of 2025-04-30) says that the project is Assessed")},
		"of a pause": {recorded("Paused", "2025-04-30"), finding("Unknown", "NotDecidedYet", "no body's decision counts; Status report (as of 2025-04-30) says that the project is Paused")},
		"paper put off": {
			recorded("Deferred", "2025-04-30"),
			finding("False", "Deferred", "Status report (as of 2025-04-30) says that the project is Deferred; no newer evidence says otherwise"),
		},
		"paper and body": {together(assertedBefore, steering("Approved", "2025-01-12")), finding("True", "Approved", "the DigIT steering round on 2025-01-12 (SR-2025-01-12) approved the project")},
		"older against":  {together(assertedBefore, steering("Deferred", "2025-01-12")), finding("True", "Asserted", "Status report (as of 2025-04-30) says that the project is InImplementation; no newer decision says otherwise")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if v := stagegate.Judge(with(test.evidence)); v.Approved != test.want {
				t.Errorf("%+v, want %+v", v.Approved, test.want)
			}
		})
	}
}

func finding(status metav1.ConditionStatus, reason, message string) stagegate.Finding {
	return stagegate.Finding{Status: status, Reason: reason, Message: message}
}

// TestReasonsAreDistinct: nothing is missing twice for the same field.
func TestReasonsAreDistinct(t *testing.T) {
	v := stagegate.Judge(with(untilBegun, procured("2026-05-01", ""), tried("2026-06-01", "")))
	var seen []string
	for _, m := range v.Missing {
		if slices.Contains(seen, m.Reason+m.Field) {
			t.Errorf("%s of %s twice", m.Reason, m.Field)
		}
		seen = append(seen, m.Reason+m.Field)
	}
	if len(seen) != 6 {
		t.Errorf("missing: %s", reasons(v))
	}
}
