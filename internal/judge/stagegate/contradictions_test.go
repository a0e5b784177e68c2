// SPDX-License-Identifier: Apache-2.0

package stagegate_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// TestContradictions: what cannot both be right is told with both fields, and
// the stage is the last one free of doubt.
func TestContradictions(t *testing.T) {
	const (
		corrects = "; the project lead or the main office corrects the one that is wrong"
		lead     = "; the project lead corrects the one that is wrong"
		order    = "the result is tested, then accepted, then released for operation, and people are trained before that" + lead
		order2   = "a project is commissioned once it is approved; the main office corrects spec.commission.commissionedOn"
	)
	begun := together(untilBegun, accepted("2026-09-01", "2026-09-10", "2026-09-20", "2026-10-01"))
	tests := map[string]struct {
		evidence evidence
		stage    v1alpha1.ProjectStage
		want     []string
	}{
		"request before need": {
			together(need("2026-02-21"), submitted("2026-02-20")), "Registered",
			[]string{"spec.request.submittedOn 2026-02-20 is before spec.need.recordedOn 2026-02-21: a need is recorded before it is requested; the DigIT dialogue corrects spec.need.recordedOn, or requirements management spec.request.submittedOn"},
		},
		"release before submission": {
			together(untilApproved, released("2026-02-19")), "Assessed",
			[]string{"spec.request.releasedOn 2026-02-19 is before spec.request.submittedOn 2026-02-20: a request is submitted before it is released; requirements management corrects spec.request.submittedOn"},
		},
		"approval before release": {
			together(untilReleased, steering("Approved", "2026-02-26"), commissioned("2026-04-01", "2026-04-15")), "AwaitingDecision",
			[]string{"spec.decisions[SteeringRound SR-2026-02-26].decidedOn 2026-02-26 is before spec.request.releasedOn 2026-02-27: a body decides on a request that is released; have it record a further decision in spec.decisions, of that day or later"},
		},
		"rejection before release": {
			together(untilReleased, steering("Rejected", "2026-02-26")), "AwaitingDecision",
			[]string{"spec.decisions[SteeringRound SR-2026-02-26].decidedOn 2026-02-26 is before spec.request.releasedOn 2026-02-27: a body decides on a request that is released; have it record a further decision in spec.decisions, of that day or later"},
		},
		"decided again after the release": {together(untilReleased, steering("Rejected", "2026-02-26"), steering("Approved", "2026-03-12")), "Approved", nil},
		"commission before approval": {
			together(untilApproved, commissioned("2026-03-11", "2026-04-15")), "Approved",
			[]string{"spec.commission.commissionedOn 2026-03-11 is before spec.decisions[SteeringRound SR-2026-03-12].decidedOn 2026-03-12: " + order2},
		},
		"commission on the day of the approval": {together(untilApproved, commissioned("2026-03-12", "")), "Commissioned", nil},
		"commission before a second approval":   {together(untilOrdered, steering("Approved", "2026-09-01")), "Commissioned", nil},
		"commission while put off": {
			together(untilReleased, steering("Deferred", "2026-03-12"), commissioned("2026-04-01", ""), steering("Approved", "2026-05-12")), "Approved",
			[]string{"spec.commission.commissionedOn 2026-04-01 is of a time when what counted was that the DigIT steering round on 2026-03-12 (SR-2026-03-12) put the project off: " + order2},
		},
		"commission before a need of the fast lane": {
			together(smallNeed, commissioned("2026-01-14", "")), "Approved",
			[]string{"spec.commission.commissionedOn 2026-01-14 is before spec.need.recordedOn 2026-01-15: " + order2},
		},
		"commission before a request of the fast lane": {
			together(smallNeed, commissioned("2026-01-15", "")), "Approved",
			[]string{"spec.commission.commissionedOn 2026-01-15 is before spec.request.submittedOn 2026-01-16: " + order2},
		},
		"start before commission": {
			together(untilApproved, commissioned("2026-04-01", "2026-03-31")), "Commissioned",
			[]string{"spec.commission.startOn 2026-03-31 is before spec.commission.commissionedOn 2026-04-01: work begins once it is commissioned" + corrects},
		},
		"due before start": {
			together(untilBegun, func(s *stagegate.Scope) { s.Project.Spec.Commission.DueOn = "2026-04-14" }), "Commissioned",
			[]string{"spec.commission.dueOn 2026-04-14 is before spec.commission.startOn 2026-04-15: a project begins before it is due" + corrects},
		},
		"due before commission": {
			together(untilOrdered, func(s *stagegate.Scope) { s.Project.Spec.Commission.DueOn = "2026-03-31" }), "Commissioned",
			[]string{"spec.commission.dueOn 2026-03-31 is before spec.commission.commissionedOn 2026-04-01: a project is commissioned before it is due" + corrects},
		},
		"award before commission": {
			together(untilOrdered, procured("2026-03-01", "2026-03-31")), "InProcurement",
			[]string{"spec.procurement.awardedOn 2026-03-31 is before spec.commission.commissionedOn 2026-04-01: a procurement is awarded once the project is commissioned" + corrects},
		},
		"market analysis before commission": {together(untilOrdered, procured("2026-03-01", "")), "InProcurement", nil},
		"award before procurement": {
			together(untilOrdered, procured("2026-05-02", "2026-05-01")), "InProcurement",
			[]string{"spec.procurement.awardedOn 2026-05-01 is before spec.procurement.startedOn 2026-05-02: a procurement begins before it is awarded" + corrects},
		},
		"trial completed before it began": {
			together(untilOrdered, tried("2026-05-02", "2026-05-01")), "InTrial",
			[]string{"spec.trial.completedOn 2026-05-01 is before spec.trial.startedOn 2026-05-02: a trial begins before it is completed" + corrects},
		},
		"trial completed before commission": {
			together(untilOrdered, tried("2026-03-02", "2026-03-31")), "InTrial",
			[]string{"spec.trial.completedOn 2026-03-31 is before spec.commission.commissionedOn 2026-04-01: a trial ends after the project is commissioned" + corrects},
		},
		"milestone before the start": {
			together(untilBegun, milestone("concept", "2026-07-31", "2026-04-14")), "Commissioned",
			[]string{"spec.milestones[concept].completedOn 2026-04-14 is before spec.commission.startOn 2026-04-15: a milestone is reached once the work began" + lead},
		},
		"milestone before the commission": {
			together(untilOrdered, milestone("concept", "2026-07-31", "2026-03-31")), "Commissioned",
			[]string{"spec.milestones[concept].completedOn 2026-03-31 is before spec.commission.commissionedOn 2026-04-01: a milestone is reached once the work began" + lead},
		},
		"milestone reached in the future": {
			together(untilBegun, milestone("concept", "2026-12-31", "2026-11-21")), "InImplementation",
			[]string{"spec.milestones[concept].completedOn 2026-11-21 is yet to come, so the milestone counts as open until then: the project lead enters the day on which it was reached, or leaves it out"},
		},
		"tested before the start": {
			together(untilBegun, accepted("2026-04-14", "", "", "")), "InImplementation",
			[]string{"spec.acceptance.testedOn 2026-04-14 is before spec.commission.startOn 2026-04-15: the work begins before its result is accepted" + lead},
		},
		"accepted before tested": {
			together(begun, accepted("2026-09-01", "2026-09-10", "2026-08-31", "2026-10-01")), "InAcceptance",
			[]string{"spec.acceptance.acceptedOn 2026-08-31 is before spec.acceptance.testedOn 2026-09-01: " + order},
		},
		"released before accepted": {
			together(begun, accepted("2026-09-01", "2026-09-10", "2026-09-20", "2026-09-19")), "InAcceptance",
			[]string{"spec.acceptance.releasedOn 2026-09-19 is before spec.acceptance.acceptedOn 2026-09-20: " + order},
		},
		"released before tested": {
			together(begun, accepted("2026-09-01", "", "", "2026-08-31")), "InAcceptance",
			[]string{"spec.acceptance.releasedOn 2026-08-31 is before spec.acceptance.testedOn 2026-09-01: " + order},
		},
		"released before trained": {
			together(begun, accepted("2026-09-01", "2026-10-10", "2026-09-20", "2026-10-01")), "InAcceptance",
			[]string{"spec.acceptance.releasedOn 2026-10-01 is before spec.acceptance.trainedOn 2026-10-10: " + order},
		},
		"pause in the future": {
			together(untilBegun, paused("2026-11-21")), "InImplementation",
			[]string{"spec.paused.sinceOn 2026-11-21 is yet to come, so the project does not rest until then: the project lead enters spec.paused when it begins to rest"},
		},
		"pause before the paper": {
			together(assertedBefore, paused("2025-04-30")), "InImplementation",
			[]string{"spec.paused.sinceOn 2025-04-30 is not after spec.recorded.asOfOn 2025-04-30, of which the paper says InImplementation: the project lead removes spec.paused, or enters a day after that of the paper"},
		},
		"the one that keeps back furthest is first": {
			together(untilApproved, commissioned("2026-03-11", "2026-03-10"), milestone("m", "2026-12-31", "2026-12-01")), "Approved",
			[]string{
				"spec.commission.commissionedOn 2026-03-11 is before spec.decisions[SteeringRound SR-2026-03-12].decidedOn 2026-03-12: " + order2,
				"spec.commission.startOn 2026-03-10 is before spec.commission.commissionedOn 2026-03-11: work begins once it is commissioned" + corrects,
				"spec.milestones[m].completedOn 2026-12-01 is yet to come, so the milestone counts as open until then: the project lead enters the day on which it was reached, or leaves it out",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := stagegate.Judge(with(test.evidence))
			if diff := cmp.Diff(test.want, v.Contradictions); diff != "" || v.Stage != test.stage {
				t.Errorf("stage %s, want %s; contradictions (-want +got):\n%s", v.Stage, test.stage, diff)
			}
			if got := strings.Count(reasons(v), v1alpha1.ReasonContradiction); got != len(test.want) {
				t.Errorf("missing names %d of %d contradictions: %s", got, len(test.want), reasons(v))
			}
		})
	}
}

// TestGarbage: what is no day counts as absent, and the field is named.
func TestGarbage(t *testing.T) {
	all := together(untilBegun, procured("2026-05-01", "2026-06-01"), tried("2026-07-01", "2026-08-01"), milestone("m", "2026-12-31", "2026-07-01"),
		accepted("2026-09-01", "2026-09-10", "2026-09-20", "2026-10-01"), delivers("a", "Completed"))
	tests := map[string]struct {
		spoil evidence
		stage v1alpha1.ProjectStage
		field string
	}{
		"need":          {need("2026-02-30"), "Registered", "spec.need.recordedOn"},
		"empty need":    {need(""), "Registered", "spec.need.recordedOn"},
		"submission":    {together(submitted("yesterday"), released("2026-02-27")), "Registered", "spec.request.submittedOn"},
		"release":       {released("27.02.2026"), "Assessed", "spec.request.releasedOn"},
		"decision":      {func(s *stagegate.Scope) { s.Project.Spec.Decisions[0].DecidedOn = "March" }, "AwaitingDecision", "spec.decisions[SteeringRound SR-2026-03-12].decidedOn"},
		"no body":       {func(s *stagegate.Scope) { s.Project.Spec.Decisions[0].Body = "KDZ" }, "AwaitingDecision", "spec.decisions[KDZ SR-2026-03-12]"},
		"no outcome":    {func(s *stagegate.Scope) { s.Project.Spec.Decisions[0].Outcome = "Yes" }, "AwaitingDecision", "spec.decisions[SteeringRound SR-2026-03-12]"},
		"commission":    {commissioned("2026-4-1", "2026-04-15"), "Approved", "spec.commission.commissionedOn"},
		"start":         {commissioned("2026-04-01", "0000-00-00"), "Completed", "spec.commission.startOn"},
		"due":           {func(s *stagegate.Scope) { s.Project.Spec.Commission.DueOn = "x" }, "Completed", "spec.commission.dueOn"},
		"award":         {procured("2026-05-01", "2026-06-31"), "Completed", "spec.procurement.awardedOn"},
		"procurement":   {procured("", "2026-06-01"), "Completed", "spec.procurement.startedOn"},
		"trial":         {tried("", ""), "Completed", "spec.trial.startedOn"},
		"trial's end":   {tried("2026-07-01", "2026-08"), "Completed", "spec.trial.completedOn"},
		"test":          {accepted("?", "2026-09-10", "2026-09-20", "2026-10-01"), "InAcceptance", "spec.acceptance.testedOn"},
		"training":      {accepted("2026-09-01", "?", "2026-09-20", "2026-10-01"), "InAcceptance", "spec.acceptance.trainedOn"},
		"acceptance":    {accepted("2026-09-01", "2026-09-10", "?", "2026-10-01"), "InAcceptance", "spec.acceptance.acceptedOn"},
		"op release":    {accepted("2026-09-01", "2026-09-10", "2026-09-20", "?"), "InAcceptance", "spec.acceptance.releasedOn"},
		"pause":         {paused("2026-13-01"), "Completed", "spec.paused.sinceOn"},
		"milestone":     {milestone("n", "2026-02-29", ""), "Completed", "spec.milestones[n].dueOn"},
		"no due day":    {milestone("n", "", ""), "Completed", "spec.milestones[n].dueOn"},
		"completion":    {milestone("n", "2026-02-28", "done"), "Completed", "spec.milestones[n].completedOn"},
		"paper's day":   {recorded("Registered", "2025"), "Completed", "spec.recorded.asOfOn"},
		"paper's stage": {recorded("Nearly", "2025-04-30"), "Completed", "spec.recorded.stage"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			v := stagegate.Judge(with(all, test.spoil))
			if v.Stage != test.stage || len(v.Contradictions) != 1 || !strings.HasPrefix(v.Contradictions[0], test.field+" ") {
				t.Errorf("stage %s, want %s; contradictions %q, want one of %s", v.Stage, test.stage, v.Contradictions, test.field)
			}
		})
	}
}

// TestUnusableTrial: a trial without a day is a trial all the same, so an award
// does not show that the work began.
func TestUnusableTrial(t *testing.T) {
	if v := stagegate.Judge(with(untilOrdered, procured("2026-05-01", "2026-06-01"), tried("soon", ""))); v.Stage != "InProcurement" {
		t.Errorf("stage %s", v.Stage)
	}
}

// TestManyContradictions: a status holds no more of them than it may.
func TestManyContradictions(t *testing.T) {
	s := with(untilBegun)
	for range 200 {
		milestone("m", "never", "")(s)
	}
	v := stagegate.Judge(s)
	if len(v.Contradictions) != 32 || v.Contradictions[31] != "and 169 more" {
		t.Errorf("%d contradictions, the last %q", len(v.Contradictions), v.Contradictions[len(v.Contradictions)-1])
	}
	if !strings.HasSuffix(v.Missing[7].Message, "; and 192 more") || v.Missing[8].Reason != v1alpha1.MissingTest {
		t.Errorf("missing: %+v", v.Missing)
	}
}
