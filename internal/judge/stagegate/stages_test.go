// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// evidence changes what a project is judged by.
type evidence func(*stagegate.Scope)

// with returns the scope of a new project to which evidence was added.
func with(all ...evidence) *stagegate.Scope {
	s := scopeOf(&v1alpha1.Project{})
	s.Project.Name, s.Project.Namespace = "termine", "amt-33"
	s.Project.Spec.OfficeRef.Name = "amt-33"
	s.Project.Spec.Lead = &v1alpha1.ProjectLead{Name: "Kim", UnitRef: &v1alpha1.UnitReference{Name: "amt-10-1"}}
	for _, e := range all {
		e(s)
	}
	return s
}

func need(on v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) { s.Project.Spec.Need = &v1alpha1.Need{RecordedOn: on} }
}

func submitted(on v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) { s.Project.Spec.Request = &v1alpha1.ProjectRequest{SubmittedOn: on} }
}

func released(on v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) { s.Project.Spec.Request.ReleasedOn = on }
}

func figures(cost int64, effort int32) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Request.CostEUR, s.Project.Spec.Request.EffortPersonDays = &cost, &effort
	}
}

func fastLane(s *stagegate.Scope) { s.Project.Spec.Track = v1alpha1.TrackFastLane }

func decided(body v1alpha1.DecisionBody, outcome v1alpha1.DecisionOutcome, on v1alpha1.Date, reference string) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Decisions = append(s.Project.Spec.Decisions, v1alpha1.Decision{Body: body, Outcome: outcome, DecidedOn: on, Reference: reference, DecidedBy: "kim"})
	}
}

func steering(outcome v1alpha1.DecisionOutcome, on v1alpha1.Date) evidence {
	return decided(v1alpha1.BodySteeringRound, outcome, on, "SR-"+string(on))
}

func commissioned(on, start v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Commission = &v1alpha1.Commission{CommissionedOn: on, StartOn: start}
	}
}

func procured(on, awarded v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Procurement = &v1alpha1.Procurement{StartedOn: on, AwardedOn: awarded}
	}
}

func tried(on, ended v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Trial = &v1alpha1.Trial{StartedOn: on, CompletedOn: ended}
	}
}

func milestone(name string, due, done v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Milestones = append(s.Project.Spec.Milestones, v1alpha1.Milestone{Name: name, DueOn: due, CompletedOn: done})
	}
}

func accepted(tested, trained, accepted, released v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Acceptance = &v1alpha1.ProjectAcceptance{TestedOn: tested, TrainedOn: trained, AcceptedOn: accepted, ReleasedOn: released}
	}
}

func paused(since v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Paused = &v1alpha1.ProjectPause{SinceOn: since, Reason: "no budget"}
	}
}

func recorded(stage v1alpha1.ProjectStage, on v1alpha1.Date) evidence {
	return func(s *stagegate.Scope) {
		s.Project.Spec.Recorded = &v1alpha1.RecordedStage{Stage: stage, AsOfOn: on, Source: "Status report"}
	}
}

func delivers(name string, stage v1alpha1.HandoverStage) evidence {
	return func(s *stagegate.Scope) { s.Deliverables = append(s.Deliverables, delivered(name, stage)) }
}

func part(name string, stage v1alpha1.ProjectStage) evidence {
	return func(s *stagegate.Scope) {
		s.Parts = append(s.Parts, stagegate.Part{Key: types.NamespacedName{Namespace: "amt-33", Name: name}, Stage: stage})
	}
}

func together(all ...evidence) evidence {
	return func(s *stagegate.Scope) {
		for _, e := range all {
			e(s)
		}
	}
}

// Evidence up to a stage.
var (
	untilReleased  = together(need("2026-01-15"), submitted("2026-02-20"), released("2026-02-27"))
	untilApproved  = together(untilReleased, steering("Approved", "2026-03-12"))
	untilOrdered   = together(untilApproved, commissioned("2026-04-01", ""))
	untilBegun     = together(untilApproved, commissioned("2026-04-01", "2026-04-15"))
	untilHandover  = together(untilBegun, accepted("2026-09-01", "2026-09-10", "2026-09-20", "2026-10-01"))
	smallNeed      = together(fastLane, need("2026-01-15"), submitted("2026-01-16"), figures(9000, 10))
	tooLargeANeed  = together(fastLane, need("2026-01-15"), submitted("2026-01-16"), figures(9000, 11))
	assertedBefore = recorded("InImplementation", "2025-04-30")
)

// TestStages: which evidence makes which stage, and what is missing then.
func TestStages(t *testing.T) {
	tests := map[string]struct {
		evidence evidence
		stage    v1alpha1.ProjectStage
		missing  string
	}{
		"nothing":                       {together(), "Registered", "NeedNotRecorded RequestNotSubmitted"},
		"a need":                        {need("2026-01-15"), "Registered", "RequestNotSubmitted"},
		"a request without a need":      {submitted("2026-02-20"), "Registered", "NeedNotRecorded"},
		"a need and a request":          {together(need("2026-01-15"), submitted("2026-02-20")), "Assessed", "RequestNotReleased"},
		"released":                      {untilReleased, "AwaitingDecision", "NotDecided"},
		"decided without a release":     {together(need("2026-01-15"), submitted("2026-02-20"), steering("Approved", "2026-03-12")), "Assessed", "RequestNotReleased"},
		"approved":                      {untilApproved, "Approved", "NotCommissioned"},
		"deferred":                      {together(untilReleased, steering("Deferred", "2026-03-12")), "Deferred", "DecisionDeferred"},
		"rejected":                      {together(untilReleased, steering("Rejected", "2026-03-12")), "Rejected", ""},
		"rejected without a release":    {steering("Rejected", "2026-03-12"), "Rejected", ""},
		"deferred before the release":   {together(untilReleased, steering("Deferred", "2026-02-01")), "AwaitingDecision", "NotDecided"},
		"commissioned":                  {untilOrdered, "Commissioned", "NotStarted"},
		"commissioned, not approved":    {together(untilReleased, commissioned("2026-04-01", "2026-04-15")), "AwaitingDecision", "NotDecided"},
		"to begin in the future":        {together(untilApproved, commissioned("2026-04-01", "2026-11-21")), "Commissioned", ""},
		"begins today":                  {together(untilApproved, commissioned("2026-04-01", "2026-11-20")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"in procurement":                {together(untilOrdered, procured("2026-05-01", "")), "InProcurement", "NotAwarded"},
		"awarded":                       {together(untilOrdered, procured("2026-05-01", "2026-06-01")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"awarded, the trial to come":    {together(untilOrdered, procured("2026-05-01", "2026-06-01"), tried("2027-01-01", "")), "InProcurement", ""},
		"in trial":                      {together(untilOrdered, procured("2026-05-01", "2026-06-01"), tried("2026-07-01", "")), "InTrial", "TrialNotCompleted"},
		"in trial without procurement":  {together(untilOrdered, tried("2026-07-01", "")), "InTrial", "TrialNotCompleted"},
		"trial completed":               {together(untilOrdered, tried("2026-07-01", "2026-08-01")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"a milestone reached":           {together(untilOrdered, milestone("concept", "2026-07-31", "2026-07-20")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"begun, not awarded":            {together(untilBegun, procured("2026-05-01", "")), "InImplementation", "NotAwarded NotTested NotTrained NotAccepted NotReleased"},
		"all milestones reached":        {together(untilBegun, milestone("concept", "2026-07-31", "2026-07-20")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"only trained":                  {together(untilBegun, accepted("", "2026-09-10", "", "")), "InImplementation", "NotTested NotAccepted NotReleased"},
		"tested":                        {together(untilBegun, accepted("2026-09-01", "", "", "")), "InAcceptance", "NotTrained NotAccepted NotReleased"},
		"tested straight away":          {together(untilOrdered, accepted("2026-09-01", "", "", "")), "InAcceptance", "NotTrained NotAccepted NotReleased"},
		"tested, not commissioned":      {together(untilApproved, accepted("2026-09-01", "", "", "")), "Approved", "NotCommissioned"},
		"released, not trained":         {together(untilBegun, accepted("2026-09-01", "", "2026-09-20", "2026-10-01")), "InAcceptance", "NotTrained"},
		"to be released":                {together(untilBegun, accepted("2026-09-01", "2026-09-10", "2026-09-20", "2026-12-01")), "InAcceptance", "NotReleased"},
		"nothing to hand over":          {untilHandover, "InHandover", "NoDeliverables"},
		"no handover":                   {together(untilHandover, delivers("a", "")), "InHandover", "NoHandover"},
		"handovers under way":           {together(untilHandover, delivers("a", "Completed"), delivers("b", "AwaitingSignOff"), delivers("c", "Rejected"), delivers("d", "EarlyLifeSupport")), "InHandover", "HandoverIncomplete HandoverIncomplete HandoverIncomplete"},
		"handed over before acceptance": {together(untilBegun, delivers("a", "Completed")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"handed over":                   {together(untilHandover, delivers("a", "Completed"), delivers("b", "Completed")), "Completed", ""},
		"a part is open":                {together(untilHandover, delivers("a", "Completed"), part("x", "InTrial"), part("y", "Rejected"), part("z", "")), "InHandover", "SubprojectIncomplete SubprojectIncomplete"},
		"all parts have ended":          {together(untilHandover, part("x", "Completed"), part("y", "Rejected")), "Completed", ""},
		"its own part":                  {together(untilHandover, delivers("a", "Completed"), part("termine", "InHandover"), func(s *stagegate.Scope) { s.Cycle = []string{"termine", "termine"} }), "InHandover", "ProjectCycle SubprojectIncomplete"},
		"paused":                        {together(untilBegun, milestone("late", "2026-07-31", ""), paused("2026-11-20")), "Paused", "Paused"},
		"put off and paused":            {together(untilReleased, steering("Deferred", "2026-03-12"), paused("2026-04-01")), "Paused", "Paused"},
		"rejected and paused":           {together(untilReleased, steering("Rejected", "2026-03-12"), paused("2026-04-01")), "Rejected", ""},
		"completed and paused":          {together(untilHandover, delivers("a", "Completed"), paused("2026-11-01")), "Completed", ""},

		"need of the fast lane":            {together(fastLane, need("2026-01-15")), "Registered", "RequestNotSubmitted BeyondFastLane"},
		"fast lane without a need":         {together(fastLane, submitted("2026-01-16"), figures(1, 1)), "Registered", "NeedNotRecorded"},
		"fast lane":                        {smallNeed, "Approved", "NotCommissioned"},
		"fast lane, commissioned":          {together(smallNeed, commissioned("2026-01-20", "2026-02-01")), "InImplementation", "NotTested NotTrained NotAccepted NotReleased"},
		"fast lane, put off":               {together(smallNeed, steering("Deferred", "2026-03-12")), "Deferred", "DecisionDeferred"},
		"fast lane, rejected":              {together(smallNeed, steering("Rejected", "2026-03-12")), "Rejected", ""},
		"beyond the fast lane":             {together(tooLargeANeed, commissioned("2026-04-01", "")), "Assessed", "BeyondFastLane"},
		"beyond, on the standard track":    {together(tooLargeANeed, func(s *stagegate.Scope) { s.Project.Spec.Track = "Standard" }), "Assessed", "RequestNotReleased"},
		"beyond, released":                 {together(tooLargeANeed, released("2026-02-01")), "AwaitingDecision", "BeyondFastLane NotDecided"},
		"beyond, approved":                 {together(tooLargeANeed, steering("Approved", "2026-03-12"), commissioned("2026-04-01", "")), "Commissioned", "NotStarted"},
		"too dear for the fast lane":       {together(smallNeed, figures(10001, 1)), "Assessed", "BeyondFastLane"},
		"at the limits of the fast lane":   {together(smallNeed, figures(10000, 10)), "Approved", "NotCommissioned"},
		"fast lane without figures":        {together(fastLane, need("2026-01-15"), submitted("2026-01-16")), "Assessed", "BeyondFastLane"},
		"fast lane without a policy":       {together(smallNeed, func(s *stagegate.Scope) { s.Policy = nil }), "Assessed", "BeyondFastLane"},
		"fast lane that the policy lacks":  {together(smallNeed, func(s *stagegate.Scope) { s.Policy.FastLane = nil }), "Assessed", "BeyondFastLane"},
		"fast lane of half a policy":       {together(smallNeed, func(s *stagegate.Scope) { s.Policy.FastLane.MaxCostEUR = nil }), "Assessed", "BeyondFastLane"},
		"no lead":                          {together(untilApproved, func(s *stagegate.Scope) { s.Project.Spec.Lead = nil }), "Approved", "NotCommissioned NoLead"},
		"a lead of no unit":                {together(untilApproved, func(s *stagegate.Scope) { s.Project.Spec.Lead.UnitRef = nil }), "Approved", "NotCommissioned NoLead"},
		"predecessors":                     {together(untilApproved, precedes("a", "Completed"), precedes("b", "InTrial"), precedes("c", "Rejected"), precedes("d", "")), "Approved", "NotCommissioned PredecessorIncomplete PredecessorIncomplete PredecessorIncomplete"},
		"a decision of the future":         {together(untilReleased, steering("Approved", "2026-12-01")), "AwaitingDecision", "NotDecided"},
		"a commission of the future":       {together(untilApproved, commissioned("2026-12-01", "2026-12-02")), "Approved", "NotCommissioned"},
		"a need of the future":             {together(need("2026-12-01"), submitted("2026-12-02")), "Registered", "NeedNotRecorded RequestNotSubmitted"},
		"a lead of an empty name, of none": {func(s *stagegate.Scope) { *s.Project.Spec.Lead = v1alpha1.ProjectLead{} }, "Registered", "NeedNotRecorded RequestNotSubmitted NoLead"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := stagegate.Judge(with(test.evidence))
			if v.Stage != test.stage || reasons(v) != test.missing || v.Asserted || len(v.Contradictions) > 0 {
				t.Errorf("stage %s, missing %s, contradictions %q; want stage %s, missing %s", v.Stage, reasons(v), v.Contradictions, test.stage, test.missing)
			}
		})
	}
}

func precedes(name string, stage v1alpha1.ProjectStage) evidence {
	return func(s *stagegate.Scope) {
		s.Predecessors = append(s.Predecessors, stagegate.Predecessor{Key: types.NamespacedName{Namespace: "amt-10", Name: name}, Exists: stage != "", Stage: stage})
	}
}

// TestMessages: each says who does what, in which field.
func TestMessages(t *testing.T) {
	tests := map[string]struct {
		evidence               evidence
		reason, field, message string
	}{
		"need": {together(), "NeedNotRecorded", "spec.need.recordedOn", "the DigIT dialogue records the need with the office amt-33 and enters the day in spec.need.recordedOn"},
		"need to come": {
			need("2026-12-01"), "NeedNotRecorded", "spec.need.recordedOn",
			"the DigIT dialogue records the need with the office amt-33 and enters the day in spec.need.recordedOn; spec.need.recordedOn 2026-12-01 is yet to come and counts from then on",
		},
		"decision to come": {
			together(untilReleased, steering("Approved", "2026-12-24"), steering("Approved", "2026-12-01")), "NotDecided", "spec.decisions",
			"the DigIT steering round or the DigIT conference decides on the request and records it in spec.decisions; the one of 2026-12-01 is yet to come and counts from then on",
		},
		"put off": {
			together(untilReleased, steering("Deferred", "2026-03-12")), "DecisionDeferred", "spec.decisions",
			"the project was put off by the DigIT steering round on 2026-03-12 (SR-2026-03-12): the DigIT steering round or the DigIT conference decides anew and records it in spec.decisions",
		},
		"put off by a paper": {
			recorded("Deferred", "2025-04-30"), "DecisionDeferred", "spec.decisions",
			"the project was put off, as Status report (as of 2025-04-30) says: the DigIT steering round or the DigIT conference decides anew and records it in spec.decisions",
		},
		"beyond the fast lane": {
			tooLargeANeed, "BeyondFastLane", "spec.track",
			"the fast lane is for at most 10000 EUR and 10 person days, and spec.request expects 9000 EUR and 11 person days: set spec.track to Standard, or have the DigIT steering round or the DigIT conference decide and record it in spec.decisions",
		},
		"fast lane without figures": {
			together(fastLane, need("2026-01-15"), submitted("2026-01-16")), "BeyondFastLane", "spec.track",
			"the fast lane is for at most 10000 EUR and 10 person days, and spec.request does not say both: enter costEUR and effortPersonDays there, set spec.track to Standard, or have the DigIT steering round or the DigIT conference decide and record it in spec.decisions",
		},
		"overdue": {
			together(untilBegun, milestone("pilot", "2026-10-31", "")), "MilestoneOverdue", "spec.milestones[pilot].completedOn",
			`the milestone "pilot" was due on 2026-10-31: the project lead (Kim) enters in completedOn when it was reached, or agrees on another day in dueOn`,
		},
		"paused": {
			together(untilBegun, paused("2026-11-20")), "Paused", "spec.paused",
			"the project rests since 2026-11-20 (no budget): to resume it, the project lead (Kim) removes spec.paused",
		},
		"its own part": {
			func(s *stagegate.Scope) { s.Cycle = []string{"a", "b", "a"} }, "ProjectCycle", "",
			"the project is a part of itself or must come before itself (a → b → a): take one of them out of spec.parentRef or spec.dependsOn",
		},
		"a predecessor elsewhere": {
			precedes("webgis", "InTrial"), "PredecessorIncomplete", "spec.dependsOn",
			"the project amt-10/webgis must come first and is not complete (InTrial): its lead completes it",
		},
		"no such predecessor": {
			precedes("webgis", ""), "PredecessorIncomplete", "spec.dependsOn",
			"the project amt-10/webgis, which must come first, does not exist: register it, or correct spec.dependsOn",
		},
		"a handover under way": {
			together(untilHandover, delivers("a", "Verifying")), "HandoverIncomplete", "spec.deliverables",
			"the Handover a-handover of the Application a is not complete (Verifying): the project lead (Kim), the KDZ's operations and the other roles do what status.missing of the Handover names",
		},
		"no such Application": {
			together(untilHandover, func(s *stagegate.Scope) {
				s.Deliverables = []stagegate.Deliverable{{Key: types.NamespacedName{Namespace: "amt-33", Name: "a"}}}
			}), "NoHandover", "spec.deliverables",
			"there is no Application a, which the project delivers: the project lead (Kim) declares it and a Handover that names it, or corrects spec.deliverables",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := stagegate.Judge(with(test.evidence))
			for _, m := range v.Missing {
				if m.Reason == test.reason {
					if m.Field != test.field || m.Message != test.message {
						t.Errorf("%s: %s\nwant %s: %s", m.Field, m.Message, test.field, test.message)
					}
					return
				}
			}
			t.Errorf("%s is not missing, but %s", test.reason, reasons(v))
		})
	}
}

// TestManyMissing: the most pressing are told, and how many more there are.
func TestManyMissing(t *testing.T) {
	s := with(untilBegun)
	for i := range 200 {
		milestone(string(rune('a'+i%26))+strings.Repeat("x", i/26), "2026-10-31", "")(s)
	}
	for range 32 {
		precedes("p", "InTrial")(s)
	}
	v := stagegate.Judge(s)
	if len(v.Missing) > 32 || v.Milestones.Overdue != 200 || !strings.HasSuffix(v.Missing[7].Message, "; and 192 more") {
		t.Errorf("%d missing, %d overdue: %q", len(v.Missing), v.Milestones.Overdue, v.Missing[7].Message)
	}
	if got := reasons(v); !strings.Contains(got, "NotTested") || strings.Count(got, "PredecessorIncomplete") != 8 {
		t.Errorf("missing: %s", got)
	}
	s = with(untilHandover, delivers("a", "Verifying"))
	for range 100 {
		part("p", "InTrial")(s)
		delivers("b", "")(s)
		precedes("p", "InTrial")(s)
		milestone("m", "2026-10-31", "")(s)
	}
	v = stagegate.Judge(s)
	if len(v.Missing) != 32 || !strings.HasSuffix(v.Missing[31].Message, "; and 8 more") || v.Stage != "InHandover" {
		t.Errorf("%s with %d missing, the last %q", v.Stage, len(v.Missing), v.Missing[len(v.Missing)-1].Message)
	}
}
